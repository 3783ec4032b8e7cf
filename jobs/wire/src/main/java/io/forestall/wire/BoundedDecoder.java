package io.forestall.wire;

import io.forestall.schemas.DeadReason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.avro.io.Decoder;
import org.apache.avro.util.Utf8;

/**
 * Reads Avro's binary encoding from a byte array and never believes a length: no string, array or
 * map can claim more than the bytes that are left, so that memory stays in proportion to the
 * record. Avro's own decoder would reserve room for two billion items on demand. Reused for many
 * records; not thread-safe.
 */
final class BoundedDecoder extends Decoder {

  /** A longer list than this is a lie and not a record cut short. */
  private static final int MAX_PLAUSIBLE_ITEMS = 65_536;

  private byte[] bytes = new byte[0];
  private int at;
  private int end;
  private long itemsLeft;

  /** What is wrong with the bytes. */
  static final class Refused extends IOException {
    private static final long serialVersionUID = 1L;
    private final DeadReason reason;

    Refused(DeadReason reason, String message) {
      super(message);
      this.reason = reason;
    }

    DeadReason reason() {
      return reason;
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
      return this;
    }
  }

  /** Starts on a record that stands in {@code bytes[from..end)}. */
  void reset(byte[] bytes, int from, int end) {
    this.bytes = bytes;
    this.at = from;
    this.end = end;
    // Each item takes a byte at least, except items of a type without content, which are bounded
    // by this as well.
    this.itemsLeft = end - from;
  }

  /** Bytes not yet read. */
  int remaining() {
    return end - at;
  }

  @Override
  public void readNull() {}

  @Override
  public boolean readBoolean() throws IOException {
    int value = readByte();
    if (value > 1 || value < 0) {
      throw new Refused(DeadReason.UNDECODABLE, "a boolean is neither 0 nor 1");
    }
    return value == 1;
  }

  private byte readByte() throws IOException {
    if (at >= end) {
      throw truncated();
    }
    return bytes[at++];
  }

  @Override
  public int readInt() throws IOException {
    long value = readLong();
    if (value != (int) value) {
      throw new Refused(DeadReason.OUT_OF_RANGE, "a number does not fit into 32 bits");
    }
    return (int) value;
  }

  @Override
  public long readLong() throws IOException {
    long value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      byte b = readByte();
      value |= (long) (b & 0x7f) << shift;
      if (b >= 0) {
        return (value >>> 1) ^ -(value & 1);
      }
    }
    throw new Refused(DeadReason.UNDECODABLE, "a number has more than ten bytes");
  }

  @Override
  public float readFloat() throws IOException {
    need(4);
    int bits =
        (bytes[at] & 0xff)
            | (bytes[at + 1] & 0xff) << 8
            | (bytes[at + 2] & 0xff) << 16
            | (bytes[at + 3] & 0xff) << 24;
    at += 4;
    return Float.intBitsToFloat(bits);
  }

  @Override
  public double readDouble() throws IOException {
    need(8);
    double value = Double.longBitsToDouble(Bytes.longAt(bytes, at));
    at += 8;
    return value;
  }

  private int length() throws IOException {
    long length = readLong();
    if (length < 0) {
      throw new Refused(DeadReason.UNDECODABLE, "a length is negative");
    }
    if (length > remaining()) {
      throw truncated();
    }
    return (int) length;
  }

  private void skipLength() throws IOException {
    // Not "at += length()", which would add to where the length itself began.
    int length = length();
    at += length;
  }

  @Override
  public Utf8 readString(Utf8 old) throws IOException {
    int length = length();
    byte[] copy = new byte[length];
    System.arraycopy(bytes, at, copy, 0, length);
    at += length;
    return new Utf8(copy);
  }

  @Override
  public String readString() throws IOException {
    int length = length();
    String text = new String(bytes, at, length, StandardCharsets.UTF_8);
    at += length;
    return text;
  }

  /** A string that was probably read before: the same object then, and nothing is allocated. */
  String readName(NameCache names) throws IOException {
    int length = length();
    String text = names.text(bytes, at, length);
    at += length;
    return text;
  }

  @Override
  public void skipString() throws IOException {
    skipLength();
  }

  @Override
  public ByteBuffer readBytes(ByteBuffer old) throws IOException {
    return ByteBuffer.wrap(readBytes());
  }

  /** Bytes in an array of their own. */
  byte[] readBytes() throws IOException {
    int length = length();
    byte[] copy = new byte[length];
    System.arraycopy(bytes, at, copy, 0, length);
    at += length;
    return copy;
  }

  @Override
  public void skipBytes() throws IOException {
    skipLength();
  }

  @Override
  public void readFixed(byte[] target, int start, int length) throws IOException {
    need(length);
    System.arraycopy(bytes, at, target, start, length);
    at += length;
  }

  @Override
  public void skipFixed(int length) throws IOException {
    need(length);
    at += length;
  }

  @Override
  public int readEnum() throws IOException {
    return readInt();
  }

  private void take(long count) throws IOException {
    if (count < 0 || count > itemsLeft) {
      if (count >= 0 && count <= MAX_PLAUSIBLE_ITEMS) {
        throw truncated();
      }
      throw new Refused(DeadReason.TOO_LARGE, "a list claims more items than the record has bytes");
    }
    itemsLeft -= count;
  }

  private long items() throws IOException {
    long count = readLong();
    if (count < 0) {
      count = -count;
      long size = readLong();
      if (size < 0 || size > remaining()) {
        throw truncated();
      }
    }
    take(count);
    return count;
  }

  @Override
  public long readArrayStart() throws IOException {
    return items();
  }

  @Override
  public long arrayNext() throws IOException {
    return items();
  }

  private long skipItems() throws IOException {
    while (true) {
      long count = readLong();
      if (count >= 0) {
        take(count);
        return count;
      }
      skipLength();
    }
  }

  @Override
  public long skipArray() throws IOException {
    return skipItems();
  }

  @Override
  public long readMapStart() throws IOException {
    return items();
  }

  @Override
  public long mapNext() throws IOException {
    return items();
  }

  @Override
  public long skipMap() throws IOException {
    return skipItems();
  }

  @Override
  public int readIndex() throws IOException {
    return readInt();
  }

  private void need(int count) throws IOException {
    if (count > remaining()) {
      throw truncated();
    }
  }

  private static IOException truncated() {
    return new Refused(DeadReason.TRUNCATED, "the record ends too early");
  }
}
