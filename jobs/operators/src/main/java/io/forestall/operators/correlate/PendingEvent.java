package io.forestall.operators.correlate;

import io.forestall.decisions.incident.FleetEvent;
import io.forestall.operators.types.Wired;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * An event that waits for the watermark. Immutable.
 *
 * @param event the event
 * @param told rules that were told of it when it arrived; usually none
 */
public record PendingEvent(FleetEvent event, List<String> told) {

  /** Writes it. */
  public static void write(PendingEvent pending, DataOutputView out) throws IOException {
    out.writeByte(1);
    EventFormat.writeEvent(pending.event, out);
    out.writeInt(pending.told.size());
    for (String each : pending.told) {
      out.writeUTF(each);
    }
  }

  /** Reads what {@link #write} wrote. */
  public static PendingEvent read(DataInputView in) throws IOException {
    Wired.version(in, 1, "waiting event");
    FleetEvent event = EventFormat.readEvent(in);
    int count = in.readInt();
    List<String> told = count == 0 ? List.of() : new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      told.add(EventFormat.word(in.readUTF()));
    }
    return new PendingEvent(event, told);
  }
}
