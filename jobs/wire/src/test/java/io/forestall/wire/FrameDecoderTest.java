package io.forestall.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskSample;
import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.FleetMetric;
import io.forestall.risk.signal.Scope;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Sample;
import io.forestall.schemas.SchemaRecord;
import io.forestall.schemas.TelemetryFrame;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificDatumWriter;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FrameDecoderTest {

  private static final long NOW = 1_700_000_000_000L;

  private final AvroCodec<TelemetryFrame> codec = AvroCodec.of(TelemetryFrame.class);
  private final FrameDecoder decoder = new FrameDecoder();
  private final TestingSink sink = new TestingSink();

  private void decode(byte @Nullable [] value) {
    sink.clear();
    decoder.decode(value, "telemetry", 3, 42, NOW + 500, sink);
  }

  private void decode(FrameEncoder frame) {
    decode(frame.encode(codec));
  }

  private static FrameEncoder frame() {
    return new FrameEncoder("n-0001", NOW, 7, "test");
  }

  private static Sample sample(EntityKind kind, String id, Map<String, Double> metrics) {
    return Sample.newBuilder().setEntity(new EntityRef(kind, id)).setMetrics(metrics).build();
  }

  private byte[] frameOf(Sample... samples) {
    return codec.encode(new TelemetryFrame("n-0001", NOW, 0L, "test", List.of(samples)));
  }

  private DeadLetter only(DeadReason reason) {
    assertThat(sink.disks).isEmpty();
    assertThat(sink.dead).hasSize(1);
    DeadLetter letter = sink.dead.get(0);
    assertThat(letter.getReason()).as(letter.getDetail()).isEqualTo(reason);
    assertThat(letter.getOrigin()).isEqualTo("telemetry");
    assertThat(letter.getPartition()).isEqualTo(3);
    assertThat(letter.getOffset()).isEqualTo(42);
    assertThat(letter.getDetail()).isNotBlank();
    return letter;
  }

  @Test
  void parserIsWrittenForTheNewestSchema() {
    assertThat(FrameDecoder.PARSED_FINGERPRINT)
        .as("TelemetryFrame has changed: adapt FrameDecoder.parse and its fingerprint")
        .isEqualTo(SchemaNormalization.parsingFingerprint64(TelemetryFrame.getClassSchema()));
  }

  @Test
  void readsWhatTheEncoderWrote() {
    decode(
        frame()
            .disk("D1", "ST4", 4_000L, Map.of("smart_5_raw", 12.0, "smart_5_normalized", 99.0))
            .disk("D2", null, null, Map.of())
            .node(Map.of("load1", 0.5)));

    assertThat(sink.dead).isEmpty();
    assertThat(sink.disks).hasSize(2);
    DiskTelemetry first = sink.disks.get(0);
    assertThat(first.node()).isEqualTo("n-0001");
    assertThat(first.disk()).isEqualTo("D1");
    assertThat(first.sample().disk()).isEqualTo("D1");
    assertThat(first.sample().timeMillis()).isEqualTo(NOW);
    assertThat(first.sample().model()).isEqualTo("ST4");
    assertThat(first.sample().value(DiskMetric.REALLOCATED_SECTORS)).isEqualTo(12.0);
    assertThat(first.sample().has(DiskMetric.PENDING_SECTORS)).isFalse();
    assertThat(sink.disks.get(1).disk()).isEqualTo("D2");
    assertThat(sink.disks.get(1).sample().model()).isNull();
    assertThat(sink.entities).hasSize(1);
    assertThat(sink.entities.get(0).publisher()).isEqualTo("n-0001");
    EntitySample node = sink.entities.get(0).sample();
    assertThat(node.entity()).isEqualTo("node/n-0001");
    assertThat(node.scope()).isEqualTo(Scope.MACHINE);
    assertThat(node.timeMillis()).isEqualTo(NOW);
    assertThat(node.value(FleetMetric.LOAD1)).isEqualTo(0.5);
    assertThat(node.has(FleetMetric.CPU_COUNT)).isFalse();
  }

  @Test
  void encoderLeavesOutWhatIsNotFiniteAndTakesSamples() {
    double[] values = DiskSample.absentValues();
    values[DiskMetric.TEMPERATURE.ordinal()] = 31;
    values[DiskMetric.POWER_CYCLES.ordinal()] = Double.POSITIVE_INFINITY;
    decode(frame().disk(new DiskSample("D1", "M", NOW, values)));
    assertThat(sink.dead).isEmpty();
    assertThat(sink.disks.get(0).sample().value(DiskMetric.TEMPERATURE)).isEqualTo(31);
    assertThat(sink.disks.get(0).sample().has(DiskMetric.POWER_CYCLES)).isFalse();
  }

  @Test
  void everyKindOfEntityUnderItsOwnRulesOfIdentity() {
    Map<EntityKind, List<String>> good =
        Map.of(
            EntityKind.NODE, List.of("n-0001"),
            EntityKind.PROCESSOR, List.of("p-1", "n-0001"),
            EntityKind.HEAD, List.of("h-1"),
            EntityKind.EDGE, List.of("n-0001>n-0002", "n-0001>a>b"),
            EntityKind.PAIR, List.of("vol-1@n-0001", "a@b@n-0001"));
    good.forEach(
        (kind, ids) -> {
          String metric =
              kind == EntityKind.EDGE || kind == EntityKind.PAIR ? "path_errors_total" : "load1";
          for (String id : ids) {
            decode(frameOf(sample(kind, id, Map.of(metric, 2.0))));
            assertThat(sink.dead).as("%s %s", kind, id).isEmpty();
            assertThat(sink.entities).hasSize(1);
            assertThat(sink.entities.get(0).sample().entity()).isEqualTo(Keys.of(kind, id));
            assertThat(sink.entities.get(0).sample().scope())
                .isEqualTo(metric.equals("load1") ? Scope.MACHINE : Scope.PATH);
          }
        });
    Map<EntityKind, List<String>> bad =
        Map.of(
            EntityKind.NODE, List.of("n-0002"),
            EntityKind.EDGE,
                List.of("n-0002>n-0001", "n-0001", "n-0001>", ">n-0001", "n-00011>x", "n>n-0001"),
            EntityKind.PAIR,
                List.of(
                    "vol-1@n-0002", "vol-1", "@n-0001", "n-0001@", "vol@n-0001@x", "v@xn-0001"));
    bad.forEach(
        (kind, ids) -> {
          for (String id : ids) {
            decode(frameOf(sample(kind, id, Map.of("load1", 2.0, "path_errors_total", 1.0))));
            assertThat(sink.entities).as("%s %s", kind, id).isEmpty();
            assertThat(only(DeadReason.UNKNOWN_ENTITY).getIndex()).isZero();
          }
        });
    // One identifier under two kinds is two things; once more is a repeat.
    decode(
        frameOf(
            sample(EntityKind.HEAD, "x", Map.of("load1", 1.0)),
            sample(EntityKind.PROCESSOR, "x", Map.of("load1", 1.0)),
            sample(EntityKind.HEAD, "x", Map.of("load1", 1.0))));
    assertThat(sink.entities).hasSize(2);
    only(DeadReason.DUPLICATE);
  }

  @Test
  void diskUnderLoadIsTwoSamplesOfOne() {
    Map<FleetMetric, Double> load =
        Map.of(FleetMetric.DISK_READS, 7.0, FleetMetric.DISK_READ_SECONDS, 0.5);
    EntitySample drive = EntitySample.of("disk/D1", Scope.DRIVE, "M", NOW, load);
    double[] smart = DiskSample.absentValues();
    smart[DiskMetric.TEMPERATURE.ordinal()] = 30;
    DiskSample disk = new DiskSample("D1", "M", NOW, smart);
    for (FrameEncoder frame :
        List.of(frame().disk(disk).entity(drive), frame().entity(drive).disk(disk))) {
      assertThat(frame.size()).as("a frame holds each entity once").isEqualTo(1);
      decode(frame);
      assertThat(sink.dead).isEmpty();
      assertThat(sink.disks).hasSize(1);
      assertThat(sink.disks.get(0).sample().value(DiskMetric.TEMPERATURE)).isEqualTo(30);
      assertThat(sink.entities).hasSize(1);
      assertThat(sink.entities.get(0).sample().scope()).isEqualTo(Scope.DRIVE);
      assertThat(sink.entities.get(0).sample().model()).isEqualTo("M");
      assertThat(sink.entities.get(0).sample().value(FleetMetric.DISK_READS)).isEqualTo(7);
    }
    decode(frame().entity(drive));
    assertThat(sink.disks).as("no SMART attributes").isEmpty();
    assertThat(sink.entities).hasSize(1);
    decode(frame().disk("D1", null, null, Map.of()));
    assertThat(sink.disks).as("a disk that answers with nothing").hasSize(1);
    assertThat(sink.entities).isEmpty();
  }

  @Test
  void metricsOfAnotherKindOfThingAreNotRead() {
    decode(
        frameOf(
            sample(
                EntityKind.NODE,
                "n-0001",
                Map.of("load1", 1.0, "disk_reads_total", 5.0, "smart_5_raw", 3.0))));
    assertThat(sink.dead).isEmpty();
    assertThat(sink.entities.get(0).sample().has(FleetMetric.DISK_READS)).isFalse();
    assertThat(sink.unknownMetrics).isEqualTo(2);
  }

  @Test
  void exporterThatChangedItsNamesIsNamedAndCounted() {
    decode(
        frameOf(
            sample(EntityKind.DISK, "A", Map.of("smartctl_reallocated_sectors", 1.0)),
            sample(EntityKind.NODE, "n-0001", Map.of("node_load_1", 1.0, "node_load_5", 1.0)),
            sample(EntityKind.DISK, "OLD", Map.of("smart_5_raw", 1.0, "new_name", 1.0))));
    assertThat(sink.disks).extracting(DiskTelemetry::disk).containsExactly("OLD");
    assertThat(sink.entities).isEmpty();
    assertThat(sink.dead)
        .hasSize(2)
        .allSatisfy(
            letter -> {
              assertThat(letter.getReason()).isEqualTo(DeadReason.MISSING_FIELD);
              assertThat(letter.getDetail()).contains("changed its names");
            });
    assertThat(sink.dead.get(0).getDetail()).contains("smartctl_reallocated_sectors");
    assertThat(sink.unknownMetrics).isEqualTo(4);
    // A drive whose attributes nobody reads is a drive with nothing known, as in any table of them.
    decode(frameOf(sample(EntityKind.DISK, "B", Map.of("smart_254_raw", 1.0))));
    assertThat(sink.dead).isEmpty();
    assertThat(sink.disks).hasSize(1);
    assertThat(sink.unknownMetrics).isZero();
  }

  @Test
  void rangesOfEverythingButSmart() {
    Map<String, List<Double>> good =
        Map.of(
            "clock_offset_seconds", List.of(-3.5, 0.0, 3.5),
            "requests_total", List.of(0.0, 1e18),
            "start_time_seconds", List.of(NOW / 1000.0));
    Map<String, List<Double>> bad =
        Map.of(
            "clock_offset_seconds", List.of(1e12),
            "requests_total", List.of(-1.0, 1e30),
            "boot_time_seconds", List.of((double) NOW),
            "memory_total_bytes", List.of(-4096.0));
    good.forEach(
        (name, values) ->
            values.forEach(
                value -> {
                  decode(frame().node(Map.of(name, value)));
                  assertThat(sink.dead).as("%s %s", name, value).isEmpty();
                  assertThat(sink.entities).hasSize(1);
                }));
    bad.forEach(
        (name, values) ->
            values.forEach(
                value -> {
                  decode(frame().node(Map.of(name, value)));
                  assertThat(sink.entities).as("%s %s", name, value).isEmpty();
                  only(DeadReason.OUT_OF_RANGE);
                }));
    for (double loss : new double[] {0, 1, 1.0005}) {
      decode(frameOf(sample(EntityKind.EDGE, "n-0001>b", Map.of("path_loss_ratio", loss))));
      assertThat(sink.entities).hasSize(1);
    }
    for (double loss : new double[] {-0.01, 1.1, 100}) {
      decode(frameOf(sample(EntityKind.EDGE, "n-0001>b", Map.of("path_loss_ratio", loss))));
      only(DeadReason.OUT_OF_RANGE);
    }
  }

  @Test
  void whatIsNoFrame() {
    decode((byte[]) null);
    only(DeadReason.MISSING_FIELD);
    decode(new byte[0]);
    only(DeadReason.TRUNCATED);
    decode(new byte[9]);
    only(DeadReason.TRUNCATED);
    decode(
        "{\"node\":\"n-0001\",\"samples\":[]}".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    only(DeadReason.UNDECODABLE);
    byte[] unknown = frame().disk("D", null, null, Map.of()).encode(codec);
    unknown[5] ^= 0x55;
    decode(unknown);
    only(DeadReason.UNKNOWN_SCHEMA);
    decode(
        AvroCodec.of(DeadLetter.class)
            .encode(
                new DeadLetters("x").line("f", 1, NOW, DeadReason.OTHER, "d", null, new byte[0])));
    only(DeadReason.WRONG_TYPE);
    decode(new byte[FrameLimits.DEFAULT.maxFrameBytes() + 1]);
    DeadLetter large = only(DeadReason.TOO_LARGE);
    assertThat(large.getPayload().remaining()).isEqualTo(DeadLetters.MAX_PAYLOAD_BYTES);
    decode(frame());
    only(DeadReason.MISSING_FIELD);
  }

  @Test
  void everyTruncationIsOneDeadLetterAndNoSample() {
    byte[] good =
        frame()
            .disk("D1", "M", 1L, Map.of("smart_5_raw", 1.0))
            .disk("D2", "M", 1L, Map.of("smart_5_raw", 1.0))
            .encode(codec);
    for (int length = 0; length < good.length; length++) {
      decode(Arrays.copyOf(good, length));
      only(DeadReason.TRUNCATED);
    }
    decode(Arrays.copyOf(good, good.length + 1));
    only(DeadReason.UNDECODABLE);
    decode(good);
    assertThat(sink.disks).hasSize(2);
  }

  @Test
  void badTimes() {
    decode(new FrameEncoder("n", NOW + 3_600_000, 0, "t").disk("D", null, null, Map.of()));
    assertThat(only(DeadReason.FUTURE_TIME).getTimeMillis()).isEqualTo(NOW + 500);
    decode(new FrameEncoder("n", NOW + 300_000, 0, "t").disk("D", null, null, Map.of()));
    assertThat(sink.disks).as("within the allowance").hasSize(1);
    decode(new FrameEncoder("n", 915_148_800_000L, 0, "t").disk("D", null, null, Map.of()));
    only(DeadReason.TIME_OUT_OF_RANGE);
    // Seconds instead of milliseconds, and what overflows when it is subtracted.
    for (long time : new long[] {NOW / 1000, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
      decode(new FrameEncoder("n", time, 0, "t").disk("D", null, null, Map.of()));
      only(DeadReason.TIME_OUT_OF_RANGE);
    }
    sink.clear();
    decoder.decode(
        new FrameEncoder("n", NOW * 2, 0, "t").disk("D", null, null, Map.of()).encode(codec),
        "telemetry",
        3,
        42,
        -1,
        sink);
    assertThat(sink.disks).as("nobody knows the broker's time").hasSize(1);
  }

  @Test
  void wholeFrameLettersCountTheSamplesLost() {
    decode(
        new FrameEncoder("n", 1L, 0, "t")
            .disk("D1", null, null, Map.of())
            .disk("D2", null, null, Map.of())
            .disk("D3", null, null, Map.of()));
    DeadLetter letter = only(DeadReason.TIME_OUT_OF_RANGE);
    assertThat(letter.getSamples()).isEqualTo(3);
    assertThat(letter.getIndex()).isEqualTo(-1);
  }

  @Test
  void badHeadOfFrame() {
    decode(new FrameEncoder("", NOW, 0, "t").disk("D", null, null, Map.of()));
    only(DeadReason.MISSING_FIELD);
    decode(new FrameEncoder("n".repeat(257), NOW, 0, "t").disk("D", null, null, Map.of()));
    only(DeadReason.OUT_OF_RANGE);
    decode(new FrameEncoder("n\n", NOW, 0, "t").disk("D", null, null, Map.of()));
    only(DeadReason.OUT_OF_RANGE);
    decode(new FrameEncoder("n", NOW, -1, "t").disk("D", null, null, Map.of()));
    only(DeadReason.OUT_OF_RANGE);
    decode(new FrameEncoder("n", NOW, 0, "t".repeat(300)).disk("D", null, null, Map.of()));
    only(DeadReason.TOO_LARGE);
  }

  @Test
  void oneBadSampleDoesNotHurtTheOthers() {
    Sample good = sample(EntityKind.DISK, "GOOD", Map.of("smart_5_raw", 1.0));
    Map<String, Double> many = new HashMap<>();
    for (int i = 0; i < 600; i++) {
      many.put("m" + i, 1.0);
    }
    Sample model = sample(EntityKind.DISK, "D", Map.of());
    model.setModel("m".repeat(300));
    Sample capacity = sample(EntityKind.DISK, "D", Map.of());
    capacity.setCapacityBytes(-1L);
    Map<Sample, DeadReason> bad = new java.util.IdentityHashMap<>();
    bad.put(
        sample(EntityKind.DISK, "D", Map.of("smart_5_raw", Double.NaN)), DeadReason.NOT_A_NUMBER);
    bad.put(
        sample(EntityKind.DISK, "D", Map.of("any", Double.POSITIVE_INFINITY)),
        DeadReason.NOT_A_NUMBER);
    bad.put(sample(EntityKind.DISK, "D", Map.of("smart_5_raw", -1.0)), DeadReason.OUT_OF_RANGE);
    bad.put(sample(EntityKind.DISK, "D", Map.of("smart_9_raw", 1e30)), DeadReason.OUT_OF_RANGE);
    bad.put(sample(EntityKind.DISK, "D", Map.of("smart_194_raw", -273.0)), DeadReason.OUT_OF_RANGE);
    bad.put(sample(EntityKind.DISK, "", Map.of()), DeadReason.MISSING_FIELD);
    bad.put(sample(EntityKind.DISK, " ", Map.of()), DeadReason.MISSING_FIELD);
    bad.put(sample(EntityKind.DISK, "x".repeat(257), Map.of()), DeadReason.OUT_OF_RANGE);
    bad.put(sample(EntityKind.DISK, "x".repeat(100_000), Map.of()), DeadReason.OUT_OF_RANGE);
    bad.put(sample(EntityKind.DISK, "a\u0000b", Map.of()), DeadReason.OUT_OF_RANGE);
    bad.put(sample(EntityKind.VOLUME, "v", Map.of()), DeadReason.UNKNOWN_ENTITY);
    bad.put(sample(EntityKind.UNKNOWN, "v", Map.of()), DeadReason.UNKNOWN_ENTITY);
    bad.put(sample(EntityKind.NODE, "other", Map.of()), DeadReason.UNKNOWN_ENTITY);
    bad.put(sample(EntityKind.DISK, "GOOD", Map.of()), DeadReason.DUPLICATE);
    bad.put(sample(EntityKind.DISK, "D", many), DeadReason.TOO_LARGE);
    bad.put(sample(EntityKind.DISK, "D", Map.of("m".repeat(300), 1.0)), DeadReason.TOO_LARGE);
    bad.put(model, DeadReason.TOO_LARGE);
    bad.put(capacity, DeadReason.OUT_OF_RANGE);
    bad.forEach(
        (sample, reason) -> {
          decode(
              frameOf(good, sample, sample(EntityKind.DISK, "LAST", Map.of("smart_5_raw", 2.0))));
          assertThat(sink.disks.stream().map(DiskTelemetry::disk)).containsExactly("GOOD", "LAST");
          assertThat(sink.dead).as("%s", reason).hasSize(1);
          DeadLetter letter = sink.dead.get(0);
          assertThat(letter.getReason()).as(letter.getDetail()).isEqualTo(reason);
          assertThat(letter.getIndex()).isEqualTo(1);
          assertThat(letter.getSamples()).isEqualTo(1);
          assertThat(letter.getTimeMillis()).isEqualTo(NOW);
          assertThat(letter.getPayload().remaining()).isLessThanOrEqualTo(4096);
          assertThat(letter.getDetail().length()).isLessThanOrEqualTo(1024);
        });
  }

  @Test
  void coldAislesAndFullCountersAreNoErrors() {
    decode(
        frameOf(
            sample(EntityKind.DISK, "A", Map.of("smart_194_raw", -12.0)),
            sample(EntityKind.DISK, "B", Map.of("smart_1_raw", 0x1p64)),
            sample(EntityKind.DISK, "C", Map.of("smart_1_raw", 1.0, "not_known_here", -5.0))));
    assertThat(sink.dead).isEmpty();
    assertThat(sink.disks).hasSize(3);
  }

  @Test
  void manyDisksAndManyRepeats() {
    FrameEncoder frame = frame();
    for (int i = 0; i < 4000; i++) {
      frame.disk("D" + i % 2000, null, null, Map.of());
    }
    decode(frame);
    assertThat(sink.disks).hasSize(2000);
    assertThat(sink.dead).hasSize(2000);
    assertThat(sink.dead).allMatch(letter -> letter.getReason() == DeadReason.DUPLICATE);
    // The next frame starts afresh.
    decode(frame().disk("D1", null, null, Map.of()));
    assertThat(sink.disks).hasSize(1);
    for (int i = 0; i < 200; i++) {
      frame.disk("E" + i, null, null, Map.of());
    }
    decode(frame);
    only(DeadReason.TOO_LARGE);
  }

  @Test
  void claimsOfBillionsCostNothing() throws IOException {
    List<byte[]> bombs = new ArrayList<>();
    for (long claim :
        new long[] {Integer.MAX_VALUE, Long.MAX_VALUE, Long.MIN_VALUE, -Integer.MAX_VALUE}) {
      for (int place = 0; place < 4; place++) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(Arrays.copyOf(frame().encode(codec), AvroCodec.HEADER_BYTES));
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
        if (place == 0) {
          encoder.writeLong(claim);
        } else {
          encoder.writeString("n");
          encoder.writeLong(NOW);
          encoder.writeLong(0);
          encoder.writeString("s");
          if (place == 1) {
            encoder.writeLong(claim);
          } else {
            encoder.writeLong(1);
            encoder.writeEnum(1);
            if (place == 2) {
              encoder.writeLong(claim);
            } else {
              encoder.writeString("D");
              encoder.writeIndex(0);
              encoder.writeIndex(0);
              encoder.writeLong(claim);
            }
          }
        }
        encoder.flush();
        out.write(new byte[64]);
        bombs.add(out.toByteArray());
      }
    }
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    for (byte[] bomb : bombs) {
      decode(bomb);
      long before = threads.getCurrentThreadAllocatedBytes();
      decode(bomb);
      assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(100_000);
      assertThat(sink.disks).isEmpty();
      assertThat(sink.dead).hasSize(1);
      // The codec, which reads other versions and other records, is as careful.
      before = threads.getCurrentThreadAllocatedBytes();
      assertThatThrownBy(() -> codec.decode(bomb)).isInstanceOf(WireException.class);
      assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(1_000_000);
    }
  }

  @Test
  void blocksWithSizesAreReadAsAvroReadsThem() throws IOException {
    TelemetryFrame frame =
        frame()
            .disk("D1", "M", 1L, Map.of("smart_5_raw", 1.0, "smart_9_raw", 2.0))
            .disk("D2", null, null, Map.of("smart_5_raw", 3.0))
            .frame();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(Arrays.copyOf(codec.encode(frame), AvroCodec.HEADER_BYTES));
    BinaryEncoder encoder = EncoderFactory.get().blockingBinaryEncoder(out, null);
    new SpecificDatumWriter<>(TelemetryFrame.class).write(frame, encoder);
    encoder.flush();
    assertThat(out.toByteArray()).isNotEqualTo(codec.encode(frame));
    decode(out.toByteArray());
    assertThat(sink.dead).isEmpty();
    assertThat(sink.disks).hasSize(2);
    assertThat(sink.disks.get(0).sample().value(DiskMetric.POWER_ON_HOURS)).isEqualTo(2.0);
  }

  @Test
  void otherVersionsGiveTheSameSamples() throws WireException {
    Schema now = TelemetryFrame.getClassSchema();
    Schema later =
        new Schema.Parser()
            .parse(
                now.toString()
                    .replaceFirst(
                        "\\{\"name\":\"timeMillis\"",
                        "{\"name\":\"mood\",\"type\":[\"null\",{\"type\":\"map\",\"values\":"
                            + "{\"type\":\"array\",\"items\":\"string\"}}],\"default\":null},"
                            + "{\"name\":\"timeMillis\""));
    WriterSchemas writers = WriterSchemas.released();
    FrameDecoder reader = new FrameDecoder(FrameLimits.DEFAULT, new DeadLetters("sense"), writers);
    GenericRecord plain =
        AvroCodec.generic(now, WriterSchemas.shared())
            .decode(frame().disk("D1", "M", 1L, Map.of("smart_5_raw", 4.0)).encode(codec));
    GenericRecord newer = new GenericData.Record(later);
    plain.getSchema().getFields().forEach(f -> newer.put(f.name(), plain.get(f.name())));
    newer.put("mood", Map.of("a", List.of("b", "c")));
    byte[] bytes = AvroCodec.generic(later, writers).encode(newer);

    reader.decode(bytes, "t", 0, 0, NOW, sink);
    assertThat(sink.dead.get(0).getReason()).isEqualTo(DeadReason.UNKNOWN_SCHEMA);
    writers.add(
        new SchemaRecord(
            SchemaNormalization.parsingFingerprint64(later),
            later.getFullName(),
            later.toString(),
            "test",
            0L));
    sink.clear();
    reader.decode(bytes, "t", 0, 0, NOW, sink);
    assertThat(sink.dead).isEmpty();
    assertThat(sink.disks.get(0).sample().value(DiskMetric.REALLOCATED_SECTORS)).isEqualTo(4.0);
  }

  @Test
  void errorsOfTheReceiverAreNotSwallowedAndLeaveNothingBehind() {
    byte[] bytes =
        frame().disk("D1", null, null, Map.of()).disk("D2", null, null, Map.of()).encode(codec);
    FrameDecoder.Sink broken =
        new FrameDecoder.Sink() {
          @Override
          public void disk(DiskTelemetry telemetry) {
            throw new IllegalStateException("full");
          }

          @Override
          public void dead(DeadLetter letter) {}
        };
    assertThatThrownBy(() -> decoder.decode(bytes, "t", 0, 0, NOW, broken)).hasMessage("full");
    decode(bytes);
    assertThat(sink.disks).hasSize(2);
  }

  @Test
  void agreesWithAvroOnRandomFrames() throws WireException {
    long seed = 20260117;
    Random random = new Random(seed);
    for (int round = 0; round < 2_000; round++) {
      byte[] bytes = codec.encode(randomFrame(random));
      TelemetryFrame frame = codec.decode(bytes);
      decode(bytes);
      assertThat(sink.dead).as("seed %d round %d", seed, round).isEmpty();
      List<Sample> disks = ofDisks(frame, true);
      assertThat(sink.disks).hasSize(disks.size());
      List<Sample> others = ofDisks(frame, false);
      assertThat(sink.entities).hasSize(others.size());
      for (int i = 0; i < others.size(); i++) {
        EntitySample actual = sink.entities.get(i).sample();
        assertThat(actual.entity()).isEqualTo(Keys.of(others.get(i).getEntity()));
        for (FleetMetric metric : FleetMetric.values()) {
          assertThat(actual.value(metric))
              .as("seed %d round %d %s", seed, round, metric)
              .isEqualTo(others.get(i).getMetrics().getOrDefault(metric.metricName(), Double.NaN));
        }
      }
      for (int i = 0; i < sink.disks.size(); i++) {
        Sample expected = disks.get(i);
        DiskSample actual = sink.disks.get(i).sample();
        assertThat(actual.disk()).isEqualTo(expected.getEntity().getId());
        assertThat(actual.model()).isEqualTo(expected.getModel());
        for (DiskMetric metric : DiskMetric.values()) {
          assertThat(actual.value(metric))
              .as("seed %d round %d %s", seed, round, metric)
              .isEqualTo(expected.getMetrics().getOrDefault(metric.metricName(), Double.NaN));
        }
      }
    }
  }

  @Test
  void mutatedRecordsNeverThrowAndAlwaysEndSomewhere() {
    long seed = 4711;
    Random random = new Random(seed);
    int refused = 0;
    int read = 0;
    byte[] control = frame().disk("CONTROL", "M", 1L, Map.of("smart_5_raw", 5.0)).encode(codec);
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = mutate(random, codec.encode(randomFrame(random)));
      try {
        decode(bytes);
      } catch (Throwable e) {
        throw new AssertionError("seed " + seed + " round " + round, e);
      }
      assertThat(sink.outcomes()).as("seed %d round %d", seed, round).isPositive();
      for (DiskTelemetry telemetry : sink.disks) {
        for (double value : telemetry.sample().values()) {
          assertThat(Double.isInfinite(value) || value < -64).isFalse();
        }
        assertThat(telemetry.disk()).isNotBlank().hasSizeLessThanOrEqualTo(256);
        assertThat(telemetry.sample().timeMillis()).isBetween(946_684_800_000L, NOW + 600_500);
      }
      for (EntityTelemetry telemetry : sink.entities) {
        EntitySample sample = telemetry.sample();
        assertThat(sample.timeMillis()).isBetween(946_684_800_000L, NOW + 600_500);
        for (FleetMetric metric : FleetMetric.values()) {
          assertThat(
                  sample.has(metric)
                      && (metric.scope() != sample.scope()
                          || Double.isInfinite(sample.value(metric))
                          || (sample.value(metric) < 0
                              && metric != FleetMetric.CLOCK_OFFSET_SECONDS)))
              .isFalse();
        }
      }
      for (DeadLetter letter : sink.dead) {
        // A letter that cannot be written would stop the job instead.
        assertThat(AvroCodec.of(DeadLetter.class).encode(letter).length).isLessThan(16_384);
      }
      if (sink.dead.isEmpty()) {
        read++;
      } else {
        refused++;
      }
      if (round % 100 == 0) {
        // No poison corrupts the record that follows it.
        decode(control);
        assertThat(sink.dead).isEmpty();
        assertThat(sink.disks.get(0).sample().value(DiskMetric.REALLOCATED_SECTORS)).isEqualTo(5);
      }
    }
    assertThat(refused).isGreaterThan(5_000);
    assertThat(read).isGreaterThan(500);
  }

  private static byte[] mutate(Random random, byte[] bytes) {
    int kind = random.nextInt(6);
    switch (kind) {
      case 0 -> {
        return Arrays.copyOf(bytes, random.nextInt(bytes.length));
      }
      case 1 -> {
        for (int i = 1 + random.nextInt(4); i > 0; i--) {
          bytes[AvroCodec.HEADER_BYTES + random.nextInt(bytes.length - AvroCodec.HEADER_BYTES)] =
              (byte) random.nextInt(256);
        }
        return bytes;
      }
      case 2 -> {
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        return bytes;
      }
      case 3 -> {
        byte[] garbage = new byte[random.nextInt(300)];
        random.nextBytes(garbage);
        int keep = Math.min(garbage.length, random.nextInt(3) * AvroCodec.HEADER_BYTES);
        System.arraycopy(bytes, 0, garbage, 0, Math.min(keep, bytes.length));
        return garbage;
      }
      case 4 -> {
        // A number is made huge where it stands.
        int at = AvroCodec.HEADER_BYTES + random.nextInt(bytes.length - AvroCodec.HEADER_BYTES);
        for (int i = at; i < Math.min(bytes.length, at + 1 + random.nextInt(10)); i++) {
          bytes[i] = (byte) 0xff;
        }
        return bytes;
      }
      default -> {
        // A part is repeated.
        int from = random.nextInt(bytes.length);
        int length = random.nextInt(bytes.length - from);
        byte[] longer = new byte[bytes.length + length];
        System.arraycopy(bytes, 0, longer, 0, from + length);
        System.arraycopy(bytes, from, longer, from + length, bytes.length - from);
        return longer;
      }
    }
  }

  private static List<Sample> ofDisks(TelemetryFrame frame, boolean disks) {
    return frame.getSamples().stream()
        .filter(sample -> disks == (sample.getEntity().getKind() == EntityKind.DISK))
        .toList();
  }

  private static TelemetryFrame randomFrame(Random random) {
    String node = "n-" + random.nextInt(100);
    FrameEncoder frame =
        new FrameEncoder(node, NOW - random.nextInt(100_000), random.nextInt(1000), "rnd");
    int disks = 1 + random.nextInt(5);
    for (int i = 0; i < disks; i++) {
      Map<String, Double> metrics = new HashMap<>();
      for (DiskMetric metric : DiskMetric.values()) {
        if (random.nextInt(3) > 0) {
          metrics.put(metric.metricName(), (double) random.nextInt(1 << random.nextInt(1, 31)));
        }
      }
      if (random.nextBoolean()) {
        metrics.put("smart_" + random.nextInt(255) + "_normalized", 100.0);
      }
      frame.disk(
          "DISK-" + i + "-" + Integer.toString(random.nextInt(1_000_000), 36),
          random.nextInt(4) == 0 ? null : "MODEL-" + random.nextInt(20),
          random.nextBoolean() ? null : random.nextLong(1L << 44),
          metrics);
    }
    List<String> others =
        List.of("node/" + node, "edge/" + node + ">n-x", "pair/v@" + node, "head/h", "processor/p");
    for (String other : others.subList(0, random.nextInt(others.size() + 1))) {
      Scope scope =
          other.startsWith("edge") || other.startsWith("pair") ? Scope.PATH : Scope.MACHINE;
      Map<FleetMetric, Double> metrics = new HashMap<>();
      for (FleetMetric metric : FleetMetric.values()) {
        if (metric.scope() == scope && random.nextInt(3) > 0) {
          metrics.put(
              metric,
              metric == FleetMetric.PATH_LOSS_RATIO
                  ? random.nextDouble()
                  : (double) random.nextInt(1 << 20));
        }
      }
      frame.entity(EntitySample.of(other, scope, null, NOW, metrics));
    }
    return frame.frame();
  }
}
