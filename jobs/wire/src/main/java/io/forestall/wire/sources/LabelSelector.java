package io.forestall.wire.sources;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * One condition on a label, as in Prometheus: {@code mode!=idle}, {@code device=~sd.*}. A pattern
 * must match the whole value, and a label that is absent counts as empty. Immutable and safe for
 * threads.
 */
final class LabelSelector {

  /** Values that one selector remembers; labels have few. */
  private static final int MAX_REMEMBERED = 1024;

  private final String label;
  private final byte[] labelBytes;
  private final boolean wanted;
  private final @Nullable String exact;
  private final @Nullable Pattern pattern;
  private final ConcurrentHashMap<String, Boolean> remembered = new ConcurrentHashMap<>();

  private LabelSelector(
      String label, boolean wanted, @Nullable String exact, @Nullable Pattern pattern) {
    this.label = label;
    this.labelBytes = label.getBytes(StandardCharsets.UTF_8);
    this.wanted = wanted;
    this.exact = exact;
    this.pattern = pattern;
  }

  /**
   * Reads conditions that blanks separate.
   *
   * @throws IllegalArgumentException when one is none; the message says why
   */
  static List<LabelSelector> parse(String text) {
    List<LabelSelector> selectors = new ArrayList<>();
    for (String part : text.trim().split("\\s+")) {
      if (!part.isEmpty()) {
        selectors.add(one(part));
      }
    }
    return List.copyOf(selectors);
  }

  private static LabelSelector one(String text) {
    int end = 0;
    while (end < text.length()
        && (Character.isLetterOrDigit(text.charAt(end)) || "_-./".indexOf(text.charAt(end)) >= 0)) {
      end++;
    }
    String label = text.substring(0, end);
    for (String operator : List.of("!~", "=~", "!=", "=")) {
      if (end > 0 && text.startsWith(operator, end)) {
        String value = text.substring(end + operator.length());
        boolean wanted = operator.charAt(0) == '=';
        if (!operator.endsWith("~")) {
          return new LabelSelector(label, wanted, value, null);
        }
        try {
          return new LabelSelector(label, wanted, null, Pattern.compile(value));
        } catch (PatternSyntaxException e) {
          throw new IllegalArgumentException(
              "'" + value + "' is no pattern: " + e.getDescription(), e);
        }
      }
    }
    throw new IllegalArgumentException(
        "'"
            + text
            + "' is no condition: label=value, label!=value, label=~pattern or"
            + " label!~pattern");
  }

  /** Name of the label. */
  String label() {
    return label;
  }

  /** Name of the label in UTF-8. */
  byte[] labelBytes() {
    return labelBytes;
  }

  /** Whether a value, null for an absent label, fulfils it. */
  boolean matches(@Nullable String value) {
    String text = value == null ? "" : value;
    if (exact != null) {
      return exact.equals(text) == wanted;
    }
    if (pattern == null) {
      return wanted;
    }
    Boolean known = remembered.get(text);
    if (known == null) {
      known = pattern.matcher(text).matches();
      if (remembered.size() < MAX_REMEMBERED) {
        remembered.put(text, known);
      }
    }
    return known == wanted;
  }
}
