package io.forestall.app.console;

import java.util.List;

/**
 * The disks of one rack by tier, and each of its nodes as a row of cells.
 *
 * @param rack name of the rack, empty for disks without a fleet entry
 * @param zone failure zone
 * @param region region
 * @param synthetic true when at least one of its disks was placed here without knowledge
 * @param disks number of disks
 * @param tiers number of disks by {@code Tier.ordinal()}
 * @param maxScore highest score of a disk, 0 to 100
 * @param nodes one row for each node
 */
record RackSummary(
    String rack,
    String zone,
    String region,
    boolean synthetic,
    int disks,
    int[] tiers,
    double maxScore,
    List<NodeRow> nodes) {

  /**
   * One node's disks in the order of their identifiers, one character a disk.
   *
   * @param node name of the node
   * @param cells tier of each disk as the digit of its ordinal, {@code -} for one that was never
   *     scored
   * @param deciles score of each disk as a digit from 0 (0 to 9.99 points) to 9 (90 and more),
   *     {@code -} for one that was never scored
   */
  record NodeRow(String node, String cells, String deciles) {}
}
