package io.forestall.dl4j;

import io.forestall.risk.CompiledLstm;
import io.forestall.risk.DiskMetric;
import io.forestall.risk.DriveModelHazards;
import io.forestall.risk.FailureMode;
import io.forestall.risk.FeatureExtractor;
import io.forestall.risk.LstmLayer;
import io.forestall.risk.ModelFile;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Trains the disk model: histories, windows through the running job's feature extractor, a DL4J
 * network, Platt calibration on drives it never saw, measures on a later period, a model file and
 * its card. The same recipe on the same data gives the same bytes.
 *
 * <p>Periods that the recipe leaves open are placed from the data. With a year or more: the test
 * period is the last five months whose labels are known, and training ends two months (at least two
 * horizons) before it. With less: all days train, and drives set aside measure.
 */
public final class DiskTraining {
  /** Family of the model that this trains. */
  public static final String MODEL_ID = "disk-lstm";

  /** File name of the weights in an output folder. */
  public static final String MODEL_FILE = "model.bin";

  /** File name of the model card in an output folder. */
  public static final String CARD_FILE = "card.md";

  private static final double CALIBRATION_SHARE = 0.2;
  private static final double TEST_SHARE = 0.2;
  private static final int FRESH_START_DAYS = 40;
  private static final int YEAR_DAYS = 365;
  private static final long DAY_MILLIS = 24L * 3600 * 1000;

  /** How often an epoch lowers the learning rate. */
  private static final int RATE_CHANGES = 8;

  /** Failures that a drive model is credited with at the fleet's rate before its own count. */
  private static final double PSEUDO_FAILURES = 2;

  private final HistoryReader.Histories histories;
  private final TrainingRecipe recipe;
  private final TrainingProgress progress;
  private final Periods periods;

  /**
   * When what is done; epoch days, inclusive.
   *
   * @param firstDay first day of the data
   * @param lastDay last day of the data
   * @param trainLastDay last day that trains
   * @param testFirstDay first day that measures
   * @param testLastDay last day that measures
   * @param byTime whether the test period lies after training; otherwise drives set aside measure
   */
  record Periods(
      int firstDay,
      int lastDay,
      int trainLastDay,
      int testFirstDay,
      int testLastDay,
      boolean byTime) {}

  /**
   * What training gave.
   *
   * @param model the weights
   * @param card the model card; Markdown
   * @param epochLosses mean training loss of each epoch; only their course means anything
   * @param measures the figures by their names
   */
  public record Result(
      ModelFile model, String card, List<Double> epochLosses, Map<String, Double> measures) {
    /** Keeps its own copies. */
    public Result {
      epochLosses = List.copyOf(epochLosses);
      measures = Map.copyOf(measures);
    }

    /**
     * Writes {@value #MODEL_FILE} and {@value #CARD_FILE}.
     *
     * @param folder created if it does not exist
     */
    public void write(Path folder) throws IOException {
      Files.createDirectories(folder);
      try (OutputStream out = Files.newOutputStream(folder.resolve(MODEL_FILE))) {
        model.write(out);
      }
      Files.writeString(folder.resolve(CARD_FILE), card);
    }
  }

  private DiskTraining(
      HistoryReader.Histories histories, TrainingRecipe recipe, TrainingProgress progress) {
    this.histories = histories;
    this.recipe = recipe;
    this.progress = progress;
    this.periods = periods(histories.drives(), recipe);
  }

  /**
   * Reads a folder and trains on it. Takes about ten minutes of one core with the standard recipe;
   * keeps the native library of this process to one thread.
   *
   * @param folder a change-log folder or one of daily drive-stats files
   * @throws TrainingException if the data cannot be read or lacks one of the two classes
   */
  public static Result train(Path folder, TrainingRecipe recipe, TrainingProgress progress)
      throws TrainingException {
    return train(HistoryReader.read(folder, progress), recipe, progress);
  }

  static Result train(
      HistoryReader.Histories histories, TrainingRecipe recipe, TrainingProgress progress)
      throws TrainingException {
    Dl4jNetworks.singleThread();
    if (!"1".equals(System.getenv("OMP_NUM_THREADS"))) {
      // The library takes its way of splitting sums from the environment when it is loaded.
      progress.say(
          "OMP_NUM_THREADS is not 1: the last digits of the weights may differ from run to run;"
              + " scripts/forestall sets it");
    }
    return new DiskTraining(histories, recipe, progress).run();
  }

