package io.forestall.decisions.guard;

/**
 * Why a proposal ended as it did (G6): one enum for every admission and refusal. The constants are
 * those of the contract. Immutable.
 */
public enum DecisionCode {
  /** A reason that this version does not know. */
  UNKNOWN("A reason that this version does not know."),
  /** Nothing speaks against it. */
  OK("Nothing speaks against it."),
  /** Acts of this kind are only advised here; it would have been done. */
  ADVISE_MODE("Acts of this kind are only advised here; it would have been done."),
  /** Somebody has to approve it first. */
  APPROVAL_NEEDED("Somebody has to approve it first."),
  /** Somebody denied it. */
  APPROVAL_DENIED("Somebody denied it."),
  /** The subject, or what holds it, is in maintenance: people are at work there. */
  MAINTENANCE("The subject, or what holds it, is in maintenance: people are at work there."),
  /** The subject is silenced: nothing is to be proposed for it. */
  SILENCED("The subject is silenced: nothing is to be proposed for it."),
  /** An operator says the subject is healthier than the models think. */
  OVERRIDDEN("An operator says the subject is healthier than the models think."),
  /**
   * The subject or one of its units is pinned: it must stay where it is, or go only to the pinned
   * target.
   */
  PINNED(
      "The subject or one of its units is pinned: it must stay where it is, or go only to the"
          + " pinned target."),
  /** Every act of this scope is halted. */
  HALTED("Every act of this scope is halted."),
  /**
   * As many acts are in flight, or as many nodes were touched today, as the blast radius allows.
   */
  BUDGET_SPENT(
      "As many acts are in flight, or as many nodes were touched today, as the blast radius"
          + " allows."),
  /** As many acts were admitted within the window as the rate allows. */
  RATE_LIMITED("As many acts were admitted within the window as the rate allows."),
  /** Another admitted act holds one of the units or the subject. */
  UNIT_LOCKED("Another admitted act holds one of the units or the subject."),
  /** A unit would have fewer copies in sync than its minimum. */
  BELOW_REPLICATION_MINIMUM("A unit would have fewer copies in sync than its minimum."),
  /** All the copies that would remain of a unit are too likely to fail together. */
  REPLICA_SET_AT_RISK(
      "All the copies that would remain of a unit are too likely to fail together."),
  /** No target is known onto which it could safely move. */
  NO_SAFE_TARGET("No target is known onto which it could safely move."),
  /** The target itself is at risk. */
  TARGET_AT_RISK("The target itself is at risk."),
  /** The target is in an active failure zone. */
  TARGET_IN_ZONE("The target is in an active failure zone."),
  /** The target, or what holds it, is in maintenance. */
  TARGET_IN_MAINTENANCE("The target, or what holds it, is in maintenance."),
  /** The target has too little space, or nobody knows how much it has. */
  TARGET_FULL("The target has too little space, or nobody knows how much it has."),
  /** The target shares a failure domain with another copy while another domain is free. */
  TARGET_IN_SAME_DOMAIN(
      "The target shares a failure domain with another copy while another domain is free."),
  /** The target was used by another act a short time ago. */
  TARGET_USED_RECENTLY("The target was used by another act a short time ago."),
  /** The target is not a known node of the pool. */
  TARGET_UNREACHABLE("The target is not a known node of the pool."),
  /** So many nodes of the pool are at risk at once that automation has stopped. */
  STORM("So many nodes of the pool are at risk at once that automation has stopped."),
  /** The newest risk of the pool is too old: nobody sees how the pool is. */
  BLIND_WATERMARK("The newest risk of the pool is too old: nobody sees how the pool is."),
  /** What the proposal stands on arrived too late. */
  BLIND_LAG("What the proposal stands on arrived too late."),
  /** The model behind the prediction is too old. */
  STALE_MODEL("The model behind the prediction is too old."),
  /** The subject or the target has been silent for too long; silence is not health. */
  STALE_TELEMETRY("The subject or the target has been silent for too long; silence is not health."),
  /** The prediction is trusted too little. */
  LOW_CONFIDENCE("The prediction is trusted too little."),
  /** The risk, or the severity, is below the threshold of the act. */
  LOW_RISK("The risk, or the severity, is below the threshold of the act."),
  /** The risk has not lasted long enough yet. */
  DWELL("The risk has not lasted long enough yet."),
  /** The same act for the same subject waits already. */
  DUPLICATE("The same act for the same subject waits already."),
  /** It was not decided in time. */
  EXPIRED("It was not decided in time."),
  /** Something newer took its place. */
  SUPERSEDED("Something newer took its place."),
  /** The epoch or the owner of a unit is not what the proposal expects. */
  WRONG_EPOCH("The epoch or the owner of a unit is not what the proposal expects."),
  /** A node of the act runs a version that does not know how to do it. */
  NODE_LEVEL_TOO_LOW("A node of the act runs a version that does not know how to do it."),
  /** It would copy more bytes than one act may. */
  COST_TOO_HIGH("It would copy more bytes than one act may."),
  /** What it forestalls is expected before it could be done. */
  TOO_LATE("What it forestalls is expected before it could be done."),
  /** The subject, or one of its units, is not known in this pool. */
  UNKNOWN_SUBJECT("The subject, or one of its units, is not known in this pool."),
  /** The proposal contradicts itself or lacks what it needs. */
  INVALID("The proposal contradicts itself or lacks what it needs."),
  /** An operator ended it. */
  CANCELLED("An operator ended it."),
  /** It was done. */
  COMPLETED("It was done."),
  /** It was given back before the fence. */
  GIVEN_BACK("It was given back before the fence.");

  private final String sentence;

  DecisionCode(String sentence) {
    this.sentence = sentence;
  }

  /** The reason as a sentence for a person. */
  public String sentence() {
    return sentence;
  }
}
