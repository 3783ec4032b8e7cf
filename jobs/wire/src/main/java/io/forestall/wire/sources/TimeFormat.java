package io.forestall.wire.sources;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.TemporalAccessor;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How a text says a time: {@code iso}, a count since 1970 in {@code s}, {@code ms}, {@code us} or
 * {@code ns}, {@code auto} for such a count in the unit that its size tells, or a pattern of {@link
 * DateTimeFormatter}; without a zone it is UTC. Immutable and safe for threads.
 */
public final class TimeFormat {

  private static final List<String> COUNTS = List.of("s", "ms", "us", "ns", "auto");

  private final String form;
  private final @Nullable DateTimeFormatter formatter;

  private TimeFormat(String form, @Nullable DateTimeFormatter formatter) {
    this.form = form;
    this.formatter = formatter;
  }

  /** The form of this name or pattern. */
  public static TimeFormat of(String form) {
    if (form.equals("iso") || COUNTS.contains(form)) {
      return new TimeFormat(form, null);
    }
    return new TimeFormat(form, DateTimeFormatter.ofPattern(form, Locale.ROOT));
  }

  /** What is wrong with a form, or null. */
  static @Nullable String problem(String form) {
    try {
      TimeFormat unused = of(form);
      return null;
    } catch (IllegalArgumentException e) {
      return "'"
          + form
          + "' is none of iso, s, ms, us, ns, auto, and no pattern: "
          + e.getMessage();
    }
  }

  /**
   * The time of a text; milliseconds since 1970-01-01 UTC, {@link SourceProblem#NO_TIME} when it
   * says none.
   */
  public long millis(String text) {
    String trimmed = text.trim();
    try {
      if (COUNTS.contains(form)) {
        return millis(form, Double.parseDouble(trimmed));
      }
      if (formatter != null) {
        TemporalAccessor parsed =
            formatter.parseBest(trimmed, ZonedDateTime::from, LocalDateTime::from, LocalDate::from);
        if (parsed instanceof ZonedDateTime zoned) {
          return zoned.toInstant().toEpochMilli();
        }
        return (parsed instanceof LocalDateTime local ? local : ((LocalDate) parsed).atStartOfDay())
            .toInstant(ZoneOffset.UTC)
            .toEpochMilli();
      }
      String iso = trimmed.replace(' ', 'T');
      if (iso.indexOf('T') < 0) {
        return LocalDate.parse(iso).atStartOfDay().toInstant(ZoneOffset.UTC).toEpochMilli();
      }
      int clock = iso.indexOf('T');
      boolean zoned =
          iso.endsWith("Z") || iso.indexOf('+', clock) > 0 || iso.indexOf('-', clock) > 0;
      return zoned
          ? OffsetDateTime.parse(iso).toInstant().toEpochMilli()
          : LocalDateTime.parse(iso).toInstant(ZoneOffset.UTC).toEpochMilli();
    } catch (DateTimeException | NumberFormatException e) {
      return SourceProblem.NO_TIME;
    }
  }

  /** A count since 1970 as milliseconds. */
  static long millis(String unit, double count) {
    if (!Double.isFinite(count)) {
      return SourceProblem.NO_TIME;
    }
    String chosen = unit;
    if (unit.equals("auto")) {
      // The year 2000 in milliseconds is beyond the year 30000 in seconds, and so on.
      chosen = count < 1e11 ? "s" : count < 1e14 ? "ms" : count < 1e17 ? "us" : "ns";
    }
    double millis =
        switch (chosen) {
          case "s" -> count * 1e3;
          case "ms" -> count;
          case "us" -> count / 1e3;
          default -> count / 1e6;
        };
    return Math.abs(millis) > 1e15 ? SourceProblem.NO_TIME : Math.round(millis);
  }
}
