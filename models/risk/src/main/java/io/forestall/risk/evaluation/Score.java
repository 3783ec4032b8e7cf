package io.forestall.risk.evaluation;

/**
 * Precision and recall of alarms. What cannot be said, because there was no alarm or no anomaly, is
 * 0.
 *
 * @param precision share of what was raised that was right; 0 to 1
 * @param recall share of what was wrong that was raised; 0 to 1
 */
public record Score(double precision, double recall) {

  /** Harmonic mean of both; 0 to 1. */
  public double f1() {
    double sum = precision + recall;
    return sum == 0 ? 0 : 2 * precision * recall / sum;
  }
}
