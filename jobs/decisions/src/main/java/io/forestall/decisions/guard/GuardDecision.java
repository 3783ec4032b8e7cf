package io.forestall.decisions.guard;

import io.forestall.decisions.ActKind;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a proposal ended, and why (G6). Immutable; the record of topic {@code decisions} is made from
 * it and its proposal.
 *
 * @param id derived from proposal, outcome and code
 * @param proposal the proposal
 * @param outcome how it ended
 * @param code the reason as a code: the first guard that refused, in the order of the guards
 * @param text the reason as a sentence
 * @param guards every guard's result in the order asked, also behind the first refusal
 * @param lockOwner admission that holds a unit, when that is the reason
 * @param admission identifier of the admission, null when there is none
 * @param policyVersion newest policy record in force
 * @param acting true when this kind of act may be done here, false in advise mode
 * @param approvedBy person or rule that approved it, null when nobody had to
 * @param lagMillis how far the newest input was behind
 * @param timeMillis when it was decided
 */
public record GuardDecision(
    String id,
    Proposal proposal,
    Outcome outcome,
    DecisionCode code,
    String text,
    List<GuardResult> guards,
    @Nullable String lockOwner,
    @Nullable String admission,
    long policyVersion,
    boolean acting,
    @Nullable String approvedBy,
    long lagMillis,
    long timeMillis) {

  /** Copies the list. */
  public GuardDecision {
    guards = List.copyOf(guards);
  }

  /** What the proposal was about. */
  public ActKind act() {
    return proposal.act();
  }

  /** How a proposal ended. */
  public enum Outcome {
    /** An admission was given. */
    ADMITTED,
    /** A guard refused it. */
    REFUSED,
    /** Every guard but the mode let it pass: it would have been done. */
    ADVISED,
    /** It waits for an approval; another decision follows. */
    WAITING,
    /** Its admission ended. */
    ENDED
  }
}