  static Periods periods(List<DriveHistory> drives, TrainingRecipe recipe) {
    int first = drives.stream().mapToInt(DriveHistory::firstDay).min().orElseThrow();
    int last = drives.stream().mapToInt(DriveHistory::lastDay).max().orElseThrow();
    boolean stated = recipe.trainLastDay() != TrainingRecipe.WHOLE_PERIOD;
    if (stated) {
      return new Periods(
          first, last, recipe.trainLastDay(), recipe.testFirstDay(), recipe.testLastDay(), true);
    }
    if (last - first < YEAR_DAYS) {
      return new Periods(first, last, last, first, last, false);
    }
    int testLast = last - recipe.horizonDays();
    LocalDate testFirst = LocalDate.ofEpochDay(testLast).minusMonths(5);
    int trainLast =
        (int)
            Math.min(
                testFirst.minusMonths(2).toEpochDay(),
                testFirst.minusDays(2L * recipe.horizonDays()).toEpochDay());
    return new Periods(first, last, trainLast, (int) testFirst.toEpochDay(), testLast, true);
  }

  private Result run() throws TrainingException {
    progress.say(
        String.format(
            Locale.ROOT,
            "%d drives, %s to %s; training until %s, measuring %s to %s on %s",
            histories.drives().size(),
            date(periods.firstDay()),
            date(periods.lastDay()),
            date(periods.trainLastDay()),
            date(periods.testFirstDay()),
            date(periods.testLastDay()),
            periods.byTime()
                ? "all drives and on drives never trained on"
                : "drives never trained on"));
    DriveSplit split =
        DriveSplit.of(
            histories.drives(),
            this::failsInTraining,
            CALIBRATION_SHARE,
            periods.byTime() ? 0 : TEST_SHARE,
            recipe.seed());
    WindowSampler sampler = new WindowSampler(split.training(), periods.trainLastDay(), recipe);
    requireBothClasses(sampler, split);
    DriveModelHazards hazards = hazards(split.training());
    HistoryEncoder encoder = new HistoryEncoder(hazards);
    progress.say(
        String.format(
            Locale.ROOT,
            "training drives: %d failing, %d surviving (%d with an error sign); %d drives set aside to calibrate",
            sampler.failingDrives(),
            sampler.survivingDrives(),
            sampler.markedDrives(),
            split.calibration().size()));

    Fit fit = fit(sampler, split, encoder, hazards);

    List<DriveHistory> measured = periods.byTime() ? histories.drives() : split.test();
    progress.say("measuring on " + measured.size() + " drives");
    Set<DriveHistory> heldOut = Set.copyOf(periods.byTime() ? split.calibration() : split.test());
    Evaluation.Collector all = collector();
    Evaluation.Collector unseen = collector();
    Evaluation.Collector narrow = collector();
    try (CompiledLstm model = new CompiledLstm(fit.model())) {
      Clock clock = new Clock(progress, "measured", measured.size());
      Scorer scorer = new Scorer(encoder, model);
      for (DriveHistory drive : measured) {
        int to = drive.indexAtOrAfter(periods.testLastDay() + 1);
        if (to > drive.indexAtOrAfter(periods.testFirstDay())) {
          float[] scores = scorer.score(drive, 0, to, Set.of());
          all.add(drive, 0, scores, to, 1);
          if (heldOut.contains(drive)) {
            unseen.add(drive, 0, scores, to, 1);
          }
          int from =
              periods.byTime()
                  ? drive.indexAtOrAfter(periods.testFirstDay() - FRESH_START_DAYS)
                  : 0;
          float[] fewer =
              scorer.score(drive, from, to, HistoryEncoder.allBut(HistoryEncoder.FIVE_ATTRIBUTES));
          narrow.add(drive, from, fewer, to - from, 1);
        }
        clock.advance(1);
      }
    }
    Platt platt = fit.platt();
    Evaluation overall = all.evaluate(platt);
    Evaluation strangers = unseen.evaluate(platt);
    Evaluation fiveOnly = narrow.evaluate(platt);
    progress.say("all drives:            " + overall.line());
    progress.say("drives never trained:  " + strangers.line());
    progress.say("fresh, 5 attributes:   " + fiveOnly.line());
    String card =
        new ModelCard(
                histories,
                recipe,
                periods,
                split,
                sampler,
                fit.model(),
                fit.calibration(),
                overall,
                strangers,
                fiveOnly,
                fit.unusedInputs())
            .markdown();
    return new Result(
        fit.model(),
        card,
        fit.losses(),
        Map.of(
            "auc", overall.auc(),
            "auprc", overall.auprc(),
            "recallAtPerMille", overall.recallAtPerMille(),
            "recallAtPercent", overall.recallAtPercent(),
            "calibrationAuc", fit.calibration().auc()));
  }

