package io.forestall.operators;

import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.Wired;
import java.io.IOException;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * That samples of a thing wait for the window of their peers; the samples themselves stand in a
 * list beside it, which is only appended to. Immutable.
 *
 * @param timerMillis the event-time timer that is set for the first of them; epoch milliseconds
 * @param count how many wait, above 0
 */
public record SymptomWait(long timerMillis, int count) {

  private static final int VERSION = 1;

  /** A serializer of its own. */
  static TypeSerializer<SymptomWait> serializer() {
    return RecordFormat.SYMPTOM_WAIT.serializer(SymptomWait.class);
  }

  /** Writes it. */
  public void write(DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    out.writeLong(timerMillis);
    out.writeInt(count);
  }

  /** Reads what {@link #write} wrote. */
  public static SymptomWait read(DataInputView in) throws IOException {
    Wired.version(in, VERSION, "samples that wait for their peers");
    return new SymptomWait(in.readLong(), in.readInt());
  }
}
