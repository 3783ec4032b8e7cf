package io.forestall.app.sql;

import io.forestall.schemas.Cleanup;
import io.forestall.schemas.SchemaHistory;
import io.forestall.schemas.TopicCatalogue;
import io.forestall.schemas.TopicSpec;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.avro.Schema;

/**
 * The definitions of the tables, one for each topic, made from the catalogue of topics and the
 * newest Avro schemas. What {@code sql/00_tables.sql} holds is what this gives. Stateless.
 */
public final class SqlTables {
  private SqlTables() {}

  /**
   * All definitions as a script with the variables {@code bootstrap}, {@code prefix} and {@code
   * bounded}.
   */
  public static String script() {
    return script(Map.of());
  }

  /** As {@link #script()}, with further properties for the Kafka client of every table. */
  static String script(Map<String, String> clientProperties) {
    StringBuilder script = new StringBuilder(64 * 1024);
    script.append(
        """
        -- A table for every topic. Generated from topics.yaml and the Avro schemas; do not edit:
        --   scripts/sql --tables > sql/00_tables.sql
        -- scripts/sql defines these tables before it runs any other file.
        --
        -- ${bootstrap}  Kafka brokers
        -- ${prefix}     first word of the topics
        -- ${bounded}    latest-offset: a question reads what is there and ends; unbounded: it goes on (--follow)
        --
        -- record_key, record_partition, record_offset, record_time: the record's key and place in Kafka.
        -- event_time: timeMillis as a timestamp.
        -- A compacted topic is two things: the table of its name has every record that is still there, a tombstone as a
        -- row in which all but the record_ columns is NULL; the view NAME_now has the newest record of each key and
        -- leaves out what has ended.
        """);
    for (TopicSpec topic : TopicCatalogue.load()) {
      script.append('\n').append(table(topic, clientProperties));
      if (topic.cleanup() == Cleanup.COMPACT) {
        script.append('\n').append(view(topic));
      }
    }
    return script.toString();
  }

  /** The name of a topic's table: the noun with underscores. */
  public static String name(TopicSpec topic) {
    return topic.noun().replace('.', '_').replace('-', '_');
  }

  private static String table(TopicSpec topic, Map<String, String> clientProperties) {
    Schema schema = newest(topic.valueSchema());
    boolean compacted = topic.cleanup() == Cleanup.COMPACT;
    StringBuilder ddl = new StringBuilder();
    ddl.append("-- ").append(topic.doc().replace("\n", " ")).append('\n');
    ddl.append("CREATE TABLE IF NOT EXISTS `").append(name(topic)).append("` (\n");
    ddl.append("  `record_key` STRING COMMENT ")
        .append(literal("Key: " + topic.key()))
        .append(",\n");
    for (Schema.Field field : schema.getFields()) {
      ddl.append("  `").append(field.name()).append("` ").append(type(field.schema()));
      if (field.doc() != null) {
        ddl.append(" COMMENT ").append(literal(field.doc()));
      }
      ddl.append(",\n");
    }
    ddl.append("  `record_partition` INT METADATA FROM 'partition' VIRTUAL,\n");
    ddl.append("  `record_offset` BIGINT METADATA FROM 'offset' VIRTUAL,\n");
    ddl.append("  `record_time` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL");
    if (schema.getField("timeMillis") != null) {
      ddl.append(",\n  `event_time` AS TO_TIMESTAMP_LTZ(`timeMillis`, 3)");
      if (!compacted) {
        ddl.append(",\n  WATERMARK FOR `event_time` AS `event_time` - INTERVAL '1' HOUR");
      }
    }
    ddl.append("\n) COMMENT ").append(literal(topic.doc().replace("\n", " "))).append(" WITH (\n");
    ddl.append("  'connector' = 'kafka',\n");
    ddl.append("  'topic' = '").append(topic.name("${prefix}")).append("',\n");
    ddl.append("  'properties.bootstrap.servers' = '${bootstrap}',\n");
    ddl.append("  'properties.register.consumer.metrics' = 'false',\n");
    new TreeMap<>(clientProperties)
        .forEach(
            (key, value) ->
                ddl.append("  ")
                    .append(literal("properties." + key))
                    .append(" = ")
                    .append(literal(value))
                    .append(",\n"));
    ddl.append("  'scan.startup.mode' = 'earliest-offset',\n");
    ddl.append("  'scan.bounded.mode' = '${bounded}',\n");
    ddl.append("  'key.format' = 'raw',\n");
    ddl.append("  'key.fields' = 'record_key',\n");
    ddl.append("  'value.fields-include' = 'EXCEPT_KEY',\n");
    ddl.append("  'value.format' = 'forestall-avro',\n");
    ddl.append("  'value.forestall-avro.record' = '").append(schema.getName()).append("'");
    if (compacted) {
      ddl.append(",\n  'value.forestall-avro.tombstones' = 'true'");
    }
    return ddl.append("\n);\n").toString();
  }

