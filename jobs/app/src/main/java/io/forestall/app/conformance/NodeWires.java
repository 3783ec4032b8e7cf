package io.forestall.app.conformance;

import io.forestall.app.CommandFailure;
import io.forestall.app.KafkaOptions;
import io.forestall.schemas.Topics;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.Keys;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/** Sends to and hears from a node by its topics. Not safe for threads. */
final class NodeWires implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  private final KafkaOptions kafka;
  private final KafkaProducer<byte[], byte[]> producer;

  NodeWires(KafkaOptions kafka) {
    kafka.openAdmin().close();
    this.kafka = kafka;
    Properties properties = kafka.clientProperties();
    properties.setProperty("acks", "all");
    properties.setProperty("enable.idempotence", "true");
    properties.setProperty("delivery.timeout.ms", "15000");
    properties.setProperty("request.timeout.ms", "10000");
    producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** Appends a record and waits for the broker. */
  void send(Topics topic, String key, byte[] value) {
    send(topic, key, key, value);
  }

  /** Appends a record to the partition in which another key's records are. */
  void send(Topics topic, String partitionOf, String key, byte[] value) {
    String name = topic.name(kafka.topicPrefix());
    try {
      int partitions = producer.partitionsFor(name).size();
      var unused =
          producer
              .send(
                  new ProducerRecord<>(
                      name,
                      FixedPartitioner.partition(partitionOf, partitions),
                      Keys.bytes(key),
                      value))
              .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw CommandFailure.unreachable("interrupted while sending to " + name, e);
    } catch (ExecutionException | TimeoutException | KafkaException e) {
      throw CommandFailure.unreachable("cannot send to " + name + ": " + e.getMessage(), e);
    }
  }

  /** Hears what is said in the partition of a key from now on, or from the beginning. */
  Ear listen(Topics topic, String key, boolean fromBeginning) {
    String name = topic.name(kafka.topicPrefix());
    int partitions = producer.partitionsFor(name).size();
    return new Ear(
        new TopicPartition(name, FixedPartitioner.partition(key, partitions)), fromBeginning);
  }

  /**
   * What the newest record of each key of a topic means; ends and what means nothing are left out.
   */
  <T> List<T> newest(Topics topic, Function<byte[], @Nullable T> decoder) {
    Map<String, byte[]> values = new TreeMap<>();
    String name = topic.name(kafka.topicPrefix());
    for (int partition = 0; partition < producer.partitionsFor(name).size(); partition++) {
      try (Ear ear = new Ear(new TopicPartition(name, partition), true)) {
        ear.drain(
            record -> {
              String key = new String(record.key(), StandardCharsets.UTF_8);
              if (record.value() == null) {
                values.remove(key);
              } else {
                values.put(key, record.value());
              }
            });
      }
    }
    List<T> all = new ArrayList<>();
    for (byte[] value : values.values()) {
      T meant = decoder.apply(value);
      if (meant != null) {
        all.add(meant);
      }
    }
    return all;
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(2));
  }

  /** Reads one partition in order. Not safe for threads. */
  final class Ear implements AutoCloseable {
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final String topic;
    private final TopicPartition partition;
    private final List<ConsumerRecord<byte[], byte[]>> waiting = new ArrayList<>();

    private Ear(TopicPartition partition, boolean fromBeginning) {
      this.partition = partition;
      this.topic = partition.topic();
      Properties properties = kafka.clientProperties();
      properties.remove("group.id");
      properties.setProperty("enable.auto.commit", "false");
      properties.setProperty("auto.offset.reset", "earliest");
      properties.setProperty("fetch.min.bytes", "1");
      // A broker that still waits for records would hold up the end of the consumer as long.
      properties.setProperty("fetch.max.wait.ms", "20");
      consumer =
          new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
      consumer.assign(List.of(partition));
      if (fromBeginning) {
        consumer.seekToBeginning(List.of(partition));
      } else {
        consumer.seekToEnd(List.of(partition));
      }
      // Makes the seek happen now, not at the first poll.
      long unused = consumer.position(partition, PATIENCE);
    }

    /**
     * The first record from here on that means something to the taker; what stands before it is
     * passed over.
     *
     * @return null when there is none within the time
     */
    <T> @Nullable T await(
        long millis, Function<ConsumerRecord<byte[], byte[]>, @Nullable T> taker) {
      long deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
      while (true) {
        while (!waiting.isEmpty()) {
          T taken = taker.apply(waiting.remove(0));
          if (taken != null) {
            return taken;
          }
        }
        long leftNanos = deadlineNanos - System.nanoTime();
        if (leftNanos <= 0) {
          return null;
        }
        try {
          consumer.poll(Duration.ofNanos(Math.min(leftNanos, 200_000_000L))).forEach(waiting::add);
        } catch (KafkaException e) {
          throw CommandFailure.unreachable("reading " + topic + " failed: " + e.getMessage(), e);
        }
      }
    }

    /** Gives every record that stands there now to the taker. */
    void drain(java.util.function.Consumer<ConsumerRecord<byte[], byte[]>> taker) {
      Long end = consumer.endOffsets(List.of(partition), PATIENCE).get(partition);
      while (end != null && consumer.position(partition, PATIENCE) < end) {
        consumer.poll(Duration.ofMillis(200)).forEach(waiting::add);
      }
      waiting.forEach(taker);
      waiting.clear();
    }

    @Override
    public void close() {
      consumer.close();
    }
  }
}
