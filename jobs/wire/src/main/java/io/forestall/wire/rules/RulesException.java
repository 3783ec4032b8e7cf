package io.forestall.wire.rules;

import java.util.List;

/** A rules file, a rule or a test of rules that makes no sense: every problem, with its line. */
public final class RulesException extends IllegalArgumentException {

  private static final long serialVersionUID = 1L;

  private final List<String> problems;

  RulesException(List<String> problems) {
    super(String.join("\n", problems));
    this.problems = List.copyOf(problems);
  }

  /** The problems in the order of the file, each as {@code file:line: what; what to do}. */
  public List<String> problems() {
    return problems;
  }
}
