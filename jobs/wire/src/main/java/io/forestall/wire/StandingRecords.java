package io.forestall.wire;

import io.forestall.decisions.Subject;
import io.forestall.decisions.shadow.ShadowStanding;
import io.forestall.schemas.CopyState;
import io.forestall.schemas.ShadowStatus;
import org.jspecify.annotations.Nullable;

/**
 * Between how a shadow stands and the records of the topic {@code shadows} (E10), a tombstone of
 * which ends one. What is read is checked. One for each thread: it keeps buffers.
 */
public final class StandingRecords {

  private final AvroCodec<ShadowStatus> codec = AvroCodec.of(ShadowStatus.class);

  /** The key of a standing's record. */
  public static String key(ShadowStanding standing) {
    return key(standing.unit(), standing.shadow());
  }

  /** The key of the record of a shadow, {@code unit/shadow node}. */
  public static String key(String unit, Subject shadow) {
    return unit + "/" + shadow.id();
  }

  /** The record of a standing. */
  public static ShadowStatus of(ShadowStanding standing) {
    ShadowStatus record = new ShadowStatus();
    record.setUnit(standing.unit());
    record.setVolume(standing.volume());
    record.setPool(standing.pool());
    record.setShadow(FleetEntries.entity(standing.shadow()));
    record.setOwner(FleetEntries.entity(standing.owner()));
    record.setState(CopyState.valueOf(standing.state()));
    record.setEpoch(standing.epoch());
    record.setStreamSequence(standing.streamSequence());
    record.setAppliedSequence(standing.appliedSequence());
    record.setLagRecords(standing.lagRecords());
    record.setLagBytes(standing.lagBytes());
    record.setLagMillis(standing.lagMillis());
    record.setMissingBytes(standing.missingBytes());
    record.setFetchBytesPerSecond(standing.fetchBytesPerSecond());
    record.setResyncs(standing.resyncs());
    record.setVerifiedRound(standing.verifiedRound());
    record.setVerifiedMillis(standing.verifiedMillis());
    record.setDivergences(standing.divergences());
    record.setText(GuardRecords.cut(standing.text()));
    record.setTimeMillis(standing.timeMillis());
    return record;
  }

  /** The bytes of a standing. */
  public byte[] encode(ShadowStanding standing) {
    return codec.encode(of(standing));
  }

  /**
   * The standing of the bytes.
   *
   * @throws WireException when they are none or make no sense
   */
  public ShadowStanding decode(byte[] bytes) throws WireException {
    return standing(codec.decode(bytes));
  }

  /**
   * The standing of a record.
   *
   * @throws WireException when it makes no sense
   */
  public static ShadowStanding standing(ShadowStatus record) throws WireException {
    String unit = GuardRecords.id(record.getUnit(), "shadow status", "unit");
    String field = "shadow status of " + unit;
    if (record.getState() == CopyState.UNKNOWN) {
      throw GuardRecords.outOfRange(field, "state", "one that this release knows");
    }
    if (record.getAppliedSequence() < -1) {
      throw GuardRecords.outOfRange(field, "appliedSequence", "-1 or more");
    }
    return new ShadowStanding(
        unit,
        GuardRecords.id(record.getVolume(), field, "volume"),
        GuardRecords.text(record.getPool(), field, "pool"),
        GuardRecords.subject(record.getShadow(), field, "shadow"),
        GuardRecords.subject(record.getOwner(), field, "owner"),
        record.getState().name(),
        GuardRecords.notNegative(record.getEpoch(), field, "epoch"),
        GuardRecords.notNegative(record.getStreamSequence(), field, "streamSequence"),
        record.getAppliedSequence(),
        GuardRecords.notNegative(record.getLagRecords(), field, "lagRecords"),
        GuardRecords.notNegative(record.getLagBytes(), field, "lagBytes"),
        GuardRecords.notNegative(record.getLagMillis(), field, "lagMillis"),
        GuardRecords.notNegative(record.getMissingBytes(), field, "missingBytes"),
        notNegative(record.getFetchBytesPerSecond(), field, "fetchBytesPerSecond"),
        GuardRecords.notNegative(record.getResyncs(), field, "resyncs"),
        GuardRecords.notNegative(record.getVerifiedRound(), field, "verifiedRound"),
        record.getVerifiedMillis(),
        GuardRecords.notNegative(record.getDivergences(), field, "divergences"),
        GuardRecords.text(record.getText(), field, "text"),
        record.getTimeMillis());
  }

  private static @Nullable Long notNegative(@Nullable Long value, String record, String field)
      throws WireException {
    return value == null ? null : GuardRecords.notNegative(value, record, field);
  }
}
