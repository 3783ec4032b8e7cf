package io.forestall.dl4j;

import io.forestall.risk.DiskMetric;
import io.forestall.risk.EnsembleFile;
import io.forestall.risk.EnsembleModel;
import io.forestall.risk.FeatureExtractor;
import io.forestall.risk.LogitCalibration;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

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
  public static final String MODEL_ID = EnsembleTraining.MODEL_ID;

  /** File name of the weights in an output folder. */
  public static final String MODEL_FILE = "model.bin";

  /** File name of the model card in an output folder. */
  public static final String CARD_FILE = "card.md";

  private static final double CALIBRATION_SHARE = 0.2;
  private static final double TEST_SHARE = 0.2;
  private static final int FRESH_START_DAYS = 40;
  private static final int YEAR_DAYS = 365;

  /** Bootstrap replicates over drives for the card's intervals. */
  private static final int REPLICATES = 200;

  private final HistoryReader.Histories histories;
  private final TrainingRecipe recipe;
  private final @Nullable ResumeFile resume;
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
      EnsembleFile model, String card, List<Double> epochLosses, Map<String, Double> measures) {
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
      HistoryReader.Histories histories,
      TrainingRecipe recipe,
      @Nullable ResumeFile resume,
      TrainingProgress progress) {
    this.histories = histories;
    this.recipe = recipe;
    this.resume = resume;
    this.progress = progress;
    this.periods = periods(histories.drives(), recipe);
  }

  /**
   * Reads a folder and trains on it. Takes about ten minutes with the standard recipe; keeps the
   * native libraries of this process to one thread.
   *
   * @param folder a change-log folder or one of daily drive-stats files
   * @param resume file from which a training that was stopped goes on, and which is written after
   *     each epoch; null for neither
   * @throws TrainingException if the data cannot be read or lacks one of the two classes, or the
   *     file is of another training
   */
  public static Result train(
      Path folder, TrainingRecipe recipe, @Nullable Path resume, TrainingProgress progress)
      throws TrainingException {
    HistoryReader.Histories histories = HistoryReader.read(folder, progress);
    return train(histories, recipe, resume, progress);
  }

  /**
   * Trains on histories, with nothing to go on from.
   *
   * @throws TrainingException as {@link #train(Path, TrainingRecipe, Path, TrainingProgress)}
   */
  public static Result train(
      HistoryReader.Histories histories, TrainingRecipe recipe, TrainingProgress progress)
      throws TrainingException {
    return train(histories, recipe, null, progress);
  }

  static Result train(
      HistoryReader.Histories histories,
      TrainingRecipe recipe,
      @Nullable Path resume,
      TrainingProgress progress)
      throws TrainingException {
    prepareLibraries(progress);
    if (histories.drives().isEmpty()) {
      throw new TrainingException("there is no drive history: give data");
    }
    ResumeFile file =
        resume == null ? null : new ResumeFile(resume, recipe + " " + histories.digest());
    Result result = new DiskTraining(histories, recipe, file, progress).run();
    if (file != null) {
      try {
        file.delete();
      } catch (IOException e) {
        progress.say("cannot delete " + resume + ": " + e.getMessage());
      }
    }
    return result;
  }

  /** Keeps the native libraries to one thread, and says when that is too late for one of them. */
  static void prepareLibraries(TrainingProgress progress) {
    Dl4jNetworks.singleThread();
    if (!"1".equals(System.getenv("OMP_NUM_THREADS"))) {
      // The library takes its way of splitting sums from the environment when it is loaded.
      progress.say(
          "OMP_NUM_THREADS is not 1: the last digits of the weights may differ from run to run;"
              + " scripts/forestall sets it");
    }
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
    EnsembleTraining.Fit fit =
        EnsembleTraining.fit(
            split.training(),
            split.calibration(),
            periods.trainLastDay(),
            recipe,
            EnsembleTraining.properties(
                recipe, histories.form(), periods.firstDay(), periods.trainLastDay()),
            resume,
            progress);
    HistoryEncoder encoder = new HistoryEncoder(fit.model().hazards());

    List<DriveHistory> measured = periods.byTime() ? histories.drives() : split.test();
    progress.say("measuring on " + measured.size() + " drives");
    Set<DriveHistory> heldOut = Set.copyOf(periods.byTime() ? split.calibration() : split.test());
    Evaluation.Collector all = collector();
    Evaluation.Collector unseen = collector();
    Evaluation.Collector narrow = collector();
    List<ScoredPeriod> scored = List.of(period(), period(), period());
    int number = 0;
    try (EnsembleModel model = fit.model().compile()) {
      Clock clock = new Clock(progress, "measured", measured.size());
      Scorer scorer = new Scorer(encoder, model);
      for (DriveHistory drive : measured) {
        int to = drive.indexAtOrAfter(periods.testLastDay() + 1);
        int first = drive.indexAtOrAfter(periods.testFirstDay());
        if (to > first) {
          float[] scores = scorer.score(drive, 0, first, to, Set.of());
          all.add(drive, first, scores, to - first, 1);
          add(scored.get(0), drive, number, first, scores, to);
          if (heldOut.contains(drive)) {
            unseen.add(drive, first, scores, to - first, 1);
            add(scored.get(1), drive, number, first, scores, to);
          }
          int from =
              periods.byTime()
                  ? drive.indexAtOrAfter(periods.testFirstDay() - FRESH_START_DAYS)
                  : 0;
          float[] fewer =
              scorer.score(
                  drive, from, first, to, HistoryEncoder.allBut(HistoryEncoder.FIVE_ATTRIBUTES));
          narrow.add(drive, first, fewer, to - first, 1);
          add(scored.get(2), drive, number, first, fewer, to);
        }
        number++;
        clock.advance(1);
      }
    }
    LogitCalibration calibration = fit.model().calibration();
    Evaluation overall = all.evaluate(calibration);
    Evaluation strangers = unseen.evaluate(calibration);
    Evaluation fiveOnly = narrow.evaluate(calibration);
    progress.say("all drives:            " + overall.line());
    progress.say("drives never trained:  " + strangers.line());
    progress.say("fresh, 5 attributes:   " + fiveOnly.line());
    List<PeriodFigures> figures = new ArrayList<>();
    for (ScoredPeriod period : scored) {
      figures.add(
          PeriodFigures.of(
              period, 0, recipe.horizonDays(), measured.size(), REPLICATES, recipe.seed()));
    }
    String card =
        new ModelCard(histories, recipe, periods, split, fit, overall, strangers, fiveOnly, figures)
            .markdown();
    return new Result(
        fit.model(),
        card,
        fit.sequence().losses(),
        Map.of(
            "auc", overall.auc(),
            "auprc", overall.auprc(),
            "recallAtPerMille", overall.recallAtPerMille(),
            "recallAtPercent", overall.recallAtPercent()));
  }

  private ScoredPeriod period() {
    return new ScoredPeriod(periods.testFirstDay(), periods.testLastDay(), 1);
  }

  private void add(
      ScoredPeriod period, DriveHistory drive, int number, int first, float[] scores, int to) {
    period.begin(drive, number);
    for (int i = first; i < to; i++) {
      if (drive.label(drive.day(i), recipe.horizonDays()) != DriveHistory.Label.UNKNOWN) {
        period.add(drive.day(i), new float[] {scores[i - first]});
      }
    }
  }

  private Evaluation.Collector collector() {
    return new Evaluation.Collector(
        recipe.horizonDays(), periods.testFirstDay(), periods.testLastDay());
  }

  private boolean failsInTraining(DriveHistory drive) {
    return WindowSampler.fails(drive, periods.trainLastDay(), recipe.horizonDays());
  }

  static String date(int day) {
    return LocalDate.ofEpochDay(day).toString();
  }

  /** Scores stretches of histories; reuses its buffers. */
  private static final class Scorer {
    private final HistoryEncoder encoder;
    private final EnsembleModel model;
    private float[][] inputs = new float[0][];
    private float[] scores = new float[0];

    Scorer(HistoryEncoder encoder, EnsembleModel model) {
      this.encoder = encoder;
      this.model = model;
    }

    /** Logits of the samples from {@code first} on, valid until the next call. */
    float[] score(DriveHistory drive, int from, int first, int to, Set<DiskMetric> hidden) {
      int count = to - from;
      if (inputs.length < count) {
        inputs = new float[count][FeatureExtractor.INPUTS];
        scores = new float[count];
      }
      encoder.encode(drive, from, to, hidden, true, inputs);
      float[] state = new float[model.stateFloats()];
      for (int i = 0; i < count; i++) {
        if (from + i < first) {
          model.warm(inputs[i], state);
        } else {
          scores[from + i - first] = model.step(inputs[i], state);
        }
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
