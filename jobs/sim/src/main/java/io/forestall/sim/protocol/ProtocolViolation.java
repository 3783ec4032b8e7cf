package io.forestall.sim.protocol;

/** An invariant does not hold: the schedule ends here. */
final class ProtocolViolation extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private final ProtocolInvariant invariant;

  ProtocolViolation(ProtocolInvariant invariant, String message) {
    super(message);
    this.invariant = invariant;
  }

  ProtocolInvariant invariant() {
    return invariant;
  }
}
