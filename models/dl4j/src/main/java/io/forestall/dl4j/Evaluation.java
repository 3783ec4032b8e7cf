package io.forestall.dl4j;

import io.forestall.risk.LogitCalibration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Measures scores against what happened. Area under the ROC curve and average precision are exact,
 * ties shared. Recall is the share of failing drives with an alarm on one of the horizon's days
 * before the failure; the budget x says that x of the healthy drive-weeks hold an alarm. A failing
 * drive counts if all those days lie in the measured period.
 *
 * @param driveDays days with a known label
 * @param positives of these, followed by a failure within the horizon
 * @param failingDrives failing drives that recall counts
 * @param auc area under the ROC curve
 * @param auprc average precision
 * @param recallAtPerMille recall when 0.1 % of healthy drive-weeks hold an alarm
 * @param recallAtPercent recall when 1 % of healthy drive-weeks hold an alarm
 * @param meanProbability mean of the calibrated probability
 * @param logLoss mean log loss of the calibrated probability, nats
 * @param baseLogLoss log loss of always saying the period's own rate, nats
 * @param reliability predicted against observed, by ranges of predicted probability
 */
record Evaluation(
    long driveDays,
    long positives,
    int failingDrives,
    double auc,
    double auprc,
    double recallAtPerMille,
    double recallAtPercent,
    double meanProbability,
    double logLoss,
    double baseLogLoss,
    List<Bin> reliability) {
  private static final double[] EDGES = {0, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0000001};

  Evaluation {
    reliability = List.copyOf(reliability);
  }

  /**
   * One range of predicted probability.
   *
   * @param from lower edge, inclusive
   * @param to upper edge, exclusive
   * @param driveDays days in it
   * @param predicted their mean probability
   * @param observed share that failed within the horizon
   */
  record Bin(double from, double to, long driveDays, double predicted, double observed) {}

  /** Share of positives among the drive-days. */
  double baseRate() {
    return driveDays == 0 ? Double.NaN : (double) positives / driveDays;
  }

  String line() {
    return String.format(
        Locale.ROOT,
        "AUC %.3f, AUPRC %.4f (base rate %.5f), recall %.0f %% at 0.1 %%/week and %.0f %% at 1"
            + " %%/week of %d failing drives, mean probability %.5f, log loss %.5f (base %.5f), %d"
            + " drive-days",
        auc,
        auprc,
        baseRate(),
        100 * recallAtPerMille,
        100 * recallAtPercent,
        failingDrives,
        meanProbability,
        logLoss,
        baseLogLoss,
        driveDays);
  }

  /** Gathers scored drive-days; grows as needed. */
  static final class Collector {
    private final int horizonDays;
    private final int firstDay;
    private final int lastDay;
    private float[] logits = new float[1 << 16];
    private boolean[] fails = new boolean[1 << 16];
    private int size;
    private final Map<Integer, Float> failing = new HashMap<>();
    private float[] weekMaxima = new float[1 << 14];
    private int weeks;
    private int drives;

    Collector(int horizonDays, int firstDay, int lastDay) {
      this.horizonDays = horizonDays;
      this.firstDay = firstDay;
      this.lastDay = lastDay;
    }

    int size() {
      return size;
    }

    float[] logits() {
      return logits;
    }

    boolean[] fails() {
      return fails;
    }

    /**
     * Adds one drive.
     *
     * @param history whose days were scored
     * @param from first scored sample
     * @param scores logit of each sample from {@code from} on
     * @param count number of scores
     * @param stride every so many-th day counts
     */
    void add(DriveHistory history, int from, float[] scores, int count, int stride) {
      int drive = drives++;
      int failureDay = history.failureDay();
      boolean counted =
          failureDay != DriveHistory.NEVER
              && failureDay - horizonDays >= firstDay
              && failureDay <= lastDay;
      int week = Integer.MIN_VALUE;
      float weekMaximum = 0;
      for (int i = 0; i < count; i++) {
        int day = history.day(from + i);
        if (day < firstDay || day > lastDay) {
          continue;
        }
        DriveHistory.Label label = history.label(day, horizonDays);
        if (label == DriveHistory.Label.UNKNOWN) {
          continue;
        }
        boolean positive = label == DriveHistory.Label.FAILS;
        if (positive && counted) {
          failing.merge(drive, scores[i], Math::max);
        }
        if (!positive) {
          int thisWeek = Math.floorDiv(day - firstDay, 7);
          if (thisWeek != week) {
            closeWeek(week, weekMaximum);
            week = thisWeek;
            weekMaximum = scores[i];
          } else {
            weekMaximum = Math.max(weekMaximum, scores[i]);
          }
        }
        if (day % stride == 0) {
          if (size == logits.length) {
            logits = Arrays.copyOf(logits, 2 * size);
            fails = Arrays.copyOf(fails, 2 * size);
          }
          logits[size] = scores[i];
          fails[size++] = positive;
        }
      }
      closeWeek(week, weekMaximum);
    }

    private void closeWeek(int week, float maximum) {
      if (week == Integer.MIN_VALUE) {
        return;
      }
      if (weeks == weekMaxima.length) {
        weekMaxima = Arrays.copyOf(weekMaxima, 2 * weeks);
      }
      weekMaxima[weeks++] = maximum;
    }

    /** The measures, NaN where the period holds only one class. */
    Evaluation evaluate(LogitCalibration calibration) {
      long positives = 0;
      for (int i = 0; i < size; i++) {
        positives += fails[i] ? 1 : 0;
      }
      double[] areas = areas(positives);
      float[] maxima = Arrays.copyOf(weekMaxima, weeks);
      Arrays.sort(maxima);
      long[] days = new long[EDGES.length - 1];
      double[] predicted = new double[days.length];
      long[] observed = new long[days.length];
      double sum = 0;
      double loss = 0;
      for (int i = 0; i < size; i++) {
        double p = Math.min(1 - 1e-9, Math.max(1e-9, calibration.probability(logits[i])));
        int bin = 0;
        while (p >= EDGES[bin + 1]) {
          bin++;
        }
        days[bin]++;
        predicted[bin] += p;
        observed[bin] += fails[i] ? 1 : 0;
        sum += p;
        loss -= Math.log(fails[i] ? p : 1 - p);
      }
      List<Bin> bins = new ArrayList<>();
      for (int bin = 0; bin < days.length; bin++) {
        if (days[bin] > 0) {
          bins.add(
              new Bin(
                  EDGES[bin],
                  Math.min(1, EDGES[bin + 1]),
                  days[bin],
                  predicted[bin] / days[bin],
                  (double) observed[bin] / days[bin]));
        }
      }
      double rate = size == 0 ? Double.NaN : (double) positives / size;
      double baseLoss =
          positives == 0 || positives == size
              ? 0
              : -rate * Math.log(rate) - (1 - rate) * Math.log(1 - rate);
      return new Evaluation(
          size,
          positives,
          failing.size(),
          areas[0],
          areas[1],
          recall(maxima, 0.001),
          recall(maxima, 0.01),
          sum / size,
          loss / size,
          baseLoss,
          bins);
    }

    private double recall(float[] sortedMaxima, double budget) {
      if (failing.isEmpty() || sortedMaxima.length == 0) {
        return Double.NaN;
      }
      // An alarm is a score above the threshold, so that at most the budget's share of weeks is
      // above it.
      int allowed = (int) Math.floor(budget * sortedMaxima.length);
      float threshold =
          sortedMaxima[sortedMaxima.length - 1 - Math.min(allowed, sortedMaxima.length - 1)];
      long found = failing.values().stream().filter(score -> score > threshold).count();
      return (double) found / failing.size();
    }

    private double[] areas(long positives) {
      long negatives = size - positives;
      if (positives == 0 || negatives == 0) {
        return new double[] {Double.NaN, Double.NaN};
      }
      // Sorting longs: an order-preserving image of the float in the high bits, the label in the
      // lowest.
      long[] keys = new long[size];
      for (int i = 0; i < size; i++) {
        int bits = Float.floatToIntBits(logits[i] == 0 ? 0f : logits[i]);
        long ordered = (bits < 0 ? ~bits : bits ^ 0x8000_0000) & 0xFFFF_FFFFL;
        keys[i] = ordered << 1 | (fails[i] ? 1 : 0);
      }
      Arrays.sort(keys);
      double area = 0;
      double precisionSum = 0;
      long above = 0;
      long aboveFailing = 0;
      int i = size - 1;
      while (i >= 0) {
        long score = keys[i] >>> 1;
        long tied = 0;
        long tiedFailing = 0;
        while (i >= 0 && keys[i] >>> 1 == score) {
          tied++;
          tiedFailing += keys[i] & 1;
          i--;
        }
        long tiedHealthy = tied - tiedFailing;
        area += tiedHealthy * (aboveFailing + tiedFailing / 2.0);
        above += tied;
        aboveFailing += tiedFailing;
        precisionSum += tiedFailing * ((double) aboveFailing / above);
      }
      return new double[] {area / ((double) positives * negatives), precisionSum / positives};
    }
  }
}
