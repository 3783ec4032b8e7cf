package io.forestall.risk.evaluation;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;

/**
 * The threshold that is best on the data it is scored on. No detector in use can know it: print it
 * beside the score at a fixed threshold and call it tuned.
 *
 * @param threshold scores at or above it are alarms
 * @param value what it reaches
 */
public record TunedThreshold(double threshold, double value) {

  /**
   * Tries thresholds among the scores, spread by how often scores occur and denser among high ones.
   *
   * @param scores all scores, in any order
   * @param tries most thresholds to try, above 0; count
   * @param value what a threshold reaches; the lowest threshold wins among equals
   */
  public static TunedThreshold search(double[] scores, int tries, DoubleUnaryOperator value) {
    double[] sorted = scores.clone();
    Arrays.sort(sorted);
    TunedThreshold best = new TunedThreshold(Double.POSITIVE_INFINITY, 0);
    double before = Double.NaN;
    for (int i = 1; i <= tries && sorted.length > 0; i++) {
      // The share of points above it falls from all to one by a constant factor.
      double above = Math.pow(sorted.length, 1 - (i - 1) / Math.max(1.0, tries - 1));
      double threshold = sorted[sorted.length - (int) Math.max(1, Math.round(above))];
      if (threshold != before) {
        double reached = value.applyAsDouble(threshold);
        best = reached > best.value ? new TunedThreshold(threshold, reached) : best;
      }
      before = threshold;
    }
    return best;
  }
}
