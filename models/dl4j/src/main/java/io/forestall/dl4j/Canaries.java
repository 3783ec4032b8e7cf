package io.forestall.dl4j;

import io.forestall.risk.FeatureExtractor;
import io.forestall.risk.TreeEnsemble;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** Leaks made on purpose, each to be seen for what it is. Trees alone, for they are quick. */
final class Canaries {
  private static final int TEST_STRIDE = 4;

  private final List<DriveHistory> drives;
  private final TrainingRecipe recipe;
  private final int folds;
  private final TrainingProgress progress;
  private final int trainLast;
  private final int first;
  private final int last;

  Canaries(
      List<DriveHistory> drives,
      DiskEvaluation.Origin origin,
      EvaluationRecipe recipe,
      TrainingProgress progress) {
    this.drives = drives;
    this.recipe = recipe.training();
    this.folds = recipe.folds();
    this.progress = progress;
    this.trainLast = (int) origin.trainLastDay().toEpochDay();
    this.first = (int) origin.firstDay().toEpochDay();
    this.last = (int) origin.lastDay().toEpochDay();
  }

  EvaluationReport.CanaryFigures run(int auditedDays) throws TrainingException {
    progress.say("canaries: a planted leak, shuffled labels, identity alone, random days");
    HistoryEncoder encoder = new HistoryEncoder(EnsembleTraining.hazards(drives, trainLast));
    Examples honestTrain = new Examples();
    Examples honestTest = new Examples();
    Examples namesTrain = new Examples();
    Examples namesTest = new Examples();
    Examples randomTrain = new Examples();
    Examples randomTest = new Examples();
    Examples bothTrain = new Examples();
    Examples bothTest = new Examples();
    double share = trainingShare();
    float[][] inputs = new float[0][];
    float[] name = new float[FeatureExtractor.INPUTS];
    float[] both = new float[FeatureExtractor.INPUTS];
    for (DriveHistory drive : drives) {
      int to = drive.indexAtOrAfter(last + 1);
      if (to == 0) {
        continue;
      }
      if (inputs.length < to) {
        inputs = new float[to + to / 4][FeatureExtractor.INPUTS];
      }
      encoder.encode(drive, 0, to, Set.of(), true, inputs);
      name(drive, name);
      boolean measured = DiskEvaluation.fold(drive, folds, recipe.seed()) == 0;
      SplittableRandom random =
          new SplittableRandom(DriveSplit.hash(drive.serial(), recipe.seed() ^ 0xCA));
      for (int i = 0; i < to; i++) {
        int day = drive.day(i);
        double draw = random.nextDouble();
        boolean second = random.nextBoolean();
        if (!measured && day <= trainLast) {
          DriveHistory.Label label = drive.label(day, recipe.horizonDays());
          boolean fails = label == DriveHistory.Label.FAILS;
          if (label != DriveHistory.Label.UNKNOWN && (fails || draw < share)) {
            float weight = fails ? 1 : (float) (1 / share);
            honestTrain.add(inputs[i], fails, weight);
            namesTrain.add(name, fails, weight);
          }
        }
        if (day < first) {
          continue;
        }
        DriveHistory.Label label = drive.label(day, recipe.horizonDays());
        if (label == DriveHistory.Label.UNKNOWN) {
          continue;
        }
        boolean fails = label == DriveHistory.Label.FAILS;
        if (measured && day % TEST_STRIDE == 0) {
          honestTest.add(inputs[i], fails, 1);
          namesTest.add(name, fails, 1);
        }
        // What many publish: days at random, so that a drive is on both sides.
        if (fails || draw < 4 * share) {
          float weight = fails ? 1 : (float) Math.max(1, 1 / (4 * share));
          System.arraycopy(inputs[i], 0, both, 0, both.length);
          System.arraycopy(name, 0, both, 0, 3);
          (second ? randomTrain : randomTest).add(inputs[i], fails, weight);
          (second ? bothTrain : bothTest).add(both, fails, weight);
        }
      }
    }
    return new EvaluationReport.CanaryFigures(
        auditedDays,
        planted(encoder),
        auc(honestTrain, honestTest),
        auc(honestTrain.withShuffledLabels(recipe.seed()), honestTest),
        auc(namesTrain, namesTest),
        auc(randomTrain, randomTest),
        auc(bothTrain, bothTest));
  }

  private double trainingShare() {
    long days = 0;
    for (DriveHistory drive : drives) {
      days += drive.indexAtOrAfter(trainLast + 1);
    }
    return Math.min(1, (double) recipe.trees().survivingRows() / Math.max(1, days));
  }

  /** A drive's name as numbers: equal for each of its days, and saying nothing of its state. */
  private void name(DriveHistory drive, float[] name) {
    SplittableRandom bits =
        new SplittableRandom(DriveSplit.hash(drive.serial(), recipe.seed() ^ 0x1D));
    for (int i = 0; i < name.length; i++) {
      name[i] = (float) (2 * bits.nextDouble() - 1);
    }
  }

  /** What the audit says of an input that holds how many samples are still to come. */
  private String planted(HistoryEncoder encoder) {
    List<String> names = new ArrayList<>(FeatureExtractor.NAMES);
    names.set(FeatureExtractor.NAMES.indexOf("gap_days"), "planted_samples_left");
    int planted = names.indexOf("planted_samples_left");
    try {
      LookAheadAudit.check(
          drives,
          (history, to, inputs) -> {
            encoder.encode(history, 0, to, Set.of(), true, inputs);
            for (int i = 0; i < to; i++) {
              inputs[i][planted] = history.samples() - i;
            }
          },
          names,
          recipe.seed());
      return "";
    } catch (TrainingException refused) {
      return String.valueOf(refused.getMessage());
    }
  }

  private double auc(Examples train, Examples test) throws TrainingException {
    if (train.failing() == 0 || test.failing() == 0) {
      return Double.NaN;
    }
    TreeRecipe once =
        new TreeRecipe(
            recipe.trees().rounds(),
            1,
            recipe.trees().leaves(),
            recipe.trees().smallestLeaf(),
            recipe.trees().learningRate(),
            recipe.trees().survivingRows());
    TreeEnsemble trees =
        TreeTraining.fit(train, once, recipe.seed(), TrainingProgress.silent()).trees();
    int n = test.rows();
    float[] row = new float[test.columns()];
    double[][] scored = new double[n][];
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < row.length; k++) {
        row[k] = test.input(i, k);
      }
      scored[i] = new double[] {trees.logit(row), test.fails(i) ? 1 : 0, test.weight(i)};
    }
    Arrays.sort(scored, (a, b) -> Double.compare(a[0], b[0]));
    double below = 0;
    double area = 0;
    double failing = 0;
    for (int i = 0; i < n; ) {
      int next = i;
      double tiedFailing = 0;
      double tiedSurviving = 0;
      while (next < n && scored[next][0] == scored[i][0]) {
        if (scored[next][1] > 0) {
          tiedFailing += scored[next][2];
        } else {
          tiedSurviving += scored[next][2];
        }
        next++;
      }
      area += tiedFailing * (below + tiedSurviving / 2);
      below += tiedSurviving;
      failing += tiedFailing;
      i = next;
    }
    return area / (failing * below);
  }
}
