package io.forestall.risk.series;

/**
 * How far a value lies beyond the range seen so far, in widths of that range; 0 inside. Leaving the
 * range by 5 % is the spatial rule of Ahmad et al., "Unsupervised real-time anomaly detection for
 * streaming data", Neurocomputing 2017.
 */
final class SeenRange {
  private static final double LEAST_WIDTH = 1e-9;

  private final int at;

  SeenRange(Layout layout) {
    at = layout.numbers(3);
  }

  /** Widths beyond; the value is then part of the range. */
  double beyond(EnsembleState state, double value) {
    float[] numbers = state.numbers;
    float as = (float) value;
    if (numbers[at] == 0) {
      numbers[at] = 1;
      numbers[at + 1] = as;
      numbers[at + 2] = as;
      return 0;
    }
    float low = numbers[at + 1];
    float high = numbers[at + 2];
    double width = high - low + LEAST_WIDTH;
    if (as > high) {
      numbers[at + 2] = as;
      return (as - high) / width;
    }
    if (as < low) {
      numbers[at + 1] = as;
      return (low - as) / width;
    }
    return 0;
  }
}
