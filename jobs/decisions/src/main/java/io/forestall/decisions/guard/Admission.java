package io.forestall.decisions.guard;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A permission for a whole act and later its end, before signature or after it was checked (G4,
 * G11). Immutable. The records of one pool form a log, the guard's memory: whoever reads it folds
 * it alike. An {@code ADMITTED} record counts when its {@code sequence} is the next of its pool;
 * another with the same number is void, whoever wrote it.
 *
 * @param id derived from the proposal
 * @param revision 1 when given, growing with each later state
 * @param state where the act stands
 * @param proposal identifier of the proposal
 * @param act what may be done
 * @param subject what it is done for
 * @param pool pool whose budget it uses
 * @param zone failure zone whose budget it uses, null when none
 * @param predicted true when it forestalls a failure that has not happened
 * @param units units it locks, all or none
 * @param source owner that is left, null when nothing moves
 * @param target the only owner that may follow, null when nothing moves
 * @param budget what it takes from each budget
 * @param sequence number of this admission in its pool, from 1, growing without a gap
 * @param issuedMillis when it was given
 * @param notBeforeMillis nothing may be done under it before
 * @param expiresMillis no step before the fence may begin after
 * @param timeMillis when this record was written
 * @param text the state as a sentence
 * @param parameters parameters of the act
 */
public record Admission(
    String id,
    int revision,
    State state,
    String proposal,
    ActKind act,
    Subject subject,
    String pool,
    @Nullable String zone,
    boolean predicted,
    List<Proposal.UnitStep> units,
    @Nullable Subject source,
    @Nullable Subject target,
    List<Share> budget,
    long sequence,
    long issuedMillis,
    long notBeforeMillis,
    long expiresMillis,
    long timeMillis,
    String text,
    Map<String, String> parameters) {

  /** Copies the collections. */
  public Admission {
    units = List.copyOf(units);
    budget = List.copyOf(budget);
    parameters = Map.copyOf(parameters);
  }

  /**
   * True when this record of the log admits its act: it says {@code ADMITTED} and has the number
   * that follows. Everyone who folds the log asks this, so all agree on what was admitted.
   *
   * @param newestSequence number of the newest admission of the pool that counted, 0 before the
   *     first
   */
  public boolean countsAfter(long newestSequence) {
    return state == State.ADMITTED && sequence == newestSequence + 1;
  }

  /** True for a state from which nothing follows: the act holds nothing any more. */
  public boolean ends() {
    return state != State.STARTED && state != State.ADMITTED;
  }

  /** Where an admitted act stands. */
  public enum State {
    /**
     * No act: a guard that has just started wrote it, with its incarnation as {@code id}, and
     * speaks once it has read it back. Whoever has read a younger one than its own says nothing
     * more.
     */
    STARTED,
    /** It holds locks and budget; every other state has released them. */
    ADMITTED,
    /** It reached its end. */
    DONE,
    /** It was given back before the fence. */
    GIVEN_BACK,
    /** An operator ended it. */
    CANCELLED,
    /** It expired before anything was begun, which was confirmed. */
    EXPIRED
  }

  /**
   * What an act takes from one budget.
   *
   * @param scope for example {@code pool/p1}, {@code zone/z3} or {@code kind/failover}
   * @param amount how much, acts
   * @param left what is left after it, acts
   */
  public record Share(String scope, double amount, double left) {}
}
