package io.forestall.operators;

import io.forestall.risk.RiskPolicy;
import java.time.Duration;
import java.util.List;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;

/**
 * Every option of the sense job. The unit of a duration is part of the value, as in {@code 30 s}.
 * {@link SenseSettings#from} maps them once to an immutable record and refuses what makes no sense;
 * OPTIONS.md is generated from here. Keys never change: a renamed option keeps its old key as a
 * deprecated one.
 */
public final class SenseOptions {

  /** Prefix of the properties that are handed to every Kafka client as they are. */
  public static final String KAFKA_PREFIX = "forestall.kafka.";

  private static final RiskPolicy POLICY = RiskPolicy.defaults();

  public static final ConfigOption<String> TOPIC_PREFIX =
      ConfigOptions.key("forestall.topic-prefix")
          .stringType()
          .defaultValue("forestall")
          .withDescription(
              "First word of every topic's name; a replay runs under one of its own. Letters,"
                  + " digits, '-' and '_'.");

  public static final ConfigOption<String> KAFKA_BOOTSTRAP_SERVERS =
      ConfigOptions.key(KAFKA_PREFIX + "bootstrap.servers")
          .stringType()
          .defaultValue("localhost:9092")
          .withDescription(
              "Kafka brokers as host:port, separated by commas. Every other forestall.kafka.NAME"
                  + " goes to the Kafka clients as property NAME, unchanged.");

  public static final ConfigOption<String> GROUP_ID =
      ConfigOptions.key("forestall.sense.group-id")
          .stringType()
          .defaultValue("forestall-sense")
          .withDescription(
              "Consumer group under which offsets are committed with each checkpoint, for those who"
                  + " watch the lag. The job itself starts from its checkpoint, and without one"
                  + " from the earliest record.");

  public static final ConfigOption<Duration> OUT_OF_ORDERNESS =
      ConfigOptions.key("forestall.sense.out-of-orderness")
          .durationType()
          .defaultValue(Duration.ofMinutes(1))
          .withDescription(
              "How far event time stays behind the newest sample of a partition, so that frames of"
                  + " slower nodes still count as on time. A minute suits machines, which report"
                  + " every few seconds; disks lose nothing by it: a late sample is scored all the"
                  + " same while it is newer than the last one of its disk.");

  public static final ConfigOption<Duration> QUIET_AFTER =
      ConfigOptions.key("forestall.sense.quiet-after")
          .durationType()
          .defaultValue(Duration.ofSeconds(10))
          .withDescription(
              "After how long without a record, by the wall clock, a telemetry partition lets event"
                  + " time pass to its newest sample and stops holding back the others.");

  public static final ConfigOption<Duration> ARRIVAL_DELAY =
      ConfigOptions.key("forestall.sense.arrival-delay")
          .durationType()
          .defaultValue(Duration.ofSeconds(1))
          .withDescription(
              "How long, by the wall clock, event time waits after a sample has arrived, so that a"
                  + " fleet entry written before the sample is read before the sample is given"
                  + " up.");

  public static final ConfigOption<Duration> FLEET_QUIET =
      ConfigOptions.key("forestall.sense.fleet-quiet")
          .durationType()
          .defaultValue(Duration.ofSeconds(3))
          .withDescription(
              "Event time waits at start until the fleet topic has been silent for this long by the"
                  + " wall clock, which is taken as read to its end; it never waits for it again.");

  public static final ConfigOption<Duration> START_WAIT =
      ConfigOptions.key("forestall.sense.start-wait")
          .durationType()
          .defaultValue(Duration.ofSeconds(15))
          .withDescription(
              "How long, by the wall clock, event time waits at start for the first record of a"
                  + " source that has none.");

  public static final ConfigOption<Duration> UNKNOWN_ENTITY_GRACE =
      ConfigOptions.key("forestall.sense.unknown-entity-grace")
          .durationType()
          .defaultValue(Duration.ofHours(1))
          .withDescription(
              "How long in event time the samples of a disk without a fleet entry wait for one"
                  + " before they go to the dead letters.");

  public static final ConfigOption<Integer> UNKNOWN_ENTITY_LIMIT =
      ConfigOptions.key("forestall.sense.unknown-entity-limit")
          .intType()
          .defaultValue(128)
          .withDescription(
              "How many samples of one disk without a fleet entry wait at most, 0 to 1024; the"
                  + " oldest goes to the dead letters when one more arrives.");

  public static final ConfigOption<SenseLane> LANE =
      ConfigOptions.key("forestall.sense.lane")
          .enumType(SenseLane.class)
          .defaultValue(SenseLane.ADVISE)
          .withDescription(
              "Second scoring lane, which writes to the risk lane topic and does nothing else:"
                  + " advise, what a published model that is not champion says of the same samples"
                  + " (nothing while there is none); dl4j, a share of the disks by the champion in"
                  + " Deeplearning4j, in micro-batches (its jars must be in the cluster's lib); or"
                  + " off.");

