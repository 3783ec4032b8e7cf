package io.forestall.operators;

import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.Wired;
import io.forestall.risk.signal.PeerMeans;
import java.io.IOException;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * What one member of a group of peers did in one window. Immutable by convention.
 *
 * @param peers name of the group
 * @param endMillis end of the window, exclusive; epoch milliseconds
 * @param member key of the member, {@code kind/id}
 * @param means means of its signals
 */
public record PeerInput(String peers, long endMillis, String member, PeerMeans means) {

  private static final int VERSION = 1;

  /** Group and window: what is summed up together. */
  public String window() {
    return endMillis + "|" + peers;
  }

  /** Type information with a serializer of its own. */
  public static TypeInformation<PeerInput> type() {
    return RecordFormat.PEER_INPUT.info(PeerInput.class);
  }

  /** Writes it. */
  public void write(DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    out.writeUTF(peers);
    out.writeLong(endMillis);
    out.writeUTF(member);
    means.write(out);
  }

  /** Reads what {@link #write} wrote. */
  public static PeerInput read(DataInputView in) throws IOException {
    Wired.version(in, VERSION, "member of a window");
    return new PeerInput(in.readUTF(), in.readLong(), in.readUTF(), PeerMeans.read(in));
  }
}
