package io.forestall.decisions.guard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.PolicyRecord.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicySetTest {

  private static final long NOW = 1_700_000_000_000L;
  private static final Reach N1 =
      Reach.of(Subject.node("n1"), new Place("n1", "r1", "z1", "eu", "p1"), "p1");
  private static final Reach N2 =
      Reach.of(Subject.node("n2"), new Place("n2", "r2", "z2", "eu", "p1"), "p1");

  private int next;

  private PolicyRecord word(Kind kind, String scope, ActKind act, String... parameters) {
    return word(kind, scope, act, null, NOW, NOW + 1_000, parameters);
  }

  private PolicyRecord word(
      Kind kind,
      String scope,
      ActKind act,
      @Nullable String proposal,
      long from,
      @Nullable Long until,
      String... parameters) {
    Map<String, String> map = new TreeMap<>();
    for (int i = 0; i < parameters.length; i += 2) {
      map.put(parameters[i], parameters[i + 1]);
    }
    String id = "w" + next++;
    return new PolicyRecord(
        scope + "/" + kind + "/" + id,
        id,
        kind,
        1,
        true,
        scope,
        null,
        act,
        proposal,
        "ann",
        "because",
        NOW,
        from,
        until,
        map,
        "");
  }

  private static PolicySet set(PolicyRecord... records) {
    PolicySet set = PolicySet.of(List.of(records), Set.of(), 1);
    assertThat(set.problems()).isEmpty();
    return set;
  }

  @Test
  void adviseIsTheDefault() {
    assertThat(PolicySet.EMPTY.acts(ActKind.FAILOVER, N1, NOW)).isFalse();
  }

  @Test
  void theNarrowestScopeWinsThenTheKindOfActThenTheMoreCareful() {
    PolicyRecord all = word(Kind.MODE, "all", ActKind.UNKNOWN, "mode", "act");
    PolicyRecord zone = word(Kind.MODE, "zone/z1", ActKind.UNKNOWN, "mode", "advise");
    PolicyRecord pool = word(Kind.MODE, "pool/p1", ActKind.UNKNOWN, "mode", "act");
    PolicyRecord poolNoFailover = word(Kind.MODE, "pool/p1", ActKind.FAILOVER, "mode", "advise");
    PolicyRecord node = word(Kind.MODE, "node/n1", ActKind.UNKNOWN, "mode", "act");
    PolicyRecord nodeToo =
        word(Kind.MODE, "node/n1", ActKind.UNKNOWN, "mode", "act", "approval", "true");
    PolicyRecord nodeNot = word(Kind.MODE, "node/n1", ActKind.UNKNOWN, "mode", "advise");

    assertThat(set(all).acts(ActKind.FAILOVER, N1, NOW)).isTrue();
    assertThat(set(all, zone).acts(ActKind.FAILOVER, N1, NOW)).isFalse();
    assertThat(set(all, zone).acts(ActKind.FAILOVER, N2, NOW)).isTrue();
    assertThat(set(all, zone, pool).acts(ActKind.FAILOVER, N1, NOW)).isTrue();
    assertThat(set(all, pool, poolNoFailover).acts(ActKind.FAILOVER, N1, NOW)).isFalse();
    assertThat(set(all, pool, poolNoFailover).acts(ActKind.SHADOW, N1, NOW)).isTrue();
    assertThat(set(poolNoFailover, node).acts(ActKind.FAILOVER, N1, NOW)).isTrue();
    assertThat(set(node).needsApproval(ActKind.FAILOVER, N1, NOW)).isFalse();
    assertThat(set(node, nodeToo).needsApproval(ActKind.FAILOVER, N1, NOW)).isTrue();
    assertThat(set(nodeToo, node, nodeNot).acts(ActKind.FAILOVER, N1, NOW)).isFalse();
  }

  @Test
  void nothingHoldsBeforeItsTimeOrAfterItsEndOrWhenSwitchedOff() {
    PolicyRecord halt = word(Kind.HALT, "pool/p1", ActKind.UNKNOWN, null, NOW + 10, NOW + 20);
    PolicySet set = set(halt);
    assertThat(set.halt(ActKind.SHADOW, N1, NOW + 9)).isNull();
    assertThat(set.halt(ActKind.SHADOW, N1, NOW + 10)).isEqualTo(halt);
    assertThat(set.halt(ActKind.SHADOW, N1, NOW + 19)).isEqualTo(halt);
    assertThat(set.halt(ActKind.SHADOW, N1, NOW + 20)).isNull();
    assertThat(set.nextEdgeMillis(NOW)).isEqualTo(NOW + 10);
    assertThat(set.nextEdgeMillis(NOW + 10)).isEqualTo(NOW + 20);
    assertThat(set.nextEdgeMillis(NOW + 20)).isNull();
    PolicyRecord off =
        new PolicyRecord(
            halt.key(),
            halt.id(),
            halt.kind(),
            2,
            false,
            halt.scope(),
            null,
            halt.act(),
            null,
            "ann",
            "off",
            NOW,
            NOW,
            null,
            Map.of(),
            "");
    assertThat(set(off).halt(ActKind.SHADOW, N1, NOW + 15)).isNull();
    assertThat(set(off).nextEdgeMillis(NOW)).isNull();
  }

  @Test
  void aWordForOneKindOfActHoldsForNoOther() {
    PolicySet set = set(word(Kind.HALT, "all", ActKind.FAILOVER));
    assertThat(set.halt(ActKind.FAILOVER, N1, NOW)).isNotNull();
    assertThat(set.halt(ActKind.SHADOW, N1, NOW)).isNull();
  }

  @Test
  void maintenanceOfARackOrAZoneIsThatOfItsNodes() {
    assertThat(set(word(Kind.MAINTENANCE, "rack/r1", ActKind.UNKNOWN)).maintenance(N1, NOW))
        .isNotNull();
    assertThat(set(word(Kind.MAINTENANCE, "zone/z1", ActKind.UNKNOWN)).maintenance(N2, NOW))
        .isNull();
  }

  @Test
  void budgetsOfTheNarrowerScopeWinAndTheSmallerOfOneScope() {
    PolicySet set =
        set(
            word(Kind.BUDGET, "all", ActKind.UNKNOWN, "acts-in-flight", "9"),
            word(Kind.BUDGET, "pool/p1", ActKind.UNKNOWN, "acts-in-flight", "5"),
            word(Kind.BUDGET, "pool/p1", ActKind.UNKNOWN, "acts-in-flight", "3"),
            word(Kind.BUDGET, "pool/p1", ActKind.SHADOW, "acts-in-flight", "1"));
    List<String> scopes = List.of("pool/p1", "all");
    String name = PolicyParameters.ACTS_IN_FLIGHT;
    assertThat(set.budget(name, scopes, ActKind.UNKNOWN, NOW)).isEqualTo("3");
    assertThat(set.budget(name, scopes, ActKind.SHADOW, NOW)).isEqualTo("1");
    assertThat(set.budget(name, List.of("pool/p2", "all"), ActKind.UNKNOWN, NOW)).isEqualTo("9");
    assertThat(set.budget(PolicyParameters.NODES_PER_DAY, scopes, ActKind.UNKNOWN, NOW)).isNull();
  }

  @Test
  void nonsenseIsLeftOutAndSaid() {
    PolicyRecord bad = word(Kind.MODE, "all", ActKind.UNKNOWN, "mode", "fire");
    PolicyRecord good = word(Kind.MODE, "pool/p1", ActKind.UNKNOWN, "mode", "act");
    PolicySet set = PolicySet.of(List.of(bad, good), Set.of(), 1);
    assertThat(set.problems()).containsOnlyKeys(bad.key());
    assertThat(set.records()).containsExactly(good);
  }

  @ParameterizedTest(name = "{0} {1} {2} {3}={4}: {5}")
  @CsvSource(
      nullValues = "-",
      value = {
        "MODE, all, UNKNOWN, mode, fire, 'mode: ''fire'' is no mode, write advise or act'",
        "MODE, all, UNKNOWN, -, -, a mode says mode=advise or mode=act",
        "MODE, all, INVESTIGATE, mode, act, a mode of INVESTIGATE has no meaning: it touches no"
            + " data",
        "MODE, all, UNKNOWN, approval, maybe, 'approval: ''maybe'' is neither true nor false'",
        "MODE, all, UNKNOWN, colour, red, 'a mode has no parameter ''colour'', only approval,"
            + " mode'",
        "MODE, everything, UNKNOWN, mode, act, 'its scope ''everything'' is none: write all,"
            + " pool/p1, zone/z1 or node/n-0001'",
        "MODE, moon/1, UNKNOWN, mode, act, 'its scope ''moon/1'' is none: write all, pool/p1,"
            + " zone/z1 or node/n-0001'",
        "BUDGET, all, UNKNOWN, -, -, a budget limits nothing: give at least one of its parameters",
        "BUDGET, all, UNKNOWN, acts-in-flight, -1, 'acts-in-flight: ''-1'' is no count from 0 to"
            + " 1000000'",
        "BUDGET, all, UNKNOWN, acts-in-flight, 1e9, 'acts-in-flight: ''1e9'' is no count from 0 to"
            + " 1000000'",
        "BUDGET, all, UNKNOWN, nodes-per-day, 2, 'nodes-per-day: ''2'' is no share, write it as"
            + " 0.02'",
        "BUDGET, all, UNKNOWN, nodes-per-day, NaN, 'nodes-per-day: ''NaN'' is no finite number'",
        "BUDGET, all, UNKNOWN, rate-acts, 5, rate-acts and rate-window come together",
        "BUDGET, all, UNKNOWN, rate-window, soon, 'rate-window: ''soon'' is no duration, write it"
            + " as 30 s, 15 min, 8 h or 7 d'",
        "BUDGET, all, UNKNOWN, rate-window, 2 d, 'rate-window: ''2 d'' is not between 1 s and 1 d'",
        "BUDGET, node/n1, UNKNOWN, acts-in-flight, 1, 'a budget holds for all, a pool or a zone,"
            + " not for node/n1'",
        "OVERRIDE, node/n1, UNKNOWN, tier, great, 'tier: ''great'' is no tier, write healthy,"
            + " watch, warning or critical'",
        "OVERRIDE, all, UNKNOWN, tier, healthy, 'an override names what it holds for, not all'",
        "PIN, node/n1, UNKNOWN, target, somewhere, 'target: ''somewhere'' is no key: write it as"
            + " node/n-0001'",
        "APPROVAL, all, UNKNOWN, -, -, 'an approval names a proposal, or as a rule the kind of act"
            + " it approves'",
        "APPROVAL, all, FAILOVER, hours, 8-25, 'hours: ''8-25'' are no hours of a day, write them"
            + " as 08-18 (UTC)'",
        "APPROVAL, all, FAILOVER, max-cost, 64 miles, 'max-cost: ''64 miles'' is no size, write it"
            + " as 64 mb, 10 gb or 2 tb'",
        "APPROVAL, all, FAILOVER, max-cost, 999999999999999999 tb, 'max-cost: ''999999999999999999"
            + " tb'' is too large'",
        "DENIAL, all, UNKNOWN, -, -, a denial names the proposal that it denies",
        "CANCEL, all, UNKNOWN, -, -, a cancel names either a proposal or admission=ID",
        "UNKNOWN, all, UNKNOWN, -, -, its kind is not known to this version",
      })
  void eachNonsenseHasItsSentence(
      Kind kind,
      String scope,
      ActKind act,
      @Nullable String name,
      @Nullable String value,
      String sentence) {
    String[] parameters =
        name == null || value == null ? new String[0] : new String[] {name, value};
    assertThat(PolicyProblems.of(word(kind, scope, act, parameters))).contains(sentence);
  }

  @Test
  void authorReasonExpiryAndOrderAreAskedFor() {
    PolicyRecord nobody =
        new PolicyRecord(
            "k",
            "",
            Kind.SILENCE,
            -1,
            true,
            "node/n1",
            Subject.node("n2"),
            ActKind.UNKNOWN,
            null,
            " ",
            "",
            NOW,
            NOW,
            NOW,
            Map.of(),
            "");
    assertThat(PolicyProblems.of(nobody))
        .containsExactly(
            "it has no id",
            "nobody signs for it: name an author",
            "it gives no reason: say why in a sentence",
            "its version -1 is below 0",
            "its scope node/n1 and its entity node/n2 differ",
            "it would end before it begins: let it expire later than it starts");
    PolicyRecord forever = word(Kind.MAINTENANCE, "node/n1", ActKind.UNKNOWN, null, NOW, null);
    assertThat(PolicyProblems.of(forever))
        .containsExactly("a maintenance must expire, so that nobody forgets it: say until when");
  }

  @Test
  void aHostileRecordIsRefusedAndNeverThrows() {
    List<PolicyRecord> hostile = new ArrayList<>();
    Map<String, String> many = new TreeMap<>();
    for (int i = 0; i < 10_000; i++) {
      many.put("p" + i, "x".repeat(100));
    }
    for (Kind kind : Kind.values()) {
      hostile.add(
          new PolicyRecord(
              "k",
              "x",
              kind,
              Long.MAX_VALUE,
              true,
              "a/".repeat(5_000),
              null,
              ActKind.UNKNOWN,
              "",
              "a".repeat(100_000),
              "\u0000",
              Long.MIN_VALUE,
              Long.MAX_VALUE,
              Long.MIN_VALUE,
              many,
              "{"));
    }
    for (PolicyRecord record : hostile) {
      assertThat(PolicyProblems.of(record))
          .as(record.kind().name())
          .isNotEmpty()
          .allMatch(sentence -> sentence.length() < 300);
    }
    PolicySet set = PolicySet.of(hostile, Set.of(), 1);
    assertThat(set.records()).isEmpty();
  }

  @Test
  void limitsOfTheGuardChangeLive() {
    GuardPolicy changed =
        GuardPolicy.DEFAULTS.with(
            Map.of("failover-threshold", "error", "dwell", "0 s", "storm-enter", "0.2"));
    assertThat(changed.failoverSeverity()).isEqualTo(io.forestall.decisions.Severity.ERROR);
    assertThat(changed.dwellMillis()).isZero();
    assertThat(changed.stormEnterShare()).isEqualTo(0.2);
    assertThat(changed.rateActs()).isEqualTo(GuardPolicy.DEFAULTS.rateActs());
    assertThatThrownBy(() -> GuardPolicy.DEFAULTS.with(Map.of("magic", "1")))
        .hasMessage("the guard has no limit named magic");
    assertThatThrownBy(() -> GuardPolicy.DEFAULTS.with(Map.of("storm-exit", "0.5")))
        .hasMessage("storm-exit must not be above storm-enter");
    assertThatThrownBy(() -> GuardPolicy.DEFAULTS.with(Map.of("failover-threshold", "bad")))
        .hasMessage(
            "failover-threshold: 'bad' is no severity, write info, warning, error or critical");
  }

  @Test
  void hoursGoOverMidnight() {
    long noon = 12 * 3_600_000L;
    assertThat(PolicyValues.withinHours("08-18", noon)).isTrue();
    assertThat(PolicyValues.withinHours("22-06", noon)).isFalse();
    assertThat(PolicyValues.withinHours("22-06", 23 * 3_600_000L)).isTrue();
    assertThat(PolicyValues.withinHours("00-24", noon)).isTrue();
    assertThatThrownBy(() -> PolicyValues.withinHours("8-8", noon))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
