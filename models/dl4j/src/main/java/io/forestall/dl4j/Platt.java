package io.forestall.dl4j;

/**
 * Platt scaling: probability = 1 / (1 + exp(-(slope * logit + offset))), fitted by maximum
 * likelihood with Platt's smoothed targets.
 *
 * @param slope above 0, so that the order of logits is kept
 * @param offset in logits
 */
record Platt(double slope, double offset) {
  private static final double SMALLEST_SLOPE = 1e-3;
  private static final double LARGEST_SLOPE = 20;

  /** The scaling that changes nothing. */
  static final Platt NONE = new Platt(1, 0);

  double probability(double logit) {
    return 1 / (1 + Math.exp(-(slope * logit + offset)));
  }

  /**
   * Fits by damped Newton steps.
   *
   * @param logits raw logits, the first {@code n} count
   * @param fails whether the drive failed within the horizon
   */
  static Platt fit(float[] logits, boolean[] fails, int n) {
    long positives = 0;
    for (int i = 0; i < n; i++) {
      positives += fails[i] ? 1 : 0;
    }
    if (positives == 0 || positives == n) {
      return NONE;
    }
    double high = (positives + 1.0) / (positives + 2.0);
    double low = 1.0 / (n - positives + 2.0);
    double slope = 1;
    double offset = Math.log((positives + 1.0) / (n - positives + 1.0));
    double loss = loss(logits, fails, n, high, low, slope, offset);
    for (int round = 0; round < 100; round++) {
      double gradientSlope = 0;
      double gradientOffset = 0;
      double slopeSlope = 1e-9;
      double slopeOffset = 0;
      double offsetOffset = 1e-9;
      for (int i = 0; i < n; i++) {
        double p = 1 / (1 + Math.exp(-(slope * logits[i] + offset)));
        double error = p - (fails[i] ? high : low);
        double weight = p * (1 - p);
        gradientSlope += error * logits[i];
        gradientOffset += error;
        slopeSlope += weight * logits[i] * logits[i];
        slopeOffset += weight * logits[i];
        offsetOffset += weight;
      }
      double determinant = slopeSlope * offsetOffset - slopeOffset * slopeOffset;
      double stepSlope =
          (offsetOffset * gradientSlope - slopeOffset * gradientOffset) / determinant;
      double stepOffset = (slopeSlope * gradientOffset - slopeOffset * gradientSlope) / determinant;
      double step = 1;
      boolean better = false;
      while (step > 1e-6) {
        double newSlope =
            Math.min(LARGEST_SLOPE, Math.max(SMALLEST_SLOPE, slope - step * stepSlope));
        double newOffset = offset - step * stepOffset;
        double newLoss = loss(logits, fails, n, high, low, newSlope, newOffset);
        if (newLoss < loss) {
          better = loss - newLoss > 1e-9 * Math.abs(loss);
          slope = newSlope;
          offset = newOffset;
          loss = newLoss;
          break;
        }
        step /= 2;
      }
      if (!better) {
        break;
      }
    }
    return new Platt(slope, offset);
  }

  private static double loss(
      float[] logits,
      boolean[] fails,
      int n,
      double high,
      double low,
      double slope,
      double offset) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      double z = slope * logits[i] + offset;
      double softplus = z > 0 ? z + Math.log1p(Math.exp(-z)) : Math.log1p(Math.exp(z));
      sum += softplus - (fails[i] ? high : low) * z;
    }
    return sum;
  }
}
