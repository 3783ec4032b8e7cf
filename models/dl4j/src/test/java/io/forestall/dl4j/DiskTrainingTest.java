package io.forestall.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.risk.DiskMetric;
import io.forestall.risk.EnsembleFile;
import io.forestall.risk.EnsembleModel;
import io.forestall.risk.FeatureExtractor;
import io.forestall.risk.LstmLayer;
import io.forestall.risk.ModelFile;
import io.forestall.risk.StoredModel;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

class DiskTrainingTest {
  private static final int DRIVES = 150;

  private static HistoryReader.Histories fleet(long seed) {
    return new HistoryReader.Histories(
        HistoryReader.Form.CHANGE_LOG, TestingFleet.histories(seed, DRIVES), 0);
  }

  @Test
  void trainingLowersTheLossSeparatesAndWritesWhatTheCompiledModelReads(@TempDir Path folder)
      throws Exception {
    List<String> said = new ArrayList<>();
    DiskTraining.Result result = DiskTraining.train(fleet(1), TestingFleet.recipe(1, 4), said::add);
    assertThat(result.epochLosses()).hasSize(4);
    assertThat(result.epochLosses().get(3)).isLessThan(0.7 * result.epochLosses().get(0));
    assertThat(result.measures().get("auc")).isGreaterThan(0.9);
    assertThat(result.measures().get("recallAtPercent")).isGreaterThan(0.8);

    result.write(folder);
    EnsembleFile read;
    try (InputStream in = Files.newInputStream(folder.resolve(DiskTraining.MODEL_FILE))) {
      read = (EnsembleFile) StoredModel.read(in);
    }
    assertThat(read.properties()).containsKeys("training-last-day", "seed", "calibration");
    assertThat(read.horizonMillis()).isEqualTo(30L * 24 * 3600 * 1000);

    // A drive of another fleet: low while quiet, high on the day before it fails.
    List<DriveHistory> others = TestingFleet.histories(99, 30);
    HistoryEncoder encoder = new HistoryEncoder(read.hazards());
    try (EnsembleModel model = read.compile();
        EnsembleModel dl4j = new EnsembleModel(read, new Dl4jSequenceModel(read.sequence()))) {
      double failing = 0;
      double quiet = 0;
      double worstDifference = 0;
      for (DriveHistory drive : others) {
        int n = drive.samples();
        float[][] inputs = new float[n][FeatureExtractor.INPUTS];
        encoder.encode(drive, 0, n, Set.of(), true, inputs);
        float[] state = new float[model.stateFloats()];
        float[] dl4jState = new float[model.stateFloats()];
        double last = 0;
        for (float[] input : inputs) {
          last = model.probability(model.step(input, state));
          worstDifference =
              Math.max(
                  worstDifference, Math.abs(last - dl4j.probability(dl4j.step(input, dl4jState))));
        }
        if (drive.failureDay() != DriveHistory.NEVER) {
          failing += last / 10;
        } else {
          quiet += last / 20;
        }
      }
      assertThat(failing).isGreaterThan(0.3);
      assertThat(quiet).isLessThan(0.1);
      assertThat(worstDifference).as("parity on trained weights").isLessThanOrEqualTo(1e-6);
    }
    assertThat(Files.readString(folder.resolve(DiskTraining.CARD_FILE)))
        .contains(
            "Backblaze", "Recall", "What it cannot see", "forestall train", "temperature_deviation")
        .doesNotContain("NaN");
    assertThat(said).anyMatch(line -> line.startsWith("epoch 4 of 4 done"));
    assertThat(read.weights().trees() + read.weights().sequence()).isPositive();
  }

  @Test
  void theSameSeedGivesTheSameBytesInAnyOrderOfDrives() throws Exception {
    HistoryReader.Histories fleet = fleet(2);
    List<DriveHistory> reversed = new ArrayList<>(fleet.drives());
    java.util.Collections.reverse(reversed);
    byte[] first =
        DiskTraining.train(fleet, TestingFleet.recipe(7, 1), TrainingProgress.silent())
            .model()
            .toBytes();
    byte[] second =
        DiskTraining.train(
                new HistoryReader.Histories(fleet.form(), reversed, 0),
                TestingFleet.recipe(7, 1),
                TrainingProgress.silent())
            .model()
            .toBytes();
    byte[] other =
        DiskTraining.train(fleet, TestingFleet.recipe(8, 1), TrainingProgress.silent())
            .model()
            .toBytes();
    assertThat(second).isEqualTo(first);
    assertThat(other).isNotEqualTo(first);
  }

