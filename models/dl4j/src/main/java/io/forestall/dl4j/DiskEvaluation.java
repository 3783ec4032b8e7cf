package io.forestall.dl4j;

import io.forestall.risk.CompiledLstm;
import io.forestall.risk.DriveModelHazards;
import io.forestall.risk.EnsembleFile;
import io.forestall.risk.EnsembleWeights;
import io.forestall.risk.FeatureExtractor;
import io.forestall.risk.Recalibration;
import io.forestall.risk.TreeEnsemble;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Evaluation that cannot flatter itself. Each test period lies a horizon behind the days that
 * train; each drive is scored by models that never saw it; what becomes of a drive after its record
 * ends is unknown, not good; inputs are audited for looking ahead. Baselines are trained and
 * measured in the same run on the same days, differences are paired over drives. Canaries show that
 * a leak would be seen.
 */
public final class DiskEvaluation {
  /** Scorers, in the order of their columns. */
  public static final List<String> SCORERS =
      List.of("any", "graded", "logistic", "detectors", "trees", "sequence", "ensemble");

  /** The ensemble with a threshold that is set anew each week; of thresholds alone. */
  public static final String MOVED = "ensemble, set weekly";

  static final int ANY = 0;
  static final int GRADED = 1;
  static final int LOGISTIC = 2;
  static final int DETECTORS = 3;
  static final int TREES = 4;
  static final int SEQUENCE = 5;

  /** The ensemble's log-odds, moved each month by what had become known. */
  static final int ENSEMBLE = 6;

  /** Its log-odds as they were calibrated before the period. */
  static final int UNMOVED = 7;

  private static final int COLUMNS = 8;
  private static final double HELD_OUT_SHARE = 0.2;
  private static final int RECALIBRATION_DAYS = 365;

  /** Of the days before a period, every so many-th is looked at. */
  private static final int RECALIBRATION_STRIDE = 4;

  private final HistoryReader.Histories histories;
  private final EvaluationRecipe recipe;
  private final TrainingProgress progress;
  private final TrainingRecipe training;

  /**
   * One test period.
   *
   * @param trainLastDay last day whose sample trains
   * @param firstDay first day that measures
   * @param lastDay last day that measures
   */
  public record Origin(LocalDate trainLastDay, LocalDate firstDay, LocalDate lastDay) {}

  private DiskEvaluation(
      HistoryReader.Histories histories, EvaluationRecipe recipe, TrainingProgress progress) {
    this.histories = histories;
    this.recipe = recipe;
    this.training = recipe.training();
    this.progress = progress;
  }

  /**
   * Evaluates on a folder of drive histories.
   *
   * @param folder a change-log folder or one of daily drive-stats files
   * @throws TrainingException if the data cannot be read, is too short, or lacks one of the two
   *     classes
   */
  public static EvaluationReport evaluate(
      Path folder, EvaluationRecipe recipe, TrainingProgress progress) throws TrainingException {
    return evaluate(HistoryReader.read(folder, progress), recipe, progress);
  }

  static EvaluationReport evaluate(
      HistoryReader.Histories histories, EvaluationRecipe recipe, TrainingProgress progress)
      throws TrainingException {
    DiskTraining.prepareLibraries(progress);
    return new DiskEvaluation(histories, recipe, progress).run();
  }

  /**
   * Test periods of half a year, the last ending a horizon before the data does.
   *
   * @throws TrainingException when the data is shorter than a year
   */
  static List<Origin> origins(List<DriveHistory> drives, int horizonDays, int periods)
      throws TrainingException {
    int first = drives.stream().mapToInt(DriveHistory::firstDay).min().orElse(0);
    int last = drives.stream().mapToInt(DriveHistory::lastDay).max().orElse(0);
    List<Origin> origins = new ArrayList<>();
    LocalDate end = LocalDate.ofEpochDay((long) last - horizonDays);
    for (int i = 0; i < periods; i++) {
      LocalDate begin = end.minusMonths(6).plusDays(1);
      // A gap of more than a horizon: no label of training reaches into the period.
      LocalDate train = begin.minusDays(2L * horizonDays);
      if (train.toEpochDay() < first + 180L) {
        break;
      }
      origins.add(0, new Origin(train, begin, end));
      end = begin.minusDays(1);
    }
    if (origins.isEmpty()) {
      throw new TrainingException(
          "the data spans "
              + (last - first + 1)
              + " days; an honest evaluation needs half a year to train, half a year to measure and"
              + " the gap between them, about 450 days: give more");
    }
    return origins;
  }

