package io.forestall.nodes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.DiskFailure;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.schemas.Event;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.SchemaRecord;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.FleetEntries;
import io.forestall.wire.WireException;
import io.forestall.wire.WriterSchemas;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

final class TelemetryPublisherTest {

  private static final Place PLACE = new Place("n-0001", "r-01", "z-1", "region-1", "pool-1");

  private static MockProducer<byte[], byte[]> producer(boolean autoComplete) {
    Node node = new Node(1, "localhost", 9092);
    List<PartitionInfo> partitions = new ArrayList<>();
    for (Topics topic : Topics.values()) {
      for (int i = 0; i < topic.spec().partitions(); i++) {
        partitions.add(
            new PartitionInfo(topic.name("test"), i, node, new Node[] {node}, new Node[] {node}));
      }
    }
    Cluster cluster = new Cluster("test", List.of(node), partitions, Set.of(), Set.of());
    return new MockProducer<>(
        cluster, autoComplete, null, new ByteArraySerializer(), new ByteArraySerializer());
  }

  private static String key(ProducerRecord<byte[], byte[]> record) {
    return new String(record.key(), StandardCharsets.UTF_8);
  }

  @Test
  void sendsEachThingToItsTopicUnderItsKey() throws WireException {
    MockProducer<byte[], byte[]> producer = producer(true);
    TelemetryPublisher publisher = new TelemetryPublisher(producer, "test");
    FleetMember disk = new FleetMember(Subject.disk("Z1"), PLACE, "hdd", "SYNTH", 4_000L, true);
    publisher.member(FleetMember.node(PLACE, true), 5);
    publisher.member(disk, 5);
    publisher.retire(Subject.disk("Z0"));
    publisher.frame(new TelemetryFrame("n-0001", 5L, 0L, "test", List.of()));
    publisher.failure(new DiskFailure("Z1", "n-0001", 7), "test");
    publisher.flush();

    List<ProducerRecord<byte[], byte[]>> sent = producer.history();
    assertThat(sent)
        .extracting(record -> record.topic() + " " + key(record))
        .containsExactly(
            "test.fleet.v1 node/n-0001",
            "test.fleet.v1 disk/Z1",
            "test.fleet.v1 disk/Z0",
            "test.telemetry.v1 n-0001",
            "test.events.v1 disk/Z1");
    assertThat(sent)
        .allMatch(
            record ->
                record.partition()
                    == FixedPartitioner.partition(key(record), Topics.FLEET.spec().partitions()));
    assertThat(sent.get(2).value()).isNull();
    FleetEntry entry = AvroCodec.of(FleetEntry.class).decode(sent.get(1).value());
    assertThat(FleetEntries.member(entry)).isEqualTo(disk);
    Event event = AvroCodec.of(Event.class).decode(sent.get(4).value());
    assertThat(event.getId()).isEqualTo("disk.failed/Z1/7");
    assertThat(event.getTimeMillis()).isEqualTo(7);
    assertThat(publisher.acknowledged(Topics.FLEET)).isEqualTo(3);
    publisher.close();
    assertThat(producer.closed()).isTrue();
  }

  @Test
  void publishesTheSchemasItWrites() throws WireException {
    MockProducer<byte[], byte[]> producer = producer(true);
    new TelemetryPublisher(producer, "test").publishSchemas("test 1", 9);

    assertThat(producer.history()).hasSize(4);
    for (ProducerRecord<byte[], byte[]> record : producer.history()) {
      SchemaRecord schema = AvroCodec.of(SchemaRecord.class).decode(record.value());
      assertThat(key(record)).isEqualTo(WriterSchemas.fingerprintKey(schema.getFingerprint()));
      WriterSchemas.released().add(schema);
    }
  }

  @Test
  void reportsAFailureOfAnEarlierRecord() {
    MockProducer<byte[], byte[]> producer = producer(false);
    TelemetryPublisher publisher = new TelemetryPublisher(producer, "test");
    publisher.frame(new TelemetryFrame("n-0001", 5L, 0L, "test", List.of()));
    assertThat(producer.errorNext(new RecordTooLargeException("too large"))).isTrue();

    assertThatThrownBy(
            () -> publisher.frame(new TelemetryFrame("n-0001", 6L, 1L, "test", List.of())))
        .isInstanceOf(PublishException.class)
        .hasMessageContaining("n-0001")
        .hasMessageContaining("test.telemetry.v1")
        .hasMessageContaining("max.message.bytes");
    assertThatThrownBy(publisher::flush).isInstanceOf(PublishException.class);
    assertThat(publisher.acknowledged(Topics.TELEMETRY)).isZero();
  }

  @Test
  void reportsABrokerThatTakesNothing() {
    MockProducer<byte[], byte[]> producer = producer(true);
    TelemetryPublisher publisher = new TelemetryPublisher(producer, "test");
    producer.sendException = new TimeoutException("buffer is full");
    assertThatThrownBy(() -> publisher.retire(Subject.disk("Z1")))
        .isInstanceOf(PublishException.class)
        .hasMessageContaining("is it up");
  }
}
