package io.forestall.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.forestall.risk.DriveModelHazards;
import io.forestall.risk.FeatureExtractor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class DiskEvaluationTest {
  private static final EvaluationRecipe RECIPE =
      new EvaluationRecipe(TestingFleet.recipe(3, 2), 1, 2, 30, 2);

  @Test
  void aFleetWhoseFailuresShowIsForetoldAndNoCanaryFallsOver() throws Exception {
    EvaluationReport report =
        DiskEvaluation.evaluate(
            new HistoryReader.Histories(
                HistoryReader.Form.CHANGE_LOG, TestingFleet.histories(11, 260), 0),
            RECIPE,
            TrainingProgress.silent());
    assertThat(report.periods()).hasSize(1);
    EvaluationReport.Period period = report.periods().get(0);
    assertThat(period.firstDay().toEpochDay() - period.trainLastDay().toEpochDay())
        .as("no label of training reaches into the period")
        .isGreaterThan(30);
    assertThat(report.horizons()).containsOnlyKeys(7, 14, 30);
    EvaluationReport.Horizon month = Objects.requireNonNull(report.horizons().get(30));
    assertThat(month.scorers()).containsOnlyKeys(DiskEvaluation.SCORERS);
    EvaluationReport.Scores ensemble = Objects.requireNonNull(month.scorers().get("ensemble"));
    assertThat(ensemble.auc().value()).isGreaterThan(0.9);
    assertThat(ensemble.recallPercentWeek().value()).isGreaterThan(0.5);
    assertThat(ensemble.recallPercentWeek().low())
        .isLessThanOrEqualTo(ensemble.recallPercentWeek().value());
    assertThat(report.calibration()).hasSize(10);
    assertThat(report.thresholds())
        .filteredOn(threshold -> threshold.scorer().equals(DiskEvaluation.MOVED))
        .hasSize(2)
        .allSatisfy(
            threshold ->
                assertThat(threshold.ratios())
                    .hasSameSizeAs(report.periods())
                    .allMatch(ratio -> ratio >= 0 && ratio < 10));
    assertThat(report.leadTimes().found()).isPositive();
    assertThat(report.years()).isNotEmpty();
    EvaluationReport.CanaryFigures canaries = report.canaries();
    assertThat(canaries.auditedDays()).isGreaterThan(100);
    assertThat(canaries.plantedRefused()).contains("planted_samples_left looks ahead");
    assertThat(canaries.honest()).isGreaterThan(0.9);
    assertThat(canaries.shuffledLabels()).isCloseTo(0.5, within(0.25));
    assertThat(canaries.identityAlone()).isCloseTo(0.5, within(0.25));
  }

  @Test
  void tooLittleTimeIsSaid() {
    List<DriveHistory> brief = new ArrayList<>();
    for (DriveHistory drive : TestingFleet.histories(1, 9)) {
      brief.add(drive.until(TestingFleet.FIRST_DAY + 100));
    }
    assertThatThrownBy(
            () ->
                DiskEvaluation.evaluate(
                    new HistoryReader.Histories(HistoryReader.Form.CHANGE_LOG, brief, 0),
                    RECIPE,
                    TrainingProgress.silent()))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("give more");
  }

  @Test
  void anInputThatLooksAheadIsRefusedByItsName() throws Exception {
    List<DriveHistory> drives = TestingFleet.histories(2, 60);
    HistoryEncoder encoder = new HistoryEncoder(DriveModelHazards.NONE);
    LookAheadAudit.Encoder honest =
        (history, to, inputs) -> encoder.encode(history, 0, to, Set.of(), true, inputs);
    assertThat(LookAheadAudit.check(drives, honest, FeatureExtractor.NAMES, 1)).isGreaterThan(100);
    LookAheadAudit.Encoder leaking =
        (history, to, inputs) -> {
          honest.encode(history, to, inputs);
          for (int i = 0; i < to; i++) {
            inputs[i][FeatureExtractor.NAMES.indexOf("age")] = history.lastDay() - history.day(i);
          }
        };
    assertThatThrownBy(() -> LookAheadAudit.check(drives, leaking, FeatureExtractor.NAMES, 1))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("input age looks ahead");
  }

  /** Both rankings against definitions written down plainly, over random scores with ties. */
  @Test
  void measuresAgreeWithTheirDefinitions() {
    long seed = Long.getLong("forestall.test.seed", new Random().nextLong());
    SplittableRandom random = new SplittableRandom(seed);
    for (int world = 0; world < 20; world++) {
      List<DriveHistory> drives = TestingFleet.histories(random.nextLong(), 40);
      int first = TestingFleet.FIRST_DAY + 200;
      int last = first + 180;
      ScoredPeriod period = new ScoredPeriod(first, last, 1);
      int levels = 2 + random.nextInt(40);
      for (int id = 0; id < drives.size(); id++) {
        DriveHistory drive = drives.get(id);
        int to = drive.indexAtOrAfter(last + 1);
        int from = drive.indexAtOrAfter(first);
        if (from >= to) {
          continue;
        }
        period.begin(drive, id);
        for (int i = from; i < to; i++) {
          if (drive.label(drive.day(i), 30) != DriveHistory.Label.UNKNOWN) {
            period.add(drive.day(i), new float[] {random.nextInt(levels) - 3});
          }
        }
      }
      double[] once = Bootstrap.once(drives.size());
      BudgetRanking ranking = new BudgetRanking(period, 0, 30);
      for (double budget : new double[] {0.01, 0.05}) {
        float threshold = ranking.threshold(budget, once);
        assertThat(flaggedPlainly(period, threshold))
            .as("seed %d, world %d", seed, world)
            .isLessThanOrEqualTo(budget)
            .isCloseTo(ranking.flagged(threshold, once), within(1e-12));
        assertThat(ranking.aWeek(budget, once).recall())
            .as("seed %d, world %d", seed, world)
            .isCloseTo(recallPlainly(period, threshold), within(1e-12));
      }
      AreaRanking.Areas areas = new AreaRanking(period, 0, 30).areas(once);
      assertThat(areas.auc())
          .as("seed %d, world %d", seed, world)
          .isCloseTo(aucPlainly(period), within(0.01));
    }
  }

  private static double flaggedPlainly(ScoredPeriod period, float threshold) {
    int weeks = 0;
    int flagged = 0;
    for (int d = 0; d < period.drives(); d++) {
      boolean[] seen = new boolean[30];
      boolean[] alarm = new boolean[30];
      for (int i = period.from(d); i < period.to(d); i++) {
        if (period.drive(d).label(period.day(i), 30) == DriveHistory.Label.SURVIVES) {
          int week = (period.day(i) - period.firstDay()) / 7;
          seen[week] = true;
          alarm[week] |= period.score(0, i) > threshold;
        }
      }
      for (int week = 0; week < 30; week++) {
        weeks += seen[week] ? 1 : 0;
        flagged += alarm[week] ? 1 : 0;
      }
    }
    return (double) flagged / weeks;
  }

  private static double recallPlainly(ScoredPeriod period, float threshold) {
    int failing = 0;
    int found = 0;
    for (int d = 0; d < period.drives(); d++) {
      if (!period.counts(d, 30)) {
        continue;
      }
      failing++;
      boolean any = false;
      for (int i = period.from(d); i < period.to(d); i++) {
        int ahead = period.drive(d).failureDay() - period.day(i);
        any |= ahead >= 1 && ahead <= 30 && period.score(0, i) > threshold;
      }
      found += any ? 1 : 0;
    }
    return (double) found / failing;
  }

  private static double aucPlainly(ScoredPeriod period) {
    List<Float> failing = new ArrayList<>();
    List<Float> surviving = new ArrayList<>();
    for (int d = 0; d < period.drives(); d++) {
      for (int i = period.from(d); i < period.to(d); i++) {
        (period.drive(d).label(period.day(i), 30) == DriveHistory.Label.FAILS ? failing : surviving)
            .add(period.score(0, i));
      }
    }
    float[] sorted = new float[surviving.size()];
    for (int i = 0; i < sorted.length; i++) {
      sorted[i] = surviving.get(i);
    }
    Arrays.sort(sorted);
    double area = 0;
    for (float score : failing) {
      int below = 0;
      int tied = 0;
      for (float other : sorted) {
        below += other < score ? 1 : 0;
        tied += other == score ? 1 : 0;
      }
      area += below + tied / 2.0;
    }
    return area / ((double) failing.size() * sorted.length);
  }
}
