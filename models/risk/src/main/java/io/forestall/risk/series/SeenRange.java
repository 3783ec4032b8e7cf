package io.forestall.risk.series;

/**
 * How far a value lies beyond the range seen so far, in widths of that range; 0 inside. The range
 * is kept in two generations so that the far past is forgotten. Leaving the range by 5 % is the
 * spatial rule of Ahmad et al., "Unsupervised real-time anomaly detection for streaming data",
 * Neurocomputing 2017.
 */
final class SeenRange {
  private static final double LEAST_WIDTH = 1e-9;

  private static final int SEEN = 0;
  private static final int LOW = 1;
  private static final int HIGH = 2;
  private static final int FORMER = 3;

  private final int at;

  SeenRange(Layout layout) {
    at = layout.numbers(6);
  }

  /** Widths beyond; the value is then part of the range. */
  double beyond(EnsembleState state, double value) {
    float[] numbers = state.numbers;
    float as = (float) value;
    boolean now = numbers[at + SEEN] != 0;
    boolean before = numbers[at + FORMER + SEEN] != 0;
    float low = now ? numbers[at + LOW] : Float.POSITIVE_INFINITY;
    float high = now ? numbers[at + HIGH] : Float.NEGATIVE_INFINITY;
    numbers[at + SEEN] = 1;
    numbers[at + LOW] = Math.min(low, as);
    numbers[at + HIGH] = Math.max(high, as);
    if (!now && !before) {
      return 0;
    }
    if (before) {
      low = Math.min(low, numbers[at + FORMER + LOW]);
      high = Math.max(high, numbers[at + FORMER + HIGH]);
    }
    double width = high - low + LEAST_WIDTH;
    return Math.max(0, Math.max(as - high, low - as)) / width;
  }

  /** Lets go of what was not seen since the last turn. */
  void turn(EnsembleState state) {
    System.arraycopy(state.numbers, at, state.numbers, at + FORMER, FORMER);
    state.numbers[at + SEEN] = 0;
  }
}
