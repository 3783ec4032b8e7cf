package io.forestall.decisions.guard;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.Incident;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Planned maintenance starts a failover (C1): a window that wants its node evacuated is taken like
 * an incident of that node, which asks for a failover of its units until none is left there or the
 * window ends. All that holds for acts on incidents holds for it. Pure.
 */
final class Evacuations {

  /** Name of the rule of such an incident. */
  static final String RULE = "planned-maintenance";

  private static final String PREFIX = "maintenance/";
  private static final long HOUR_MILLIS = 3_600_000;

  private Evacuations() {}

  /** True when a proposal clears a node for maintenance: nothing is predicted of that node. */
  static boolean asksFor(Proposal proposal) {
    return RULE.equals(proposal.rule()) && proposal.decider().equals(Proposer.DECIDER);
  }

  /**
   * Tells of windows that began or ended.
   *
   * @param told hears of an incident for each
   */
  static void look(GuardState state, long nowMillis, Consumer<Incident> told) {
    Map<String, PolicyRecord> wanted = new TreeMap<>();
    for (PolicyRecord window : state.policies.evacuations(nowMillis)) {
      Subject node = Subject.parse(window.scope());
      Member member = state.member(node);
      if (member != null && member.member() != null) {
        wanted.put(PREFIX + window.key(), window);
      }
    }
    List<Incident> news = new ArrayList<>();
    for (Tracked tracked : state.tracked()) {
      boolean ended = tracked.rule().equals(RULE) && !wanted.containsKey(tracked.id());
      if (ended) {
        news.add(
            incident(
                tracked.id(),
                Incident.State.RESOLVED,
                tracked.subject(),
                state.pool(),
                "The maintenance window is over.",
                nowMillis,
                nowMillis,
                1));
      }
    }
    wanted.forEach(
        (id, window) -> {
          if (state.tracked(id) == null) {
            Long expires = window.expiresMillis();
            news.add(
                incident(
                    id,
                    Incident.State.OPENED,
                    Subject.parse(window.scope()),
                    state.pool(),
                    window.author() + " will be at work on it: " + window.reason() + ".",
                    window.notBeforeMillis(),
                    nowMillis,
                    Math.max(HOUR_MILLIS, expires == null ? 0 : expires - nowMillis)));
          }
        });
    news.forEach(told);
  }

  private static Incident incident(
      String id,
      Incident.State state,
      Subject node,
      String pool,
      String summary,
      long openedMillis,
      long nowMillis,
      long horizonMillis) {
    return new Incident(
        id,
        1,
        state,
        Severity.CRITICAL,
        summary,
        node,
        pool,
        true,
        1,
        horizonMillis,
        ActKind.FAILOVER,
        null,
        RULE,
        1,
        node.toString(),
        List.of(),
        List.of(node),
        List.of(),
        1,
        openedMillis,
        nowMillis,
        state == Incident.State.RESOLVED ? nowMillis : null,
        null,
        Map.of());
  }
}
