package io.forestall.risk.learn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Champion against challenger on the same disks and days, which neither has seen. Rows A4, A14.
 *
 * <p>What counts is the recall at the action budget: each model's alarm threshold is set so that at
 * most the budget's share of the weeks of healthy disks holds an alarm; recall is the share of
 * failing disks with an alarm on one of the horizon's days before the failure. How sure the
 * difference is comes from a paired bootstrap over disks: both models are judged on the same drawn
 * disks, and each draw sets its own thresholds. Beside that the challenger must be calibrated:
 * failures observed over failures expected within bounds. Days whose label is not known count
 * nowhere. The same seed gives the same figures, in any order of the disks. Stateless.
 */
public final class ModelContest {

  private static final int WEEK_DAYS = 7;

  private ModelContest() {}

  /**
   * How it is judged.
   *
   * @param horizonDays a failure within so many days counts, at least 1
   * @param fromDay first epoch day that counts
   * @param toDay last epoch day that counts
   * @param sinceDay first epoch day that is new since the last trial; calibration is told for those
   *     days too
   * @param budget share of the weeks of healthy disks that may hold an alarm, above 0, below 1
   * @param confidence how sure it must be that the challenger is better, 0.5 to 1
   * @param calibrationBound largest factor by which expected and observed may differ, above 1
   * @param leastFailing failing disks below which nothing is judged, at least 1
   * @param rounds of the bootstrap, at least 1
   * @param seed of the bootstrap
   */
  public record Rules(
      int horizonDays,
      int fromDay,
      int toDay,
      int sinceDay,
      double budget,
      double confidence,
      double calibrationBound,
      int leastFailing,
      int rounds,
      long seed) {
    /**
     * @throws IllegalArgumentException when a rule is out of its range
     */
    public Rules {
      if (horizonDays < 1 || toDay < fromDay || leastFailing < 1 || rounds < 1) {
        throw new IllegalArgumentException("horizon, days, disks and rounds begin at 1");
      }
      if (!(budget > 0 && budget < 1)
          || !(confidence >= 0.5 && confidence <= 1)
          || !(calibrationBound > 1)) {
        throw new IllegalArgumentException(
            "budget " + budget + ", confidence " + confidence + ", bound " + calibrationBound);
      }
    }
  }

  /** Why a challenger is refused. */
  public enum Reason {
    /** It finds no more than the champion. */
    NOT_BETTER,
    /** It finds more, but that may be chance. */
    NOT_SURE,
    /** It says too much or too little. */
    NOT_CALIBRATED,
    /** Too few disks failed to tell. */
    TOO_FEW_FAILURES
  }

  /**
   * What one model did.
   *
   * @param recall at the budget, 0 to 1, NaN when no disk failed
   * @param threshold score above which an alarm lies
   * @param expected failures expected within the horizon, summed over days; weighted
   * @param observed days that were followed by a failure; weighted
   * @param expectedSince as {@code expected}, of the days that are new since the last trial
   * @param observedSince as {@code observed}, of these days
   */
  public record Figures(
      double recall,
      double threshold,
      double expected,
      double observed,
      double expectedSince,
      double observedSince) {
    /** Failures observed over failures expected; NaN when nothing was expected. */
    public double observedOverExpected() {
      return expected > 0 ? observed / expected : Double.NaN;
    }

    /** As {@link #observedOverExpected()}, of the days that are new since the last trial. */
    public double observedOverExpectedSince() {
      return expectedSince > 0 ? observedSince / expectedSince : Double.NaN;
    }
  }

  /**
   * How it came out.
   *
   * @param accepted true when the challenger is better and calibrated
   * @param reasons why it is refused; empty when it is accepted
   * @param champion figures of the champion
   * @param challenger figures of the challenger
   * @param difference of recall, challenger less champion; NaN when no disk failed
   * @param lowest of the difference, 5 % of the draws are lower
   * @param highest of the difference, 5 % of the draws are higher
   * @param sureness share of the draws in which the challenger found more, ties half
   * @param failing failing disks that recall counts
   * @param healthyWeeks weeks of healthy disks
   * @param days days with a known label
   */
  public record Verdict(
      boolean accepted,
      Set<Reason> reasons,
      Figures champion,
      Figures challenger,
      double difference,
      double lowest,
      double highest,
      double sureness,
      int failing,
      int healthyWeeks,
      long days) {
    /** Keeps its own copy. */
    public Verdict {
      reasons = Set.copyOf(reasons);
    }
  }

