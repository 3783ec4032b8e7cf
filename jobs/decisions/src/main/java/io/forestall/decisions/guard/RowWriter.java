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
final class RowWriter {

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);

  RowWriter(int version) {
    bytes.write(version);
  }

  RowWriter longs(long value) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      bytes.write((int) (value >>> shift));
    }
    return this;
  }

  RowWriter ints(int value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes.write(value >>> shift);
    }
    return this;
  }

  RowWriter doubles(double value) {
    return longs(Double.doubleToLongBits(value));
  }

  RowWriter flag(boolean value) {
    bytes.write(value ? 1 : 0);
    return this;
  }

  RowWriter text(@Nullable String value) {
    if (value == null) {
      return ints(-1);
    }
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    ints(utf8.length);
    bytes.write(utf8, 0, utf8.length);
    return this;
  }

  RowWriter thing(@Nullable Object value) {
    return text(value == null ? null : value.toString());
  }

  RowWriter nullableLong(@Nullable Long value) {
    return flag(value != null).longs(value == null ? 0 : value);
  }

  RowWriter nullableInt(@Nullable Integer value) {
    return flag(value != null).ints(value == null ? 0 : value);
  }

  RowWriter nullableDouble(@Nullable Double value) {
    return flag(value != null).doubles(value == null ? 0 : value);
  }

  RowWriter texts(Map<String, String> values) {
    ints(values.size());
    new TreeMap<>(values).forEach((name, value) -> text(name).text(value));
    return this;
  }

  <T> RowWriter list(Collection<T> values, BiConsumer<RowWriter, T> each) {
    ints(values.size());
    List<T> all = new ArrayList<>(values);
    for (T value : all) {
      each.accept(this, value);
    }
    return this;
  }

  byte[] toBytes() {
    return bytes.toByteArray();
  }
}
