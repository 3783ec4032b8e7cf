package io.forestall.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.ownership.Delta;
import io.forestall.schemas.Codec;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.DeltaKind;
import io.forestall.schemas.RequestRef;
import io.forestall.schemas.WriteDelta;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class DeltaRecordsTest {

  private static final long NOW = 1_767_225_600_000L;

  private final DeltaRecords records = new DeltaRecords();
  private final AvroCodec<WriteDelta> avro = AvroCodec.of(WriteDelta.class);

  @Test
  void theBytesAreThoseThatAvroWrites() throws Exception {
    long seed = 20_261_121;
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 2000; i++) {
      Delta delta = random(random);
      byte[] bytes = records.encode(delta);
      assertThat(bytes).as("seed %d delta %d", seed, i).isEqualTo(avro.encode(record(delta)));
      same(records.decode(bytes), delta);
      same(DeltaRecords.delta(avro.decode(bytes)), delta);
    }
  }

  @Test
  void aBufferIsReadWhereItStandsAndMayBeUsedAgain() throws Exception {
    Delta delta = write("v/0", 3, 7, new byte[] {1, 2, 3});
    byte[] bytes = records.encode(delta);
    byte[] around = new byte[bytes.length + 20];
    System.arraycopy(bytes, 0, around, 13, bytes.length);
    ByteBuffer buffer = ByteBuffer.wrap(around, 13, bytes.length).slice();
    Delta read = records.decode(buffer);
    Arrays.fill(around, (byte) 0);
    same(read, delta);
    assertThat(records.decode(bytes).unit()).as("names are kept").isSameAs(read.unit());
  }

  @Test
  void aDeltaThatMakesNoSenseIsRefusedWithItsField() {
    refused("unit", record -> record.setUnit(" "));
    refused("epoch", record -> record.setEpoch(0));
    refused("sequence", record -> record.setSequence(0));
    refused("kind", record -> record.setKind(DeltaKind.UNKNOWN));
    refused("codec", record -> record.setCodec(Codec.UNKNOWN));
    refused("offset", record -> record.setOffset(-1));
    refused("length", record -> record.setLength(0));
    refused("extent", record -> record.setOffset(Long.MAX_VALUE));
    refused("payload", record -> record.setLength(4));
    refused("payload", record -> record.setPlainCrc(1));
    refused("bytes were changed", record -> record.getPayload().array()[1] ^= 1);
    refused("at most", record -> record.setLength(DeltaRecords.MAX_WRITE_BYTES + 1L));
    refused("payload", record -> record.setKind(DeltaKind.ZERO));
    refused("sequence", record -> record.setKind(DeltaKind.BARRIER));
    refused("owner", record -> record.setOwner(""));
    refused("client", record -> record.setClient("x".repeat(300)));
    refused("request", record -> record.setRequest(-1L));
  }

  private void refused(String field, Consumer<WriteDelta> lie) {
    WriteDelta record = record(write("v/0", 3, 7, new byte[] {1, 2, 3}));
    lie.accept(record);
    byte[] bytes = avro.encode(record);
    assertThatThrownBy(() -> records.decode(bytes))
        .as(field)
        .isInstanceOf(WireException.class)
        .hasMessageContaining(field);
  }

  @Test
  void bytesOfAnySortAreReadAlikeByHandAndByAvroOrRefusedByBoth() {
    long seed = 7;
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
      Delta byHand = null;
      Delta byAvro = null;
      try {
        byHand = records.decode(bytes);
        read++;
      } catch (WireException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
      try {
        byAvro = DeltaRecords.delta(avro.decode(bytes));
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
    byte[] bytes = records.encode(write("v/0", 3, 7, new byte[] {1}));
    assertThatThrownBy(() -> records.decode(Arrays.copyOf(bytes, bytes.length + 1)))
        .isInstanceOfSatisfying(
            WireException.class, e -> assertThat(e.reason()).isEqualTo(DeadReason.UNDECODABLE));
    byte[] unknown = bytes.clone();
    unknown[4] ^= 1;
    assertThatThrownBy(() -> records.decode(unknown))
        .isInstanceOfSatisfying(
            WireException.class, e -> assertThat(e.reason()).isEqualTo(DeadReason.UNKNOWN_SCHEMA));
    assertThatThrownBy(() -> records.decode(new byte[3])).isInstanceOf(WireException.class);
  }

  private static Delta random(SplittableRandom random) {
    String unit = List.of("v/0", "volume-é/17", "x".repeat(200), "v/1").get(random.nextInt(4));
    long epoch = 1 + random.nextLong(1L << random.nextInt(1, 60));
    long sequence = 1 + random.nextLong(1L << random.nextInt(1, 60));
    return switch (random.nextInt(5)) {
      case 0 -> Delta.barrier(unit, epoch, "n-1", NOW);
      case 1 -> extent(Delta.Kind.ZERO, unit, epoch, sequence, random.nextInt(1 << 30));
      case 2 -> extent(Delta.Kind.TRIM, unit, epoch, sequence, random.nextInt(1 << 30));
      case 3 -> {
        byte[] payload = new byte[1 + random.nextInt(100)];
        random.nextBytes(payload);
        yield new Delta(
            unit,
            epoch,
            sequence,
            Delta.Kind.WRITE,
            4096,
            4096,
            random.nextBoolean() ? "ZSTD" : "LZ4",
            payload,
            DeltaRecords.crc(payload, 0, payload.length),
            random.nextInt(),
            "n-2",
            "c-1/17",
            random.nextLong(Long.MAX_VALUE),
            random.nextInt(100),
            random.nextLong());
      }
      default -> {
        byte[] payload = new byte[1 + random.nextInt(5000)];
        random.nextBytes(payload);
        Delta write = write(unit, epoch, sequence, payload);
        yield random.nextBoolean() ? write : merged(write, random.nextInt(4));
      }
    };
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

  private static Delta extent(Delta.Kind kind, String unit, long epoch, long sequence, int length) {
    return new Delta(
        unit,
        epoch,
        sequence,
        kind,
        0,
        1L + length,
        "NONE",
        new byte[0],
        0,
        5,
        "n-1",
        "c-1",
        0,
        1,
        NOW);
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

  private static WriteDelta record(Delta delta) {
    boolean barrier = delta.kind() == Delta.Kind.BARRIER;
    return new WriteDelta(
        delta.unit(),
        delta.epoch(),
        delta.sequence(),
        DeltaKind.valueOf(delta.kind().name()),
        delta.offset(),
        delta.length(),
        Codec.valueOf(delta.codec()),
        ByteBuffer.wrap(delta.payload().clone()),
        delta.encodedCrc(),
        delta.plainCrc(),
        delta.owner(),
        delta.client(),
        barrier ? null : delta.request(),
        delta.batch(),
        delta.timeMillis(),
        delta.merged().stream().map(each -> new RequestRef(each.client(), each.number())).toList());
  }

  private static void same(Delta read, Delta written) {
    assertThat(read).usingRecursiveComparison().as("arrays by content").isEqualTo(written);
  }
}
