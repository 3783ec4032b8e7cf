package io.forestall.risk.evaluation;

import static io.forestall.risk.evaluation.RangeTallyTest.points;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.forestall.risk.evaluation.Ranges.Range;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TallyTest {
  private static final double EXACT = 1e-12;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "..####.. | ..####.. | 1    | 1    | 1",
        "..####.. | ........ | 0    | 0    | 0",
        "........ | ..####.. | 0    | 0    | 0",
        "........ | ........ | 0    | 0    | 0",
        // 2 hits, 1 for nothing, 2 missed: 2/3 and 2/4, not adjusted to 4/5 and 4/4
        "..####.. | ....###. | 0.66666666666667 | 0.5 | 0.57142857142857",
      })
  void byPoints(String labels, String alarms, double precision, double recall, double f1) {
    PointTally tally = new PointTally();
    tally.add(points(labels), points(alarms));
    assertThat(tally.points()).isEqualTo(8);
    assertThat(tally.score().precision()).isCloseTo(precision, within(1e-9));
    assertThat(tally.score().recall()).isCloseTo(recall, within(1e-9));
    assertThat(tally.score().f1()).isCloseTo(f1, within(1e-9));
  }

  @Test
  void byEvents() {
    EventTally tally = new EventTally();
    // Three anomalies, two noticed; five alarms, three of them for nothing.
    tally.add(points("##..##...##.."), points("##.#.#.##...#"), 3_600_000);
    assertThat(tally.events()).isEqualTo(3);
    assertThat(tally.noticed()).isEqualTo(2);
    assertThat(tally.alarms()).isEqualTo(5);
    assertThat(tally.falseAlarms()).isEqualTo(3);
    assertThat(tally.score()).isEqualTo(new Score(0.4, 2 / 3.0));
    assertThat(tally.falseAlarmsPerDay()).isCloseTo(3 / (13 / 24.0), within(EXACT));
    tally.add(points("....."), points("....."), 3_600_000);
    assertThat(tally.falseAlarmsPerDay()).isCloseTo(3 / (18 / 24.0), within(EXACT));
  }

  @Test
  void nothingAddedIsNothingReached() {
    assertThat(new EventTally().score()).isEqualTo(new Score(0, 0));
    assertThat(new EventTally().falseAlarmsPerDay()).isZero();
    assertThat(new PointTally().score().f1()).isZero();
  }

  @Test
  void ranges() {
    assertThat(Ranges.of(points("#..##.###")))
        .containsExactly(new Range(0, 1), new Range(3, 5), new Range(6, 9));
    assertThat(Ranges.of(new boolean[0])).isEmpty();
    assertThat(Ranges.of(points("..."))).isEmpty();
    assertThat(new Range(0, 4).overlap(new Range(3, 9))).isEqualTo(1);
    assertThat(new Range(0, 4).overlap(new Range(4, 9))).isZero();
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertThatThrownBy(() -> new PointTally().add(new boolean[3], new boolean[4]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new EventTally().add(new boolean[3], new boolean[4], 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theTunedThresholdIsTheBestOfThoseTried() {
    for (long seed = 1; seed <= 20; seed++) {
      Random random = new Random(seed);
      double[] scores = new double[500];
      boolean[] labels = new boolean[500];
      for (int i = 0; i < scores.length; i++) {
        labels[i] = random.nextInt(5) == 0;
        scores[i] = random.nextGaussian() + (labels[i] ? 2 : 0);
      }
      TunedThreshold tuned =
          TunedThreshold.search(scores, 200, threshold -> f1(labels, scores, threshold));
      assertThat(tuned.value()).isEqualTo(f1(labels, scores, tuned.threshold()));
      for (double fixed = -2; fixed < 5; fixed += 0.25) {
        assertThat(tuned.value())
            .as("threshold %s, seed %d", fixed, seed)
            .isGreaterThan(f1(labels, scores, fixed) - 0.02);
      }
    }
  }

  @Test
  void withoutScoresNoThresholdIsFound() {
    assertThat(TunedThreshold.search(new double[0], 10, threshold -> 1).value()).isZero();
  }

  private static double f1(boolean[] labels, double[] scores, double threshold) {
    boolean[] alarms = new boolean[scores.length];
    for (int i = 0; i < alarms.length; i++) {
      alarms[i] = scores[i] >= threshold;
    }
    PointTally tally = new PointTally();
    tally.add(labels, alarms);
    return tally.score().f1();
  }
}
