package io.forestall.bench;

import io.forestall.schemas.EntityKind;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.WireException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * What a risk topic says, read as it grows: each score once, repeats counted, contradictions (two
 * different scores for one sample) counted. Not thread-safe.
 */
final class RiskTable implements AutoCloseable {
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final AvroCodec<Risk> codec = AvroCodec.of(Risk.class);
  private final Map<String, Risk> scores = new HashMap<>();
  private final Map<String, Risk> newest = new TreeMap<>();
  private long repeats;
  private long contradictions;

  RiskTable(String bootstrapServers, String prefix) {
    Properties properties = new Properties();
    properties.setProperty("bootstrap.servers", bootstrapServers);
    properties.setProperty("auto.offset.reset", "earliest");
    properties.setProperty("enable.auto.commit", "false");
    consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    List<TopicPartition> partitions =
        consumer.partitionsFor(Topics.RISK.name(prefix)).stream()
            .map(p -> new TopicPartition(p.topic(), p.partition()))
            .toList();
    if (partitions.isEmpty()) {
      consumer.close();
      throw new IllegalStateException("there is no topic " + Topics.RISK.name(prefix) + " yet");
    }
    consumer.assign(partitions);
    consumer.seekToBeginning(partitions);
  }

  /** Reads what has come; waits a moment when nothing has. Returns how many samples are scored. */
  long read() {
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
      if (record.value() != null) {
        add(record.value());
      }
    }
    return scores.size();
  }

  private void add(byte[] value) {
    Risk risk;
    try {
      risk = codec.decode(value);
    } catch (WireException e) {
      throw new IllegalStateException("the job wrote an unreadable risk record", e);
    }
    // Scores of disks by their samples; the nodes that hold them have scores too.
    if (risk.getStale() || risk.getEntity().getKind() != EntityKind.DISK) {
      return;
    }
    String disk = risk.getEntity().getId();
    LocalDate day = LocalDate.ofInstant(Instant.ofEpochMilli(risk.getTimeMillis()), ZoneOffset.UTC);
    Risk before = scores.putIfAbsent(disk + "," + day, risk);
    if (before == null) {
      newest.merge(disk, risk, (a, b) -> a.getSamples() >= b.getSamples() ? a : b);
    } else if (before.equals(risk)) {
      repeats++;
    } else {
      contradictions++;
    }
  }

  /** The probability of a disk's sample by {@code serial,date}; null when it was not scored. */
  @Nullable Double probability(String key) {
    Risk risk = scores.get(key);
    return risk == null ? null : risk.getProbability();
  }

  /** The newest score of each disk. */
  Map<String, Risk> newest() {
    return newest;
  }

  long repeats() {
    return repeats;
  }

  long contradictions() {
    return contradictions;
  }

  @Override
  public void close() {
    consumer.close();
  }
}
