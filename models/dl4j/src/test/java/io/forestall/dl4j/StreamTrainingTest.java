package io.forestall.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskSample;
import io.forestall.risk.EnsembleFile;
import io.forestall.risk.learn.DriveLog;
import io.forestall.risk.learn.Label;
import io.forestall.risk.learn.LabelWatch;
import io.forestall.risk.learn.Reservoir;
import io.forestall.risk.learn.ScoredDrive;
import io.forestall.risk.learn.Trainer;
import io.forestall.risk.learn.TrialPlan;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class StreamTrainingTest {

  private static final Reservoir.Bounds BOUNDS = new Reservoir.Bounds(500, 500, 500, 500, 0.4);
  private static final int KNOWN = 16_400;
  private static final int PENDING = DiskMetric.PENDING_SECTORS.ordinal();

  /** Disks that fail show it for three weeks. */
  private static TrialPlan plan(int healthy, int failing) {
    Reservoir reservoir = new Reservoir(BOUNDS, gone -> {});
    DriveLog.Bounds bounds = new DriveLog.Bounds(400, 200);
    SplittableRandom random = new SplittableRandom(4);
    LabelWatch watch = new LabelWatch();
    watch.living(healthy);
    for (int i = 0; i < healthy + failing; i++) {
      int failureDay = i < failing ? KNOWN - 250 + random.nextInt(245) : DriveLog.NEVER;
      DriveLog log = new DriveLog("D" + i);
      for (int day = KNOWN - 280; day <= KNOWN && day < failureDay; day++) {
        double[] values = DiskSample.absentValues();
        values[PENDING] = failureDay - day < 21 ? 8 * (21 - (failureDay - day)) : 0;
        values[DiskMetric.REALLOCATED_SECTORS.ordinal()] = i % 7 == 0 ? 1 : 0;
        values[DiskMetric.POWER_ON_HOURS.ordinal()] = 24.0 * day;
        log.take(day, "M" + i % 2, values, day, bounds);
      }
      if (failureDay != DriveLog.NEVER) {
        log.fail(failureDay);
        watch.failed(failureDay);
      }
      reservoir.put(log);
    }
    return TrialPlan.of(
        reservoir,
        BOUNDS,
        watch,
        new TrialPlan.Rules(30, 60, 60, 3, 0.5),
        KNOWN,
        Integer.MIN_VALUE);
  }

  private static Trainer.Trained train(TrialPlan plan, byte @Nullable [] champion)
      throws Trainer.RefusedException {
    return new StreamTraining(1, 0.03)
        .train(new Trainer.Task(plan, 30, champion, 5, 77), line -> {});
  }

  @Test
  void trainsTheSameAgainAndScoresBothOnDaysThatJudge() throws Exception {
    TrialPlan plan = plan(150, 60);
    assertThat(plan.refusal()).as(plan.text()).isNull();
    Trainer.Trained trained = train(plan, null);
    assertThat(trained.version()).isEqualTo(5);
    assertThat(trained.format()).isEqualTo(EnsembleFile.FORMAT);
    assertThat(EnsembleFile.fromBytes(trained.model()).version()).isEqualTo(5);
    assertThat(trained.scored()).hasSizeGreaterThan(50);
    for (ScoredDrive drive : trained.scored()) {
      assertThat(plan.heldOut()).anyMatch(log -> log.serial().equals(drive.serial()));
      assertThat(Arrays.stream(drive.days()))
          .allMatch(day -> day >= plan.testFirstDay() && day <= plan.testLastDay());
      assertThat(Arrays.stream(drive.challenger())).allMatch(p -> p > 0 && p < 1);
      assertThat(Arrays.stream(drive.champion()))
          .as("error counters above zero")
          .allMatch(count -> count >= 0 && count <= 2);
    }

    // The challenger as champion of the next one says what it said.
    Trainer.Trained again = train(plan, trained.model());
    assertThat(again.model()).as("the same task gives the same bytes").isEqualTo(trained.model());
    assertThat(again.scored().get(3).champion())
        .containsExactly(trained.scored().get(3).challenger());
  }

  /** Fewer healthy disks than the fleet has make failures look common; the offset takes it back. */
  @Test
  void probabilitiesAreOfTheFleetAndNotOfWhatWasKept() throws Exception {
    TrialPlan plan = plan(100, 40);
    TrialPlan weighed =
        new TrialPlan(
            plan.training(),
            plan.heldOut(),
            plan.trainLastDay(),
            plan.testFirstDay(),
            plan.testLastDay(),
            plan.trainingFailures(),
            plan.heldOutFailures(),
            0,
            1,
            10,
            10,
            null,
            "");
    EnsembleFile one = EnsembleFile.fromBytes(train(plan, null).model());
    Trainer.Trained trained = train(weighed, null);
    assertThat(EnsembleFile.fromBytes(trained.model()).calibration().logOdds()[0])
        .isCloseTo((float) (one.calibration().logOdds()[0] - Math.log(10)), within(1e-4f));
    assertThat(trained.scored())
        .allMatch(drive -> drive.weight() == (drive.failureDay() == DriveLog.NEVER ? 10 : 1));
  }

  @Test
  void whatCannotBeDoneIsRefused() throws Exception {
    TrialPlan none = plan(60, 0);
    assertThatThrownBy(() -> train(none, null))
        .isInstanceOf(Trainer.RefusedException.class)
        .hasMessageContaining("too few drives fail");
    TrialPlan plan = plan(60, 30);
    byte[] whole = train(plan, null).model();
    byte[] cut = Arrays.copyOf(whole, whole.length - 100);
    for (byte[] bad : List.of(new byte[0], new byte[] {1, 2, 3}, cut)) {
      assertThatThrownBy(() -> train(plan, bad))
          .isInstanceOfSatisfying(
              Trainer.RefusedException.class,
              refused -> assertThat(refused.badChampion()).isTrue());
    }
  }

  @Test
  void newsMayEndIt() {
    TrialPlan plan = plan(60, 30);
    assertThatThrownBy(
            () ->
                new StreamTraining(1, 0.03)
                    .train(
                        new Trainer.Task(plan, 30, null, 2, 1),
                        line -> {
                          throw new CancellationException();
                        }))
        .isInstanceOf(CancellationException.class);
  }

  /** As training takes it, a history says of each day what the log says. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void aHistoryIsWhatTheLogSays(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int disk = 0; disk < 40; disk++) {
      boolean gaps = random.nextBoolean();
      int days = 2 + random.nextInt(200);
      DriveLog log = new DriveLog("D" + disk);
      DriveLog.Bounds bounds = new DriveLog.Bounds(400, 200);
      double pending = 0;
      for (int day = 1000; day < 1000 + days; day++) {
        if (gaps && random.nextInt(4) == 0) {
          continue;
        }
        pending += random.nextInt(9) == 0 ? 1 : 0;
        double[] values = DiskSample.absentValues();
        values[PENDING] = pending;
        values[DiskMetric.POWER_ON_HOURS.ordinal()] = 24.0 * day;
        log.take(day, "M", values, day, bounds);
      }
      if (log.isEmpty()) {
        continue;
      }
      if (random.nextBoolean()) {
        log.fail(log.lastDay() + 1 + (gaps ? random.nextInt(5) : 0));
      }
      DriveHistory history = StreamTraining.history(log);
      int[] seen = log.days();
      assertThat(history.samples()).as("seed %d disk %d", seed, disk).isEqualTo(seen.length);
      double[] values = new double[DiskMetric.COUNT];
      for (int i = 0; i < seen.length; i++) {
        assertThat(history.day(i)).isEqualTo(seen[i]);
        history.values(i, values);
        assertThat(values)
            .as("seed %d disk %d day %d", seed, disk, seen[i])
            .containsExactly(log.values(seen[i]));
        assertThat(Label.valueOf(history.label(seen[i], 30).name()))
            .as("seed %d disk %d day %d", seed, disk, seen[i])
            .isEqualTo(log.label(seen[i], 30));
      }
    }
  }
}
