package io.forestall.risk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EnsembleFileTest {
  /** Input 3 above 0.5 adds 2, else 1 is taken away; a second tree is a leaf. */
  private static final TreeEnsemble TREES =
      new TreeEnsemble(
          List.of(
              new TreeEnsemble.Tree(
                  new int[] {3, 0},
                  new float[] {0.5f, 1f},
                  new int[] {-1, -2},
                  new int[] {1, -3},
                  new float[] {-1, 2, 3}),
              new TreeEnsemble.Tree(
                  new int[0], new float[0], new int[0], new int[0], new float[] {0.25f})));

  static EnsembleFile file(int version) {
    return new EnsembleFile(
        "disk-ensemble",
        version,
        FailureMode.DISK,
        TestingModels.MONTH_MILLIS,
        TestingModels.file(1, "disk-lstm", 3, FeatureExtractor.INPUTS, 6, 5),
        TREES,
        new EnsembleWeights(
            -3f, 0.4f, 0.6f, new float[] {0.1f, 0, 0, 0}, new float[] {1, 0, 0, 0.5f, 0}),
        new LogitCalibration(new float[] {-4, -1, 2}, new float[] {-5, -1.5f, 1}),
        new DriveModelHazards(0.03, Map.of("A", 0.01)),
        Map.of("seed", "1"));
  }

  @Test
  void writesAndReadsEverything() throws Exception {
    EnsembleFile file = file(7);
    StoredModel read = StoredModel.fromBytes(file.toBytes());
    assertThat(read).isInstanceOf(EnsembleFile.class);
    assertThat(read.toBytes()).isEqualTo(file.toBytes());
    assertThat(read.format()).isEqualTo(EnsembleFile.FORMAT);
    assertThat(read.version()).isEqualTo(7);
    assertThat(read.hazards()).isEqualTo(file.hazards());
    assertThat(read.properties()).isEqualTo(Map.of("seed", "1"));
    assertThat(read.withVersion(8).withProperty("a", "b").properties())
        .isEqualTo(Map.of("seed", "1", "a", "b"));
    ModelFile plain = TestingModels.file(1, "disk-lstm", 3, FeatureExtractor.INPUTS, 6, 5);
    assertThat(StoredModel.fromBytes(plain.toBytes())).isInstanceOf(ModelFile.class);
  }

  @Test
  void addsUpItsPartsAndCalibrates() {
    EnsembleFile file = file(1);
    float[] input = new float[FeatureExtractor.INPUTS];
    input[FeatureExtractor.REALLOCATED_LEVEL] = 2;
    input[FeatureExtractor.PENDING_LEVEL] = 1;
    input[FeatureExtractor.ERRORS_CUSUM] = 3;
    try (EnsembleModel ensemble = file.compile();
        CompiledLstm lstm = file.sequence().compile()) {
      float[] state = new float[ensemble.stateFloats()];
      float[] alone = new float[lstm.stateFloats()];
      float logit = 0;
      float sequence = 0;
      for (int step = 0; step < 5; step++) {
        logit = ensemble.step(input, state);
        sequence = lstm.step(input, alone);
      }
      assertThat(state).containsExactly(alone);
      assertThat(logit)
          .isCloseTo(-3f + 0.4f * sequence + 0.6f * 3.25f + 0.3f + 1.5f, within(1e-5f));
      float[] parts = ensemble.parts(input, logit);
      assertThat(parts).hasSameSizeAs(ensemble.partNames().toArray());
      assertThat(parts[0]).isCloseTo(0.4f * sequence, within(1e-5f));
      assertThat(parts[1] + parts[2] + parts[3]).isCloseTo(0.6f * 3.25f + 1.8f, within(1e-5f));
      // Many at once give the same.
      float[] logits = new float[1];
      float[][] states = {new float[ensemble.stateFloats()]};
      for (int step = 0; step < 5; step++) {
        ensemble.step(1, new float[][] {input}, states, logits);
      }
      assertThat(logits[0]).isEqualTo(logit);
    }
  }

  @Test
  void aCalibrationGoesThroughItsKnotsAndNeverFalls() {
    LogitCalibration calibration = file(1).calibration();
    assertThat(calibration.logOdds(-4)).isEqualTo(-5);
    assertThat(calibration.logOdds(-1)).isEqualTo(-1.5);
    assertThat(calibration.logOdds(0.5f)).isCloseTo(-0.25, within(1e-6));
    assertThat(calibration.logOdds(5)).isEqualTo(4);
    assertThat(calibration.logOdds(-9)).isEqualTo(-10);
    double before = 0;
    for (float logit = -10; logit < 10; logit += 0.01f) {
      double now = calibration.probability(logit);
      assertThat(now).isGreaterThanOrEqualTo(before);
      before = now;
    }
    assertThat(calibration.shifted(1).logOdds(-1)).isCloseTo(-0.5, within(1e-6));
    assertThat(LogitCalibration.none().logOdds(-3)).isEqualTo(-3);
    assertThatThrownBy(() -> new LogitCalibration(new float[] {1, 1}, new float[] {0, 1}))
        .hasMessageContaining("grows from knot to knot");
  }

  @Test
  void damagedOrCutFilesAreRefusedWithAReason() {
    byte[] bytes = file(1).toBytes();
    for (int length : new int[] {0, 5, 20, 24, bytes.length / 2, bytes.length - 1}) {
      assertThatThrownBy(() -> EnsembleFile.fromBytes(Arrays.copyOf(bytes, length)))
          .isInstanceOf(ModelFormatException.class);
    }
    long seed = Long.getLong("forestall.test.seed", new Random().nextLong());
    Random random = new Random(seed);
    for (int i = 0; i < 500; i++) {
      byte[] damaged = bytes.clone();
      damaged[random.nextInt(damaged.length)] ^= (byte) (1 + random.nextInt(255));
      assertThatThrownBy(() -> StoredModel.fromBytes(damaged))
          .as("seed %d, file %d", seed, i)
          .isInstanceOf(ModelFormatException.class);
    }
  }

  @Test
  void aTreeThatCannotBeWalkedIsNotBuilt() {
    assertThatThrownBy(
            () ->
                new TreeEnsemble.Tree(
                    new int[] {0},
                    new float[] {0},
                    new int[] {0},
                    new int[] {-2},
                    new float[] {1, 2}))
        .hasMessageContaining("does not exist");
    assertThatThrownBy(
            () ->
                new TreeEnsemble.Tree(
                    new int[] {99},
                    new float[] {0},
                    new int[] {-1},
                    new int[] {-2},
                    new float[] {1, 2}))
        .hasMessageContaining("looks at input 99");
    assertThatThrownBy(
            () ->
                new TreeEnsemble.Tree(
                    new int[0], new float[0], new int[0], new int[0], new float[] {Float.NaN}))
        .hasMessageContaining("not finite");
  }

  @Test
  void anEnsembleThatWouldNotFitIsNotBuilt() {
    EnsembleFile file = file(1);
    assertThatThrownBy(() -> file.withVersion(0)).hasMessageContaining("version 0");
    assertThatThrownBy(
            () ->
                new EnsembleFile(
                    "x",
                    1,
                    FailureMode.DISK,
                    1,
                    TestingModels.file(1, "disk-lstm", 3, 7, 6, 5),
                    TREES,
                    file.weights(),
                    file.calibration(),
                    file.hazards(),
                    Map.of()))
        .hasMessageContaining("reads 7 inputs");
    assertThatThrownBy(() -> new EnsembleWeights(0, -1, 1, new float[4], new float[5]))
        .hasMessageContaining("0 or more");
    assertThatThrownBy(() -> new EnsembleWeights(0, 1, 1, new float[3], new float[5]))
        .hasMessageContaining("4 detectors");
  }
}
