package io.forestall.app.console;

import io.forestall.schemas.EntityRef;
import io.forestall.wire.Keys;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the parameters of a request; what makes no sense is refused in a sentence. Stateless. */
final class Parameters {
  private static final int DEFAULT_LIMIT = 100;

  private Parameters() {}

  /** The words of a list with commas, empty when it is not given. */
  static List<String> list(Map<String, String> given, String name) {
    String text = given.get(name);
    if (text == null) {
      return List.of();
    }
    return List.of(text.split(",", -1));
  }

  /** The constant with this name in any case. */
  static <E extends Enum<E>> E oneOf(Class<E> type, String name, String value) {
    List<String> known = new ArrayList<>();
    for (E constant : type.getEnumConstants()) {
      if (constant.name().equalsIgnoreCase(value)) {
        return constant;
      }
      known.add(constant.name().toLowerCase(Locale.ROOT));
    }
    throw new IllegalArgumentException(name + " must be one of " + String.join(", ", known));
  }

  /** True or false, null when it is not given. */
  static @Nullable Boolean flag(Map<String, String> given, String name) {
    String text = given.get(name);
    if (text == null) {
      return null;
    }
    if (!text.equals("true") && !text.equals("false")) {
      throw new IllegalArgumentException(name + " must be true or false");
    }
    return text.equals("true");
  }

  /** The key of an entity, such as {@code node/n-0001}, null when it is not given. */
  static @Nullable String key(Map<String, String> given, String name) {
    String text = given.get(name);
    if (text == null) {
      return null;
    }
    EntityRef entity = Keys.parse(text);
    if (entity == null) {
      throw new IllegalArgumentException(name + " must be the key of an entity, as node/n-0001");
    }
    return Keys.of(entity);
  }

  /** A time, the smallest one when it is not given; milliseconds since 1970-01-01 UTC. */
  static long millis(Map<String, String> given, String name) {
    String text = given.get(name);
    if (text == null) {
      return Long.MIN_VALUE;
    }
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException noNumber) {
      try {
        return Instant.parse(text).toEpochMilli();
      } catch (DateTimeParseException | ArithmeticException e) {
        throw new IllegalArgumentException(
            name + " must be milliseconds since 1970, or a time as 2026-01-31T08:00:00Z", e);
      }
    }
  }

  /** Entries to skip. */
  static int offset(Map<String, String> given) {
    return whole(given, "offset", 0, 0, 10_000_000);
  }

  /** Entries at most. */
  static int limit(Map<String, String> given) {
    return whole(given, "limit", DEFAULT_LIMIT, 1, RiskQuery.MAX_LIMIT);
  }

  /** A whole number within limits. */
  static int whole(Map<String, String> given, String name, int otherwise, int least, int most) {
    String text = given.get(name);
    if (text == null) {
      return otherwise;
    }
    int number;
    try {
      number = Integer.parseInt(text);
    } catch (NumberFormatException e) {
      number = least - 1;
    }
    if (number < least || number > most) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%s must be a number from %d to %d", name, least, most));
    }
    return number;
  }
}