  private static String view(TopicSpec topic) {
    Schema schema = newest(topic.valueSchema());
    String columns =
        schema.getFields().stream()
            .map(field -> "`" + field.name() + "`")
            .collect(Collectors.joining(", "));
    // A field that is never null in a record is null in a tombstone only.
    String always =
        schema.getFields().stream()
            .filter(field -> !isNullable(field.schema()))
            .findFirst()
            .map(Schema.Field::name)
            .orElseThrow(
                () ->
                    new IllegalStateException(
                        schema.getName() + " has no field that is never null"));
    String time = schema.getField("timeMillis") == null ? "" : ", `event_time`";
    return "CREATE VIEW IF NOT EXISTS `"
        + name(topic)
        + "_now` AS\nSELECT `record_key`, "
        + columns
        + ", `record_time`"
        + time
        + "\nFROM (\n  SELECT *, ROW_NUMBER() OVER (PARTITION BY `record_key` ORDER BY `record_offset` DESC) AS `age`\n"
        + "  FROM `"
        + name(topic)
        + "`)\nWHERE `age` = 1 AND `"
        + always
        + "` IS NOT NULL;\n";
  }

  private static Schema newest(String record) {
    Schema newest = null;
    // The history lists the versions of a record in order.
    for (SchemaHistory.Released released : SchemaHistory.load()) {
      if (released.record().equals(record)) {
        newest = released.schema();
      }
    }
    if (newest == null) {
      throw new IllegalStateException("no schema of " + record + " was released");
    }
    return newest;
  }

  /**
   * The SQL type of an Avro schema; an enum is a STRING, a union with null is what it is without
   * null.
   */
  static String type(Schema schema) {
    return switch (schema.getType()) {
      case STRING, ENUM -> "STRING";
      case LONG -> "BIGINT";
      case INT -> "INT";
      case DOUBLE -> "DOUBLE";
      case FLOAT -> "FLOAT";
      case BOOLEAN -> "BOOLEAN";
      case BYTES -> "BYTES";
      case ARRAY -> "ARRAY<" + type(schema.getElementType()) + ">";
      case MAP -> "MAP<STRING, " + type(schema.getValueType()) + ">";
      case RECORD ->
          schema.getFields().stream()
              .map(field -> "`" + field.name() + "` " + type(field.schema()))
              .collect(Collectors.joining(", ", "ROW<", ">"));
      case UNION -> {
        List<Schema> others =
            schema.getTypes().stream().filter(s -> s.getType() != Schema.Type.NULL).toList();
        if (others.size() != 1) {
          throw new IllegalStateException("SQL has no union of several types: " + schema);
        }
        yield type(others.get(0));
      }
      default -> throw new IllegalStateException("no SQL type for Avro " + schema.getType());
    };
  }

  private static boolean isNullable(Schema schema) {
    return schema.getType() == Schema.Type.UNION;
  }

  private static String literal(String text) {
    return "'" + text.replace("'", "''").replace("${", "$ {") + "'";
  }
}
