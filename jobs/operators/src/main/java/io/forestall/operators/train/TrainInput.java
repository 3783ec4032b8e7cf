package io.forestall.operators.train;

import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.Wired;
import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskSample;
import java.io.IOException;
import java.util.Objects;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * What the train job reads of one disk. Immutable by convention: the array is not copied. It flows,
 * and does not lie in state.
 *
 * @param kind what it says
 * @param disk the disk, its serial number; key of the stream
 * @param timeMillis when it was measured, or failed; {@code Long.MIN_VALUE} for the others;
 *     milliseconds since 1970-01-01 UTC
 * @param model drive model, null when not stated
 * @param values what was measured, by {@link DiskMetric#ordinal()}, NaN where absent; null for what
 *     is no sample
 * @param alarm what was foretold; null for what is no alarm
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of values, never compared
public record TrainInput(
    Kind kind,
    String disk,
    long timeMillis,
    @Nullable String model,
    double @Nullable [] values,
    @Nullable Alarm alarm) {

  /**
   * What a model foretold of a disk.
   *
   * @param model identifier of the model
   * @param version its version
   * @param probability of a failure within the horizon, above 0, at most 1
   * @param horizonMillis that horizon; milliseconds, above 0
   */
  public record Alarm(String model, int version, double probability, long horizonMillis) {}

  /** What an input says. */
  public enum Kind {
    /** The disk was measured. */
    SAMPLE,
    /** The fleet has it. */
    DESCRIBED,
    /** The fleet has it no more. */
    LEFT,
    /** It failed. */
    FAILED,
    /** Nothing; the topic is still being read. */
    NOTHING,
    /** It is foretold to fail. */
    ALARM
  }

  private static final Kind[] KINDS = Kind.values();

  /** The disk was measured. */
  public static TrainInput sample(DiskSample sample) {
    return new TrainInput(
        Kind.SAMPLE, sample.disk(), sample.timeMillis(), sample.model(), sample.values(), null);
  }

  /** The fleet has it. */
  public static TrainInput described(String disk, @Nullable String model) {
    return new TrainInput(Kind.DESCRIBED, disk, Long.MIN_VALUE, model, null, null);
  }

  /** The fleet has it no more. */
  public static TrainInput left(String disk) {
    return new TrainInput(Kind.LEFT, disk, Long.MIN_VALUE, null, null, null);
  }

  /** It failed. */
  public static TrainInput failed(String disk, long timeMillis) {
    return new TrainInput(Kind.FAILED, disk, timeMillis, null, null, null);
  }

  /** It is foretold to fail. */
  public static TrainInput alarm(String disk, long timeMillis, Alarm alarm) {
    return new TrainInput(Kind.ALARM, disk, timeMillis, null, null, alarm);
  }

  /** Nothing; keeps a topic from counting as read to its end. */
  public static TrainInput nothing() {
    return new TrainInput(Kind.NOTHING, "", Long.MIN_VALUE, null, null, null);
  }

  /**
   * What was measured.
   *
   * @throws NullPointerException when it is no sample
   */
  public double[] measured() {
    return Objects.requireNonNull(values, "only a sample has values");
  }

  /**
   * What was foretold.
   *
   * @throws NullPointerException when it is no alarm
   */
  public Alarm foretold() {
    return Objects.requireNonNull(alarm, "only an alarm foretells");
  }

  /** Type information with a serializer of its own. */
  public static TypeInformation<TrainInput> type() {
    return RecordFormat.TRAIN_INPUT.info(TrainInput.class);
  }

  /** Writes it. */
  public static void write(TrainInput input, DataOutputView out) throws IOException {
    out.writeByte(input.kind.ordinal());
    out.writeUTF(input.disk);
    out.writeLong(input.timeMillis);
    Wired.writeText(input.model, out);
    double[] values = input.values;
    if (values != null) {
      int present = 0;
      for (int i = 0; i < values.length; i++) {
        present |= Double.isNaN(values[i]) ? 0 : 1 << i;
      }
      out.writeInt(present);
      for (int left = present; left != 0; left &= left - 1) {
        out.writeDouble(values[Integer.numberOfTrailingZeros(left)]);
      }
    }
    if (input.alarm != null) {
      writeAlarm(input.alarm, out);
    }
  }

  private static void writeAlarm(Alarm alarm, DataOutputView out) throws IOException {
    out.writeUTF(alarm.model);
    out.writeInt(alarm.version);
    out.writeDouble(alarm.probability);
    out.writeLong(alarm.horizonMillis);
  }

  /** Reads what {@link #write} wrote. */
  public static TrainInput read(DataInputView in) throws IOException {
    Kind kind = KINDS[in.readUnsignedByte()];
    String disk = in.readUTF();
    long timeMillis = in.readLong();
    String model = Wired.readText(in);
    double[] values = null;
    if (kind == Kind.SAMPLE) {
      values = DiskSample.absentValues();
      for (int left = in.readInt(); left != 0; left &= left - 1) {
        int i = Integer.numberOfTrailingZeros(left);
        double value = in.readDouble();
        if (i < values.length) {
          values[i] = value;
        }
      }
    }
    Alarm alarm =
        kind == Kind.ALARM
            ? new Alarm(in.readUTF(), in.readInt(), in.readDouble(), in.readLong())
            : null;
    return new TrainInput(kind, disk, timeMillis, model, values, alarm);
  }

  @Override
  public String toString() {
    return kind + " " + disk + " at " + timeMillis;
  }
}
