package io.forestall.app.ingest;

import io.forestall.app.CommandFailure;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Lengths of time as people write them on a command line: 500ms, 15s, 5m, 1h, 7d. Stateless. */
final class Durations {

  private static final Pattern FORM = Pattern.compile("(\\d{1,12})\\s*(ms|s|m|h|d)");

  private Durations() {}

  /**
   * A length of time; milliseconds.
   *
   * @param option name of the option, for the message
   * @throws CommandFailure when it is none
   */
  static long millis(String option, String text) {
    Matcher form = FORM.matcher(text.trim().toLowerCase(Locale.ROOT));
    if (!form.matches()) {
      throw CommandFailure.usage(
          option + " is a length of time such as 500ms, 15s, 5m, 1h or 7d, not '" + text + "'");
    }
    long count = Long.parseLong(form.group(1));
    long unit =
        switch (form.group(2)) {
          case "ms" -> 1;
          case "s" -> 1000;
          case "m" -> 60_000;
          case "h" -> 3_600_000;
          default -> 86_400_000;
        };
    if (count > Long.MAX_VALUE / 86_400_000 / 4) {
      throw CommandFailure.usage(option + " is too long: '" + text + "'");
    }
    return count * unit;
  }
}
