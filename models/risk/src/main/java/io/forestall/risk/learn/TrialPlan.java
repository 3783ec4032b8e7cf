package io.forestall.risk.learn;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a trial at a given day may use: histories as they were known then, periods that do not touch
 * each other, and a refusal where that is not enough. Row A4. Immutable.
 *
 * <p>Counted back from the last day that is known: one horizon whose labels are not known yet, the
 * days that judge, one horizon between (a training label looks that far), and before it the days
 * that train. Failures in a week in which too much of the fleet failed at once are masked; while
 * such a week is news, there is no trial at all.
 *
 * @param training histories to train on, by serial
 * @param heldOut histories that judge, by serial
 * @param trainLastDay last epoch day that trains
 * @param testFirstDay first epoch day that judges
 * @param testLastDay last epoch day that judges
 * @param trainingFailures disks of {@code training} whose failure may be learned from; count
 * @param heldOutFailures disks of {@code heldOut} that fail where that counts; count
 * @param masked failures that were not believed; count
 * @param failingWeight how many failed disks one of them stands for, at least 1
 * @param healthyWeight how many healthy disks one of {@code training} stands for, at least 1
 * @param heldOutHealthyWeight the same of {@code heldOut}
 * @param refusal why there is nothing to train, null when there is
 * @param text the refusal as a sentence; empty without one
 */
