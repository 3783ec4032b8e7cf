package io.forestall.decisions.guard;

import static io.forestall.decisions.guard.GuardChecks.no;
import static io.forestall.decisions.guard.GuardChecks.yes;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The blast radius (G4) and the rates (G5): what is in flight, what was admitted lately. Pure. */
final class Budgets {

  private static final long DAY_MILLIS = 24L * 3_600_000;

  private Budgets() {}

  /**
   * One budget and what is taken of it.
   *
   * @param scope for example {@code pool/p1}
   * @param used acts in flight that count; count
   * @param limit most of them at once; count
   */
  record Use(String scope, int used, int limit) {}

  /** Every budget that an act would take from. */
  static List<Use> uses(
      GuardState state,
      GuardPolicy limits,
      ActKind act,
      @Nullable String zone,
      boolean predicted,
      long nowMillis) {
    return uses(state, limits, act, zone, predicted, Set.of(), nowMillis);
  }

  /**
   * Every budget that an act would take from once others have ended.
   *
   * @param without identifiers of admissions that do not count
   */
  private static List<Use> uses(
      GuardState state,
      GuardPolicy limits,
      ActKind act,
      @Nullable String zone,
      boolean predicted,
      Set<String> without,
      long nowMillis) {
    int all = 0;
    int foreseen = 0;
    int inZone = 0;
    int ofKind = 0;
    for (Held held : state.held()) {
      if (without.contains(held.id())) {
        continue;
      }
      Admission admission = held.admission();
      all++;
      foreseen += admission.predicted() ? 1 : 0;
      inZone += Objects.equals(admission.zone(), zone) ? 1 : 0;
      ofKind += admission.act() == act ? 1 : 0;
    }
    String pool = "pool/" + state.pool();
    List<String> poolThenAll = List.of(pool, "all");
    PolicySet policies = state.policies;
    List<Use> uses = new ArrayList<>();
    uses.add(
        new Use(
            pool,
            all,
            count(
                policies.budget(
                    PolicyParameters.ALL_ACTS_IN_FLIGHT, poolThenAll, ActKind.UNKNOWN, nowMillis),
                limits.actsInFlight())));
    if (predicted) {
      uses.add(
          new Use(
              pool + "/predicted",
              foreseen,
              count(
                  policies.budget(
                      PolicyParameters.ACTS_IN_FLIGHT, poolThenAll, ActKind.UNKNOWN, nowMillis),
                  limits.predictedActsInFlight())));
    }
    if (zone != null) {
      uses.add(
          new Use(
              "zone/" + zone,
              inZone,
              count(
                  policies.budget(
                      PolicyParameters.ACTS_IN_FLIGHT,
                      List.of("zone/" + zone),
                      ActKind.UNKNOWN,
                      nowMillis),
                  limits.zoneActsInFlight())));
    }
    uses.add(
        new Use(
            "kind/" + act.name().toLowerCase(Locale.ROOT).replace('_', '-'),
            ofKind,
            count(
                policies.budget(PolicyParameters.ACTS_IN_FLIGHT, poolThenAll, act, nowMillis),
                limits.kindActsInFlight())));
    return uses;
  }

  private static int count(@Nullable String text, int otherwise) {
    return text == null ? otherwise : PolicyValues.count(text);
  }

  private static List<Use> uses(Question q) {
    return uses(q.state, q.limits, q.act(), zoneOf(q), q.isPredicted(), q.nowMillis);
  }

  /** True when every budget would have room once these admissions have ended. */
  static boolean haveRoomWithout(Question q, Set<String> without) {
    List<Use> uses =
        uses(q.state, q.limits, q.act(), zoneOf(q), q.isPredicted(), without, q.nowMillis);
    return uses.stream().allMatch(use -> use.used() + 1 <= use.limit());
  }

  /** The failure zone whose budget the act uses. */
  static @Nullable String zoneOf(Question q) {
    if (q.host != null && !q.host.zone().isEmpty()) {
      return q.host.zone();
    }
    return q.proposal.zone();
  }

  /** What an act takes, once every budget has room. */
  static List<Admission.Share> shares(Question q) {
    return uses(q).stream()
        .map(use -> new Admission.Share(use.scope(), 1, use.limit() - use.used() - 1))
        .toList();
  }

  static GuardResult inFlight(Question q) {
    Use tightest = null;
    for (Use use : uses(q)) {
      if (tightest == null || use.limit() - use.used() < tightest.limit() - tightest.used()) {
        tightest = use;
      }
    }
    if (tightest == null) {
      return yes("budget", "No budget limits it.");
    }
    double used = tightest.used();
    double limit = tightest.limit();
    return used + 1 <= limit
        ? yes("budget", used, limit, "Budget " + tightest.scope() + " has room; acts in flight.")
        : no(
            "budget",
            DecisionCode.BUDGET_SPENT,
            used,
            limit,
            "Budget " + tightest.scope() + " is spent; acts in flight.");
  }

