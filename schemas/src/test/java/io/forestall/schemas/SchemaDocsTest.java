package io.forestall.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.avro.Schema;
import org.junit.jupiter.api.Test;

/** Schemas explain themselves: a sentence and a unit on every field, a default on every enum. */
class SchemaDocsTest {

  /** The last clause of a field's doc is its unit. */
  private static final Pattern UNIT =
      Pattern.compile(
          ".*; (no unit|count|bytes|bytes per second|milliseconds"
              + "|milliseconds since 1970-01-01 UTC|points|probability|ratio|nats|acts|Markdown"
              + "|unit of (the|each) \\w+)\\.");

  private static Map<String, Schema> all() {
    Map<String, Schema> all = new TreeMap<>();
    Records.names().forEach(name -> all.putAll(Records.named(Records.current(name))));
    return all;
  }

  @Test
  void everyFieldHasSentenceAndUnit() {
    List<String> missing = new ArrayList<>();
    int fields = 0;
    for (Schema schema : all().values()) {
      if (schema.getType() != Schema.Type.RECORD) {
        continue;
      }
      for (Schema.Field field : schema.getFields()) {
        fields++;
        String doc = field.doc();
        if (doc == null || doc.length() < 8 || !UNIT.matcher(doc).matches()) {
          missing.add(schema.getName() + "." + field.name() + ": " + doc);
        }
      }
    }
    assertThat(missing).as("fields without sentence or unit").isEmpty();
    assertThat(fields).isGreaterThan(300);
  }

  @Test
  void everyRecordSaysWhatItIsAndSinceWhen() {
    for (Schema schema : all().values()) {
      assertThat(schema.getDoc()).as(schema.getName()).isNotBlank();
      if (schema.getType() == Schema.Type.RECORD) {
        assertThat(schema.getDoc()).as(schema.getName()).matches("(?s).*\\. Since v\\d+\\.");
      }
    }
  }

  @Test
  void everyEnumHasDefaultSoThatOldReadersSurviveNewSymbols() {
    int enums = 0;
    for (Schema schema : all().values()) {
      if (schema.getType() == Schema.Type.ENUM) {
        enums++;
        assertThat(schema.getEnumDefault()).as(schema.getName()).isNotNull();
      }
    }
    assertThat(enums).isGreaterThan(20);
  }

  @Test
  void timesAreMillisecondsAndSaySo() {
    for (Schema schema : all().values()) {
      if (schema.getType() != Schema.Type.RECORD) {
        continue;
      }
      for (Schema.Field field : schema.getFields()) {
        if (String.valueOf(field.doc()).contains("milliseconds")) {
          assertThat(field.name()).as(schema.getName()).endsWith("Millis");
        }
        assertThat(field.name().endsWith("Millis"))
            .as("%s.%s says milliseconds", schema.getName(), field.name())
            .isEqualTo(String.valueOf(field.doc()).contains("; milliseconds"));
      }
    }
  }
}
