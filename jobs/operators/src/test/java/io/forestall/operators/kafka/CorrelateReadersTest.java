package io.forestall.operators.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.operators.TestingSchemaContext;
import io.forestall.operators.correlate.CorrelateInput;
import io.forestall.operators.correlate.RouteControl;
import io.forestall.schemas.AnomalyRecord;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Event;
import io.forestall.schemas.FleetEntry;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.FleetEntries;
import io.forestall.wire.IncidentRecords;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.flink.api.common.functions.util.ListCollector;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CorrelateReadersTest {

  private static final long NOON_MILLIS = 1_750_000_000_000L;

  private static Event event() {
    return IncidentRecords.event(
        new FleetEvent(
            "e-1",
            "disk.failed",
            Severity.ERROR,
            false,
            Subject.disk("d-1"),
            List.of(),
            NOON_MILLIS,
            null,
            1,
            0,
            null,
            null,
            null,
            null,
            null,
            "test",
            "",
            Map.of(),
            Map.of()));
  }

  @Test
  void anEventIsReadAndWhatIsNoneSaysWhy() throws Exception {
    EventReader reader = EventReader.events(1000);
    byte[] good = AvroCodec.of(Event.class).encode(event());
    Event wrong = event();
    wrong.setConfidence(2);

    assertThat(read(reader, "disk/d-1", good)).extracting(CorrelateInput::event).isNotNull();
    dead(read(reader, "disk/d-1", null), DeadReason.MISSING_FIELD, "an event has no tombstone");
    dead(read(reader, "disk/d-1", new byte[] {1}), DeadReason.TRUNCATED, "event: ");
    dead(
        read(reader, "disk/d-1", AvroCodec.of(Event.class).encode(wrong)),
        DeadReason.OUT_OF_RANGE,
        "event: confidence is 2.0: give 0.0 to 1.0");
  }

  @Test
  void anAnomalyToTheBadSideIsAnEvent() throws Exception {
    EventReader reader = EventReader.anomalies(1000);
    AnomalyRecord anomaly =
        AnomalyRecord.newBuilder()
            .setEntity(new EntityRef(EntityKind.DISK, "d-1"))
            .setNode("n-1")
            .setTimeMillis(NOON_MILLIS)
            .setSinceMillis(NOON_MILLIS)
            .setSignal("disk_latency_seconds")
            .setValue(0.2)
            .setExpected(0.01)
            .setSpread(0.002)
            .setScore(0.9)
            .setWorse(true)
            .build();
    byte[] begun = AvroCodec.of(AnomalyRecord.class).encode(anomaly);
    anomaly.setEnded(true);
    byte[] ended = AvroCodec.of(AnomalyRecord.class).encode(anomaly);

    assertThat(read(reader, "disk/d-1", begun))
        .extracting(input -> input.event() == null ? "" : input.event().type())
        .containsExactly("disk.latency.high");
    assertThat(read(reader, "disk/d-1", ended)).isEmpty();
    dead(read(reader, "disk/d-1", new byte[] {1}), DeadReason.TRUNCATED, "event: ");
  }

  @Test
  void onlyTheBrokersClockTellsThatAWritersIsAhead() throws Exception {
    EventReader reader = EventReader.events(1000);
    Event ahead = event();
    ahead.setTimeMillis(NOON_MILLIS + 1001);
    byte[] bytes = AvroCodec.of(Event.class).encode(ahead);

    dead(
        read(reader, record("disk/d-1", bytes, TimestampType.LOG_APPEND_TIME)),
        DeadReason.FUTURE_TIME,
        "timeMillis is 1001 ms ahead of the broker's clock");
    assertThat(read(reader, record("disk/d-1", bytes, TimestampType.CREATE_TIME)).get(0).event())
        .isNotNull();
  }

  @Test
  void placesOfNodesAreReadAndDisksPassedOver() throws Exception {
    PlaceReader reader = new PlaceReader();
    Place place = new Place("n-1", "r", "z", "eu", "p");
    byte[] node =
        AvroCodec.of(FleetEntry.class)
            .encode(FleetEntries.of(FleetMember.node(place, false), NOON_MILLIS));

    assertThat(read(reader, "node/n-1", node))
        .containsExactly(RouteControl.place("node/n-1", place));
    assertThat(read(reader, "node/n-1", null))
        .containsExactly(RouteControl.place("node/n-1", null));
    assertThat(read(reader, "node/n-2", node)).as("a key that is not its entity").isEmpty();
    assertThat(read(reader, "node/n-1", new byte[] {1, 2})).isEmpty();
    assertThat(read(reader, "disk/d-1", new byte[] {1, 2})).isEmpty();
    assertThat(read(reader, "volume/v-1", node)).isEmpty();
  }

  @Test
  void aLongRunOfDisksIsNoSilence() throws Exception {
    PlaceReader reader = new PlaceReader();
    List<RouteControl> all = new ArrayList<>();
    reader.open(new TestingSchemaContext());
    for (int i = 0; i < 2500; i++) {
      reader.deserialize(
          record("disk/d" + i, new byte[0], TimestampType.CREATE_TIME), new ListCollector<>(all));
    }
    assertThat(all).hasSize(2).allMatch(each -> each.place() == null);
  }

  @Test
  void policiesAreTakenAsTheyAre() throws Exception {
    RouteControl control = read(new PolicyReader(), "all/rule/x", new byte[] {9}).get(0);
    assertThat(control.key()).isEqualTo("all/rule/x");
    assertThat(control.policy()).containsExactly(9);
    assertThat(read(new PolicyReader(), "all/rule/x", null).get(0).policy()).isNull();
  }

  private static void dead(List<CorrelateInput> inputs, DeadReason reason, String detail) {
    assertThat(inputs).hasSize(1);
    var letter = Objects.requireNonNull(inputs.get(0).letter());
    assertThat(letter.getReason()).isEqualTo(reason);
    assertThat(letter.getDetail()).contains(detail);
    assertThat(letter.getComponent()).isEqualTo("correlate");
    assertThat(letter.getOffset()).isEqualTo(7);
  }

  private static <T> List<T> read(
      KafkaRecordDeserializationSchema<T> reader, String key, byte @Nullable [] value)
      throws Exception {
    return read(reader, record(key, value, TimestampType.LOG_APPEND_TIME));
  }

  private static <T> List<T> read(
      KafkaRecordDeserializationSchema<T> reader, ConsumerRecord<byte[], byte[]> record)
      throws Exception {
    List<T> all = new ArrayList<>();
    reader.open(new TestingSchemaContext());
    reader.deserialize(record, new ListCollector<>(all));
    return all;
  }

  @SuppressWarnings("NullAway") // a tombstone has no value
  private static ConsumerRecord<byte[], byte[]> record(
      String key, byte @Nullable [] value, TimestampType type) {
    return new ConsumerRecord<>(
        "forestall.x.v1",
        3,
        7,
        NOON_MILLIS,
        type,
        0,
        0,
        key.getBytes(StandardCharsets.UTF_8),
        value,
        new RecordHeaders(),
        Optional.empty());
  }
}
