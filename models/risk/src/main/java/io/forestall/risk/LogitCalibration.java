package io.forestall.risk;

import java.util.Arrays;

/**
 * From a raw logit to calibrated log-odds: straight lines between knots, never falling. Row A9.
 * Beyond the knots the line goes on with slope 1, so that the order of the most and least risky is
 * kept. Immutable and thread-safe.
 */
public final class LogitCalibration {
  /** Most knots; count. */
  public static final int MAXIMUM_KNOTS = 64;

  private final float[] logits;
  private final float[] logOdds;

  /**
   * @param logits raw logits of the knots, strictly growing, 1 to {@value #MAXIMUM_KNOTS}
   * @param logOdds calibrated log-odds of the knots, never falling
   * @throws IllegalArgumentException when the two do not fit or are not in order
   */
  public LogitCalibration(float[] logits, float[] logOdds) {
    if (logits.length == 0 || logits.length > MAXIMUM_KNOTS || logits.length != logOdds.length) {
      throw new IllegalArgumentException(
          "A calibration has 1 to "
              + MAXIMUM_KNOTS
              + " knots, each with two numbers, not "
              + logits.length
              + " and "
              + logOdds.length);
    }
    for (int i = 0; i < logits.length; i++) {
      if (!Float.isFinite(logits[i])
          || !Float.isFinite(logOdds[i])
          || i > 0 && (logits[i] <= logits[i - 1] || logOdds[i] < logOdds[i - 1])) {
        throw new IllegalArgumentException(
            "A calibration grows from knot to knot; knot "
                + i
                + " is at "
                + logits[i]
                + " and "
                + logOdds[i]);
      }
    }
    this.logits = logits.clone();
    this.logOdds = logOdds.clone();
  }

  /** The calibration that changes nothing. */
  public static LogitCalibration none() {
    return new LogitCalibration(new float[] {0}, new float[] {0});
  }

  /** Raw logits of the knots; a copy. */
  public float[] logits() {
    return logits.clone();
  }

  /** Calibrated log-odds of the knots; a copy. */
  public float[] logOdds() {
    return logOdds.clone();
  }

  /** Calibrated log-odds of a raw logit; nats. */
  public double logOdds(float logit) {
    int last = logits.length - 1;
    if (logit <= logits[0]) {
      return logOdds[0] + ((double) logit - logits[0]);
    }
    if (logit >= logits[last]) {
      return logOdds[last] + ((double) logit - logits[last]);
    }
    int found = Arrays.binarySearch(logits, logit);
    int right = found >= 0 ? found : -found - 1;
    if (right == 0) {
      return logOdds[0];
    }
    double share = ((double) logit - logits[right - 1]) / (logits[right] - logits[right - 1]);
    return logOdds[right - 1] + share * (logOdds[right] - logOdds[right - 1]);
  }

  /** Calibrated probability of a raw logit, 0 to 1. */
  public double probability(float logit) {
    return 1 / (1 + Math.exp(-logOdds(logit)));
  }

  /** The same, moved by as many nats. */
  public LogitCalibration shifted(double nats) {
    float[] moved = logOdds.clone();
    for (int i = 0; i < moved.length; i++) {
      moved[i] += (float) nats;
    }
    return new LogitCalibration(logits, moved);
  }
}
