package io.forestall.sim.world;

import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Admissions as they end, and as forgers and planted bugs would have them. */
public final class Admissions {
  private Admissions() {}

  /** Its next revision, by which it is over. */
  public static Admission ended(Admission of, Admission.State state, long nowMillis, String text) {
    return copy(
        of, of.id(), of.revision() + 1, state, of.zone(), of.units(), of.target(), nowMillis, text);
  }

  /** The same of other units, to another target. */
  public static Admission redirected(Admission of, @Nullable Subject target, List<UnitStep> units) {
    return copy(
        of,
        of.id(),
        of.revision(),
        of.state(),
        of.zone(),
        units,
        target,
        of.timeMillis(),
        of.text());
  }

  /** The same under another name. */
  static Admission named(Admission of, String id) {
    return copy(
        of,
        id,
        of.revision(),
        of.state(),
        of.zone(),
        of.units(),
        of.target(),
        of.timeMillis(),
        of.text());
  }

  /** The same in another zone. */
  static Admission inZone(Admission of, String zone) {
    return copy(
        of,
        of.id(),
        of.revision(),
        of.state(),
        zone,
        of.units(),
        of.target(),
        of.timeMillis(),
        of.text());
  }

  private static Admission copy(
      Admission of,
      String id,
      int revision,
      Admission.State state,
      @Nullable String zone,
      List<UnitStep> units,
      @Nullable Subject target,
      long timeMillis,
      String text) {
    return new Admission(
        id,
        revision,
        state,
        of.proposal(),
        of.act(),
        of.subject(),
        of.pool(),
        zone,
        of.predicted(),
        units,
        of.source(),
        target,
        of.budget(),
        of.sequence(),
        of.issuedMillis(),
        of.notBeforeMillis(),
        of.expiresMillis(),
        timeMillis,
        text,
        of.parameters());
  }
}
