package io.forestall.operators.kafka;

import io.forestall.operators.SenseSettings;
import io.forestall.schemas.Topics;
import java.util.Properties;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.jspecify.annotations.Nullable;

/**
 * Sources and sinks on the topics of the contract. Sources start from their checkpoint, and without
 * one from the earliest record: with empty state every record is new. Offsets are committed for
 * those who watch the lag, and never read. Sinks deliver at least once: each record is acknowledged
 * by all in-sync replicas before a checkpoint completes.
 */
public final class KafkaPorts {

  private final SenseSettings settings;

  /** Ports under these settings. */
  public KafkaPorts(SenseSettings settings) {
    this.settings = settings;
  }

  /** A source of a topic. */
  public <T> KafkaSource<T> source(Topics topic, KafkaRecordDeserializationSchema<T> reader) {
    Properties properties = settings.kafkaProperties();
    properties.putIfAbsent("commit.offsets.on.checkpoint", "true");
    properties.putIfAbsent("register.consumer.metrics", "false");
    properties.putIfAbsent("partition.discovery.interval.ms", "60000");
    return KafkaSource.<T>builder()
        .setTopics(topic.name(settings.topicPrefix()))
        .setGroupId(settings.groupId())
        .setClientIdPrefix(settings.groupId() + "-" + topic.noun())
        .setStartingOffsets(OffsetsInitializer.earliest())
        .setProperties(properties)
        .setDeserializer(
            new SchemaFollowingReader<>(
                reader, Topics.SCHEMAS.name(settings.topicPrefix()), settings.kafkaProperties()))
        .build();
  }

  /** A sink of a topic. */
  public <E, T extends SpecificRecordBase> KafkaSink<E> sink(
      Topics topic,
      Class<T> type,
      RecordWriter.Part<E, String> key,
      RecordWriter.Part<E, @Nullable T> value) {
    Properties properties = settings.kafkaProperties();
    properties.putIfAbsent("acks", "all");
    properties.putIfAbsent("compression.type", "zstd");
    properties.putIfAbsent("linger.ms", "20");
    properties.putIfAbsent("batch.size", "131072");
    properties.putIfAbsent("register.producer.metrics", "false");
    return KafkaSink.<E>builder()
        .setKafkaProducerConfig(properties)
        .setDeliveryGuarantee(DeliveryGuarantee.AT_LEAST_ONCE)
        .setRecordSerializer(
            new RecordWriter<>(topic.name(settings.topicPrefix()), type, key, value))
        .build();
  }
}
