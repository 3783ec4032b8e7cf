package io.forestall.app.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class EmbeddedKafkaTest {
  private static final TopicPartition PARTITION = new TopicPartition("kept", 0);

  @Test
  void keepsItsDataOverARestartOnAnotherPort(@TempDir Path directory) throws Exception {
    Path data = directory.resolve("with a space");
    int firstPort;
    try (EmbeddedKafka kafka = EmbeddedKafka.start(data)) {
      firstPort = kafka.port();
      try (Admin admin = new KafkaOptions(kafka.bootstrapServers(), "t").openAdmin()) {
        admin
            .createTopics(List.of(new NewTopic("kept", 1, (short) 1)))
            .all()
            .get(30, TimeUnit.SECONDS);
      }
      send(kafka, "one", "two");
    }
    try (EmbeddedKafka kafka = EmbeddedKafka.start(data)) {
      send(kafka, "three");
      assertThat(read(kafka, 3)).containsExactly("one", "two", "three");
    }
    // The first broker let its port go.
    Ports.requireFree(firstPort, "a test", "--none");
  }

  @Test
  void saysWhichPortIsInUse(@TempDir Path directory) {
    try (EmbeddedKafka kafka = EmbeddedKafka.start(directory.resolve("a"))) {
      assertThatThrownBy(() -> EmbeddedKafka.start(directory.resolve("b"), kafka.port()))
          .isInstanceOfSatisfying(
              CommandFailure.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCodes.UNREACHABLE))
          .hasMessageContaining("port " + kafka.port() + " for Kafka is in use")
          .hasMessageContaining("--kafka-port");
    }
  }

  private static void send(EmbeddedKafka kafka, String... values) {
    Properties properties = new Properties();
    properties.putAll(Map.of("bootstrap.servers", kafka.bootstrapServers(), "acks", "all"));
    try (var producer =
        new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
      for (String value : values) {
        producer.send(new ProducerRecord<>("kept", 0, "k", value));
      }
    }
  }

  private static List<String> read(EmbeddedKafka kafka, int count) {
    Properties properties = new Properties();
    properties.putAll(Map.of("bootstrap.servers", kafka.bootstrapServers()));
    List<String> seen = new ArrayList<>();
    try (var consumer =
        new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer())) {
      consumer.assign(List.of(PARTITION));
      consumer.seekToBeginning(List.of(PARTITION));
      long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
      while (seen.size() < count && System.nanoTime() < deadline) {
        consumer.poll(Duration.ofMillis(200)).forEach(r -> seen.add(r.value()));
      }
    }
    return seen;
  }
}
