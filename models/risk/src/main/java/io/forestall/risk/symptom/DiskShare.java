package io.forestall.risk.symptom;

import io.forestall.risk.Assessment;
import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeAssessment;
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
 * @param model identifier of the model that gave the probability, empty when none did
 * @param modelVersion its version, 0 without one
 */
public record DiskShare(
    String disk,
    long timeMillis,
    double probability,
    long horizonMillis,
    double score,
    Tier tier,
    boolean stale,
    String model,
    int modelVersion) {

  /** What an assessment of a disk adds to its node. */
  public static DiskShare of(String disk, Assessment assessment) {
    ModeAssessment own = null;
    for (ModeAssessment mode : assessment.modes()) {
      if (mode.mode() == FailureMode.DISK) {
        own = mode;
      }
    }
    return new DiskShare(
        disk,
        assessment.timeMillis(),
        assessment.probability(),
        assessment.horizonMillis(),
        assessment.score(),
        assessment.tier(),
        assessment.stale(),
        own == null ? "" : own.model(),
        own == null ? 0 : own.modelVersion());
  }
}