public record TrialPlan(
    List<DriveLog> training,
    List<DriveLog> heldOut,
    int trainLastDay,
    int testFirstDay,
    int testLastDay,
    int trainingFailures,
    int heldOutFailures,
    int masked,
    double failingWeight,
    double healthyWeight,
    double heldOutHealthyWeight,
    @Nullable Refusal refusal,
    String text) {

  /** Keeps its own copies. */
  public TrialPlan {
    training = List.copyOf(training);
    heldOut = List.copyOf(heldOut);
  }

  /** Why there is nothing to train. */
  public enum Refusal {
    /** The histories are too short, or there are none. */
    NO_HISTORY,
    /** Too few disks failed, or none survived. */
    ONE_CLASS,
    /** Too much of the fleet failed at once. */
    POISONED_LABELS
  }

  /**
   * What a plan is held to.
   *
   * @param horizonDays at least 1
   * @param testDays days that judge, at least 1
   * @param leastTrainingDays days before them that must be there, at least 1
   * @param leastFailures failing disks that must be there to train, and to judge, at least 1
   * @param mostFailedShare of the disks that may fail in a week and be believed, 0 to 1
   */
  public record Rules(
      int horizonDays,
      int testDays,
      int leastTrainingDays,
      int leastFailures,
      double mostFailedShare) {
    /**
     * @throws IllegalArgumentException when a rule is out of its range
     */
    public Rules {
      if (horizonDays < 1 || testDays < 1 || leastTrainingDays < 1 || leastFailures < 1) {
        throw new IllegalArgumentException("days and failures begin at 1");
      }
      if (!(mostFailedShare > 0 && mostFailedShare <= 1)) {
        throw new IllegalArgumentException("a share is above 0, at most 1: " + mostFailedShare);
      }
    }
  }

  /**
   * Plans a trial.
   *
   * @param reservoir the disks; they are not changed
   * @param bounds of the reservoir
   * @param watch failures by day, and how many disks report
   * @param knownDay last epoch day of which everything is known
   * @param formerDay that of the trial before, {@code Integer.MIN_VALUE} when this is the first
   */
  public static TrialPlan of(
      Reservoir reservoir,
      Reservoir.Bounds bounds,
      LabelWatch watch,
      Rules rules,
      int knownDay,
      int formerDay) {
    int testLast = knownDay - rules.horizonDays();
    int testFirst = testLast - rules.testDays() + 1;
    int trainLast = testFirst - 1 - rules.horizonDays();
    List<DriveLog> training = new ArrayList<>();
    List<DriveLog> heldOut = new ArrayList<>();
    double most = rules.mostFailedShare();
    long news =
        watch.poisonedFailures(
            formerDay == Integer.MIN_VALUE ? formerDay : formerDay + 1, knownDay, most);
    int masked = (int) watch.poisonedFailures(Integer.MIN_VALUE, knownDay, most);
    int first = Integer.MAX_VALUE;
    for (DriveLog each : reservoir.disks()) {
      DriveLog known = each.cut(knownDay);
      if (known == null) {
        continue;
      }
      int failureDay = known.failureDay();
      if (failureDay != DriveLog.NEVER && watch.poisoned(failureDay, most)) {
        known = known.censored();
      }
      first = Math.min(first, known.firstDay());
      (reservoir.isHeldOut(known.serial()) ? heldOut : training).add(known);
    }
    training.sort(Comparator.comparing(DriveLog::serial));
    heldOut.sort(Comparator.comparing(DriveLog::serial));

    int lastLearned = trainLast + rules.horizonDays();
    Count ofTraining = Count.of(training, Integer.MIN_VALUE, trainLast, lastLearned);
    Count ofHeldOut = Count.of(heldOut, testFirst, testLast, knownDay);
    long failed = watch.failures(first == Integer.MAX_VALUE ? knownDay : first, knownDay);
    int kept = allFailed(training) + allFailed(heldOut);
    double failingWeight =
        kept > 0 && (ofTraining.full(bounds.failing()) || ofHeldOut.full(bounds.heldOutFailing()))
            ? Math.max(1, (double) (failed - masked) / kept)
            : 1;

    Refusal refusal = null;
    String text = "";
    if (news > 0) {
      refusal = Refusal.POISONED_LABELS;
      text =
          String.format(
              Locale.ROOT,
              "%d failures lie in weeks in which more than %.1f %% of the disks failed: look at who"
                  + " writes disk.failed; they are masked from now on",
              news,
              100 * most);
    } else if (first > trainLast - rules.leastTrainingDays() + 1) {
      refusal = Refusal.NO_HISTORY;
      text =
          first == Integer.MAX_VALUE
              ? "no disk has a history yet"
              : String.format(
                  Locale.ROOT,
                  "histories of %d days are too short: %d train, %d judge, and twice the horizon of"
                      + " %d days lies between and after them",
                  knownDay - first + 1,
                  rules.leastTrainingDays(),
                  rules.testDays(),
                  rules.horizonDays());
    } else if (ofTraining.failing < rules.leastFailures()
        || ofHeldOut.failing < rules.leastFailures()) {
      refusal = Refusal.ONE_CLASS;
      text =
          String.format(
              Locale.ROOT,
              "%d failed disks to train on and %d to judge by are too few: %d of each are needed",
              ofTraining.failing,
              ofHeldOut.failing,
              rules.leastFailures());
    } else if (ofTraining.healthy == 0 || ofHeldOut.healthy == 0) {
      refusal = Refusal.ONE_CLASS;
      text = "every disk failed: no disk to tell them from";
    }
    return new TrialPlan(
        training,
        heldOut,
        trainLast,
        testFirst,
        testLast,
        ofTraining.failing,
        ofHeldOut.failing,
        masked,
        failingWeight,
        weight(watch.living() * (1 - bounds.heldOutShare()), training, bounds.healthy()),
        weight(watch.living() * bounds.heldOutShare(), heldOut, bounds.heldOutHealthy()),
        refusal,
        text);
  }

  private static double weight(double fleet, List<DriveLog> kept, int most) {
    int healthy = kept.size() - allFailed(kept);
    return healthy < most || healthy == 0 ? 1 : Math.max(1, fleet / healthy);
  }

  private static int allFailed(List<DriveLog> logs) {
    return (int) logs.stream().filter(log -> log.failureDay() != DriveLog.NEVER).count();
  }

  /** Disks with a sample in a period, by what became of them. */
  private record Count(int failing, int healthy, int failed) {

    static Count of(List<DriveLog> logs, int fromDay, int toDay, int lastFailureDay) {
      int failing = 0;
      int healthy = 0;
      for (DriveLog log : logs) {
        boolean reports = log.firstDay() <= toDay && log.lastDay() >= fromDay;
        int failureDay = log.failureDay();
        if (reports && failureDay != DriveLog.NEVER && failureDay <= lastFailureDay) {
          failing += failureDay > fromDay ? 1 : 0;
        } else if (reports) {
          healthy++;
        }
      }
      return new Count(failing, healthy, allFailed(logs));
    }

    boolean full(int most) {
      return failed >= most;
    }
  }
}
