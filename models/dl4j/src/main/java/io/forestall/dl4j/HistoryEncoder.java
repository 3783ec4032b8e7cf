package io.forestall.dl4j;

import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskSample;
import io.forestall.risk.DiskState;
import io.forestall.risk.DriveModelHazards;
import io.forestall.risk.FeatureExtractor;
import java.util.EnumSet;
import java.util.Set;

/**
 * Turns a stretch of a history into inputs, through the very feature extractor of the running job
 * and from a fresh state: what came before the stretch is not known, as for a fleet that is watched
 * from today on. Not thread-safe.
 */
final class HistoryEncoder {
  private static final long DAY_MILLIS = 24L * 3600 * 1000;

  /** What the drive-stats of 2013 recorded. */
  static final Set<DiskMetric> FIVE_ATTRIBUTES =
      Set.of(
          DiskMetric.READ_ERROR_RATE,
          DiskMetric.REALLOCATED_SECTORS,
          DiskMetric.POWER_ON_HOURS,
          DiskMetric.TEMPERATURE,
          DiskMetric.PENDING_SECTORS);

  private final FeatureExtractor withHazards;
  private final FeatureExtractor withoutHazards = new FeatureExtractor();

  HistoryEncoder(DriveModelHazards hazards) {
    this.withHazards = new FeatureExtractor(hazards);
  }

  /** All metrics but some. */
  static Set<DiskMetric> allBut(Set<DiskMetric> kept) {
    EnumSet<DiskMetric> hidden = EnumSet.allOf(DiskMetric.class);
    hidden.removeAll(kept);
    return hidden;
  }

  /**
   * Writes the inputs of the samples {@code from} to {@code to} - 1.
   *
   * @param hidden metrics that are treated as absent
   * @param knowsModel whether the failure rate of the drive's model may be used
   * @param inputs receives {@code to - from} inputs
   */
  void encode(
      DriveHistory history,
      int from,
      int to,
      Set<DiskMetric> hidden,
      boolean knowsModel,
      float[][] inputs) {
    FeatureExtractor extractor = knowsModel ? withHazards : withoutHazards;
    DiskState state = DiskState.fresh();
    int[] blanked = hidden.stream().mapToInt(DiskMetric::ordinal).toArray();
    double[] values = new double[DiskMetric.COUNT];
    for (int i = from; i < to; i++) {
      history.values(i, values);
      for (int metric : blanked) {
        values[metric] = Double.NaN;
      }
      extractor.extract(
          state,
          new DiskSample(history.serial(), history.model(), history.day(i) * DAY_MILLIS, values),
          inputs[i - from]);
    }
  }
}
