package io.forestall.operators;

import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.Wired;
import io.forestall.risk.symptom.Finding;
import java.io.IOException;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * What an edge or a machine says of the network in one window. Immutable.
 *
 * @param endMillis end of the window, exclusive; epoch milliseconds; key of the stream
 * @param finding what it says
 * @param rack rack of the machine; empty for an edge, and when not stated
 */
public record BlameInput(long endMillis, Finding finding, String rack) {

  private static final int VERSION = 1;

  /** Type information with a serializer of its own. */
  public static TypeInformation<BlameInput> type() {
    return RecordFormat.BLAME_INPUT.info(BlameInput.class);
  }

  /** Writes it. */
  public void write(DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    out.writeLong(endMillis);
    out.writeUTF(rack);
    Wired.writeFinding(finding, out);
  }

  /** Reads what {@link #write} wrote. */
  public static BlameInput read(DataInputView in) throws IOException {
    Wired.version(in, VERSION, "part of a window of blame");
    long endMillis = in.readLong();
    String rack = in.readUTF();
    return new BlameInput(endMillis, Wired.readFinding(in), rack);
  }
}
