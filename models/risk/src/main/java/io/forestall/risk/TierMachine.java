package io.forestall.risk;

/**
 * Moves an entity between tiers by its score, with enter and exit thresholds and dwell. One machine
 * for disks, machines and volumes. Row A15. Immutable.
 */
public final class TierMachine {
  private final RiskPolicy policy;

  /** A machine with the bands and dwell times of a policy. */
  public TierMachine(RiskPolicy policy) {
    this.policy = policy;
  }

  /**
   * Moves the tier by a score; UNKNOWN when there is too little confidence in it.
   *
   * @return true when the tier changed
   */
  public boolean move(TierState state, double score, double confidence, long timeMillis) {
    if (confidence < policy.unknownBelowConfidence()) {
      return enter(state, Tier.UNKNOWN, timeMillis, state.tier != Tier.UNKNOWN);
    }
    Tier wanted = wanted(state.tier, score);
    if (state.tier == Tier.UNKNOWN) {
      return enter(state, wanted, timeMillis, true);
    }
    if (wanted == state.tier) {
      state.wantedTier = wanted;
      return false;
    }
    boolean up = wanted.compareTo(state.tier) > 0;
    boolean wantedBefore =
        state.wantedTier != state.tier && state.wantedTier.compareTo(state.tier) > 0 == up;
    if (!wantedBefore) {
      state.wantedSinceMillis = timeMillis;
    }
    state.wantedTier = wanted;
    if (timeMillis - state.wantedSinceMillis
        < (up ? policy.enterDwellMillis() : policy.exitDwellMillis())) {
      return false;
    }
    return enter(state, wanted, timeMillis, true);
  }

  /**
   * Says that nothing is known any longer.
   *
   * @return true when the tier changed
   */
  public boolean unknown(TierState state, long timeMillis) {
    return enter(state, Tier.UNKNOWN, timeMillis, state.tier != Tier.UNKNOWN);
  }

  private Tier wanted(Tier tier, double score) {
    for (Tier higher = Tier.CRITICAL;
        higher.compareTo(Tier.HEALTHY) > 0;
        higher = Tier.values()[higher.ordinal() - 1]) {
      RiskPolicy.Band band = policy.band(higher);
      // A tier that the entity is in, or was above, holds down to its exit; any other begins at its
      // enter.
      if (band != null && score >= (higher.compareTo(tier) <= 0 ? band.exit() : band.enter())) {
        return higher;
      }
    }
    return Tier.HEALTHY;
  }

  private static boolean enter(TierState state, Tier tier, long timeMillis, boolean changed) {
    if (changed || state.tierSinceMillis == Long.MIN_VALUE) {
      state.tierSinceMillis = timeMillis;
    }
    state.tier = tier;
    state.wantedTier = tier;
    return changed;
  }
}
