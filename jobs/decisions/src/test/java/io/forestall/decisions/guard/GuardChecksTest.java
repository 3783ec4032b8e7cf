package io.forestall.decisions.guard;

import static io.forestall.decisions.guard.TestingPool.node;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.PolicyRecord.Kind;
import io.forestall.risk.Tier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each check alone: in a world in which everything passes, one thing is wrong. */
class GuardChecksTest {

  private static final long HOUR = 3_600_000;

  /** What is wrong: changes the pool, and gives the proposal to ask about. */
  interface Wrong extends BiFunction<TestingPool, Draft, Draft> {}

  /** A proposal under construction. */
  record Draft(
      ActKind act,
      Subject subject,
      @Nullable Subject source,
      @Nullable Subject target,
      List<Proposal.UnitStep> units,
      double probability,
      long horizonMillis,
      double confidence,
      long costBytes,
      long ageMillis,
      long validMillis,
      String pool,
      String lane,
      @Nullable String model,
      Map<String, String> parameters) {

    Draft act(ActKind other) {
      return new Draft(
          other,
          subject,
          source,
          target,
          units,
          probability,
          horizonMillis,
          confidence,
          costBytes,
          ageMillis,
          validMillis,
          pool,
          lane,
          model,
          parameters);
    }

    Draft target(@Nullable Subject other) {
      return new Draft(
          act,
          subject,
          source,
          other,
          units,
          probability,
          horizonMillis,
          confidence,
          costBytes,
          ageMillis,
          validMillis,
          pool,
          lane,
          model,
          parameters);
    }

    Draft subject(Subject other, @Nullable Subject from) {
      return new Draft(
          act,
          other,
          from,
          target,
          units,
          probability,
          horizonMillis,
          confidence,
          costBytes,
          ageMillis,
          validMillis,
          pool,
          lane,
          model,
          parameters);
    }

    Draft unitless() {
      return units(new Proposal.UnitStep[0]);
    }

    Draft units(Proposal.UnitStep... steps) {
      return new Draft(
          act,
          subject,
          source,
          target,
          List.of(steps),
          probability,
          horizonMillis,
          confidence,
          costBytes,
          ageMillis,
          validMillis,
          pool,
          lane,
          model,
          parameters);
    }

    Draft chance(double p, double trust) {
      return new Draft(
          act,
          subject,
          source,
          target,
          units,
          p,
          horizonMillis,
          trust,
          costBytes,
          ageMillis,
          validMillis,
          pool,
          lane,
          model,
          parameters);
    }

    Draft cost(long bytes) {
      return new Draft(
          act,
          subject,
          source,
          target,
          units,
          probability,
          horizonMillis,
          confidence,
          bytes,
          ageMillis,
          validMillis,
          pool,
          lane,
          model,
          parameters);
    }

    Draft old(long age, long valid) {
      return new Draft(
          act,
          subject,
          source,
          target,
          units,
          probability,
          horizonMillis,
          confidence,
          costBytes,
          age,
          valid,
          pool,
          lane,
          model,
          parameters);
    }

    Draft pool(String other) {
      return new Draft(
          act,
          subject,
          source,
          target,
          units,
          probability,
          horizonMillis,
          confidence,
          costBytes,
          ageMillis,
          validMillis,
          other,
          lane,
          model,
          parameters);
    }

    Draft lane(String other) {
      return new Draft(
          act,
          subject,
          source,
          target,
          units,
          probability,
          horizonMillis,
          confidence,
          costBytes,
          ageMillis,
          validMillis,
          pool,
          other,
          model,
          parameters);
    }

    Draft with(String name, String value) {
      Map<String, String> more = new TreeMap<>(parameters);
      more.put(name, value);
      return new Draft(
          act,
          subject,
          source,
          target,
          units,
          probability,
          horizonMillis,
          confidence,
          costBytes,
          ageMillis,
          validMillis,
          pool,
          lane,
          model,
          more);
    }

    Draft real() {
      return new Draft(
          act,
          subject,
          source,
          target,
          units,
          1,
          0,
          1,
          costBytes,
          ageMillis,
          validMillis,
          pool,
          lane,
          model,
          parameters);
    }

    Proposal proposal(long now) {
      return new Proposal(
          "p",
          act,
          subject,
          pool,
          null,
          units,
          source,
          target,
          List.of(),
          "test",
          "The test asks.",
          List.of(),
          null,
          null,
          null,
          model,
          1,
          probability,
          horizonMillis,
          confidence,
          costBytes,
          0,
          0,
          now - ageMillis,
          now - ageMillis + validMillis,
          lane,
          parameters);
    }
  }

