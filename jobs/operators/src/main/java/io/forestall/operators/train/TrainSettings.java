package io.forestall.operators.train;

import io.forestall.operators.OptionReader;
import io.forestall.risk.learn.DriveLog;
import io.forestall.risk.learn.ModelContest;
import io.forestall.risk.learn.Reservoir;
import io.forestall.risk.learn.TrialPlan;
import java.io.Serializable;
import java.time.Duration;
import java.util.Map;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.Configuration;

/**
 * The options of the train job, checked and ready: mapped once from the configuration, immutable
 * from then on. {@link TrainOptions} says what each means.
 *
 * @param topicPrefix first word of every topic's name
 * @param kafka properties of every Kafka client, without the prefix
 * @param groupId consumer group of the committed offsets
 * @param intervalMillis event time between two trials; milliseconds
 * @param horizonDays horizon of a label; days
 * @param historyDays what is remembered of a disk; days
 * @param historyRows most rows that are remembered of a disk; count
 * @param testDays days that judge; days
 * @param heldOutShare share of the disks that judge
 * @param failingDisks failed disks to train on; count
 * @param healthyDisks healthy disks to train on; count
 * @param heldOutFailingDisks failed disks to judge by; count
 * @param heldOutHealthyDisks healthy disks to judge by; count
 * @param leastFailures failed disks without which there is no trial; count
 * @param mostFailedShare share of the disks that may fail in a week
 * @param budget share of the weeks of healthy disks that may hold an alarm
 * @param confidence how sure a difference must be; share
 * @param calibrationBound largest factor between observed and expected
 * @param recalibrationBound factor between observed and expected from which on the champion is
 *     published anew
 * @param promote whether accepted challengers become champion by themselves
 * @param warmUpMillis event time before that; milliseconds
 * @param rollbackMillis event time for which the former champion is kept; milliseconds
 * @param shippedChampion whether the shipped model is champion before any other
 * @param holdWhileTraining whether nothing is read while training goes on
 * @param epochs passes of a training; count
 * @param effort share of the windows of the shipped model's recipe
 * @param bootstrapRounds draws of disks; count
 * @param seed of every random choice
 * @param outOfOrdernessMillis how far event time stays behind; milliseconds
 * @param futureToleranceMillis how far ahead of the broker's clock a failure may be; milliseconds
 */
