package io.forestall.decisions.ownership;

/** What a check of an admission's signature found. */
public enum Authority {
  /** There was no admission to check. */
  NONE,
  /** The signature is right and the key is trusted. */
  VALID,
  /** The signature is wrong, the algorithm is not ours, or the record contradicts its grant. */
  FORGED,
  /**
   * The key is not known here: nothing can be said. Whoever serves the units stops until it can.
   */
  UNKNOWN_KEY
}
