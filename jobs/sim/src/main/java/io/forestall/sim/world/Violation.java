package io.forestall.sim.world;

/** An invariant does not hold: the simulation ends here. */
public final class Violation extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private final String invariant;

  Violation(Invariant invariant, String message) {
    this(invariant.name(), message);
  }

  Violation(String invariant, String message) {
    super(message);
    this.invariant = invariant;
  }

  /** Name of the invariant. */
  public String invariant() {
    return invariant;
  }
}
