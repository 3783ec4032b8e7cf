package io.forestall.dl4j;

import java.util.Arrays;

/**
 * Area under the ROC curve and average precision of a scorer, for any weights of the drives. Exact
 * up to a few hundred levels of score, fine at the top where precision is decided, so that each
 * bootstrap replicate is one pass over runs of equal days and not a sort.
 */
final class AreaRanking {
  /** From one level to the next, the rank from the top grows by this much. */
  private static final double RANK_STEP = 1.03;

  private final ScoredPeriod period;
  private int[] runDrives = new int[1 << 10];
  private short[] runLevels = new short[1 << 10];
  private int[] runFailing = new int[1 << 10];
  private int[] runSurviving = new int[1 << 10];
  private int runs;
  private int levels;

  /**
   * Both measures.
   *
   * @param auc area under the ROC curve, NaN with one class only
   * @param auprc average precision, NaN with one class only
   */
  record Areas(double auc, double auprc) {}

  AreaRanking(ScoredPeriod period, int scorer, int horizonDays) {
    this.period = period;
    float[] bounds = bounds(scorer);
    levels = bounds.length + 1;
    for (int d = 0; d < period.drives(); d++) {
      DriveHistory drive = period.drive(d);
      int before = -1;
      for (int i = period.from(d); i < period.to(d); i++) {
        DriveHistory.Label label = drive.label(period.day(i), horizonDays);
        if (label == DriveHistory.Label.UNKNOWN) {
          continue;
        }
        int level = level(bounds, period.score(scorer, i));
        if (level != before) {
          begin(d, level);
          before = level;
        }
        if (label == DriveHistory.Label.FAILS) {
          runFailing[runs - 1]++;
        } else {
          runSurviving[runs - 1]++;
        }
      }
    }
  }

  private void begin(int drive, int level) {
    if (runs == runDrives.length) {
      runDrives = Arrays.copyOf(runDrives, 2 * runs);
      runLevels = Arrays.copyOf(runLevels, 2 * runs);
      runFailing = Arrays.copyOf(runFailing, 2 * runs);
      runSurviving = Arrays.copyOf(runSurviving, 2 * runs);
    }
    runDrives[runs] = drive;
    runLevels[runs++] = (short) level;
  }

  /** Scores between levels, falling. */
  private float[] bounds(int scorer) {
    float[] sorted = new float[period.days()];
    for (int i = 0; i < sorted.length; i++) {
      sorted[i] = period.score(scorer, i);
    }
    Arrays.sort(sorted);
    float[] bounds = new float[1024];
    int n = 0;
    for (double rank = 1; rank < sorted.length; rank = Math.max(rank + 1, rank * RANK_STEP)) {
      float bound = sorted[sorted.length - (int) rank];
      if (n == 0 || bound < bounds[n - 1]) {
        bounds[n++] = bound;
      }
    }
    return Arrays.copyOf(bounds, n);
  }

  /** 0 for the highest scores. */
  private static int level(float[] bounds, float score) {
    int low = 0;
    int high = bounds.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (score >= bounds[middle]) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /**
   * Adds up the days of each level.
   *
   * @param failing receives the weight of days before a failure, by level
   * @param surviving receives the weight of the others
   */
  private void sum(double[] weights, double[] failing, double[] surviving) {
    for (int k = 0; k < runs; k++) {
      double weight = weights[period.id(runDrives[k])];
      failing[runLevels[k]] += weight * runFailing[k];
      surviving[runLevels[k]] += weight * runSurviving[k];
    }
  }

  /** The measures. */
  Areas areas(double[] weights) {
    double[] failing = new double[levels];
    double[] surviving = new double[levels];
    sum(weights, failing, surviving);
    double positives = Arrays.stream(failing).sum();
    double negatives = Arrays.stream(surviving).sum();
    if (positives == 0 || negatives == 0) {
      return new Areas(Double.NaN, Double.NaN);
    }
    double area = 0;
    double precision = 0;
    double above = 0;
    double aboveFailing = 0;
    for (int level = 0; level < levels; level++) {
      area += surviving[level] * (aboveFailing + failing[level] / 2);
      above += failing[level] + surviving[level];
      aboveFailing += failing[level];
      if (above > 0) {
        precision += failing[level] * aboveFailing / above;
      }
    }
    return new Areas(area / (positives * negatives), precision / positives);
  }
}
