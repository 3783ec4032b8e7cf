package io.forestall.risk.learn;

import static io.forestall.risk.learn.TestingLogs.log;
import static io.forestall.risk.learn.TestingLogs.values;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.risk.learn.TrialPlan.Refusal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class TrialPlanTest {

  private static final Reservoir.Bounds BOUNDS = new Reservoir.Bounds(500, 500, 500, 500, 0.5);
  private static final TrialPlan.Rules RULES = new TrialPlan.Rules(30, 60, 60, 5, 0.05);
  private static final int KNOWN = 400;

  private final LabelWatch watch = new LabelWatch();
  private final Reservoir reservoir = new Reservoir(BOUNDS, gone -> {});

  private TrialPlan plan() {
    return TrialPlan.of(reservoir, BOUNDS, watch, RULES, KNOWN, 370);
  }

  private void healthy(int count, int firstDay) {
    for (int i = 0; i < count; i++) {
      reservoir.put(log("H" + i, firstDay, KNOWN, DriveLog.NEVER));
    }
    watch.living(count);
  }

  /** Failures spread evenly from one day to another. */
  private void failing(int count, int from, int to) {
    for (int i = 0; i < count; i++) {
      int day = from + i * (to - from) / count;
      reservoir.put(log("F" + i, 150, day - 1, day));
      watch.failed(day);
    }
  }

  @Test
  void periodsDoNotTouchEachOther() {
    healthy(100, 150);
    failing(60, 200, KNOWN);
    TrialPlan plan = plan();
    assertThat(plan.refusal()).as(plan.text()).isNull();
    assertThat(plan.testLastDay()).as("labels known").isEqualTo(370);
    assertThat(plan.testFirstDay()).isEqualTo(311);
    assertThat(plan.trainLastDay()).as("its labels end before the test").isEqualTo(280);
    assertThat(plan.training()).noneMatch(log -> reservoir.isHeldOut(log.serial()));
    assertThat(plan.heldOut()).allMatch(log -> reservoir.isHeldOut(log.serial()));
    assertThat(plan.training().size() + plan.heldOut().size()).isEqualTo(160);
    assertThat(plan.trainingFailures()).isBetween(10, 30);
    assertThat(plan.healthyWeight()).isEqualTo(1);
  }

  @Test
  void nothingLaterThanTheKnownDayIsInIt() {
    healthy(100, 150);
    failing(60, 200, KNOWN + 50);
    TrialPlan plan = plan();
    assertThat(plan.training())
        .allMatch(
            log ->
                log.lastDay() <= KNOWN
                    && (log.failureDay() <= KNOWN || log.failureDay() == DriveLog.NEVER));
  }

  @Test
  void emptyOrShortHistoryIsRefused() {
    assertThat(plan().refusal()).isEqualTo(Refusal.NO_HISTORY);
    assertThat(plan().text()).contains("no disk has a history");
    healthy(50, 300);
    assertThat(plan().refusal()).isEqualTo(Refusal.NO_HISTORY);
    assertThat(plan().text()).contains("histories of 101 days are too short");
  }

  @Test
  void oneClassIsRefused() {
    healthy(100, 150);
    assertThat(plan().refusal()).isEqualTo(Refusal.ONE_CLASS);
    failing(4, 200, KNOWN);
    assertThat(plan().refusal()).isEqualTo(Refusal.ONE_CLASS);
    assertThat(plan().text()).contains("too few");
  }

  @Test
  void failuresOfMostOfTheFleetAtOnceAreNoLabels() {
    healthy(100, 150);
    failing(60, 200, 360);
    assertThat(plan().refusal()).isNull();
    for (int i = 0; i < 80; i++) {
      reservoir.put(log("H" + i, 150, 389, 390));
      watch.failed(390);
    }
    watch.living(20);
    TrialPlan poisoned = plan();
    assertThat(poisoned.refusal()).isEqualTo(Refusal.POISONED_LABELS);
    assertThat(poisoned.text()).startsWith("80 failures");

    TrialPlan later = TrialPlan.of(reservoir, BOUNDS, watch, RULES, KNOWN, 395);
    assertThat(later.refusal()).as("no news any more: %s", later.text()).isNull();
    assertThat(later.masked()).isEqualTo(80);
    assertThat(later.training()).noneMatch(log -> log.failureDay() == 390);
  }

  @Test
  void twentyFailuresAWeekAreAlwaysBelieved() {
    watch.living(30);
    for (int i = 0; i < 20; i++) {
      watch.failed(100);
    }
    assertThat(watch.poisoned(100, 0.01)).isFalse();
    watch.failed(106);
    assertThat(watch.poisoned(100, 0.01)).isTrue();
    assertThat(watch.poisoned(106, 0.01)).isTrue();
    assertThat(watch.poisoned(107, 0.01)).isFalse();
    assertThat(watch.poisoned(100, 0.9)).isFalse();
  }

  @Test
  void disksThatAreNotKeptAreWeighedFor() {
    Reservoir.Bounds few = new Reservoir.Bounds(500, 20, 500, 20, 0.5);
    Reservoir small = new Reservoir(few, gone -> {});
    for (int i = 0; i < 400; i++) {
      small.put(log("H" + i, 150, KNOWN, DriveLog.NEVER));
    }
    watch.living(400);
    TrialPlan plan = TrialPlan.of(small, few, watch, RULES, KNOWN, 370);
    assertThat(plan.healthyWeight()).isEqualTo(10);
    assertThat(plan.heldOutHealthyWeight()).isEqualTo(10);
    assertThat(plan.failingWeight()).isEqualTo(1);
  }

  @Test
  void driftIsSmallForTheSameFleetAndLargeForAnother() throws IOException {
    InputDrift one = new InputDrift();
    InputDrift same = new InputDrift();
    InputDrift other = new InputDrift();
    for (int i = 0; i < 1000; i++) {
      one.add(values(i % 10, i));
      same.add(values((i + 3) % 10, i));
      other.add(values(100 + i % 10, i));
    }
    assertThat(same.since(one).get("smart_197_raw")).isLessThan(0.01);
    assertThat(other.since(one).get("smart_197_raw")).isGreaterThan(1);
    assertThat(other.since(one).get("smart_9_raw")).isLessThan(0.01);
    assertThat(other.since(one)).as("never reported").doesNotContainKey("smart_5_raw");
    assertThat(one.since(new InputDrift())).isEmpty();

    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    other.write(new DataOutputStream(bytes));
    watch.failed(7);
    watch.living(9);
    watch.write(new DataOutputStream(bytes));
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()));
    assertThat(InputDrift.read(in).since(one)).isEqualTo(other.since(one));
    LabelWatch back = LabelWatch.read(in);
    assertThat(back.living()).isEqualTo(9);
    assertThat(back.failures(7, 7)).isEqualTo(1);
  }
}
