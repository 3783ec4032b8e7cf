package io.forestall.risk;

import java.util.List;
import org.jspecify.annotations.Nullable;

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

  /**
   * @throws IllegalArgumentException when values contradict each other; the message names them
   */
  public RiskPolicy {
    anchors = List.copyOf(anchors);
    require(horizonMillis > 0, "the horizon must be above 0, not " + horizonMillis);
    require(anchors.size() >= 2, "the score needs at least two anchors");
    for (int i = 0; i < anchors.size(); i++) {
      Anchor anchor = anchors.get(i);
      require(
          anchor.probability > 0
              && anchor.probability < 1
              && anchor.score >= 0
              && anchor.score <= 100,
          "anchor " + anchor + " needs a probability between 0 and 1 and a score of 0 to 100");
      require(
          i == 0
              || (anchor.probability > anchors.get(i - 1).probability
                  && anchor.score >= anchors.get(i - 1).score),
          "anchor " + anchor + " must not be below the one before it");
    }
    requireBand("watch", watch);
    requireBand("warning", warning);
    requireBand("critical", critical);
    require(
        watch.enter <= warning.enter && warning.enter <= critical.enter,
        "tiers must be entered in order, not at "
            + watch.enter
            + ", "
            + warning.enter
            + ", "
            + critical.enter);
    require(
        watch.exit <= warning.exit && warning.exit <= critical.exit,
        "tiers must be left in order, not at "
            + watch.exit
            + ", "
            + warning.exit
            + ", "
            + critical.exit);
    require(enterDwellMillis >= 0 && exitDwellMillis >= 0, "a dwell time must not be below 0");
    require(
        staleAfterMillis > 0 && unknownAfterMillis > staleAfterMillis,
        "a silent disk must be stale before it is unknown, not after "
            + staleAfterMillis
            + " and "
            + unknownAfterMillis
            + " ms");
    require(
        unknownBelowConfidence >= 0 && unknownBelowConfidence <= 1,
        "unknownBelowConfidence must be 0 to 1, not " + unknownBelowConfidence);
    require(warmSteps > 0, "warmSteps must be above 0, not " + warmSteps);
    require(
        fullConfidenceMillis > 0,
        "fullConfidenceMillis must be above 0, not " + fullConfidenceMillis);
    require(reasonFloor >= 0 && reasonFloor <= 1, "reasonFloor must be 0 to 1, not " + reasonFloor);
    require(maximumReasons >= 0, "maximumReasons must not be below 0, not " + maximumReasons);
  }

  /**
   * The default: 30 days, tiers at 40, 60 and 80, left 10 points lower after 3 days.
   *
   * <p>The anchors follow what can be known of a disk: of the worst disks that daily counters can
   * tell, one in six to eight fails within 30 days, a hundred times the fleet's rate. Such a disk
   * is critical; a scale on which only certainty is critical would never say so.
   */
  public static RiskPolicy defaults() {
    return new RiskPolicy(
        30 * DAY_MILLIS,
        List.of(
            new Anchor(0.0001, 0),
            new Anchor(0.005, 25),
            new Anchor(0.02, 40),
            new Anchor(0.06, 60),
            new Anchor(0.12, 80),
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

  /**
   * This policy without reasons, for callers that want numbers only: every disk then costs one
   * step.
   */
  public RiskPolicy withoutReasons() {
    return new RiskPolicy(
        horizonMillis,
        anchors,
        watch,
        warning,
        critical,
        enterDwellMillis,
        exitDwellMillis,
        staleAfterMillis,
        unknownAfterMillis,
        unknownBelowConfidence,
        warmSteps,
        fullConfidenceMillis,
        reasonFloor,
        0);
  }

  /** Failure score of a probability, 0 to 100, never falling when the probability grows. */
  public double score(double probability) {
    return new Curve(anchors).score(probability);
  }

  /** The score's curve, for callers that score often. */
  public Curve curve() {
    return new Curve(anchors);
  }

  /** The band of a tier, null for UNKNOWN and HEALTHY. */
  @Nullable Band band(Tier tier) {
    return switch (tier) {
      case CRITICAL -> critical;
      case WARNING -> warning;
      case WATCH -> watch;
      case HEALTHY, UNKNOWN -> null;
    };
  }

  /** The score's curve with the logarithms of its anchors taken once. Immutable. */
  public static final class Curve {
    private final double[] logOdds;
    private final double[] scores;

    Curve(List<Anchor> anchors) {
      logOdds = anchors.stream().mapToDouble(anchor -> logOdds(anchor.probability)).toArray();
      scores = anchors.stream().mapToDouble(Anchor::score).toArray();
    }

    /** Failure score of a probability, 0 to 100. */
    public double score(double probability) {
      double x = logOdds(probability);
      int last = logOdds.length - 1;
      if (x <= logOdds[0]) {
        return scores[0];
      }
      for (int i = 1; i <= last; i++) {
        if (x < logOdds[i]) {
          double part = (x - logOdds[i - 1]) / (logOdds[i] - logOdds[i - 1]);
          // Rounding must not lift a score above the anchor that follows: monotone for every pair
          // of doubles.
          return Math.min(scores[i], scores[i - 1] + part * (scores[i] - scores[i - 1]));
        }
      }
      return scores[last];
    }
  }

  /** ln(p / (1 - p)), infinite at 0 and 1. */
  static double logOdds(double probability) {
    return Math.log(probability / (1 - probability));
  }

  private static void requireBand(String tier, Band band) {
    require(
        band.exit >= 0 && band.exit < band.enter && band.enter <= 100,
        "tier " + tier + " must be left below where it is entered, within 0 to 100, not " + band);
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalArgumentException("Risk policy: " + what);
    }
  }
}