  static GuardResult rate(Question q) {
    String pool = "pool/" + q.state.pool();
    if (q.state.past().size() >= GuardState.MAX_PAST) {
      return no(
          "rate",
          DecisionCode.RATE_LIMITED,
          (double) q.state.past().size(),
          (double) GuardState.MAX_PAST,
          "More acts ended lately than the guard remembers.");
    }
    GuardResult result =
        rateOf(q, List.of(pool, "all"), ActKind.UNKNOWN, false, q.limits.rateActs());
    if (!result.passed()) {
      return result;
    }
    String zone = zoneOf(q);
    if (zone != null) {
      GuardResult ofZone = rateOf(q, List.of("zone/" + zone), ActKind.UNKNOWN, true, -1);
      if (!ofZone.passed()) {
        return ofZone;
      }
    }
    GuardResult ofKind = rateOf(q, List.of(pool, "all"), q.act(), false, -1);
    return ofKind.passed() ? result : ofKind;
  }

  private static GuardResult rateOf(
      Question q, List<String> scopes, ActKind act, boolean zoneOnly, int otherwise) {
    String acts = q.policies.budget(PolicyParameters.RATE_ACTS, scopes, act, q.nowMillis);
    String window = q.policies.budget(PolicyParameters.RATE_WINDOW, scopes, act, q.nowMillis);
    int limit = count(acts, otherwise);
    if (limit < 0) {
      return yes("rate", "No rate limits it.");
    }
    long windowMillis =
        window == null ? q.limits.rateWindowMillis() : PolicyValues.durationMillis(window);
    String zone = zoneOf(q);
    int used = 0;
    for (Held held : q.state.held()) {
      Admission a = held.admission();
      used +=
          counts(q, a.issuedMillis(), windowMillis, a.act(), act, a.zone(), zoneOnly ? zone : null)
              ? 1
              : 0;
    }
    for (Past past : q.state.past()) {
      used +=
          counts(
                  q,
                  past.issuedMillis(),
                  windowMillis,
                  past.act(),
                  act,
                  past.zone(),
                  zoneOnly ? zone : null)
              ? 1
              : 0;
    }
    String where =
        (zoneOnly ? "zone/" + zone : scopes.get(0)) + " in " + Ladder.words(windowMillis);
    return used + 1 <= limit
        ? yes("rate", (double) used, (double) limit, "Few enough acts of " + where + ".")
        : no(
            "rate",
            DecisionCode.RATE_LIMITED,
            (double) used,
            (double) limit,
            "Enough acts of " + where + ".");
  }

  private static boolean counts(
      Question q,
      long issuedMillis,
      long windowMillis,
      ActKind act,
      ActKind only,
      @Nullable String zone,
      @Nullable String onlyZone) {
    return q.nowMillis - issuedMillis < windowMillis
        && (only == ActKind.UNKNOWN || act == only)
        && (onlyZone == null || onlyZone.equals(zone));
  }

  static GuardResult nodesPerDay(Question q) {
    String text =
        q.policies.budget(
            PolicyParameters.NODES_PER_DAY,
            List.of("pool/" + q.state.pool(), "all"),
            ActKind.UNKNOWN,
            q.nowMillis);
    double share = text == null ? q.limits.nodesPerDayShare() : PolicyValues.share(text);
    double limit = share == 0 ? 0 : Math.max(1, Math.floor(share * q.state.nodes()));
    Set<Subject> touched = touched(q.state, q.nowMillis);
    touched.addAll(Past.nodes(q.proposal.subject(), q.proposal.source()));
    double count = touched.size();
    if (!q.isPredicted()) {
      return yes("nodes-per-day", count, limit, "It has happened; a failure is not put off.");
    }
    return count <= limit
        ? yes(
            "nodes-per-day", count, limit, "Few enough nodes were touched today, this one counted.")
        : no(
            "nodes-per-day",
            DecisionCode.BUDGET_SPENT,
            count,
            limit,
            "Enough nodes were touched today, this one counted.");
  }

  /** False for what only gives up a copy that nobody needs. */
  private static boolean touches(ActKind act) {
    return act != ActKind.RETIRE_SHADOW;
  }

  /** Nodes that acts of the last day touched. */
  static Set<Subject> touched(GuardState state, long nowMillis) {
    Set<Subject> nodes = new HashSet<>();
    for (Held held : state.held()) {
      Admission admission = held.admission();
      if (touches(admission.act())) {
        nodes.addAll(Past.nodes(admission.subject(), admission.source()));
      }
    }
    for (Past past : state.past()) {
      if (touches(past.act()) && nowMillis - past.issuedMillis() < DAY_MILLIS) {
        nodes.addAll(past.nodes());
      }
    }
    return nodes;
  }
}
