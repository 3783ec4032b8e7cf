package io.forestall.operators.move;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.shadow.HolderReport;
import io.forestall.decisions.shadow.StreamInput;
import io.forestall.operators.types.RecordFormat;
import io.forestall.schemas.DeadLetter;
import java.io.IOException;
import java.util.List;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * What the move job's sources read, and its steps pass on to the streams. Immutable; payloads are
 * never copied and must not be changed. It flows, and does not lie in state.
 */
public sealed interface MoveInput {

  /** Key of the step that takes it next: a unit, or a slice of a volume's map. */
  String key();

  /**
   * A delta as it stands in the log.
   *
   * @param partition partition of the log
   * @param offset its offset there
   * @param run the unbroken stretch of the partition that it stands in, as {@link LogWatch} names
   *     it; 0 before that
   * @param appendedMillis when the broker took it; milliseconds since 1970-01-01 UTC
   */
  record DeltaRead(Delta delta, int partition, long offset, long run, long appendedMillis)
      implements MoveInput {
    @Override
    public String key() {
      return delta.unit();
    }
  }

  /**
   * A record of the log that could not be read.
   *
   * @param unit unit that its key names; empty when it names none
   * @param letter null once the letter was sent
   */
  record Unreadable(String unit, int partition, long offset, long run, @Nullable DeadLetter letter)
      implements MoveInput {
    @Override
    public String key() {
      return unit;
    }
  }

  /** What a holder says of its copy. */
  record Reported(HolderReport report) implements MoveInput {
    @Override
    public String key() {
      return report.unit();
    }
  }

  /**
   * What the map says of a unit with shadows.
   *
   * @param mapped null when it has none any more
   */
  record UnitMapped(String unit, StreamInput.@Nullable Mapped mapped) implements MoveInput {
    @Override
    public String key() {
      return unit;
    }
  }

  /**
   * A slice of a volume's map, of which only units with shadows matter.
   *
   * @param slice key of the slice, volume/slice
   * @param pool pool of the volume, empty of one that ended
   * @param version its version; of one that ended, the largest there is
   */
  record SliceRead(
      String slice, String volume, String pool, long version, int blockBytes, List<Unit> units)
      implements MoveInput {
    @Override
    public String key() {
      return slice;
    }
  }

  /** One unit of a slice that has shadows. */
  record Unit(String unit, Subject owner, long bytes, List<Subject> shadows) {}

  /** What could not be taken in, of another topic than the log. */
  record Dead(DeadLetter letter) implements MoveInput {
    @Override
    public String key() {
      return letter.getOrigin();
    }
  }

  /** Type information with a serializer of its own. */
  static TypeInformation<MoveInput> type() {
    return RecordFormat.MOVE_INPUT.info(MoveInput.class);
  }

  /** Writes it. */
  static void write(MoveInput input, DataOutputView out) throws IOException {
    MoveInputFormat.write(input, out);
  }

  /** Reads what {@link #write} wrote. */
  static MoveInput read(DataInputView in) throws IOException {
    return MoveInputFormat.read(in);
  }
}
