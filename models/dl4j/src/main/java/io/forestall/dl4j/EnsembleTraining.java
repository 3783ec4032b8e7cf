package io.forestall.dl4j;

import io.forestall.risk.CompiledLstm;
import io.forestall.risk.DiskMetric;
import io.forestall.risk.DriveModelHazards;
import io.forestall.risk.EnsembleFile;
import io.forestall.risk.EnsembleWeights;
import io.forestall.risk.FailureMode;
import io.forestall.risk.FeatureExtractor;
import io.forestall.risk.LogitCalibration;
import io.forestall.risk.TreeEnsemble;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Trains an ensemble: the sequence model and the trees on one part of the drives, then how much
 * each part is heard, and the calibration, on drives that neither of them saw. Rows A7, A9, A12.
 */
final class EnsembleTraining {
  /** Family of the model that this trains. */
  static final String MODEL_ID = "disk-ensemble";

  private static final long DAY_MILLIS = 24L * 3600 * 1000;

  /** Failures that a drive model is credited with at the fleet's rate before its own count. */
  private static final double PSEUDO_FAILURES = 2;

  /** Of the drives that trees are trained on, so many show only what few fleets report. */
  private static final double THINNED_SHARE = 0.2;

  /** Days of failing drives that speak for the first guess of how much each part is heard. */
  private static final double STACKING_PULL = 60;

  /** Days before failures that speak for the fitted line in a knot: three drives. */
  private static final double KNOT_PULL = 90;

  private static final int KNOTS = 12;

  private EnsembleTraining() {}

  /**
   * What training gave.
   *
   * @param model the calibrated ensemble, version 1
   * @param sequence of the sequence model
   * @param importance share of the trees' gain by input
   * @param logistic a logistic regression over the same inputs; a baseline
   * @param detectors one over the detectors alone; a baseline
   * @param trainingDrives drives that trained, with a sample
   * @param failingDrives of these, known to fail
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Fit(
      EnsembleFile model,
      SequenceTraining.Fit sequence,
      double[] importance,
      LogisticRegression logistic,
      LogisticRegression detectors,
      int trainingDrives,
      int failingDrives) {}

  /**
   * Trains.
   *
   * @param training drives that train the parts
   * @param heldOut drives that choose the epoch, weigh the parts and calibrate
   * @param lastDay last epoch day whose sample is used; its label looks a horizon further
   * @param properties what the file says of itself besides
   * @param resume null when nothing is kept to go on from
   * @throws TrainingException if a class is missing or a library fails
   */
  static Fit fit(
      List<DriveHistory> training,
      List<DriveHistory> heldOut,
      int lastDay,
      TrainingRecipe recipe,
      Map<String, String> properties,
      @Nullable ResumeFile resume,
      TrainingProgress progress)
      throws TrainingException {
    WindowSampler sampler = new WindowSampler(training, lastDay, recipe);
    WindowSampler judges = new WindowSampler(heldOut, lastDay, recipe);
    requireBothClasses(sampler, judges, lastDay + recipe.horizonDays());
    DriveModelHazards hazards = hazards(training, lastDay);
    HistoryEncoder encoder = new HistoryEncoder(hazards);
    SequenceTraining.Fit sequence =
        new SequenceTraining(recipe, encoder, resume, progress).fit(sampler, judges);
    Examples days = days(training, lastDay, recipe, encoder);
    TreeTraining.Fit trees = TreeTraining.fit(days, recipe.trees(), recipe.seed(), progress);
    LogisticRegression logistic =
        LogisticRegression.fit(days, new double[FeatureExtractor.INPUTS], 1);
    LogisticRegression detectors = detectors(days);
    progress.say("weighs the parts on " + heldOut.size() + " held-out drives");
    EnsembleFile model =
        stack(sequence, trees.trees(), heldOut, lastDay, recipe, encoder, hazards, properties);
    return new Fit(
        model,
        sequence,
        trees.importance(),
        logistic,
        detectors,
        sampler.failingDrives() + sampler.survivingDrives(),
        sampler.failingDrives());
  }

  private static void requireBothClasses(
      WindowSampler training, WindowSampler heldOut, int knownUntil) throws TrainingException {
    String until = DiskTraining.date(knownUntil);
    if (training.failingDrives() == 0 || heldOut.failingDrives() == 0) {
      throw new TrainingException(
          "too few drives fail until "
              + until
              + ": training needs failing and surviving drives, at least a handful of each; give"
              + " more data");
    }
    if (training.survivingDrives() == 0 || heldOut.survivingDrives() == 0) {
      throw new TrainingException(
          "no drive survives until "
              + until
              + ": training needs failing and surviving drives; give data of the whole fleet");
    }
  }

