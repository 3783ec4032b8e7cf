package io.forestall.operators.move;

import io.forestall.decisions.shadow.StreamPolicy;
import io.forestall.operators.SenseOptions;
import java.time.Duration;
import java.util.List;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;

/**
 * Every option of the move job. {@link MoveSettings#from} maps them once to an immutable record and
 * refuses what makes no sense; OPTIONS.md is generated from here. Keys never change: a renamed
 * option keeps its old key as a deprecated one.
 */
public final class MoveOptions {

  /** First words of the keys of this job alone. */
  public static final String PREFIX = "forestall.move.";

  private static final StreamPolicy STREAM = StreamPolicy.DEFAULTS;

  public static final ConfigOption<String> GROUP_ID =
      ConfigOptions.key(PREFIX + "group-id")
          .stringType()
          .defaultValue("forestall-move")
          .withDescription(
              "Consumer group under which offsets are committed with each checkpoint, for those who"
                  + " watch the lag. The job itself starts from its checkpoint.");

  public static final ConfigOption<Duration> HISTORY =
      ConfigOptions.key(PREFIX + "history")
          .durationType()
          .defaultValue(Duration.ofMinutes(1))
          .withDescription(
              "How far back deltas are read when there is no checkpoint. Longer than a holder's"
                  + " word on its place is under way; what a shadow lacks from before, it"
                  + " fetches.");

  public static final ConfigOption<Duration> FLUSH_INTERVAL =
      ConfigOptions.key(PREFIX + "flush-interval")
          .durationType()
          .defaultValue(Duration.ofMillis(5))
          .withDescription(
              "How long a delta waits at most in a buffer between two steps; part of the time from"
                  + " a write to its shadow. 0 s sends each at once.");

  public static final ConfigOption<Integer> HOT_UNITS =
      ConfigOptions.key(PREFIX + "hot-units")
          .intType()
          .defaultValue(10_000)
          .withDescription(
              "Units with shadows whose state a subtask keeps on the heap, about 13 KiB for each of"
                  + " 1 GiB and more; the state of those that were quiet longest lies in the state"
                  + " backend alone.");

  public static final ConfigOption<Duration> LOST_AFTER =
      ConfigOptions.key(PREFIX + "lost-after")
          .durationType()
          .defaultValue(Duration.ofMillis(STREAM.lostMillis()))
          .withDescription(
              "How long a holder of a unit may be ahead of the log as this job reads it, while the"
                  + " job is at its end, before what is between is taken for lost; and how long a"
                  + " shadow may stand still behind its stream before it is sent what it lacks.");

  public static final ConfigOption<Duration> RESYNC_AGAIN =
      ConfigOptions.key(PREFIX + "resync-again")
          .durationType()
          .defaultValue(Duration.ofMillis(STREAM.resyncMillis()))
          .withDescription(
              "How long after a resync a shadow that still asks for one gets the next; doubles each"
                  + " time, up to 32 times.");

  public static final ConfigOption<Duration> STANDING_INTERVAL =
      ConfigOptions.key(PREFIX + "standing-interval")
          .durationType()
          .defaultValue(Duration.ofMillis(STREAM.standingMillis()))
          .withDescription("Least time between two records of one shadow on the topic shadows.");

  public static final ConfigOption<Duration> IN_SYNC_LAG =
      ConfigOptions.key(PREFIX + "in-sync-lag")
          .durationType()
          .defaultValue(Duration.ofMillis(STREAM.inSyncMillis()))
          .withDescription(
              "Age of the oldest write that a shadow lacks up to which it is called in sync.");

  private MoveOptions() {}

  /** All options in the order in which the docs list them. */
  public static List<ConfigOption<?>> all() {
    return List.of(
        SenseOptions.TOPIC_PREFIX,
        SenseOptions.KAFKA_BOOTSTRAP_SERVERS,
        GROUP_ID,
        HISTORY,
        FLUSH_INTERVAL,
        HOT_UNITS,
        LOST_AFTER,
        RESYNC_AGAIN,
        STANDING_INTERVAL,
        IN_SYNC_LAG);
  }
}
