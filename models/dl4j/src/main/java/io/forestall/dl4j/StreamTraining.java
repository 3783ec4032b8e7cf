package io.forestall.dl4j;

import io.forestall.risk.BatchSequenceModel;
import io.forestall.risk.DiskMetric;
import io.forestall.risk.EnsembleFile;
import io.forestall.risk.FeatureExtractor;
import io.forestall.risk.ModelFormatException;
import io.forestall.risk.StoredModel;
import io.forestall.risk.learn.DriveLog;
import io.forestall.risk.learn.ScoredDrive;
import io.forestall.risk.learn.Trainer;
import io.forestall.risk.learn.TrialPlan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Trains the disk model on histories that a running job gathered, as {@link DiskTraining} does on a
 * folder, and scores the disks that judge with it and with the champion. Rows A4, A14. The same
 * task gives the same bytes on one machine. For one thread at a time.
 */
public final class StreamTraining implements Trainer {

  /** What a simple look would count: error counters above zero. */
  private static final List<DiskMetric> ERROR_COUNTERS =
      List.of(
          DiskMetric.REALLOCATED_SECTORS,
          DiskMetric.REPORTED_UNCORRECTABLE,
          DiskMetric.COMMAND_TIMEOUTS,
          DiskMetric.PENDING_SECTORS,
          DiskMetric.OFFLINE_UNCORRECTABLE);

  private final int epochs;
  private final double effort;

  /**
   * A trainer.
   *
   * @param epochs passes over freshly drawn windows, at least 1
   * @param effort windows of surviving disks that an epoch draws, as a share of those of the
   *     shipped model's recipe; above 0
   */
  public StreamTraining(int epochs, double effort) {
    if (epochs < 1 || !(effort > 0)) {
      throw new IllegalArgumentException("epochs " + epochs + " and effort " + effort);
    }
    this.epochs = epochs;
    this.effort = effort;
  }

  @Override
  public Trained train(Task task, Consumer<String> news) throws RefusedException {
    TrialPlan plan = task.plan();
    // Before minutes of work, not after.
    byte[] bytes = task.champion();
    @Nullable BatchSequenceModel champion = bytes == null ? null : champion(bytes);
    try {
      StoredModel challenger = challenger(task, news);
      news.accept("scoring " + plan.heldOut().size() + " disks that judge");
      try (BatchSequenceModel model = challenger.compile()) {
        return new Trained(
            challenger.id(),
            challenger.version(),
            challenger.format(),
            challenger.toBytes(),
            card(plan, challenger),
            scored(plan, champion, model));
      }
    } finally {
      if (champion != null) {
        champion.close();
      }
    }
  }

  private static BatchSequenceModel champion(byte[] bytes) throws RefusedException {
    try {
      return StoredModel.fromBytes(bytes).compile();
    } catch (ModelFormatException | RuntimeException e) {
      throw new RefusedException("the champion cannot be read: " + e.getMessage(), true);
    }
  }

  private StoredModel challenger(Task task, Consumer<String> news) throws RefusedException {
    TrialPlan plan = task.plan();
    List<DriveHistory> drives = new ArrayList<>(plan.training().size());
    for (DriveLog log : plan.training()) {
      drives.add(history(log));
    }
    try {
      DiskTraining.Result result =
          DiskTraining.train(
              new HistoryReader.Histories(HistoryReader.Form.CHANGE_LOG, drives, 0),
              recipe(task),
              news::accept);
      return finished(
          result.model(), task.version(), Math.log(plan.failingWeight() / plan.healthyWeight()));
    } catch (TrainingException e) {
      throw new RefusedException(String.valueOf(e.getMessage()), false);
    }
  }

  private TrainingRecipe recipe(Task task) {
    TrainingRecipe standard = TrainingRecipe.standard();
    return new TrainingRecipe(
        task.seed(),
        epochs,
        task.horizonDays(),
        task.plan().trainLastDay(),
        task.plan().testFirstDay(),
        task.plan().testLastDay(),
        standard.firstHidden(),
        standard.secondHidden(),
        standard.batch(),
        standard.truncationSteps(),
        standard.windowSteps(),
        (int) Math.ceil(effort * standard.quietWindows()),
        (int) Math.ceil(effort * standard.markedWindows()),
        standard.failingRepeats(),
        standard.learningRate(),
        standard.calibrationStride(),
        standard.patience(),
        standard.trees());
  }

