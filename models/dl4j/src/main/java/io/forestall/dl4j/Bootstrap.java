package io.forestall.dl4j;

import io.forestall.dl4j.EvaluationReport.Interval;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Bootstrap over drives: a drive's days go together, and the same draw serves every scorer. */
final class Bootstrap {
  private static final double LOW = 0.025;
  private static final double HIGH = 0.975;

  private Bootstrap() {}

  /** How often each drive is drawn in a replicate: as often as with replacement, in the limit. */
  static double[] weights(long seed, int replicate, int drives) {
    SplittableRandom random = new SplittableRandom(seed * 1_000_003 + replicate);
    double[] weights = new double[drives];
    for (int i = 0; i < weights.length; i++) {
      // Poisson with mean 1.
      double p = Math.exp(-1);
      double left = random.nextDouble();
      int k = 0;
      while (left > p && k < 12) {
        left -= p;
        k++;
        p /= k;
      }
      weights[i] = k;
    }
    return weights;
  }

  /** Weights that count each drive once. */
  static double[] once(int drives) {
    double[] weights = new double[drives];
    Arrays.fill(weights, 1);
    return weights;
  }

  /** A figure with the middle 95 % of its replicates; NaN ends with fewer than two of them. */
  static Interval interval(double value, double[] drawn) {
    double[] sorted = Arrays.stream(drawn).filter(Double::isFinite).sorted().toArray();
    return sorted.length < 2
        ? new Interval(value, Double.NaN, Double.NaN)
        : new Interval(value, quantile(sorted, LOW), quantile(sorted, HIGH));
  }

  static double quantile(double[] sorted, double share) {
    double at = share * (sorted.length - 1);
    int low = (int) Math.floor(at);
    int high = Math.min(sorted.length - 1, low + 1);
    return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
  }
}
