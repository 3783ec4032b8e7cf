package io.forestall.risk;

import java.util.List;

/**
 * How a probability becomes a score, a tier and a confidence. Immutable.
 *
 * @param horizonMillis time ahead that the headline probability speaks of; milliseconds
 * @param anchors score by probability, both rising; between two of them the score is linear in the
 *     log-odds
 * @param watch band of tier WATCH
 * @param warning band of tier WARNING
 * @param critical band of tier CRITICAL
 * @param enterDwellMillis how long a score must stay above the enter threshold before the tier
 *     rises; milliseconds, 0 at once
 * @param exitDwellMillis how long a score must stay below the exit threshold before the tier falls;
 *     milliseconds
 * @param staleAfterMillis silence after which an entity's score is stale; milliseconds
 * @param unknownAfterMillis silence after which its tier is UNKNOWN; milliseconds
 * @param unknownBelowConfidence confidence below which the tier is UNKNOWN, 0 to 1
 * @param warmSteps steps after which a model's memory of a disk counts as warm; count
 * @param fullConfidenceMillis length of history after which confidence is no longer lowered for
 *     youth; milliseconds
 * @param reasonFloor probability below which no reasons are looked for, 0 to 1
 * @param maximumReasons most reasons in a list; count
 */
public record RiskPolicy(
    long horizonMillis,
    List<Anchor> anchors,
    Band watch,
    Band warning,
    Band critical,
    long enterDwellMillis,
    long exitDwellMillis,
    long staleAfterMillis,
    long unknownAfterMillis,
    double unknownBelowConfidence,
    int warmSteps,
    long fullConfidenceMillis,
    double reasonFloor,
    int maximumReasons) {
  private static final long DAY_MILLIS = 86_400_000L;

  /**
   * One point of the score's curve.
   *
   * @param probability probability of failure within the horizon, above 0 and below 1
   * @param score failure score, 0 to 100
   */
  public record Anchor(double probability, double score) {}

  /**
   * Thresholds of a tier.
   *
   * @param enter score at or above which the tier is entered; points
   * @param exit score below which the tier is left; points, below enter
   */
  public record Band(double enter, double exit) {}

  public RiskPolicy {
    anchors = List.copyOf(anchors);
  }

  /** The default: 30 days, tiers at 40, 60 and 80, left 10 points lower after 3 days. */
  public static RiskPolicy defaults() {
    return new RiskPolicy(
        30 * DAY_MILLIS,
        List.of(
            new Anchor(0.0001, 0),
            new Anchor(0.01, 25),
            new Anchor(0.03, 40),
            new Anchor(0.1, 60),
            new Anchor(0.3, 80),
            new Anchor(0.9, 100)),
        new Band(40, 30),
        new Band(60, 50),
        new Band(80, 70),
        0,
        3 * DAY_MILLIS,
        60L * 3_600_000,
        14 * DAY_MILLIS,
        0.1,
        30,
        14 * DAY_MILLIS,
        0.01,
        5);
  }

  /** Failure score of a probability, 0 to 100, never falling when the probability grows. */
  public double score(double probability) {
    throw new UnsupportedOperationException();
  }
}
