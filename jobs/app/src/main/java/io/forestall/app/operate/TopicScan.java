package io.forestall.app.operate;

import io.forestall.app.CommandFailure;
import io.forestall.app.KafkaOptions;
import io.forestall.schemas.Topics;
import io.forestall.wire.WireException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * Reads a topic from a time to where it ends now. Every scan has an end: of records that come in
 * while it reads it sees none, and a broker that falls silent is an error. Stateless.
 */
public final class TopicScan {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  private TopicScan() {}

  /** What is done with each record, in the order of its partition. */
  public interface Visitor {
    /** Takes the next record. */
    void record(ConsumerRecord<byte[], byte[]> record);
  }

  /** What is done with the value of each record. */
  public interface Values {
    /**
     * Takes the next value.
     *
     * @throws WireException when it cannot be read, which is counted
     */
    void value(byte[] value) throws WireException;
  }

  /**
   * Reads values; ends of what they were about are passed over.
   *
   * @param sinceMillis oldest record wanted, by the time the broker took it in; 0 for all
   * @param holding text that a value must hold to be looked at: most are told apart without
   *     decoding them; null for all
   * @return number of values that could not be read
   * @throws CommandFailure when the broker or the topic cannot be reached
   */
  public static long values(
      KafkaOptions kafka,
      Topics topic,
      long sinceMillis,
      @Nullable String holding,
      Values visitor) {
    byte[] wanted = holding == null ? new byte[0] : holding.getBytes(StandardCharsets.UTF_8);
    return records(
        kafka,
        topic,
        sinceMillis,
        record -> {
          if (record.value() != null && contains(record.value(), wanted)) {
            visitor.value(record.value());
          }
        });
  }

  /** What is done with each record, which may be one that cannot be read. */
  public interface Records {
    /**
     * Takes the next record.
     *
     * @throws WireException when it cannot be read, which is counted
     */
    void record(ConsumerRecord<byte[], byte[]> record) throws WireException;
  }

  /**
   * Reads records, ends of what they were about too.
   *
   * @param sinceMillis oldest record wanted, by the time the broker took it in; 0 for all
   * @return number of records that could not be read
   * @throws CommandFailure when the broker or the topic cannot be reached
   */
  public static long records(KafkaOptions kafka, Topics topic, long sinceMillis, Records visitor) {
    long[] unreadable = new long[1];
    read(
        kafka,
        topic.name(kafka.topicPrefix()),
        sinceMillis,
        record -> {
          try {
            visitor.record(record);
          } catch (WireException e) {
            unreadable[0]++;
          }
        });
    return unreadable[0];
  }

  /** True when the bytes are in there. */
  static boolean contains(byte[] value, byte[] wanted) {
    for (int at = 0; at + wanted.length <= value.length; at++) {
      int same = 0;
      while (same < wanted.length && value[at + same] == wanted[same]) {
        same++;
      }
      if (same == wanted.length) {
        return true;
      }
    }
    return false;
  }

  /**
   * Reads.
   *
   * @param sinceMillis oldest record wanted, by the time the broker took it in; 0 for all
   * @return number of records read
   * @throws CommandFailure when the broker or the topic cannot be reached
   */
  public static long read(KafkaOptions kafka, String topic, long sinceMillis, Visitor visitor) {
    kafka.openAdmin().close();
    Properties properties = kafka.clientProperties();
    properties.remove("group.id");
    properties.setProperty("enable.auto.commit", "false");
    properties.setProperty("auto.offset.reset", "earliest");
    properties.setProperty("allow.auto.create.topics", "false");
    properties.setProperty("isolation.level", "read_committed");
    // A fetch that waits for more would hold the close up by as long: all that is wanted is there.
    properties.setProperty("fetch.max.wait.ms", "20");
    long read = 0;
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<PartitionInfo> partitions = consumer.partitionsFor(topic, PATIENCE);
      if (partitions == null || partitions.isEmpty()) {
        throw missing(kafka, topic);
      }
      List<TopicPartition> assigned =
          partitions.stream().map(p -> new TopicPartition(p.topic(), p.partition())).toList();
      consumer.assign(assigned);
      Map<TopicPartition, Long> ends = consumer.endOffsets(assigned, PATIENCE);
      if (sinceMillis <= 0) {
        consumer.seekToBeginning(assigned);
      } else {
        Map<TopicPartition, Long> times = new HashMap<>();
        assigned.forEach(partition -> times.put(partition, sinceMillis));
        Map<TopicPartition, OffsetAndTimestamp> starts = consumer.offsetsForTimes(times, PATIENCE);
        for (TopicPartition partition : assigned) {
          OffsetAndTimestamp start = starts.get(partition);
          consumer.seek(
              partition, start == null ? ends.getOrDefault(partition, 0L) : start.offset());
        }
      }
      long deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
      while (ends.entrySet().stream()
          .anyMatch(end -> consumer.position(end.getKey(), PATIENCE) < end.getValue())) {
        int got = 0;
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          if (record.offset()
              < ends.getOrDefault(new TopicPartition(topic, record.partition()), 0L)) {
            visitor.record(record);
            read++;
          }
          got++;
        }
        if (got > 0) {
          deadlineNanos = System.nanoTime() + PATIENCE.toNanos();
        } else if (System.nanoTime() > deadlineNanos) {
          throw CommandFailure.unreachable(
              "topic " + topic + " gives no more records: is its partition without a leader?",
              null);
        }
      }
      return read;
    } catch (KafkaException e) {
      throw CommandFailure.unreachable("reading " + topic + " failed: " + e.getMessage(), e);
    }
  }

  static CommandFailure missing(KafkaOptions kafka, String topic) {
    return CommandFailure.unreachable(
        "there is no topic "
            + topic
            + " at "
            + kafka.bootstrapServers()
            + ": create it with forestall topics create, or correct --topic-prefix",
        null);
  }
}
