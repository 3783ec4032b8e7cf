package io.forestall.operators.train;

import io.forestall.operators.SenseOptions;
import java.time.Duration;
import java.util.List;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;

/**
 * Every option of the train job. {@link TrainSettings#from} maps them once to an immutable record
 * and refuses what makes no sense; OPTIONS.md is generated from here. Keys never change: a renamed
 * option keeps its old key as a deprecated one.
 */
public final class TrainOptions {

  /** First words of the keys of this job alone. */
  public static final String PREFIX = "forestall.train.";

  public static final ConfigOption<String> GROUP_ID =
      ConfigOptions.key(PREFIX + "group-id")
          .stringType()
          .defaultValue("forestall-train")
          .withDescription(
              "Consumer group under which offsets are committed with each checkpoint, for those who"
                  + " watch the lag. The job itself starts from its checkpoint.");

  public static final ConfigOption<Duration> MODEL_UPDATE_INTERVAL =
      ConfigOptions.key(PREFIX + "model-update-interval")
          .durationType()
          .defaultValue(Duration.ofDays(7))
          .withDescription(
              "How often a challenger is trained and tried; event time, counted from 1970, so that"
                  + " a restart changes no date. mlModelUpdateInterval of the specifications.");

  public static final ConfigOption<Duration> HORIZON =
      ConfigOptions.key(PREFIX + "horizon")
          .durationType()
          .defaultValue(Duration.ofDays(30))
          .withDescription(
              "Time ahead within which a failure is looked for; whole days. A day is an example"
                  + " once it has passed, or the disk has failed.");

  public static final ConfigOption<Duration> HISTORY =
      ConfigOptions.key(PREFIX + "history")
          .durationType()
          .defaultValue(Duration.ofDays(400))
          .withDescription(
              "How much is remembered of a disk, at least 30 d. It must hold the test period, twice"
                  + " the horizon, and what is to be trained on.");

  public static final ConfigOption<Integer> HISTORY_ROWS =
      ConfigOptions.key(PREFIX + "history-rows")
          .intType()
          .defaultValue(200)
          .withDescription(
              "Most rows that are remembered of a disk; there is one when a counter of errors"
                  + " changed, and one a week. With the oldest rows their days are forgotten.");

  public static final ConfigOption<Duration> TEST_PERIOD =
      ConfigOptions.key(PREFIX + "test-period")
          .durationType()
          .defaultValue(Duration.ofDays(90))
          .withDescription(
              "The newest days whose labels are known; they judge. Training ends one horizon before"
                  + " them.");

  public static final ConfigOption<Double> HELD_OUT_SHARE =
      ConfigOptions.key(PREFIX + "held-out-share")
          .doubleType()
          .defaultValue(0.3)
          .withDescription(
              "Share of the disks, by a hash of their serial, that never train and judge. Changing"
                  + " it lets disks judge that have trained the champion.");

  public static final ConfigOption<Integer> FAILING_DISKS =
      ConfigOptions.key(PREFIX + "failing-disks")
          .intType()
          .defaultValue(4_000)
          .withDescription(
              "Most failed disks that are kept to train on; the newest replace the oldest.");

  public static final ConfigOption<Integer> HEALTHY_DISKS =
      ConfigOptions.key(PREFIX + "healthy-disks")
          .intType()
          .defaultValue(12_000)
          .withDescription(
              "Most healthy disks that are kept to train on, chosen by a hash of their serial."
                  + " Probabilities are put right for those that are not.");

  public static final ConfigOption<Integer> HELD_OUT_FAILING_DISKS =
      ConfigOptions.key(PREFIX + "held-out-failing-disks")
          .intType()
          .defaultValue(2_000)
          .withDescription("Most failed disks that are kept to judge.");

  public static final ConfigOption<Integer> HELD_OUT_HEALTHY_DISKS =
      ConfigOptions.key(PREFIX + "held-out-healthy-disks")
          .intType()
          .defaultValue(6_000)
          .withDescription("Most healthy disks that are kept to judge.");

  public static final ConfigOption<Integer> LEAST_FAILURES =
      ConfigOptions.key(PREFIX + "least-failures")
          .intType()
          .defaultValue(10)
          .withDescription(
              "Failed disks without which nothing is trained, and without which nothing is"
                  + " judged.");

  public static final ConfigOption<Double> MOST_FAILED_SHARE =
      ConfigOptions.key(PREFIX + "most-failed-share")
          .doubleType()
          .defaultValue(0.05)
          .withDescription(
              "Share of the disks that may fail in a week and be believed (20 always are). The"
                  + " failures of a week with more are no labels, and while it is news nothing is"
                  + " trained.");

  public static final ConfigOption<Double> BUDGET =
      ConfigOptions.key(PREFIX + "budget")
          .doubleType()
          .defaultValue(0.01)
          .withDescription(
              "The action budget at which champion and challenger are compared: share of the weeks"
                  + " of healthy disks that may hold an alarm.");

  public static final ConfigOption<Double> CONFIDENCE =
      ConfigOptions.key(PREFIX + "confidence")
          .doubleType()
          .defaultValue(0.9)
          .withDescription(
              "In which share of the draws of disks a challenger must find more failures than the"
                  + " champion to be taken; 0.5 to 1.");

