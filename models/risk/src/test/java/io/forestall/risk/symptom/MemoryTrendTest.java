package io.forestall.risk.symptom;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

class MemoryTrendTest {
  private static final double GIGABYTE = 1e9;

  private final MemoryTrend trend = new MemoryTrend();
  private final SplittableRandom random = new SplittableRandom(1);
  private long minute;

  /** Minutes in which the process has so much, in gigabytes of a machine of 100, by the hour. */
  private void live(double hours, DoubleUnaryOperator gigabytes) {
    for (long from = minute, end = from + Math.round(60 * hours); minute < end; minute++) {
      double process =
          gigabytes.applyAsDouble((minute - from) / 60.0) * (1 + 0.01 * random.nextGaussian());
      trend.take(minute * 60_000, process * GIGABYTE, process / 100 + 0.2);
    }
  }

  @Test
  void steadyGrowthTellsWhenMemoryRunsOut() {
    live(24, hour -> 20);
    assertThat(trend.hoursLeft()).isInfinite();
    live(3, hour -> 20 + 8 * hour);
    assertThat(trend.hoursLeft()).as("36 more at 8 an hour").isBetween(3.0, 7.0);
    assertThat(trend.growth()).isBetween(0.5, 1.6);
    live(4, hour -> 44);
    assertThat(trend.hoursLeft()).as("it stopped").isGreaterThan(48);
  }

  @Test
  void slowGrowthIsSeenOverTheDay() {
    live(30, hour -> 20 + hour);
    assertThat(trend.hoursLeft()).as("30 more at 1 an hour").isBetween(20.0, 45.0);
  }

  @Test
  void aStepNoiseAndASawToothAreNoLeak() {
    live(6, hour -> hour < 3 ? 20 : 45);
    assertThat(trend.hoursLeft()).isInfinite();
    live(6, hour -> 45 + 4 * (hour % 1));
    assertThat(trend.hoursLeft()).isGreaterThan(48);
  }

  @Test
  void aRestartOrAHoleBeginsAnew() {
    live(3, hour -> 20 + 8 * hour);
    assertThat(trend.hoursLeft()).isFinite();
    trend.clear();
    assertThat(trend.hoursLeft()).isInfinite();
    live(3, hour -> 20 + 8 * hour);
    minute += 600;
    live(0.5, hour -> 44);
    assertThat(trend.hoursLeft()).isInfinite();
  }

  @Test
  void withoutTheMachinesMemoryDoublingStandsForRunningOut() {
    for (; minute < 180; minute++) {
      trend.take(minute * 60_000, (20 + minute / 60.0 * 5) * GIGABYTE, Double.NaN);
    }
    assertThat(trend.hoursLeft()).as("33 at 5 an hour").isBetween(5.0, 8.0);
  }

  @Test
  void withoutTheProcessTheMachinesMemoryTells() {
    for (; minute < 180; minute++) {
      trend.take(minute * 60_000, Double.NaN, 0.4 + minute / 60.0 * 0.05);
    }
    assertThat(trend.hoursLeft()).as("0.45 at 0.05 an hour").isBetween(8.0, 11.0);
  }
}
