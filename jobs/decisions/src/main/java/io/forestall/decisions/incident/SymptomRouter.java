package io.forestall.decisions.incident;

import io.forestall.decisions.Place;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sends an event only to the rules that can use it, under each rule's correlation key. Immutable
 * and thread-safe; a change of the rules makes a new one.
 */
public final class SymptomRouter {

  private final RuleSet rules;

  /** A router of these rules. */
  public SymptomRouter(RuleSet rules) {
    this.rules = rules;
  }

  /** The rules it knows. */
  public RuleSet rules() {
    return rules;
  }

  /**
   * Routes an event.
   *
   * @param place where its entity stands, null when the fleet does not know it
   * @param symptoms hears of each rule and key that can use it; usually none
   */
  public void route(FleetEvent event, @Nullable Place place, Consumer<Symptom> symptoms) {
    throw new UnsupportedOperationException("not built yet");
  }
}
