package io.forestall.decisions.guard;

/**
 * How the guard of one pool stands, for metrics. Immutable.
 *
 * @param ready true when it has read its own marks back, and so may speak
 * @param superseded true when a younger guard has followed it
 * @param storm true while automation is stopped
 * @param approvals proposals that wait for an approval; count
 * @param waiting proposals that wait for anything; count
 * @param inFlight admitted acts that have not ended; count
 * @param nodes nodes of the pool; count
 * @param nodesAtRisk nodes at WARNING or worse; count
 */
public record PoolFigures(
    boolean ready,
    boolean superseded,
    boolean storm,
    int approvals,
    int waiting,
    int inFlight,
    int nodes,
    int nodesAtRisk) {

  /** The figures of a pool as it is now. */
  public static PoolFigures of(GuardState state) {
    int approvals = 0;
    for (Waiting each : state.waiting()) {
      if (each.reason() == Waiting.Reason.APPROVAL) {
        approvals++;
      }
    }
    return new PoolFigures(
        state.ready,
        state.superseded,
        state.storm(),
        approvals,
        state.waiting().size(),
        state.held().size(),
        state.nodes(),
        state.nodesAtRisk());
  }
}
