package io.forestall.decisions.ownership;

import io.forestall.decisions.Subject;
import org.jspecify.annotations.Nullable;

/**
 * Who owns a unit, as the fold of the log has it. Immutable.
 *
 * @param unit identifier of the unit
 * @param epoch epoch of the owner, from 1
 * @param owner who may write and answer reads
 * @param incarnation start of the owner's process that took the epoch
 * @param former owner of the epoch before, null for the first
 * @param formerEpoch epoch before, 0 for the first
 * @param released true when the former owner said that it answers no more, or there was none
 * @param inDoubt true when a later record wants the unit under a key that is unknown here: nobody
 *     who reads it so may serve the unit
 * @param offset place of the record in the log
 * @param admission admission of the takeover, null for a start
 * @param asyncBoundMillis 0 when writes are answered once they count in the log; else for how long
 *     a write that its owner's journal has may be answered before that; milliseconds
 * @param asyncFromEpoch first epoch since this owner took the unit over in which writes were
 *     answered before they counted, 0 when none was: what this node journaled from then on it still
 *     owes the log
 * @param lossEpoch epoch of the last takeover from an owner that had answered early, 0 for none: a
 *     request that was sent before it may be one of those that were lost with that owner, of which
 *     its client knows no more
 */
public record Owned(
    String unit,
    long epoch,
    Subject owner,
    long incarnation,
    @Nullable Subject former,
    long formerEpoch,
    boolean released,
    boolean inDoubt,
    long offset,
    @Nullable String admission,
    long asyncBoundMillis,
    long asyncFromEpoch,
    long lossEpoch) {

  /** An owner whose writes are answered once they count. */
  public Owned(
      String unit,
      long epoch,
      Subject owner,
      long incarnation,
      @Nullable Subject former,
      long formerEpoch,
      boolean released,
      boolean inDoubt,
      long offset,
      @Nullable String admission) {
    this(
        unit,
        epoch,
        owner,
        incarnation,
        former,
        formerEpoch,
        released,
        inDoubt,
        offset,
        admission,
        0,
        0,
        0);
  }

  /** True when writes are answered once they are in the owner's journal, within a bound. */
  public boolean isAsynchronous() {
    return asyncBoundMillis > 0;
  }

  Owned released(long at) {
    return new Owned(
        unit,
        epoch,
        owner,
        incarnation,
        former,
        formerEpoch,
        true,
        inDoubt,
        at,
        admission,
        asyncBoundMillis,
        asyncFromEpoch,
        lossEpoch);
  }

  Owned doubted(long at) {
    return new Owned(
        unit,
        epoch,
        owner,
        incarnation,
        former,
        formerEpoch,
        released,
        true,
        at,
        admission,
        asyncBoundMillis,
        asyncFromEpoch,
        lossEpoch);
  }
}
