package io.forestall.decisions.guard;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.Incident;
import org.jspecify.annotations.Nullable;

/**
 * An open incident that asks for an act, and how far it came. Immutable.
 *
 * @param host node of the subject, null when unknown
 * @param matter what matters of its state was last proposed for; empty when nothing was
 * @param attempt how often that was proposed
 * @param proposal newest proposal, empty when there is none
 * @param lagMillis how far its newest record was behind when it came
 * @param again when it is proposed again, 0 when it is not
 */
record Tracked(
    String id,
    int revision,
    Severity severity,
    String summary,
    Subject subject,
    @Nullable Subject host,
    boolean predicted,
    double confidence,
    long horizonMillis,
    ActKind recommendation,
    String rule,
    int ruleVersion,
    long openedMillis,
    long updatedMillis,
    String matter,
    int attempt,
    String proposal,
    long again,
    long lagMillis) {

  /** An incident as it now is, with what is remembered of it. */
  static Tracked of(Incident incident, @Nullable Tracked before, long lagMillis) {
    return new Tracked(
        incident.id(),
        incident.revision(),
        incident.severity(),
        incident.summary(),
        incident.subject(),
        host(incident),
        incident.predicted(),
        incident.confidence(),
        incident.horizonMillis(),
        incident.recommendation(),
        incident.rule(),
        incident.ruleVersion(),
        incident.openedMillis(),
        incident.updatedMillis(),
        before == null ? "" : before.matter,
        before == null ? 0 : before.attempt,
        before == null ? "" : before.proposal,
        before == null ? 0 : before.again,
        lagMillis);
  }

  private static @Nullable Subject host(Incident incident) {
    return switch (incident.subject().kind()) {
      case NODE -> incident.subject();
      case DISK, PROCESSOR, HEAD -> {
        for (Subject thing : incident.affected()) {
          if (thing.kind() == Subject.Kind.NODE) {
            yield thing;
          }
        }
        for (Incident.Suspect suspect : incident.suspects()) {
          if (suspect.entity().kind() == Subject.Kind.NODE) {
            yield suspect.entity();
          }
        }
        yield null;
      }
      default -> null;
    };
  }

  Tracked proposed(String newMatter, int newAttempt, String newProposal) {
    return with(newMatter, newAttempt, newProposal, 0);
  }

  Tracked againAt(long millis) {
    return with(matter, attempt, proposal, millis);
  }

  private Tracked with(String newMatter, int newAttempt, String newProposal, long newAgain) {
    return new Tracked(
        id,
        revision,
        severity,
        summary,
        subject,
        host,
        predicted,
        confidence,
        horizonMillis,
        recommendation,
        rule,
        ruleVersion,
        openedMillis,
        updatedMillis,
        newMatter,
        newAttempt,
        newProposal,
        newAgain,
        lagMillis);
  }

  byte[] toBytes() {
    RowWriter out = new RowWriter(GuardRows.VERSION).text(id).ints(revision);
    out.text(severity.name()).text(summary).thing(subject).thing(host).flag(predicted);
    out.doubles(confidence).longs(horizonMillis).text(recommendation.name());
    out.text(rule).ints(ruleVersion).longs(openedMillis).longs(updatedMillis);
    return out.text(matter).ints(attempt).text(proposal).longs(again).longs(lagMillis).toBytes();
  }

  static Tracked of(RowReader in) {
    return new Tracked(
        in.text(),
        in.ints(),
        in.constant(Severity.class, Severity.UNKNOWN),
        in.text(),
        in.subject(),
        in.nullableSubject(),
        in.flag(),
        in.doubles(),
        in.longs(),
        in.constant(ActKind.class, ActKind.UNKNOWN),
        in.text(),
        in.ints(),
        in.longs(),
        in.longs(),
        in.text(),
        in.ints(),
        in.text(),
        in.longs(),
        in.longs());
  }
}
