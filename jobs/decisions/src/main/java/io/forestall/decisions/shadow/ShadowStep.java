package io.forestall.decisions.shadow;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.Delta;
import org.jspecify.annotations.Nullable;

/**
 * One step of the stream for one shadow of a unit (E4). At least once, in sequence: a repeat has
 * the same unit, epoch and sequence and changes nothing. Immutable.
 *
 * <p>A step is a delta that counted, as it stands in the log; or RESYNC, which has no delta: what
 * the shadow has of a range is not what the stream goes on from, so it fetches the range from any
 * holder that has applied {@code sequence} or more. The first step of a stream is the RESYNC of the
 * whole unit.
 *
 * @param shadow node that holds the shadow
 * @param unit identifier of the unit
 * @param epoch epoch of the delta; of a RESYNC, of the last barrier that counted
 * @param sequence sequence of the delta, 0 for a barrier; of a RESYNC, the last that counted: the
 *     next step has the next one
 * @param previousSequence last sequence sent before in this stream, -1 for the first step
 * @param delta the delta, null for RESYNC
 * @param offset first byte of the range within the unit; bytes
 * @param length length of the range; bytes
 * @param deltaPartition partition of the delta, -1 for RESYNC
 * @param deltaOffset offset of the delta in it, -1 for RESYNC
 * @param timeMillis when the owner took the write in; of a RESYNC, when it was sent; milliseconds
 *     since 1970-01-01 UTC
 */
public record ShadowStep(
    Subject shadow,
    String unit,
    long epoch,
    long sequence,
    long previousSequence,
    @Nullable Delta delta,
    long offset,
    long length,
    int deltaPartition,
    long deltaOffset,
    long timeMillis) {

  /** A delta on its way to a shadow. */
  public static ShadowStep of(
      Subject shadow, long previousSequence, Delta delta, int partition, long offset) {
    return new ShadowStep(
        shadow,
        delta.unit(),
        delta.epoch(),
        delta.sequence(),
        previousSequence,
        delta,
        delta.offset(),
        delta.length(),
        partition,
        offset,
        delta.timeMillis());
  }

  /** A range that the shadow fetches as of {@code sequence} or later. */
  public static ShadowStep resync(
      Subject shadow,
      String unit,
      long epoch,
      long sequence,
      long previousSequence,
      long offset,
      long length,
      long timeMillis) {
    return new ShadowStep(
        shadow, unit, epoch, sequence, previousSequence, null, offset, length, -1, -1, timeMillis);
  }

  /** True when the shadow fetches a range. */
  public boolean isResync() {
    return delta == null;
  }
}
