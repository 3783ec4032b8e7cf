package io.forestall.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.schemas.SchemaHistory;
import io.forestall.schemas.SchemaRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class SchemaTopicTest {

  private static final String TOPIC = "forestall.schemas.v1";
  private static final Duration SOON = Duration.ofSeconds(10);
  private static final Schema FRESH =
      new Schema.Parser()
          .parse(
              "{\"type\":\"record\",\"name\":\"Fresh\",\"fields\":"
                  + "[{\"name\":\"a\",\"type\":\"long\"}]}");

  private final List<byte[]> stored = new ArrayList<>();
  private final AtomicInteger reads = new AtomicInteger();

  /** A topic of one partition in memory. */
  private SchemaTopic topic() {
    return new SchemaTopic(
        TOPIC,
        () -> {
          reads.incrementAndGet();
          TopicPartition partition = new TopicPartition(TOPIC, 0);
          MockConsumer<byte[], byte[]> consumer = new MockConsumer<>("earliest");
          consumer.updatePartitions(
              TOPIC, List.of(new PartitionInfo(TOPIC, 0, Node.noNode(), new Node[0], new Node[0])));
          consumer.updateBeginningOffsets(Map.of(partition, 0L));
          consumer.updateEndOffsets(Map.of(partition, (long) stored.size()));
          consumer.schedulePollTask(
              () -> {
                for (int i = 0; i < stored.size(); i++) {
                  consumer.addRecord(new ConsumerRecord<>(TOPIC, 0, i, new byte[0], stored.get(i)));
                }
              });
          return consumer;
        });
  }

  private static byte[] encoded(Schema schema) {
    return AvroCodec.of(SchemaRecord.class)
        .encode(
            new SchemaRecord(
                SchemaNormalization.parsingFingerprint64(schema),
                schema.getFullName(),
                schema.toString(),
                "test",
                0L));
  }

  @Test
  void whatOnePublishesTheOtherReads() {
    MockProducer<byte[], byte[]> producer =
        new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
    int published = SchemaTopic.publish(producer, TOPIC, "test 1", 5L, SOON);
    assertThat(published).isEqualTo(SchemaHistory.load().size());
    producer.history().stream().map(ProducerRecord::value).forEach(stored::add);
    assertThat(producer.history().stream().map(ProducerRecord::key).map(String::new).distinct())
        .hasSize(published);
    stored.add(encoded(FRESH));

    WriterSchemas writers = WriterSchemas.released();
    assertThat(topic().readToEnd(writers, SOON)).isEqualTo(1);
    assertThat(writers.find(SchemaNormalization.parsingFingerprint64(FRESH))).isEqualTo(FRESH);
    assertThat(topic().readToEnd(writers, SOON)).as("a second time").isZero();
  }

  @Test
  void poisonOnTheTopicIsLeftOut() {
    stored.add(new byte[] {1, 2, 3});
    stored.add(encoded(FRESH));
    stored.add(AvroCodec.of(SchemaRecord.class).encode(new SchemaRecord(7L, "X", "{", "test", 0L)));
    stored.add(encoded(FRESH));
    assertThat(topic().readToEnd(WriterSchemas.released(), SOON)).isEqualTo(1);
  }

  @Test
  void unknownFingerprintsReadTheTopicButNotForEachRecord() throws WireException {
    WriterSchemas writers = WriterSchemas.released();
    topic().follow(writers, Duration.ofHours(1), SOON);
    WriterSchemas theirs = WriterSchemas.released();
    theirs.addTrusted(FRESH);
    GenericRecord record = new GenericData.Record(FRESH);
    record.put("a", 9L);
    byte[] bytes = AvroCodec.generic(FRESH, theirs).encode(record);
    stored.add(encoded(FRESH));

    AvroCodec<GenericRecord> reader = AvroCodec.generic(FRESH, writers);
    assertThat(reader.decode(bytes).get("a")).isEqualTo(9L);
    assertThat(reads).hasValue(1);
    byte[] unknown = bytes.clone();
    for (int i = 0; i < 100; i++) {
      unknown[3] = (byte) i;
      assertThatThrownBy(() -> reader.decode(unknown)).isInstanceOf(WireException.class);
    }
    assertThat(reads).as("not again within the hour").hasValue(1);
  }

  @Test
  void anUnreachableBrokerLeavesRecordsUnknown() {
    WriterSchemas writers = WriterSchemas.released();
    new SchemaTopic(
            TOPIC,
            () -> {
              throw new KafkaException("nobody there");
            })
        .follow(writers, Duration.ofHours(1), SOON);
    assertThat(writers.findOrRefresh(1234L)).isNull();
  }
}
