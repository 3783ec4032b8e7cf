package io.forestall.app.operate;

import io.forestall.app.CommandFailure;
import io.forestall.decisions.guard.PolicyValues;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import org.jspecify.annotations.Nullable;

/**
 * From when to when a word holds. Immutable.
 *
 * @param fromMillis when it begins, null for now; milliseconds since 1970-01-01 UTC
 * @param expiresMillis when it ends, null for never; milliseconds since 1970-01-01 UTC
 */
record Span(@Nullable Long fromMillis, @Nullable Long expiresMillis) {

  /** From now, without an end. */
  static final Span OPEN = new Span(null, null);

  /**
   * As people write it.
   *
   * @param from when it begins, null for now
   * @param length how long it holds, such as {@code 8 h}, null when {@code until} says it
   * @param until when it ends, null when {@code length} says it
   * @throws CommandFailure when one makes no sense
   */
  static Span of(
      long nowMillis, @Nullable String from, @Nullable String length, @Nullable String until) {
    return of(
        nowMillis,
        from == null ? null : millis("the begin", from),
        length,
        until == null ? null : millis("the end", until));
  }

  /** As the other, with times as milliseconds since 1970-01-01 UTC. */
  static Span of(
      long nowMillis, @Nullable Long from, @Nullable String length, @Nullable Long until) {
    if (length != null && until != null) {
      throw CommandFailure.usage("say either how long or until when, not both");
    }
    long begin = from == null ? nowMillis : from;
    Long end = until;
    if (length != null) {
      try {
        long millis = PolicyValues.durationMillis(length);
        if (millis <= 0) {
          throw CommandFailure.usage("'" + length + "' is no time at all");
        }
        end = Math.addExact(begin, millis);
      } catch (IllegalArgumentException | ArithmeticException e) {
        throw CommandFailure.usage(String.valueOf(e.getMessage()));
      }
    }
    if (end != null && end <= nowMillis) {
      throw CommandFailure.usage("it would have ended before now: give a later end");
    }
    // A length is counted from a begin that is written down, so that it is exactly that long.
    return new Span(length == null ? from : Long.valueOf(begin), end);
  }

  /** The same with an end after this time, when it has none. */
  Span otherwise(long nowMillis, long lengthMillis) {
    long begin = fromMillis == null ? nowMillis : fromMillis;
    return expiresMillis != null ? this : new Span(begin, begin + lengthMillis);
  }

  /** The same, which must have an end. */
  Span ending(String what) {
    if (expiresMillis == null) {
      throw CommandFailure.usage(
          what + " must end, so that nobody forgets it: say how long or until when");
    }
    return this;
  }

  /**
   * A point in time as people write it: ISO-8601, UTC when it has no offset.
   *
   * @throws CommandFailure when it is none
   */
  static long millis(String what, String text) {
    try {
      if (text.length() > 10 && text.matches(".*(Z|[+-][0-9:]{2,6})")) {
        return OffsetDateTime.parse(text).toInstant().toEpochMilli();
      }
      if (text.indexOf('T') > 0) {
        return LocalDateTime.parse(text).toInstant(ZoneOffset.UTC).toEpochMilli();
      }
      return Instant.parse(text + "T00:00:00Z").toEpochMilli();
    } catch (DateTimeException | ArithmeticException e) {
      throw CommandFailure.usage(
          what + " '" + text + "' is no time: write 2026-11-22T08:00, UTC unless it has an offset");
    }
  }
}