  @Test
  void maskedLabelsTeachNothing() {
    MultiLayerNetwork[] networks = new MultiLayerNetwork[2];
    for (int i = 0; i < 2; i++) {
      networks[i] = Dl4jNetworks.training(3, new int[] {4, 3}, 5, 0.01, 10, 0);
      SplittableRandom random = new SplittableRandom(5);
      int steps = 25;
      INDArray x =
          Nd4j.create(
              TestingModels.uniform(random, 2 * 3 * steps, 1), new long[] {2, 3, steps}, 'c');
      float[] y = new float[2 * steps];
      float[] mask = new float[2 * steps];
      for (int t = 0; t < 2 * steps; t++) {
        boolean known = t % 3 != 0;
        mask[t] = known ? 0.5f : 0;
        // What stands under the mask differs between the two.
        y[t] = known ? t % 2 : i;
      }
      networks[i].fit(
          new DataSet(
              x,
              Nd4j.create(y, new long[] {2, 1, steps}, 'c'),
              null,
              Nd4j.create(mask, new long[] {2, steps}, 'c')));
    }
    assertThat(networks[0].params().toFloatVector())
        .containsExactly(networks[1].params().toFloatVector());
    assertThat(networks[0].params().toFloatVector())
        .as("and the known ones do teach")
        .isNotEqualTo(
            Dl4jNetworks.training(3, new int[] {4, 3}, 5, 0.01, 10, 0).params().toFloatVector());
  }

  @Test
  void anInputThatTheDataLacksCannotMoveTheScore() throws Exception {
    ModelFile model =
        DiskTraining.train(fleet(3), TestingFleet.recipe(3, 1), TrainingProgress.silent())
            .model()
            .sequence();
    LstmLayer first = model.layers().get(0);
    int row = 4 * first.hidden();
    int temperature = FeatureExtractor.NAMES.indexOf("temperature_deviation");
    int pending = FeatureExtractor.NAMES.indexOf("pending_level");
    assertThat(Arrays.copyOfRange(first.inputWeights(), temperature * row, (temperature + 1) * row))
        .containsOnly(0f);
    assertThat(Arrays.copyOfRange(first.inputWeights(), pending * row, (pending + 1) * row))
        .doesNotContain(0f);
  }

  @Test
  void nothingLaterThanASampleIsInItsInput() {
    DriveHistory whole = TestingFleet.histories(4, 1).get(0);
    HistoryEncoder encoder = new HistoryEncoder(io.forestall.risk.DriveModelHazards.NONE);
    int n = whole.samples();
    float[][] long_ = new float[n][FeatureExtractor.INPUTS];
    encoder.encode(whole, 0, n, Set.of(), true, long_);
    int cut = n - 10;
    float[][] short_ = new float[cut][FeatureExtractor.INPUTS];
    encoder.encode(whole, 0, cut, Set.of(), true, short_);
    assertThat(short_[cut - 1]).containsExactly(long_[cut - 1]);
    assertThat(long_[n - 1]).isNotEqualTo(long_[0]);
  }

  @Test
  void hiddenMetricsDoNotReachTheInput() {
    DriveHistory drive = TestingFleet.histories(4, 1).get(0);
    int n = drive.samples();
    HistoryEncoder encoder = new HistoryEncoder(io.forestall.risk.DriveModelHazards.NONE);
    float[][] inputs = new float[n][FeatureExtractor.INPUTS];
    encoder.encode(drive, 0, n, Set.of(DiskMetric.PENDING_SECTORS), true, inputs);
    assertThat(inputs[n - 1][FeatureExtractor.NAMES.indexOf("pending_level")]).isZero();
    encoder.encode(drive, 0, n, Set.of(), true, inputs);
    assertThat(inputs[n - 1][FeatureExtractor.NAMES.indexOf("pending_level")]).isPositive();
  }

  @Test
  void periodsLieApartAndFollowTheData() {
    DiskTraining.Periods periods =
        DiskTraining.periods(TestingFleet.histories(1, 9), TestingFleet.recipe(1, 1));
    assertThat(periods.byTime()).isTrue();
    assertThat(periods.testLastDay()).isEqualTo(periods.lastDay() - 30);
    assertThat(periods.testFirstDay() - periods.trainLastDay())
        .as("no label of training reaches into the test")
        .isGreaterThanOrEqualTo(60);
    List<DriveHistory> brief =
        List.of(
            DriveHistory.ofDays(
                "A", null, DriveHistory.NEVER, new int[] {5, 6, 44}, new double[3][18]));
    assertThat(DiskTraining.periods(brief, TestingFleet.recipe(1, 1)).byTime()).isFalse();
  }

