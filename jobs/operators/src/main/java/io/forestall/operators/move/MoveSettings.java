package io.forestall.operators.move;

import io.forestall.decisions.shadow.ShadowStream;
import io.forestall.decisions.shadow.StreamPolicy;
import io.forestall.operators.OptionReader;
import java.io.Serializable;
import java.util.Map;
import org.apache.flink.configuration.Configuration;

/**
 * The options of the move job, checked and ready: mapped once from the configuration, immutable
 * from then on. {@link MoveOptions} says what each means.
 *
 * @param topicPrefix first word of every topic's name
 * @param kafka properties of every Kafka client, without the prefix
 * @param groupId consumer group of the committed offsets
 * @param historyMillis how far back deltas are read at first; milliseconds
 * @param flushIntervalMillis how long a delta waits in a buffer at most; milliseconds
 * @param hotUnits units whose state a subtask keeps on the heap; count
 * @param lostMillis how long a holder may be ahead of the log; milliseconds
 * @param resyncMillis how long a resync is waited for at first; milliseconds
 * @param standingMillis least time between two standings of a shadow; milliseconds
 * @param inSyncMillis age of a lag up to which a shadow is in sync; milliseconds
 */
public record MoveSettings(
    String topicPrefix,
    Map<String, String> kafka,
    String groupId,
    long historyMillis,
    long flushIntervalMillis,
    int hotUnits,
    long lostMillis,
    long resyncMillis,
    long standingMillis,
    long inSyncMillis)
    implements Serializable {

  private static final int MOST_HOT_UNITS = 1_000_000;

  /** Copies the map. */
  public MoveSettings {
    kafka = Map.copyOf(kafka);
  }

  /** The settings of an empty configuration. */
  public static MoveSettings defaults() {
    return from(new Configuration());
  }

  /**
   * Maps and checks a configuration.
   *
   * @throws IllegalArgumentException with one line for each thing that is wrong: what, where, what
   *     to do
   */
  public static MoveSettings from(Configuration configuration) {
    OptionReader reader = new OptionReader(configuration);
    reader.refuseUnknown(MoveOptions.PREFIX, MoveOptions.all(), "move");
    MoveSettings settings =
        new MoveSettings(
            reader.topicPrefix(),
            reader.kafka(),
            reader.notEmpty(MoveOptions.GROUP_ID),
            reader.millis(MoveOptions.HISTORY),
            reader.millis(MoveOptions.FLUSH_INTERVAL),
            (int) reader.within(MoveOptions.HOT_UNITS, 1, MOST_HOT_UNITS),
            reader.atLeastOne(MoveOptions.LOST_AFTER),
            reader.atLeastOne(MoveOptions.RESYNC_AGAIN),
            reader.atLeastOne(MoveOptions.STANDING_INTERVAL),
            reader.atLeastOne(MoveOptions.IN_SYNC_LAG));
    reader.check();
    return settings;
  }

  /** The stream of every unit, under these settings. */
  public ShadowStream stream() {
    return new ShadowStream(
        new StreamPolicy(lostMillis, resyncMillis, standingMillis, inSyncMillis));
  }
}
