package io.forestall.risk.symptom;

import io.forestall.risk.Tier;

/**
 * What a disk adds to the risk of the node that holds it.
 *
 * @param disk serial of the disk
 * @param timeMillis event time of its score; epoch milliseconds
 * @param probability probability of failure within the horizon, 0 to 1
 * @param horizonMillis that horizon; milliseconds
 * @param score failure score, 0 to 100
 * @param tier its tier
 * @param stale true when it, or its I/O, is no longer reported
 */
public record DiskShare(
    String disk,
    long timeMillis,
    double probability,
    long horizonMillis,
    double score,
    Tier tier,
    boolean stale) {}