  /** Judges. */
  public static Verdict judge(Collection<ScoredDrive> drives, Rules rules) {
    List<ScoredDrive> ordered = new ArrayList<>(drives);
    ordered.sort(Comparator.comparing(ScoredDrive::serial));
    Side champion = new Side(ordered, rules, false);
    Side challenger = new Side(ordered, rules, true);
    int[] once = new int[ordered.size()];
    Arrays.fill(once, 1);
    Figures ofChampion = champion.figures(once);
    Figures ofChallenger = challenger.figures(once);
    int failing = champion.failing();
    double difference = ofChallenger.recall() - ofChampion.recall();

    double[] draws = new double[rules.rounds()];
    double better = 0;
    int valid = 0;
    SplittableRandom random = new SplittableRandom(rules.seed());
    if (failing > 0) {
      int[] times = new int[ordered.size()];
      for (int round = 0; round < rules.rounds(); round++) {
        Arrays.fill(times, 0);
        for (int i = 0; i < times.length; i++) {
          times[random.nextInt(times.length)]++;
        }
        double drawn = challenger.recall(times) - champion.recall(times);
        if (!Double.isNaN(drawn)) {
          draws[valid++] = drawn;
          better += drawn > 0 ? 1 : drawn == 0 ? 0.5 : 0;
        }
      }
    }
    double sureness = valid == 0 ? 0 : better / valid;
    Arrays.sort(draws, 0, valid);

    Set<Reason> reasons = EnumSet.noneOf(Reason.class);
    if (failing < rules.leastFailing()) {
      reasons.add(Reason.TOO_FEW_FAILURES);
    }
    if (!(difference > 0)) {
      reasons.add(Reason.NOT_BETTER);
    } else if (sureness < rules.confidence()) {
      reasons.add(Reason.NOT_SURE);
    }
    double ratio = ofChallenger.observedOverExpected();
    if (!(ratio <= rules.calibrationBound() && ratio >= 1 / rules.calibrationBound())) {
      reasons.add(Reason.NOT_CALIBRATED);
    }
    return new Verdict(
        reasons.isEmpty(),
        reasons,
        ofChampion,
        ofChallenger,
        difference,
        valid == 0 ? Double.NaN : draws[(int) (0.05 * (valid - 1))],
        valid == 0 ? Double.NaN : draws[(int) Math.ceil(0.95 * (valid - 1))],
        sureness,
        failing,
        champion.weeks.length,
        champion.days);
  }

  /** One highest score of a week of a healthy disk. */
  private record Week(int drive, double score) {}

  /** One model's scores, made ready to be judged on drawn disks. */
  private static final class Side {
    private final Rules rules;
    private final double[] weights;

    /** Highest score of the days before a failure; NaN for disks that do not count. */
    private final double[] peaks;

    private final int[] weeksOf;
    private final Week[] weeks;
    private double expected;
    private double observed;
    private double expectedSince;
    private double observedSince;
    private long days;

    Side(List<ScoredDrive> drives, Rules rules, boolean challenger) {
      this.rules = rules;
      this.weights = new double[drives.size()];
      this.peaks = new double[drives.size()];
      this.weeksOf = new int[drives.size()];
      List<Week> found = new ArrayList<>();
      Arrays.fill(peaks, Double.NaN);
      for (int i = 0; i < weights.length; i++) {
        ScoredDrive drive = drives.get(i);
        weights[i] = drive.weight();
        gather(i, drive, challenger ? drive.challenger() : drive.champion(), found);
      }
      weeks = found.toArray(new Week[0]);
      Arrays.sort(weeks, Comparator.comparingDouble((Week week) -> week.score()).reversed());
    }

    private void gather(int number, ScoredDrive drive, double[] scores, List<Week> found) {
      int week = Integer.MIN_VALUE;
      double highest = 0;
      for (int i = 0; i < scores.length; i++) {
        int day = drive.days()[i];
        Label label = drive.label(day, rules.horizonDays());
        if (day < rules.fromDay() || day > rules.toDay() || label == Label.UNKNOWN) {
          continue;
        }
        boolean fails = label == Label.FAILS;
        double weight = drive.weight();
        days++;
        expected += weight * scores[i];
        observed += fails ? weight : 0;
        if (day >= rules.sinceDay()) {
          expectedSince += weight * scores[i];
          observedSince += fails ? weight : 0;
        }
        if (fails) {
          peaks[number] =
              Double.isNaN(peaks[number]) ? scores[i] : Math.max(peaks[number], scores[i]);
          continue;
        }
        int now = Math.floorDiv(day - rules.fromDay(), WEEK_DAYS);
        if (now != week) {
          if (week != Integer.MIN_VALUE) {
            found.add(new Week(number, highest));
            weeksOf[number]++;
          }
          week = now;
          highest = scores[i];
        } else {
          highest = Math.max(highest, scores[i]);
        }
      }
      if (week != Integer.MIN_VALUE) {
        found.add(new Week(number, highest));
        weeksOf[number]++;
      }
    }

    int failing() {
      int count = 0;
      for (double peak : peaks) {
        count += Double.isNaN(peak) ? 0 : 1;
      }
      return count;
    }

    Figures figures(int[] times) {
      return new Figures(
          recall(times), threshold(times), expected, observed, expectedSince, observedSince);
    }

    /** Recall when each disk was drawn so many times. */
    double recall(int[] times) {
      double threshold = threshold(times);
      double failing = 0;
      double found = 0;
      for (int i = 0; i < peaks.length; i++) {
        if (!Double.isNaN(peaks[i]) && times[i] > 0) {
          failing += times[i] * weights[i];
          found += peaks[i] > threshold ? times[i] * weights[i] : 0;
        }
      }
      return failing == 0 ? Double.NaN : found / failing;
    }

    /** The lowest score that at most the budget's share of healthy weeks exceeds. */
    private double threshold(int[] times) {
      double all = 0;
      for (int i = 0; i < weeksOf.length; i++) {
        all += times[i] * weights[i] * weeksOf[i];
      }
      double allowed = rules.budget() * all;
      double above = 0;
      for (int i = 0; i < weeks.length; ) {
        // Weeks of one score have an alarm together or not at all.
        double score = weeks[i].score();
        double same = 0;
        int next = i;
        while (next < weeks.length && weeks[next].score() == score) {
          same += times[weeks[next].drive()] * weights[weeks[next].drive()];
          next++;
        }
        if (above + same > allowed) {
          return score;
        }
        above += same;
        i = next;
      }
      return Double.NEGATIVE_INFINITY;
    }
  }
}
