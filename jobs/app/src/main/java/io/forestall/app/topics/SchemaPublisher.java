package io.forestall.app.topics;

import io.forestall.app.CommandFailure;
import io.forestall.app.KafkaOptions;
import io.forestall.schemas.SchemaHistory;
import io.forestall.schemas.SchemaRecord;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.WriterSchemas;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes every schema version this release knows to the schemas topic, so that older readers
 * understand newer writers. The topic is compacted by fingerprint: writing them again changes
 * nothing.
 */
public final class SchemaPublisher {
  private SchemaPublisher() {}

  /**
   * @param kafka where to
   * @param nowMillis time of publication, milliseconds since 1970-01-01 UTC
   * @return how many were written
   * @throws CommandFailure when the broker does not take one
   */
  public static int publish(KafkaOptions kafka, long nowMillis) {
    Properties properties = kafka.clientProperties();
    properties.put("acks", "all");
    AvroCodec<SchemaRecord> codec = AvroCodec.of(SchemaRecord.class);
    List<Future<?>> sent = new ArrayList<>();
    String topic = Topics.SCHEMAS.name(kafka.topicPrefix());
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
      for (SchemaHistory.Released released : SchemaHistory.load()) {
        SchemaRecord record =
            SchemaRecord.newBuilder()
                .setFingerprint(released.fingerprint())
                .setRecord(released.schema().getFullName())
                .setJson(released.schema().toString())
                .setWriter("forestall")
                .setTimeMillis(nowMillis)
                .build();
        sent.add(
            producer.send(
                new ProducerRecord<>(
                    topic,
                    WriterSchemas.fingerprintKey(released.fingerprint())
                        .getBytes(StandardCharsets.UTF_8),
                    codec.encode(record))));
      }
      for (Future<?> one : sent) {
        one.get();
      }
      return sent.size();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw CommandFailure.unreachable("interrupted while writing to " + topic, e);
    } catch (ExecutionException e) {
      throw CommandFailure.unreachable(
          "cannot write to " + topic + ": " + e.getCause() + "; check the rights of this client",
          e);
    }
  }
}
