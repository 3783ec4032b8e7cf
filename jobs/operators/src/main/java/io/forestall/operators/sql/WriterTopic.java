package io.forestall.operators.sql;

import io.forestall.schemas.TopicCatalogue;
import io.forestall.schemas.TopicSpec;
import io.forestall.schemas.Topics;
import io.forestall.wire.SchemaTopic;
import io.forestall.wire.WriterSchemas;
import java.io.Serializable;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where a table finds the schemas of writers that are newer than this jar: the topic of writer
 * schemas beside the table's own, with the table's own Kafka properties. Nothing to configure.
 */
record WriterTopic(String topic, HashMap<String, String> clientProperties) implements Serializable {

  private static final String PROPERTIES = "properties.";
  private static final Duration AT_MOST_EVERY = Duration.ofMinutes(1);
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  /** The topic for a table of a record; null when the table is none of the catalogue's on Kafka. */
  static @Nullable WriterTopic of(Map<String, String> tableOptions, String record) {
    String topic = tableOptions.get("topic");
    if (topic == null || !tableOptions.containsKey(PROPERTIES + "bootstrap.servers")) {
      return null;
    }
    HashMap<String, String> client = new HashMap<>();
    tableOptions.forEach(
        (name, value) -> {
          if (name.startsWith(PROPERTIES)) {
            client.put(name.substring(PROPERTIES.length()), value);
          }
        });
    for (TopicSpec spec : TopicCatalogue.load()) {
      String ending = spec.name("");
      if (spec.valueSchema().equals(record) && topic.endsWith(ending)) {
        String prefix = topic.substring(0, topic.length() - ending.length());
        return new WriterTopic(Topics.SCHEMAS.name(prefix), client);
      }
    }
    return null;
  }

  /** Has the topic read when an unknown schema is met, at most once a minute. */
  void follow(WriterSchemas writers) {
    SchemaTopic.of(topic, clientProperties).follow(writers, AT_MOST_EVERY, TIMEOUT);
  }
}
