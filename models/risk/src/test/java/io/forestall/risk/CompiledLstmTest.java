package io.forestall.risk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CompiledLstmTest {
  @Test
  void tanhIsExactToWellUnderOneTenMillionth() {
    double[] values = new double[1];
    double worst = 0;
    for (int i = -900_000; i <= 900_000; i++) {
      double x = i * 1e-5;
      values[0] = x;
      CompiledLstm.tanh(values);
      worst = Math.max(worst, Math.abs((float) values[0] - StrictMath.tanh(x)));
      assertThat(Math.abs(values[0])).isLessThanOrEqualTo(1.0);
    }
    assertThat(worst).isLessThan(5e-8);
    assertThat(1 - StrictMath.tanh(9)).as("what the limit of 9 costs").isLessThan(5e-8);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void equalsTheTextbookOverWholeHistories(long seed) {
    ModelFile file = TestingModels.shippedShape(seed, 1);
    CompiledLstm model = new CompiledLstm(file);
    float[] state = new float[model.stateFloats()];
    double[] reference = new double[model.stateFloats()];
    FeatureExtractor extractor = new FeatureExtractor(file.hazards());
    DiskState disk = DiskState.fresh();
    float[] input = new float[FeatureExtractor.INPUTS];
    double least = 1;
    double most = 0;
    for (DiskSample sample : Worlds.history(seed, 1500)) {
      extractor.extract(disk, sample, input);
      double expected =
          model.probability((float) TestingModels.referenceStep(file, input, reference));
      double actual = model.probability(model.step(input, state));
      assertThat(actual).as("seed %s at %s", seed, sample).isCloseTo(expected, within(1e-6));
      least = Math.min(least, actual);
      most = Math.max(most, actual);
    }
    assertThat(most - least).as("the history moves the model at all").isGreaterThan(1e-4);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 7})
  void anyWidthWorksAlsoWhereFourRowsDoNotDivideIt(int width) {
    ModelFile file = TestingModels.file(5, "odd", 1, width, width + 1, width + 2, 1);
    CompiledLstm model = new CompiledLstm(file);
    float[] state = new float[model.stateFloats()];
    double[] reference = new double[model.stateFloats()];
    SplittableRandom random = new SplittableRandom(width);
    for (int i = 0; i < 100; i++) {
      float[] input = new float[width];
      for (int j = 0; j < width; j++) {
        input[j] = random.nextInt(3) == 0 ? 0 : (float) random.nextDouble(-3, 3);
      }
      assertThat((double) model.step(input, state))
          .isCloseTo(TestingModels.referenceStep(file, input, reference), within(2e-5));
    }
    for (int j = 0; j < state.length; j++) {
      assertThat((double) state[j]).isCloseTo(reference[j], within(1e-5));
    }
  }

  @Test
  void batchGivesTheVeryBitsOfSingleSteps() {
    CompiledLstm model = new CompiledLstm(TestingModels.shippedShape(7, 1));
    CompiledLstm other = model.copy();
    SplittableRandom random = new SplittableRandom(7);
    int n = 33;
    float[][] inputs = new float[n + 1][24];
    float[][] together = new float[n + 1][192];
    float[][] alone = new float[n + 1][192];
    float[] logits = new float[n + 1];
    for (int round = 0; round < 20; round++) {
      for (float[] input : inputs) {
        for (int j = 0; j < input.length; j++) {
          input[j] = random.nextBoolean() ? 0 : (float) random.nextDouble(-3, 3);
        }
      }
      logits[n] = 42;
      model.step(n, inputs, together, logits);
      for (int i = 0; i < n; i++) {
        assertThat(other.step(inputs[i], alone[i])).isEqualTo(logits[i]);
      }
      assertThat(logits[n]).as("past the batch nothing is touched").isEqualTo(42);
      assertThat(together).isDeepEqualTo(alone);
    }
  }

  @Test
  void probabilityIsMonotoneAndBetweenZeroAndOne() {
    CompiledLstm model = new CompiledLstm(TestingModels.shippedShape(8, 1));
    double before = -1;
    for (float logit = -100; logit <= 100; logit += 0.25f) {
      double probability = model.probability(logit);
      assertThat(probability).isBetween(0.0, 1.0).isGreaterThanOrEqualTo(before);
      before = probability;
    }
    // sigmoid(1.25 x 2 - 3)
    assertThat(model.probability(2)).isCloseTo(1 / (1 + Math.exp(0.5)), within(1e-12));
  }

  @Test
  void extremeInputsStayFinite() {
    CompiledLstm model = new CompiledLstm(TestingModels.shippedShape(9, 1));
    float[] state = new float[model.stateFloats()];
    float[] input = new float[24];
    for (int i = 0; i < 500; i++) {
      java.util.Arrays.fill(input, i % 2 == 0 ? 3f : -3f);
      assertThat(model.step(input, state)).isFinite();
    }
  }

  @Test
  void wrongLengthsAreNamed() {
    CompiledLstm model = new CompiledLstm(TestingModels.shippedShape(10, 1));
    assertThatThrownBy(() -> model.step(new float[23], new float[192]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("input of a step has 23 values, the model needs 24");
    assertThatThrownBy(() -> model.step(new float[24], new float[191]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("state of a step has 191");
  }
}
