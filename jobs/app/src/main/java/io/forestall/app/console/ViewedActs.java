package io.forestall.app.console;

import io.forestall.app.operate.ActLookup;
import io.forestall.schemas.AdmissionState;
import org.jspecify.annotations.Nullable;

/**
 * Looks acts up in what the console has read already, and elsewhere only what is not there.
 * Thread-safe.
 */
final class ViewedActs implements ActLookup {
  private final ActViews acts;
  private final ActLookup elsewhere;

  ViewedActs(ActViews acts, ActLookup elsewhere) {
    this.acts = acts;
    this.elsewhere = elsewhere;
  }

  @Override
  public @Nullable Found proposal(String id) {
    for (DecisionView.Case one : acts.decisions().waiting()) {
      DecisionView.Asked asked = one.asked();
      if (one.proposal().equals(id) && asked != null) {
        return new Found(
            title(asked.act(), ConsoleJson.lower(asked.kind()), asked.subject()),
            asked.pool(),
            asked.expiresMillis(),
            "waiting",
            false);
      }
    }
    return elsewhere.proposal(id);
  }

  @Override
  public @Nullable Found admission(String id) {
    AdmissionView.Act act = acts.admissions().act(id);
    if (act == null) {
      return elsewhere.admission(id);
    }
    return new Found(
        title(act.act(), ConsoleJson.lower(act.kind()), act.subject()),
        act.pool(),
        act.expiresMillis(),
        ConsoleJson.lower(act.state()),
        act.state() != AdmissionState.ADMITTED);
  }

  private static String title(Enum<?> act, String kind, String subject) {
    return ConsoleJson.lower(act) + " of " + kind + "/" + subject;
  }
}
