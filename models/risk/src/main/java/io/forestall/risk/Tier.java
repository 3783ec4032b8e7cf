package io.forestall.risk;

/**
 * Tier of a failure score, from no trust to worst. Names equal those of the Risk schema. Row A15.
 */
public enum Tier {
  /** No score to trust: too little data, or silence. Never the same as healthy. */
  UNKNOWN,
  /** Below every threshold. */
  HEALTHY,
  /** Worth looking at. */
  WATCH,
  /** Prepare to act. */
  WARNING,
  /** Act now. */
  CRITICAL
}
