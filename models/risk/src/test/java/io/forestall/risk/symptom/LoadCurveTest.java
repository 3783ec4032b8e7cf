package io.forestall.risk.symptom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LoadCurveTest {
  private static final long MINUTE = 60_000L;

  private final LoadCurve curve = new LoadCurve();
  private final SplittableRandom random = new SplittableRandom(3);

  /** Latency of a queue: 8 ms of service, 100 operations a second at most. */
  private static double queue(double rate) {
    return Math.log(0.008 / (1 - rate / 100));
  }

  private void learn(int points, double least, double most, double slower) {
    for (int i = 0; i < points; i++) {
      double rate = random.nextDouble(least, most);
      double y = queue(rate) + Math.log(slower) + 0.05 * random.nextGaussian();
      curve.take(Math.log1p(rate), 11, y, 1, MINUTE);
    }
  }

  private double expected(double rate) {
    return curve.expected(Math.log1p(rate), 11);
  }

  @Test
  void followsAQueueWhateverItsForm() {
    learn(3000, 10, 95, 1);
    for (double rate : new double[] {12, 20, 40, 60, 75}) {
      assertThat(expected(rate)).as("at %s a second", rate).isCloseTo(queue(rate), within(0.25));
    }
    assertThat(curve.spread()).isLessThan(0.3);
  }

  @Test
  void saysNothingOfHigherLoadsAndTheLowestOfLowerOnes() {
    assertThat(expected(40)).as("nothing is known yet").isNaN();
    learn(1000, 20, 50, 1);
    assertThat(expected(90)).isNaN();
    assertThat(expected(1)).isCloseTo(queue(22), within(0.2));
    learn(200, 80, 90, 1);
    assertThat(expected(85)).as("it learns new loads").isCloseTo(queue(85), within(0.3));
  }

  @Test
  void hoursOfSlownessDoNotBecomeUsual() {
    learn(3000, 20, 60, 1);
    double before = expected(40);
    learn(12 * 60, 20, 60, 4);
    assertThat(expected(40)).isCloseTo(before, within(0.35));
    // So slow that it does less than ever: new loads are judged by the lowest that is known.
    learn(6 * 60, 3, 6, 8);
    assertThat(expected(4)).isLessThan(queue(25) + 0.5);
  }

  @Test
  void theOtherRegressorExplainsItsPart() {
    for (int i = 0; i < 3000; i++) {
      double z = random.nextDouble(9, 13);
      curve.take(3, z, -5 + 0.5 * (z - 11) + 0.02 * random.nextGaussian(), 1, MINUTE);
    }
    assertThat(curve.expected(3, 12.5)).isCloseTo(-4.25, within(0.15));
    assertThat(curve.expected(3, 9.5)).isCloseTo(-5.75, within(0.15));
    assertThat(curve.familiar(12.5)).isEqualTo(1);
    assertThat(curve.familiar(20)).isZero();
  }
}