  private Evaluation.Collector collector() {
    return new Evaluation.Collector(
        recipe.horizonDays(), periods.testFirstDay(), periods.testLastDay());
  }

  private boolean failsInTraining(DriveHistory drive) {
    return WindowSampler.fails(drive, periods.trainLastDay(), recipe.horizonDays());
  }

  private void requireBothClasses(WindowSampler sampler, DriveSplit split)
      throws TrainingException {
    String until = date(periods.trainLastDay() + recipe.horizonDays());
    if (sampler.failingDrives() == 0
        || split.calibration().stream().noneMatch(this::failsInTraining)) {
      throw new TrainingException(
          "too few drives fail until "
              + until
              + ": training needs failing and surviving drives, at least a handful of each; give more data");
    }
    if (sampler.survivingDrives() == 0) {
      throw new TrainingException(
          "no drive survives until "
              + until
              + ": training needs failing and surviving drives; give data of the whole fleet");
    }
  }

  /**
   * Failure rates by drive model, of training drives until the end of training, drawn towards the
   * fleet's.
   */
  private DriveModelHazards hazards(List<DriveHistory> drives) {
    Map<String, double[]> byModel = new TreeMap<>();
    double years = 0;
    double failures = 0;
    for (DriveHistory drive : drives) {
      int samples = drive.indexAtOrAfter(periods.trainLastDay() + 1);
      if (samples == 0) {
        continue;
      }
      double driveYears = (drive.day(samples - 1) - drive.firstDay() + 1) / 365.25;
      boolean failed = drive.failureDay() <= periods.trainLastDay() + 1;
      years += driveYears;
      failures += failed ? 1 : 0;
      String model = drive.model();
      if (model != null) {
        double[] counts = byModel.computeIfAbsent(model, key -> new double[2]);
        counts[0] += driveYears;
        counts[1] += failed ? 1 : 0;
      }
    }
    double fleetRate = Math.max(failures, 0.5) / years;
    Map<String, Double> rates = new HashMap<>();
    byModel.forEach(
        (model, counts) ->
            rates.put(
                model, (counts[1] + PSEUDO_FAILURES) / (counts[0] + PSEUDO_FAILURES / fleetRate)));
    return new DriveModelHazards(fleetRate, rates);
  }

  // ---- fitting
  // ----------------------------------------------------------------------------------------------------

  private record Fit(
      ModelFile model,
      Platt platt,
      Evaluation calibration,
      List<Double> losses,
      List<String> unusedInputs) {}

