package io.forestall.operators.sql;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.util.Utf8;
import org.apache.flink.table.data.GenericArrayData;
import org.apache.flink.table.data.GenericMapData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.logical.ArrayType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
import org.apache.flink.table.types.logical.MapType;
import org.apache.flink.table.types.logical.RowType;
import org.jspecify.annotations.Nullable;

/** Turns Avro values into the values of SQL rows. */
interface FromAvro {

  /** The value as SQL has it. */
  @Nullable Object convert(@Nullable Object value);

  /** A column is NOT NULL and the record has nothing there. */
  final class NullInColumn extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NullInColumn(String path) {
      super(
          "column " + path + " is NOT NULL, but the record has no value there", null, false, false);
    }
  }

  /**
   * The conversion of a field to a column.
   *
   * @throws org.apache.flink.table.api.ValidationException when there is none
   */
  static FromAvro of(Schema schema, LogicalType type, String path) {
    Schema branch = RecordSchemas.nullableOf(schema);
    FromAvro present = present(branch == null ? schema : branch, type, path);
    if (branch == null) {
      return present;
    }
    if (type.isNullable()) {
      return value -> value == null ? null : present.convert(value);
    }
    return value -> {
      if (value == null) {
        throw new NullInColumn(path);
      }
      return present.convert(value);
    };
  }

  private static FromAvro present(Schema schema, LogicalType type, String path) {
    LogicalTypeRoot root = type.getTypeRoot();
    switch (schema.getType()) {
      case STRING, ENUM -> {
        if (root == LogicalTypeRoot.VARCHAR || root == LogicalTypeRoot.CHAR) {
          return FromAvro::string;
        }
      }
      case LONG -> {
        if (root == LogicalTypeRoot.BIGINT) {
          return value -> value;
        }
        if (root == LogicalTypeRoot.TIMESTAMP_WITH_LOCAL_TIME_ZONE && path.endsWith("Millis")) {
          return value -> TimestampData.fromEpochMillis((Long) notNull(value, path));
        }
      }
      case INT -> {
        if (root == LogicalTypeRoot.INTEGER) {
          return value -> value;
        }
        if (root == LogicalTypeRoot.BIGINT) {
          return value -> ((Integer) notNull(value, path)).longValue();
        }
      }
      case FLOAT -> {
        if (root == LogicalTypeRoot.FLOAT) {
          return value -> value;
        }
        if (root == LogicalTypeRoot.DOUBLE) {
          return value -> ((Float) notNull(value, path)).doubleValue();
        }
      }
      case DOUBLE -> {
        if (root == LogicalTypeRoot.DOUBLE) {
          return value -> value;
        }
      }
      case BOOLEAN -> {
        if (root == LogicalTypeRoot.BOOLEAN) {
          return value -> value;
        }
      }
      case BYTES -> {
        if (root == LogicalTypeRoot.VARBINARY || root == LogicalTypeRoot.BINARY) {
          return value -> bytes((ByteBuffer) notNull(value, path));
        }
      }
      case ARRAY -> {
        if (type instanceof ArrayType array) {
          FromAvro element = of(schema.getElementType(), array.getElementType(), path + "[]");
          return value -> array((Collection<?>) notNull(value, path), element);
        }
      }
      case MAP -> {
        if (type instanceof MapType map
            && map.getKeyType().getTypeRoot() == LogicalTypeRoot.VARCHAR) {
          FromAvro element = of(schema.getValueType(), map.getValueType(), path + "{}");
          return value -> map((Map<?, ?>) notNull(value, path), element);
        }
      }
      case RECORD -> {
        if (type instanceof RowType row) {
          return record(schema, row, path);
        }
      }
      default -> {}
    }
    throw RecordSchemas.mismatch(path, schema, type);
  }

  private static FromAvro record(Schema schema, RowType row, String path) {
    List<FromAvro> fields = new ArrayList<>();
    int[] positions = new int[row.getFieldCount()];
    for (int i = 0; i < positions.length; i++) {
      String column = row.getFieldNames().get(i);
      Schema.Field field = RecordSchemas.field(schema, column);
      positions[i] = field.pos();
      fields.add(
          of(field.schema(), row.getTypeAt(i), path.isEmpty() ? column : path + "." + column));
    }
    FromAvro[] converters = fields.toArray(new FromAvro[0]);
    return value -> {
      IndexedRecord record = (IndexedRecord) notNull(value, path);
      GenericRowData out = new GenericRowData(converters.length);
      for (int i = 0; i < converters.length; i++) {
        out.setField(i, converters[i].convert(record.get(positions[i])));
      }
      return out;
    };
  }

  private static Object string(@Nullable Object value) {
    if (value instanceof Utf8 utf8) {
      return StringData.fromBytes(utf8.getBytes(), 0, utf8.getByteLength());
    }
    return StringData.fromString(String.valueOf(value));
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] copy = new byte[buffer.remaining()];
    buffer.duplicate().get(copy);
    return copy;
  }

  private static GenericArrayData array(Collection<?> values, FromAvro element) {
    Object[] out = new Object[values.size()];
    int i = 0;
    for (Object value : values) {
      out[i++] = element.convert(value);
    }
    return new GenericArrayData(out);
  }

  private static GenericMapData map(Map<?, ?> values, FromAvro element) {
    Map<Object, @Nullable Object> out = new HashMap<>();
    values.forEach((key, value) -> out.put(string(key), element.convert(value)));
    return new GenericMapData(out);
  }

  private static Object notNull(@Nullable Object value, String path) {
    if (value == null) {
      throw new NullInColumn(path);
    }
    return value;
  }
}
