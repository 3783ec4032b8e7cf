package io.forestall.operators.alert;

import io.forestall.decisions.Severity;
import io.forestall.decisions.alert.AlertRules;
import io.forestall.operators.OptionReader;
import java.io.Serializable;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.Configuration;

/**
 * The options of alerts, checked and ready. Immutable. {@link AlertOptions} says what each means.
 *
 * @param addresses of Alertmanager, without a slash at the end; none: nobody is told
 * @param tokenFile file with a bearer token, empty for none
 * @param minSeverity incidents below it are told to nobody
 * @param holdMillis how long a new incident waits; milliseconds
 * @param refreshMillis how often an alert is told again; milliseconds
 * @param perDay incidents of a pool that are told a day
 * @param consoleUrl address of the console, without a slash at the end; empty for none
 */
public record AlertSettings(
    List<String> addresses,
    String tokenFile,
    Severity minSeverity,
    long holdMillis,
    long refreshMillis,
    int perDay,
    String consoleUrl)
    implements Serializable {

  private static final int MAX_PER_DAY = 100_000;
  private static final int MAX_ADDRESSES = 16;

  /** Copies the list. */
  public AlertSettings {
    addresses = List.copyOf(addresses);
  }

  /** Nobody is told. */
  public static AlertSettings off() {
    return from(new Configuration());
  }

  /**
   * Maps and checks a configuration.
   *
   * @throws IllegalArgumentException with one line for each thing that is wrong: what, where, what
   *     to do
   */
  public static AlertSettings from(Configuration configuration) {
    OptionReader reader = new OptionReader(configuration);
    reader.refuseUnknown(AlertOptions.PREFIX, AlertOptions.all(), "decide");
    List<String> addresses = new ArrayList<>();
    for (String address : reader.get(AlertOptions.ADDRESSES).split(",")) {
      if (!address.isBlank()) {
        addresses.add(url(reader, AlertOptions.ADDRESSES, address));
      }
    }
    if (addresses.size() > MAX_ADDRESSES) {
      reader.error(AlertOptions.ADDRESSES.key() + " has more than " + MAX_ADDRESSES);
    }
    Severity severity = reader.get(AlertOptions.MIN_SEVERITY);
    if (severity.compareTo(Severity.WARNING) < 0) {
      reader.error(
          AlertOptions.MIN_SEVERITY.key()
              + " is '"
              + severity.name().toLowerCase(java.util.Locale.ROOT)
              + "': give warning, error or critical");
    }
    String console = reader.get(AlertOptions.CONSOLE_URL);
    AlertSettings settings =
        new AlertSettings(
            addresses,
            reader.get(AlertOptions.TOKEN_FILE).strip(),
            severity,
            reader.millis(AlertOptions.HOLD),
            reader.atLeastOne(AlertOptions.REFRESH),
            (int) reader.within(AlertOptions.MAX_PER_DAY, 1, MAX_PER_DAY),
            console.isBlank() ? "" : url(reader, AlertOptions.CONSOLE_URL, console));
    reader.check();
    return settings;
  }

  private static String url(OptionReader reader, ConfigOption<String> option, String text) {
    String url = text.strip().replaceAll("/+$", "");
    try {
      URI uri = new URI(url);
      boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      if (http && uri.getHost() != null && uri.getUserInfo() == null && uri.getQuery() == null) {
        return url;
      }
    } catch (URISyntaxException e) {
      // Said below, without the text of a library.
    }
    reader.error(
        option.key()
            + " is '"
            + text.strip()
            + "': give an address such as http://host:9093, without a name or password in it");
    return url;
  }

  /** How loud alerts may be, under these settings. */
  public AlertRules rules() {
    return new AlertRules(minSeverity, holdMillis, refreshMillis, perDay, consoleUrl);
  }
}
