package io.forestall.decisions.ownership;

import io.forestall.decisions.Subject;

/**
 * What a node's side of the protocol is set to. Immutable.
 *
 * @param node the node
 * @param incarnation number of this start of its process, larger than every one before
 * @param leaseMillis L: how long, by its own monotonic clock, a node may answer reads after it
 *     began to ask for the end of the ownership log; the same on all nodes of a pool; milliseconds
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

  /** L of 500 ms and a tenth of it for drift. */
  public static NodeSettings of(Subject node, long incarnation) {
    return new NodeSettings(node, incarnation, 500, 50, 1024, 24 * 3_600_000L);
  }
}
