package io.forestall.operators.correlate;

import io.forestall.operators.SenseOptions;
import java.time.Duration;
import java.util.List;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;

/**
 * Every option of the correlate job. {@link CorrelateSettings#from} maps them once to an immutable
 * record and refuses what makes no sense; OPTIONS.md is generated from here. Keys never change: a
 * renamed option keeps its old key as a deprecated one.
 */
public final class CorrelateOptions {

  /** First words of the keys of this job alone. */
  public static final String PREFIX = "forestall.correlate.";

  public static final ConfigOption<String> GROUP_ID =
      ConfigOptions.key(PREFIX + "group-id")
          .stringType()
          .defaultValue("forestall-correlate")
          .withDescription(
              "Consumer group under which offsets are committed with each checkpoint, for those who"
                  + " watch the lag. The job itself starts from its checkpoint, and without one"
                  + " from the earliest record.");

  public static final ConfigOption<String> RULES_FILE =
      ConfigOptions.key(PREFIX + "rules-file")
          .stringType()
          .defaultValue("")
          .withDescription(
              "File with the rules, read where the job is submitted; empty for the shipped ones."
                  + " What a rule joins and in what order is fixed while the job runs: a change of"
                  + " it is a savepoint and a new start. Enabling, severities and thresholds change"
                  + " live, by policy records.");

  public static final ConfigOption<Duration> OUT_OF_ORDERNESS =
      ConfigOptions.key(PREFIX + "out-of-orderness")
          .durationType()
          .defaultValue(Duration.ofSeconds(5))
          .withDescription(
              "How far event time stays behind the newest event of a partition: events that arrive"
                  + " in any order within it give the same incidents. It is part of the time from"
                  + " an event to its incident; a later event still joins or updates an incident,"
                  + " and a critical one whose rule asks for nothing else is told on arrival.");

  public static final ConfigOption<Duration> QUIET_AFTER =
      ConfigOptions.key(PREFIX + "quiet-after")
          .durationType()
          .defaultValue(Duration.ofSeconds(5))
          .withDescription(
              "After how long without a record, by the wall clock, a partition lets event time pass"
                  + " to its newest event and stops holding back the others.");

  public static final ConfigOption<Boolean> ADVANCE_WHEN_QUIET =
      ConfigOptions.key(PREFIX + "advance-when-quiet")
          .booleanType()
          .defaultValue(true)
          .withDescription(
              "Whether event time goes on with the wall clock while no partition has news, so that"
                  + " an incident is resolved though nothing happens any more.");

  public static final ConfigOption<Duration> START_QUIET =
      ConfigOptions.key(PREFIX + "start-quiet")
          .durationType()
          .defaultValue(Duration.ofSeconds(2))
          .withDescription(
              "Event time waits at start until the fleet and the policies have been silent for this"
                  + " long by the wall clock, which is taken as read to their ends; it never waits"
                  + " for them again.");

  public static final ConfigOption<Duration> DUPLICATES_WITHIN =
      ConfigOptions.key(PREFIX + "duplicates-within")
          .durationType()
          .defaultValue(Duration.ofMinutes(10))
          .withDescription(
              "How long in event time the identifiers of the events of a thing are remembered; an"
                  + " event with one of them is dropped and counted.");

  public static final ConfigOption<Integer> DUPLICATES_LIMIT =
      ConfigOptions.key(PREFIX + "duplicates-limit")
          .intType()
          .defaultValue(1024)
          .withDescription(
              "How many identifiers are remembered of one thing at most, 16 to 65536; the oldest is"
                  + " forgotten first. An incident counts an event once all the same.");

  public static final ConfigOption<Duration> FUTURE_TOLERANCE =
      ConfigOptions.key(PREFIX + "future-tolerance")
          .durationType()
          .defaultValue(Duration.ofMinutes(5))
          .withDescription(
              "How far ahead of the broker's clock the time of an event may be; one further ahead"
                  + " goes to the dead letters, because it would carry event time with it. Holds"
                  + " where the topic has the broker's time (LogAppendTime).");

  public static final ConfigOption<Duration> FLUSH_INTERVAL =
      ConfigOptions.key(PREFIX + "flush-interval")
          .durationType()
          .defaultValue(Duration.ofMillis(20))
          .withDescription(
              "How long a record waits at most in a buffer between two steps of the job, by the"
                  + " wall clock. Shorter is quicker when little happens, and costs a thread that"
                  + " wakes so often for each rule; it costs nothing when buffers are full.");

  private CorrelateOptions() {}

  /** All options in the order in which the docs list them. */
  public static List<ConfigOption<?>> all() {
    return List.of(
        SenseOptions.TOPIC_PREFIX,
        SenseOptions.KAFKA_BOOTSTRAP_SERVERS,
        GROUP_ID,
        RULES_FILE,
        OUT_OF_ORDERNESS,
        QUIET_AFTER,
        ADVANCE_WHEN_QUIET,
        START_QUIET,
        DUPLICATES_WITHIN,
        DUPLICATES_LIMIT,
        FUTURE_TOLERANCE,
        FLUSH_INTERVAL);
  }
}
