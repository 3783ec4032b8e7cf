package io.forestall.risk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AlarmBudgetTest {
  @Test
  void theHighestAreFlaggedUntilTheBudgetIsSpent() {
    double[] fleet = new double[1000];
    for (int i = 0; i < fleet.length; i++) {
      fleet[i] = i * 1e-6;
    }
    assertThat(flagged(fleet, AlarmBudget.threshold(fleet, 0.01))).isEqualTo(10);
    assertThat(AlarmBudget.threshold(new double[0], 0.01)).isEqualTo(1);
  }

  /** A plain quantile would spend the whole budget on disks that are sick. */
  @Test
  void whoIsSickSpendsLittleOfTheBudget() {
    double[] fleet = new double[1000];
    Arrays.fill(fleet, 0, 20, 0.9);
    for (int i = 20; i < fleet.length; i++) {
      fleet[i] = i * 1e-6;
    }
    assertThat(flagged(fleet, AlarmBudget.threshold(fleet, 0.01))).isEqualTo(27);
  }

  @Test
  void whatIsTiedIsFlaggedTogetherOrNotAtAll() {
    double[] fleet = new double[100];
    Arrays.fill(fleet, 0, 50, 0.001);
    assertThat(AlarmBudget.threshold(fleet, 0.01)).isEqualTo(0.001);
    assertThat(AlarmBudget.threshold(fleet, 0.6)).isZero();
    Arrays.fill(fleet, 1);
    assertThat(AlarmBudget.threshold(fleet, 0.01)).as("nobody is healthy").isZero();
  }

  @Test
  void nonsenseIsRefused() {
    for (double share : new double[] {0, 1, -1, Double.NaN}) {
      assertThatThrownBy(() -> AlarmBudget.threshold(new double[1], share))
          .hasMessageContaining("share");
    }
    for (double wrong : new double[] {-0.1, 1.1, Double.NaN}) {
      assertThatThrownBy(() -> AlarmBudget.threshold(new double[] {wrong}, 0.1))
          .hasMessageContaining("probability is 0 to 1");
    }
  }

  /**
   * In a fleet whose sick share halves again and again, what is set on a week holds in the next one
   * for healthy disks, in all weeks together.
   */
  @ParameterizedTest
  @ValueSource(longs = {3, 4, 5})
  void theBudgetHoldsInAFleetThatChanges(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double share = 0.01;
    double threshold = Double.NaN;
    double healthy = 0;
    double wrong = 0;
    for (int week = 0; week < 40; week++) {
      double sick = 0.05 * Math.pow(0.5, week / 10.0);
      double[] fleet = new double[20_000];
      for (int i = 0; i < fleet.length; i++) {
        boolean ill = random.nextDouble() < sick;
        fleet[i] = ill ? 0.2 + 0.7 * random.nextDouble() : 0.02 * Math.pow(random.nextDouble(), 3);
        // Calibrated: it fails with the probability that it has.
        if (!Double.isNaN(threshold) && random.nextDouble() >= fleet[i]) {
          healthy++;
          wrong += fleet[i] > threshold ? 1 : 0;
        }
      }
      threshold = AlarmBudget.threshold(fleet, share);
    }
    assertThat(wrong / healthy / share).as("seed %d", seed).isBetween(1 / 1.5, 1.5);
  }

  private static long flagged(double[] fleet, double threshold) {
    return Arrays.stream(fleet).filter(probability -> probability > threshold).count();
  }
}
