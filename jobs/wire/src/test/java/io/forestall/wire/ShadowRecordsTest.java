package io.forestall.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.decisions.shadow.ShadowStep.Range;
import io.forestall.schemas.ApplyKind;
import io.forestall.schemas.ByteRange;
import io.forestall.schemas.Codec;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.RequestRef;
import io.forestall.schemas.ShadowApply;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ShadowRecordsTest {

  private static final long NOW = 1_767_225_600_000L;
  private static final Subject SHADOW = Subject.node("n-7");

  private final ShadowRecords records = new ShadowRecords();
  private final AvroCodec<ShadowApply> avro = AvroCodec.of(ShadowApply.class);

  @Test
  void theBytesAreThoseThatAvroWrites() throws Exception {
    long seed = 20_261_122;
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 2000; i++) {
      ShadowStep step = random(random);
      byte[] bytes = records.encode(step);
      assertThat(bytes).as("seed %d step %d", seed, i).isEqualTo(avro.encode(record(step)));
      same(records.decode(bytes), step);
      same(ShadowRecords.step(avro.decode(bytes)), step);
    }
  }

  @Test
  void aBufferIsReadWhereItStandsAndMayBeUsedAgain() throws Exception {
    ShadowStep step = ShadowStep.of(SHADOW, 6, write("v/0", 3, 7, new byte[] {1, 2, 3}), 5, 99);
    byte[] bytes = records.encode(step);
    byte[] around = new byte[bytes.length + 20];
    System.arraycopy(bytes, 0, around, 13, bytes.length);
    ShadowStep read = records.decode(ByteBuffer.wrap(around, 13, bytes.length).slice());
    Arrays.fill(around, (byte) 0);
    same(read, step);
    ShadowStep again = records.decode(bytes);
    assertThat(again.unit()).as("names are kept").isSameAs(read.unit());
    assertThat(again.shadow()).as("so is the shadow").isSameAs(read.shadow());
  }

  @Test
  void theNextShadowIsNotTakenForTheOneBefore() throws Exception {
    Delta delta = write("v/0", 3, 7, new byte[] {1});
    Subject other = new Subject(Subject.Kind.PROCESSOR, SHADOW.id());
    byte[] one = records.encode(ShadowStep.of(SHADOW, 6, delta, 5, 99));
    byte[] two = records.encode(ShadowStep.of(other, 6, delta, 5, 99));
    byte[] three = records.encode(ShadowStep.of(Subject.node("n-8"), 6, delta, 5, 99));
    assertThat(records.decode(one).shadow()).isEqualTo(SHADOW);
    assertThat(records.decode(two).shadow()).isEqualTo(other);
    assertThat(records.decode(three).shadow()).isEqualTo(Subject.node("n-8"));
  }

  @Test
  void whoReadsNoRangesFetchesTheExtentThatSpansThem() {
    ShadowStep step = resync(3, 9, new Range(4096, 4096), new Range(1 << 20, 1 << 20));
    ShadowApply record = record(step);
    assertThat(record.getOffset()).isEqualTo(4096);
    assertThat(record.getOffset() + record.getLength()).isEqualTo(2 << 20);
    assertThat(avro.encode(record)).isEqualTo(records.encode(step));
  }

  @Test
  void aKeyNamesOneStream() {
    assertThat(ShadowRecords.key(resync(3, 9, new Range(0, 1)))).isEqualTo("n-7/v/0");
  }

  @Test
  void aStepThatMakesNoSenseIsRefusedWithItsField() {
    refused("shadow", record -> record.setShadow(new EntityRef(EntityKind.UNKNOWN, "n-7")));
    refused("shadow", record -> record.setShadow(new EntityRef(EntityKind.NODE, "")));
    refused("unit", record -> record.setUnit(" "));
    refused("kind", record -> record.setKind(ApplyKind.UNKNOWN));
    refused("previousSequence", record -> record.setPreviousSequence(-2));
    refused("deltaPartition", record -> record.setDeltaPartition(-2));
    refused("deltaOffset", record -> record.setDeltaOffset(-2));
    refused("epoch", record -> record.setEpoch(0));
    refused("sequence", record -> record.setSequence(0));
    refused("codec", record -> record.setCodec(Codec.UNKNOWN));
    refused("offset", record -> record.setOffset(-1));
    refused("bytes were changed", record -> record.getPayload().array()[1] ^= 1);
    refused("owner", record -> record.setOwner(""));
    refused("ranges", record -> record.setRanges(List.of(new ByteRange(0L, 1L))));
    refused(
        "merged", record -> record.setMerged(new ArrayList<>(List.of(new RequestRef("c-1", -1L)))));
    refused("requests", record -> record.setMerged(many(DeltaRecords.MAX_MERGED + 1)));
  }

  @Test
  void aResyncThatMakesNoSenseIsRefusedWithItsField() {
    refusedResync("payload", record -> record.setPayload(ByteBuffer.wrap(new byte[1])));
    refusedResync("payload", record -> record.setCodec(Codec.ZSTD));
    refusedResync("epoch", record -> record.setEpoch(-1));
    refusedResync("sequence", record -> record.setSequence(-1));
    refusedResync("previousSequence", record -> record.setPreviousSequence(10));
    refusedResync("length", record -> record.setLength(0));
    refusedResync("length", record -> record.setOffset(Long.MAX_VALUE));
    refusedResync("ranges", record -> record.setLength(100));
    refusedResync("ranges", record -> record.setOffset(4097));
    refusedResync(
        "ranges",
        record -> record.setRanges(List.of(new ByteRange(8192L, 1L), new ByteRange(4096L, 1L))));
    refusedResync("ranges", record -> record.setRanges(List.of(new ByteRange(4096L, 0L))));
    List<ByteRange> ranges = new ArrayList<>();
    for (long i = 0; i <= ShadowStep.MAX_RANGES; i++) {
      ranges.add(new ByteRange(4096 + i * 2, 1L));
    }
    refusedResync("ranges", record -> record.setRanges(ranges));
  }

  private void refused(String field, Consumer<ShadowApply> lie) {
    refused(
        field,
        record(ShadowStep.of(SHADOW, 6, write("v/0", 3, 7, new byte[] {1, 2, 3}), 5, 99)),
        lie);
  }

  private void refusedResync(String field, Consumer<ShadowApply> lie) {
    refused(field, record(resync(3, 9, new Range(4096, 4096), new Range(1 << 20, 1 << 20))), lie);
  }

  private void refused(String field, ShadowApply record, Consumer<ShadowApply> lie) {
    lie.accept(record);
    byte[] bytes = avro.encode(record);
    assertThatThrownBy(() -> records.decode(bytes))
        .as(field)
        .isInstanceOf(WireException.class)
        .hasMessageContaining(field);
    assertThatThrownBy(() -> ShadowRecords.step(record))
        .as(field)
        .isInstanceOf(WireException.class)
        .hasMessageContaining(field);
  }

  @Test
  void bytesOfAnySortAreReadAlikeByHandAndByAvroOrRefusedByBoth() {
    long seed = 8;
    SplittableRandom random = new SplittableRandom(seed);
    int read = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = records.encode(random(random));
      if (random.nextInt(4) == 0) {
        bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
      } else {
        for (int j = 0; j <= random.nextInt(4); j++) {
          bytes[10 + random.nextInt(bytes.length - 10)] = (byte) random.nextInt();
        }
      }
      ShadowStep byHand = null;
      ShadowStep byAvro = null;
      try {
        byHand = records.decode(bytes);
        read++;
      } catch (WireException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
      try {
        byAvro = ShadowRecords.step(avro.decode(bytes));
      } catch (WireException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
      assertThat(byHand == null).as("seed %d record %d", seed, i).isEqualTo(byAvro == null);
      if (byHand != null && byAvro != null) {
        same(byHand, byAvro);
      }
    }
    assertThat(read).as("some still make sense").isPositive();
  }

  @Test
  void aRecordOfAnotherSortOrWithMoreBehindItIsRefused() {
    byte[] bytes = records.encode(resync(3, 9, new Range(0, 4096)));
    assertThatThrownBy(() -> records.decode(Arrays.copyOf(bytes, bytes.length + 1)))
        .isInstanceOfSatisfying(
            WireException.class, e -> assertThat(e.reason()).isEqualTo(DeadReason.UNDECODABLE));
    byte[] delta = new DeltaRecords().encode(write("v/0", 3, 7, new byte[] {1}));
    assertThatThrownBy(() -> records.decode(delta))
        .isInstanceOfSatisfying(
            WireException.class, e -> assertThat(e.reason()).isEqualTo(DeadReason.WRONG_TYPE));
    assertThatThrownBy(() -> records.decode(new byte[3])).isInstanceOf(WireException.class);
  }

  private static List<RequestRef> many(int count) {
    List<RequestRef> merged = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      merged.add(new RequestRef("c-1", i));
    }
    return merged;
  }

  private static ShadowStep resync(long epoch, long sequence, Range... ranges) {
    return ShadowStep.resync(SHADOW, "v/0", epoch, sequence, 4, List.of(ranges), NOW);
  }

  private static ShadowStep random(SplittableRandom random) {
    String unit = List.of("v/0", "volume-é/17", "x".repeat(200), "v/1").get(random.nextInt(4));
    Subject shadow = random.nextInt(9) == 0 ? Subject.node("n-ä") : SHADOW;
    long epoch = 1 + random.nextLong(1L << random.nextInt(1, 60));
    long sequence = 1 + random.nextLong(1L << random.nextInt(1, 60));
    if (random.nextInt(4) == 0) {
      List<Range> ranges = new ArrayList<>();
      long at = random.nextLong(1 << 20);
      for (int i = 0; i <= random.nextInt(5); i++) {
        long length = 1 + random.nextLong(1 << 20);
        ranges.add(new Range(at, length));
        at += length + random.nextLong(3);
      }
      return ShadowStep.resync(
          shadow, unit, epoch, sequence, random.nextLong(-1, sequence + 1), ranges, NOW);
    }
    Delta delta =
        switch (random.nextInt(4)) {
          case 0 -> Delta.barrier(unit, epoch, "n-1", NOW);
          case 1 ->
              empty(
                  random.nextBoolean() ? Delta.Kind.ZERO : Delta.Kind.VERIFY,
                  unit,
                  epoch,
                  sequence,
                  1 + random.nextInt(1 << 30));
          case 2 -> merged(write(unit, epoch, sequence, bytes(random)), random.nextInt(4));
          default -> write(unit, epoch, sequence, bytes(random));
        };
    return ShadowStep.of(
        shadow,
        random.nextLong(-1, Long.MAX_VALUE),
        delta,
        random.nextInt(64),
        random.nextLong(Long.MAX_VALUE));
  }

  private static byte[] bytes(SplittableRandom random) {
    byte[] payload = new byte[1 + random.nextInt(5000)];
    random.nextBytes(payload);
    return payload;
  }

  private static Delta empty(Delta.Kind kind, String unit, long epoch, long sequence, int length) {
    return new Delta(
        unit, epoch, sequence, kind, 0, length, "NONE", new byte[0], 0, 5, "n-1", null, 0, 1, NOW);
  }

  private static Delta merged(Delta write, int many) {
    List<Delta.Request> merged = new ArrayList<>();
    for (int i = 0; i < many; i++) {
      merged.add(new Delta.Request("c-\u00e4/" + i, 1L << 20 * i));
    }
    return new Delta(
        write.unit(),
        write.epoch(),
        write.sequence(),
        write.kind(),
        write.offset(),
        write.length(),
        write.codec(),
        write.payload(),
        write.encodedCrc(),
        write.plainCrc(),
        write.owner(),
        write.client(),
        write.request(),
        write.batch(),
        write.timeMillis(),
        merged);
  }

  private static Delta write(String unit, long epoch, long sequence, byte[] payload) {
    int crc = DeltaRecords.crc(payload, 0, payload.length);
    return new Delta(
        unit,
        epoch,
        sequence,
        Delta.Kind.WRITE,
        512,
        payload.length,
        "NONE",
        payload,
        crc,
        crc,
        "n-1",
        "c-1/3",
        9,
        2,
        NOW);
  }

  private static ShadowApply record(ShadowStep step) {
    ShadowApply record = new ShadowApply();
    record.setShadow(FleetEntries.entity(step.shadow()));
    record.setUnit(step.unit());
    record.setEpoch(step.epoch());
    record.setSequence(step.sequence());
    record.setPreviousSequence(step.previousSequence());
    record.setDeltaPartition(step.deltaPartition());
    record.setDeltaOffset(step.deltaOffset());
    record.setTimeMillis(step.timeMillis());
    record.setMerged(List.of());
    record.setRanges(List.of());
    Delta delta = step.delta();
    if (delta == null) {
      List<Range> ranges = step.ranges();
      record.setKind(ApplyKind.RESYNC);
      record.setOffset(ranges.get(0).offset());
      record.setLength(ranges.get(ranges.size() - 1).end() - ranges.get(0).offset());
      record.setCodec(Codec.NONE);
      record.setPayload(ByteBuffer.allocate(0));
      record.setOwner("");
      if (ranges.size() > 1) {
        record.setRanges(
            ranges.stream().map(each -> new ByteRange(each.offset(), each.length())).toList());
      }
      return record;
    }
    record.setKind(ApplyKind.valueOf(delta.kind().name()));
    record.setOffset(delta.offset());
    record.setLength(delta.length());
    record.setCodec(Codec.valueOf(delta.codec()));
    record.setPayload(ByteBuffer.wrap(delta.payload().clone()));
    record.setEncodedCrc(delta.encodedCrc());
    record.setPlainCrc(delta.plainCrc());
    record.setOwner(delta.owner());
    record.setClient(delta.client());
    record.setRequest(delta.client() == null && delta.request() == 0 ? null : delta.request());
    record.setMerged(
        delta.merged().stream().map(each -> new RequestRef(each.client(), each.number())).toList());
    record.setDeltaBatch(delta.batch());
    return record;
  }

  private static void same(ShadowStep read, ShadowStep written) {
    assertThat(read).usingRecursiveComparison().as("arrays by content").isEqualTo(written);
  }
}
