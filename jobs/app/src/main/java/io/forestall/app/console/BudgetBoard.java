package io.forestall.app.console;

import io.forestall.decisions.guard.GuardPolicy;
import io.forestall.decisions.guard.PolicyParameters;
import io.forestall.schemas.ActKind;
import io.forestall.schemas.PolicyKind;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Budgets, acts in flight, modes and guards of each pool, put together from the log, the policies
 * in force and the newest decisions, at one moment. Immutable. Rows G1, G4, G9.
 */
record BudgetBoard(List<PolicyView.Row> halts, List<Pool> pools) {
  private static final String PREDICTED = "/predicted";

  /**
   * One budget.
   *
   * @param inFlight acts that take from it now
   * @param limit acts at once, NaN when nobody said
   * @param source who set the limit: {@code policy}, {@code admission} (as the newest one shows) or
   *     {@code shipped}
   */
  record Line(String scope, double inFlight, double limit, String source) {}

  /**
   * One pool.
   *
   * @param acting acts that may be done, not only advised
   * @param notice the newest word about its automation, null when there was none
   * @param guards what its guards said last, null when nothing was decided yet
   */
  record Pool(
      String pool,
      long sequence,
      @Nullable String incarnation,
      long startedMillis,
      List<Line> budgets,
      List<AdmissionView.Act> inFlight,
      Set<ActKind> acting,
      ActViews.@Nullable Notice notice,
      DecisionView.@Nullable PoolGuards guards) {}

  /** The board of all pools, or of one. */
  static BudgetBoard of(ActViews acts, @Nullable String onlyPool) {
    long now = acts.nowMillis();
    Map<String, AdmissionView.Pool> logs = new TreeMap<>();
    for (AdmissionView.Pool pool : acts.admissions().pools()) {
      logs.put(pool.pool(), pool);
    }
    Map<String, DecisionView.PoolGuards> guards = new TreeMap<>();
    for (DecisionView.PoolGuards pool : acts.decisions().pools()) {
      guards.put(pool.pool(), pool);
    }
    Set<String> names = new TreeSet<>(logs.keySet());
    names.addAll(guards.keySet());
    for (ActViews.Notice storm : acts.storms()) {
      names.add(storm.pool());
    }
    List<PolicyView.Row> modes = acts.policies().holding(PolicyKind.MODE, now);
    List<PolicyView.Row> limits = acts.policies().holding(PolicyKind.BUDGET, now);
    List<Pool> pools = new ArrayList<>();
    for (String name : names) {
      if (onlyPool != null && !onlyPool.equals(name)) {
        continue;
      }
      AdmissionView.Pool log = logs.get(name);
      Set<ActKind> acting = EnumSet.noneOf(ActKind.class);
      for (ActKind act : ActJson.MODED) {
        if (PolicyView.acts(modes, act, name)) {
          acting.add(act);
        }
      }
      pools.add(
          new Pool(
              name,
              log == null ? 0 : log.sequence(),
              log == null ? null : log.incarnation(),
              log == null ? 0 : log.startedMillis(),
              lines(name, log, limits),
              log == null ? List.of() : log.inFlight(),
              acting,
              acts.notice(name),
              guards.get(name)));
    }
    return new BudgetBoard(acts.policies().holding(PolicyKind.HALT, now), pools);
  }

  private static List<Line> lines(
      String pool, AdmissionView.@Nullable Pool log, List<PolicyView.Row> policies) {
    Map<String, Line> lines = new LinkedHashMap<>();
    String own = "pool/" + pool;
    String predicted = own + PREDICTED;
    lines.put(
        predicted, new Line(predicted, 0, GuardPolicy.DEFAULTS.predictedActsInFlight(), "shipped"));
    lines.put(own, new Line(own, 0, GuardPolicy.DEFAULTS.actsInFlight(), "shipped"));
    if (log != null) {
      for (AdmissionView.Budget budget : log.budgets()) {
        lines.put(
            budget.scope(),
            new Line(budget.scope(), budget.inFlight(), budget.limit(), "admission"));
      }
    }
    // The wider scope first, so that the narrower one has the last word.
    for (boolean narrow : new boolean[] {false, true}) {
      for (PolicyView.Row policy : policies) {
        boolean here = policy.scope().equals(own) || policy.scope().startsWith("zone/");
        if (narrow ? here : policy.scope().equals("all")) {
          boolean zone = policy.scope().startsWith("zone/");
          String scope =
              zone
                  ? policy.scope()
                  : policy.act() == ActKind.UNKNOWN
                      ? predicted
                      : "kind/" + ConsoleJson.lower(policy.act()).replace('_', '-');
          set(lines, scope, policy.parameters().get(PolicyParameters.ACTS_IN_FLIGHT), !zone);
          if (!zone && policy.act() == ActKind.UNKNOWN) {
            set(lines, own, policy.parameters().get(PolicyParameters.ALL_ACTS_IN_FLIGHT), true);
          }
        }
      }
    }
    return List.copyOf(lines.values());
  }

  /** A zone's limit concerns this pool only when an act of it took from that zone. */
  private static void set(
      Map<String, Line> lines, String scope, @Nullable String text, boolean always) {
    double limit = number(text);
    Line before = lines.get(scope);
    if (!Double.isNaN(limit) && (always || before != null)) {
      lines.put(scope, new Line(scope, before == null ? 0 : before.inFlight(), limit, "policy"));
    }
  }

  private static double number(@Nullable String text) {
    try {
      return text == null ? Double.NaN : Double.parseDouble(text);
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }
}
