package io.forestall.operators;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * What the fleet topic says of where a thing stands and whom it is compared with. Immutable.
 *
 * @param node node that holds it; empty for a node itself and when not stated
 * @param rack its rack; empty when not stated
 * @param peers name of its group of peers: kind, hardware model and pool
 */
public record Home(String node, String rack, String peers) {

  /** Nothing is stated. */
  public static final Home NONE = new Home("", "", "");

  /** Writes it. */
  public void write(DataOutput out) throws IOException {
    out.writeUTF(node);
    out.writeUTF(rack);
    out.writeUTF(peers);
  }

  /** Reads what {@link #write} wrote. */
  public static Home read(DataInput in) throws IOException {
    return new Home(in.readUTF(), in.readUTF(), in.readUTF());
  }
}
