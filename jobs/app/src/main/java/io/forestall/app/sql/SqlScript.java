package io.forestall.app.sql;

import io.forestall.app.CommandFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Splits a script into statements and puts values in place of its variables. A statement ends with
 * a semicolon that stands outside of quotes and comments; the last may go without. Immutable.
 */
final class SqlScript {
  /** {@code ${name}} or {@code ${name:-default}}. */
  private static final Pattern VARIABLE =
      Pattern.compile("\\$\\{([a-z][a-z0-9_-]*)(?::-([^}]*))?}");

  /**
   * One statement.
   *
   * @param text the statement without semicolon and without comments
   * @param line line of the script on which it begins, from 1
   */
  record Statement(String text, int line) {}

  private SqlScript() {}

  /**
   * The statements of a script, variables replaced.
   *
   * @param origin name of the script for errors
   * @throws CommandFailure when a quote or comment does not end, or a variable has no value
   */
  static List<Statement> parse(String origin, String script, Map<String, String> variables) {
    List<Statement> statements = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    int line = 1;
    int begin = 0;
    int at = 0;
    while (at < script.length()) {
      char c = script.charAt(at);
      if (script.startsWith("--", at)) {
        int end = script.indexOf('\n', at);
        at = end < 0 ? script.length() : end;
      } else if (script.startsWith("/*", at) && !script.startsWith("/*+", at)) {
        int end = script.indexOf("*/", at + 2);
        if (end < 0) {
          throw CommandFailure.usage(origin + ":" + line + ": the comment has no end: add */");
        }
        line += lines(script, at, end);
        text.append(' ');
        at = end + 2;
      } else if (c == '\'' || c == '"' || c == '`') {
        int end = script.indexOf(c, at + 1);
        if (end < 0) {
          throw CommandFailure.usage(origin + ":" + line + ": the quote " + c + " has no end");
        }
        if (begin == 0) {
          begin = line;
        }
        text.append(script, at, end + 1);
        line += lines(script, at, end);
        at = end + 1;
      } else if (c == ';') {
        add(statements, origin, text, begin, variables);
        text.setLength(0);
        begin = 0;
        at++;
      } else {
        if (begin == 0 && !Character.isWhitespace(c)) {
          begin = line;
        }
        if (c == '\n') {
          line++;
        }
        text.append(c);
        at++;
      }
    }
    add(statements, origin, text, begin, variables);
    return statements;
  }

  /** True when a script ends within a statement, so that an interactive reader should go on. */
  static boolean isUnfinished(String script) {
    boolean open = false;
    int at = 0;
    while (at < script.length()) {
      char c = script.charAt(at);
      if (script.startsWith("--", at)) {
        int end = script.indexOf('\n', at);
        at = end < 0 ? script.length() : end;
      } else if (script.startsWith("/*", at) && !script.startsWith("/*+", at)) {
        int end = script.indexOf("*/", at + 2);
        if (end < 0) {
          return true;
        }
        at = end + 2;
      } else if (c == '\'' || c == '"' || c == '`') {
        int end = script.indexOf(c, at + 1);
        if (end < 0) {
          return true;
        }
        open = true;
        at = end + 1;
      } else {
        if (c == ';') {
          open = false;
        } else if (!Character.isWhitespace(c)) {
          open = true;
        }
        at++;
      }
    }
    return open;
  }

  private static void add(
      List<Statement> statements,
      String origin,
      StringBuilder text,
      int line,
      Map<String, String> variables) {
    String statement = text.toString().strip();
    if (!statement.isEmpty()) {
      statements.add(new Statement(replace(origin, statement, line, variables), line));
    }
  }

  private static String replace(
      String origin, String text, int line, Map<String, String> variables) {
    Matcher matcher = VARIABLE.matcher(text);
    StringBuilder out = new StringBuilder();
    while (matcher.find()) {
      String name = matcher.group(1);
      String value = variables.get(name);
      if (value == null) {
        value = matcher.group(2);
      }
      if (value == null) {
        throw CommandFailure.usage(
            origin
                + ":"
                + line
                + ": the variable ${"
                + name
                + "} has no value: give one with --set "
                + name
                + "=VALUE");
      }
      // Variables stand in quotes; a value cannot leave them.
      matcher.appendReplacement(out, Matcher.quoteReplacement(value.replace("'", "''")));
    }
    return matcher.appendTail(out).toString();
  }

  private static int lines(String script, int from, int to) {
    int lines = 0;
    for (int i = from; i < to; i++) {
      if (script.charAt(i) == '\n') {
        lines++;
      }
    }
    return lines;
  }
}
