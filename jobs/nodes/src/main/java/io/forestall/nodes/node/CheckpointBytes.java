package io.forestall.nodes.node;

import io.forestall.decisions.ownership.RequestMemory;
import io.forestall.nodes.node.UnitFiles.Checkpoint;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** How far a copy goes, as bytes: in its file, and on the way to who builds another copy. */
final class CheckpointBytes {

  /** Most clients that are believed; count. */
  private static final int MAX_CLIENTS = 65_536;

  private CheckpointBytes() {}

  /** Writes it. */
  static void write(DataOutputStream out, Checkpoint checkpoint) throws IOException {
    out.writeLong(checkpoint.deltaOffset());
    out.writeLong(checkpoint.epoch());
    out.writeLong(checkpoint.lastSequence());
    out.writeLong(checkpoint.chain());
    out.writeInt(checkpoint.requests().size());
    for (RequestMemory.Kept kept : checkpoint.requests()) {
      out.writeUTF(kept.client());
      out.writeLong(kept.newest());
      out.writeInt(kept.bits().length);
      for (long word : kept.bits()) {
        out.writeLong(word);
      }
    }
  }

  /**
   * Reads it.
   *
   * @throws IOException when the bytes are none
   */
  static Checkpoint read(DataInputStream in) throws IOException {
    long deltaOffset = in.readLong();
    long epoch = in.readLong();
    long lastSequence = in.readLong();
    long chain = in.readLong();
    int clients = in.readInt();
    if (clients < 0 || clients > MAX_CLIENTS) {
      throw new IOException("a memory of " + clients + " clients");
    }
    List<RequestMemory.Kept> kept = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      String client = in.readUTF();
      long newest = in.readLong();
      int words = in.readInt();
      if (words < 0 || words > RequestMemory.WINDOW / 64) {
        throw new IOException("a memory of " + words + " words");
      }
      long[] bits = new long[words];
      for (int word = 0; word < words; word++) {
        bits[word] = in.readLong();
      }
      kept.add(new RequestMemory.Kept(client, newest, bits));
    }
    return new Checkpoint(deltaOffset, epoch, lastSequence, chain, kept);
  }

  /** The bytes alone. */
  static byte[] of(Checkpoint checkpoint) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      write(out, checkpoint);
    } catch (IOException e) {
      throw new IllegalStateException("memory cannot fail", e);
    }
    return bytes.toByteArray();
  }

  /**
   * What the bytes say.
   *
   * @throws IOException when they are no checkpoint
   */
  static Checkpoint of(byte[] bytes) throws IOException {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      return read(in);
    }
  }
}
