package io.forestall.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.microsoft.ml.lightgbm.PredictionType;
import io.forestall.risk.FeatureExtractor;
import io.forestall.risk.TreeEnsemble;
import io.github.metarank.lightgbm4j.LGBMBooster;
import io.github.metarank.lightgbm4j.LGBMDataset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TreeTrainingTest {
  private static final TreeRecipe RECIPE = new TreeRecipe(30, 2, 8, 20, 0.1, 1000);

  private static Examples drawn(long seed, int n) {
    SplittableRandom random = new SplittableRandom(seed);
    Examples examples = new Examples();
    float[] row = new float[FeatureExtractor.INPUTS];
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < row.length; k++) {
        row[k] = random.nextInt(3) == 0 ? (float) random.nextDouble(-3, 3) : 0;
      }
      double logit = (row[3] > 0.5 ? 3 : 0) + (row[9] > 1 && row[0] > 0 ? 2 : 0) - 3;
      examples.add(row, random.nextDouble() < 1 / (1 + Math.exp(-logit)), 1);
    }
    return examples;
  }

  @Test
  void findsWhatMattersAndTheSameSeedGivesTheSameTrees() throws Exception {
    Examples examples = drawn(5, 20_000);
    TreeTraining.Fit fit = TreeTraining.fit(examples, RECIPE, 7, TrainingProgress.silent());
    assertThat(fit.importance()[3]).isGreaterThan(0.5);
    double sum = 0;
    for (double share : fit.importance()) {
      sum += share;
    }
    assertThat(sum).isCloseTo(1, within(1e-9));
    float[] quiet = new float[FeatureExtractor.INPUTS];
    float[] pending = quiet.clone();
    pending[3] = 1;
    assertThat(fit.trees().logit(pending) - fit.trees().logit(quiet)).isBetween(2f, 4f);

    TreeTraining.Fit again = TreeTraining.fit(examples, RECIPE, 7, TrainingProgress.silent());
    TreeTraining.Fit other = TreeTraining.fit(examples, RECIPE, 8, TrainingProgress.silent());
    assertThat(again.trees().trees()).usingRecursiveComparison().isEqualTo(fit.trees().trees());
    assertThat(other.trees().logit(pending)).isNotEqualTo(fit.trees().logit(pending));
  }

  @Test
  void theLibraryLeavesNothingWhereAnotherProcessWouldWriteOverIt() throws Exception {
    String before = System.getProperty("java.io.tmpdir");
    TreeLibrary.load();
    TreeLibrary.load();
    assertThat(System.getProperty("java.io.tmpdir")).isEqualTo(before);
    Path maps = Path.of("/proc/self/maps");
    if (Files.isReadable(maps)) {
      assertThat(Files.readAllLines(maps).stream().filter(line -> line.contains("lib_lightgbm")))
          .isNotEmpty()
          .allMatch(line -> line.contains("/forestall-lightgbm") && line.endsWith("(deleted)"));
    }
  }

  /** The plain walker against the library that grew the trees. */
  @Test
  void theWalkerAgreesWithTheLibrary() throws Exception {
    TreeLibrary.load();
    Examples examples = drawn(6, 5_000);
    String parameters =
        "objective=binary num_threads=1 verbosity=-1 use_missing=false num_leaves=15 seed=3"
            + " min_data_in_leaf=20";
    try (LGBMDataset data =
        LGBMDataset.createFromMat(
            examples.inputs(), examples.rows(), examples.columns(), true, parameters, null)) {
      data.setField("label", examples.labels());
      try (LGBMBooster booster = LGBMBooster.create(data, parameters)) {
        for (int i = 0; i < 40; i++) {
          booster.updateOneIter();
        }
        TreeEnsemble trees =
            new TreeEnsemble(
                TreeTraining.parse(
                    booster.saveModelToString(0, 0, LGBMBooster.FeatureImportanceType.GAIN), 1));
        double[] expected =
            booster.predictForMat(
                examples.inputs(),
                examples.rows(),
                examples.columns(),
                true,
                PredictionType.C_API_PREDICT_RAW_SCORE);
        float[] row = new float[examples.columns()];
        for (int i = 0; i < examples.rows(); i++) {
          for (int k = 0; k < row.length; k++) {
            row[k] = examples.input(i, k);
          }
          assertThat((double) trees.logit(row))
              .as("row %d", i)
              .isCloseTo(expected[i], within(1e-5));
        }
      }
    }
  }

  @Test
  void whatIsNoModelIsRefused() {
    assertThatThrownBy(() -> TreeTraining.parse("no trees here", 1))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("without a tree");
    assertThatThrownBy(
            () ->
                TreeTraining.parse(
                    "Tree=0\nsplit_feature=0\nthreshold=1\nleft_child=-1\nleaf_value=1 2\n", 1))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("right_child");
  }
}
