package io.forestall.risk;

/**
 * Where a disk stands in the eyes of the challenger: tiers with a hysteresis of their own, so that
 * they are what they would be if it were champion. Part of {@link DiskState}; a few bytes.
 */
final class Challenger extends TierState {
  /** Bytes of its encoding within a disk's state. */
  static final int BYTES = 1 + 1 + 1 + 1 + 8 + 8 + 8 + 8 + 8;

  /** The memory of the model that stands for it. */
  final DiskState.Slot slot;

  /** Probability over all modes that models tell, at the last sample; 0 to 1. */
  double base;

  /** Probability with what the disk's I/O says, as it was last told; 0 to 1. */
  double probability;

  /** Trust in it at the last sample; 0 to 1. */
  double confidence;

  Challenger(DiskState.Slot slot) {
    this.slot = slot;
  }

  /** Takes over what was stored. */
  void restore(Tier tier, Tier wantedTier, long tierSinceMillis, long wantedSinceMillis) {
    this.tier = tier;
    this.wantedTier = wantedTier;
    this.tierSinceMillis = tierSinceMillis;
    this.wantedSinceMillis = wantedSinceMillis;
  }

  Tier wantedTier() {
    return wantedTier;
  }

  long wantedSinceMillis() {
    return wantedSinceMillis;
  }
}