  /** Failure rates by drive model until a day, drawn towards the fleet's. */
  static DriveModelHazards hazards(List<DriveHistory> drives, int lastDay) {
    Map<String, double[]> byModel = new TreeMap<>();
    double years = 0;
    double failures = 0;
    for (DriveHistory drive : drives) {
      int samples = drive.indexAtOrAfter(lastDay + 1);
      if (samples == 0) {
        continue;
      }
      double driveYears = (drive.day(samples - 1) - drive.firstDay() + 1) / 365.25;
      boolean failed = drive.failureDay() <= lastDay + 1;
      years += driveYears;
      failures += failed ? 1 : 0;
      String model = drive.model();
      if (model != null) {
        double[] counts = byModel.computeIfAbsent(model, key -> new double[2]);
        counts[0] += driveYears;
        counts[1] += failed ? 1 : 0;
      }
    }
    if (years == 0) {
      return DriveModelHazards.NONE;
    }
    double fleetRate = Math.max(failures, 0.5) / years;
    Map<String, Double> rates = new HashMap<>();
    byModel.forEach(
        (model, counts) ->
            rates.put(
                model, (counts[1] + PSEUDO_FAILURES) / (counts[0] + PSEUDO_FAILURES / fleetRate)));
    return new DriveModelHazards(fleetRate, rates);
  }

  /** All days before failures, and a share of the others that stands for them all. */
  private static Examples days(
      List<DriveHistory> drives, int lastDay, TrainingRecipe recipe, HistoryEncoder encoder) {
    long surviving = 0;
    for (DriveHistory drive : drives) {
      surviving += drive.indexAtOrAfter(lastDay + 1);
    }
    double share = Math.min(1, (double) recipe.trees().survivingRows() / Math.max(1, surviving));
    float weight = (float) (1 / share);
    Examples examples = new Examples();
    float[][] inputs = new float[0][];
    for (DriveHistory drive : drives) {
      int to = drive.indexAtOrAfter(lastDay + 1);
      if (to == 0) {
        continue;
      }
      if (inputs.length < to) {
        inputs = new float[to][FeatureExtractor.INPUTS];
      }
      // Of the drive alone, so that the choice does not depend on the order of drives.
      SplittableRandom random =
          new SplittableRandom(recipe.seed() ^ DriveSplit.hash(drive.serial(), 1));
      Set<DiskMetric> hidden =
          random.nextDouble() < THINNED_SHARE ? WindowSampler.hidden(random) : Set.of();
      encoder.encode(drive, 0, to, hidden, true, inputs);
      for (int i = 0; i < to; i++) {
        boolean drawn = random.nextDouble() < share;
        switch (drive.label(drive.day(i), recipe.horizonDays())) {
          case FAILS -> examples.add(inputs[i], true, 1);
          case SURVIVES -> {
            if (drawn) {
              examples.add(inputs[i], false, weight);
            }
          }
          case UNKNOWN -> {}
        }
      }
    }
    return examples;
  }

  private static LogisticRegression detectors(Examples days) {
    Examples few = new Examples(EnsembleParts.DETECTOR_INPUTS.length);
    float[] row = new float[few.columns()];
    for (int i = 0; i < days.rows(); i++) {
      for (int k = 0; k < row.length; k++) {
        row[k] = days.input(i, EnsembleParts.DETECTOR_INPUTS[k]);
      }
      few.add(row, days.fails(i), days.weight(i));
    }
    return LogisticRegression.fit(few, new double[few.columns()], 1);
  }

