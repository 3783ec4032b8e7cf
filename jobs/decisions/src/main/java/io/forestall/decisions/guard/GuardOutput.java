package io.forestall.decisions.guard;

import io.forestall.decisions.incident.FleetEvent;

/** What the {@link PoolArbiter} says. Not stored. */
public sealed interface GuardOutput {

  /** A proposal was made; its decision follows, at once or when it need not wait any more. */
  record Made(Proposal proposal) implements GuardOutput {}

  /**
   * A proposal ended, or waits. An admission is said once its record was read back from the log and
   * counted, so it comes after its {@link Logged}.
   */
  record Decided(GuardDecision decision) implements GuardOutput {}

  /**
   * A record for the admissions log: to be signed and appended. Nothing may be done under it before
   * it was read back and counted.
   */
  record Logged(Admission admission) implements GuardOutput {}

  /** A SYNC policy to be appended to the policies topic. */
  record Synced(String incarnation, String pool) implements GuardOutput {}

  /** Something an operator must hear: automation stopped or went on. For the events topic. */
  record Noticed(FleetEvent event) implements GuardOutput {}
}
