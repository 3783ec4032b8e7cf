package io.forestall.app.operate;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Times and lengths as the commands print them. Stateless. */
public final class Times {
  private static final DateTimeFormatter SECOND =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

  private Times() {}

  /** A time in UTC, to the second. */
  public static String utc(long millis) {
    return SECOND.format(Instant.ofEpochMilli(millis)) + "Z";
  }

  /** A time in UTC, a dash for none. */
  public static String utcOrDash(@Nullable Long millis) {
    return millis == null ? "-" : utc(millis);
  }

  /**
   * A point in time as people write it: ISO-8601, UTC when it has no offset; milliseconds since
   * 1970-01-01 UTC.
   *
   * @param what how it is called when it makes no sense
   * @throws io.forestall.app.CommandFailure when it is none
   */
  public static long millis(String what, String text) {
    return Span.millis(what, text);
  }

  /** A length in its largest units, such as {@code 2 h 30 min}. */
  public static String length(long millis) {
    long seconds = Math.max(0, millis) / 1000;
    if (seconds < 120) {
      return seconds + " s";
    }
    long minutes = (seconds + 30) / 60;
    if (minutes < 120) {
      return minutes + " min";
    }
    long hours = minutes / 60;
    if (hours < 48) {
      return hours + " h" + (minutes % 60 == 0 ? "" : " " + minutes % 60 + " min");
    }
    return hours / 24 + " d" + (hours % 24 == 0 ? "" : " " + hours % 24 + " h");
  }
}
