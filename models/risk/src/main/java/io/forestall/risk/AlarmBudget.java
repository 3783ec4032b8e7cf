package io.forestall.risk;

import java.util.Arrays;

/**
 * The alarm threshold that holds a budget of false alarms without waiting for labels. Row A9. A
 * threshold that was set once flags fewer and fewer, or more and more, as a fleet changes; one that
 * is a plain quantile of what the fleet scores now errs where the sick are a large part of the top.
 * Each disk is therefore counted as healthy with the probability that the model itself leaves it,
 * and the threshold lies where that sum meets the budget. It is as good as the model is calibrated.
 * Stateless.
 */
public final class AlarmBudget {
  private AlarmBudget() {}

  /**
   * The lowest threshold that holds.
   *
   * @param highest highest probability of failure of each disk in a week, 0 to 1, in any order
   * @param share share of the healthy disks that may be flagged in a week, above 0, below 1
   * @return a probability: what is above it is an alarm; disks with the same one are flagged
   *     together or not at all; 1, which flags nobody, when there are no disks
   * @throws IllegalArgumentException when the share or a probability is out of its range
   */
  public static double threshold(double[] highest, double share) {
    if (!(share > 0 && share < 1)) {
      throw new IllegalArgumentException("the share is above 0 and below 1, not " + share);
    }
    double[] sorted = highest.clone();
    Arrays.sort(sorted);
    double healthy = 0;
    for (double probability : sorted) {
      if (!(probability >= 0 && probability <= 1)) {
        throw new IllegalArgumentException("a probability is 0 to 1, not " + probability);
      }
      healthy += 1 - probability;
    }
    double allowed = share * healthy;
    double flagged = 0;
    for (int i = sorted.length - 1; i >= 0; ) {
      int next = i;
      double tied = 0;
      while (next >= 0 && sorted[next] == sorted[i]) {
        tied += 1 - sorted[next];
        next--;
      }
      if (flagged + tied > allowed) {
        return sorted[i];
      }
      flagged += tied;
      i = next;
    }
    return sorted.length == 0 ? 1 : 0;
  }
}
