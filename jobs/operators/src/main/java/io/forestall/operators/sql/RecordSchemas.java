package io.forestall.operators.sql;

import io.forestall.schemas.SchemaHistory;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.apache.avro.Schema;
import org.apache.flink.table.api.ValidationException;
import org.apache.flink.table.types.logical.RowType;
import org.jspecify.annotations.Nullable;

/** Finds the newest schema of a record, and the part of it that a table declares. */
final class RecordSchemas {

  private RecordSchemas() {}

  /**
   * The newest schema of a record.
   *
   * @throws ValidationException when there is no such record
   */
  static Schema newest(String record) {
    Schema found = null;
    TreeSet<String> names = new TreeSet<>();
    for (SchemaHistory.Released released : SchemaHistory.load()) {
      names.add(released.record());
      if (released.record().equals(record)) {
        found = released.schema();
      }
    }
    if (found == null) {
      throw new ValidationException(
          "forestall-avro: there is no record '" + record + "'; option record is one of " + names);
    }
    return found;
  }

  /**
   * The schema with the declared columns only, in their order, so that the rest is skipped and not
   * decoded.
   *
   * @throws ValidationException when a column is no field
   */
  static Schema projected(Schema schema, RowType row) {
    List<Schema.Field> fields = new ArrayList<>();
    for (RowType.RowField column : row.getFields()) {
      Schema.Field original = field(schema, column.getName());
      fields.add(
          new Schema.Field(
              original.name(), original.schema(), original.doc(), original.defaultVal()));
    }
    return Schema.createRecord(
        schema.getName(), schema.getDoc(), schema.getNamespace(), false, fields);
  }

  /** The field of a column. */
  static Schema.Field field(Schema schema, String column) {
    Schema.Field field = schema.getField(column);
    if (field == null) {
      throw new ValidationException(
          "forestall-avro: record "
              + schema.getName()
              + " has no field '"
              + column
              + "'; it has "
              + schema.getFields().stream().map(Schema.Field::name).toList());
    }
    return field;
  }

  /** The branch of a union with null that is not null, null when the schema is no such union. */
  static @Nullable Schema nullableOf(Schema schema) {
    if (schema.getType() != Schema.Type.UNION || schema.getTypes().size() != 2) {
      return null;
    }
    Schema first = schema.getTypes().get(0);
    Schema second = schema.getTypes().get(1);
    if (first.getType() == Schema.Type.NULL) {
      return second;
    }
    return second.getType() == Schema.Type.NULL ? first : null;
  }

  /** What to say when a column cannot hold a field. */
  static ValidationException mismatch(String path, Schema schema, Object type) {
    String advice =
        switch (schema.getType()) {
          case STRING, ENUM -> "STRING";
          case LONG -> path.endsWith("Millis") ? "BIGINT or TIMESTAMP_LTZ(3)" : "BIGINT";
          case INT -> "INT or BIGINT";
          case FLOAT -> "FLOAT or DOUBLE";
          case DOUBLE -> "DOUBLE";
          case BOOLEAN -> "BOOLEAN";
          case BYTES -> "BYTES";
          case ARRAY -> "ARRAY<...>";
          case MAP -> "MAP<STRING, ...>";
          case RECORD -> "ROW<...>";
          default -> "nothing";
        };
    return new ValidationException(
        "forestall-avro: column "
            + path
            + " is "
            + type
            + ", but the field is "
            + schema.getType().getName()
            + ": declare "
            + advice);
  }
}
