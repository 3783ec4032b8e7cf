package io.forestall.decisions.alert;

import io.forestall.decisions.Severity;

/**
 * How loud alerts may be. Immutable.
 *
 * @param minSeverity incidents below it are told to nobody; at least WARNING, so that what is only
 *     worth a line in a timeline never pages
 * @param holdMillis how long a new incident waits before it is told, so that one that is over in a
 *     moment, or is read again after a restart, is told to nobody; milliseconds
 * @param refreshMillis how often an alert that goes on is told again, so that Alertmanager does not
 *     take it for over; milliseconds
 * @param perDay how many incidents of a pool are told a day (UTC); one alert stands for the rest
 * @param consoleUrl address of the console for links, without a slash at its end; empty for none
 */
public record AlertRules(
    Severity minSeverity, long holdMillis, long refreshMillis, int perDay, String consoleUrl) {

  /** How many refreshes may be lost before Alertmanager takes an alert for over. */
  static final int REFRESHES_TO_LIVE = 4;

  /** Checks what is given. */
  public AlertRules {
    if (minSeverity.compareTo(Severity.WARNING) < 0
        || holdMillis < 0
        || refreshMillis < 1
        || perDay < 1) {
      throw new IllegalArgumentException(
          "alerts need a severity from WARNING on, a refresh and a cap of at least 1");
    }
  }

  /** Shipped values. */
  public static AlertRules defaults() {
    return new AlertRules(Severity.WARNING, 2_000, 60_000, 100, "");
  }
}
