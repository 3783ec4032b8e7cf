package io.forestall.decisions.ownership;

import io.forestall.decisions.ownership.DeltaFold.Verdict;

/**
 * Which deltas of a unit count, and nothing else of them: the order in {@link DeltaFold}, for those
 * who do not keep the unit's bytes. For one thread.
 */
public final class DeltaOrder {
  private long epoch;
  private long lastSequence;

  /**
   * An order that goes on from here.
   *
   * @param epoch epoch of the last barrier that counted, 0 for none
   * @param lastSequence last sequence that counted, 0 for none
   */
  public DeltaOrder(long epoch, long lastSequence) {
    this.epoch = epoch;
    this.lastSequence = lastSequence;
  }

  /** Takes the next delta of the unit, in the order of the log. */
  public Verdict take(boolean barrier, long deltaEpoch, long sequence) {
    if (barrier) {
      if (deltaEpoch <= epoch) {
        return Verdict.LATE_BARRIER;
      }
      epoch = deltaEpoch;
      return Verdict.BARRIER;
    }
    if (deltaEpoch < epoch) {
      return Verdict.FENCED;
    }
    if (deltaEpoch > epoch) {
      return Verdict.GAP;
    }
    if (sequence <= lastSequence) {
      return Verdict.REPEAT;
    }
    if (sequence != lastSequence + 1) {
      return Verdict.GAP;
    }
    lastSequence = sequence;
    return Verdict.COUNTS;
  }

  /** Epoch of the last barrier that counted, 0 for none. */
  public long epoch() {
    return epoch;
  }

  /** Last sequence that counted, 0 for none. */
  public long lastSequence() {
    return lastSequence;
  }
}
