package io.forestall.operators.decide;

import io.forestall.decisions.guard.PoolArbiter;
import io.forestall.operators.OptionReader;
import java.io.Serializable;
import java.util.Map;
import java.util.Set;
import org.apache.flink.configuration.Configuration;

/**
 * The options of the decide job, checked and ready: mapped once from the configuration, immutable
 * from then on. {@link DecideOptions} says what each means.
 *
 * @param topicPrefix first word of every topic's name
 * @param kafka properties of every Kafka client, without the prefix
 * @param groupId consumer group of the committed offsets
 * @param keys where the guard's keys are
 * @param historyMillis how far back incidents and proposals are read at first; milliseconds
 * @param riskHistoryMillis how far back scores are read at first; milliseconds
 * @param placeGraceMillis how long a score waits for the place of its thing; milliseconds
 * @param flushIntervalMillis how long a record waits in a buffer at most; milliseconds
 */
public record DecideSettings(
    String topicPrefix,
    Map<String, String> kafka,
    String groupId,
    GuardKeys keys,
    long historyMillis,
    long riskHistoryMillis,
    long placeGraceMillis,
    long flushIntervalMillis)
    implements Serializable {

  /** Deciders that run in this job; their proposals are not taken a second time. */
  public static final Set<String> OWN_DECIDERS = Set.of("pool-arbiter");

  /** Copies the map. */
  public DecideSettings {
    kafka = Map.copyOf(kafka);
  }

  /** The settings of an empty configuration. */
  public static DecideSettings defaults() {
    return from(new Configuration());
  }

  /**
   * Maps and checks a configuration.
   *
   * @throws IllegalArgumentException with one line for each thing that is wrong: what, where, what
   *     to do
   */
  public static DecideSettings from(Configuration configuration) {
    OptionReader reader = new OptionReader(configuration);
    reader.refuseUnknown(DecideOptions.PREFIX, DecideOptions.all(), "decide");
    DecideSettings settings =
        new DecideSettings(
            reader.topicPrefix(),
            reader.kafka(),
            reader.notEmpty(DecideOptions.GROUP_ID),
            new GuardKeys(
                reader.get(DecideOptions.SIGNING_KEY_FILE).strip(),
                reader.get(DecideOptions.TRUSTED_KEYS).strip(),
                reader.get(DecideOptions.OPERATOR_KEYS).strip()),
            reader.millis(DecideOptions.HISTORY),
            reader.millis(DecideOptions.RISK_HISTORY),
            reader.atLeastOne(DecideOptions.PLACE_GRACE),
            reader.millis(DecideOptions.FLUSH_INTERVAL));
    reader.check();
    return settings;
  }

  /** The decider of every pool, under these settings. */
  public PoolArbiter arbiter() {
    return new PoolArbiter();
  }
}
