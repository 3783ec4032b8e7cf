package io.forestall.risk.symptom;

/**
 * How symptoms become probabilities. Immutable.
 *
 * @param networkHorizonMillis horizon of mode NETWORK; milliseconds
 * @param softwareHorizonMillis horizon of mode SOFTWARE; milliseconds
 * @param slowHorizonMillis horizon of mode FAIL_SLOW; milliseconds
 * @param maximumPathMembers most paths of one volume or node that are remembered; count
 */
public record SymptomPolicy(
    long networkHorizonMillis,
    long softwareHorizonMillis,
    long slowHorizonMillis,
    int maximumPathMembers) {

  /** The default. */
  public static SymptomPolicy defaults() {
    return new SymptomPolicy(3_600_000L, 6 * 3_600_000L, 24 * 3_600_000L, 256);
  }
}
