package io.forestall.risk.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.forestall.risk.learn.ModelContest.Reason;
import io.forestall.risk.learn.ModelContest.Rules;
import io.forestall.risk.learn.ModelContest.Verdict;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelContestTest {

  private static final int FROM = 1000;
  private static final int TO = 1089;
  private static final Rules RULES = new Rules(30, FROM, TO, FROM, 0.01, 0.9, 2.0, 10, 400, 7);

  /** How well a model tells them apart: share of the failing disks that it marks. */
  private record Skill(double finds, double scale) {}

  private static List<ScoredDrive> fleet(
      long seed, int healthy, int failing, Skill champion, Skill challenger) {
    SplittableRandom random = new SplittableRandom(seed);
    List<ScoredDrive> drives = new ArrayList<>();
    for (int i = 0; i < healthy + failing; i++) {
      boolean fails = i < failing;
      int failureDay = fails ? FROM + 31 + random.nextInt(59) : DriveLog.NEVER;
      int[] days = new int[(fails ? failureDay : TO + 1) - FROM];
      for (int d = 0; d < days.length; d++) {
        days[d] = FROM + d;
      }
      drives.add(
          new ScoredDrive(
              "D" + i,
              fails ? failureDay - 1 : TO + 30,
              failureDay,
              1,
              days,
              scores(random, days, failureDay, champion),
              scores(random, days, failureDay, challenger)));
    }
    return drives;
  }

  /** Days that a disk is marked have 0.5; each other day has what the rest of the failures make. */
  private static double[] scores(SplittableRandom random, int[] days, int failureDay, Skill skill) {
    double[] scores = new double[days.length];
    boolean found = failureDay != DriveLog.NEVER && random.nextDouble() < skill.finds();
    for (int d = 0; d < days.length; d++) {
      boolean ahead = failureDay != DriveLog.NEVER && failureDay - days[d] <= 30;
      double noise = 0.9 + 0.2 * random.nextDouble();
      scores[d] = Math.min(0.99, skill.scale() * (found && ahead ? 0.8 : 0.01) * noise);
    }
    return scores;
  }

  @Test
  void theBetterOneIsTaken() {
    List<ScoredDrive> fleet = fleet(1, 1000, 60, new Skill(0.3, 1), new Skill(0.7, 1));
    Verdict verdict = ModelContest.judge(fleet, RULES);
    assertThat(verdict.accepted()).as("%s", verdict).isTrue();
    assertThat(verdict.reasons()).isEmpty();
    assertThat(verdict.failing()).isEqualTo(60);
    assertThat(verdict.challenger().recall()).isCloseTo(0.7, within(0.2));
    assertThat(verdict.champion().recall()).isCloseTo(0.3, within(0.2));
    assertThat(verdict.lowest()).isLessThan(verdict.difference()).isPositive();
    assertThat(verdict.highest()).isGreaterThan(verdict.difference());
  }

  @Test
  void theSameOneIsNot() {
    List<ScoredDrive> fleet = fleet(2, 500, 40, new Skill(0.5, 1), new Skill(0.5, 1));
    List<ScoredDrive> same = new ArrayList<>();
    for (ScoredDrive each : fleet) {
      same.add(
          new ScoredDrive(
              each.serial(),
              each.lastDay(),
              each.failureDay(),
              1,
              each.days(),
              each.champion(),
              each.champion()));
    }
    Verdict verdict = ModelContest.judge(same, RULES);
    assertThat(verdict.accepted()).isFalse();
    assertThat(verdict.reasons()).contains(Reason.NOT_BETTER);
    assertThat(verdict.difference()).isZero();
    assertThat(verdict.sureness()).isEqualTo(0.5);
  }

  @Test
  void aSmallGainMayBeChance() {
    List<ScoredDrive> fleet = fleet(3, 300, 12, new Skill(0.45, 1), new Skill(0.55, 1));
    Rules strict = new Rules(30, FROM, TO, FROM, 0.01, 0.999, 2.0, 10, 400, 7);
    Verdict verdict = ModelContest.judge(fleet, strict);
    assertThat(verdict.accepted()).as("%s", verdict).isFalse();
    assertThat(verdict.reasons()).containsAnyOf(Reason.NOT_SURE, Reason.NOT_BETTER);
  }

  @Test
  void whatSaysTooMuchIsNotCalibrated() {
    List<ScoredDrive> fleet = fleet(4, 1000, 60, new Skill(0.3, 1), new Skill(0.7, 8));
    Verdict verdict = ModelContest.judge(fleet, RULES);
    assertThat(verdict.reasons()).containsExactly(Reason.NOT_CALIBRATED);
    assertThat(verdict.challenger().observedOverExpected()).isLessThan(0.5);
  }

  @Test
  void tooFewFailuresTellNothing() {
    List<ScoredDrive> fleet = fleet(5, 500, 9, new Skill(0, 1), new Skill(1, 1));
    assertThat(ModelContest.judge(fleet, RULES).reasons()).contains(Reason.TOO_FEW_FAILURES);
    Verdict none = ModelContest.judge(fleet(6, 50, 0, new Skill(0, 1), new Skill(0, 1)), RULES);
    assertThat(none.accepted()).isFalse();
    assertThat(none.difference()).isNaN();
    Verdict nobody = ModelContest.judge(List.of(), RULES);
    assertThat(nobody.accepted()).isFalse();
    assertThat(nobody.healthyWeeks()).isZero();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void orderChangesNothingAndTheBudgetHolds(long seed) {
    List<ScoredDrive> fleet = fleet(seed, 400, 40, new Skill(0.4, 1), new Skill(0.6, 1));
    Verdict verdict = ModelContest.judge(fleet, RULES);
    Collections.shuffle(fleet, new Random(seed));
    assertThat(ModelContest.judge(fleet, RULES)).as("seed %d", seed).isEqualTo(verdict);

    long alarms = 0;
    for (ScoredDrive drive : fleet) {
      boolean[] weeks = new boolean[20];
      for (int d = 0; d < drive.days().length; d++) {
        if (drive.label(drive.days()[d], 30) == Label.SURVIVES
            && drive.challenger()[d] > verdict.challenger().threshold()) {
          weeks[(drive.days()[d] - FROM) / 7] = true;
        }
      }
      for (boolean week : weeks) {
        alarms += week ? 1 : 0;
      }
    }
    assertThat(alarms)
        .as("seed %d", seed)
        .isBetween(
            (long) (0.01 * verdict.healthyWeeks()) - 1, (long) (0.01 * verdict.healthyWeeks()));
  }

  /** Whole numbers tie; weeks of one score have an alarm together or not at all. */
  @Test
  void tiesNeverBreakTheBudget() {
    List<ScoredDrive> fleet = fleet(8, 200, 20, new Skill(0.5, 1), new Skill(0.5, 1));
    List<ScoredDrive> tied = new ArrayList<>();
    for (ScoredDrive each : fleet) {
      double[] zero = new double[each.days().length];
      double[] one = zero.clone();
      Arrays.fill(
          one, each.failureDay() == DriveLog.NEVER && each.serial().hashCode() % 10 != 0 ? 0 : 1);
      tied.add(
          new ScoredDrive(
              each.serial(), each.lastDay(), each.failureDay(), 1, each.days(), zero, one));
    }
    Verdict verdict = ModelContest.judge(tied, RULES);
    assertThat(verdict.champion().recall()).isZero();
    assertThat(verdict.challenger().recall())
        .as("a tenth of the healthy disks have the score of all failing ones")
        .isZero();
  }

  /** A healthy disk that stands for ten moves what is expected, and not who is found. */
  @Test
  void weightsCountDisksThatAreNotThere() {
    List<ScoredDrive> fleet = fleet(9, 500, 30, new Skill(0.5, 1), new Skill(0.5, 1));
    List<ScoredDrive> weighted = new ArrayList<>();
    for (ScoredDrive each : fleet) {
      weighted.add(
          new ScoredDrive(
              each.serial(),
              each.lastDay(),
              each.failureDay(),
              each.failureDay() == DriveLog.NEVER ? 10 : 1,
              each.days(),
              each.champion(),
              each.challenger()));
    }
    Verdict one = ModelContest.judge(fleet, RULES);
    Verdict ten = ModelContest.judge(weighted, RULES);
    assertThat(ten.challenger().observed()).isEqualTo(one.challenger().observed());
    assertThat(ten.challenger().expected()).isGreaterThan(3 * one.challenger().expected());
    assertThat(ten.challenger().recall()).isCloseTo(one.challenger().recall(), within(0.1));
  }

  /** Days before the period, and days of which nobody knows the end, count nowhere. */
  @Test
  void onlyKnownDaysOfThePeriodCount() {
    int[] days = {FROM - 5, FROM, FROM + 50, TO + 1};
    double[] scores = {0.5, 0.5, 0.5, 0.5};
    ScoredDrive censored = new ScoredDrive("C", FROM + 40, DriveLog.NEVER, 1, days, scores, scores);
    Verdict verdict = ModelContest.judge(List.of(censored), RULES);
    assertThat(verdict.days()).isEqualTo(1);
    assertThat(verdict.healthyWeeks()).isEqualTo(1);
    assertThat(verdict.challenger().expected()).isEqualTo(0.5);
  }
}
