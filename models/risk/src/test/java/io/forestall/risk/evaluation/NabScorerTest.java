package io.forestall.risk.evaluation;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.forestall.risk.evaluation.NabScorer.Profile;
import io.forestall.risk.evaluation.NabScorer.Result;
import io.forestall.risk.evaluation.NabScorer.Scored;
import io.forestall.risk.evaluation.NabScorer.Window;
import java.util.List;
import org.junit.jupiter.api.Test;

class NabScorerTest {
  /** 100 rows, probation 15, one window of 10 rows from row 40. */
  private static Scored series(String name, int... alarms) {
    double[] scores = new double[100];
    for (int alarm : alarms) {
      scores[alarm] = 0.9;
    }
    return new Scored(name, scores, List.of(new Window(40, 49)));
  }

  private static double sigmoid(double y) {
    return 2 / (1 + Math.exp(5 * y)) - 1;
  }

  @Test
  void noAlarmIsZeroAndTheFirstRowOfEachWindowIsAHundred() {
    assertThat(NabScorer.at(List.of(series("a/b")), Profile.STANDARD, 0.5).score()).isZero();
    Result perfect = NabScorer.at(List.of(series("a/b", 40)), Profile.STANDARD, 0.5);
    assertThat(perfect.score()).isCloseTo(100, within(1e-9));
    assertThat(perfect.found()).isEqualTo(1);
  }

  @Test
  void anAlarmInAWindowIsWorthLessTheLater() {
    // Row 45 is the sixth of ten: 5 rows before the end, so half a width and the row itself left.
    double gain = sigmoid(-0.5) / sigmoid(-1);
    Result result = NabScorer.at(List.of(series("a/b", 45)), Profile.STANDARD, 0.5);
    assertThat(result.points()).isCloseTo(gain, within(1e-12));
    assertThat(result.score()).isCloseTo(100 * (gain + 1) / 2, within(1e-9));
  }

  @Test
  void onlyTheEarliestAlarmOfAWindowCounts() {
    Result one = NabScorer.at(List.of(series("a/b", 42)), Profile.STANDARD, 0.5);
    Result many = NabScorer.at(List.of(series("a/b", 42, 43, 48)), Profile.STANDARD, 0.5);
    assertThat(many.points()).isEqualTo(one.points());
    assertThat(many.falseAlarms()).isZero();
  }

  @Test
  void aFalseAlarmCostsItsWeightBeforeAllWindowsAndLessShortlyAfterOne() {
    Result before = NabScorer.at(List.of(series("a/b", 20)), Profile.STANDARD, 0.5);
    assertThat(before.points()).isCloseTo(-1 - 0.11, within(1e-12));
    // Two rows after the last row of a window that is 9 rows from its first to its last.
    Result after = NabScorer.at(List.of(series("a/b", 51)), Profile.STANDARD, 0.5);
    assertThat(after.points()).isCloseTo(-1 + 0.11 * sigmoid(2 / 9.0), within(1e-12));
    Result far = NabScorer.at(List.of(series("a/b", 99)), Profile.LOW_FALSE_POSITIVES, 0.5);
    assertThat(far.points()).isCloseTo(-1 - 0.22, within(1e-12));
    assertThat(far.falseAlarms()).isEqualTo(1);
  }

  @Test
  void alarmsDuringProbationCountForNothing() {
    Result result = NabScorer.at(List.of(series("a/b", 0, 14)), Profile.STANDARD, 0.5);
    assertThat(result.points()).isEqualTo(-1);
    assertThat(result.falseAlarms()).isZero();
    assertThat(NabScorer.probation(100)).isEqualTo(15);
    assertThat(NabScorer.probation(4032)).isEqualTo(604);
    assertThat(NabScorer.probation(22_695)).isEqualTo(750);
  }

  @Test
  void aMissedWindowCostsTwiceInTheLowFalseNegativeProfile() {
    Result result = NabScorer.at(List.of(series("a/b", 20)), Profile.LOW_FALSE_NEGATIVES, 0.5);
    assertThat(result.points()).isCloseTo(-2 - 0.11, within(1e-12));
    assertThat(result.score()).isCloseTo(100 * -0.11 / 3, within(1e-9));
  }

  @Test
  void theBestThresholdWeighsAllSeriesAtOnce() {
    double[] first = new double[100];
    first[20] = 0.8;
    first[40] = 0.7;
    double[] second = new double[100];
    second[40] = 0.6;
    for (int row = 60; row < 100; row++) {
      second[row] = 0.5;
    }
    List<Scored> corpus =
        List.of(
            new Scored("a/1", first, List.of(new Window(40, 49))),
            new Scored("b/2", second, List.of(new Window(40, 49))));
    Result best = NabScorer.best(corpus, Profile.STANDARD);
    assertThat(best.threshold()).isEqualTo(0.6);
    assertThat(best.points()).isCloseTo(2 - 0.11, within(1e-12));
    assertThat(best.found()).isEqualTo(2);
    assertThat(best).isEqualTo(NabScorer.at(corpus, Profile.STANDARD, 0.6));
  }

  @Test
  void noAlarmAtAllIsBestWhenAllAlarmsAreFalse() {
    Result best = NabScorer.best(List.of(series("a/b", 20)), Profile.STANDARD);
    assertThat(best.threshold()).isGreaterThan(1);
    assertThat(best.score()).isZero();
  }

  @Test
  void categoriesAreScoredApart() {
    var results =
        NabScorer.byCategory(
            List.of(series("good/1", 40), series("bad/1"), series("bad/2")), Profile.STANDARD, 0.5);
    assertThat(results.keySet()).containsExactly("bad", "good");
    assertThat(requireNonNull(results.get("good")).score()).isCloseTo(100, within(1e-9));
    assertThat(requireNonNull(results.get("bad")).score()).isZero();
    assertThat(requireNonNull(results.get("bad")).windows()).isEqualTo(2);
  }

  @Test
  void aWindowEndsAfterItBegins() {
    assertThatThrownBy(() -> new Window(5, 4)).isInstanceOf(IllegalArgumentException.class);
  }
}
