package io.forestall.operators.correlate;

import io.forestall.decisions.incident.FleetEvent;
import io.forestall.operators.types.AvroType;
import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.Wired;
import io.forestall.schemas.DeadLetter;
import java.io.IOException;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * One record of the topics events or events.predicted: an event, or what became of a record that is
 * none. Immutable.
 *
 * @param event null for a dead letter
 * @param letter null for an event
 */
public record CorrelateInput(@Nullable FleetEvent event, @Nullable DeadLetter letter) {

  /** An event. */
  public static CorrelateInput of(FleetEvent event) {
    return new CorrelateInput(event, null);
  }

  /** A dead letter. */
  public static CorrelateInput dead(DeadLetter letter) {
    return new CorrelateInput(null, letter);
  }

  /** Type information with a serializer of its own. */
  public static TypeInformation<CorrelateInput> type() {
    return RecordFormat.CORRELATE_INPUT.info(CorrelateInput.class);
  }

  /** When it happened; a dead letter has the lowest time there is. */
  public long timeMillis() {
    return event == null ? Long.MIN_VALUE : event.timeMillis();
  }

  /** Writes it. */
  public static void write(CorrelateInput input, DataOutputView out) throws IOException {
    out.writeByte(1);
    FleetEvent event = input.event;
    out.writeBoolean(event != null);
    if (event != null) {
      EventFormat.writeEvent(event, out);
    } else if (input.letter != null) {
      AvroType.of(DeadLetter.class).serialize(input.letter, out);
    }
  }

  /** Reads what {@link #write} wrote. */
  public static CorrelateInput read(DataInputView in) throws IOException {
    Wired.version(in, 1, "correlate input");
    return in.readBoolean()
        ? of(EventFormat.readEvent(in))
        : dead(AvroType.of(DeadLetter.class).deserialize(in));
  }
}