  /** 40 nodes in 4 zones; n0 is failing and owns u, whose copies stand in zones 0, 1 and 2. */
  private static TestingPool pool() {
    TestingPool pool = TestingPool.started(60, 4);
    pool.act();
    pool.unit("u", 7, 0, 1, 2);
    pool.risk(node(0), Tier.WARNING, 0.6, 0);
    pool.pass(10 * 60_000);
    for (int i = 0; i < 60; i++) {
      pool.risk(node(i), i == 0 ? Tier.WARNING : Tier.HEALTHY, i == 0 ? 0.6 : 0.001, 0);
    }
    return pool;
  }

  private static Draft draft() {
    return new Draft(
        ActKind.MIGRATE,
        node(0),
        node(0),
        node(3),
        List.of(new Proposal.UnitStep("u", 7, 8)),
        0.6,
        HOUR,
        0.9,
        1L << 30,
        0,
        HOUR,
        TestingPool.POOL,
        Proposal.LIVE,
        "lstm-disk",
        Map.of());
  }

  private static List<GuardResult> ask(TestingPool pool, Draft draft) {
    Proposal proposal = draft.proposal(pool.now);
    return GuardChecks.ask(
        new Question(
            pool.state,
            pool.arbiter.limits(pool.state, pool.now),
            proposal,
            pool.now,
            draft.ageMillis()));
  }

  private static List<String> refusals(TestingPool pool, Draft draft) {
    List<String> refusals = new ArrayList<>();
    for (GuardResult result : ask(pool, draft)) {
      if (!result.passed()) {
        refusals.add(result.guard() + " " + result.code());
      }
    }
    return refusals;
  }

  @Test
  void whenNothingIsWrongEveryCheckPasses() {
    TestingPool pool = pool();
    assertThat(ask(pool, draft())).allSatisfy(r -> assertThat(r.passed()).as(r.text()).isTrue());
    assertThat(ask(pool, draft())).extracting(GuardResult::guard).doesNotHaveDuplicates();
    assertThat(ask(pool, draft())).hasSameSizeAs(GuardChecks.ALL);
  }

  private static PolicyRecord word(
      TestingPool pool, Kind kind, String scope, String... parameters) {
    return pool.word(kind, scope, ActKind.UNKNOWN, null, HOUR, parameters);
  }

  private static Wrong policy(Kind kind, String scope, String... parameters) {
    return (pool, d) -> {
      pool.policy(word(pool, kind, scope, parameters));
      return d;
    };
  }

  private static Wrong limit(String name, String value) {
    return (pool, d) -> {
      PolicyRecord record = word(pool, Kind.THRESHOLD, "all", name, value);
      pool.policy(
          new PolicyRecord(
              record.key(),
              "guard",
              record.kind(),
              1,
              true,
              "all",
              null,
              ActKind.UNKNOWN,
              null,
              "ann",
              "a test",
              pool.now,
              pool.now,
              null,
              record.parameters(),
              ""));
      return d;
    };
  }

  /** Another act in flight. */
  private static void admit(
      TestingPool pool, String id, ActKind act, Subject source, Subject target, String... units) {
    pool.give(new GuardInput.Proposed(pool.proposal(id, act, source, target, units)));
    assertThat(pool.state.heldForProposal(id)).as(id + " is admitted").isNotNull();
  }

  private static Arguments row(String guard, DecisionCode code, String what, Wrong wrong) {
    return Arguments.of(guard, code, what, wrong);
  }

