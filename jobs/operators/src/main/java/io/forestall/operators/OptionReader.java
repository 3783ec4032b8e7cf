package io.forestall.operators;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.Configuration;
import org.jspecify.annotations.Nullable;

/**
 * Reads the options of a job from a configuration and collects every error before it gives up, so
 * that one start shows them all. A wrong option reads as its default until {@link #check}.
 */
public final class OptionReader {

  private static final Pattern PREFIX = Pattern.compile("[A-Za-z0-9_-]{1,64}");

  private final Configuration configuration;
  private final List<String> errors = new ArrayList<>();

  /** A reader of a configuration. */
  public OptionReader(Configuration configuration) {
    this.configuration = configuration;
  }

  /** Notes what is wrong: what, where, what to do. */
  public void error(String text) {
    errors.add(text);
  }

  /** True when nothing was wrong so far. */
  public boolean clean() {
    return errors.isEmpty();
  }

  /**
   * Ends the reading.
   *
   * @throws IllegalArgumentException with one line for each thing that is wrong
   */
  public void check() {
    if (!errors.isEmpty()) {
      throw new IllegalArgumentException(String.join(System.lineSeparator(), errors));
    }
  }

  /** Refuses keys under a prefix that are no option. */
  public void refuseUnknown(String prefix, List<ConfigOption<?>> options, String job) {
    Set<String> known = new HashSet<>();
    for (ConfigOption<?> option : options) {
      known.add(option.key());
      option.fallbackKeys().forEach(key -> known.add(key.getKey()));
    }
    for (String key : configuration.keySet()) {
      if (key.startsWith(prefix) && !known.contains(key)) {
        errors.add(key + " is no option of the " + job + " job: OPTIONS.md lists them");
      }
    }
  }

  /** The first word of every topic's name. */
  public String topicPrefix() {
    String prefix = get(SenseOptions.TOPIC_PREFIX);
    if (!PREFIX.matcher(prefix).matches()) {
      errors.add(
          SenseOptions.TOPIC_PREFIX.key()
              + " is '"
              + prefix
              + "': give 1 to 64 letters, digits, '-' or '_'");
    }
    return prefix;
  }

  /** Properties of every Kafka client, without the prefix. */
  public Map<String, String> kafka() {
    Map<String, String> properties = new TreeMap<>();
    properties.put("bootstrap.servers", notEmpty(SenseOptions.KAFKA_BOOTSTRAP_SERVERS));
    for (Map.Entry<String, String> entry : configuration.toMap().entrySet()) {
      if (entry.getKey().startsWith(SenseOptions.KAFKA_PREFIX)
          && entry.getKey().length() > SenseOptions.KAFKA_PREFIX.length()) {
        properties.put(
            entry.getKey().substring(SenseOptions.KAFKA_PREFIX.length()), entry.getValue());
      }
    }
    return properties;
  }

  /** A text that must not be blank. */
  public String notEmpty(ConfigOption<String> option) {
    String value = get(option);
    if (value.isBlank()) {
      errors.add(option.key() + " is empty: give a value or leave the key out");
    }
    return value;
  }

  /** A duration that is not negative; milliseconds. */
  public long millis(ConfigOption<Duration> option) {
    Duration duration = get(option);
    if (duration.isNegative()) {
      errors.add(option.key() + " is negative: give a duration such as '30 s'");
    }
    return duration.toMillis();
  }

  /** A duration that is longer than nothing; milliseconds. */
  public long atLeastOne(ConfigOption<Duration> option) {
    long millis = millis(option);
    if (millis == 0) {
      errors.add(option.key() + " is 0: give a duration such as '1 min'");
      return option.defaultValue().toMillis();
    }
    return millis;
  }

  /** A number within bounds, both included. */
  public <N extends Number> double within(ConfigOption<N> option, double lowest, double highest) {
    double value = get(option).doubleValue();
    if (!(value >= lowest && value <= highest)) {
      errors.add(
          String.format(
              Locale.ROOT,
              "%s is %s: give a number from %s to %s",
              option.key(),
              get(option),
              option.defaultValue() instanceof Integer ? (Object) (long) lowest : lowest,
              option.defaultValue() instanceof Integer ? (Object) (long) highest : highest));
    }
    return value;
  }

  /** The value of an option; its default when it cannot be read. */
  public <V> V get(ConfigOption<V> option) {
    try {
      return configuration.get(option);
    } catch (IllegalArgumentException e) {
      @Nullable String raw = configuration.toMap().get(option.key());
      errors.add(
          option.key()
              + " is '"
              + raw
              + "': "
              + expected(option.defaultValue())
              + ", for example '"
              + OptionsPage.text(option.defaultValue())
              + "'");
      return option.defaultValue();
    }
  }

  private static String expected(Object value) {
    if (value instanceof Duration) {
      return "give a duration with its unit";
    }
    if (value instanceof Enum<?> constant) {
      List<String> names = new ArrayList<>();
      for (Object each : constant.getDeclaringClass().getEnumConstants()) {
        names.add(OptionsPage.text(each));
      }
      return "give one of " + String.join(", ", names);
    }
    if (value instanceof Boolean) {
      return "give true or false";
    }
    return value instanceof Number ? "give a number" : "give a text";
  }
}
