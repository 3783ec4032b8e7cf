package io.forestall.risk;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * Moves a model's level with the failure rate of the fleet: what was expected and what came, both
 * forgotten slowly. Row A9. The order of disks is not touched. A day is taken in once its horizon
 * has passed or the disk has failed, never before. Bounded: two sums. Not thread-safe.
 */
public final class Recalibration {
  /** What is forgotten by half; days. */
  public static final double HALF_LIFE_DAYS = 90;

  /** Days before failures that speak for the model's own level: six drives of a month. */
  private static final double PULL = 180;

  /** The level is never moved by more; nats. */
  private static final double MOST_NATS = 2;

  private double expected;
  private double observed;
  private double lastDay = Double.NaN;

  /**
   * Takes in days whose label is known.
   *
   * @param day when they became known; days, not before those taken in earlier
   * @param expectedFailures sum of the model's probabilities before any recalibration
   * @param observedFailures how many of these days were followed by a failure within the horizon
   */
  public void add(double day, double expectedFailures, double observedFailures) {
    forget(day);
    expected += expectedFailures;
    observed += observedFailures;
  }

  private void forget(double day) {
    if (!Double.isNaN(lastDay) && day > lastDay) {
      double left = Math.pow(0.5, (day - lastDay) / HALF_LIFE_DAYS);
      expected *= left;
      observed *= left;
    }
    if (Double.isNaN(lastDay) || day > lastDay) {
      lastDay = day;
    }
  }

  /**
   * Notes that the model itself was moved: what it would have expected then, had it been so all
   * along. Of rare failures, as all here are, the probability moves as the odds do.
   *
   * @param nats what was added to its log-odds
   */
  public void moved(double nats) {
    expected *= Math.exp(nats);
  }

  /** What to add to log-odds; nats, within -2 to 2, 0 before anything is known. */
  public double nats() {
    double nats = Math.log((observed + PULL) / (expected + PULL));
    return Math.max(-MOST_NATS, Math.min(MOST_NATS, nats));
  }

  /** Observed over expected as remembered, NaN when nothing was expected. */
  public double ratio() {
    return expected > 0 ? observed / expected : Double.NaN;
  }

  /** Writes it. */
  public void write(DataOutput out) throws IOException {
    out.writeDouble(expected);
    out.writeDouble(observed);
    out.writeDouble(lastDay);
  }

  /** Reads what {@link #write} wrote. */
  public static Recalibration read(DataInput in) throws IOException {
    Recalibration recalibration = new Recalibration();
    recalibration.expected = in.readDouble();
    recalibration.observed = in.readDouble();
    recalibration.lastDay = in.readDouble();
    return recalibration;
  }
}
