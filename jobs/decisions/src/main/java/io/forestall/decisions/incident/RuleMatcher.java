package io.forestall.decisions.incident;

import java.util.function.Consumer;

/**
 * Says when the symptoms under one key of one rule satisfy it: the meaning of a rule, in plain
 * Java. The correlate job finds the same by Flink CEP; a test holds both against each other. Used
 * by {@code forestall rules test} and by the simulator. For one thread.
 */
public final class RuleMatcher {

  private final Rule rule;

  /** A matcher of one rule under one key. */
  public RuleMatcher(Rule rule) {
    this.rule = rule;
  }

  /** Its rule. */
  public Rule rule() {
    return rule;
  }

  /**
   * Takes the next symptom.
   *
   * @param symptom in the order of (time, event id), each event once
   * @param matches hears of a match when this symptom completes one; the symptoms of a match take
   *     part in no other
   */
  public void take(Symptom symptom, Consumer<IncidentInput.Matched> matches) {
    throw new UnsupportedOperationException("not built yet");
  }
}
