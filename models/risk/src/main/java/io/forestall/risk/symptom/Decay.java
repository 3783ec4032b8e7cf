package io.forestall.risk.symptom;

/** Forgetting with a half-life. */
final class Decay {
  /** A sample stands for no more time than this, however long it is since the one before. */
  static final long LONGEST_STEP_MILLIS = 10 * 60_000L;

  private Decay() {}

  /** What is left after a time; 0 to 1. */
  static double left(double millis, double halfLifeMillis) {
    return millis <= 0 ? 1 : Math.exp(-Math.log(2) * millis / halfLifeMillis);
  }

  /** What is new after a time; 0 to 1. */
  static double gain(double millis, double halfLifeMillis) {
    return millis <= 0 ? 0 : -Math.expm1(-Math.log(2) * millis / halfLifeMillis);
  }

  /** The same, but of the first values the mean is taken: nothing is known to be forgotten yet. */
  static double gain(double millis, double halfLifeMillis, int count, int first) {
    double gain = gain(millis, halfLifeMillis);
    return count < first ? Math.max(gain, 1.0 / (count + 1)) : gain;
  }
}
