package io.forestall.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.forestall.risk.CompiledLstm;
import io.forestall.risk.EnsembleFile;
import io.forestall.risk.ModelFile;
import io.forestall.risk.TrainedModels;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class Dl4jSequenceModelTest {
  private static final double PARITY = 1e-6;

  @BeforeAll
  static void oneThread() {
    Dl4jNetworks.singleThread();
  }

  @ParameterizedTest(name = "seed {0}, batch {1}, {2} steps")
  @CsvSource({"11, 1, 600", "12, 2, 400", "13, 7, 400", "14, 32, 400", "15, 256, 250"})
  void agreesWithTheCompiledModelOverWholeHistories(long seed, int batch, int steps) {
    ModelFile file = TestingModels.random(seed, 24, 64, 32);
    SplittableRandom random = new SplittableRandom(seed);
    float[][] inputs = new float[batch][];
    try (CompiledLstm compiled = new CompiledLstm(file);
        Dl4jSequenceModel dl4j = new Dl4jSequenceModel(file)) {
      float[][] compiledStates = new float[batch][compiled.stateFloats()];
      float[][] dl4jStates = new float[batch][dl4j.stateFloats()];
      float[] compiledLogits = new float[batch];
      float[] dl4jLogits = new float[batch];
      double worst = 0;
      double lowest = 1;
      double highest = 0;
      for (int step = 0; step < steps; step++) {
        for (int i = 0; i < batch; i++) {
          inputs[i] = TestingModels.uniform(random, 24, 3);
        }
        compiled.step(batch, inputs, compiledStates, compiledLogits);
        dl4j.step(batch, inputs, dl4jStates, dl4jLogits);
        for (int i = 0; i < batch; i++) {
          double expected = compiled.probability(compiledLogits[i]);
          worst = Math.max(worst, Math.abs(expected - dl4j.probability(dl4jLogits[i])));
          lowest = Math.min(lowest, expected);
          highest = Math.max(highest, expected);
        }
      }
      assertThat(worst).as("seed %d", seed).isLessThanOrEqualTo(PARITY);
      assertThat(highest - lowest).as("the histories move the probability").isGreaterThan(0.2);
    }
  }

  @Test
  void agreesWithTheTextbook() {
    ModelFile file = TestingModels.random(5, 6, 9, 4);
    SplittableRandom random = new SplittableRandom(5);
    try (Dl4jSequenceModel model = new Dl4jSequenceModel(file)) {
      float[] state = new float[model.stateFloats()];
      double[] referenceState = new double[model.stateFloats()];
      for (int step = 0; step < 300; step++) {
        float[] input = TestingModels.uniform(random, 6, 2);
        float logit = model.step(input, state);
        assertThat((double) logit)
            .isCloseTo(TestingModels.referenceStep(file, input, referenceState), within(5e-6));
      }
      assertThat(state[3])
          .as("h stands before c")
          .isCloseTo((float) referenceState[3], within(5e-6f));
      assertThat(state[9 + 3]).isCloseTo((float) referenceState[9 + 3], within(5e-6f));
    }
  }

  @Test
  void eitherImplementationContinuesTheOthersState() {
    ModelFile file = TestingModels.random(21, 24, 64, 32);
    SplittableRandom random = new SplittableRandom(21);
    try (CompiledLstm compiled = new CompiledLstm(file);
        Dl4jSequenceModel dl4j = new Dl4jSequenceModel(file)) {
      float[] alone = new float[compiled.stateFloats()];
      float[] shared = new float[compiled.stateFloats()];
      for (int step = 0; step < 200; step++) {
        float[] input = TestingModels.uniform(random, 24, 3);
        float expected = compiled.step(input, alone);
        float actual = step % 2 == 0 ? dl4j.step(input, shared) : compiled.step(input, shared);
        assertThat(dl4j.probability(actual))
            .isCloseTo(compiled.probability(expected), within(PARITY));
      }
    }
  }

  @Test
  void agreesWithTheCompiledModelOnTheShippedWeightsOverWholeLives() {
    ModelFile file = ((EnsembleFile) TrainedModels.defaultDiskModelFile()).sequence();
    List<DriveHistory> drives = TestingFleet.histories(77, 24);
    int longest = drives.stream().mapToInt(DriveHistory::samples).max().orElseThrow();
    HistoryEncoder encoder = new HistoryEncoder(file.hazards());
    float[][][] lives = new float[24][longest][24];
    for (int i = 0; i < 24; i++) {
      encoder.encode(drives.get(i), 0, drives.get(i).samples(), Set.of(), true, lives[i]);
    }
    try (CompiledLstm compiled = new CompiledLstm(file);
        Dl4jSequenceModel dl4j = new Dl4jSequenceModel(file)) {
      float[][] compiledStates = new float[24][compiled.stateFloats()];
      float[][] dl4jStates = new float[24][dl4j.stateFloats()];
      float[] compiledLogits = new float[24];
      float[] dl4jLogits = new float[24];
      float[][] inputs = new float[24][];
      double worst = 0;
      double highest = 0;
      for (int step = 0; step < longest; step++) {
        for (int i = 0; i < 24; i++) {
          inputs[i] = lives[i][step];
        }
        compiled.step(24, inputs, compiledStates, compiledLogits);
        dl4j.step(24, inputs, dl4jStates, dl4jLogits);
        for (int i = 0; i < 24; i++) {
          double expected = compiled.probability(compiledLogits[i]);
          worst = Math.max(worst, Math.abs(expected - dl4j.probability(dl4jLogits[i])));
          highest = Math.max(highest, expected);
        }
      }
      assertThat(longest).isGreaterThan(500);
      assertThat(worst).isLessThanOrEqualTo(PARITY);
      assertThat(highest).as("the sick drives of seed 77 raise it").isGreaterThan(0.02);
    }
  }

  @Test
  void aRowDoesNotDependOnItsNeighbours() {
    ModelFile file = TestingModels.random(31, 24, 64, 32);
    SplittableRandom random = new SplittableRandom(31);
    try (Dl4jSequenceModel model = new Dl4jSequenceModel(file)) {
      float[][] inputs = new float[5][];
      Arrays.setAll(inputs, i -> TestingModels.uniform(random, 24, 3));
      float[][] states = new float[5][];
      Arrays.setAll(states, i -> TestingModels.uniform(random, model.stateFloats(), 0.9));
      float[] aloneState = states[3].clone();
      float alone = model.step(inputs[3], aloneState);
      float[] logits = new float[5];
      model.step(5, inputs, states, logits);
      assertThat(logits[3]).isCloseTo(alone, within(1e-5f));
      assertThat(states[3]).usingComparatorWithPrecision(1e-5f).containsExactly(aloneState);
    }
  }

  @Test
  void onlyTheFirstEntitiesOfABatchAreStepped() {
    try (Dl4jSequenceModel model = new Dl4jSequenceModel(TestingModels.random(41, 3, 4, 2))) {
      float[][] states = new float[3][model.stateFloats()];
      float[] logits = {7, 7, 7};
      model.step(2, new float[][] {{1, 2, 3}, {3, 2, 1}, {1, 1, 1}}, states, logits);
      assertThat(logits[2]).isEqualTo(7);
      assertThat(states[2]).containsOnly(0f);
      assertThat(states[1]).isNotEqualTo(states[2]);
      model.step(0, new float[0][], new float[0][], new float[0]);
    }
  }

  @Test
  void aStateOfAnotherModelIsRefused() {
    try (Dl4jSequenceModel model = new Dl4jSequenceModel(TestingModels.random(51, 3, 4, 2))) {
      assertThatThrownBy(() -> model.step(new float[3], new float[5]))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("state 0 has 5 floats");
    }
  }

  @Test
  void aNetworkGivesBackTheWeightsItWasGiven() {
    ModelFile file = TestingModels.random(61, 24, 64, 32);
    MultiLayerNetwork network = Dl4jNetworks.scoring(file);
    assertThat(Dl4jNetworks.layers(network)).usingRecursiveComparison().isEqualTo(file.layers());
    assertThat(Dl4jNetworks.outputWeights(network)).containsExactly(file.outputWeights());
    assertThat(Dl4jNetworks.outputBias(network)).isEqualTo(file.outputBias());
  }

  @Test
  void theTrainedFormAndTheScoringFormAreOneNetwork() {
    MultiLayerNetwork training = Dl4jNetworks.training(5, new int[] {8, 4}, 71, 1e-3, 10, -2);
    ModelFile shape = TestingModels.random(71, 5, 8, 4);
    ModelFile file =
        new ModelFile(
            "testing",
            1,
            shape.mode(),
            shape.horizonMillis(),
            Dl4jNetworks.layers(training),
            Dl4jNetworks.outputWeights(training),
            Dl4jNetworks.outputBias(training),
            1,
            0,
            shape.hazards(),
            shape.properties());
    SplittableRandom random = new SplittableRandom(71);
    int steps = 50;
    INDArray x = Nd4j.zeros(1, 5, steps);
    float[][] inputs = new float[steps][];
    for (int t = 0; t < steps; t++) {
      inputs[t] = TestingModels.uniform(random, 5, 2);
      for (int i = 0; i < 5; i++) {
        x.putScalar(0, i, t, inputs[t][i]);
      }
    }
    INDArray whole = training.output(x);
    try (Dl4jSequenceModel model = new Dl4jSequenceModel(file)) {
      float[] state = new float[model.stateFloats()];
      for (int t = 0; t < steps; t++) {
        double probability = model.probability(model.step(inputs[t], state));
        assertThat(probability).isCloseTo(whole.getDouble(0, 0, t), within(PARITY));
      }
    }
  }
}
