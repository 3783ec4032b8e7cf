package io.forestall.risk.symptom;

import io.forestall.risk.RiskPolicy;

/**
 * How findings, blame and disks become the score of a machine or a volume. Immutable.
 *
 * @param risk curve, tiers, dwell, horizon and silence
 * @param disksTolerated disks that may fail within the horizon without harm to the node; count
 * @param maximumDisks most disks of a node that are remembered; count, 1 to 4,096
 * @param diskStaleAfterMillis age of a disk's score after which it lowers the confidence; of a node
 *     of which only disks are known also the silence after which its score is stale; milliseconds
 * @param diskUnknownAfterMillis age after which it no longer counts; likewise the silence after
 *     which the node is UNKNOWN; milliseconds
 * @param blameLastsMillis how long blame counts in full; then it fades over twice that time;
 *     milliseconds
 */
public record NodeRiskPolicy(
    RiskPolicy risk,
    int disksTolerated,
    int maximumDisks,
    long diskStaleAfterMillis,
    long diskUnknownAfterMillis,
    long blameLastsMillis) {
  private static final long MINUTE_MILLIS = 60_000L;
  private static final long HOUR_MILLIS = 60 * MINUTE_MILLIS;

  /**
   * @throws IllegalArgumentException when values contradict each other; the message names them
   */
  public NodeRiskPolicy {
    require(disksTolerated >= 0, "disksTolerated must not be below 0, not " + disksTolerated);
    require(
        maximumDisks >= 1 && maximumDisks <= 4096,
        "maximumDisks must be 1 to 4096, not " + maximumDisks);
    require(
        diskStaleAfterMillis > 0 && diskUnknownAfterMillis > diskStaleAfterMillis,
        "a disk's score must be stale before it is unknown");
    require(blameLastsMillis > 0, "blameLastsMillis must be above 0");
  }

  /**
   * The default for machines: the curve and the 30 days of disks; stale after 5 minutes and unknown
   * after 30; a tier is left after half an hour below it.
   */
  public static NodeRiskPolicy defaults() {
    return of(RiskPolicy.defaults(), 5 * MINUTE_MILLIS, 30 * MINUTE_MILLIS);
  }

  /** The default for volumes, which may be idle: stale after an hour, unknown after a day. */
  public static NodeRiskPolicy volumes() {
    return of(RiskPolicy.defaults(), HOUR_MILLIS, 24 * HOUR_MILLIS);
  }

  /**
   * The default with the curve, bands and horizon of another policy and a silence of its own.
   *
   * @param disks the policy of disks
   * @param staleAfterMillis silence after which a score is stale; milliseconds
   * @param unknownAfterMillis silence after which the tier is UNKNOWN; milliseconds
   */
  public static NodeRiskPolicy of(
      RiskPolicy disks, long staleAfterMillis, long unknownAfterMillis) {
    return new NodeRiskPolicy(
        new RiskPolicy(
            disks.horizonMillis(),
            disks.anchors(),
            disks.watch(),
            disks.warning(),
            disks.critical(),
            disks.enterDwellMillis(),
            30 * MINUTE_MILLIS,
            staleAfterMillis,
            unknownAfterMillis,
            disks.unknownBelowConfidence(),
            disks.warmSteps(),
            disks.fullConfidenceMillis(),
            disks.reasonFloor(),
            disks.maximumReasons()),
        1,
        1024,
        disks.staleAfterMillis(),
        disks.unknownAfterMillis(),
        5 * MINUTE_MILLIS);
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalArgumentException("Node risk policy: " + what);
    }
  }
}
