package io.forestall.wire.rules;

import io.forestall.decisions.DurationText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The fields of one mapping: each is read once, with its type and range; what nobody asked for is a
 * problem. A wrong field gives its default, so that one reading finds every problem. For one
 * thread.
 */
final class Fields {

  private static final Pattern WHOLE = Pattern.compile("-?\\d{1,18}");
  private static final int MAX_TEXT_CHARS = 1000;

  private final Problems problems;
  private final String where;
  private final int line;
  private final Map<String, YamlTree.Entry> entries;
  private final Set<String> known = new LinkedHashSet<>();

  private Fields(Problems problems, String where, int line, Map<String, YamlTree.Entry> entries) {
    this.problems = problems;
    this.where = where;
    this.line = line;
    this.entries = entries;
  }

  /**
   * The fields of a part.
   *
   * @param where what the part is, for messages
   */
  static Fields of(Problems problems, String where, YamlTree tree) {
    if (tree instanceof YamlTree.Mapping mapping) {
      return new Fields(problems, where, mapping.line(), mapping.entries());
    }
    problems.add(tree.line(), where + ": write fields, each as 'name: value'");
    return new Fields(problems, where, tree.line(), Map.of());
  }

  /** The same with another name in messages. */
  Fields named(String name) {
    Fields named = new Fields(problems, name, line, entries);
    named.known.addAll(known);
    return named;
  }

  int line() {
    return line;
  }

  int line(String name) {
    YamlTree.Entry entry = entries.get(name);
    return entry == null ? line : entry.line();
  }

  void problem(String name, String sentence) {
    problems.add(line(name), where + ", " + name + ": " + sentence);
  }

  boolean has(String name) {
    known.add(name);
    return entries.containsKey(name);
  }

  @Nullable YamlTree tree(String name) {
    known.add(name);
    YamlTree.Entry entry = entries.get(name);
    return entry == null ? null : entry.value();
  }

  /** To be called last: complains of each field that was never asked for. */
  void nothingElse() {
    for (Map.Entry<String, YamlTree.Entry> entry : entries.entrySet()) {
      if (!known.contains(entry.getKey())) {
        String near = nearest(entry.getKey());
        problems.add(
            entry.getValue().line(),
            where
                + ": unknown field "
                + Problems.quoted(entry.getKey())
                + (near == null
                    ? "; known are " + String.join(", ", known)
                    : "; is " + near + " meant?"));
      }
    }
  }

  private @Nullable String nearest(String name) {
    String nearest = null;
    int least = 4;
    String wanted = name.toLowerCase(Locale.ROOT).replaceAll("[-_]", "");
    if (wanted.length() > 40) {
      return null;
    }
    for (String candidate : known) {
      int distance = distance(wanted, candidate.toLowerCase(Locale.ROOT));
      if (distance < least && distance < candidate.length() - 1) {
        least = distance;
        nearest = candidate;
      }
    }
    return nearest;
  }

