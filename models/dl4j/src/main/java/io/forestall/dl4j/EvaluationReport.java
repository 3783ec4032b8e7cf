package io.forestall.dl4j;

import java.time.LocalDate;
import java.util.List;
import java.util.Map;

/**
 * What an evaluation found. Shares and recalls are 0 to 1; an interval is the middle 95 % of the
 * bootstrap replicates over drives; NaN where a figure cannot be told.
 *
 * @param protocol how it was done, a sentence each
 * @param drives how many drives the data has
 * @param firstDay first day of the data
 * @param lastDay last day of the data
 * @param periods the test periods
 * @param horizons figures by horizon, 7, 14 and 30 days
 * @param calibration expected and observed by tenths of the days, as recalibrated in the stream
 * @param calibrationUnmoved the same as calibrated before each period
 * @param thresholds how a threshold of earlier months keeps its budget later
 * @param leadTimes how long before the failure the ensemble's first alarm came
 * @param driveModels figures of the ensemble by drive model
 * @param years figures of the ensemble by year
 * @param importance share of the trees' gain by input, largest first
 * @param canaries what leaks would look like
 */
public record EvaluationReport(
    List<String> protocol,
    int drives,
    LocalDate firstDay,
    LocalDate lastDay,
    List<Period> periods,
    Map<Integer, Horizon> horizons,
    List<Tenth> calibration,
    List<Tenth> calibrationUnmoved,
    List<Threshold> thresholds,
    LeadTimes leadTimes,
    List<Group> driveModels,
    List<Group> years,
    List<Share> importance,
    CanaryFigures canaries) {
  /** Keeps its own copies. */
  public EvaluationReport {
    protocol = List.copyOf(protocol);
    periods = List.copyOf(periods);
    calibration = List.copyOf(calibration);
    calibrationUnmoved = List.copyOf(calibrationUnmoved);
    thresholds = List.copyOf(thresholds);
    driveModels = List.copyOf(driveModels);
    years = List.copyOf(years);
    importance = List.copyOf(importance);
  }

  /**
   * A figure and the middle 95 % of its bootstrap replicates.
   *
   * @param value the figure
   * @param low lower end
   * @param high upper end
   */
  public record Interval(double value, double low, double high) {
    /** Whether the interval leaves zero out, above it. */
    public boolean isAboveZero() {
      return low > 0;
    }
  }

  /**
   * One test period.
   *
   * @param trainLastDay last day whose sample trains
   * @param firstDay first day that measures
   * @param lastDay last day that measures
   * @param driveDays scored days with a known label
   * @param failingDrives drives that fail in it and count at 30 days
   */
  public record Period(
      LocalDate trainLastDay,
      LocalDate firstDay,
      LocalDate lastDay,
      long driveDays,
      int failingDrives) {}

  /**
   * Figures at one horizon.
   *
   * @param failingDrives drives that count
   * @param baseRate share of days that a failure follows
   * @param scorers by scorer
   * @param differences the ensemble less a baseline, by baseline
   */
  public record Horizon(
      int failingDrives,
      double baseRate,
      Map<String, Scores> scorers,
      Map<String, Scores> differences) {}

  /**
   * Figures of a scorer, or of a difference.
   *
   * @param auc area under the ROC curve
   * @param auprc average precision
   * @param recallPerMilleWeek recall when 0.1 % of healthy drives are flagged a week
   * @param recallPercentWeek recall when 1 % are
   * @param recallPercentDay recall when the highest 1 % of drives are inspected each day
   * @param recallAsAny recall when as many healthy drives are flagged a week as the rule "any"
   *     flags
   * @param precisionPercentWeek share of days with an alarm that a failure follows, at 1 % a week
   */
  public record Scores(
      Interval auc,
      Interval auprc,
      Interval recallPerMilleWeek,
      Interval recallPercentWeek,
      Interval recallPercentDay,
      Interval recallAsAny,
      Interval precisionPercentWeek) {}

  /**
   * A tenth of the days, by predicted probability.
   *
   * @param predicted mean probability
   * @param observed share that a failure followed
   * @param ratio observed over expected
   * @param failingDrives failing drives behind the observed share
   */
  public record Tenth(double predicted, double observed, Interval ratio, int failingDrives) {}

  /**
   * A threshold of the first three months of each period, in the three after them.
   *
   * @param scorer which
   * @param budget share of healthy drive-weeks that it allowed
   * @param ratios share that it flagged later over the budget, by period
   */
  public record Threshold(String scorer, double budget, List<Double> ratios) {
    /** Keeps its own copy. */
    public Threshold {
      ratios = List.copyOf(ratios);
    }

    /** The largest factor by which it misses its budget, in either direction. */
    public double worst() {
      double worst = 1;
      for (double ratio : ratios) {
        worst = Math.max(worst, Math.max(ratio, 1 / ratio));
      }
      return worst;
    }
  }

  /**
   * Days from the first alarm to the failure, of drives that were found at 1 % a week.
   *
   * @param found drives found within 60 days before their failure
   * @param quartiles lower quartile, median, upper quartile; days
   * @param byDays how many were found so many days before: 1, 2 to 3, 4 to 7, 8 to 14, 15 to 30, 31
   *     to 60
   */
  public record LeadTimes(int found, List<Double> quartiles, List<Integer> byDays) {
    /** Keeps its own copies. */
    public LeadTimes {
      quartiles = List.copyOf(quartiles);
      byDays = List.copyOf(byDays);
    }
  }

  /**
   * Figures of some of the drives.
   *
   * @param name drive model or year
   * @param drives how many were scored
   * @param failingDrives of these, that count
   * @param recallPercentWeek recall at the threshold that flags 1 % of all healthy drives a week
   * @param flagged share of its healthy drive-weeks that this threshold flags
   * @param observedOverExpected failures over what the ensemble expected
   */
  public record Group(
      String name,
      int drives,
      int failingDrives,
      double recallPercentWeek,
      double flagged,
      double observedOverExpected) {}

  /**
   * A part of a whole.
   *
   * @param name of the part
   * @param share 0 to 1
   */
  public record Share(String name, double share) {}

  /**
   * What leaks would look like; AUC at 30 days of trees alone, last period.
   *
   * @param auditedDays days on which no input looked ahead
   * @param plantedRefused what the audit said to an input that looks ahead on purpose
   * @param honest trained on other drives and earlier days
   * @param shuffledLabels the same with shuffled labels: chance
   * @param identityAlone trained on nothing but the drive's name: chance
   * @param randomDays trained and measured on days drawn at random from the same drives and time:
   *     what many publish, and what it is worth
   * @param randomDaysIdentity the same with the drive's name beside the inputs
   */
  public record CanaryFigures(
      int auditedDays,
      String plantedRefused,
      double honest,
      double shuffledLabels,
      double identityAlone,
      double randomDays,
      double randomDaysIdentity) {}
}