  /**
   * The trained model under its version. Where disks that failed are kept and healthy ones only in
   * part, calibration has seen more failures than the fleet has; the offset takes that back.
   */
  private static StoredModel finished(EnsembleFile trained, int version, double offset) {
    return trained
        .recalibrated(trained.calibration().shifted(offset), trained.hazards())
        .withVersion(version)
        .withProperty("trained-by", "forestall-train");
  }

  private static String card(TrialPlan plan, StoredModel model) {
    return String.format(
        Locale.ROOT,
        "Made as the shipped disk model, format `%s`, on the histories of %d disks, %d of them"
            + " failed, on days until %s; calibrated on a fifth of them.",
        model.format(),
        plan.training().size(),
        plan.trainingFailures(),
        DiskTraining.date(plan.trainLastDay()));
  }

  /**
   * A history as training takes it. Days without a sample give none; where there is no gap the rows
   * alone say all.
   */
  static DriveHistory history(DriveLog log) {
    int[] days = log.days();
    int failureDay = log.failureDay();
    boolean failed = failureDay != DriveLog.NEVER;
    int last = failed ? failureDay - 1 : log.lastDay();
    if (days.length == last - log.firstDay() + 1) {
      int count = log.rowCount();
      int[] rowDays = new int[count];
      double[][] rows = new double[count][];
      for (int row = 0; row < count; row++) {
        rowDays[row] = log.rowDay(row);
        rows[row] = log.row(row);
      }
      return DriveHistory.ofChanges(
          log.serial(),
          log.model(),
          log.firstDay(),
          failed ? failureDay : last,
          failed,
          log.values(log.firstDay())[DiskMetric.POWER_ON_HOURS.ordinal()],
          rowDays,
          rows);
    }
    double[][] rows = new double[days.length][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = log.values(days[i]);
    }
    return DriveHistory.ofDays(
        log.serial(), log.model(), failed ? failureDay : DriveHistory.NEVER, days, rows);
  }

  // ---- scores

  private static List<ScoredDrive> scored(
      TrialPlan plan, @Nullable BatchSequenceModel champion, BatchSequenceModel challenger) {
    HistoryEncoder ofChallenger = new HistoryEncoder(challenger.hazards());
    @Nullable HistoryEncoder ofChampion =
        champion == null ? null : new HistoryEncoder(champion.hazards());
    List<ScoredDrive> scored = new ArrayList<>();
    for (DriveLog log : plan.heldOut()) {
      DriveHistory history = history(log);
      int from = history.indexAtOrAfter(plan.testFirstDay());
      int to = history.indexAtOrAfter(plan.testLastDay() + 1);
      if (from >= to) {
        continue;
      }
      int[] days = new int[to - from];
      for (int i = 0; i < days.length; i++) {
        days[i] = history.day(from + i);
      }
      scored.add(
          new ScoredDrive(
              log.serial(),
              log.lastDay(),
              log.failureDay(),
              log.failureDay() == DriveLog.NEVER
                  ? plan.heldOutHealthyWeight()
                  : plan.failingWeight(),
              days,
              champion == null || ofChampion == null
                  ? counters(history, from, to)
                  : probabilities(history, from, to, ofChampion, champion),
              probabilities(history, from, to, ofChallenger, challenger)));
    }
    return scored;
  }

  /**
   * Probabilities of the samples {@code from} to {@code to} - 1, the model warm by those before.
   */
  private static double[] probabilities(
      DriveHistory history, int from, int to, HistoryEncoder encoder, BatchSequenceModel model) {
    float[][] inputs = new float[to][FeatureExtractor.INPUTS];
    encoder.encode(history, 0, to, Set.of(), true, inputs);
    float[] state = new float[model.stateFloats()];
    double[] probabilities = new double[to - from];
    for (int i = 0; i < to; i++) {
      float logit = model.step(inputs[i], state);
      if (i >= from) {
        probabilities[i - from] = model.probability(logit);
      }
    }
    return probabilities;
  }

  private static double[] counters(DriveHistory history, int from, int to) {
    double[] counted = new double[to - from];
    double[] values = new double[DiskMetric.COUNT];
    for (int i = from; i < to; i++) {
      Arrays.fill(values, Double.NaN);
      history.values(i, values);
      for (DiskMetric metric : ERROR_COUNTERS) {
        counted[i - from] += values[metric.ordinal()] > 0 ? 1 : 0;
      }
    }
    return counted;
  }
}
