package io.forestall.app;

import io.forestall.app.runtime.EmbeddedKafka;
import io.forestall.app.topics.TopicAdmin;
import io.forestall.schemas.Topics;
import io.forestall.wire.FixedPartitioner;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/** A real broker, for tests that write and read records of the product's topics by hand. */
public final class TestingBroker implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 30;

  private final EmbeddedKafka kafka;
  private final KafkaOptions options;
  private final KafkaProducer<byte[], byte[]> producer;

  private TestingBroker(EmbeddedKafka kafka, String prefix) {
    this.kafka = kafka;
    options = new KafkaOptions(kafka.bootstrapServers(), prefix);
    producer =
        new KafkaProducer<>(
            options.clientProperties(), new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** Starts it with all topics of this prefix, as the product creates them. */
  public static TestingBroker start(Path directory, String prefix) throws Exception {
    TestingBroker broker = new TestingBroker(EmbeddedKafka.start(directory), prefix);
    try (Admin admin = broker.options.openAdmin()) {
      new TopicAdmin(admin, prefix).createMissing((short) 1);
    }
    return broker;
  }

  /** Starts it with a few topics of a few partitions. */
  public static TestingBroker start(
      Path directory, String prefix, int partitions, List<Topics> topics) throws Exception {
    TestingBroker broker = new TestingBroker(EmbeddedKafka.start(directory), prefix);
    broker.create(partitions, topics);
    return broker;
  }

  /** Creates topics. */
  public void create(int partitions, List<Topics> topics) throws Exception {
    List<NewTopic> all = new ArrayList<>();
    for (Topics topic : topics) {
      all.add(new NewTopic(name(topic), partitions, (short) 1));
    }
    try (Admin admin = options.openAdmin()) {
      admin.createTopics(all).all().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }
  }

  /** How it is reached. */
  public KafkaOptions options() {
    return options;
  }

  /** Where it is reached. */
  public String bootstrapServers() {
    return kafka.bootstrapServers();
  }

  /** Writes a record where the product would write it, and waits until it is there. */
  public RecordMetadata send(Topics topic, String key, byte @Nullable [] value) throws Exception {
    int partitions = producer.partitionsFor(name(topic)).size();
    return producer
        .send(
            new ProducerRecord<>(
                name(topic),
                FixedPartitioner.partition(key, partitions),
                key.getBytes(StandardCharsets.UTF_8),
                value))
        .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  /** Reads a topic from its beginning. */
  public KafkaConsumer<byte[], byte[]> reader(Topics topic) {
    Properties properties = options.clientProperties();
    properties.put("enable.auto.commit", "false");
    KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    List<TopicPartition> all = new ArrayList<>();
    for (int i = 0; i < producer.partitionsFor(name(topic)).size(); i++) {
      all.add(new TopicPartition(name(topic), i));
    }
    consumer.assign(all);
    consumer.seekToBeginning(all);
    return consumer;
  }

  private String name(Topics topic) {
    return topic.name(options.topicPrefix());
  }

  @Override
  public void close() {
    producer.close();
    kafka.close();
  }
}
