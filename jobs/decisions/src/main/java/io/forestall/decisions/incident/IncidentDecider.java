package io.forestall.decisions.incident;

import io.forestall.decisions.Decider;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Makes incidents of what the rules matched: sessions, inhibition, opened, updated, resolved. One
 * key is one pool; time is event time.
 */
public final class IncidentDecider implements Decider<IncidentState, IncidentInput, Incident> {

  private final Supplier<RuleSet> rules;

  /**
   * A decider.
   *
   * @param rules gives the rules in force, also after they changed
   */
  public IncidentDecider(Supplier<RuleSet> rules) {
    this.rules = rules;
  }

  /** The rules in force. */
  RuleSet rules() {
    return rules.get();
  }

  @Override
  public IncidentState empty(String pool) {
    return new IncidentState(pool);
  }

  @Override
  public void decide(
      IncidentState state, IncidentInput event, long nowMillis, Consumer<Incident> incidents) {
    throw new UnsupportedOperationException("not built yet");
  }

  @Override
  public void wake(IncidentState state, long nowMillis, Consumer<Incident> incidents) {
    throw new UnsupportedOperationException("not built yet");
  }

  @Override
  public long alarmMillis(IncidentState state) {
    return NO_ALARM;
  }
}
