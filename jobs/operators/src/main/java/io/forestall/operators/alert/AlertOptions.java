package io.forestall.operators.alert;

import io.forestall.decisions.Severity;
import java.time.Duration;
import java.util.List;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;

/**
 * Every option of what is told to Alertmanager, which the decide job does. Keys never change: a
 * renamed option keeps its old key as a deprecated one.
 */
public final class AlertOptions {

  /** First words of the keys. */
  public static final String PREFIX = "forestall.alerts.";

  public static final ConfigOption<String> ADDRESSES =
      ConfigOptions.key(PREFIX + "addresses")
          .stringType()
          .defaultValue("")
          .withDescription(
              "Addresses of Alertmanager, parted by commas, such as http://alertmanager:9093; all"
                  + " members of a cluster, each is told. https is checked by the JVM's trusted"
                  + " certificates. Empty: nobody is told; incidents still stand in their topic.");

  public static final ConfigOption<String> TOKEN_FILE =
      ConfigOptions.key(PREFIX + "token-file")
          .stringType()
          .defaultValue("")
          .withDescription(
              "File with a bearer token for Alertmanager, read on every TaskManager before each"
                  + " request, so that it can be changed. Empty: none is sent.");

  public static final ConfigOption<Severity> MIN_SEVERITY =
      ConfigOptions.key(PREFIX + "min-severity")
          .enumType(Severity.class)
          .defaultValue(Severity.WARNING)
          .withDescription(
              "Incidents below it are told to nobody; warning, error or critical. An incident in"
                  + " which nothing has happened yet is a warning at most, so a score alone pages"
                  + " nobody.");

  public static final ConfigOption<Duration> HOLD =
      ConfigOptions.key(PREFIX + "hold")
          .durationType()
          .defaultValue(Duration.ofSeconds(2))
          .withDescription(
              "How long a new incident waits before it is told, so that one that is over in a"
                  + " moment, or is read again after a restart, is told to nobody.");

  public static final ConfigOption<Duration> REFRESH =
      ConfigOptions.key(PREFIX + "refresh")
          .durationType()
          .defaultValue(Duration.ofMinutes(1))
          .withDescription(
              "How often an alert that goes on is told again. It ends by itself four times as long"
                  + " after it was told last, also when nobody can say that it is over.");

  public static final ConfigOption<Integer> MAX_PER_DAY =
      ConfigOptions.key(PREFIX + "max-per-pool-and-day")
          .intType()
          .defaultValue(100)
          .withDescription(
              "Incidents of a pool that are told one by one in a day (UTC). One alert stands for"
                  + " all further ones, as severe as the worst of them.");

  public static final ConfigOption<String> CONSOLE_URL =
      ConfigOptions.key(PREFIX + "console-url")
          .stringType()
          .defaultValue("")
          .withDescription(
              "Address of the console as people open it, such as https://forestall.example.com, for"
                  + " the link in each alert. Empty: no link.");

  private AlertOptions() {}

  /** All options in the order in which the docs list them. */
  public static List<ConfigOption<?>> all() {
    return List.of(ADDRESSES, TOKEN_FILE, MIN_SEVERITY, HOLD, REFRESH, MAX_PER_DAY, CONSOLE_URL);
  }
}
