package io.forestall.dl4j;

import io.forestall.risk.TreeEnsemble;
import io.github.metarank.lightgbm4j.LGBMBooster;
import io.github.metarank.lightgbm4j.LGBMDataset;
import io.github.metarank.lightgbm4j.LGBMException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Trains boosted trees with LightGBM on one thread and takes them over as plain arrays. Row A7. The
 * same examples and recipe give the same trees.
 */
final class TreeTraining {
  /** Before the trees of one repeat in the library's text of a model. */
  private static final String TREE = "Tree=";

  private TreeTraining() {}

  /**
   * What training gave.
   *
   * @param trees the trees; their logit is the mean over the repeats
   * @param importance share of the loss that each input took away; they add up to 1
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Fit(TreeEnsemble trees, double[] importance) {}

  /**
   * Trains.
   *
   * @param examples with both classes
   * @throws TrainingException when the library cannot be loaded or refuses the examples
   */
  static Fit fit(Examples examples, TreeRecipe recipe, long seed, TrainingProgress progress)
      throws TrainingException {
    TreeLibrary.load();
    List<TreeEnsemble.Tree> trees = new ArrayList<>();
    double[] importance = new double[examples.columns()];
    float[] inputs = examples.inputs();
    for (int repeat = 0; repeat < recipe.repeats(); repeat++) {
      String parameters = parameters(recipe, seed + repeat);
      try (LGBMDataset data =
          LGBMDataset.createFromMat(
              inputs, examples.rows(), examples.columns(), true, parameters, null)) {
        data.setField("label", examples.labels());
        data.setField("weight", examples.weights());
        try (LGBMBooster booster = LGBMBooster.create(data, parameters)) {
          for (int round = 0; round < recipe.rounds(); round++) {
            if (booster.updateOneIter()) {
              break; // nothing is left to split
            }
          }
          double[] gains = booster.featureImportance(0, LGBMBooster.FeatureImportanceType.GAIN);
          for (int i = 0; i < importance.length; i++) {
            importance[i] += gains[i];
          }
          trees.addAll(
              parse(
                  booster.saveModelToString(0, 0, LGBMBooster.FeatureImportanceType.GAIN),
                  1.0 / recipe.repeats()));
        }
      } catch (LGBMException e) {
        throw new TrainingException("LightGBM cannot train: " + e.getMessage(), e);
      }
      progress.say(
          String.format(
              Locale.ROOT,
              "trees: repeat %d of %d done, %d rounds on %d days (%d before a failure)",
              repeat + 1,
              recipe.repeats(),
              recipe.rounds(),
              examples.rows(),
              examples.failing()));
    }
    double sum = 0;
    for (double gain : importance) {
      sum += gain;
    }
    for (int i = 0; i < importance.length; i++) {
      importance[i] = sum > 0 ? importance[i] / sum : 0;
    }
    return new Fit(new TreeEnsemble(trees), importance);
  }

  private static String parameters(TreeRecipe recipe, long seed) {
    return String.format(
        Locale.ROOT,
        "objective=binary num_threads=1 deterministic=true force_row_wise=true verbosity=-1"
            + " use_missing=false seed=%d num_leaves=%d learning_rate=%s min_data_in_leaf=%d"
            + " lambda_l2=5 feature_fraction=0.6 bagging_fraction=0.6 bagging_freq=1",
        seed & 0x3FFF_FFFF,
        recipe.leaves(),
        Double.toString(recipe.learningRate()),
        recipe.smallestLeaf());
  }

  /**
   * Reads the trees out of the library's text, each leaf scaled.
   *
   * @throws TrainingException when the text is not what this release of the library writes
   */
  static List<TreeEnsemble.Tree> parse(String text, double scale) throws TrainingException {
    List<TreeEnsemble.Tree> trees = new ArrayList<>();
    int at = text.indexOf(TREE);
    while (at >= 0) {
      int next = text.indexOf(TREE, at + TREE.length());
      Map<String, String> fields = new HashMap<>();
      for (String line : text.substring(at, next < 0 ? text.length() : next).split("\n", -1)) {
        if (line.equals("end of trees")) {
          break;
        }
        int equals = line.indexOf('=');
        if (equals > 0) {
          fields.put(line.substring(0, equals), line.substring(equals + 1).strip());
        }
      }
      trees.add(tree(fields, scale));
      at = next;
    }
    if (trees.isEmpty()) {
      throw new TrainingException("LightGBM gave a model without a tree: give more data");
    }
    return trees;
  }

  private static TreeEnsemble.Tree tree(Map<String, String> fields, double scale)
      throws TrainingException {
    try {
      double[] values = numbers(fields, "leaf_value");
      float[] leaves = new float[values.length];
      for (int i = 0; i < leaves.length; i++) {
        leaves[i] = (float) (values[i] * scale);
      }
      if (leaves.length == 1) {
        return new TreeEnsemble.Tree(new int[0], new float[0], new int[0], new int[0], leaves);
      }
      double[] limits = numbers(fields, "threshold");
      float[] thresholds = new float[limits.length];
      for (int i = 0; i < limits.length; i++) {
        // The largest float that is not above the double: the same inputs go left.
        float near = (float) limits[i];
        thresholds[i] = near > limits[i] ? Math.nextDown(near) : near;
      }
      return new TreeEnsemble.Tree(
          integers(fields, "split_feature"),
          thresholds,
          integers(fields, "left_child"),
          integers(fields, "right_child"),
          leaves);
    } catch (IllegalArgumentException e) {
      throw new TrainingException("LightGBM's trees cannot be read: " + e.getMessage(), e);
    }
  }

  private static double[] numbers(Map<String, String> fields, String name) {
    String[] words = words(fields, name);
    double[] numbers = new double[words.length];
    for (int i = 0; i < words.length; i++) {
      numbers[i] = Double.parseDouble(words[i]);
    }
    return numbers;
  }

  private static int[] integers(Map<String, String> fields, String name) {
    String[] words = words(fields, name);
    int[] numbers = new int[words.length];
    for (int i = 0; i < words.length; i++) {
      numbers[i] = Integer.parseInt(words[i]);
    }
    return numbers;
  }

  private static String[] words(Map<String, String> fields, String name) {
    String text = fields.get(name);
    if (text == null) {
      throw new IllegalArgumentException("a tree has no " + name);
    }
    return text.split(" ", -1);
  }
}
