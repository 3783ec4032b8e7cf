package io.forestall.decisions.failover;

import io.forestall.decisions.Decider;
import java.util.function.Consumer;

/**
 * Carries out what the guard admitted (C1 to C6, E7, E8, G11, G13): one saga for each admitted act,
 * all of one pool in one state, beside the pool's fold of the ownership log and its maps.
 *
 * <pre>
 * ADMITTED -> CHECKING -> INSTRUCTED -> FENCED -> DRAINED -> PROMOTED -> MAPPED -> CONFIRMED
 *                 \            \          no way back from here: completed, or reported
 *                  +------------+--> GIVEN_BACK
 * </pre>
 *
 * <ul>
 *   <li>CHECKING, all within {@code checkMillis}: PROBE to target, source and the other holders.
 *       Connectivity: the target answers. Consistency: its applied sequence and checksum of each
 *       unit agree with what others say at the same sequence, its lag is bounded. Resources: free
 *       space, not critical, not left. For an unplanned act also: {@code witnesses} different nodes
 *       say UNREACHABLE of the source, while they themselves answer now; one that reaches it gives
 *       the act back.
 *   <li>INSTRUCTED: PREPARE to the target, REDIRECT to the clients that the probes named, then
 *       PROMOTE to the target and DEMOTE to the source. Asked again at most {@code stepAttempts}
 *       times; no answer means that the outcome is unknown: the ownership log is what tells. Only a
 *       CANCEL that the target acked, or the expiry of the admission plus a grace, after which the
 *       target refuses, lets the act be given back.
 *   <li>FENCED: the takeover counts in the ownership log, whoever said what. From here on no brake
 *       applies: PROMOTE is asked for again until DONE or until the target is known to be dead,
 *       when the act ends and the units' next failover is a new act.
 *   <li>MAPPED: the new maps were read back. CONFIRMED: a PROBE says the target serves. The act
 *       ends DONE.
 *   <li>A map is written whenever the fold changed, also without a saga; a copy on a former owner
 *       stays a copy.
 *   <li>Failback is proposed, never begun: after {@code failbackDwellMillis} in which the former
 *       owner followed all its units.
 *   <li>Acts without units on nodes of level 1 (DRAIN, RETURN): DRAIN, then LEAVE; or RETURN, each
 *       acked by the node's hooks.
 * </ul>
 *
 * <p>Rows in a checkpoint: one for each saga, each slice, each node, each unit of the fold.
 */
public final class SagaDecider implements Decider<SagaState, SagaInput, SagaOutput> {

  /** A decider with these limits. */
  public SagaDecider(SagaPolicy policy) {
    throw new UnsupportedOperationException("not built yet: " + policy);
  }

  @Override
  public SagaState empty(String key) {
    return new SagaState(key);
  }

  @Override
  public void decide(
      SagaState state, SagaInput event, long nowMillis, Consumer<SagaOutput> decisions) {
    throw new UnsupportedOperationException("not built yet");
  }

  @Override
  public void wake(SagaState state, long nowMillis, Consumer<SagaOutput> decisions) {
    throw new UnsupportedOperationException("not built yet");
  }

  @Override
  public long alarmMillis(SagaState state) {
    throw new UnsupportedOperationException("not built yet");
  }
}
