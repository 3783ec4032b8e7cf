package io.forestall.operators.sql;

import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;

/** Options of the SQL format {@code forestall-avro}. */
public final class ForestallAvroOptions {

  /** Name of the Avro record. */
  public static final ConfigOption<String> RECORD =
      ConfigOptions.key("record")
          .stringType()
          .noDefaultValue()
          .withDescription("Avro record of the topic's values, such as Risk; see TOPICS.md.");

  /** What to do with rows that cannot be read. */
  public static final ConfigOption<Boolean> IGNORE_PARSE_ERRORS =
      ConfigOptions.key("ignore-parse-errors")
          .booleanType()
          .defaultValue(true)
          .withDescription(
              "True leaves out rows that cannot be read and counts them in the metric"
                  + " forestall.sqlParseErrors; false fails the query.");

  /** What a record without value gives. */
  public static final ConfigOption<Boolean> TOMBSTONES =
      ConfigOptions.key("tombstones")
          .booleanType()
          .defaultValue(false)
          .withDescription(
              "True makes a tombstone a row in which every column of the value is NULL, so that a"
                  + " question can see what has ended; false leaves tombstones out.");

  private ForestallAvroOptions() {}
}
