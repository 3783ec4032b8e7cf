package io.forestall.sim;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeModel;
import io.forestall.risk.ModeModel.Curve;
import io.forestall.risk.ModeModel.Subject;
import io.forestall.risk.symptom.SymptomPolicy;
import io.forestall.sim.ModeTraining.Lesson;
import io.forestall.sim.ModeTraining.Part;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModeTrainingTest {
  private static final SymptomPolicy POLICY = SymptomPolicy.defaults();

  /** A fleet whose evidence is worth a share of what it says, up to a bound. */
  private static EvidenceTally fleet(SplittableRandom random, double share, int faults) {
    EvidenceTally tally = new EvidenceTally(Subject.MACHINE, FailureMode.NETWORK);
    tally.nodeWeeks = 3;
    for (int i = 0; i < 4000; i++) {
      // Evidence of well things fades by e for each nat; that of failing ones by so much slower.
      double well = -Math.log(1 - random.nextDouble());
      tally.without[EvidenceTally.step(well < 0.7 ? 0 : well)]++;
      double ill = Math.min(12, well / (1 - share));
      if (i % 20 == 0) {
        tally.with[EvidenceTally.step(ill)]++;
      }
      if (i < faults) {
        tally.faults[EvidenceTally.step(ill)]++;
      }
      if (i % 300 == 0) {
        tally.calmDays[EvidenceTally.step(well)]++;
      }
    }
    return tally;
  }

  private static ModeTraining training(long seed, double share, int faults, boolean shuffled) {
    SplittableRandom random = new SplittableRandom(seed);
    List<Part> parts =
        new ArrayList<>(
            List.of(
                Part.TRAINING,
                Part.TRAINING,
                Part.TRAINING,
                Part.CALIBRATION,
                Part.TEST,
                Part.TEST));
    List<Map.Entry<Part, EvidenceTally>> fleets = new ArrayList<>();
    parts.forEach(part -> fleets.add(Map.entry(part, fleet(random, share, faults))));
    if (shuffled) {
      Collections.shuffle(fleets, new Random(seed));
    }
    ModeTraining training = new ModeTraining(POLICY, 5);
    fleets.forEach(each -> training.add(each.getKey(), List.of(each.getValue())));
    return training;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void aCurveIsMonotoneAndNeverAboveWhatIsStatedOrSeen(long seed) {
    double share = new SplittableRandom(seed).nextDouble(0.1, 0.8);
    List<Lesson> lessons = training(seed, share, 8, false).lessons();
    assertThat(lessons).as("seed %d", seed).hasSize(1);
    Lesson lesson = lessons.get(0);
    Curve curve = requireNonNull(lesson.curve());
    assertThat(curve.baseRate()).isEqualTo(POLICY.priorOf(FailureMode.NETWORK));
    assertThat(curve.horizonMillis()).isEqualTo(POLICY.horizonMillisOf(FailureMode.NETWORK));
    double before = 0;
    for (double evidence = 0; evidence < 30; evidence += 0.01) {
      double added = curve.added(evidence);
      assertThat(added).as("seed %d at %s", seed, evidence).isBetween(before, evidence + 1e-9);
      before = added;
    }
    double hours = lesson.training().withoutCount() / 12.0;
    assertThat(before)
        .as("seed %d: no ratio above the hours", seed)
        .isLessThan(Math.log(2 * hours));
    assertThat(lesson.factor()).isBetween(0.05, 1.0);
    assertThat(lesson.auc().value()).isBetween(lesson.auc().low(), lesson.auc().high());
  }

  @Test
  void whatIsWorthNothingAddsNothing() {
    Curve curve = requireNonNull(training(3, 0, 8, false).lessons().get(0).curve());
    assertThat(curve.probability(5)).isCloseTo(curve.baseRate(), within(2 * curve.baseRate()));
  }

  @Test
  void strongerEvidenceIsWorthMore() {
    Curve weak = requireNonNull(training(3, 0.3, 8, false).lessons().get(0).curve());
    Curve strong = requireNonNull(training(3, 0.7, 8, false).lessons().get(0).curve());
    assertThat(strong.added(5)).isGreaterThan(weak.added(5) + 0.5);
  }

  /** Few alarms of these fleets are false, so none may come later than the symptoms state it. */
  @Test
  void anAlarmStaysAnAlarm() {
    Curve curve = requireNonNull(training(3, 0.3, 8, false).lessons().get(0).curve());
    double alarm = ModeModel.evidence(curve.baseRate(), ModeTraining.ALARM);
    assertThat(curve.probability(alarm + 0.001)).isGreaterThanOrEqualTo(ModeTraining.ALARM);
    assertThat(curve.probability(alarm - 0.01)).isLessThan(ModeTraining.ALARM / 2);
  }

  @Test
  void tooFewFaultsTeachNothing() {
    Lesson lesson = training(3, 0.7, 3, false).lessons().get(0);
    assertThat(lesson.training().faultCount()).isLessThan(ModeTraining.LEAST_FAULTS);
    assertThat(lesson.curve()).isNull();
    assertThat(ModeTraining.model(List.of(lesson), Map.of()).curves()).isEmpty();
  }

  @Test
  void theSameFleetsGiveTheSameBytesInAnyOrder() {
    byte[] first = ModeTraining.model(training(9, 0.5, 8, false).lessons(), Map.of()).toBytes();
    assertThat(ModeTraining.model(training(9, 0.5, 8, false).lessons(), Map.of()).toBytes())
        .isEqualTo(first);
    assertThat(ModeTraining.model(training(9, 0.5, 8, true).lessons(), Map.of()).toBytes())
        .isEqualTo(first);
  }

  @Test
  void expectedFailuresAddUpToThoseThatWere() {
    Lesson lesson = training(4, 0.5, 8, false).lessons().get(0);
    double expected = lesson.tenths().stream().mapToDouble(ModeTraining.Tenth::expected).sum();
    long failures = lesson.tenths().stream().mapToLong(ModeTraining.Tenth::failures).sum();
    long examples = lesson.tenths().stream().mapToLong(ModeTraining.Tenth::examples).sum();
    assertThat(expected).isCloseTo(failures, within(0.01 * failures));
    assertThat(failures).isEqualTo(lesson.test().withCount());
    assertThat(examples).isEqualTo(lesson.test().withCount() + lesson.test().withoutCount());
    assertThat(lesson.tenths()).hasSizeBetween(2, 11);
  }

  @Test
  void aModelOfNothingIsNoModelOfModes() {
    assertThat(new ModeTraining(POLICY, 1).lessons()).isEmpty();
    assertThat(ModeModel.none().curves()).isEmpty();
  }
}
