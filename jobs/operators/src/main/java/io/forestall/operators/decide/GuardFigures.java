package io.forestall.operators.decide;

import io.forestall.decisions.guard.GuardState;
import io.forestall.decisions.guard.PoolFigures;
import java.util.HashMap;
import java.util.Map;
import java.util.function.ToIntFunction;
import org.apache.flink.metrics.MetricGroup;

/**
 * Sums of the pools of one subtask, as gauges. The task looks at each pool when it has decided
 * something there; the reporter's thread reads the sums.
 */
final class GuardFigures {

  /** A pool with more than this that wait is looked at once a millisecond, not for each input. */
  private static final int MANY = 16;

  private final Map<String, PoolFigures> byPool = new HashMap<>();
  private long lookedMillis = Long.MIN_VALUE;

  private volatile int[] sums = new int[Figure.values().length];

  private enum Figure {
    GUARDS_STARTING("guardsStarting", pool -> pool.ready() || pool.superseded() ? 0 : 1),
    GUARDS_SUPERSEDED("guardsSuperseded", pool -> pool.superseded() ? 1 : 0),
    STORM_POOLS("stormPools", pool -> pool.storm() ? 1 : 0),
    WAITING_APPROVALS("waitingApprovals", PoolFigures::approvals),
    WAITING_PROPOSALS("waitingProposals", PoolFigures::waiting),
    ACTS_IN_FLIGHT("actsInFlight", PoolFigures::inFlight),
    NODES_GUARDED("nodesGuarded", PoolFigures::nodes),
    NODES_AT_RISK("nodesAtRisk", PoolFigures::nodesAtRisk);

    private final String metric;
    private final ToIntFunction<PoolFigures> value;

    Figure(String metric, ToIntFunction<PoolFigures> value) {
      this.metric = metric;
      this.value = value;
    }
  }

  GuardFigures(MetricGroup metrics) {
    for (Figure figure : Figure.values()) {
      metrics.gauge(figure.metric, () -> sums[figure.ordinal()]);
    }
  }

  /** Looks at a pool that has just decided. */
  void look(GuardState state, long nowMillis) {
    String pool = state.pool();
    PoolFigures before = byPool.get(pool);
    if (before != null && before.waiting() > MANY && nowMillis == lookedMillis) {
      return;
    }
    lookedMillis = nowMillis;
    // What belongs to no pool is never guarded: nothing is admitted there.
    PoolFigures now = state.isEmpty() || pool.isEmpty() ? null : PoolFigures.of(state);
    if (now == null ? before == null : now.equals(before)) {
      return;
    }
    if (now == null) {
      byPool.remove(pool);
    } else {
      byPool.put(pool, now);
    }
    int[] next = sums.clone();
    for (Figure figure : Figure.values()) {
      int was = before == null ? 0 : figure.value.applyAsInt(before);
      next[figure.ordinal()] += (now == null ? 0 : figure.value.applyAsInt(now)) - was;
    }
    sums = next;
  }
}
