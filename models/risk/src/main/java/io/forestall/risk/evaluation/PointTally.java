package io.forestall.risk.evaluation;

/**
 * Precision and recall point by point, summed over any number of series. Mutable, not thread-safe.
 *
 * <p>There is no point adjustment here: counting a whole anomaly as found because one of its points
 * is raises the score of an alarm thrown at random above that of good detectors (Kim et al. 2022).
 */
public final class PointTally {
  private long hits;
  private long falsePoints;
  private long missedPoints;
  private long points;

  /**
   * Adds one series.
   *
   * @throws IllegalArgumentException when the lengths differ
   */
  public void add(boolean[] labels, boolean[] alarms) {
    Ranges.requireSameLength(labels, alarms);
    points += labels.length;
    for (int i = 0; i < labels.length; i++) {
      if (alarms[i]) {
        if (labels[i]) {
          hits++;
        } else {
          falsePoints++;
        }
      } else if (labels[i]) {
        missedPoints++;
      }
    }
  }

  /** Points of all series; count. */
  public long points() {
    return points;
  }

  /** Precision and recall by points. */
  public Score score() {
    return new Score(share(hits, hits + falsePoints), share(hits, hits + missedPoints));
  }

  private static double share(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }
}
