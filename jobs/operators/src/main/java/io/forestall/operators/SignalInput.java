package io.forestall.operators;

import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.Wired;
import io.forestall.risk.signal.SignalSample;
import java.io.IOException;
import java.util.Objects;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * Signals of one machine or disk under load, or its end. Immutable.
 *
 * @param entity key of the thing, {@code kind/id}
 * @param home where it stands
 * @param sample its signals, null when the fleet has it no more
 */
public record SignalInput(String entity, Home home, @Nullable SignalSample sample) {

  private static final int VERSION = 1;

  /** Signals of a thing. */
  public static SignalInput sample(SignalSample sample, Home home) {
    return new SignalInput(sample.entity(), home, sample);
  }

  /** The fleet has it no more. */
  public static SignalInput tombstone(String entity) {
    return new SignalInput(entity, Home.NONE, null);
  }

  /**
   * The signals.
   *
   * @throws NullPointerException when it is an end
   */
  public SignalSample requireSample() {
    return Objects.requireNonNull(sample, "an end has no signals");
  }

  /** Type information with a serializer of its own. */
  public static TypeInformation<SignalInput> type() {
    return RecordFormat.SIGNAL_INPUT.info(SignalInput.class);
  }

  /** Writes it. */
  public void write(DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    out.writeBoolean(sample != null);
    if (sample == null) {
      out.writeUTF(entity);
    } else {
      Wired.writeSignals(sample, out);
      home.write(out);
    }
  }

  /** Reads what {@link #write} wrote. */
  public static SignalInput read(DataInputView in) throws IOException {
    Wired.version(in, VERSION, "signals");
    return in.readBoolean()
        ? sample(Wired.readSignals(in), Home.read(in))
        : tombstone(in.readUTF());
  }
}
