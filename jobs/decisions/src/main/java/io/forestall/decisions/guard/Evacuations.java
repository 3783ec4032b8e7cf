package io.forestall.decisions.guard;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.Incident;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

  /** End of the id of what lets a node in again. */
  private static final String AGAIN = "/return";

  /** Level of the contract whose nodes are let in by a hook of their own. */
  private static final int HOOK_LEVEL = 1;

  private static final long DAY_MILLIS = 24 * 3_600_000;
  private static final long HOUR_MILLIS = 3_600_000;

  private Evacuations() {}

  /**
   * True when a proposal clears a node for maintenance, or lets it in after it: nothing is
   * predicted of that node.
   */
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
    Set<Subject> cleared = new HashSet<>();
    for (PolicyRecord window : state.policies.evacuations(nowMillis)) {
      Subject node = Subject.parse(window.scope());
      Member member = state.member(node);
      if (member != null && member.member() != null) {
        wanted.put(PREFIX + window.key(), window);
        cleared.add(node);
      }
    }
    List<Incident> news = new ArrayList<>();
    for (Tracked tracked : state.tracked()) {
      boolean again = tracked.id().endsWith(AGAIN);
      boolean ended =
          again
              ? cleared.contains(tracked.subject())
                  || nowMillis >= tracked.openedMillis() + DAY_MILLIS
              : !wanted.containsKey(tracked.id());
      if (!tracked.rule().equals(RULE) || !ended) {
        continue;
      }
      news.add(
          incident(
              tracked.id(),
              Incident.State.RESOLVED,
              ActKind.FAILOVER,
              tracked.subject(),
              state.pool(),
              again
                  ? "It was let in, or is under maintenance again."
                  : "The maintenance window is over.",
              nowMillis,
              nowMillis,
              1));
      Member member = state.member(tracked.subject());
      if (!again
          && tracked.attempt() > 0
          && member != null
          && member.level() == HOOK_LEVEL
          && !cleared.contains(tracked.subject())) {
        news.add(
            incident(
                tracked.id() + AGAIN,
                Incident.State.OPENED,
                ActKind.RETURN,
                tracked.subject(),
                state.pool(),
                "Its maintenance is over.",
                nowMillis,
                nowMillis,
                DAY_MILLIS));
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
                    ActKind.FAILOVER,
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
      ActKind act,
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
        act,
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
