package io.forestall.operators.kafka;

import io.forestall.operators.SenseSettings;
import io.forestall.schemas.Topics;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;

/**
 * Sources and sinks on the topics of the contract. Sources start from their checkpoint, and without
 * one from the earliest record: with empty state every record is new. Offsets are committed for
 * those who watch the lag, and never read. Sinks deliver at least once: each record is acknowledged
 * by all in-sync replicas before a checkpoint completes.
 */
public final class KafkaPorts {

  private static final long ANSWER_SECONDS = 60;
  private static final String GATHERED_MILLIS = "20";
  private static final String AT_ONCE_MILLIS = "0";

  /**
   * What is sent at once is often sent after hours of silence: it must not ask first where its
   * topic is. A day; milliseconds.
   */
  private static final String KEPT_READY_MILLIS = "86400000";

  /** The most that a broker allows as it ships; a checkpoint must complete within it. */
  private static final String TRANSACTION_MILLIS = "900000";

  /** A model is one record; the topic takes as much. */
  private static final String MOST_REQUEST_BYTES = "8388608";

  private final String topicPrefix;
  private final Map<String, String> kafka;
  private final String groupId;
  private final Map<String, String> ofConsumers;
  private final Map<String, String> ofProducers;

  /** Ports of the sense job. */
  public KafkaPorts(SenseSettings settings) {
    this(settings.topicPrefix(), settings.kafka(), settings.groupId());
  }

  /**
   * Ports of a job.
   *
   * @param topicPrefix first word of every topic's name
   * @param kafka properties of every Kafka client
   * @param groupId consumer group of the committed offsets
   */
  public KafkaPorts(String topicPrefix, Map<String, String> kafka, String groupId) {
    this(topicPrefix, kafka, groupId, Map.of(), Map.of());
  }

  private KafkaPorts(
      String topicPrefix,
      Map<String, String> kafka,
      String groupId,
      Map<String, String> ofConsumers,
      Map<String, String> ofProducers) {
    this.topicPrefix = topicPrefix;
    this.kafka = Map.copyOf(kafka);
    this.groupId = groupId;
    this.ofConsumers = Map.copyOf(ofConsumers);
    this.ofProducers = Map.copyOf(ofProducers);
  }

  /**
   * The same ports with other properties where the user gives none.
   *
   * @param consumers of the sources
   * @param producers of the sinks
   */
  public KafkaPorts preferring(Map<String, String> consumers, Map<String, String> producers) {
    return new KafkaPorts(topicPrefix, kafka, groupId, consumers, producers);
  }

  /** How many partitions a topic has when a task asks. */
  public PartitionCount partitions(Topics topic) {
    Properties properties = properties();
    String name = topic.name(topicPrefix);
    return () -> {
      try (Admin admin = Admin.create(properties)) {
        var answer = admin.describeTopics(List.of(name)).topicNameValues().get(name);
        return Objects.requireNonNull(answer)
            .get(ANSWER_SECONDS, TimeUnit.SECONDS)
            .partitions()
            .size();
      }
    };
  }

  private Properties properties() {
    Properties properties = new Properties();
    kafka.forEach(properties::setProperty);
    return properties;
  }

  /** A source of a topic, from its earliest record on. */
  public <T> KafkaSource<T> source(Topics topic, KafkaRecordDeserializationSchema<T> reader) {
    return source(topic, reader, OffsetsInitializer.earliest());
  }