  public static final ConfigOption<String> MODE_MODEL =
      ConfigOptions.key("forestall.sense.mode-model")
          .stringType()
          .defaultValue("shipped")
          .withDescription(
              "What evidence of failure modes network, software and fail-slow is worth: shipped for"
                  + " the model that comes with the job, a file that 'forestall train modes' wrote,"
                  + " or none for the weights stated with the symptoms. A file is read where the"
                  + " job is submitted; one that is cut short or odd is refused there.");

  public static final ConfigOption<Double> ADVISE_SHARE =
      ConfigOptions.key("forestall.sense.advise-share")
          .doubleType()
          .defaultValue(1.0)
          .withDescription(
              "Share of the disks of which the challenger is asked in lane advise, 0 to 1, chosen"
                  + " by a stable hash.");

  public static final ConfigOption<Double> LANE_SHARE =
      ConfigOptions.key("forestall.sense.lane-share")
          .doubleType()
          .defaultValue(0.05)
          .withDescription("Share of the disks in lane dl4j, 0 to 1, chosen by a stable hash.");

  public static final ConfigOption<Integer> LANE_BATCH_SIZE =
      ConfigOptions.key("forestall.sense.lane-batch-size")
          .intType()
          .defaultValue(256)
          .withDescription("Samples in one micro-batch of lane dl4j at most, 1 to 4096.");

  public static final ConfigOption<Duration> LANE_FLUSH_INTERVAL =
      ConfigOptions.key("forestall.sense.lane-flush-interval")
          .durationType()
          .defaultValue(Duration.ofMillis(500))
          .withDescription(
              "How long, by the wall clock, a sample waits at most in a micro-batch that is not"
                  + " full.");

  public static final ConfigOption<Double> WATCH_ENTER =
      ConfigOptions.key("forestall.sense.watch-enter")
          .doubleType()
          .defaultValue(POLICY.watch().enter())
          .withDescription(
              "Score in points, 0 to 100, at or above which a disk enters tier WATCH.");

  public static final ConfigOption<Double> WATCH_EXIT =
      ConfigOptions.key("forestall.sense.watch-exit")
          .doubleType()
          .defaultValue(POLICY.watch().exit())
          .withDescription(
              "Score in points, below which a disk leaves tier WATCH; lower than the enter score.");

  public static final ConfigOption<Double> WARNING_ENTER =
      ConfigOptions.key("forestall.sense.warning-enter")
          .doubleType()
          .defaultValue(POLICY.warning().enter())
          .withDescription(
              "Score in points, 0 to 100, at or above which a disk enters tier WARNING.");

  public static final ConfigOption<Double> WARNING_EXIT =
      ConfigOptions.key("forestall.sense.warning-exit")
          .doubleType()
          .defaultValue(POLICY.warning().exit())
          .withDescription(
              "Score in points, below which a disk leaves tier WARNING; lower than the enter"
                  + " score.");

  public static final ConfigOption<Double> CRITICAL_ENTER =
      ConfigOptions.key("forestall.sense.critical-enter")
          .doubleType()
          .defaultValue(POLICY.critical().enter())
          .withDescription(
              "Score in points, 0 to 100, at or above which a disk enters tier CRITICAL.");

  public static final ConfigOption<Double> CRITICAL_EXIT =
      ConfigOptions.key("forestall.sense.critical-exit")
          .doubleType()
          .defaultValue(POLICY.critical().exit())
          .withDescription(
              "Score in points, below which a disk leaves tier CRITICAL; lower than the enter"
                  + " score.");

  public static final ConfigOption<Duration> ENTER_DWELL =
      ConfigOptions.key("forestall.sense.enter-dwell")
          .durationType()
          .defaultValue(Duration.ofMillis(POLICY.enterDwellMillis()))
          .withDescription(
              "How long in event time a score must stay above the enter score before the tier"
                  + " rises.");

  public static final ConfigOption<Duration> EXIT_DWELL =
      ConfigOptions.key("forestall.sense.exit-dwell")
          .durationType()
          .defaultValue(Duration.ofMillis(POLICY.exitDwellMillis()))
          .withDescription(
              "How long in event time a score must stay below the exit score before the tier"
                  + " falls.");

  public static final ConfigOption<Duration> STALE_AFTER =
      ConfigOptions.key("forestall.sense.stale-after")
          .durationType()
          .defaultValue(Duration.ofMillis(POLICY.staleAfterMillis()))
          .withDescription(
              "Silence of a disk in event time after which its score is stale and its confidence"
                  + " falls.");

  public static final ConfigOption<Duration> UNKNOWN_AFTER =
      ConfigOptions.key("forestall.sense.unknown-after")
          .durationType()
          .defaultValue(Duration.ofMillis(POLICY.unknownAfterMillis()))
          .withDescription("Silence of a disk in event time after which its tier is UNKNOWN.");

