package io.forestall.decisions.incident;

import java.util.List;

/** What the {@link IncidentDecider} takes. Not stored. */
public sealed interface IncidentInput {

  /** When it happened; milliseconds since 1970-01-01 UTC. */
  long timeMillis();

  /**
   * A rule is satisfied.
   *
   * @param rule name of the rule
   * @param key correlation key
   * @param symptoms what satisfied it, oldest first
   */
  record Matched(String rule, String key, List<Symptom> symptoms) implements IncidentInput {
    /** Copies the list. */
    public Matched {
      symptoms = List.copyOf(symptoms);
    }

    @Override
    public long timeMillis() {
      long newest = Long.MIN_VALUE;
      for (Symptom symptom : symptoms) {
        newest = Math.max(newest, symptom.event().timeMillis());
      }
      return newest;
    }
  }

  /**
   * An event of a rule was seen: it joins an open incident, late or not, or clears it; alone it
   * opens none.
   */
  record Seen(Symptom symptom) implements IncidentInput {
    @Override
    public long timeMillis() {
      return symptom.event().timeMillis();
    }
  }
}