  @Test
  void splitsKeepDrivesApartAndBothClassesInEachPart() {
    List<DriveHistory> drives = TestingFleet.histories(6, 90);
    DriveSplit split =
        DriveSplit.of(drives, d -> d.failureDay() != DriveHistory.NEVER, 0.2, 0.2, 6);
    assertThat(split.training().size() + split.calibration().size() + split.test().size())
        .isEqualTo(90);
    List<DriveHistory> all = new ArrayList<>(split.training());
    all.addAll(split.calibration());
    all.addAll(split.test());
    assertThat(all).containsExactlyInAnyOrderElementsOf(drives);
    for (List<DriveHistory> part : List.of(split.training(), split.calibration(), split.test())) {
      assertThat(part).anyMatch(d -> d.failureDay() != DriveHistory.NEVER);
      assertThat(part).anyMatch(d -> d.failureDay() == DriveHistory.NEVER);
    }
  }

  @Test
  void oneClassAloneCannotTrain() {
    List<DriveHistory> alive =
        TestingFleet.histories(1, 60).stream()
            .filter(d -> d.failureDay() == DriveHistory.NEVER)
            .toList();
    assertThatThrownBy(
            () ->
                DiskTraining.train(
                    new HistoryReader.Histories(HistoryReader.Form.CHANGE_LOG, alive, 0),
                    TestingFleet.recipe(1, 1),
                    TrainingProgress.silent()))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("too few drives fail");
    List<DriveHistory> dead =
        TestingFleet.histories(1, 60).stream()
            .filter(d -> d.failureDay() != DriveHistory.NEVER)
            .toList();
    assertThatThrownBy(
            () ->
                DiskTraining.train(
                    new HistoryReader.Histories(HistoryReader.Form.CHANGE_LOG, dead, 0),
                    TestingFleet.recipe(1, 1)
                        .withPeriods(
                            TestingFleet.FIRST_DAY + 540,
                            TestingFleet.FIRST_DAY,
                            TestingFleet.FIRST_DAY + 540),
                    TrainingProgress.silent()))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("no drive survives");
  }

  @Test
  void aTrainingThatWasStoppedEndsWithTheSameBytes(@TempDir Path folder) throws Exception {
    HistoryReader.Histories fleet = fleet(5);
    TrainingRecipe recipe = TestingFleet.recipe(5, 3);
    byte[] whole = DiskTraining.train(fleet, recipe, TrainingProgress.silent()).model().toBytes();
    Path file = folder.resolve("resume");
    assertThatThrownBy(
            () ->
                DiskTraining.train(
                    fleet,
                    recipe,
                    file,
                    line -> {
                      if (line.startsWith("epoch 2 of 3, ")
                          || line.startsWith("epoch 2 of 3 done")) {
                        throw new IllegalStateException("stopped");
                      }
                    }))
        .hasMessage("stopped");
    assertThat(file).exists();
    List<String> said = new ArrayList<>();
    byte[] resumed = DiskTraining.train(fleet, recipe, file, said::add).model().toBytes();
    assertThat(said).anyMatch(line -> line.startsWith("goes on behind epoch 1 "));
    assertThat(resumed).isEqualTo(whole);
    assertThat(file).as("a training that is over leaves nothing").doesNotExist();
  }

  @Test
  void whatBelongsToAnotherTrainingOrIsDamagedIsNotGoneOnFrom(@TempDir Path folder)
      throws Exception {
    HistoryReader.Histories fleet = fleet(5);
    Path file = folder.resolve("resume");
    assertThatThrownBy(
            () ->
                DiskTraining.train(
                    fleet,
                    TestingFleet.recipe(5, 3),
                    file,
                    line -> {
                      if (line.startsWith("epoch 2 of 3 done")) {
                        throw new IllegalStateException("stopped");
                      }
                    }))
        .hasMessage("stopped");
    assertThatThrownBy(
            () ->
                DiskTraining.train(
                    fleet, TestingFleet.recipe(6, 3), file, TrainingProgress.silent()))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("other data or options");
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
    assertThatThrownBy(
            () ->
                DiskTraining.train(
                    fleet, TestingFleet.recipe(5, 3), file, TrainingProgress.silent()))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("delete it to begin anew");
  }
}
