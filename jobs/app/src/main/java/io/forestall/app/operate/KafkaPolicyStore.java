package io.forestall.app.operate;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.schemas.Policy;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.Keys;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.SchemaTopic;
import io.forestall.wire.Signatures.Signer;
import io.forestall.wire.Signatures.Trusted;
import io.forestall.wire.WireException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * The words of operators on topic {@code policies}. A word counts as said when all replicas in sync
 * have it. Thread-safe: each call has its own client.
 */
public final class KafkaPolicyStore implements PolicyStore {
  private static final Logger LOG = Logger.getLogger(KafkaPolicyStore.class.getName());
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration SCHEMA_PATIENCE = Duration.ofSeconds(5);
  private static final int MAX_REFUSED = 100;

  private final KafkaOptions kafka;
  private final @Nullable Signer signer;
  private final Trusted trusted;
  private final String topic;

  /**
   * A store.
   *
   * @param kafka where it is
   * @param signer who signs what is written, null for nobody
   * @param trusted whose signatures readers believe, to say who would not take a record
   */
  public KafkaPolicyStore(KafkaOptions kafka, @Nullable Signer signer, Trusted trusted) {
    this.kafka = kafka;
    this.signer = signer;
    this.trusted = trusted;
    this.topic = Topics.POLICIES.name(kafka.topicPrefix());
  }

  @Override
  public Standing read() {
    PolicyRecords open = new PolicyRecords(Trusted.NONE);
    PolicyRecords strict = new PolicyRecords(trusted);
    AvroCodec<Policy> codec = AvroCodec.of(Policy.class);
    TreeMap<String, Entry> newest = new TreeMap<>();
    List<String> refused = new ArrayList<>();
    TopicScan.read(
        kafka,
        topic,
        0,
        record -> {
          byte[] key = record.key() == null ? new byte[0] : record.key();
          if (record.value() == null) {
            newest.remove(new String(key, StandardCharsets.UTF_8));
            return;
          }
          try {
            PolicyRecord policy = open.read(key, record.value());
            String keyId = codec.decode(record.value()).getKeyId();
            newest.put(
                policy.key(),
                new Entry(policy, keyId, problem(strict, key, record.value()), record.offset()));
          } catch (WireException e) {
            if (refused.size() == MAX_REFUSED) {
              refused.remove(0);
            }
            refused.add("offset " + record.offset() + ": " + e.getMessage());
          }
        });
    return new Standing(newest, refused);
  }

  private static @Nullable String problem(PolicyRecords strict, byte[] key, byte[] value) {
    try {
      strict.read(key, value);
      return null;
    } catch (WireException e) {
      return e.getMessage();
    }
  }

  @Override
  public Written write(PolicyRecord record, boolean dryRun) {
    byte[] value;
    try {
      value = new PolicyRecords(Trusted.NONE).write(record, signer);
    } catch (WireException e) {
      throw new CommandFailure(ExitCodes.USAGE, String.valueOf(e.getMessage()), e);
    }
    String keyId = signer == null ? null : signer.keyId();
    if (dryRun) {
      return new Written(record, keyId, Written.NOT_WRITTEN);
    }
    // Readers that are older must understand what comes next; a halt does not wait for that.
    publishSchemas(record.timeMillis());
    try (KafkaProducer<byte[], byte[]> producer = producer(PATIENCE)) {
      RecordMetadata written =
          producer
              .send(new ProducerRecord<>(topic, Keys.bytes(record.key()), value))
              .get(PATIENCE.toMillis() + 1000, TimeUnit.MILLISECONDS);
      return new Written(record, keyId, written.offset());
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
              + "): look with forestall policies list, and say it again if not",
          e);
    }
  }

  private void publishSchemas(long nowMillis) {
    try (KafkaProducer<byte[], byte[]> producer = producer(SCHEMA_PATIENCE)) {
      SchemaTopic.publish(
          producer,
          Topics.SCHEMAS.name(kafka.topicPrefix()),
          "forestall",
          nowMillis,
          SCHEMA_PATIENCE);
    } catch (KafkaException e) {
      LOG.log(Level.FINE, "operate: the schemas were not published", e);
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
    return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
  }
}
