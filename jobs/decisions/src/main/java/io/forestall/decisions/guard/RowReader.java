package io.forestall.decisions.guard;

import io.forestall.decisions.Subject;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads what a {@link RowWriter} wrote. A row of a newer version is read as far as this one knows
 * it. For one thread.
 */
public final class RowReader {

  private final ByteBuffer bytes;
  private final int version;

  /**
   * Begins to read.
   *
   * @throws IllegalArgumentException when there is nothing to read
   */
  public RowReader(byte[] body) {
    this.bytes = ByteBuffer.wrap(body);
    if (body.length == 0) {
      throw new IllegalArgumentException("the row has no bytes");
    }
    this.version = bytes.get();
    if (version < 1) {
      throw new IllegalArgumentException("the row has version " + version + ", below 1");
    }
  }

  /** Reads a whole row; what is cut short is no row. */
  public static <T> T read(String row, byte[] body, Function<RowReader, T> reader) {
    try {
      return reader.apply(new RowReader(body));
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "row "
              + row
              + " cannot be read: "
              + (e.getMessage() == null ? "cut short" : e.getMessage()),
          e);
    }
  }

  /** The version of the row. */
  public int version() {
    return version;
  }

  /** The next whole number of 64 bits. */
  public long longs() {
    return bytes.getLong();
  }

  /** The next whole number of 32 bits. */
  public int ints() {
    return bytes.getInt();
  }

  /** The next number. */
  public double doubles() {
    return bytes.getDouble();
  }

  /** The next flag. */
  public boolean flag() {
    return bytes.get() != 0;
  }

  /** The next bytes. */
  public byte[] bytes() {
    int length = ints();
    if (length < 0 || length > bytes.remaining()) {
      throw new IllegalArgumentException(length + " bytes do not fit");
    }
    byte[] value = new byte[length];
    bytes.get(value);
    return value;
  }

  /** The next text, null when there was none. */
  public @Nullable String nullableText() {
    int length = ints();
    if (length == -1) {
      return null;
    }
    if (length < 0 || length > bytes.remaining()) {
      throw new IllegalArgumentException("a text of " + length + " bytes does not fit");
    }
    byte[] utf8 = new byte[length];
    bytes.get(utf8);
    return new String(utf8, StandardCharsets.UTF_8);
  }

  /** The next text. */
  public String text() {
    String value = nullableText();
    if (value == null) {
      throw new IllegalArgumentException("a text is missing");
    }
    return value;
  }

  /** The next subject. */
  public Subject subject() {
    return Subject.parse(text());
  }

  /** The next subject, null when there was none. */
  public @Nullable Subject nullableSubject() {
    String key = nullableText();
    return key == null ? null : Subject.parse(key);
  }

  /** The next whole number of 64 bits, null when there was none. */
  public @Nullable Long nullableLong() {
    boolean present = flag();
    long value = longs();
    return present ? value : null;
  }

  /** The next whole number of 32 bits, null when there was none. */
  public @Nullable Integer nullableInt() {
    boolean present = flag();
    int value = ints();
    return present ? value : null;
  }

  /** The next number, null when there was none. */
  public @Nullable Double nullableDouble() {
    boolean present = flag();
    double value = doubles();
    return present ? value : null;
  }

  /** The next texts by name. */
  public Map<String, String> texts() {
    int count = ints();
    Map<String, String> values = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      values.put(text(), text());
    }
    return values;
  }

  /** The next list, each by the given reader. */
  public <T> List<T> list(Function<RowReader, T> each) {
    int count = ints();
    List<T> values = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      values.add(each.apply(this));
    }
    return values;
  }

  /** The constant of this name, or what stands for one that is not known here. */
  public <T extends Enum<T>> T constant(Class<T> type, T unknown) {
    String name = text();
    for (T constant : type.getEnumConstants()) {
      if (constant.name().equals(name)) {
        return constant;
      }
    }
    return unknown;
  }
}