  private static EnsembleFile stack(
      SequenceTraining.Fit sequence,
      TreeEnsemble trees,
      List<DriveHistory> heldOut,
      int lastDay,
      TrainingRecipe recipe,
      HistoryEncoder encoder,
      DriveModelHazards hazards,
      Map<String, String> properties) {
    Examples parts = new Examples(EnsembleParts.COLUMNS);
    float[] row = new float[EnsembleParts.COLUMNS];
    float[][] inputs = new float[0][];
    try (CompiledLstm lstm = sequence.model().compile()) {
      for (DriveHistory drive : heldOut) {
        int to = drive.indexAtOrAfter(lastDay + 1);
        if (inputs.length < to) {
          inputs = new float[to][FeatureExtractor.INPUTS];
        }
        encoder.encode(drive, 0, to, Set.of(), true, inputs);
        float[] state = new float[lstm.stateFloats()];
        for (int i = 0; i < to; i++) {
          float logit = lstm.step(inputs[i], state);
          DriveHistory.Label label = drive.label(drive.day(i), recipe.horizonDays());
          if (drive.day(i) % recipe.calibrationStride() == 0
              && label != DriveHistory.Label.UNKNOWN) {
            EnsembleParts.fill(row, logit, trees.logit(inputs[i]), inputs[i]);
            parts.add(row, label == DriveHistory.Label.FAILS, recipe.calibrationStride());
          }
        }
      }
    }
    EnsembleWeights weights = EnsembleParts.weigh(parts, STACKING_PULL);
    EnsembleFile raw =
        new EnsembleFile(
            MODEL_ID,
            1,
            FailureMode.DISK,
            recipe.horizonDays() * DAY_MILLIS,
            sequence.model(),
            trees,
            weights,
            LogitCalibration.none(),
            hazards,
            properties);
    return raw.recalibrated(calibrate(parts, weights), hazards);
  }

  /**
   * Knots where equally many failures are expected; each says what was observed, drawn towards what
   * was expected, and none less than the one before.
   */
  private static LogitCalibration calibrate(Examples parts, EnsembleWeights weights) {
    int n = parts.rows();
    float[] logits = new float[n];
    double expected = 0;
    Integer[] order = new Integer[n];
    for (int i = 0; i < n; i++) {
      logits[i] = EnsembleParts.logit(parts, i, weights);
      expected += parts.weight(i) / (1 + Math.exp(-logits[i]));
      order[i] = i;
    }
    Arrays.sort(
        order,
        (a, b) ->
            logits[a] != logits[b] ? Float.compare(logits[a], logits[b]) : Integer.compare(a, b));
    List<double[]> knots = new ArrayList<>(); // logit, log-odds, expected
    double e = 0;
    double o = 0;
    double at = 0;
    double count = 0;
    for (int k = 0; k < n; k++) {
      int i = order[k];
      double weight = parts.weight(i);
      double p = weight / (1 + Math.exp(-logits[i]));
      e += p;
      o += parts.fails(i) ? weight : 0;
      at += p * logits[i];
      count += p;
      if (e >= expected / KNOTS || k == n - 1 && e > 0) {
        double logit = at / count;
        knots.add(new double[] {logit, logit + Math.log((o + KNOT_PULL) / (e + KNOT_PULL)), e});
        e = 0;
        o = 0;
        at = 0;
        count = 0;
      }
    }
    // Neighbours in the wrong order share what they say.
    for (int i = 1; i < knots.size(); ) {
      double[] left = knots.get(i - 1);
      double[] right = knots.get(i);
      if (right[0] - left[0] < 1e-3 || right[1] < left[1]) {
        double all = left[2] + right[2];
        left[0] = (left[0] * left[2] + right[0] * right[2]) / all;
        left[1] = (left[1] * left[2] + right[1] * right[2]) / all;
        left[2] = all;
        knots.remove(i);
        i = Math.max(1, i - 1);
      } else {
        i++;
      }
    }
    float[] from = new float[knots.size()];
    float[] to = new float[knots.size()];
    for (int i = 0; i < from.length; i++) {
      from[i] = (float) knots.get(i)[0];
      to[i] = (float) knots.get(i)[1];
    }
    return new LogitCalibration(from, to);
  }

  /** What the file of a training says of itself. */
  static Map<String, String> properties(
      TrainingRecipe recipe, HistoryReader.Form form, int firstDay, int lastDay) {
    Map<String, String> properties = new TreeMap<>();
    properties.put("data-form", form.name());
    properties.put("data-first-day", DiskTraining.date(firstDay));
    properties.put("training-last-day", DiskTraining.date(lastDay));
    properties.put("horizon-days", Integer.toString(recipe.horizonDays()));
    properties.put("seed", Long.toString(recipe.seed()));
    properties.put("epochs", Integer.toString(recipe.epochs()));
    properties.put(
        "trees",
        String.format(Locale.ROOT, "%d x %d", recipe.trees().repeats(), recipe.trees().rounds()));
    properties.put(
        "calibration", "drives not trained on, every label known, natural share of failures");
    return properties;
  }
}
