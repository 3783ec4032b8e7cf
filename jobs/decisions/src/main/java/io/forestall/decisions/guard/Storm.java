package io.forestall.decisions.guard;

import io.forestall.decisions.Decider;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.risk.Tier;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Stops automation when many nodes of a pool are at risk at once, and says so once (G10). Pure.
 *
 * <p>Overrides of single nodes count; wider ones do not, so that one word cannot talk a storm away.
 */
final class Storm {

  /** Type of the event that says it stopped. */
  static final String STOPPED = "pool.automation.stopped";

  /** Type of the event that says it goes on. */
  static final String RESUMED = "pool.automation.resumed";

  private static final String DUE = "~storm";

  private Storm() {}

  /** Nodes at WARNING or worse, as operators see them; count. */
  static int atRisk(GuardState state, long nowMillis) {
    int count = state.nodesAtRisk();
    for (PolicyRecord override : state.policies.overrides(nowMillis)) {
      if (!override.scope().startsWith("node/")) {
        continue;
      }
      Member member = state.member(Subject.parse(override.scope()));
      if (member != null && member.isDescribedNode()) {
        Tier tier = PolicySet.tierOf(override);
        boolean said = tier == Tier.WARNING || tier == Tier.CRITICAL;
        count += (said ? 1 : 0) - (member.atRisk() ? 1 : 0);
      }
    }
    return count;
  }

  /**
   * Judges the pool anew.
   *
   * @return true when a storm began
   */
  static boolean judge(
      GuardState state, GuardPolicy limits, long nowMillis, Consumer<GuardOutput> voice) {
    if (state.pool().isEmpty()) {
      // nothing is ever admitted in the pool of what belongs to none
      return false;
    }
    int nodes = state.nodes();
    int atRisk = atRisk(state, nowMillis);
    double share = nodes == 0 ? 0 : (double) atRisk / nodes;
    boolean high = atRisk >= limits.stormMinNodes() && share >= limits.stormEnterShare();
    if (!state.storm()) {
      if (high) {
        state.storm(true, nowMillis, Decider.NO_ALARM);
        voice.accept(new GuardOutput.Noticed(notice(state, STOPPED, atRisk, nowMillis)));
        return true;
      }
      return false;
    }
    if (high) {
      state.storm(true, state.stormSinceMillis(), Decider.NO_ALARM);
      state.schedule.off(DUE);
      return false;
    }
    // the moment it was last high is the moment it ceased to be
    long lastHigh =
        state.stormHighMillis() == Decider.NO_ALARM ? nowMillis : state.stormHighMillis();
    state.storm(true, state.stormSinceMillis(), lastHigh);
    long overMillis = lastHigh + limits.stormCooldownMillis();
    boolean low = share < limits.stormExitShare() || atRisk == 0;
    if (low && nowMillis >= overMillis) {
      GuardOutput resumed = new GuardOutput.Noticed(notice(state, RESUMED, atRisk, nowMillis));
      state.storm(false, 0, 0);
      state.schedule.off(DUE);
      voice.accept(resumed);
    } else {
      state.schedule.at(DUE, low ? overMillis : Decider.NO_ALARM);
    }
    return false;
  }

  private static FleetEvent notice(GuardState state, String type, int atRisk, long nowMillis) {
    boolean stopped = type.equals(STOPPED);
    String summary =
        String.format(
            Locale.ROOT,
            stopped
                ? "Automation of pool %s stopped: %d of %d nodes are at risk at once."
                : "Automation of pool %s goes on: %d of %d nodes are at risk.",
            state.pool(),
            atRisk,
            state.nodes());
    return new FleetEvent(
        Ids.of("n-", type, state.pool(), Long.toString(state.stormSinceMillis())),
        type,
        stopped ? Severity.CRITICAL : Severity.INFO,
        false,
        new Subject(Subject.Kind.POOL, state.pool()),
        List.of(),
        nowMillis,
        null,
        1,
        0,
        null,
        null,
        null,
        null,
        null,
        "guard",
        summary,
        Map.of("nodesAtRisk", (double) atRisk, "nodes", (double) state.nodes()),
        Map.of("pool", state.pool()));
  }
}