  public static final ConfigOption<Double> CALIBRATION_BOUND =
      ConfigOptions.key(PREFIX + "calibration-bound")
          .doubleType()
          .defaultValue(2.0)
          .withDescription(
              "Largest factor by which observed and expected failures may differ for a challenger"
                  + " to be taken.");

  public static final ConfigOption<Double> RECALIBRATION_BOUND =
      ConfigOptions.key(PREFIX + "recalibration-bound")
          .doubleType()
          .defaultValue(1.2)
          .withDescription(
              "Factor between the failures that the champion expects and those that came, half"
                  + " forgotten in 90 days, from which on it is published anew with its"
                  + " probabilities moved; a version of its own, warmed like a challenger. 1000"
                  + " for never. Where nothing is promoted by itself, neither is this.");

  public static final ConfigOption<Boolean> PROMOTE =
      ConfigOptions.key(PREFIX + "promote")
          .booleanType()
          .defaultValue(true)
          .withDescription(
              "True: an accepted challenger becomes champion by itself after its warm-up. False: it"
                  + " stays in advise until somebody promotes it.");

  public static final ConfigOption<Duration> WARM_UP =
      ConfigOptions.key(PREFIX + "warm-up")
          .durationType()
          .defaultValue(Duration.ofDays(30))
          .withDescription(
              "Event time between the trial and the day from which an accepted challenger is"
                  + " champion; it is warmed meanwhile.");

  public static final ConfigOption<Duration> ROLLBACK_WINDOW =
      ConfigOptions.key(PREFIX + "rollback-window")
          .durationType()
          .defaultValue(Duration.ofDays(30))
          .withDescription(
              "How long after that the former champion is kept warm, so that it can come back;"
                  + " event time.");

  public static final ConfigOption<Boolean> SHIPPED_CHAMPION =
      ConfigOptions.key(PREFIX + "shipped-champion")
          .booleanType()
          .defaultValue(true)
          .withDescription(
              "Whether the shipped model is champion as long as no other is published. False for a"
                  + " replay of the time that it was trained on: it has seen the end; the count of"
                  + " error counters above zero stands in for it.");

  public static final ConfigOption<Boolean> HOLD_WHILE_TRAINING =
      ConfigOptions.key(PREFIX + "hold-while-training")
          .booleanType()
          .defaultValue(false)
          .withDescription(
              "For replays: the job reads nothing while it trains, so that no trial is left out and"
                  + " each meets the champion of its time. Checkpoints go on; they are unaligned.");

  public static final ConfigOption<Integer> EPOCHS =
      ConfigOptions.key(PREFIX + "epochs")
          .intType()
          .defaultValue(2)
          .withDescription("Passes of a training over freshly drawn windows.");

  public static final ConfigOption<Double> EFFORT =
      ConfigOptions.key(PREFIX + "effort")
          .doubleType()
          .defaultValue(1.0)
          .withDescription(
              "Windows of surviving disks that a pass draws, as a share of those of the shipped"
                  + " model's recipe; training takes about so much less time.");

  public static final ConfigOption<Integer> BOOTSTRAP_ROUNDS =
      ConfigOptions.key(PREFIX + "bootstrap-rounds")
          .intType()
          .defaultValue(1_000)
          .withDescription("Draws of disks that say how sure a difference is.");

  public static final ConfigOption<Integer> SEED =
      ConfigOptions.key(PREFIX + "seed")
          .intType()
          .defaultValue(20_130_410)
          .withDescription(
              "Seed of every random choice; each trial's follows from it and its date.");

  public static final ConfigOption<Duration> OUT_OF_ORDERNESS =
      ConfigOptions.key(PREFIX + "out-of-orderness")
          .durationType()
          .defaultValue(Duration.ofHours(1))
          .withDescription("How far behind the newest sample of a partition event time stays.");

  public static final ConfigOption<Duration> FUTURE_TOLERANCE =
      ConfigOptions.key(PREFIX + "future-tolerance")
          .durationType()
          .defaultValue(Duration.ofMinutes(10))
          .withDescription(
              "How far ahead of the broker's clock a failure may be dated; a later one is no"
                  + " label.");

  private TrainOptions() {}

  /** All options in the order in which the docs list them. */
  public static List<ConfigOption<?>> all() {
    return List.of(
        SenseOptions.TOPIC_PREFIX,
        SenseOptions.KAFKA_BOOTSTRAP_SERVERS,
        GROUP_ID,
        MODEL_UPDATE_INTERVAL,
        HORIZON,
        HISTORY,
        HISTORY_ROWS,
        TEST_PERIOD,
        HELD_OUT_SHARE,
        FAILING_DISKS,
        HEALTHY_DISKS,
        HELD_OUT_FAILING_DISKS,
        HELD_OUT_HEALTHY_DISKS,
        LEAST_FAILURES,
        MOST_FAILED_SHARE,
        BUDGET,
        CONFIDENCE,
        CALIBRATION_BOUND,
        RECALIBRATION_BOUND,
        PROMOTE,
        WARM_UP,
        ROLLBACK_WINDOW,
        SHIPPED_CHAMPION,
        HOLD_WHILE_TRAINING,
        EPOCHS,
        EFFORT,
        BOOTSTRAP_ROUNDS,
        SEED,
        OUT_OF_ORDERNESS,
        FUTURE_TOLERANCE);
  }
}