  static Stream<Arguments> wrongs() {
    return Stream.of(
        row("well-formed", DecisionCode.INVALID, "no act", (p, d) -> d.act(ActKind.NONE)),
        row("well-formed", DecisionCode.INVALID, "unknown act", (p, d) -> d.act(ActKind.UNKNOWN)),
        row("well-formed", DecisionCode.INVALID, "other pool", (p, d) -> d.pool("p2")),
        row("well-formed", DecisionCode.INVALID, "chance of 2", (p, d) -> d.chance(2, 0.9)),
        row(
            "well-formed",
            DecisionCode.INVALID,
            "trust is no number",
            (p, d) -> d.chance(0.6, Double.NaN)),
        row("well-formed", DecisionCode.INVALID, "eight days", (p, d) -> d.old(0, 192 * HOUR)),
        row("well-formed", DecisionCode.INVALID, "cost below 0", (p, d) -> d.cost(-1)),
        row(
            "well-formed",
            DecisionCode.INVALID,
            "a unit twice",
            (p, d) -> d.units(new Proposal.UnitStep("u", 7, 8), new Proposal.UnitStep("u", 7, 8))),
        row(
            "well-formed",
            DecisionCode.INVALID,
            "an epoch that falls",
            (p, d) -> d.units(new Proposal.UnitStep("u", 7, 6))),
        row(
            "known-subject",
            DecisionCode.UNKNOWN_SUBJECT,
            "unknown node",
            (p, d) -> d.subject(node(999), null).unitless()),
        row(
            "known-subject",
            DecisionCode.UNKNOWN_SUBJECT,
            "unknown unit",
            (p, d) -> d.units(new Proposal.UnitStep("nothing", 1, 2))),
        row("not-expired", DecisionCode.EXPIRED, "too old", (p, d) -> d.old(60_000, 50_000)),
        row("not-halted", DecisionCode.HALTED, "all", policy(Kind.HALT, "all")),
        row("not-halted", DecisionCode.HALTED, "the pool", policy(Kind.HALT, "pool/p1")),
        row("not-halted", DecisionCode.HALTED, "the target's zone", policy(Kind.HALT, "zone/z3")),
        row(
            "not-denied",
            DecisionCode.APPROVAL_DENIED,
            "denied",
            (p, d) -> {
              p.policy(p.word(Kind.DENIAL, "all", ActKind.UNKNOWN, "p", null));
              return d;
            }),
        row(
            "not-denied",
            DecisionCode.CANCELLED,
            "cancelled",
            (p, d) -> {
              p.policy(p.word(Kind.CANCEL, "all", ActKind.UNKNOWN, "p", null));
              return d;
            }),
        row("not-silenced", DecisionCode.SILENCED, "node", policy(Kind.SILENCE, "node/n0")),
        row("not-silenced", DecisionCode.SILENCED, "rack", policy(Kind.SILENCE, "rack/r0")),
        row("not-pinned", DecisionCode.PINNED, "node", policy(Kind.PIN, "node/n0")),
        row("not-pinned", DecisionCode.PINNED, "unit", policy(Kind.PIN, "segment/u")),
        row("not-pinned", DecisionCode.PINNED, "volume", policy(Kind.PIN, "volume/v1")),
        row(
            "not-pinned",
            DecisionCode.PINNED,
            "only another target",
            policy(Kind.PIN, "node/n0", "target", "node/n7")),
        row(
            "not-overridden",
            DecisionCode.OVERRIDDEN,
            "healthy",
            policy(Kind.OVERRIDE, "node/n0", "tier", "healthy")),
        row(
            "no-maintenance",
            DecisionCode.MAINTENANCE,
            "node",
            policy(Kind.MAINTENANCE, "node/n0")),
        row(
            "no-maintenance",
            DecisionCode.MAINTENANCE,
            "zone",
            policy(Kind.MAINTENANCE, "zone/z0")),
        row("lag", DecisionCode.BLIND_LAG, "late", (p, d) -> d.old(130_000, HOUR)),
        row(
            "model-age",
            DecisionCode.STALE_MODEL,
            "old model",
            (p, d) -> {
              p.give(new GuardInput.ModelPublished("lstm-disk", 1, p.now - 46 * 24 * HOUR));
              return d;
            }),
        row(
            "model-age",
            DecisionCode.STALE_MODEL,
            "old model beside a young one that did not predict it",
            (p, d) -> {
              p.give(new GuardInput.ModelPublished("lstm-disk", 1, p.now - 46 * 24 * HOUR));
              p.give(new GuardInput.ModelPublished("lstm-disk", 2, p.now));
              return d;
            }),
        row(
            "subject-telemetry",
            DecisionCode.STALE_TELEMETRY,
            "silence",
            (p, d) -> {
              p.give(
                  new GuardInput.RiskChanged(
                      node(0), Tier.WARNING, 0, 0.6, HOUR, 0, true, p.now, null, null));
              return d;
            }),
        row(
            "confidence",
            DecisionCode.LOW_CONFIDENCE,
            "little trust",
            (p, d) -> d.chance(0.6, 0.49)),
        row("severity", DecisionCode.LOW_RISK, "info", (p, d) -> d.with("severity", "INFO")),
        row(
            "severity",
            DecisionCode.LOW_RISK,
            "a failover below CRITICAL",
            (p, d) -> d.act(ActKind.FAILOVER).target(node(1)).with("severity", "ERROR")),
        row(
            "probability",
            DecisionCode.LOW_RISK,
            "fell below the exit",
            (p, d) -> {
              p.risk(node(0), Tier.WATCH, 0.19, 0);
              return d.chance(0.19, 0.9);
            }),
        row(
            "dwell",
            DecisionCode.DWELL,
            "just now",
            (p, d) -> {
              p.risk(node(0), Tier.HEALTHY, 0.01, 0);
              p.pass(1);
              p.risk(node(0), Tier.WARNING, 0.6, 0);
              return d;
            }),
        row(
            "no-storm",
            DecisionCode.STORM,
            "one in ten",
            (p, d) -> {
              for (int i = 4; i < 9; i++) {
                p.risk(node(i), Tier.WARNING, 0.6, 0);
              }
              return d;
            }),
        row(
            "replication-minimum",
            DecisionCode.BELOW_REPLICATION_MINIMUM,
            "a copy is gone",
            (p, d) -> {
              p.unit("u", 7, 0, 1);
              return d.act(ActKind.FAILOVER).target(node(1));
            }),
        row(
            "replica-set-risk",
            DecisionCode.REPLICA_SET_AT_RISK,
            "the others may fail too",
            (p, d) -> {
              p.risk(node(1), Tier.WATCH, 0.045, 0);
              p.risk(node(2), Tier.WATCH, 0.045, 0);
              return d.act(ActKind.FAILOVER).target(node(1));
            }),
        row("target", DecisionCode.NO_SAFE_TARGET, "none", (p, d) -> d.target(null)),
        row(
            "target-known",
            DecisionCode.NO_SAFE_TARGET,
            "itself",
            (p, d) -> d.subject(node(0), null).target(node(0))),
        row(
            "target-copies",
            DecisionCode.NO_SAFE_TARGET,
            "a failover to where no copy is",
            (p, d) -> d.act(ActKind.FAILOVER)),
        row(
            "target-telemetry",
            DecisionCode.STALE_TELEMETRY,
            "an old sample",
            (p, d) -> {
              p.pass(31 * 60_000);
              p.risk(node(0), Tier.WARNING, 0.6, 0);
              return d;
            }),
        row(
            "target-risk",
            DecisionCode.TARGET_AT_RISK,
            "at risk",
            (p, d) -> {
              p.risk(node(3), Tier.HEALTHY, 0.06, 0);
              return d;
            }),
        row(
            "target-risk",
            DecisionCode.TARGET_AT_RISK,
            "an operator says so",
            policy(Kind.OVERRIDE, "node/n3", "tier", "critical")),
        row(
            "target-zone",
            DecisionCode.TARGET_IN_ZONE,
            "in a failure zone",
            (p, d) -> {
              p.give(new GuardInput.ZoneChanged("fz", List.of(node(3), node(9))));
              return d;
            }),
        row(
            "target-maintenance",
            DecisionCode.TARGET_IN_MAINTENANCE,
            "work on its rack",
            policy(Kind.MAINTENANCE, "rack/r6")),
        row(
            "level",
            DecisionCode.NODE_LEVEL_TOO_LOW,
            "a target that only runs hooks",
            (p, d) -> {
              p.level(3, 1);
              return d;
            }),
        row(
            "level",
            DecisionCode.NODE_LEVEL_TOO_LOW,
            "a source that only tells how it is",
            (p, d) -> {
              p.level(0, 0);
              return d;
            }),
        row("target-space", DecisionCode.TARGET_FULL, "full", (p, d) -> d.cost(60L << 30)),
        row(
            "target-space",
            DecisionCode.TARGET_FULL,
            "nobody knows",
            (p, d) -> {
              Place place = new Place("n99", "r9", "z3", "eu", TestingPool.POOL);
              p.give(
                  new GuardInput.MemberChanged(
                      new FleetMember(node(99), place, "", null, null, false), null));
              p.risk(node(99), Tier.HEALTHY, 0.001, 0);
              return d.target(node(99));
            }),
        row(
            "target-domain",
            DecisionCode.TARGET_IN_SAME_DOMAIN,
            "zone of another copy",
            (p, d) -> d.target(node(5))),
        row(
            "target-rest",
            DecisionCode.TARGET_USED_RECENTLY,
            "another act goes there",
            (p, d) -> {
              p.unit("w", 3, 12, 3, 14);
              admit(p, "other", ActKind.FAILOVER, node(12), node(3), "w");
              return d;
            }),
        row(
            "unit-locks",
            DecisionCode.UNIT_LOCKED,
            "another act holds the unit",
            (p, d) -> {
              admit(p, "other", ActKind.FAILOVER, node(0), node(1), "u");
              return d;
            }),
        row(
            "no-duplicate",
            DecisionCode.DUPLICATE,
            "another waits for the same",
            (p, d) -> {
              p.policy(
                  p.word(
                      Kind.MODE,
                      "pool/p1",
                      ActKind.UNKNOWN,
                      null,
                      null,
                      "mode",
                      "act",
                      "approval",
                      "true"));
              Draft other = d.real();
              p.give(
                  new GuardInput.Proposed(
                      new Proposal(
                          "waits",
                          other.act(),
                          other.subject(),
                          "p1",
                          null,
                          other.units(),
                          other.source(),
                          other.target(),
                          List.of(),
                          "test",
                          "The test asks.",
                          List.of(),
                          null,
                          null,
                          null,
                          null,
                          null,
                          1,
                          0,
                          1,
                          0,
                          0,
                          0,
                          p.now,
                          p.now + HOUR,
                          Proposal.LIVE,
                          Map.of())));
              return d;
            }),
        row(
            "epochs",
            DecisionCode.WRONG_EPOCH,
            "an epoch behind",
            (p, d) -> d.units(new Proposal.UnitStep("u", 6, 7))),
        row(
            "epochs",
            DecisionCode.WRONG_EPOCH,
            "another owner",
            (p, d) -> {
              p.unit("u", 7, 4, 1, 2);
              return d;
            }),
        row("cost", DecisionCode.COST_TOO_HIGH, "too much", limit("max-cost", "512 mb")),
        row(
            "rate",
            DecisionCode.RATE_LIMITED,
            "the rate of the pool",
            policy(Kind.BUDGET, "pool/p1", "rate-acts", "0", "rate-window", "1 h")),
        row(
            "rate",
            DecisionCode.RATE_LIMITED,
            "the rate of the zone",
            policy(Kind.BUDGET, "zone/z0", "rate-acts", "0", "rate-window", "1 h")),
        row(
            "rate",
            DecisionCode.RATE_LIMITED,
            "the rate of the kind",
            (p, d) -> {
              p.policy(
                  p.word(
                      Kind.BUDGET,
                      "all",
                      ActKind.MIGRATE,
                      null,
                      null,
                      "rate-acts",
                      "0",
                      "rate-window",
                      "1 h"));
              return d;
            }),
        row(
            "budget",
            DecisionCode.BUDGET_SPENT,
            "the budget of predicted acts",
            policy(Kind.BUDGET, "all", "acts-in-flight", "0")),
        row(
            "budget",
            DecisionCode.BUDGET_SPENT,
            "the budget of the pool",
            policy(Kind.BUDGET, "pool/p1", "all-acts-in-flight", "0")),
        row(
            "budget",
            DecisionCode.BUDGET_SPENT,
            "the budget of the zone",
            policy(Kind.BUDGET, "zone/z0", "acts-in-flight", "0")),
        row(
            "budget",
            DecisionCode.BUDGET_SPENT,
            "the budget of the kind",
            (p, d) -> {
              p.policy(
                  p.word(
                      Kind.BUDGET, "pool/p1", ActKind.MIGRATE, null, null, "acts-in-flight", "0"));
              return d;
            }),
        row(
            "nodes-per-day",
            DecisionCode.BUDGET_SPENT,
            "another node was touched",
            (p, d) -> {
              p.unit("w", 3, 12, 13, 14);
              admit(p, "other", ActKind.FAILOVER, node(12), node(13), "w");
              return d;
            }),
        row(
            "mode",
            DecisionCode.ADVISE_MODE,
            "advise for the zone of nothing else",
            policy(Kind.MODE, "node/n0", "mode", "advise")),
        row("mode", DecisionCode.ADVISE_MODE, "another lane", (p, d) -> d.lane("candidate")),
        row(
            "mode",
            DecisionCode.ADVISE_MODE,
            "its model is demoted",
            (p, d) -> {
              p.give(new GuardInput.ModelPublished("lstm-disk", 1, p.now, "often wrong"));
              return d;
            }),
        row(
            "approval",
            DecisionCode.APPROVAL_NEEDED,
            "nobody approved",
            policy(Kind.MODE, "pool/p1", "mode", "act", "approval", "true")));
  }

