package io.forestall.nodes.node;

import io.forestall.decisions.ownership.Delta;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Deltas as they stand in the journal: length, CRC-32C, head, payload. The form is this node's own
 * business and never travels. Version 2; version 1 had no merged requests.
 */
final class DeltaBytes {

  /** Length and checksum before each record. */
  static final int HEADER_BYTES = 8;

  private static final int VERSION = 2;
  private static final int VERSION_WITHOUT_MERGED = 1;

  /** Longest record that is believed; a unit's payload is at most some mebibytes. */
  static final int MAX_RECORD_BYTES = 16 * 1024 * 1024;

  private DeltaBytes() {}

  /** The record of a delta as two buffers: what stands before its payload, and the payload. */
  static ByteBuffer[] write(Delta delta) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeLong(0);
      out.writeByte(VERSION);
      out.writeUTF(delta.unit());
      out.writeLong(delta.epoch());
      out.writeLong(delta.sequence());
      out.writeUTF(delta.kind().name());
      out.writeLong(delta.offset());
      out.writeLong(delta.length());
      out.writeUTF(delta.codec());
      out.writeInt(delta.encodedCrc());
      out.writeInt(delta.plainCrc());
      out.writeUTF(delta.owner());
      String client = delta.client();
      out.writeBoolean(client != null);
      if (client != null) {
        out.writeUTF(client);
      }
      out.writeLong(delta.request());
      out.writeLong(delta.batch());
      out.writeLong(delta.timeMillis());
      out.writeInt(delta.merged().size());
      for (Delta.Request each : delta.merged()) {
        out.writeUTF(each.client());
        out.writeLong(each.number());
      }
      out.writeInt(delta.payload().length);
    } catch (IOException e) {
      throw new IllegalStateException("memory cannot fail", e);
    }
    ByteBuffer head = ByteBuffer.wrap(bytes.toByteArray());
    CRC32C crc = new CRC32C();
    crc.update(head.array(), HEADER_BYTES, head.capacity() - HEADER_BYTES);
    crc.update(delta.payload(), 0, delta.payload().length);
    head.putInt(0, head.capacity() - HEADER_BYTES + delta.payload().length);
    head.putInt(4, (int) crc.getValue());
    return new ByteBuffer[] {head, ByteBuffer.wrap(delta.payload())};
  }

  /**
   * The delta of a record.
   *
   * @return null when the bytes are no whole record
   */
  static @Nullable Delta read(byte[] body, int crcExpected) {
    CRC32C crc = new CRC32C();
    crc.update(body, 0, body.length);
    if ((int) crc.getValue() != crcExpected) {
      return null;
    }
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(body))) {
      int version = in.readByte();
      if (version != VERSION && version != VERSION_WITHOUT_MERGED) {
        return null;
      }
      String unit = in.readUTF();
      long epoch = in.readLong();
      long sequence = in.readLong();
      Delta.Kind kind = Delta.Kind.valueOf(in.readUTF());
      long offset = in.readLong();
      long length = in.readLong();
      String codec = in.readUTF();
      int encodedCrc = in.readInt();
      int plainCrc = in.readInt();
      String owner = in.readUTF();
      String client = in.readBoolean() ? in.readUTF() : null;
      long request = in.readLong();
      long batch = in.readLong();
      long timeMillis = in.readLong();
      int merged = version == VERSION ? in.readInt() : 0;
      List<Delta.Request> requests = new ArrayList<>(merged);
      for (int i = 0; i < merged; i++) {
        requests.add(new Delta.Request(in.readUTF(), in.readLong()));
      }
      byte[] payload = new byte[in.readInt()];
      in.readFully(payload);
      return new Delta(
          unit,
          epoch,
          sequence,
          kind,
          offset,
          length,
          codec,
          payload,
          encodedCrc,
          plainCrc,
          owner,
          client,
          request,
          batch,
          timeMillis,
          requests);
    } catch (IOException | IllegalArgumentException | NegativeArraySizeException e) {
      return null;
    }
  }
}