  private EvaluationReport run() throws TrainingException {
    List<DriveHistory> drives = histories.drives();
    List<Origin> origins = origins(drives, training.horizonDays(), recipe.periods());
    HistoryEncoder plain = new HistoryEncoder(DriveModelHazards.NONE);
    int looks =
        LookAheadAudit.check(
            drives,
            (history, to, inputs) -> plain.encode(history, 0, to, Set.of(), true, inputs),
            FeatureExtractor.NAMES,
            training.seed());
    progress.say("inputs audited on " + looks + " days: none looks ahead");
    List<ScoredPeriod> periods = new ArrayList<>();
    List<double[]> importances = new ArrayList<>();
    ExecutorService threads = Executors.newFixedThreadPool(recipe.threads());
    try {
      List<Future<Scored>> parts = new ArrayList<>();
      for (Origin origin : origins) {
        for (int fold = 0; fold < recipe.folds(); fold++) {
          int part = fold;
          parts.add(threads.submit(() -> score(origin, part)));
        }
      }
      int at = 0;
      for (Origin origin : origins) {
        ScoredPeriod whole = period(origin);
        for (int fold = 0; fold < recipe.folds(); fold++) {
          Scored scored = get(parts.get(at++));
          whole.append(scored.period());
          importances.add(scored.importance());
        }
        periods.add(whole);
      }
    } finally {
      threads.shutdownNow();
    }
    progress.say("measures, with " + recipe.replicates() + " bootstrap replicates over drives");
    Canaries canaries =
        new Canaries(histories.drives(), origins.get(origins.size() - 1), recipe, progress);
    return new EvaluationMeasures(
            histories, recipe, origins, periods, importances, canaries.run(looks), progress)
        .report();
  }

  private static Scored get(Future<Scored> part) throws TrainingException {
    try {
      return part.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrainingException("evaluation was interrupted", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof TrainingException known) {
        throw known;
      }
      throw new IllegalStateException("evaluation failed: " + e.getCause(), e);
    }
  }

  private static ScoredPeriod period(Origin origin) {
    return new ScoredPeriod(
        (int) origin.firstDay().toEpochDay(), (int) origin.lastDay().toEpochDay(), COLUMNS);
  }

  /**
   * The drives of one fold, scored.
   *
   * @param importance share of the trees' gain by input
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Scored(ScoredPeriod period, double[] importance) {}

  private Scored score(Origin origin, int fold) throws TrainingException {
    String name =
        String.format(
            Locale.ROOT,
            "period from %s, fold %d of %d: ",
            origin.firstDay(),
            fold + 1,
            recipe.folds());
    int trainLast = (int) origin.trainLastDay().toEpochDay();
    List<DriveHistory> known = new ArrayList<>();
    List<DriveHistory> measured = new ArrayList<>();
    List<Integer> ids = new ArrayList<>();
    for (int id = 0; id < histories.drives().size(); id++) {
      DriveHistory drive = histories.drives().get(id);
      if (fold(drive, recipe.folds(), training.seed()) == fold) {
        measured.add(drive);
        ids.add(id);
      } else {
        known.add(drive);
      }
    }
    DriveSplit split =
        DriveSplit.of(
            known,
            drive -> WindowSampler.fails(drive, trainLast, training.horizonDays()),
            HELD_OUT_SHARE,
            0,
            training.seed());
    EnsembleTraining.Fit fit =
        EnsembleTraining.fit(
            split.training(),
            split.calibration(),
            trainLast,
            training,
            Map.of(),
            null,
            line -> progress.say(name + line));
    ScoredPeriod period = period(origin);
    TreeMap<Integer, double[]> months = new TreeMap<>();
    Scorers scorers = new Scorers(fit, period, months);
    for (int i = 0; i < measured.size(); i++) {
      scorers.score(measured.get(i), ids.get(i));
    }
    recalibrate(period, months);
    progress.say(name + "scored " + measured.size() + " drives never trained on");
    return new Scored(period, fit.importance());
  }

  /** Which fold measures a drive; by its serial alone. */
  static int fold(DriveHistory drive, int folds, long seed) {
    return (int) Math.floorMod(DriveSplit.hash(drive.serial(), seed ^ 0xF01D), (long) folds);
  }

  /** Moves each day's log-odds by what was known at the first of its month. */
  private void recalibrate(ScoredPeriod period, TreeMap<Integer, double[]> months) {
    Map<Integer, Double> nats = new TreeMap<>();
    for (int d = 0; d < period.drives(); d++) {
      for (int i = period.from(d); i < period.to(d); i++) {
        double moved = nats.computeIfAbsent(month(period.day(i)), month -> nats(months, month));
        period.score(ENSEMBLE, i, (float) (period.score(UNMOVED, i) + moved));
      }
    }
  }

