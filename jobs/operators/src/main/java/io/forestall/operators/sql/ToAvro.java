package io.forestall.operators.sql;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.MapData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.logical.ArrayType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
import org.apache.flink.table.types.logical.MapType;
import org.apache.flink.table.types.logical.RowType;
import org.jspecify.annotations.Nullable;

/** Turns the values of SQL rows into Avro values. */
interface ToAvro {

  /** The value as Avro has it. */
  @Nullable Object convert(@Nullable Object value);

  /**
   * The conversion of a column to a field.
   *
   * @throws ValidationException when there is none
   */
  static ToAvro of(Schema schema, LogicalType type, String path) {
    Schema branch = RecordSchemas.nullableOf(schema);
    ToAvro present = present(branch == null ? schema : branch, type, path);
    if (branch != null) {
      return value -> value == null ? null : present.convert(value);
    }
    return value -> {
      if (value == null) {
        throw new IllegalArgumentException(
            "column " + path + " is null, but the field must have a value");
      }
      return present.convert(value);
    };
  }

  private static ToAvro present(Schema schema, LogicalType type, String path) {
    LogicalTypeRoot root = type.getTypeRoot();
    switch (schema.getType()) {
      case STRING -> {
        if (root == LogicalTypeRoot.VARCHAR || root == LogicalTypeRoot.CHAR) {
          return String::valueOf;
        }
      }
      case ENUM -> {
        if (root == LogicalTypeRoot.VARCHAR || root == LogicalTypeRoot.CHAR) {
          return value -> symbol(schema, String.valueOf(value), path);
        }
      }
      case LONG -> {
        if (root == LogicalTypeRoot.BIGINT) {
          return value -> value;
        }
        if (root == LogicalTypeRoot.INTEGER) {
          return value -> value == null ? null : ((Integer) value).longValue();
        }
        if (root == LogicalTypeRoot.TIMESTAMP_WITH_LOCAL_TIME_ZONE && path.endsWith("Millis")) {
          return value -> value == null ? null : ((TimestampData) value).getMillisecond();
        }
      }
      case INT -> {
        if (root == LogicalTypeRoot.INTEGER) {
          return value -> value;
        }
        if (root == LogicalTypeRoot.BIGINT) {
          return value -> value == null ? null : Math.toIntExact((Long) value);
        }
      }
      case FLOAT -> {
        if (root == LogicalTypeRoot.FLOAT) {
          return value -> value;
        }
      }
      case DOUBLE -> {
        if (root == LogicalTypeRoot.DOUBLE) {
          return value -> value;
        }
        if (root == LogicalTypeRoot.FLOAT) {
          return value -> value == null ? null : ((Float) value).doubleValue();
        }
      }
      case BOOLEAN -> {
        if (root == LogicalTypeRoot.BOOLEAN) {
          return value -> value;
        }
      }
      case BYTES -> {
        if (root == LogicalTypeRoot.VARBINARY || root == LogicalTypeRoot.BINARY) {
          return value -> value == null ? null : ByteBuffer.wrap((byte[]) value);
        }
      }
      case ARRAY -> {
        if (type instanceof ArrayType array) {
          return array(schema, array, path);
        }
      }
      case MAP -> {
        if (type instanceof MapType map
            && map.getKeyType().getTypeRoot() == LogicalTypeRoot.VARCHAR) {
          return map(schema, map, path);
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

  private static GenericData.EnumSymbol symbol(Schema schema, String name, String path) {
    if (!schema.hasEnumSymbol(name)) {
      throw new IllegalArgumentException(
          "column " + path + " is '" + name + "', which is none of " + schema.getEnumSymbols());
    }
    return new GenericData.EnumSymbol(schema, name);
  }

  private static ToAvro array(Schema schema, ArrayType type, String path) {
    ToAvro element = of(schema.getElementType(), type.getElementType(), path + "[]");
    ArrayData.ElementGetter getter = ArrayData.createElementGetter(type.getElementType());
    return value -> {
      if (value == null) {
        return null;
      }
      ArrayData data = (ArrayData) value;
      List<@Nullable Object> out = new ArrayList<>(data.size());
      for (int i = 0; i < data.size(); i++) {
        out.add(element.convert(getter.getElementOrNull(data, i)));
      }
      return out;
    };
  }

  private static ToAvro map(Schema schema, MapType type, String path) {
    ToAvro element = of(schema.getValueType(), type.getValueType(), path + "{}");
    ArrayData.ElementGetter keys = ArrayData.createElementGetter(type.getKeyType());
    ArrayData.ElementGetter values = ArrayData.createElementGetter(type.getValueType());
    return value -> {
      if (value == null) {
        return null;
      }
      MapData data = (MapData) value;
      Map<String, @Nullable Object> out = new HashMap<>();
      for (int i = 0; i < data.size(); i++) {
        out.put(
            String.valueOf(keys.getElementOrNull(data.keyArray(), i)),
            element.convert(values.getElementOrNull(data.valueArray(), i)));
      }
      return out;
    };
  }

  private static ToAvro record(Schema schema, RowType row, String path) {
    int columns = row.getFieldCount();
    ToAvro[] converters = new ToAvro[columns];
    RowData.FieldGetter[] getters = new RowData.FieldGetter[columns];
    int[] positions = new int[columns];
    boolean[] covered = new boolean[schema.getFields().size()];
    for (int i = 0; i < columns; i++) {
      String column = row.getFieldNames().get(i);
      Schema.Field field = RecordSchemas.field(schema, column);
      String columnPath = path.isEmpty() ? column : path + "." + column;
      ToAvro converter = of(field.schema(), row.getTypeAt(i), columnPath);
      // A column may be null where the field has a default.
      Object whenNull = field.hasDefaultValue() ? GenericData.get().getDefaultValue(field) : null;
      converters[i] =
          whenNull == null
              ? converter
              : value -> value == null ? whenNull : converter.convert(value);
      getters[i] = RowData.createFieldGetter(row.getTypeAt(i), i);
      positions[i] = field.pos();
      covered[field.pos()] = true;
    }
    Object[] defaults = new Object[covered.length];
    for (Schema.Field field : schema.getFields()) {
      if (!covered[field.pos()]) {
        if (!field.hasDefaultValue()) {
          throw new ValidationException(
              "forestall-avro: to write "
                  + schema.getName()
                  + ", the table needs a column "
                  + (path.isEmpty() ? "" : path + ".")
                  + field.name());
        }
        defaults[field.pos()] = GenericData.get().getDefaultValue(field);
      }
    }
    return value -> {
      if (value == null) {
        return null;
      }
      RowData data = (RowData) value;
      GenericData.Record out = new GenericData.Record(schema);
      for (int i = 0; i < defaults.length; i++) {
        out.put(i, defaults[i]);
      }
      for (int i = 0; i < columns; i++) {
        out.put(positions[i], converters[i].convert(getters[i].getFieldOrNull(data)));
      }
      return out;
    };
  }
}