  @ParameterizedTest(name = "{0} refuses with {1}: {2}")
  @MethodSource("wrongs")
  void oneThingIsWrong(String guard, DecisionCode code, String what, Wrong wrong) {
    TestingPool pool = pool();
    Draft draft = wrong.apply(pool, draft());
    assertThat(refusals(pool, draft)).as(what).contains(guard + " " + code);
    GuardCheck check =
        GuardChecks.ALL.stream().filter(c -> c.name().equals(guard)).findFirst().orElseThrow();
    assertThat(check.codes()).contains(code);
  }

  @Test
  void theOrderIsThatOfWhatIsWorthMoreToAPerson() {
    assertThat(GuardChecks.ALL)
        .extracting(GuardCheck::name)
        .containsSubsequence(
            "well-formed",
            "not-expired",
            "not-halted",
            "no-maintenance",
            "watermark",
            "confidence",
            "no-storm",
            "unit-locks",
            "replication-minimum",
            "target",
            "epochs",
            "rate",
            "budget",
            "mode",
            "approval");
  }

  @Test
  void allAreAskedBehindTheFirstRefusal() {
    TestingPool pool = pool();
    pool.policy(word(pool, Kind.HALT, "all"));
    pool.policy(word(pool, Kind.MAINTENANCE, "node/n0"));
    assertThat(refusals(pool, draft().chance(0.6, 0.1).target(null)))
        .containsExactly(
            "not-halted HALTED",
            "no-maintenance MAINTENANCE",
            "confidence LOW_CONFIDENCE",
            "target NO_SAFE_TARGET");
  }

