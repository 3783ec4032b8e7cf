package io.forestall.sim;

import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeModel;

/**
 * How much evidence there was for one failure mode on one kind of thing, with faults and without:
 * counts by steps of evidence. Tallies of several fleets add up. Mutable; not safe for threads.
 */
public final class EvidenceTally {
  /** Width of a step; nats. */
  public static final double STEP = 0.25;

  /** How many steps there are; the first one counts as no evidence. */
  public static final int STEPS = (int) (ModeModel.MAXIMUM_NATS / STEP);

  private final ModeModel.Subject subject;
  private final FailureMode mode;

  /** Examples with a fault of the mode now or within its horizon, by steps. */
  final long[] with = new long[STEPS];

  /** Examples without. */
  final long[] without = new long[STEPS];

  /** Faults by the most evidence that there was while they lasted. */
  final long[] faults = new long[STEPS];

  /** Days of single things without a fault, by the most evidence that there was on them. */
  final long[] calmDays = new long[STEPS];

  /** Nodes times weeks that were watched. */
  double nodeWeeks;

  EvidenceTally(ModeModel.Subject subject, FailureMode mode) {
    this.subject = subject;
    this.mode = mode;
  }

  /** Kind of thing. */
  public ModeModel.Subject subject() {
    return subject;
  }

  /** The failure mode. */
  public FailureMode mode() {
    return mode;
  }

  /** Nodes times weeks that were watched. */
  public double nodeWeeks() {
    return nodeWeeks;
  }

  /** Faults of the mode; count. */
  public long faultCount() {
    return sum(faults, 0);
  }

  /** Examples without a fault; count. */
  public long withoutCount() {
    return sum(without, 0);
  }

  /** Examples with one; count. */
  public long withCount() {
    return sum(with, 0);
  }

  /** Faults that gave at least this step of evidence; count. */
  long faultsFrom(int step) {
    return sum(faults, step);
  }

  /** False alarms a node-week if an alarm began at this step: days of things that reached it. */
  double falseAlarmsFrom(int step) {
    return nodeWeeks > 0 ? sum(calmDays, step) / nodeWeeks : 0;
  }

  /** Adds another tally of the same. */
  void add(EvidenceTally other) {
    for (int i = 0; i < STEPS; i++) {
      with[i] += other.with[i];
      without[i] += other.without[i];
      faults[i] += other.faults[i];
      calmDays[i] += other.calmDays[i];
    }
    nodeWeeks += other.nodeWeeks;
  }

  /** Step of some evidence. */
  static int step(double evidence) {
    return (int) Math.max(0, Math.min(STEPS - 1, Math.floor(evidence / STEP)));
  }

  /** Evidence that stands for a step; nats. */
  static double middle(int step) {
    return step == 0 ? 0 : (step + 0.5) * STEP;
  }

  private static long sum(long[] counts, int from) {
    long sum = 0;
    for (int i = from; i < counts.length; i++) {
      sum += counts[i];
    }
    return sum;
  }
}
