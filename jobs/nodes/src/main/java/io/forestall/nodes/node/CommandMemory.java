package io.forestall.nodes.node;

import io.forestall.decisions.failover.CommandAck;
import io.forestall.nodes.node.Medium.MediumException;
import io.forestall.nodes.node.Medium.MediumFile;
import io.forestall.wire.AckRecords;
import io.forestall.wire.WireException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ObjLongConsumer;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The last answers to commands, and the admissions that were cancelled, durable (G11): a command
 * that comes again after a restart is answered and not done again. One file to which is appended; a
 * start leaves out what may be forgotten. For one thread.
 */
final class CommandMemory implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CommandMemory.class);
  private static final int MAX_ENTRY_BYTES = 1024 * 1024;

  /** First byte of an entry for an admission that was cancelled; no record begins so. */
  private static final byte CANCELLED = 1;

  /**
   * One entry of the file.
   *
   * @param keepUntilMillis when it may be forgotten, by the wall clock; milliseconds since
   *     1970-01-01 UTC
   * @param what an answer as it travels, or {@link #CANCELLED} and an admission
   */
  private record Entry(long keepUntilMillis, byte[] what) {}

  private final AckRecords acks = new AckRecords();
  private final MediumFile file;
  private long end;

  private CommandMemory(MediumFile file, long end) {
    this.file = file;
    this.end = end;
  }

  /**
   * Opens the memory, and tells what it holds, in order, with the time until which it is kept.
   *
   * @param remembered takes the last answers
   * @param rememberedCancelled takes the admissions that were cancelled
   */
  static CommandMemory open(
      Medium medium,
      Path path,
      long wallMillis,
      ObjLongConsumer<CommandAck> remembered,
      ObjLongConsumer<String> rememberedCancelled)
      throws MediumException {
    List<Entry> kept = new ArrayList<>();
    try (MediumFile file = medium.open(path)) {
      read(file, wallMillis, kept);
    }
    int length = 0;
    for (Entry entry : kept) {
      length += 16 + entry.what().length;
    }
    ByteBuffer bytes = ByteBuffer.allocate(length);
    for (Entry entry : kept) {
      bytes.put(bytes(entry));
    }
    medium.replace(path, bytes.array());
    CommandMemory memory = new CommandMemory(medium.open(path), length);
    for (Entry entry : kept) {
      memory.tell(entry, remembered, rememberedCancelled);
    }
    return memory;
  }

  private static void read(MediumFile file, long wallMillis, List<Entry> into)
      throws MediumException {
    long size = file.size();
    long at = 0;
    while (at + 16 <= size) {
      ByteBuffer head = ByteBuffer.allocate(16);
      file.read(head, at);
      int length = head.getInt(0);
      if (length < 0 || length > MAX_ENTRY_BYTES || at + 16 + length > size) {
        return;
      }
      ByteBuffer what = ByteBuffer.allocate(length);
      file.read(what, at + 16);
      Entry entry = new Entry(head.getLong(8), what.array());
      if (head.getInt(4) != crc(entry)) {
        return;
      }
      if (entry.keepUntilMillis() > wallMillis) {
        into.add(entry);
      }
      at += 16 + length;
    }
  }

  private void tell(
      Entry entry,
      ObjLongConsumer<CommandAck> remembered,
      ObjLongConsumer<String> rememberedCancelled) {
    byte[] what = entry.what();
    if (what.length > 0 && what[0] == CANCELLED) {
      rememberedCancelled.accept(
          new String(what, 1, what.length - 1, StandardCharsets.UTF_8), entry.keepUntilMillis());
      return;
    }
    try {
      remembered.accept(acks.decode(what), entry.keepUntilMillis());
    } catch (WireException e) {
      LOG.warn("A remembered answer cannot be read and is forgotten: {}", e.getMessage());
    }
  }

  /** Remembers the last answer to a command, durably when it returns. */
  void remember(CommandAck last, long keepUntilMillis) throws MediumException {
    append(new Entry(keepUntilMillis, acks.encode(last)));
  }

  /** Remembers that an admission was cancelled, durably when it returns. */
  void rememberCancelled(String admission, long keepUntilMillis) throws MediumException {
    byte[] id = admission.getBytes(StandardCharsets.UTF_8);
    byte[] what = new byte[id.length + 1];
    what[0] = CANCELLED;
    System.arraycopy(id, 0, what, 1, id.length);
    append(new Entry(keepUntilMillis, what));
  }

  private void append(Entry entry) throws MediumException {
    ByteBuffer bytes = bytes(entry);
    int many = bytes.remaining();
    file.write(new ByteBuffer[] {bytes}, end);
    file.sync();
    end += many;
  }

  private static ByteBuffer bytes(Entry entry) {
    return ByteBuffer.allocate(16 + entry.what().length)
        .putInt(entry.what().length)
        .putInt(crc(entry))
        .putLong(entry.keepUntilMillis())
        .put(entry.what())
        .flip();
  }

  private static int crc(Entry entry) {
    CRC32C crc = new CRC32C();
    crc.update(ByteBuffer.allocate(8).putLong(entry.keepUntilMillis()).flip());
    crc.update(entry.what(), 0, entry.what().length);
    return (int) crc.getValue();
  }

  @Override
  public void close() throws MediumException {
    file.close();
  }
}