  public static final ConfigOption<Duration> MACHINE_STALE_AFTER =
      ConfigOptions.key("forestall.sense.machine-stale-after")
          .durationType()
          .defaultValue(Duration.ofMinutes(5))
          .withDescription(
              "Silence of a machine in event time after which its score is stale and its confidence"
                  + " falls. A volume, which may be idle, is given an hour.");

  public static final ConfigOption<Duration> MACHINE_UNKNOWN_AFTER =
      ConfigOptions.key("forestall.sense.machine-unknown-after")
          .durationType()
          .defaultValue(Duration.ofMinutes(30))
          .withDescription(
              "Silence of a machine in event time after which its tier is UNKNOWN; of a volume a"
                  + " day. The score of a volume, an edge or a rack, which no fleet entry"
                  + " describes, ends then.");

  public static final ConfigOption<Duration> MACHINE_EXIT_DWELL =
      ConfigOptions.key("forestall.sense.machine-exit-dwell")
          .durationType()
          .defaultValue(Duration.ofMinutes(30))
          .withDescription(
              "How long in event time the score of a machine or a volume must stay below the exit"
                  + " score before its tier falls.");

  public static final ConfigOption<Integer> DISKS_TOLERATED =
      ConfigOptions.key("forestall.sense.disks-tolerated")
          .intType()
          .defaultValue(1)
          .withDescription(
              "How many disks of a node may fail within the horizon without harm to the node, 0 to"
                  + " 1000; more of them are a failure of the node.");

  public static final ConfigOption<Duration> PEER_WINDOW =
      ConfigOptions.key("forestall.sense.peer-window")
          .durationType()
          .defaultValue(Duration.ofMinutes(5))
          .withDescription(
              "Length of the windows of event time over which peers (same kind, hardware model and"
                  + " pool) are summed up. A sample is compared with the newest window that is"
                  + " closed for certain: one that ended the out-of-orderness and one window before"
                  + " it.");

  public static final ConfigOption<Integer> PEER_WAIT_LIMIT =
      ConfigOptions.key("forestall.sense.peer-wait-limit")
          .intType()
          .defaultValue(512)
          .withDescription(
              "How many samples of one thing wait at most for the window of their peers while other"
                  + " partitions are behind, 1 to 4096; when one more arrives the older half is"
                  + " scored without, and counted as peersMissing.");

  public static final ConfigOption<Duration> BASELINE_INTERVAL =
      ConfigOptions.key("forestall.sense.baseline-interval")
          .durationType()
          .defaultValue(Duration.ofMinutes(10))
          .withDescription(
              "How often in event time what is usual for a thing is written to the baselines"
                  + " topic.");

  public static final ConfigOption<Duration> BLAME_WINDOW =
      ConfigOptions.key("forestall.sense.blame-window")
          .durationType()
          .defaultValue(Duration.ofMinutes(1))
          .withDescription(
              "Length of the windows of event time in which bad paths are explained together by the"
                  + " fewest culprits.");

  public static final ConfigOption<Duration> STATE_TTL =
      ConfigOptions.key("forestall.sense.state-ttl")
          .durationType()
          .defaultValue(Duration.ofDays(90))
          .withDescription(
              "State that was not written for this long by the wall clock is dropped: a backstop"
                  + " for things that the fleet topic never ends, and longer than any silence that"
                  + " is told of. By the wall clock, so that one wrong event time cannot clear the"
                  + " fleet. 0 s keeps all.");

  private SenseOptions() {}

  /** All options in the order in which the docs list them. */
  public static List<ConfigOption<?>> all() {
    return List.of(
        TOPIC_PREFIX,
        KAFKA_BOOTSTRAP_SERVERS,
        GROUP_ID,
        OUT_OF_ORDERNESS,
        QUIET_AFTER,
        ARRIVAL_DELAY,
        FLEET_QUIET,
        START_WAIT,
        UNKNOWN_ENTITY_GRACE,
        UNKNOWN_ENTITY_LIMIT,
        LANE,
        MODE_MODEL,
        ADVISE_SHARE,
        LANE_SHARE,
        LANE_BATCH_SIZE,
        LANE_FLUSH_INTERVAL,
        WATCH_ENTER,
        WATCH_EXIT,
        WARNING_ENTER,
        WARNING_EXIT,
        CRITICAL_ENTER,
        CRITICAL_EXIT,
        ENTER_DWELL,
        EXIT_DWELL,
        STALE_AFTER,
        UNKNOWN_AFTER,
        MACHINE_STALE_AFTER,
        MACHINE_UNKNOWN_AFTER,
        MACHINE_EXIT_DWELL,
        DISKS_TOLERATED,
        PEER_WINDOW,
        PEER_WAIT_LIMIT,
        BASELINE_INTERVAL,
        BLAME_WINDOW,
        STATE_TTL);
  }
}
