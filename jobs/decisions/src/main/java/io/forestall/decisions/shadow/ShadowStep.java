package io.forestall.decisions.shadow;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.Delta;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One step of the stream for one shadow of a unit (E4). At least once, in sequence: a repeat has
 * the same unit, epoch and sequence and changes nothing. Immutable.
 *
 * <p>A step is a delta that counted, as it stands in the log; or RESYNC, which has no delta: what
 * the shadow has of some ranges is not what the stream goes on from, so it fetches them from any
 * holder that has applied {@code sequence} or more. The first step of a stream is the RESYNC of the
 * whole unit. Positions have an order: by epoch, then by sequence. What a shadow at position {@code
 * p} does with a RESYNC:
 *
 * <ul>
 *   <li>It fetches the ranges, in any case.
 *   <li>{@code p} is not before the RESYNC: nothing else, such as when a range was found to differ,
 *       or in a repeat.
 *   <li>{@code p} is before it, and has a sequence from {@code previousSequence} to that of the
 *       RESYNC, or {@code previousSequence} is -1: outside of the ranges nothing changed in
 *       between, so it goes on from there: it takes the fold of a holder that has come as far, and
 *       the next steps of the stream on its own bytes.
 *   <li>Else it has lost steps that this RESYNC does not make good. It stays behind its gap, and
 *       says so ({@link HolderReport#needsResync}), until a RESYNC comes that does.
 * </ul>
 *
 * <p>A delta whose {@code previousSequence} is above the shadow's own sequence shows a gap too: a
 * barrier has no number of its own that would.
 *
 * @param shadow node that holds the shadow
 * @param unit identifier of the unit
 * @param epoch epoch of the delta; of a RESYNC, of the last barrier that counted
 * @param sequence sequence of the delta, 0 for a barrier; of a RESYNC, the last that counted: the
 *     next step has the next one
 * @param previousSequence last sequence sent before in this stream, -1 for the first step; of a
 *     RESYNC, the sequence behind which its ranges are all that changed, -1 when they are the whole
 *     unit
 * @param delta the delta, null for RESYNC
 * @param ranges of a RESYNC, what the shadow fetches, ascending and apart; else empty
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
    List<Range> ranges,
    int deltaPartition,
    long deltaOffset,
    long timeMillis) {

  /** Most ranges of one RESYNC: a unit is kept in mind in so many pieces; count. */
  public static final int MAX_RANGES = 1024;

  /**
   * A part of a unit.
   *
   * @param offset first byte within the unit; bytes
   * @param length length; bytes
   */
  public record Range(long offset, long length) {
    /** First byte behind it; bytes. */
    public long end() {
      return offset + length;
    }
  }

  /** Copies the list. */
  public ShadowStep {
    ranges = List.copyOf(ranges);
    if (delta == null == ranges.isEmpty()) {
      throw new IllegalArgumentException("a step is a delta, or a RESYNC of at least one range");
    }
  }

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
        List.of(),
        partition,
        offset,
        delta.timeMillis());
  }

  /** Ranges that the shadow fetches as of {@code sequence} or later. */
  public static ShadowStep resync(
      Subject shadow,
      String unit,
      long epoch,
      long sequence,
      long previousSequence,
      List<Range> ranges,
      long timeMillis) {
    return new ShadowStep(
        shadow, unit, epoch, sequence, previousSequence, null, ranges, -1, -1, timeMillis);
  }

  /** True when the shadow fetches ranges. */
  public boolean isResync() {
    return delta == null;
  }
}
