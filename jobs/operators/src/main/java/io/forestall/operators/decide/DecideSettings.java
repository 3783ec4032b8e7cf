package io.forestall.operators.decide;

import io.forestall.decisions.guard.GuardPolicy;
import io.forestall.decisions.guard.PoolArbiter;
import io.forestall.operators.OptionReader;
import java.io.Serializable;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;

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
 * @param limits limits of the guard that are not the shipped ones, by name; policies of an operator
 *     still win over them
 * @param saga limits of the failover saga
 */
public record DecideSettings(
    String topicPrefix,
    Map<String, String> kafka,
    String groupId,
    GuardKeys keys,
    long historyMillis,
    long riskHistoryMillis,
    long placeGraceMillis,
    long flushIntervalMillis,
    Map<String, String> limits,
    SagaLimits saga)
    implements Serializable {

  /** Deciders that run in this job; their proposals are not taken a second time. */
  public static final Set<String> OWN_DECIDERS = Set.of("pool-arbiter");

  /** Copies the map. */
  public DecideSettings {
    kafka = Map.copyOf(kafka);
    limits = Map.copyOf(limits);
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
            reader.millis(DecideOptions.FLUSH_INTERVAL),
            limits(reader),
            SagaLimits.from(reader));
    reader.check();
    return settings;
  }

  /** The limits that differ from the shipped ones, checked together. */
  private static Map<String, String> limits(OptionReader reader) {
    Map<String, String> changed = new TreeMap<>();
    for (ConfigOption<?> option : DecideOptions.limits()) {
      Object value = reader.get(option);
      if (!value.equals(option.defaultValue())) {
        changed.put(limit(option), text(value));
      }
    }
    try {
      GuardPolicy.DEFAULTS.with(changed);
    } catch (IllegalArgumentException e) {
      reader.error(DecideOptions.PREFIX + e.getMessage());
      return Map.of();
    }
    return changed;
  }

  /** The guard's own name of a limit. */
  private static String limit(ConfigOption<?> option) {
    return option == DecideOptions.FAILOVER_THRESHOLD
        ? "failover-threshold"
        : option.key().substring(DecideOptions.PREFIX.length());
  }

  private static String text(Object value) {
    if (value instanceof Duration duration) {
      return duration.toMillis() + " ms";
    }
    return value instanceof MemorySize size ? size.getBytes() + " b" : String.valueOf(value);
  }

  /** The decider of every pool, under these settings. */
  public PoolArbiter arbiter() {
    return new PoolArbiter(GuardPolicy.DEFAULTS.with(limits));
  }
}
