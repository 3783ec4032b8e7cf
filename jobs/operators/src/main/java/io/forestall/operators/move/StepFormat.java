package io.forestall.operators.move;

import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.operators.types.Wired;
import io.forestall.wire.ShadowRecords;
import io.forestall.wire.WireException;
import java.io.IOException;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * Bytes of a step between the streams and their sink: those of its record. The two stand in one
 * chain, so they are hardly ever asked for. Stateless.
 */
public final class StepFormat {

  private static final int VERSION = 1;
  private static final ThreadLocal<ShadowRecords> RECORDS =
      ThreadLocal.withInitial(ShadowRecords::new);

  private StepFormat() {}

  /** Writes a step. */
  public static void write(ShadowStep step, DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    Wired.writeBytes(RECORDS.get().encode(step), out);
  }

  /** Reads what {@link #write} wrote. */
  public static ShadowStep read(DataInputView in) throws IOException {
    Wired.version(in, VERSION, "step of a shadow's stream");
    try {
      return RECORDS.get().decode(Wired.readBytes(in));
    } catch (WireException e) {
      throw new IOException("a step that was encoded before", e);
    }
  }
}
