package io.forestall.wire.rules;

import java.util.ArrayList;
import java.util.List;

/** Collects what is wrong with one text. For one thread. */
final class Problems {

  /** Past it, reading stops: nobody reads more. */
  private static final int MOST = 50;

  private static final int MAX_QUOTED_CHARS = 60;

  private final String file;
  private final List<String> problems = new ArrayList<>();

  Problems(String file) {
    this.file = file;
  }

  void add(int line, String sentence) {
    problems.add(file + ":" + line + ": " + sentence);
    if (problems.size() >= MOST) {
      problems.add(file + ": and more; mend these first");
      throw new RulesException(problems);
    }
  }

  RulesException fatal(int line, String sentence) {
    problems.add(file + ":" + line + ": " + sentence);
    return new RulesException(problems);
  }

  boolean none() {
    return problems.isEmpty();
  }

  void check() {
    if (!problems.isEmpty()) {
      throw new RulesException(problems);
    }
  }

  /** A text of a stranger as part of a message: short, on one line. */
  static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("'");
    for (int i = 0; i < text.length() && i < MAX_QUOTED_CHARS; i++) {
      char c = text.charAt(i);
      quoted.append(Character.isISOControl(c) ? ' ' : c);
    }
    return quoted.append(text.length() > MAX_QUOTED_CHARS ? "...'" : "'").toString();
  }
}
