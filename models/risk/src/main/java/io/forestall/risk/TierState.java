package io.forestall.risk;

/**
 * Where an entity stands among the tiers; part of the state of whatever is scored. Mutable; moved
 * by {@link TierMachine} alone and encoded by its subclass.
 */
public abstract class TierState {
  protected Tier tier = Tier.UNKNOWN;
  protected long tierSinceMillis = Long.MIN_VALUE;

  /**
   * Tier that the score asks for but has not held for the dwell time yet; equals {@link #tier} when
   * there is none.
   */
  protected Tier wantedTier = Tier.UNKNOWN;

  protected long wantedSinceMillis = Long.MIN_VALUE;

  /** For subclasses. */
  protected TierState() {}

  /** The tier. */
  public final Tier tier() {
    return tier;
  }

  /** Event time at which it was entered, {@code Long.MIN_VALUE} before the first; milliseconds. */
  public final long tierSinceMillis() {
    return tierSinceMillis;
  }
}
