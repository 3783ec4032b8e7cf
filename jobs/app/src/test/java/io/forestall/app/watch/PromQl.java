package io.forestall.app.watch;

import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds the series and labels that a PromQL expression names. Knows words, not grammar. */
final class PromQl {
  private static final Set<String> KEYWORDS =
      Set.of(
          "and",
          "or",
          "unless",
          "by",
          "without",
          "on",
          "ignoring",
          "group_left",
          "group_right",
          "offset",
          "bool",
          "inf",
          "nan",
          "Inf",
          "NaN");
  private static final Pattern STRINGS = Pattern.compile("\"(?:[^\"\\\\]|\\\\.)*\"");
  private static final Pattern MATCHERS = Pattern.compile("\\{[^}]*}");
  private static final Pattern GROUPS =
      Pattern.compile("\\b(by|without|on|ignoring|group_left|group_right)\\s*\\(([^)]*)\\)");
  private static final Pattern RANGES = Pattern.compile("\\[[^]]*]");
  private static final Pattern OFFSETS = Pattern.compile("\\boffset\\s+-?[0-9a-z]+");
  private static final Pattern WORDS =
      Pattern.compile("(?<![A-Za-z0-9_:.$])([a-zA-Z_:][a-zA-Z0-9_:]*)(\\s*\\()?");
  private static final Pattern LABELS =
      Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)\\s*(?:=~|!~|!=|=)");

  private PromQl() {}

  /** The series. */
  static Set<String> series(String expression) {
    String rest = STRINGS.matcher(expression).replaceAll("\"\"");
    rest = MATCHERS.matcher(rest).replaceAll("");
    rest = RANGES.matcher(rest).replaceAll("");
    rest = GROUPS.matcher(rest).replaceAll("");
    rest = OFFSETS.matcher(rest).replaceAll("");
    Set<String> series = new TreeSet<>();
    Matcher words = WORDS.matcher(rest);
    while (words.find()) {
      if (words.group(2) == null && !KEYWORDS.contains(words.group(1))) {
        series.add(words.group(1));
      }
    }
    return series;
  }

  /** Labels that matchers and groupings name. */
  static Set<String> labels(String expression) {
    Set<String> labels = new TreeSet<>();
    String rest = STRINGS.matcher(expression).replaceAll("\"\"");
    Matcher groups = GROUPS.matcher(rest);
    while (groups.find()) {
      for (String label : groups.group(2).split(",")) {
        if (!label.isBlank()) {
          labels.add(label.strip());
        }
      }
    }
    Matcher matchers = MATCHERS.matcher(rest);
    while (matchers.find()) {
      Matcher label = LABELS.matcher(matchers.group());
      while (label.find()) {
        labels.add(label.group(1));
      }
    }
    return labels;
  }
}
