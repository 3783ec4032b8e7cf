package io.forestall.wire;

import io.forestall.schemas.SchemaHistory;
import io.forestall.schemas.SchemaRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The compacted topic on which writers publish their schemas, so that readers that are older
 * understand them. Every writer publishes at its start; a reader that meets an unknown fingerprint
 * reads the topic. Not thread-safe; {@link #follow} is.
 */
public final class SchemaTopic {

  private static final Logger LOG = LoggerFactory.getLogger(SchemaTopic.class);

  private final String topic;
  private final Supplier<Consumer<byte[], byte[]>> consumers;
  private final AvroCodec<SchemaRecord> codec =
      AvroCodec.of(SchemaRecord.class, WriterSchemas.released());

  /**
   * A reader of the topic.
   *
   * @param topic full name of the topic
   * @param consumers makes a consumer of raw bytes, which this closes
   */
  public SchemaTopic(String topic, Supplier<Consumer<byte[], byte[]>> consumers) {
    this.topic = topic;
    this.consumers = consumers;
  }

  /**
   * A reader of the topic.
   *
   * @param topic full name of the topic
   * @param clientProperties properties of a Kafka client: bootstrap servers, security
   */
  public static SchemaTopic of(String topic, Map<String, ?> clientProperties) {
    Map<String, Object> properties = new HashMap<>(clientProperties);
    // No group: nothing is committed, and every reader reads all of it.
    properties.remove("group.id");
    properties.put("enable.auto.commit", "false");
    properties.put("allow.auto.create.topics", "false");
    properties.put("auto.offset.reset", "earliest");
    properties.put("isolation.level", "read_uncommitted");
    // A fetch that waits for more would hold the close up by as long: all that is wanted is there.
    properties.put("fetch.max.wait.ms", "20");
    return new SchemaTopic(
        topic,
        () ->
            new KafkaConsumer<>(
                properties, new ByteArrayDeserializer(), new ByteArrayDeserializer()));
  }

  /**
   * Makes codecs of this process read the topic when they meet an unknown fingerprint, at most once
   * in the given time, so that a flood of unknown records costs little. A topic that cannot be read
   * is logged; the records then count as unknown.
   */
  public void follow(WriterSchemas writers, Duration atMostEvery, Duration timeout) {
    writers.refreshWith(
        () -> {
          try {
            readToEnd(writers, timeout);
          } catch (KafkaException e) {
            LOG.warn(
                "Topic {} cannot be read: {}; newer records stay unknown", topic, e.toString());
          }
        },
        atMostEvery);
  }

  /**
   * Reads the topic from its beginning to where it ends now. What is no schema is left out and
   * logged.
   *
   * @param into where the schemas go
   * @param timeout longest time that this takes; what was read by then stays
   * @return how many schemas were new
   * @throws KafkaException when the broker cannot be reached or refuses
   */
  public int readToEnd(WriterSchemas into, Duration timeout) {
    int before = into.size();
    int refused = 0;
    long deadlineNanos = System.nanoTime() + timeout.toNanos();
    try (Consumer<byte[], byte[]> consumer = consumers.get()) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic, timeout).stream()
              .map(info -> new TopicPartition(info.topic(), info.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions, timeout);
      while (System.nanoTime() < deadlineNanos && !reached(consumer, ends)) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
          if (record.value() == null) {
            continue;
          }
          try {
            into.add(codec.decode(record.value()));
          } catch (WireException e) {
            refused++;
            LOG.warn(
                "Topic {} partition {} offset {} is no schema: {}",
                topic,
                record.partition(),
                record.offset(),
                e.getMessage());
          }
        }
      }
    }
    int added = into.size() - before;
    LOG.info("Topic {}: {} new schemas, {} refused", topic, added, refused);
    return added;
  }

  private static boolean reached(
      Consumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends) {
    for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
      if (consumer.position(end.getKey()) < end.getValue()) {
        return false;
      }
    }
    return true;
  }

  /**
   * Publishes all released schemas of this version. Doing so again changes nothing, because the
   * topic is compacted by fingerprint.
   *
   * @param producer where to; stays open
   * @param topic full name of the topic
   * @param writer program and version that publishes
   * @param nowMillis time of publication, milliseconds since 1970-01-01 UTC
   * @param timeout how long to wait for the broker
   * @return how many were written
   * @throws KafkaException when the broker does not take one in time
   */
  public static int publish(
      Producer<byte[], byte[]> producer,
      String topic,
      String writer,
      long nowMillis,
      Duration timeout) {
    AvroCodec<SchemaRecord> codec = AvroCodec.of(SchemaRecord.class, WriterSchemas.released());
    List<Future<?>> sent = new ArrayList<>();
    for (SchemaHistory.Released released : SchemaHistory.load()) {
      sent.add(
          producer.send(
              new ProducerRecord<>(
                  topic,
                  Keys.bytes(WriterSchemas.fingerprintKey(released.fingerprint())),
                  codec.encode(record(released, writer, nowMillis)))));
    }
    producer.flush();
    long deadlineNanos = System.nanoTime() + timeout.toNanos();
    try {
      for (Future<?> one : sent) {
        one.get(Math.max(0, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KafkaException("interrupted while schemas were published to " + topic, e);
    } catch (ExecutionException | TimeoutException e) {
      throw new KafkaException("schemas cannot be published to " + topic, e);
    }
    return sent.size();
  }

  /** What is published of a released schema. */
  static SchemaRecord record(SchemaHistory.Released released, String writer, long nowMillis) {
    return new SchemaRecord(
        released.fingerprint(),
        released.schema().getFullName(),
        released.schema().toString(),
        writer,
        nowMillis);
  }
}
