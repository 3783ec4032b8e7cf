package io.forestall.app.risk;

import io.forestall.app.CommandFailure;
import io.forestall.app.KafkaOptions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads a topic from its start to where it ended when the reading began. */
final class TopicReader {
  private static final Duration POLL = Duration.ofMillis(500);

  private TopicReader() {}

  /** What is done with each record, in the order of its partition. */
  interface Visitor {
    void record(ConsumerRecord<byte[], byte[]> record);
  }

  /**
   * Reads every record that the topic holds now.
   *
   * @return number of records read
   * @throws CommandFailure when the broker or the topic cannot be reached
   */
  static long readAll(KafkaOptions kafka, String topic, Visitor visitor) {
    kafka.openAdmin().close();
    Properties properties = kafka.clientProperties();
    properties.setProperty("enable.auto.commit", "false");
    properties.setProperty("auto.offset.reset", "earliest");
    properties.setProperty("allow.auto.create.topics", "false");
    properties.setProperty("isolation.level", "read_committed");
    long read = 0;
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<PartitionInfo> partitions = consumer.partitionsFor(topic);
      if (partitions == null || partitions.isEmpty()) {
        throw CommandFailure.unreachable(
            "there is no topic "
                + topic
                + " at "
                + kafka.bootstrapServers()
                + ": create it with forestall topics create, or correct --topic-prefix",
            null);
      }
      List<TopicPartition> assigned =
          partitions.stream().map(p -> new TopicPartition(p.topic(), p.partition())).toList();
      consumer.assign(assigned);
      consumer.seekToBeginning(assigned);
      Map<TopicPartition, Long> ends = consumer.endOffsets(assigned);
      while (ends.entrySet().stream()
          .anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          visitor.record(record);
          read++;
        }
      }
      return read;
    } catch (KafkaException e) {
      throw CommandFailure.unreachable("reading " + topic + " failed: " + e.getMessage(), e);
    }
  }
}
