package io.forestall.decisions.failover;

import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal;
import io.forestall.decisions.incident.FleetEvent;

/** What the {@link SagaDecider} says. Not stored. */
public sealed interface SagaOutput {

  /** A command to be appended. */
  record Ordered(Command command) implements SagaOutput {}

  /**
   * The act came to its end: an ack of command {@code act/<admission id>} for the guard.
   *
   * @param state a terminal state
   * @param pauseMillis longest pause of the units as their new owner measured it, -1 when unknown
   */
  record Ended(Admission admission, Admission.State state, String text, long pauseMillis)
      implements SagaOutput {}

  /** A new version of a slice of a volume's map. */
  record Mapped(SagaInput.MapSlice slice) implements SagaOutput {}

  /** An act of its own that the saga would like: a failback after its dwell. */
  record Proposed(Proposal proposal) implements SagaOutput {}

  /**
   * A step of a saga, for the console and the audit: type {@code saga.step}, labels admission,
   * step, state.
   */
  record Noted(FleetEvent event) implements SagaOutput {}
}
