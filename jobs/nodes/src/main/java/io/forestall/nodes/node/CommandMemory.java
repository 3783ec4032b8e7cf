package io.forestall.nodes.node;

import io.forestall.nodes.node.Medium.MediumException;
import io.forestall.nodes.node.Medium.MediumFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The last answers to commands, durable (G11): a command that comes again after a restart is
 * answered and not done again. One file to which is appended; a start leaves out what may be
 * forgotten. For one thread.
 */
final class CommandMemory implements AutoCloseable {
  private static final int MAX_ENTRY_BYTES = 1024 * 1024;

  /**
   * One answer.
   *
   * @param keepUntilMillis when it may be forgotten, by the wall clock; milliseconds since
   *     1970-01-01 UTC
   * @param ack the answer as it travels
   */
  record Entry(long keepUntilMillis, byte[] ack) {}

  /** First byte of an entry for an admission that was cancelled; no record begins so. */
  static final byte CANCELLED = 1;

  /** The entry of an admission that was cancelled. */
  static Entry cancelled(String admission, long keepUntilMillis) {
    byte[] id = admission.getBytes(StandardCharsets.UTF_8);
    byte[] bytes = new byte[id.length + 1];
    bytes[0] = CANCELLED;
    System.arraycopy(id, 0, bytes, 1, id.length);
    return new Entry(keepUntilMillis, bytes);
  }

  private final MediumFile file;
  private long end;

  private CommandMemory(MediumFile file, long end) {
    this.file = file;
    this.end = end;
  }

  /**
   * Opens the memory.
   *
   * @param into takes what is remembered
   */
  static CommandMemory open(Medium medium, Path path, long wallMillis, List<Entry> into)
      throws MediumException {
    List<Entry> all = new ArrayList<>();
    try (MediumFile file = medium.open(path)) {
      read(file, all);
    }
    for (Entry entry : all) {
      if (entry.keepUntilMillis() > wallMillis) {
        into.add(entry);
      }
    }
    int length = 0;
    for (Entry entry : into) {
      length += 16 + entry.ack().length;
    }
    ByteBuffer kept = ByteBuffer.allocate(length);
    for (Entry entry : into) {
      kept.put(bytes(entry));
    }
    medium.replace(path, kept.array());
    return new CommandMemory(medium.open(path), length);
  }

  private static void read(MediumFile file, List<Entry> into) throws MediumException {
    long size = file.size();
    long at = 0;
    while (at + 16 <= size) {
      ByteBuffer head = ByteBuffer.allocate(16);
      file.read(head, at);
      int length = head.getInt(0);
      if (length < 0 || length > MAX_ENTRY_BYTES || at + 16 + length > size) {
        return;
      }
      ByteBuffer ack = ByteBuffer.allocate(length);
      file.read(ack, at + 16);
      Entry entry = new Entry(head.getLong(8), ack.array());
      if (head.getInt(4) != crc(entry)) {
        return;
      }
      into.add(entry);
      at += 16 + length;
    }
  }

  /** Remembers, durably when it returns. */
  void remember(Entry entry) throws MediumException {
    ByteBuffer bytes = bytes(entry);
    int many = bytes.remaining();
    file.write(new ByteBuffer[] {bytes}, end);
    file.sync();
    end += many;
  }

  private static ByteBuffer bytes(Entry entry) {
    return ByteBuffer.allocate(16 + entry.ack().length)
        .putInt(entry.ack().length)
        .putInt(crc(entry))
        .putLong(entry.keepUntilMillis())
        .put(entry.ack())
        .flip();
  }

  private static int crc(Entry entry) {
    CRC32C crc = new CRC32C();
    crc.update(ByteBuffer.allocate(8).putLong(entry.keepUntilMillis()).flip());
    crc.update(entry.ack(), 0, entry.ack().length);
    return (int) crc.getValue();
  }

  @Override
  public void close() throws MediumException {
    file.close();
  }
}