  private double nats(TreeMap<Integer, double[]> months, int month) {
    LocalDate now = LocalDate.of(Math.floorDiv(month, 12), Math.floorMod(month, 12) + 1, 1);
    Recalibration recalibration = new Recalibration();
    for (Map.Entry<Integer, double[]> entry : months.entrySet()) {
      LocalDate end =
          LocalDate.of(Math.floorDiv(entry.getKey(), 12), Math.floorMod(entry.getKey(), 12) + 1, 1)
              .plusMonths(1);
      // Of a month everything is known a horizon after its last day.
      long knownDay = end.toEpochDay() + training.horizonDays();
      if (knownDay <= now.toEpochDay()) {
        recalibration.add(knownDay, entry.getValue()[0], entry.getValue()[1]);
      }
    }
    return recalibration.nats();
  }

  static int month(int day) {
    LocalDate date = LocalDate.ofEpochDay(day);
    return date.getYear() * 12 + date.getMonthValue() - 1;
  }

  /** Scores drives with everything that one fold trained. */
  private final class Scorers {
    private final EnsembleTraining.Fit fit;
    private final EnsembleFile file;
    private final TreeEnsemble trees;
    private final EnsembleWeights weights;
    private final HistoryEncoder encoder;
    private final ScoredPeriod period;
    private final TreeMap<Integer, double[]> months;
    private float[][] inputs = new float[0][];
    private final float[] row = new float[COLUMNS];
    private final float[] few = new float[EnsembleParts.DETECTOR_INPUTS.length];
    private final int[] rules = EnsembleWeights.ruleInputs();

    Scorers(EnsembleTraining.Fit fit, ScoredPeriod period, TreeMap<Integer, double[]> months) {
      this.fit = fit;
      this.file = fit.model();
      this.trees = file.trees();
      this.weights = file.weights();
      this.encoder = new HistoryEncoder(file.hazards());
      this.period = period;
      this.months = months;
    }

    void score(DriveHistory drive, int id) {
      int to = drive.indexAtOrAfter(period.lastDay() + 1);
      if (to <= drive.indexAtOrAfter(period.firstDay() - RECALIBRATION_DAYS)) {
        return;
      }
      if (inputs.length < to) {
        inputs = new float[to + to / 4][FeatureExtractor.INPUTS];
      }
      encoder.encode(drive, 0, to, Set.of(), true, inputs);
      try (CompiledLstm lstm = file.sequence().compile()) {
        float[] state = new float[lstm.stateFloats()];
        boolean begun = false;
        for (int i = 0; i < to; i++) {
          float sequence = lstm.step(inputs[i], state);
          int day = drive.day(i);
          if (day < period.firstDay() - RECALIBRATION_DAYS) {
            continue;
          }
          DriveHistory.Label label = drive.label(day, training.horizonDays());
          if (label == DriveHistory.Label.UNKNOWN
              || day < period.firstDay() && day % RECALIBRATION_STRIDE != 0) {
            continue;
          }
          float tree = trees.logit(inputs[i]);
          float sum =
              weights.bias()
                  + weights.sequence() * sequence
                  + weights.trees() * tree
                  + weights.detectors(inputs[i])
                  + weights.rules(inputs[i]);
          double logOdds = file.calibration().logOdds(sum);
          double[] month = months.computeIfAbsent(month(day), key -> new double[2]);
          int standsFor = day < period.firstDay() ? RECALIBRATION_STRIDE : 1;
          month[0] += standsFor / (1 + Math.exp(-logOdds));
          month[1] += label == DriveHistory.Label.FAILS ? standsFor : 0;
          if (day < period.firstDay()) {
            continue;
          }
          if (!begun) {
            period.begin(drive, id);
            begun = true;
          }
          fill(inputs[i], sequence, tree, (float) logOdds);
          period.add(day, row);
        }
      }
    }

    private void fill(float[] input, float sequence, float tree, float logOdds) {
      int positive = 0;
      float level = 0;
      for (int i : rules) {
        positive += input[i] > 0 ? 1 : 0;
        level += input[i];
      }
      row[ANY] = positive > 0 ? 1 : 0;
      row[GRADED] = positive + level / 100;
      row[LOGISTIC] = fit.logistic().logit(input);
      for (int i = 0; i < few.length; i++) {
        few[i] = input[EnsembleParts.DETECTOR_INPUTS[i]];
      }
      row[DETECTORS] = fit.detectors().logit(few);
      row[TREES] = tree;
      row[SEQUENCE] = sequence;
      row[ENSEMBLE] = logOdds;
      row[UNMOVED] = logOdds;
    }
  }
}
