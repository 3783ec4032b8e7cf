package io.forestall.operators.correlate;

import io.forestall.operators.OptionReader;
import java.io.Serializable;
import java.util.Map;
import org.apache.flink.configuration.Configuration;

/**
 * The options of the correlate job, checked and ready: mapped once from the configuration,
 * immutable from then on. {@link CorrelateOptions} says what each means.
 *
 * @param topicPrefix first word of every topic's name
 * @param kafka properties of every Kafka client, without the prefix
 * @param groupId consumer group of the committed offsets
 * @param rulesFile file with the rules, empty for the shipped ones
 * @param outOfOrdernessMillis how far event time stays behind the newest event; milliseconds
 * @param quietAfterMillis silence after which a partition is quiet; milliseconds
 * @param advanceWhenQuiet true when event time goes on with the wall clock while all is quiet
 * @param startQuietMillis silence after which fleet and policies count as read; milliseconds
 * @param duplicatesWithinMillis how long identifiers are remembered; milliseconds
 * @param duplicatesLimit how many identifiers of one thing are remembered; count
 * @param futureToleranceMillis how far ahead of the broker's clock an event may be; milliseconds
 * @param flushIntervalMillis how long a record waits in a buffer at most; milliseconds
 */
public record CorrelateSettings(
    String topicPrefix,
    Map<String, String> kafka,
    String groupId,
    String rulesFile,
    long outOfOrdernessMillis,
    long quietAfterMillis,
    boolean advanceWhenQuiet,
    long startQuietMillis,
    long duplicatesWithinMillis,
    int duplicatesLimit,
    long futureToleranceMillis,
    long flushIntervalMillis)
    implements Serializable {

  /** Copies the map. */
  public CorrelateSettings {
    kafka = Map.copyOf(kafka);
  }

  /** The settings of an empty configuration. */
  public static CorrelateSettings defaults() {
    return from(new Configuration());
  }

  /**
   * Maps and checks a configuration.
   *
   * @throws IllegalArgumentException with one line for each thing that is wrong: what, where, what
   *     to do
   */
  public static CorrelateSettings from(Configuration configuration) {
    OptionReader reader = new OptionReader(configuration);
    reader.refuseUnknown(CorrelateOptions.PREFIX, CorrelateOptions.all(), "correlate");
    CorrelateSettings settings =
        new CorrelateSettings(
            reader.topicPrefix(),
            reader.kafka(),
            reader.notEmpty(CorrelateOptions.GROUP_ID),
            reader.get(CorrelateOptions.RULES_FILE).strip(),
            reader.millis(CorrelateOptions.OUT_OF_ORDERNESS),
            reader.atLeastOne(CorrelateOptions.QUIET_AFTER),
            reader.get(CorrelateOptions.ADVANCE_WHEN_QUIET),
            reader.millis(CorrelateOptions.START_QUIET),
            reader.millis(CorrelateOptions.DUPLICATES_WITHIN),
            (int) reader.within(CorrelateOptions.DUPLICATES_LIMIT, 16, 65536),
            reader.millis(CorrelateOptions.FUTURE_TOLERANCE),
            reader.millis(CorrelateOptions.FLUSH_INTERVAL));
    reader.check();
    return settings;
  }
}