  private static int distance(String left, String right) {
    int[] row = new int[right.length() + 1];
    for (int j = 0; j <= right.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= left.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= right.length(); j++) {
        int replaced = diagonal + (left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[right.length()];
  }

  /** A text; null when it is absent or no text. */
  @Nullable String text(String name) {
    YamlTree tree = tree(name);
    if (tree == null) {
      return null;
    }
    return text(name, tree);
  }

  private @Nullable String text(String name, YamlTree tree) {
    if (!(tree instanceof YamlTree.Scalar scalar)) {
      problems.add(tree.line(), where + ", " + name + ": write one value here");
      return null;
    }
    if (scalar.text() == null || scalar.text().isBlank()) {
      problems.add(tree.line(), where + ", " + name + ": is empty; write a value or leave it out");
      return null;
    }
    if (scalar.text().length() > MAX_TEXT_CHARS) {
      problems.add(
          tree.line(), where + ", " + name + ": is longer than " + MAX_TEXT_CHARS + " characters");
      return null;
    }
    return scalar.text().strip();
  }

  /** A text that must be there; {@code "?"} when it is not. */
  String requiredText(String name) {
    if (!has(name)) {
      problems.add(line, where + ": " + name + " is missing");
      return "?";
    }
    String text = text(name);
    return text == null ? "?" : text;
  }

  boolean truth(String name, boolean absent) {
    String text = text(name);
    if (text == null) {
      return absent;
    }
    if (!text.equals("true") && !text.equals("false")) {
      problem(name, Problems.quoted(text) + " is neither true nor false");
      return absent;
    }
    return text.equals("true");
  }

  long whole(String name, long absent, long least, long most) {
    String text = text(name);
    if (text == null) {
      return absent;
    }
    if (WHOLE.matcher(text).matches()) {
      long value = Long.parseLong(text);
      if (value >= least && value <= most) {
        return value;
      }
    }
    problem(name, Problems.quoted(text) + " is no whole number from " + least + " to " + most);
    return absent;
  }

  @Nullable Double number(String name) {
    String text = text(name);
    if (text == null) {
      return null;
    }
    Double value = finite(text);
    if (value == null) {
      problem(name, Problems.quoted(text) + " is no number");
    }
    return value;
  }

  static @Nullable Double finite(String text) {
    try {
      double value = Double.parseDouble(text);
      return Double.isFinite(value) ? value : null;
    } catch (NumberFormatException wrong) {
      return null;
    }
  }

  /** A duration in milliseconds; the default when it is absent or wrong. */
  long millis(String name, long absent) {
    String text = text(name);
    if (text == null) {
      return absent;
    }
    try {
      return DurationText.parseMillis(text);
    } catch (IllegalArgumentException wrong) {
      problem(name, String.valueOf(wrong.getMessage()));
      return absent;
    }
  }

  /** A duration that must be there. */
  long requiredMillis(String name, long wrong) {
    if (!has(name)) {
      problems.add(line, where + ": " + name + " is missing; write a duration such as 10 min");
      return wrong;
    }
    return millis(name, wrong);
  }

  /** One of the constants, written in lower case with hyphens; null when absent or wrong. */
  <E extends Enum<E>> @Nullable E one(String name, List<E> allowed) {
    String text = text(name);
    return text == null ? null : constant(name, line(name), text, allowed);
  }

  /** One or several of the constants. */
  <E extends Enum<E>> List<E> several(String name, List<E> allowed) {
    List<E> found = new ArrayList<>();
    for (YamlTree item : items(name)) {
      String text = text(name, item);
      E constant = text == null ? null : constant(name, item.line(), text, allowed);
      if (constant != null) {
        if (found.contains(constant)) {
          problems.add(item.line(), where + ", " + name + ": " + word(constant) + " stands twice");
        } else {
          found.add(constant);
        }
      }
    }
    return found;
  }

  private <E extends Enum<E>> @Nullable E constant(
      String name, int line, String text, List<E> allowed) {
    List<String> words = new ArrayList<>();
    for (E constant : allowed) {
      if (word(constant).equals(text.toLowerCase(Locale.ROOT).replace('_', '-'))) {
        return constant;
      }
      words.add(word(constant));
    }
    problems.add(
        line,
        where
            + ", "
            + name
            + ": "
            + Problems.quoted(text)
            + " is unknown; use "
            + String.join(", ", words));
    return null;
  }

  /** A constant as it is written in a file. */
  static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** One or several texts. */
  List<String> texts(String name) {
    List<String> texts = new ArrayList<>();
    for (YamlTree item : items(name)) {
      String text = text(name, item);
      if (text != null) {
        texts.add(text);
      }
    }
    return texts;
  }

  /** The items of a list; a single value is a list of one. */
  List<YamlTree> items(String name) {
    YamlTree tree = tree(name);
    if (tree == null) {
      return List.of();
    }
    if (tree instanceof YamlTree.Sequence sequence) {
      return sequence.items();
    }
    return List.of(tree);
  }

  /** The fields of a part; null when it is absent. */
  @Nullable Fields fields(String name) {
    YamlTree tree = tree(name);
    return tree == null ? null : of(problems, where + ", " + name, tree);
  }

  /** Free names with texts. */
  Map<String, String> map(String name) {
    YamlTree tree = tree(name);
    if (tree == null) {
      return Map.of();
    }
    if (!(tree instanceof YamlTree.Mapping mapping)) {
      problem(name, "write names with values, each as 'name: value'");
      return Map.of();
    }
    Map<String, String> texts = new LinkedHashMap<>();
    for (Map.Entry<String, YamlTree.Entry> entry : mapping.entries().entrySet()) {
      String text = text(name + "." + entry.getKey(), entry.getValue().value());
      if (text != null) {
        texts.put(entry.getKey(), text);
      }
    }
    return texts;
  }
}
