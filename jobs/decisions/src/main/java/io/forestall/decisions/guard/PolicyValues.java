package io.forestall.decisions.guard;

import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the values of policy parameters as people write them. Pure. */
public final class PolicyValues {

  private static final Pattern AMOUNT = Pattern.compile("\\s*([0-9]{1,18})\\s*([a-zA-Z]*)\\s*");
  private static final Pattern HOURS = Pattern.compile("\\s*([0-9]{1,2})\\s*-\\s*([0-9]{1,2})\\s*");

  private static final Map<String, Long> DURATIONS =
      Map.ofEntries(
          Map.entry("ms", 1L),
          Map.entry("s", 1_000L),
          Map.entry("sec", 1_000L),
          Map.entry("min", 60_000L),
          Map.entry("m", 60_000L),
          Map.entry("h", 3_600_000L),
          Map.entry("d", 86_400_000L));

  private static final Map<String, Long> SIZES =
      Map.of("b", 1L, "kb", 1L << 10, "mb", 1L << 20, "gb", 1L << 30, "tb", 1L << 40);

  private PolicyValues() {}

  /**
   * A duration such as {@code 30 s}, {@code 15 min}, {@code 8 h} or {@code 7 d}; milliseconds.
   *
   * @throws IllegalArgumentException when it is none, with a sentence
   */
  public static long durationMillis(String text) {
    return amount(text, DURATIONS, "duration, write it as 30 s, 15 min, 8 h or 7 d");
  }

  /**
   * A size such as {@code 64 mb}; bytes.
   *
   * @throws IllegalArgumentException when it is none, with a sentence
   */
  public static long sizeBytes(String text) {
    return amount(text, SIZES, "size, write it as 64 mb, 10 gb or 2 tb");
  }

  private static long amount(String text, Map<String, Long> units, String what) {
    Matcher matcher = AMOUNT.matcher(text);
    if (matcher.matches()) {
      Long unit = units.get(matcher.group(2).toLowerCase(Locale.ROOT));
      if (unit != null) {
        try {
          return Math.multiplyExact(Long.parseLong(matcher.group(1)), unit);
        } catch (ArithmeticException e) {
          throw new IllegalArgumentException("'" + text + "' is too large", e);
        }
      }
    }
    throw new IllegalArgumentException("'" + text + "' is no " + what);
  }

  /**
   * A share from 0 to 1.
   *
   * @throws IllegalArgumentException when it is none, with a sentence
   */
  public static double share(String text) {
    double value = number(text);
    if (value < 0 || value > 1) {
      throw new IllegalArgumentException("'" + text + "' is no share, write it as 0.02");
    }
    return value;
  }

  /**
   * A finite number.
   *
   * @throws IllegalArgumentException when it is none, with a sentence
   */
  public static double number(String text) {
    double value;
    try {
      value = Double.parseDouble(text.trim());
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("'" + text + "' is no number", e);
    }
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("'" + text + "' is no finite number");
    }
    return value;
  }

  /**
   * A count from 0 to a million.
   *
   * @throws IllegalArgumentException when it is none, with a sentence
   */
  public static int count(String text) {
    Matcher matcher = AMOUNT.matcher(text);
    if (matcher.matches() && matcher.group(2).isEmpty()) {
      long value = Long.parseLong(matcher.group(1));
      if (value <= 1_000_000) {
        return (int) value;
      }
    }
    throw new IllegalArgumentException("'" + text + "' is no count from 0 to 1000000");
  }

  /**
   * A word that is {@code true} or {@code false}.
   *
   * @throws IllegalArgumentException when it is none, with a sentence
   */
  public static boolean flag(String text) {
    return switch (text.trim().toLowerCase(Locale.ROOT)) {
      case "true", "yes" -> true;
      case "false", "no" -> false;
      default -> throw new IllegalArgumentException("'" + text + "' is neither true nor false");
    };
  }

  /**
   * True when the time is within hours of the day, UTC, such as {@code 08-18}; {@code 22-06} goes
   * over midnight. The second hour is excluded.
   *
   * @throws IllegalArgumentException when the hours are none, with a sentence
   */
  public static boolean withinHours(String hours, long nowMillis) {
    Matcher matcher = HOURS.matcher(hours);
    if (matcher.matches()) {
      int from = Integer.parseInt(matcher.group(1));
      int to = Integer.parseInt(matcher.group(2));
      if (from <= 23 && to <= 24 && from != to) {
        long hour = Math.floorMod(Math.floorDiv(nowMillis, 3_600_000L), 24L);
        return from < to ? hour >= from && hour < to : hour >= from || hour < to;
      }
    }
    throw new IllegalArgumentException(
        "'" + hours + "' are no hours of a day, write them as 08-18 (UTC)");
  }
}
