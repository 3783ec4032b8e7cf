package io.forestall.risk.symptom;

import io.forestall.risk.RiskPolicy;

/**
 * How findings, blame and disks become the score of a machine or a volume. Immutable.
 *
 * @param risk curve, tiers, dwell and silence of machines
 * @param disksTolerated disks that may fail within the horizon without harm to the node; count
 * @param maximumDisks most disks of a node that are remembered; count
 */
public record NodeRiskPolicy(RiskPolicy risk, int disksTolerated, int maximumDisks) {

  /** The default. */
  public static NodeRiskPolicy defaults() {
    return new NodeRiskPolicy(RiskPolicy.defaults(), 1, 1024);
  }
}
