package io.forestall.operators;

import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.Wired;
import java.io.IOException;
import java.util.ArrayDeque;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * All that {@link SymptomFunction} keeps of one thing. What the engine remembers is kept as its
 * bytes: only the engine can read them. Mutable; not thread-safe.
 */
public final class SymptomMemory {

  /** Value of {@link #timerMillis} while no timer is set. */
  static final long NO_TIMER = Long.MIN_VALUE;

  private static final int VERSION = 1;

  byte @Nullable [] symptoms;
  long baselineMillis = Long.MIN_VALUE;
  long blameWindowMillis = Long.MIN_VALUE;
  long timerMillis = NO_TIMER;
  final ArrayDeque<SignalInput> waiting = new ArrayDeque<>(1);

  /** Nothing is known yet. */
  SymptomMemory() {}

  /** A serializer of its own. */
  static org.apache.flink.api.common.typeutils.TypeSerializer<SymptomMemory> serializer() {
    return RecordFormat.SYMPTOM_MEMORY.serializer(SymptomMemory.class);
  }

  /** Writes it. */
  public void write(DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    out.writeLong(baselineMillis);
    out.writeLong(blameWindowMillis);
    out.writeLong(timerMillis);
    byte[] bytes = symptoms;
    out.writeBoolean(bytes != null);
    if (bytes != null) {
      Wired.writeBytes(bytes, out);
    }
    out.writeShort(waiting.size());
    for (SignalInput input : waiting) {
      input.write(out);
    }
  }

  /** Reads what {@link #write} wrote. */
  public static SymptomMemory read(DataInputView in) throws IOException {
    Wired.version(in, VERSION, "memory of symptoms");
    SymptomMemory memory = new SymptomMemory();
    memory.baselineMillis = in.readLong();
    memory.blameWindowMillis = in.readLong();
    memory.timerMillis = in.readLong();
    if (in.readBoolean()) {
      memory.symptoms = Wired.readBytes(in);
    }
    for (int i = in.readUnsignedShort(); i > 0; i--) {
      memory.waiting.add(SignalInput.read(in));
    }
    return memory;
  }
}
