package io.forestall.wire;

import io.forestall.decisions.shadow.HolderReport;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.Digest;
import io.forestall.schemas.RangeDigest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Between what a holder says of its copy and the records of the topic {@code digests} (E5, A17).
 * What is read is checked; times are not, because a node with a wrong clock must be heard. One for
 * each thread: it keeps buffers.
 */
public final class ReportRecords {

  /** Most ranges of one report; count. */
  public static final int MAX_RANGES = 1024;

  /** Longest digest; bytes. */
  public static final int MAX_DIGEST_BYTES = 64;

  private final AvroCodec<Digest> codec = AvroCodec.of(Digest.class);

  /** The key of a report's record: its unit. */
  public static String key(HolderReport report) {
    return report.unit();
  }

  /** The record of a report. */
  public static Digest of(HolderReport report) {
    Digest record = new Digest();
    record.setUnit(report.unit());
    record.setNode(FleetEntries.entity(report.node()));
    record.setOwner(report.owner());
    record.setEpoch(report.epoch());
    record.setSequence(report.sequence());
    record.setAlgorithm(report.algorithm());
    List<RangeDigest> ranges = new ArrayList<>(report.ranges().size());
    for (HolderReport.RangeDigest each : report.ranges()) {
      ranges.add(
          new RangeDigest(
              each.offset(),
              each.length(),
              ByteBuffer.wrap(each.digest()),
              ByteBuffer.wrap(each.storedDigest())));
    }
    record.setRanges(ranges);
    record.setRound(report.round());
    record.setTimeMillis(report.timeMillis());
    record.setMissingBytes(report.missingBytes());
    record.setNeedsResync(report.needsResync());
    record.setFetchBytesPerSecond(report.fetchBytesPerSecond());
    return record;
  }

  /** The bytes of a report. */
  public byte[] encode(HolderReport report) {
    return codec.encode(of(report));
  }

  /**
   * The report of the bytes.
   *
   * @throws WireException when they are none or make no sense
   */
  public HolderReport decode(byte[] bytes) throws WireException {
    return report(codec.decode(bytes));
  }

  /**
   * The report of a record.
   *
   * @throws WireException when it makes no sense
   */
  public static HolderReport report(Digest record) throws WireException {
    String unit = GuardRecords.id(record.getUnit(), "digest", "unit");
    String field = "digest of " + unit;
    if (record.getAlgorithm().isEmpty() || record.getAlgorithm().length() > MAX_DIGEST_BYTES) {
      throw GuardRecords.outOfRange(
          field, "algorithm", "1 to " + MAX_DIGEST_BYTES + " characters long");
    }
    GuardRecords.atMost(record.getRanges().size(), MAX_RANGES, field, "ranges");
    List<HolderReport.RangeDigest> ranges = new ArrayList<>(record.getRanges().size());
    for (RangeDigest each : record.getRanges()) {
      if (each.getOffset() < 0
          || each.getLength() < 1
          || each.getOffset() > Long.MAX_VALUE - each.getLength()) {
        throw GuardRecords.outOfRange(
            field, "offset and length", "0 or more, and the length 1 or more");
      }
      byte[] digest = bytes(each.getDigest(), field, "digest");
      if (digest.length == 0) {
        throw GuardRecords.outOfRange(field, "digest", "1 byte or more");
      }
      ranges.add(
          new HolderReport.RangeDigest(
              each.getOffset(),
              each.getLength(),
              digest,
              bytes(each.getStoredDigest(), field, "storedDigest")));
    }
    Long speed = record.getFetchBytesPerSecond();
    return new HolderReport(
        unit,
        GuardRecords.subject(record.getNode(), field, "node"),
        record.getOwner(),
        GuardRecords.notNegative(record.getEpoch(), field, "epoch"),
        GuardRecords.notNegative(record.getSequence(), field, "sequence"),
        record.getAlgorithm(),
        ranges,
        GuardRecords.notNegative(record.getRound(), field, "round"),
        GuardRecords.notNegative(record.getMissingBytes(), field, "missingBytes"),
        record.getNeedsResync(),
        speed == null ? null : GuardRecords.notNegative(speed, field, "fetchBytesPerSecond"),
        record.getTimeMillis());
  }

  private static byte[] bytes(ByteBuffer buffer, String record, String field) throws WireException {
    if (buffer.remaining() > MAX_DIGEST_BYTES) {
      throw new WireException(
          DeadReason.TOO_LARGE,
          record + ": " + field + " has more than " + MAX_DIGEST_BYTES + " bytes");
    }
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }
}
