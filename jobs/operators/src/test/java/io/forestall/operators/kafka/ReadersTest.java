package io.forestall.operators.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.operators.DiskInput;
import io.forestall.operators.EntityInput;
import io.forestall.operators.Home;
import io.forestall.operators.ModelInput;
import io.forestall.operators.NodeInput;
import io.forestall.operators.RiskUpdate;
import io.forestall.operators.SenseInput;
import io.forestall.operators.TestingSchemaContext;
import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.FleetMetric;
import io.forestall.risk.signal.Scope;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Event;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Sample;
import io.forestall.schemas.Severity;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.schemas.Tier;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.FixedPartitioner;
import io.forestall.wire.FrameEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import org.apache.flink.api.common.functions.util.ListCollector;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ReadersTest {

  private static final long NOW = 1_704_067_200_000L;

  @Test
  void frameBecomesOneInputForEachDisk() throws Exception {
    List<DiskInput> inputs =
        disks(
            read(
                new TelemetryReader(), "n-1", frame(NOW, "a", "b"), TimestampType.LOG_APPEND_TIME));
    assertThat(inputs).extracting(DiskInput::index).containsExactly(0, 1);

    assertThat(inputs).extracting(DiskInput::disk).containsExactly("a", "b");
    assertThat(inputs)
        .allSatisfy(
            input -> {
              assertThat(input.kind()).isEqualTo(DiskInput.Kind.SAMPLE);
              assertThat(input.node()).isEqualTo("n-1");
              assertThat(input.partition()).isEqualTo(3);
              assertThat(input.offset()).isEqualTo(77);
              assertThat(input.timeMillis()).isEqualTo(NOW);
            });
  }

  @Test
  void onlyTheBrokersClockJudgesTheFuture() throws Exception {
    byte[] tomorrow = frame(NOW + 86_400_000, "a");

    assertThat(
            disks(read(new TelemetryReader(), "n-1", tomorrow, TimestampType.LOG_APPEND_TIME))
                .get(0)
                .deadLetter()
                .getReason())
        .isEqualTo(DeadReason.FUTURE_TIME);
    assertThat(
            disks(read(new TelemetryReader(), "n-1", tomorrow, TimestampType.CREATE_TIME))
                .get(0)
                .kind())
        .isEqualTo(DiskInput.Kind.SAMPLE);
  }

  @Test
  void frameOfMachinesAndPathsBecomesTheirInputs() throws Exception {
    byte[] bytes =
        new FrameEncoder("n-1", NOW, 0, "test")
            .node(Map.of("load1", 2.0))
            .entity(
                EntitySample.of(
                    "edge/n-1>n-2", Scope.PATH, null, NOW, Map.of(FleetMetric.PATH_ERRORS, 1.0)))
            .encode(AvroCodec.of(TelemetryFrame.class));

    List<SenseInput> read =
        read(new TelemetryReader(), "n-1", bytes, TimestampType.LOG_APPEND_TIME);

    assertThat(read).extracting(SenseInput::disk).containsOnlyNulls();
    List<EntityInput> inputs = read.stream().map(SenseInput::entity).toList();
    assertThat(inputs)
        .extracting(EntityInput::entity, EntityInput::path, EntityInput::index)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("node/n-1", false, 0),
            org.assertj.core.groups.Tuple.tuple("edge/n-1>n-2", true, 1));
    assertThat(inputs).allSatisfy(input -> assertThat(input.offset()).isEqualTo(77));
    assertThat(read).extracting(SenseInput::timeMillis).containsOnly(NOW);
  }

  @Test
  void fleetEntriesOfDisksAndMachinesAreKeptAndOthersPassedOver() throws Exception {
    assertThat(fleet("disk/d1", entry(EntityKind.DISK, "d1")))
        .singleElement()
        .satisfies(
            input -> {
              assertThat(disk(input).kind()).isEqualTo(DiskInput.Kind.FLEET);
              assertThat(disk(input).disk()).isEqualTo("d1");
              assertThat(disk(input).node()).isEqualTo("n-1");
              assertThat(input.entity())
                  .isEqualTo(EntityInput.fleet("disk/d1", new Home("n-1", "r-01", "disk||p")));
            });
    assertThat(fleet("node/n-1", entry(EntityKind.NODE, "n-1")))
        .containsExactly(
            SenseInput.of(EntityInput.fleet("node/n-1", new Home("", "r-01", "node||p"))));
    assertThat(fleet("head/h", entry(EntityKind.HEAD, "h")))
        .containsExactly(
            SenseInput.of(EntityInput.fleet("head/h", new Home("n-1", "r-01", "head||p"))));
    assertThat(fleet("volume/v", entry(EntityKind.VOLUME, "v"))).isEmpty();
    assertThat(fleet("disk/d1", null))
        .singleElement()
        .satisfies(
            input -> {
              assertThat(disk(input).kind()).isEqualTo(DiskInput.Kind.TOMBSTONE);
              assertThat(disk(input).disk()).isEqualTo("d1");
              assertThat(input.entity()).isEqualTo(EntityInput.tombstone("disk/d1"));
            });
    assertThat(fleet("node/n-1", null))
        .containsExactly(SenseInput.of(EntityInput.tombstone("node/n-1")));
    assertThat(fleet("volume/v", null)).isEmpty();
  }

  @Test
  void fleetEntryUnderAnotherKeyIsRefused() throws Exception {
    assertThat(reason(fleet("disk/d2", entry(EntityKind.DISK, "d1"))))
        .isEqualTo(DeadReason.WRONG_TYPE);
    assertThat(reason(fleet(null, entry(EntityKind.DISK, "d1")))).isEqualTo(DeadReason.WRONG_TYPE);
    assertThat(reason(fleet("nonsense", null))).isEqualTo(DeadReason.MISSING_FIELD);
    assertThat(reason(fleet("disk/d1", new byte[] {1, 2}))).isEqualTo(DeadReason.TRUNCATED);
  }

  /** Hostile bytes of every sort: no reader ever throws, and nothing passes without a word. */
  @Test
  void noReaderThrows() throws Exception {
    long seed = 20_260_101;
    SplittableRandom random = new SplittableRandom(seed);
    byte[] good = frame(NOW, "a", "b", "c");
    byte[] entry = entry(EntityKind.DISK, "d1");
    for (int i = 0; i < 3000; i++) {
      byte[] bytes = hostile(random, i % 2 == 0 ? good : entry);
      String what = "seed " + seed + " record " + i;
      assertThat(read(new TelemetryReader(), "n-1", bytes, TimestampType.LOG_APPEND_TIME))
          .as(what)
          .isNotNull();
      assertThat(fleet("disk/d1", bytes)).as(what).hasSizeLessThanOrEqualTo(1);
      assertThat(read(new ModelReader(), "k", bytes, TimestampType.CREATE_TIME))
          .as(what)
          .hasSize(1);
    }
    assertThat(disks(read(new TelemetryReader(), null, null, TimestampType.LOG_APPEND_TIME)))
        .extracting(input -> input.deadLetter().getReason())
        .containsExactly(DeadReason.MISSING_FIELD);
  }

  @Test
  void modelsComeAsTheyAre() throws Exception {
    ModelInput input =
        read(new ModelReader(), "disk/m/1", new byte[] {1}, TimestampType.CREATE_TIME).get(0);
    assertThat(input.key()).isEqualTo("disk/m/1");
    assertThat(input.value()).containsExactly(1);
    assertThat(read(new ModelReader(), "k", null, TimestampType.CREATE_TIME).get(0).value())
        .isNull();
  }

  @Test
  void writerStatesKeyPartitionAndValue() throws Exception {
    Risk risk = new Risk();
    risk.setEntity(new EntityRef(EntityKind.DISK, "d1"));
    risk.setTier(Tier.HEALTHY);
    risk.setModes(List.of());
    RecordWriter<RiskUpdate, Risk> writer =
        new RecordWriter<>("risk", Risk.class, RiskUpdate::key, RiskUpdate::risk);
    TestingSink sink = new TestingSink(12);
    writer.open(new TestingSchemaContext(), sink);

    ProducerRecord<byte[], byte[]> record =
        writer.serialize(new RiskUpdate("disk/d1", risk), sink, 5L);
    assertThat(new String(record.key(), StandardCharsets.UTF_8)).isEqualTo("disk/d1");
    assertThat(record.partition()).isEqualTo(FixedPartitioner.partition("disk/d1", 12));
    assertThat(record.timestamp()).as("the broker's clock stamps it").isNull();
    assertThat(AvroCodec.of(Risk.class).decode(record.value())).isEqualTo(risk);

    ProducerRecord<byte[], byte[]> end =
        writer.serialize(new RiskUpdate("disk/d1", null), sink, null);
    assertThat(end.value()).isNull();
    assertThat(end.partition()).as("the end follows the scores").isEqualTo(record.partition());
  }

  private static byte[] hostile(SplittableRandom random, byte[] good) {
    byte[] bytes = good.clone();
    switch (random.nextInt(4)) {
      case 0 -> bytes = java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length));
      case 1 -> {
        for (int i = 0; i <= random.nextInt(4); i++) {
          bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
      }
      case 2 -> random.nextBytes(bytes);
      default -> {
        // The right header, then anything: lengths of gigabytes among it.
        for (int i = 10; i < bytes.length; i++) {
          bytes[i] = (byte) (random.nextBoolean() ? 0xFF : random.nextInt());
        }
      }
    }
    return bytes;
  }

  private static DeadReason reason(List<SenseInput> inputs) {
    assertThat(inputs).hasSize(1);
    return disks(inputs).get(0).deadLetter().getReason();
  }

  private static List<DiskInput> disks(List<SenseInput> inputs) {
    return inputs.stream().map(ReadersTest::disk).toList();
  }

  private static DiskInput disk(SenseInput input) {
    return Objects.requireNonNull(input.disk());
  }

  private static List<SenseInput> fleet(@Nullable String key, byte @Nullable [] value)
      throws Exception {
    return read(new FleetReader(), key, value, TimestampType.CREATE_TIME);
  }

  private static <T> List<T> read(
      KafkaRecordDeserializationSchema<T> reader,
      @Nullable String key,
      byte @Nullable [] value,
      TimestampType type)
      throws Exception {
    reader.open(new TestingSchemaContext());
    List<T> read = new ArrayList<>();
    reader.deserialize(
        new ConsumerRecord<>(
            "topic",
            3,
            77,
            NOW,
            type,
            0,
            0,
            key == null ? null : key.getBytes(StandardCharsets.UTF_8),
            value,
            new RecordHeaders(),
            Optional.empty()),
        new ListCollector<>(read));
    return read;
  }

  private static byte[] diverged(EntityKind kind, String type, String attributed) {
    Event event = new Event();
    event.setId("copy.diverged/node/n-7/v/0/2/1048576");
    event.setType(type);
    event.setSeverity(Severity.ERROR);
    event.setEntity(new EntityRef(kind, "n-7"));
    event.setRelated(List.of());
    event.setTimeMillis(NOW);
    event.setPredicted(false);
    event.setConfidence(1.0);
    event.setHorizonMillis(0L);
    event.setMode(FailureMode.UNKNOWN);
    event.setSource("move");
    event.setSummary("bytes differ");
    event.setValues(Map.of());
    event.setLabels(Map.of("unit", "v/0", "attributed", attributed));
    return AvroCodec.of(Event.class).encode(event);
  }

  private static List<NodeInput> wrong(byte @Nullable [] value) throws Exception {
    return read(new WrongBytesReader(), "node/n-7", value, TimestampType.LOG_APPEND_TIME);
  }

  @Test
  void onlyWrongBytesThatAreKnownToBeANodesAreTakenIn() throws Exception {
    assertThat(wrong(diverged(EntityKind.NODE, "copy.diverged", "stored-checksum")))
        .containsExactly(
            NodeInput.wrongBytes("node/n-7", "copy.diverged/node/n-7/v/0/2/1048576", NOW));
    assertThat(wrong(diverged(EntityKind.NODE, "copy.diverged", "none"))).isEmpty();
    assertThat(wrong(diverged(EntityKind.VOLUME, "copy.diverged", "stored-checksum"))).isEmpty();
    assertThat(wrong(diverged(EntityKind.NODE, "node.failed", "stored-checksum"))).isEmpty();
    assertThat(wrong("copy.diverged and no event".getBytes(StandardCharsets.UTF_8))).isEmpty();
    assertThat(wrong(new byte[] {1, 2})).isEmpty();
    assertThat(wrong(null)).isEmpty();
  }

  private static byte[] frame(long timeMillis, String... disks) {
    List<Sample> samples = new ArrayList<>();
    for (String disk : disks) {
      samples.add(
          Sample.newBuilder()
              .setEntity(new EntityRef(EntityKind.DISK, disk))
              .setModel("SYNTH A")
              .setMetrics(Map.of("smart_5_raw", 0.0, "smart_194_raw", 24.0))
              .build());
    }
    return AvroCodec.of(TelemetryFrame.class)
        .encode(new TelemetryFrame("n-1", timeMillis, 0L, "node", samples));
  }

  private static byte[] entry(EntityKind kind, String id) {
    return AvroCodec.of(FleetEntry.class)
        .encode(
            FleetEntry.newBuilder()
                .setEntity(new EntityRef(kind, id))
                .setTimeMillis(NOW)
                .setNode("n-1")
                .setRack("r-01")
                .setZone("z")
                .setRegion("r")
                .setPool("p")
                .setTier("hdd")
                .setSynthetic(true)
                .build());
  }

  private record TestingSink(int partitions)
      implements KafkaRecordSerializationSchema.KafkaSinkContext {
    @Override
    public int getParallelInstanceId() {
      return 0;
    }

    @Override
    public int getNumberOfParallelInstances() {
      return 1;
    }

    @Override
    public int[] getPartitionsForTopic(String topic) {
      return new int[partitions];
    }
  }
}
