package io.forestall.operators;

import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.Wired;
import java.io.IOException;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * All that {@link SymptomFunction} keeps of one thing. What the engine remembers is kept as its
 * bytes: only the engine can read them. Mutable; not thread-safe.
 */
public final class SymptomMemory {

  private static final int VERSION = 1;

  byte @Nullable [] symptoms;
  long baselineMillis = Long.MIN_VALUE;
  long blameWindowMillis = Long.MIN_VALUE;

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
    byte[] bytes = symptoms;
    out.writeBoolean(bytes != null);
    if (bytes != null) {
      Wired.writeBytes(bytes, out);
    }
  }

  /** Reads what {@link #write} wrote. */
  public static SymptomMemory read(DataInputView in) throws IOException {
    Wired.version(in, VERSION, "memory of symptoms");
    SymptomMemory memory = new SymptomMemory();
    memory.baselineMillis = in.readLong();
    memory.blameWindowMillis = in.readLong();
    if (in.readBoolean()) {
      memory.symptoms = Wired.readBytes(in);
    }
    return memory;
  }
}
