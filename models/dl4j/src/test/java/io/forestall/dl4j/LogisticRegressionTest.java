package io.forestall.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LogisticRegressionTest {
  private static Examples drawn(int n, double share) {
    SplittableRandom random = new SplittableRandom(17);
    Examples examples = new Examples(2);
    for (int i = 0; i < n; i++) {
      float[] row = {(float) random.nextDouble(-3, 3), (float) random.nextDouble(-3, 3)};
      boolean fails = random.nextDouble() < 1 / (1 + Math.exp(-(0.7 * row[0] - 2)));
      if (fails || random.nextDouble() < share) {
        examples.add(row, fails, fails ? 1 : (float) (1 / share));
      }
    }
    return examples;
  }

  @Test
  void findsTheWeightsItWasMadeWith() {
    LogisticRegression fit = LogisticRegression.fit(drawn(200_000, 1), new double[2], 0);
    assertThat(fit.weight(0)).isCloseTo(0.7, within(0.02));
    assertThat(fit.weight(1)).isCloseTo(0, within(0.02));
    assertThat(fit.bias()).isCloseTo(-2, within(0.05));
  }

  @Test
  void daysThatStandForManyCountAsMany() {
    LogisticRegression fit = LogisticRegression.fit(drawn(400_000, 0.1), new double[2], 0);
    assertThat(fit.weight(0)).isCloseTo(0.7, within(0.04));
    assertThat(fit.bias()).isCloseTo(-2, within(0.1));
  }

  @Test
  void littleDataStaysNearTheFirstGuess() {
    Examples few = new Examples(2);
    few.add(new float[] {1, 0}, true, 1);
    few.add(new float[] {0, 1}, false, 1);
    LogisticRegression fit = LogisticRegression.fit(few, new double[] {0.3, 0.9}, 1000);
    assertThat(fit.weight(0)).isCloseTo(0.3, within(0.01));
    assertThat(fit.weight(1)).isCloseTo(0.9, within(0.01));
  }

  @Test
  void separableDataHasAFiniteFit() {
    Examples separable = new Examples(1);
    for (int i = -20; i <= 20; i++) {
      separable.add(new float[] {i}, i > 0, 1);
    }
    assertThat(LogisticRegression.fit(separable, new double[1], 1).weight(0)).isBetween(0.1, 50.0);
  }
}