public record TrainSettings(
    String topicPrefix,
    Map<String, String> kafka,
    String groupId,
    long intervalMillis,
    int horizonDays,
    int historyDays,
    int historyRows,
    int testDays,
    double heldOutShare,
    int failingDisks,
    int healthyDisks,
    int heldOutFailingDisks,
    int heldOutHealthyDisks,
    int leastFailures,
    double mostFailedShare,
    double budget,
    double confidence,
    double calibrationBound,
    double recalibrationBound,
    boolean promote,
    long warmUpMillis,
    long rollbackMillis,
    boolean shippedChampion,
    boolean holdWhileTraining,
    int epochs,
    double effort,
    int bootstrapRounds,
    long seed,
    long outOfOrdernessMillis,
    long futureToleranceMillis)
    implements Serializable {

  private static final long LEAST_INTERVAL_MILLIS = 60_000;
  private static final int LEAST_HISTORY_DAYS = 30;
  private static final int MOST_DAYS = 10_000;
  private static final int MOST_ROWS = 10_000;
  private static final int MOST_DISKS = 1_000_000;

  /** Copies the map. */
  public TrainSettings {
    kafka = Map.copyOf(kafka);
  }

  /** The settings of an empty configuration. */
  public static TrainSettings defaults() {
    return from(new Configuration());
  }

  /**
   * Maps and checks a configuration.
   *
   * @throws IllegalArgumentException with one line for each thing that is wrong: what, where, what
   *     to do
   */
  public static TrainSettings from(Configuration configuration) {
    OptionReader reader = new OptionReader(configuration);
    reader.refuseUnknown(TrainOptions.PREFIX, TrainOptions.all(), "train");
    TrainSettings settings =
        new TrainSettings(
            reader.topicPrefix(),
            reader.kafka(),
            reader.notEmpty(TrainOptions.GROUP_ID),
            reader.atLeastOne(TrainOptions.MODEL_UPDATE_INTERVAL),
            days(reader, TrainOptions.HORIZON, 1),
            days(reader, TrainOptions.HISTORY, LEAST_HISTORY_DAYS),
            (int) reader.within(TrainOptions.HISTORY_ROWS, 2, MOST_ROWS),
            days(reader, TrainOptions.TEST_PERIOD, 1),
            reader.within(TrainOptions.HELD_OUT_SHARE, 0.01, 0.99),
            (int) reader.within(TrainOptions.FAILING_DISKS, 1, MOST_DISKS),
            (int) reader.within(TrainOptions.HEALTHY_DISKS, 1, MOST_DISKS),
            (int) reader.within(TrainOptions.HELD_OUT_FAILING_DISKS, 1, MOST_DISKS),
            (int) reader.within(TrainOptions.HELD_OUT_HEALTHY_DISKS, 1, MOST_DISKS),
            (int) reader.within(TrainOptions.LEAST_FAILURES, 1, MOST_DISKS),
            reader.within(TrainOptions.MOST_FAILED_SHARE, 1e-6, 1),
            reader.within(TrainOptions.BUDGET, 1e-6, 0.5),
            reader.within(TrainOptions.CONFIDENCE, 0.5, 1),
            reader.within(TrainOptions.CALIBRATION_BOUND, 1.01, 1000),
            reader.within(TrainOptions.RECALIBRATION_BOUND, 1.01, 1000),
            reader.get(TrainOptions.PROMOTE),
            reader.millis(TrainOptions.WARM_UP),
            reader.millis(TrainOptions.ROLLBACK_WINDOW),
            reader.get(TrainOptions.SHIPPED_CHAMPION),
            reader.get(TrainOptions.HOLD_WHILE_TRAINING),
            (int) reader.within(TrainOptions.EPOCHS, 1, 1000),
            reader.within(TrainOptions.EFFORT, 0.001, 100),
            (int) reader.within(TrainOptions.BOOTSTRAP_ROUNDS, 1, 1_000_000),
            reader.get(TrainOptions.SEED),
            reader.millis(TrainOptions.OUT_OF_ORDERNESS),
            reader.millis(TrainOptions.FUTURE_TOLERANCE));
    if (settings.intervalMillis < LEAST_INTERVAL_MILLIS) {
      reader.error(TrainOptions.MODEL_UPDATE_INTERVAL.key() + " is below a minute: give '7 d'");
    }
    int needed = settings.testDays + 2 * settings.horizonDays + settings.leastTrainingDays();
    if (reader.clean() && settings.historyDays < needed) {
      reader.error(
          TrainOptions.HISTORY.key()
              + " is "
              + settings.historyDays
              + " d: the test period, twice the horizon and "
              + settings.leastTrainingDays()
              + " d to train on take "
              + needed
              + " d; give more, or a shorter "
              + TrainOptions.TEST_PERIOD.key());
    }
    reader.check();
    return settings;
  }

  private static int days(OptionReader reader, ConfigOption<Duration> option, int least) {
    long millis = reader.atLeastOne(option);
    long days = Duration.ofMillis(millis).toDays();
    if (days < least || days > MOST_DAYS) {
      reader.error(
          option.key() + " is " + days + " d: give " + least + " d to " + MOST_DAYS + " d");
      return (int) option.defaultValue().toDays();
    }
    return (int) days;
  }

  /** Days of history without which nothing is trained: two horizons. */
  public int leastTrainingDays() {
    return 2 * horizonDays;
  }

  /** How much is remembered of a disk. */
  public DriveLog.Bounds logBounds() {
    return new DriveLog.Bounds(historyDays, historyRows);
  }

  /** How many disks are kept. */
  public Reservoir.Bounds reservoirBounds() {
    return new Reservoir.Bounds(
        failingDisks, healthyDisks, heldOutFailingDisks, heldOutHealthyDisks, heldOutShare);
  }

  /** What a plan of a trial is held to. */
  public TrialPlan.Rules planRules() {
    return new TrialPlan.Rules(
        horizonDays, testDays, leastTrainingDays(), leastFailures, mostFailedShare);
  }

  /**
   * How a trial is judged.
   *
   * @param plan its plan
   * @param sinceDay first epoch day whose label is new
   * @param trialSeed its seed
   */
  public ModelContest.Rules contestRules(TrialPlan plan, int sinceDay, long trialSeed) {
    return new ModelContest.Rules(
        horizonDays,
        plan.testFirstDay(),
        plan.testLastDay(),
        sinceDay,
        budget,
        confidence,
        calibrationBound,
        leastFailures,
        bootstrapRounds,
        trialSeed);
  }
}
