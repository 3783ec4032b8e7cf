package io.forestall.decisions;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Durations as people write them in rules and policies: {@code 500 ms}, {@code 30 s}, {@code 15
 * min}, {@code 8 h}, {@code 7 d}. Thread-safe.
 */
public final class DurationText {

  /** Longest duration; milliseconds. */
  public static final long MAX_MILLIS = 3650L * 86_400_000;

  private static final Pattern TEXT = Pattern.compile("(\\d{1,12})\\s*(ms|s|min|m|h|d)");

  private DurationText() {}

  /**
   * The milliseconds of a text.
   *
   * @throws IllegalArgumentException when the text is no duration, or one of more than ten years
   */
  public static long parseMillis(String text) {
    Matcher matcher = TEXT.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      String shown = text.length() <= 40 ? text : text.substring(0, 40) + "...";
      throw new IllegalArgumentException(
          "'"
              + shown
              + "' is no duration: write a whole number and ms, s, min, h or d, as in 15 min");
    }
    long number = Long.parseLong(matcher.group(1));
    long unit = unitMillis(matcher.group(2));
    if (number > MAX_MILLIS / unit) {
      throw new IllegalArgumentException("'" + text.strip() + "' is longer than ten years");
    }
    return number * unit;
  }

  /** The shortest text that {@link #parseMillis} reads as this. */
  public static String of(long millis) {
    for (String unit : new String[] {"d", "h", "min", "s"}) {
      if (millis != 0 && millis % unitMillis(unit) == 0) {
        return millis / unitMillis(unit) + " " + unit;
      }
    }
    return millis == 0 ? "0 s" : millis + " ms";
  }

  private static long unitMillis(String unit) {
    return switch (unit) {
      case "ms" -> 1;
      case "s" -> 1000;
      case "m", "min" -> 60_000;
      case "h" -> 3_600_000;
      default -> 86_400_000;
    };
  }
}
