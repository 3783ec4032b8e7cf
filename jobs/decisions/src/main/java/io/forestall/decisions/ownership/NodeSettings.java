package io.forestall.decisions.ownership;

import io.forestall.decisions.Subject;

/**
 * What a node's side of the protocol is set to. Immutable.
 *
 * @param node the node
 * @param incarnation number of this start of its process, larger than every one before
 * @param leaseMillis L: how long, by its own monotonic clock, a node may answer reads after it
 *     began to ask for the end of the ownership log; short, since who takes over from a dead node
 *     waits for it, and since a read whose lease is over only waits for the next one; milliseconds
 * @param driftMillis what a new owner waits beyond L, for clocks that run at different speeds;
 *     milliseconds
 * @param maxPendingRequests requests that one unit holds open before it answers BUSY; count
 * @param commandMemoryMillis how long after its expiry a command done is remembered; milliseconds
 */
public record NodeSettings(
    Subject node,
    long incarnation,
    long leaseMillis,
    long driftMillis,
    int maxPendingRequests,
    long commandMemoryMillis) {

  /** L where nothing is said; milliseconds. */
  public static final long LEASE_MILLIS = 250;

  /** L of 250 ms and a tenth of it for drift. */
  public static NodeSettings of(Subject node, long incarnation) {
    return new NodeSettings(
        node, incarnation, LEASE_MILLIS, LEASE_MILLIS / 10, 1024, 24 * 3_600_000L);
  }
}
