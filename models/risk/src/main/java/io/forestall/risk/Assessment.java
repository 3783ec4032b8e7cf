package io.forestall.risk;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the engine says of one entity after one sample or after a silence; mirrors the Risk schema.
 * Rows A10, A15, G7, G18.
 *
 * @param score failure score, 0 healthy to 100 critical; points
 * @param tier tier after this sample; UNKNOWN while there is no score to trust
 * @param tierSinceMillis event time at which the tier was entered; epoch milliseconds
 * @param probability probability of failure within the horizon, 0 to 1, over all modes
 * @param horizonMillis length of the time ahead that the probability speaks of; milliseconds
 * @param confidence trust in the probability, 0 none to 1 full
 * @param stale true when made by silence and not by a sample
 * @param tierChanged true when this assessment moved the entity into another tier
 * @param samples how many samples of this entity were scored so far; a silence does not count
 * @param timeMillis event time of the sample or of the silence; epoch milliseconds
 * @param modes one entry for each failure mode that was scored
 * @param challenger what the challenger's model says of the same moment, with tiers of its own;
 *     null when there is none or it is not asked. Nothing is done because of it
 */
public record Assessment(
    double score,
    Tier tier,
    long tierSinceMillis,
    double probability,
    long horizonMillis,
    double confidence,
    boolean stale,
    boolean tierChanged,
    long samples,
    long timeMillis,
    List<ModeAssessment> modes,
    @Nullable Assessment challenger) {
  public Assessment {
    modes = List.copyOf(modes);
  }

  /** An assessment without a challenger. */
  public Assessment(
      double score,
      Tier tier,
      long tierSinceMillis,
      double probability,
      long horizonMillis,
      double confidence,
      boolean stale,
      boolean tierChanged,
      long samples,
      long timeMillis,
      List<ModeAssessment> modes) {
    this(
        score,
        tier,
        tierSinceMillis,
        probability,
        horizonMillis,
        confidence,
        stale,
        tierChanged,
        samples,
        timeMillis,
        modes,
        null);
  }
}
