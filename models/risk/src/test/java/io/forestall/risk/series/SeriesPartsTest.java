package io.forestall.risk.series;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class SeriesPartsTest {
  private static final long HOUR = 3_600_000;

  private final Layout layout = new Layout();

  private EnsembleState state() {
    return new EnsembleState(layout);
  }

  @Test
  void aTailSaysHowRareASizeIsInItsHistory() {
    TailCounts tail = TailCounts.octaves(layout, 16, -8);
    EnsembleState state = state();
    assertThat(tail.surprise(state, 1)).isZero();
    for (int i = 0; i < 98; i++) {
      tail.surprise(state, 1.5);
    }
    // 99 before, all smaller.
    assertThat(tail.surprise(state, 100)).isCloseTo(-Math.log(0.5 / 100), within(1e-9));
    // 100 before, 1 larger, 99 in the same octave, of which half count.
    assertThat(tail.surprise(state, 1)).isCloseTo(-Math.log((1 + 49.5 + 0.5) / 101), within(1e-9));
  }

  @Test
  void aSmoothTailTellsSizesWithinABinApart() {
    TailCounts tail = TailCounts.smooth(layout, 36, 3, -4);
    EnsembleState state = state();
    for (int i = 0; i < 1000; i++) {
      tail.surprise(state, 1.0 + i / 4000.0);
    }
    double low = tail.surprise(state, 1.01);
    double high = tail.surprise(state, 1.24);
    assertThat(low).isLessThan(0.1);
    assertThat(high).isGreaterThan(2);
  }

  @Test
  void aTailForgetsAndNeverOverflows() {
    TailCounts tail = TailCounts.octaves(layout, 16, -8);
    EnsembleState state = state();
    for (int i = 0; i < 500_000; i++) {
      assertThat(tail.surprise(state, i % 1000 == 0 ? 8 : 1)).isBetween(0.0, 12.0);
    }
    assertThat(tail.surprise(state, 8)).isCloseTo(Math.log(1000), within(1.0));
  }

  @Test
  void aTailTakesAnySize() {
    for (TailCounts tail :
        new TailCounts[] {
          TailCounts.octaves(layout, 16, -8), TailCounts.smooth(layout, 36, 3, -4)
        }) {
      EnsembleState state = state();
      for (double size : new double[] {0, Double.MIN_VALUE, 1e-300, 1, 1e300, Double.MAX_VALUE}) {
        assertThat(tail.surprise(state, size)).isFinite();
      }
    }
  }

  @Test
  void noveltyIsTheDistanceToTheNearestSeenCell() {
    ValueNovelty novelty = new ValueNovelty(layout, 12.8, 0.1);
    EnsembleState state = state();
    novelty.distance(state, 1.0);
    assertThat(novelty.distance(state, 1.0)).isZero();
    assertThat(novelty.distance(state, 1.32)).isEqualTo(3);
    assertThat(novelty.distance(state, 1.2)).isEqualTo(1);
    assertThat(novelty.distance(state, -5)).isEqualTo(9);
    assertThat(novelty.distance(state, 1e9)).isEqualTo(9);
    assertThat(novelty.distance(state, 1e10)).isZero();
    assertThat(novelty.distance(state, -1e10)).isEqualTo(9);
  }

  @Test
  void noveltyForgetsInTwoTurns() {
    ValueNovelty novelty = new ValueNovelty(layout, 12.8, 0.1);
    EnsembleState state = state();
    novelty.distance(state, 1.0);
    novelty.turn(state);
    novelty.distance(state, 5.0);
    assertThat(novelty.distance(state, 5.0)).isZero();
    novelty.turn(state);
    assertThat(novelty.distance(state, 1.0)).isEqualTo(9);
    assertThat(novelty.distance(state, 5.0)).isZero();
  }

  @Test
  void theRangeGrowsAndForgetsInTwoTurns() {
    SeenRange range = new SeenRange(layout);
    EnsembleState state = state();
    assertThat(range.beyond(state, 10)).isZero();
    range.beyond(state, 20);
    assertThat(range.beyond(state, 15)).isZero();
    assertThat(range.beyond(state, 25)).isCloseTo(0.5, within(1e-6));
    assertThat(range.beyond(state, 25)).isZero();
    assertThat(range.beyond(state, 7)).isCloseTo(0.2, within(1e-6));
    range.turn(state);
    assertThat(range.beyond(state, 8)).isZero();
    range.turn(state);
    assertThat(range.beyond(state, 9)).isGreaterThan(1);
  }

  @Test
  void theSeasonKnowsTheTimeOfDay() {
    DailySeason season = new DailySeason(layout, 24, 60);
    EnsembleState state = state();
    assertThat(season.known(state, 0)).isFalse();
    for (int hour = 0; hour < 24 * 14; hour++) {
      season.add(state, hour * HOUR, hour % 24);
    }
    for (int hour = 0; hour < 24; hour++) {
      assertThat(season.known(state, hour * HOUR)).isTrue();
      assertThat(season.usual(state, hour * HOUR + HOUR / 2)).isCloseTo(hour, within(1e-4));
    }
    // Before 1970 too.
    assertThat(season.usual(state, -HOUR)).isCloseTo(23, within(1e-4));
  }

  @Test
  void smoothingFollowsLevelAndTrend() {
    Smoothing smoothing = new Smoothing(layout, 0.2, 0.01, 0.02);
    EnsembleState state = state();
    for (int i = 0; i < 2000; i++) {
      smoothing.add(state, 100);
    }
    assertThat(smoothing.forecast(state)).isCloseTo(100, within(1e-3));
    smoothing.add(state, 1e9);
    assertThat(smoothing.forecast(state)).as("one spike").isCloseTo(100, within(1.0));
  }

  @Test
  void smoothingKnowsTheUsualError() {
    long seed = 5;
    Random random = new Random(seed);
    Smoothing smoothing = new Smoothing(layout, 0.2, 0.01, 0.02);
    EnsembleState state = state();
    for (int i = 0; i < 5000; i++) {
      smoothing.add(state, random.nextGaussian());
    }
    // Mean size of a normal value is 0.8; following the level adds a little.
    assertThat(smoothing.spread(state)).as("seed %d", seed).isBetween(0.6, 1.2);
  }

  @Test
  void theAutoregressionLearnsAnAlternation() {
    Autoregression autoregression = new Autoregression(layout, 4, 0.1);
    EnsembleState state = state();
    for (int i = 0; i < 2000; i++) {
      autoregression.add(state, i % 2 == 0 ? 1 : -1);
    }
    assertThat(autoregression.forecast(state)).isCloseTo(1, within(0.05));
    autoregression.add(state, 1);
    assertThat(autoregression.forecast(state)).isCloseTo(-1, within(0.05));
  }

  @Test
  void theChartsSeeSmallErrorsThatLast() {
    Charts charts = new Charts(layout, 0.1, 1);
    EnsembleState state = state();
    for (int i = 0; i < 100; i++) {
      charts.add(state, i % 2 == 0 ? 0.5 : -0.5);
    }
    assertThat(charts.mean(state)).isLessThan(0.1);
    assertThat(charts.sum(state)).isZero();
    for (int i = 0; i < 20; i++) {
      charts.add(state, -1.5);
    }
    assertThat(charts.mean(state)).isBetween(1.2, 1.5);
    assertThat(charts.sum(state)).isCloseTo(10, within(1e-3));
  }

  @Test
  void swingsSeeMoreAndLessMovement() {
    Swings swings = new Swings(layout, 0.03, 0.01, 0.002);
    EnsembleState state = state();
    for (int i = 0; i < 3000; i++) {
      swings.add(state, i % 2);
    }
    assertThat(swings.rise(state)).isCloseTo(1, within(0.01));
    assertThat(swings.change(state)).isCloseTo(0, within(0.01));
    for (int i = 0; i < 100; i++) {
      swings.add(state, 5 * (i % 2));
    }
    assertThat(swings.rise(state)).isGreaterThan(2);
    assertThat(swings.change(state)).isGreaterThan(0.5);
  }

  @Test
  void restLetsOnlyALargerSurprisePassAndThenEnds() {
    Refractory refractory = new Refractory(layout, 5, 1, 0.1, 10, 10);
    EnsembleState state = state();
    assertThat(refractory.onset(state, 4)).isEqualTo(4);
    assertThat(refractory.onset(state, 6)).isEqualTo(6);
    assertThat(refractory.onset(state, 6.5)).isEqualTo(2.5);
    assertThat(refractory.onset(state, 8)).isEqualTo(8);
    for (int i = 0; i < 9; i++) {
      assertThat(refractory.onset(state, 5)).isEqualTo(2.5);
    }
    assertThat(refractory.onset(state, 5)).isEqualTo(5);
  }

  @Test
  void theBarSinksDuringTheRest() {
    Refractory refractory = new Refractory(layout, 5, 1, 0.1, 100, 100);
    EnsembleState state = state();
    refractory.onset(state, 8);
    for (int i = 0; i < 60; i++) {
      refractory.onset(state, 0);
    }
    // The bar began at 9, 4 above the level; six tenths of that are gone.
    assertThat(refractory.onset(state, 6)).isEqualTo(2.5);
    assertThat(refractory.onset(state, 7)).isEqualTo(7);
  }
}