  private Fit fit(
      WindowSampler sampler, DriveSplit split, HistoryEncoder encoder, DriveModelHazards hazards)
      throws TrainingException {
    SplittableRandom random = new SplittableRandom(recipe.seed());
    int inputs = FeatureExtractor.INPUTS;
    MultiLayerNetwork network =
        Dl4jNetworks.training(
            inputs,
            new int[] {recipe.firstHidden(), recipe.secondHidden()},
            recipe.seed(),
            recipe.learningRate(),
            recipe.truncationSteps(),
            -2);
    float[] lowest = new float[inputs];
    float[] highest = new float[inputs];
    Arrays.fill(lowest, Float.POSITIVE_INFINITY);
    Arrays.fill(highest, Float.NEGATIVE_INFINITY);
    List<Double> losses = new ArrayList<>();
    long started = System.nanoTime();
    for (int epoch = 1; epoch <= recipe.epochs(); epoch++) {
      List<List<WindowSampler.Window>> batches =
          batches(sampler.draw(random.split()), random.split());
      double lossSum = 0;
      long lossCount = 0;
      long said = System.nanoTime();
      for (int i = 0; i < batches.size(); i++) {
        if (i % Math.max(1, batches.size() / RATE_CHANGES) == 0) {
          double done = (epoch - 1 + (double) i / batches.size()) / recipe.epochs();
          network.setLearningRate(
              recipe.learningRate() * (0.05 + 0.95 * 0.5 * (1 + Math.cos(Math.PI * done))));
        }
        DataSet batch = batch(batches.get(i), encoder, lowest, highest);
        network.fit(batch);
        lossSum += network.score();
        lossCount++;
        if (System.nanoTime() - said > 10_000_000_000L) {
          said = System.nanoTime();
          double now = (epoch - 1 + (i + 1.0) / batches.size()) / recipe.epochs();
          double left = (said - started) / 1e9 * (1 - now) / now;
          progress.say(
              String.format(
                  Locale.ROOT,
                  "epoch %d of %d, %d %%, loss %.4f, about %d min %02d s of training left",
                  epoch,
                  recipe.epochs(),
                  100 * (i + 1) / batches.size(),
                  lossSum / lossCount,
                  (long) left / 60,
                  (long) left % 60));
        }
      }
      losses.add(lossSum / lossCount);
      if (!Double.isFinite(lossSum)) {
        throw new TrainingException("training diverged in epoch " + epoch + ": try another --seed");
      }
      progress.say(
          String.format(
              Locale.ROOT,
              "epoch %d of %d done, loss %.4f",
              epoch,
              recipe.epochs(),
              losses.get(epoch - 1)));
    }
    List<String> unused = new ArrayList<>();
    boolean[] used = new boolean[inputs];
    for (int i = 0; i < inputs; i++) {
      used[i] = highest[i] > lowest[i];
      if (!used[i]) {
        unused.add(FeatureExtractor.NAMES.get(i));
      }
    }
    ModelFile raw = file(network, used, hazards, Platt.NONE, unused, Double.NaN);
    Evaluation.Collector collector =
        new Evaluation.Collector(
            recipe.horizonDays(), Integer.MIN_VALUE / 2, periods.trainLastDay());
    try (CompiledLstm model = new CompiledLstm(raw)) {
      Clock clock = new Clock(progress, "calibrated", split.calibration().size());
      Scorer scorer = new Scorer(encoder, model);
      for (DriveHistory drive : split.calibration()) {
        int to = drive.indexAtOrAfter(periods.trainLastDay() + 1);
        if (to > 0) {
          collector.add(
              drive, 0, scorer.score(drive, 0, to, Set.of()), to, recipe.calibrationStride());
        }
        clock.advance(1);
      }
    }
    Platt platt = Platt.fit(collector.logits(), collector.fails(), collector.size());
    Evaluation evaluation = collector.evaluate(platt);
    progress.say("drives set aside, training period: " + evaluation.line());
    ModelFile model = file(network, used, hazards, platt, unused, evaluation.baseRate());
    network.close();
    return new Fit(
        model,
        new Platt(model.calibrationSlope(), model.calibrationIntercept()),
        evaluation,
        losses,
        unused);
  }

  /** Windows of like length together, so that little is padded; batches in random order. */
  private List<List<WindowSampler.Window>> batches(
      List<WindowSampler.Window> windows, SplittableRandom random) {
    List<List<WindowSampler.Window>> batches = new ArrayList<>();
    int chunk = 8 * recipe.batch();
    for (int start = 0; start < windows.size(); start += chunk) {
      List<WindowSampler.Window> sorted =
          new ArrayList<>(windows.subList(start, Math.min(windows.size(), start + chunk)));
      sorted.sort(Comparator.comparingInt(WindowSampler.Window::length));
      for (int from = 0; from < sorted.size(); from += recipe.batch()) {
        batches.add(sorted.subList(from, Math.min(sorted.size(), from + recipe.batch())));
      }
    }
    for (int i = batches.size() - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      List<WindowSampler.Window> swapped = batches.get(i);
      batches.set(i, batches.get(other));
      batches.set(other, swapped);
    }
    return batches;
  }

  /**
   * Inputs, labels and the mask that carries the weights: 0 where the label is unknown or padding.
   */
  private DataSet batch(
      List<WindowSampler.Window> windows, HistoryEncoder encoder, float[] lowest, float[] highest) {
    int size = windows.size();
    int steps = windows.stream().mapToInt(WindowSampler.Window::length).max().orElseThrow();
    int inputs = FeatureExtractor.INPUTS;
    float[] x = new float[size * inputs * steps];
    float[] y = new float[size * steps];
    float[] mask = new float[size * steps];
    float[][] encoded = new float[steps][inputs];
    for (int w = 0; w < size; w++) {
      WindowSampler.Window window = windows.get(w);
      DriveHistory history = window.history();
      encoder.encode(
          history, window.from(), window.to(), window.hidden(), window.knowsModel(), encoded);
      for (int t = 0; t < window.length(); t++) {
        for (int i = 0; i < inputs; i++) {
          float value = encoded[t][i];
          x[(w * inputs + i) * steps + t] = value;
          lowest[i] = Math.min(lowest[i], value);
          highest[i] = Math.max(highest[i], value);
        }
        switch (history.label(history.day(window.from() + t), recipe.horizonDays())) {
          case FAILS -> {
            y[w * steps + t] = 1;
            mask[w * steps + t] = 1;
          }
          case SURVIVES -> mask[w * steps + t] = window.survivorWeight();
          case UNKNOWN -> {}
        }
      }
    }
    INDArray features = Nd4j.create(x, new long[] {size, inputs, steps}, 'c');
    INDArray labels = Nd4j.create(y, new long[] {size, 1, steps}, 'c');
    INDArray labelMask = Nd4j.create(mask, new long[] {size, steps}, 'c');
    return new DataSet(features, labels, null, labelMask);
  }

