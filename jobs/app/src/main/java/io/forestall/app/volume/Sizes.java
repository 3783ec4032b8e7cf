package io.forestall.app.volume;

import io.forestall.app.CommandFailure;
import java.math.BigDecimal;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as people write them and as the commands print them. Stateless. */
final class Sizes {
  private static final Pattern SIZE =
      Pattern.compile("([0-9]{1,18}(?:\\.[0-9]{1,6})?)\\s*([A-Za-z]*)");
  private static final Map<String, Long> UNITS =
      Map.ofEntries(
          Map.entry("", 1L),
          Map.entry("b", 1L),
          Map.entry("kib", 1L << 10),
          Map.entry("mib", 1L << 20),
          Map.entry("gib", 1L << 30),
          Map.entry("tib", 1L << 40),
          Map.entry("pib", 1L << 50),
          Map.entry("kb", 1000L),
          Map.entry("mb", 1_000_000L),
          Map.entry("gb", 1_000_000_000L),
          Map.entry("tb", 1_000_000_000_000L),
          Map.entry("pb", 1_000_000_000_000_000L));

  private Sizes() {}

  /**
   * The size in bytes.
   *
   * @throws CommandFailure when it is none
   */
  static long bytes(String option, String text) {
    Matcher matcher = SIZE.matcher(text.strip());
    Long unit = matcher.matches() ? UNITS.get(matcher.group(2).toLowerCase(Locale.ROOT)) : null;
    if (unit == null) {
      throw CommandFailure.usage(option + " '" + text + "' is no size: write 10GiB, 512MiB, 4096");
    }
    try {
      return new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(unit)).longValueExact();
    } catch (ArithmeticException e) {
      throw CommandFailure.usage(
          option + " '" + text + "' is no whole number of bytes below 8 EiB");
    }
  }

  /** A size in its largest binary unit. */
  static String text(long bytes) {
    if (bytes < 1024) {
      return bytes + " B";
    }
    int power = (63 - Long.numberOfLeadingZeros(bytes)) / 10;
    double value = bytes / Math.pow(1024, power);
    String number = String.format(Locale.ROOT, value == Math.rint(value) ? "%.0f" : "%.1f", value);
    return number + " " + "KMGTPE".charAt(power - 1) + "iB";
  }
}
