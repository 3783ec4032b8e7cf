package io.forestall.decisions.guard;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes the bytes of one row: a version, then the fields in an order that never changes; new ones
 * are added behind. For one thread.
 */
public final class RowWriter {

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);

  /** Begins a row of this version. */
  public RowWriter(int version) {
    bytes.write(version);
  }

  /** Adds a whole number of 64 bits. */
  public RowWriter longs(long value) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      bytes.write((int) (value >>> shift));
    }
    return this;
  }

  /** Adds a whole number of 32 bits. */
  public RowWriter ints(int value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes.write(value >>> shift);
    }
    return this;
  }

  /** Adds a number. */
  public RowWriter doubles(double value) {
    return longs(Double.doubleToLongBits(value));
  }

  /** Adds a flag. */
  public RowWriter flag(boolean value) {
    bytes.write(value ? 1 : 0);
    return this;
  }

  /** Adds a text, or that there is none. */
  public RowWriter text(@Nullable String value) {
    if (value == null) {
      return ints(-1);
    }
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    ints(utf8.length);
    bytes.write(utf8, 0, utf8.length);
    return this;
  }

  /** Adds bytes. */
  public RowWriter bytes(byte[] value) {
    ints(value.length);
    bytes.write(value, 0, value.length);
    return this;
  }

  /** Adds something by its text, such as a subject. */
  public RowWriter thing(@Nullable Object value) {
    return text(value == null ? null : value.toString());
  }

  /** Adds a whole number of 64 bits, or that there is none. */
  public RowWriter nullableLong(@Nullable Long value) {
    return flag(value != null).longs(value == null ? 0 : value);
  }

  /** Adds a whole number of 32 bits, or that there is none. */
  public RowWriter nullableInt(@Nullable Integer value) {
    return flag(value != null).ints(value == null ? 0 : value);
  }

  /** Adds a number, or that there is none. */
  public RowWriter nullableDouble(@Nullable Double value) {
    return flag(value != null).doubles(value == null ? 0 : value);
  }

  /** Adds texts in the order of their names. */
  public RowWriter texts(Map<String, String> values) {
    ints(values.size());
    new TreeMap<>(values).forEach((name, value) -> text(name).text(value));
    return this;
  }

  /** Adds a list, each by the given writer. */
  public <T> RowWriter list(Collection<T> values, BiConsumer<RowWriter, T> each) {
    ints(values.size());
    List<T> all = new ArrayList<>(values);
    for (T value : all) {
      each.accept(this, value);
    }
    return this;
  }

  /** The bytes of the row. */
  public byte[] toBytes() {
    return bytes.toByteArray();
  }
}
