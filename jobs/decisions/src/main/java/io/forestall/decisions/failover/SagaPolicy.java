package io.forestall.decisions.failover;

/**
 * Limits of the saga. Immutable.
 *
 * @param checkMillis {@code preFailoverCheckTimeout} (C3): all checks of the target end within;
 *     milliseconds
 * @param stepMillis how long a step waits for its ack before it is asked for again; milliseconds
 * @param stepAttempts how often a step before the fence is asked for; count
 * @param reachMillis how long witnesses of an unplanned death are asked often; milliseconds
 * @param witnesses others that must answer, and not reach a node, before it counts as dead; when
 *     one reaches it, so many must answer while the node itself is silent for {@code checkMillis}
 *     (invariant 7); count
 * @param maxLagDeltas lag of a target above which a predicted failover is given back; deltas
 * @param minFreeBytes free space that a target must have left; bytes
 * @param confirmMillis how long the end of an act waits for map and clients; milliseconds
 * @param failbackDwellMillis how long a returned node must be well before a failback is proposed;
 *     milliseconds
 * @param shadow limits of acts on shadows
 */
public record SagaPolicy(
    long checkMillis,
    long stepMillis,
    int stepAttempts,
    long reachMillis,
    int witnesses,
    long maxLagDeltas,
    long minFreeBytes,
    long confirmMillis,
    long failbackDwellMillis,
    ShadowLimits shadow) {

  /** One with the standard limits of acts on shadows. */
  public SagaPolicy(
      long checkMillis,
      long stepMillis,
      int stepAttempts,
      long reachMillis,
      int witnesses,
      long maxLagDeltas,
      long minFreeBytes,
      long confirmMillis,
      long failbackDwellMillis) {
    this(
        checkMillis,
        stepMillis,
        stepAttempts,
        reachMillis,
        witnesses,
        maxLagDeltas,
        minFreeBytes,
        confirmMillis,
        failbackDwellMillis,
        ShadowLimits.standard());
  }

  /** What holds where nothing is configured. */
  public static SagaPolicy standard() {
    return new SagaPolicy(5_000, 1_000, 5, 1_000, 2, 10_000, 1L << 30, 10_000, 30 * 60_000L);
  }
}