  @Test
  void aPoolThatNobodySeesIsNotActedIn() {
    TestingPool pool = pool();
    pool.pass(16 * 60_000);
    assertThat(refusals(pool, draft().real())).contains("watermark BLIND_WATERMARK");
    TestingPool fresh = TestingPool.started(0, 1);
    assertThat(refusals(fresh, draft())).contains("watermark BLIND_WATERMARK");
  }

  @Test
  void aRealFailureNeedsNoPredictionAndIsNotPutOffByTheDay() {
    TestingPool pool = pool();
    pool.unit("w", 3, 12, 13, 14);
    admit(pool, "other", ActKind.FAILOVER, node(12), node(13), "w");
    pool.risk(node(0), Tier.HEALTHY, 0, 0);
    assertThat(refusals(pool, draft().act(ActKind.FAILOVER).target(node(1)).real())).isEmpty();
  }

  @Test
  void drainAndReturnAreMaintenance() {
    TestingPool pool = pool();
    pool.policy(word(pool, Kind.MAINTENANCE, "node/n0"));
    assertThat(refusals(pool, draft().act(ActKind.RETURN).target(null))).isEmpty();
  }

  @Test
  void anActThatImprovesTheCopiesIsNotRefusedForWhatWasThere() {
    TestingPool pool = pool();
    pool.risk(node(1), Tier.WATCH, 0.3, 0);
    pool.risk(node(2), Tier.WATCH, 0.3, 0);
    assertThat(refusals(pool, draft())).isEmpty();
  }

  @Test
  void onlyOneDomainIsNoReasonToRefuse() {
    TestingPool pool = TestingPool.started(20, 1);
    pool.act();
    pool.unit("u", 7, 0, 1, 2);
    assertThat(refusals(pool, draft().real().target(node(4)))).isEmpty();
  }

  @Test
  void everyCheckHasARowThatItRefuses() {
    List<String> tested = new ArrayList<>();
    wrongs().forEach(row -> tested.add((String) row.get()[0]));
    List<String> others = List.of("watermark");
    assertThat(GuardChecks.ALL)
        .extracting(GuardCheck::name)
        .allMatch(name -> tested.contains(name) || others.contains(name));
  }
}