  private ModelFile file(
      MultiLayerNetwork network,
      boolean[] used,
      DriveModelHazards hazards,
      Platt platt,
      List<String> unused,
      double baseRate) {
    List<LstmLayer> layers = new ArrayList<>(Dl4jNetworks.layers(network));
    layers.set(0, withoutUnused(layers.get(0), used));
    Map<String, String> properties = new TreeMap<>();
    properties.put("base-rate", String.format(Locale.ROOT, "%.6f", baseRate));
    properties.put(
        "calibration",
        "Platt, drives not trained on, every label known, natural share of failures");
    properties.put("data-form", histories.form().name());
    properties.put("data-first-day", date(periods.firstDay()));
    properties.put("training-last-day", date(periods.trainLastDay()));
    properties.put("horizon-days", Integer.toString(recipe.horizonDays()));
    properties.put("seed", Long.toString(recipe.seed()));
    properties.put("epochs", Integer.toString(recipe.epochs()));
    properties.put("unused-inputs", String.join(" ", unused));
    return new ModelFile(
        MODEL_ID,
        1,
        FailureMode.DISK,
        recipe.horizonDays() * DAY_MILLIS,
        layers,
        Dl4jNetworks.outputWeights(network),
        Dl4jNetworks.outputBias(network),
        (float) platt.slope(),
        (float) platt.offset(),
        hazards,
        properties);
  }

  /**
   * An input that never varied in training still has its first random weights. They are set to
   * nothing: a metric that the data lacks must not move the score when another fleet reports it.
   */
  private static LstmLayer withoutUnused(LstmLayer layer, boolean[] used) {
    float[] weights = layer.inputWeights().clone();
    int row = 4 * layer.hidden();
    for (int i = 0; i < layer.inputs(); i++) {
      if (!used[i]) {
        Arrays.fill(weights, i * row, (i + 1) * row, 0);
      }
    }
    return new LstmLayer(
        layer.inputs(), layer.hidden(), weights, layer.recurrentWeights(), layer.bias());
  }

  static String date(int day) {
    return LocalDate.ofEpochDay(day).toString();
  }

  /** Scores stretches of histories; reuses its buffers. */
  private static final class Scorer {
    private final HistoryEncoder encoder;
    private final CompiledLstm model;
    private float[][] inputs = new float[0][];
    private float[] scores = new float[0];

    Scorer(HistoryEncoder encoder, CompiledLstm model) {
      this.encoder = encoder;
      this.model = model;
    }

    /** Logits of the samples, valid until the next call. */
    float[] score(DriveHistory drive, int from, int to, Set<DiskMetric> hidden) {
      int count = to - from;
      if (inputs.length < count) {
        inputs = new float[count][FeatureExtractor.INPUTS];
        scores = new float[count];
      }
      encoder.encode(drive, from, to, hidden, true, inputs);
      float[] state = new float[model.stateFloats()];
      for (int i = 0; i < count; i++) {
        scores[i] = model.step(inputs[i], state);
      }
      return scores;
    }
  }

  /** Says every ten seconds how far a loop is and how long it will still take. */
  private static final class Clock {
    private final TrainingProgress progress;
    private final String what;
    private final long total;
    private final long started = System.nanoTime();
    private long said = started;
    private long done;

    Clock(TrainingProgress progress, String what, long total) {
      this.progress = progress;
      this.what = what;
      this.total = total;
    }

    void advance(long count) {
      done += count;
      long now = System.nanoTime();
      if (now - said > 10_000_000_000L) {
        said = now;
        long left = (long) ((now - started) / 1e9 * (total - done) / done);
        progress.say(
            String.format(
                Locale.ROOT,
                "%s %d %%, about %d min %02d s left",
                what,
                100 * done / total,
                left / 60,
                left % 60));
      }
    }
  }
}
