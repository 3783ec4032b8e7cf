package io.forestall.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.Subject;
import io.forestall.decisions.shadow.HolderReport;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.Digest;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.RangeDigest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ReportRecordsTest {

  private final ReportRecords records = new ReportRecords();
  private final AvroCodec<Digest> avro = AvroCodec.of(Digest.class);

  @Test
  void whatIsWrittenIsRead() throws Exception {
    SplittableRandom random = new SplittableRandom(11);
    for (int i = 0; i < 500; i++) {
      HolderReport report = random(random);
      assertThat(records.decode(records.encode(report)))
          .usingRecursiveComparison()
          .isEqualTo(report);
    }
  }

  @Test
  void aKeyIsTheUnit() {
    assertThat(ReportRecords.key(random(new SplittableRandom(1)))).isEqualTo("v/0");
  }

  @Test
  void aNodeWithAWrongClockIsHeard() throws Exception {
    Digest record = ReportRecords.of(random(new SplittableRandom(2)));
    record.setTimeMillis(-5);
    assertThat(records.decode(avro.encode(record)).timeMillis()).isEqualTo(-5);
  }

  @Test
  void aReportThatMakesNoSenseIsRefusedWithItsField() {
    refused("unit", record -> record.setUnit(""));
    refused("node", record -> record.setNode(new EntityRef(EntityKind.UNKNOWN, "n-1")));
    refused("epoch", record -> record.setEpoch(-1));
    refused("sequence", record -> record.setSequence(-1));
    refused("algorithm", record -> record.setAlgorithm(""));
    refused("round", record -> record.setRound(-1));
    refused("missingBytes", record -> record.setMissingBytes(-1));
    refused("fetchBytesPerSecond", record -> record.setFetchBytesPerSecond(-1L));
    refused("length", record -> record.setRanges(ranges(0, 0, 4)));
    refused("offset", record -> record.setRanges(ranges(-1, 1, 4)));
    refused("offset", record -> record.setRanges(ranges(Long.MAX_VALUE, 1, 4)));
    refused("digest", record -> record.setRanges(ranges(0, 1, 0)));
    refused("digest", record -> record.setRanges(ranges(0, 1, ReportRecords.MAX_DIGEST_BYTES + 1)));
    refused(
        "ranges",
        record -> {
          List<RangeDigest> many = new ArrayList<>();
          for (int i = 0; i <= ReportRecords.MAX_RANGES; i++) {
            many.addAll(ranges(i, 1, 4));
          }
          record.setRanges(many);
        });
  }

  @Test
  void aRecordOfAnotherSortIsRefused() {
    assertThatThrownBy(() -> records.decode(new byte[20]))
        .isInstanceOfSatisfying(
            WireException.class, e -> assertThat(e.reason()).isEqualTo(DeadReason.UNDECODABLE));
  }

  private void refused(String field, Consumer<Digest> lie) {
    Digest record = ReportRecords.of(random(new SplittableRandom(3)));
    lie.accept(record);
    assertThatThrownBy(() -> records.decode(avro.encode(record)))
        .as(field)
        .isInstanceOf(WireException.class)
        .hasMessageContaining(field);
  }

  private static List<RangeDigest> ranges(long offset, long length, int digestBytes) {
    return List.of(
        new RangeDigest(
            offset, length, ByteBuffer.wrap(new byte[digestBytes]), ByteBuffer.allocate(0)));
  }

  private static HolderReport random(SplittableRandom random) {
    List<HolderReport.RangeDigest> ranges = new ArrayList<>();
    for (int i = 0; i < random.nextInt(3); i++) {
      byte[] digest = new byte[32];
      random.nextBytes(digest);
      ranges.add(
          new HolderReport.RangeDigest(
              random.nextLong(1L << 40),
              1 + random.nextLong(1L << 20),
              digest,
              random.nextBoolean() ? digest.clone() : new byte[0]));
    }
    return new HolderReport(
        "v/0",
        Subject.node("n-" + random.nextInt(9)),
        random.nextBoolean(),
        random.nextLong(1L << 40),
        random.nextLong(1L << 40),
        ranges.isEmpty() ? "none" : "sha-256",
        ranges,
        random.nextLong(100),
        random.nextLong(1L << 30),
        random.nextBoolean(),
        random.nextBoolean() ? null : random.nextLong(1L << 30),
        1_767_225_600_000L + random.nextInt(1000));
  }
}