  /**
   * A source of a topic.
   *
   * @param start where it begins when there is no checkpoint
   */
  public <T> KafkaSource<T> source(
      Topics topic, KafkaRecordDeserializationSchema<T> reader, OffsetsInitializer start) {
    Properties properties = properties();
    ofConsumers.forEach(properties::putIfAbsent);
    properties.putIfAbsent("commit.offsets.on.checkpoint", "true");
    // What the train job writes counts once it is committed; all else is committed at once.
    properties.putIfAbsent("isolation.level", "read_committed");
    properties.putIfAbsent("register.consumer.metrics", "false");
    properties.putIfAbsent("partition.discovery.interval.ms", "60000");
    return KafkaSource.<T>builder()
        .setTopics(topic.name(topicPrefix))
        .setGroupId(groupId)
        .setClientIdPrefix(groupId + "-" + topic.noun())
        .setStartingOffsets(start)
        .setProperties(properties)
        .setDeserializer(
            new SchemaFollowingReader<>(reader, Topics.SCHEMAS.name(topicPrefix), properties()))
        .build();
  }

  /** A sink of a topic that gathers records for a moment: for streams that never pause. */
  public <E, T extends SpecificRecordBase> KafkaSink<E> sink(
      Topics topic,
      Class<T> type,
      RecordWriter.Part<E, String> key,
      RecordWriter.Part<E, @Nullable T> value) {
    return sink(topic, type, key, value, GATHERED_MILLIS);
  }

  /** A sink of a topic that sends each record at once: for what somebody waits for. */
  public <E, T extends SpecificRecordBase> KafkaSink<E> promptSink(
      Topics topic,
      Class<T> type,
      RecordWriter.Part<E, String> key,
      RecordWriter.Part<E, @Nullable T> value) {
    return sink(topic, type, key, value, AT_ONCE_MILLIS);
  }

  private <E, T extends SpecificRecordBase> KafkaSink<E> sink(
      Topics topic,
      Class<T> type,
      RecordWriter.Part<E, String> key,
      RecordWriter.Part<E, @Nullable T> value,
      String lingerMillis) {
    return sink(new RecordWriter<>(topic.name(topicPrefix), type, key, value), lingerMillis);
  }

  /** A sink of records that are written in their own way; each is sent at once. */
  public <E> KafkaSink<E> promptSink(KafkaRecordSerializationSchema<E> writer) {
    return sink(writer, AT_ONCE_MILLIS);
  }

  /**
   * A sink whose records are seen once a checkpoint with them is complete, and never twice.
   *
   * @param transactions first words of the names of its transactions; of no other sink
   */
  public <E, T extends SpecificRecordBase> KafkaSink<E> transactionalSink(
      Topics topic,
      Class<T> type,
      RecordWriter.Part<E, String> key,
      RecordWriter.Part<E, @Nullable T> value,
      String transactions) {
    Properties properties = producer(AT_ONCE_MILLIS);
    properties.putIfAbsent("transaction.timeout.ms", TRANSACTION_MILLIS);
    properties.putIfAbsent("max.request.size", MOST_REQUEST_BYTES);
    return KafkaSink.<E>builder()
        .setKafkaProducerConfig(properties)
        .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
        .setTransactionalIdPrefix(groupId + "-" + transactions)
        .setRecordSerializer(new RecordWriter<>(topic.name(topicPrefix), type, key, value))
        .build();
  }

  private <E> KafkaSink<E> sink(KafkaRecordSerializationSchema<E> writer, String lingerMillis) {
    return KafkaSink.<E>builder()
        .setKafkaProducerConfig(producer(lingerMillis))
        .setDeliveryGuarantee(DeliveryGuarantee.AT_LEAST_ONCE)
        .setRecordSerializer(writer)
        .build();
  }

  private Properties producer(String lingerMillis) {
    Properties properties = properties();
    ofProducers.forEach(properties::putIfAbsent);
    properties.putIfAbsent("acks", "all");
    properties.putIfAbsent("compression.type", "zstd");
    properties.putIfAbsent("linger.ms", lingerMillis);
    if (lingerMillis.equals(AT_ONCE_MILLIS)) {
      properties.putIfAbsent("metadata.max.idle.ms", KEPT_READY_MILLIS);
    }
    properties.putIfAbsent("batch.size", "131072");
    properties.putIfAbsent("register.producer.metrics", "false");
    return properties;
  }
}
