package io.forestall.operators.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.operators.TestingSchemaContext;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Event;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.Severity;
import io.forestall.wire.AvroCodec;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.flink.api.common.functions.util.ListCollector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TrainReaderTest {
  private static final long NOON_MILLIS = 1_750_000_000_000L;
  private static final long MINUTE_MILLIS = 60_000;
  private static final EntityRef DISK = new EntityRef(EntityKind.DISK, "S1");

  private static Event.Builder event(boolean predicted) {
    Event.Builder event =
        Event.newBuilder()
            .setId("e")
            .setType("disk.failed")
            .setSeverity(Severity.CRITICAL)
            .setPredicted(predicted)
            .setEntity(DISK)
            .setTimeMillis(NOON_MILLIS)
            .setSource("test");
    return predicted
        ? event
            .setMode(FailureMode.DISK)
            .setModel("disk-ensemble")
            .setModelVersion(3)
            .setProbability(0.2)
            .setHorizonMillis(30 * MINUTE_MILLIS)
        : event;
  }

  private static List<TrainInput> events(Event.Builder event) throws Exception {
    return read(
        TrainReader.failures(MINUTE_MILLIS),
        "disk/S1",
        AvroCodec.of(Event.class).encode(event.build()));
  }

  @Test
  void failuresAndWhatWasForetoldAreRead() throws Exception {
    assertThat(events(event(false))).containsExactly(TrainInput.failed("S1", NOON_MILLIS));
    assertThat(events(event(true)))
        .containsExactly(
            TrainInput.alarm(
                "S1",
                NOON_MILLIS,
                new TrainInput.Alarm("disk-ensemble", 3, 0.2, 30 * MINUTE_MILLIS)));
  }

  @Test
  void whatForetellsNothingThatCouldBeJudgedIsPassedOver() throws Exception {
    for (Event.Builder vague :
        List.of(
            event(true).setMode(FailureMode.FAIL_SLOW),
            event(true).setMode(FailureMode.UNKNOWN),
            event(true).setModel(null),
            event(true).setModel(""),
            event(true).setModel("x".repeat(10_000)),
            event(true).setModelVersion(null),
            event(true).setProbability(null),
            event(true).setProbability(0.0),
            event(true).setProbability(1.5),
            event(true).setProbability(Double.NaN),
            event(true).setHorizonMillis(0))) {
      assertThat(events(vague)).as(vague.build().toString()).isEmpty();
    }
  }

  @Test
  void otherThingsAndFailuresOfTheFutureAreNoLabels() throws Exception {
    for (Event.Builder other :
        List.of(
            event(false).setType("disk.slow"),
            event(false).setEntity(new EntityRef(EntityKind.NODE, "n-1")),
            event(false).setEntity(new EntityRef(EntityKind.DISK, " ")),
            event(false).setTimeMillis(-1),
            event(false).setTimeMillis(NOON_MILLIS + MINUTE_MILLIS + 1))) {
      assertThat(events(other)).as(other.build().toString()).isEmpty();
    }
    assertThat(events(event(false).setTimeMillis(NOON_MILLIS + MINUTE_MILLIS))).hasSize(1);
  }

  @Test
  void theFleetTellsWhoIsThereAndWhoHasLeft() throws Exception {
    byte[] entry =
        AvroCodec.of(FleetEntry.class)
            .encode(
                FleetEntry.newBuilder()
                    .setEntity(DISK)
                    .setModel("ST4000")
                    .setTimeMillis(NOON_MILLIS)
                    .setRack("r")
                    .setZone("z")
                    .setRegion("g")
                    .setPool("p")
                    .setTier("t")
                    .setSynthetic(true)
                    .build());
    assertThat(read(TrainReader.fleet(), "disk/S1", entry))
        .containsExactly(TrainInput.described("S1", "ST4000"));
    assertThat(read(TrainReader.fleet(), "disk/S1", null)).containsExactly(TrainInput.left("S1"));
    assertThat(read(TrainReader.fleet(), "node/n-1", null)).isEmpty();
    assertThat(read(TrainReader.fleet(), "nonsense", null)).isEmpty();
  }

  @Test
  void noiseOnAnyTopicIsPassedOver() throws Exception {
    for (TrainReader reader :
        List.of(TrainReader.telemetry(), TrainReader.fleet(), TrainReader.failures(1))) {
      assertThat(read(reader, "disk/S1", new byte[] {1, 2, 3})).isEmpty();
    }
  }

  /** A topic of which nothing concerns disks must not look read to its end. */
  @Test
  void nowAndThenItIsToldThatATopicIsStillRead() throws Exception {
    TrainReader reader = TrainReader.failures(1);
    reader.open(new TestingSchemaContext());
    List<TrainInput> out = new ArrayList<>();
    byte[] other = AvroCodec.of(Event.class).encode(event(false).setType("disk.slow").build());
    for (int i = 0; i < 2_000; i++) {
      reader.deserialize(record("disk/S1", other), new ListCollector<>(out));
    }
    assertThat(out).containsExactly(TrainInput.nothing(), TrainInput.nothing());
  }

  private static List<TrainInput> read(TrainReader reader, String key, byte @Nullable [] value)
      throws Exception {
    List<TrainInput> all = new ArrayList<>();
    reader.open(new TestingSchemaContext());
    reader.deserialize(record(key, value), new ListCollector<>(all));
    return all;
  }

  @SuppressWarnings("NullAway") // a tombstone has no value
  private static ConsumerRecord<byte[], byte[]> record(String key, byte @Nullable [] value) {
    return new ConsumerRecord<>(
        "forestall.x.v1",
        0,
        7,
        NOON_MILLIS,
        TimestampType.LOG_APPEND_TIME,
        0,
        0,
        key.getBytes(StandardCharsets.UTF_8),
        value,
        new RecordHeaders(),
        Optional.empty());
  }
}
