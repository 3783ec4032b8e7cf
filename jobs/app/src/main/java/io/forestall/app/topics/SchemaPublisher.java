package io.forestall.app.topics;

import io.forestall.app.CommandFailure;
import io.forestall.app.KafkaOptions;
import io.forestall.schemas.Topics;
import io.forestall.wire.SchemaTopic;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes every schema version this release knows to the schemas topic, so that older readers
 * understand newer writers. The topic is compacted by fingerprint: writing them again changes
 * nothing.
 */
public final class SchemaPublisher {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private SchemaPublisher() {}

  /**
   * Publishes them.
   *
   * @param kafka where to
   * @param nowMillis time of publication, milliseconds since 1970-01-01 UTC
   * @return how many were written
   * @throws CommandFailure when the broker does not take one
   */
  public static int publish(KafkaOptions kafka, long nowMillis) {
    Properties properties = kafka.clientProperties();
    properties.put("acks", "all");
    String topic = Topics.SCHEMAS.name(kafka.topicPrefix());
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
      return SchemaTopic.publish(producer, topic, "forestall", nowMillis, TIMEOUT);
    } catch (KafkaException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw CommandFailure.unreachable(
          "cannot write to " + topic + ": " + cause + "; check the rights of this client", e);
    }
  }
}
