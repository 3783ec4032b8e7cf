package io.forestall.app.model;

import io.forestall.app.CommandFailure;
import io.forestall.app.KafkaOptions;
import io.forestall.app.operate.TopicScan;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.Keys;
import io.forestall.wire.SchemaTopic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The topic {@code models} of a broker. Thread-safe: each call has its own client. */
final class KafkaModelStore implements ModelStore {
  private static final Logger LOG = Logger.getLogger(KafkaModelStore.class.getName());
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration SCHEMA_PATIENCE = Duration.ofSeconds(5);

  private final KafkaOptions kafka;
  private final String topic;

  KafkaModelStore(KafkaOptions kafka) {
    this.kafka = kafka;
    this.topic = Topics.MODELS.name(kafka.topicPrefix());
  }

  @Override
  public Standing read() {
    AvroCodec<ModelRecord> codec = AvroCodec.of(ModelRecord.class);
    TreeMap<String, Entry> newest = new TreeMap<>();
    Map<String, String> names = new HashMap<>();
    long[] next = new long[1];
    long unreadable =
        TopicScan.records(
            kafka,
            Topics.MODELS,
            0,
            record -> {
              next[0] = record.offset() + 1;
              String key =
                  record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
              String named = names.remove(key);
              if (named != null) {
                newest.remove(named);
              }
              if (record.value() == null) {
                return;
              }
              ModelRecord model = codec.decode(record.value());
              // By what the record says of itself: whoever wrote it may have spelt its key
              // otherwise.
              String name = ModelStandings.key(model);
              names.put(key, name);
              newest.put(name, new Entry(model, record.offset()));
            });
    return new Standing(newest, unreadable, next[0]);
  }

  @Override
  public long write(String key, ModelRecord record) {
    byte[] value = AvroCodec.of(ModelRecord.class).encode(record);
    // Readers that are older must understand what comes next.
    try (KafkaProducer<byte[], byte[]> producer = producer(SCHEMA_PATIENCE)) {
      SchemaTopic.publish(
          producer,
          Topics.SCHEMAS.name(kafka.topicPrefix()),
          "forestall",
          record.getChangedMillis(),
          SCHEMA_PATIENCE);
    } catch (KafkaException e) {
      LOG.log(Level.FINE, "model: the schemas were not published", e);
    }
    try (KafkaProducer<byte[], byte[]> producer = producer(PATIENCE)) {
      return producer
          .send(new ProducerRecord<>(topic, Keys.bytes(key), value))
          .get(PATIENCE.toMillis() + 1000, TimeUnit.MILLISECONDS)
          .offset();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw CommandFailure.unreachable("interrupted while writing to " + topic, e);
    } catch (ExecutionException | TimeoutException | KafkaException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw CommandFailure.unreachable(
          "it is not known whether "
              + topic
              + " has the record ("
              + cause
              + "): look with forestall model list, and say it again if not",
          e);
    }
  }

  private KafkaProducer<byte[], byte[]> producer(Duration patience) {
    Properties properties = kafka.clientProperties();
    String millis = Long.toString(patience.toMillis());
    properties.setProperty("acks", "all");
    properties.setProperty("enable.idempotence", "true");
    properties.setProperty("max.in.flight.requests.per.connection", "1");
    properties.setProperty("max.block.ms", millis);
    properties.setProperty("request.timeout.ms", millis);
    properties.setProperty("linger.ms", "0");
    properties.setProperty("delivery.timeout.ms", millis);
    properties.setProperty("max.request.size", Integer.toString(ModelDesk.MAXIMUM_RECORD_BYTES));
    return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
  }
}
