package io.forestall.decisions.guard;

import static io.forestall.decisions.guard.TestingPool.node;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.NodeTraits;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.GuardDecision.Outcome;
import io.forestall.risk.Tier;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Shadows by the plan, as one pool lives through it. */
class ShadowNeedsTest {

  private static final long MINUTE = 60_000;
  private static final long HOUR = 60 * MINUTE;

  /** Node i stands in zone i % 4 and in one of two racks there; all are well. */
  private static TestingPool pool() {
    TestingPool pool = new TestingPool();
    pool.start("g1");
    for (int i = 0; i < 12; i++) {
      pool.member(i, 4);
      pool.risk(node(i), Tier.HEALTHY, 1e-6, 0);
    }
    return pool;
  }

  private static TestingPool acting() {
    TestingPool pool = pool();
    pool.act();
    pool.policy(
        pool.word(
            PolicyRecord.Kind.BUDGET,
            "all",
            ActKind.UNKNOWN,
            null,
            null,
            "nodes-per-day",
            "1",
            "acts-in-flight",
            "2"));
    return pool;
  }

  private static void pair(TestingPool pool, String unit, List<Integer> shadows) {
    pool.unit(unit, 1, List.of(0, 1), 2, shadows, shadows, false);
  }

  private static Proposal last(TestingPool pool) {
    List<Proposal> made = pool.made();
    return made.get(made.size() - 1);
  }

  private static GuardDecision lastDecision(TestingPool pool) {
    return pool.decisions().get(pool.decisions().size() - 1);
  }

  @Test
  void whatRisesForLongEnoughIsAdvised() {
    TestingPool pool = pool();
    pair(pool, "u", List.of());
    pool.risk(node(0), Tier.WARNING, 0.6, 0);
    pool.passHeard(4 * MINUTE);
    assertThat(pool.made()).isEmpty();
    pool.passHeard(2 * MINUTE);
    assertThat(pool.made()).hasSize(1);
    Proposal shadow = last(pool);
    assertThat(shadow.act()).isEqualTo(ActKind.SHADOW);
    assertThat(shadow.rule()).isEqualTo(ShadowNeeds.RULE);
    assertThat(shadow.subject()).isEqualTo(node(0));
    assertThat(shadow.units()).extracting(Proposal.UnitStep::unit).containsExactly("u");
    assertThat(shadow.costBytes()).isEqualTo(1L << 30);
    assertThat(shadow.reason())
        .contains("1 of the 2 copies of u that count are on nodes that are not at risk")
        .contains("1.0 GiB are there in 10 min");
    assertThat(shadow.inputs()).extracting(Proposal.InputValue::name).contains("replicaSetRisk");
    // neither copies nor the zones they stand in
    assertThat(shadow.target()).isIn(node(2), node(3), node(6), node(7), node(10), node(11));
    assertThat(shadow.candidates().get(0).entity()).isEqualTo(shadow.target());
    assertThat(shadow.candidates().get(0).text()).contains("stay free").contains("another zone");
    assertThat(shadow.candidates())
        .filteredOn(each -> each.entity().equals(node(4)))
        .first()
        .satisfies(
            each -> {
              assertThat(each.refusal()).isEqualTo(DecisionCode.TARGET_IN_SAME_DOMAIN);
              assertThat(each.text()).contains("Zone z0 holds a copy of u already");
            });
    assertThat(lastDecision(pool).outcome()).isEqualTo(Outcome.ADVISED);
    assertThat(lastDecision(pool).code()).isEqualTo(DecisionCode.ADVISE_MODE);
    pool.passHeard(2 * HOUR);
    assertThat(pool.made()).as("the same is advised once").hasSize(1);
  }

  @Test
  void whatRisesAndFallsAtOnceIsNothing() {
    TestingPool pool = pool();
    pair(pool, "u", List.of());
    pool.risk(node(0), Tier.WARNING, 0.6, 0);
    pool.passHeard(3 * MINUTE);
    pool.risk(node(0), Tier.HEALTHY, 1e-6, 0);
    pool.passHeard(MINUTE);
    pool.risk(node(0), Tier.WARNING, 0.6, 0);
    pool.passHeard(3 * MINUTE);
    assertThat(pool.made()).isEmpty();
    pool.passHeard(3 * MINUTE);
    assertThat(pool.made()).hasSize(1);
  }

  @Test
  void twoCopiesOfThreeThatMayFailTogetherAreEnoughToAskThoughNoNodeIsBad() {
    TestingPool pool = pool();
    pool.unit("u", 1, List.of(0, 1, 2), 2, List.of(), List.of(), false);
    for (int i = 0; i < 3; i++) {
      // below what counts as at risk, for a single node
      pool.give(
          new GuardInput.RiskChanged(
              node(i), Tier.WATCH, 15, 0.15, 24 * HOUR, 0.9, false, pool.now, "lstm-disk", 3));
    }
    pool.passHeard(6 * MINUTE);
    assertThat(pool.made()).hasSize(1);
    assertThat(last(pool).reason()).contains("All 3 copies of u fail with probability 0.0034");
    assertThat(lastDecision(pool).code()).isEqualTo(DecisionCode.ADVISE_MODE);
  }

  @Test
  void missingCopiesAreMadeUpForAndThatIsNoPrediction() {
    TestingPool pool = acting();
    pool.unit("u", 1, List.of(0), 2, List.of(), List.of(1), false);
    pool.passHeard(6 * MINUTE);
    assertThat(last(pool).horizonMillis()).isZero();
    assertThat(last(pool).target()).isNotIn(node(0), node(1));
    assertThat(lastDecision(pool).outcome())
        .as(lastDecision(pool).text())
        .isEqualTo(Outcome.ADMITTED);
  }

  @Test
  void maintenanceAheadIsMadeUpForInTimeAndNotBefore() {
    TestingPool pool = acting();
    pair(pool, "u", List.of());
    PolicyRecord window =
        pool.word(PolicyRecord.Kind.MAINTENANCE, "node/n1", ActKind.UNKNOWN, null, 24 * HOUR);
    pool.policy(
        new PolicyRecord(
            window.key(),
            window.id(),
            window.kind(),
            1,
            true,
            window.scope(),
            window.entity(),
            window.act(),
            null,
            "ann",
            "new memory",
            pool.now,
            pool.now + 10 * HOUR,
            pool.now + 12 * HOUR,
            Map.of(),
            ""));
    pool.passHeard(6 * HOUR - MINUTE);
    assertThat(pool.made()).isEmpty();
    pool.passHeard(7 * MINUTE);
    assertThat(last(pool).reason())
        .contains("Maintenance of node/n1 leaves u 1 of at least 2 copies.");
    assertThat(lastDecision(pool).outcome())
        .as(lastDecision(pool).text())
        .isEqualTo(Outcome.ADMITTED);
    assertThat(last(pool).parameters()).containsEntry("why", "MAINTENANCE");
  }

  @Test
  void aVolumeThatAsksForAnotherRegionGetsACopyThere() {
    TestingPool pool = acting();
    Place far = new Place("n20", "r90", "z9", "us", TestingPool.POOL);
    pool.give(
        new GuardInput.MemberChanged(
            new FleetMember(node(20), far, "", null, 100L << 30, false), 50L << 30));
    pool.risk(node(20), Tier.HEALTHY, 1e-6, 0);
    pool.unit("u", 1, List.of(0, 1), 2, List.of(), List.of(), true);
    pool.passHeard(6 * MINUTE);
    assertThat(last(pool).target()).isEqualTo(node(20));
    assertThat(lastDecision(pool).outcome()).isEqualTo(Outcome.ADMITTED);
    assertThat(last(pool).candidates())
        .filteredOn(each -> !each.entity().equals(node(20)) && each.refusal() != null)
        .anySatisfy(each -> assertThat(each.text()).contains("in another region"));
  }

  @Test
  void aShadowIsBuiltFollowsAndGoesOnceAllIsWellForLong() {
    TestingPool pool = acting();
    pair(pool, "u", List.of());
    pool.risk(node(0), Tier.WARNING, 0.6, 0);
    pool.passHeard(6 * MINUTE);
    assertThat(lastDecision(pool).outcome())
        .as(lastDecision(pool).text())
        .isEqualTo(Outcome.ADMITTED);
    String admission = pool.state.held().iterator().next().id();
    int target = Integer.parseInt(String.valueOf(last(pool).target()).substring(6));
    pair(pool, "u", List.of(target));
    pool.passHeard(20 * MINUTE);
    pool.give(new GuardInput.ActEnded(admission, Admission.State.DONE, "In sync."));
    pool.unit("u", 1, List.of(0, 1, target), 2, List.of(target), List.of(), false);
    pool.passHeard(3 * HOUR);
    assertThat(pool.made()).as("while the risk stands it stays").hasSize(1);
    pool.risk(node(0), Tier.HEALTHY, 1e-6, 0);
    pool.passHeard(50 * MINUTE);
    assertThat(pool.made()).hasSize(1);
    pool.passHeard(15 * MINUTE);
    Proposal retire = last(pool);
    assertThat(retire.act()).isEqualTo(ActKind.RETIRE_SHADOW);
    assertThat(retire.source()).isEqualTo(node(target));
    assertThat(retire.target()).isNull();
    assertThat(retire.reason()).contains("u has 2 other copies in sync");
    assertThat(lastDecision(pool).outcome())
        .as(lastDecision(pool).text())
        .isEqualTo(Outcome.ADMITTED);
    String end = pool.state.held().iterator().next().id();
    pool.unit("u", 1, List.of(0, 1), 2, List.of(), List.of(target), false);
    pool.give(new GuardInput.ActEnded(end, Admission.State.DONE, "Gone."));
    pool.unit("u", 1, List.of(0, 1), 2, List.of(), List.of(), false);
    pool.passHeard(26 * HOUR);
    assertThat(pool.made()).hasSize(2);
    pool.checkpoint();
    assertThat(pool.rows.keySet()).noneMatch(row -> row.startsWith("s/") || row.startsWith("i/"));
  }

  @Test
  void noMoreUnitsAtOnceThanMayBe() {
    TestingPool pool = acting();
    pool.policy(
        pool.word(
            PolicyRecord.Kind.THRESHOLD,
            "all",
            ActKind.UNKNOWN,
            null,
            null,
            "shadow-units-in-flight",
            "3"));
    pool.policy(threshold(pool, "shadow-units-in-flight", "3"));
    for (int i = 0; i < 8; i++) {
      pair(pool, "u" + i, List.of());
    }
    pool.risk(node(0), Tier.WARNING, 0.3, 0);
    pool.passHeard(6 * MINUTE);
    assertThat(last(pool).units())
        .extracting(Proposal.UnitStep::unit)
        .containsExactly("u0", "u1", "u2");
    assertThat(last(pool).reason()).contains("8 units ask").contains("3 are built now");
    assertThat(pool.state.held()).hasSize(1);
    int target = Integer.parseInt(String.valueOf(last(pool).target()).substring(6));
    for (int i = 0; i < 3; i++) {
      pair(pool, "u" + i, List.of(target));
    }
    pool.passHeard(30 * MINUTE);
    assertThat(pool.made()).hasSize(1);
    // two are there; the act ends, and the others follow as far as there is room
    for (int i = 0; i < 3; i++) {
      pool.unit("u" + i, 1, List.of(0, 1, target), 2, List.of(target), List.of(), false);
    }
    pool.give(
        new GuardInput.ActEnded(
            pool.state.held().iterator().next().id(), Admission.State.DONE, "In sync."));
    pool.passHeard(MINUTE);
    assertThat(pool.made()).hasSize(2);
    assertThat(last(pool).units())
        .extracting(Proposal.UnitStep::unit)
        .containsExactly("u3", "u4", "u5");
  }

  private static PolicyRecord threshold(TestingPool pool, String name, String value) {
    return new PolicyRecord(
        "all/THRESHOLD/guard",
        GuardPolicy.THRESHOLD_ID,
        PolicyRecord.Kind.THRESHOLD,
        1,
        true,
        "all",
        null,
        ActKind.UNKNOWN,
        null,
        "ann",
        "because of the test",
        pool.now,
        pool.now,
        null,
        Map.of(name, value),
        "");
  }

  @Test
  void onlyWhatCanBeThereInTimeIsBuiltAndWhatCannotFailsOver() {
    TestingPool pool = pool();
    // 1 GiB takes 8 s, twice that to be safe, and ten minutes besides
    pool.policy(threshold(pool, "copy-bytes-per-second", "1 mb"));
    pair(pool, "u0", List.of());
    pair(pool, "u1", List.of());
    // as likely as not within the hour: one of 34 minutes and ten can be there, a second cannot
    pool.risk(node(0), Tier.CRITICAL, 0.5, 0);
    pool.passHeard(6 * MINUTE);
    assertThat(last(pool).act()).isEqualTo(ActKind.SHADOW);
    assertThat(last(pool).units()).hasSize(1);
    // within half an hour none of them can, but a replica is there
    pool.risk(node(0), Tier.CRITICAL, 0.75, 0);
    pool.passHeard(MINUTE);
    pool.risk(node(0), Tier.CRITICAL, 0.75, 0);
    pool.unit("u2", 1, List.of(0, 1), 2, List.of(), List.of(), false);
    pool.passHeard(6 * MINUTE);
    assertThat(last(pool).act()).isEqualTo(ActKind.FAILOVER);
    assertThat(last(pool).target()).isEqualTo(node(1));
    assertThat(last(pool).reason()).contains("too late, fail over to a replica");
  }

  @Test
  void aConfirmedPredictionMeetsAShadowInSync() {
    TestingPool pool = acting();
    pool.unit("u", 1, List.of(0, 1, 6), 2, List.of(6), List.of(), false);
    pool.unit("w", 1, List.of(0, 1), 2, List.of(), List.of(), false);
    pool.risk(node(0), Tier.CRITICAL, 0.9, 0);
    pool.give(
        new GuardInput.IncidentChanged(
            pool.incident("i1", 1, node(0), true, 3 * HOUR, ActKind.FAILOVER)));
    Proposal switchover = pool.made().get(0);
    assertThat(switchover.act()).isEqualTo(ActKind.SWITCHOVER);
    assertThat(switchover.units()).extracting(Proposal.UnitStep::unit).containsExactly("u");
    assertThat(switchover.target()).isEqualTo(node(6));
    assertThat(switchover.candidates()).hasSize(1);
    assertThat(switchover.reason()).contains("1 of 2 units have a shadow in sync");
    assertThat(lastDecision(pool).outcome())
        .as(lastDecision(pool).text())
        .isEqualTo(Outcome.ADMITTED);
    // when it is done the rest is asked for
    pool.unit("u", 2, List.of(6, 0, 1), 2, List.of(0), List.of(), false);
    pool.give(
        new GuardInput.ActEnded(
            pool.state.held().iterator().next().id(), Admission.State.DONE, "Done."));
    pool.passHeard(MINUTE);
    assertThat(last(pool).act()).isEqualTo(ActKind.SHADOW);
    assertThat(last(pool).units()).extracting(Proposal.UnitStep::unit).containsExactly("w");
  }

  @Test
  void whoWasGivenAShadowJustNowNeedNotRestBeforeItTakesOver() {
    TestingPool pool = acting();
    pair(pool, "u", List.of());
    pool.risk(node(0), Tier.WARNING, 0.6, 0);
    pool.passHeard(6 * MINUTE);
    int target = Integer.parseInt(String.valueOf(last(pool).target()).substring(6));
    pool.unit("u", 1, List.of(0, 1, target), 2, List.of(target), List.of(), false);
    pool.give(
        new GuardInput.ActEnded(
            pool.state.held().iterator().next().id(), Admission.State.DONE, "In sync."));
    pool.risk(node(0), Tier.CRITICAL, 0.9, 0);
    pool.give(
        new GuardInput.IncidentChanged(
            pool.incident("i1", 1, node(0), true, 3 * HOUR, ActKind.FAILOVER)));
    assertThat(last(pool).act()).isEqualTo(ActKind.SWITCHOVER);
    assertThat(last(pool).target()).isEqualTo(node(target));
    assertThat(lastDecision(pool).outcome())
        .as(lastDecision(pool).text())
        .isEqualTo(Outcome.ADMITTED);
  }

  @Test
  void aShadowThatComesInSyncMeetsAPredictionThatWaitedForIt() {
    TestingPool pool = pool();
    pool.unit("u", 1, List.of(0, 1), 2, List.of(6), List.of(6), false);
    pool.risk(node(0), Tier.CRITICAL, 0.9, 0);
    pool.give(
        new GuardInput.IncidentChanged(
            pool.incident("i1", 1, node(0), true, 3 * HOUR, ActKind.FAILOVER)));
    assertThat(pool.made()).as("its shadow is on its way").isEmpty();
    pool.unit("u", 1, List.of(0, 1, 6), 2, List.of(6), List.of(), false);
    assertThat(last(pool).act()).isEqualTo(ActKind.SWITCHOVER);
    assertThat(last(pool).target()).isEqualTo(node(6));
  }

  @Test
  void plannedMaintenanceSwitchesOverWhereThereIsAShadow() {
    TestingPool pool = acting();
    pool.unit("u", 1, List.of(0, 1, 6), 2, List.of(6), List.of(), false);
    pool.policy(
        pool.word(
            PolicyRecord.Kind.MAINTENANCE,
            "node/n0",
            ActKind.UNKNOWN,
            null,
            2 * HOUR,
            "evacuate",
            "true"));
    assertThat(last(pool).act()).isEqualTo(ActKind.SWITCHOVER);
    assertThat(last(pool).rule()).isEqualTo(Evacuations.RULE);
    assertThat(lastDecision(pool).outcome())
        .as(lastDecision(pool).text())
        .isEqualTo(Outcome.ADMITTED);
  }

  @Test
  void whoDiedHandsNothingOver() {
    TestingPool pool = pool();
    pool.unit("u", 1, List.of(0, 1, 6), 2, List.of(6), List.of(), false);
    pool.give(
        new GuardInput.IncidentChanged(
            pool.incident("i1", 1, node(0), false, 0, ActKind.FAILOVER)));
    assertThat(last(pool).act()).isEqualTo(ActKind.FAILOVER);
  }

  @Test
  void aTakeoverTakesTheLockOfAShadowThatIsBeingBuilt() {
    TestingPool pool = acting();
    pair(pool, "u", List.of());
    pool.risk(node(0), Tier.WARNING, 0.6, 0);
    pool.passHeard(6 * MINUTE);
    String shadow = pool.state.held().iterator().next().id();
    pool.give(
        new GuardInput.IncidentChanged(
            pool.incident("i1", 1, node(0), false, 0, ActKind.FAILOVER)));
    assertThat(pool.state.held()).hasSize(1);
    Admission failover = pool.state.held().iterator().next().admission();
    assertThat(failover.act()).isEqualTo(ActKind.FAILOVER);
    assertThat(failover.target()).isEqualTo(node(1));
    assertThat(pool.log)
        .filteredOn(each -> each.id().equals(shadow) && each.ends())
        .singleElement()
        .satisfies(
            end -> {
              assertThat(end.state()).isEqualTo(Admission.State.GIVEN_BACK);
              assertThat(end.text()).isEqualTo("It gives way to the FAILOVER of node/n0.");
            });
    assertThat(pool.log.indexOf(failover))
        .as("the end stands before what follows it")
        .isGreaterThan(
            pool.log.indexOf(
                pool.log.stream()
                    .filter(each -> each.id().equals(shadow) && each.ends())
                    .findFirst()
                    .orElseThrow()));
    assertThat(pool.decisions()).noneMatch(each -> each.code() == DecisionCode.UNIT_LOCKED);
  }

  @Test
  void aTakeoverTakesTheBudgetOfAShadowButNotThatOfAnotherTakeover() {
    TestingPool pool = acting();
    pool.policy(
        pool.word(
            PolicyRecord.Kind.BUDGET,
            "pool/p1",
            ActKind.UNKNOWN,
            null,
            null,
            "all-acts-in-flight",
            "1"));
    pair(pool, "u", List.of());
    pool.unit("w", 1, 8, 9);
    pool.unit("x", 1, 10, 9);
    pool.risk(node(0), Tier.WARNING, 0.6, 0);
    pool.passHeard(6 * MINUTE);
    assertThat(pool.state.held().iterator().next().admission().act()).isEqualTo(ActKind.SHADOW);
    pool.give(
        new GuardInput.Proposed(pool.proposal("p1", ActKind.FAILOVER, node(8), node(9), "w")));
    assertThat(pool.state.held().iterator().next().admission().act()).isEqualTo(ActKind.FAILOVER);
    pool.give(
        new GuardInput.Proposed(pool.proposal("p2", ActKind.FAILOVER, node(10), node(9), "x")));
    assertThat(lastDecision(pool).code()).isEqualTo(DecisionCode.BUDGET_SPENT);
    assertThat(pool.state.held()).hasSize(1);
  }

  @Test
  void adviseTakesNothingFromAnybody() {
    TestingPool pool = acting();
    pool.policy(
        pool.word(PolicyRecord.Kind.MODE, "all", ActKind.FAILOVER, null, null, "mode", "advise"));
    pair(pool, "u", List.of());
    pool.risk(node(0), Tier.WARNING, 0.6, 0);
    pool.passHeard(6 * MINUTE);
    pool.give(
        new GuardInput.IncidentChanged(
            pool.incident("i1", 1, node(0), false, 0, ActKind.FAILOVER)));
    assertThat(pool.state.held()).hasSize(1);
    assertThat(pool.state.held().iterator().next().admission().act()).isEqualTo(ActKind.SHADOW);
  }

  @Test
  void whatIsRestoredSaysWhatItsMemoryWouldHaveSaid() {
    TestingPool memory = acting();
    TestingPool restored = acting();
    for (TestingPool pool : List.of(memory, restored)) {
      pair(pool, "u", List.of());
      pool.unit("w", 1, List.of(2, 3, 7), 2, List.of(7), List.of(), false);
      pool.risk(node(0), Tier.WARNING, 0.6, 0);
      pool.passHeard(3 * MINUTE);
    }
    restored.restore(restored.checkpoint(), restored.logRead, "g2");
    memory.give(new GuardInput.PoliciesChanged(memory.set()));
    memory.give(new GuardInput.Started("g2"));
    int before = restored.said.size();
    assertThat(before).isEqualTo(memory.said.size());
    for (TestingPool pool : List.of(memory, restored)) {
      pool.passHeard(2 * HOUR);
    }
    assertThat(restored.said).isEqualTo(memory.said).hasSizeGreaterThan(before + 3);
  }

  @Test
  void ofTwoNodesTheOneThatHasLessInCommonWithTheOwnerIsChosen() {
    TestingPool pool = pool();
    NodeTraits batch = new NodeTraits("ST4", "SC60", null, null, null);
    NodeTraits other = new NodeTraits("WD8", "0101", null, null, null);
    for (int i = 0; i < 12; i++) {
      Member known = java.util.Objects.requireNonNull(pool.state.member(node(i)));
      pool.give(
          new GuardInput.MemberChanged(
              java.util.Objects.requireNonNull(known.member()),
              60L << 30,
              2,
              i == 11 ? other : batch));
    }
    pair(pool, "u", List.of());
    pool.risk(node(0), Tier.WARNING, 0.6, 0);
    pool.passHeard(6 * MINUTE);
    assertThat(last(pool).target()).isEqualTo(node(11));
    assertThat(last(pool).candidates())
        .filteredOn(each -> each.entity().equals(node(2)))
        .first()
        .satisfies(each -> assertThat(each.text()).contains("the same drive model and firmware"));
  }

  @Test
  void everyNodeThatIsLeftTeachesNothingAnyMore() {
    TestingPool pool = pool();
    pair(pool, "u", List.of());
    pool.give(
        new GuardInput.IncidentChanged(
            pool.incident("i1", 1, node(0), false, 0, ActKind.FAILOVER)));
    pool.checkpoint();
    assertThat(pool.rows).containsKeys("f/node/n0", "f/node/n1", "c/all");
    pool.give(new GuardInput.UnitLeft("u"));
    for (int i = 0; i < 12; i++) {
      pool.give(new GuardInput.MemberLeft(node(i)));
    }
    pool.checkpoint();
    assertThat(pool.rows.keySet())
        .noneMatch(row -> row.startsWith("f/") || row.startsWith("c/") || row.startsWith("s/"));
  }

  // ------------------------------------------------------------------ the guard

  private static GuardDecision retire(TestingPool pool, int from) {
    Proposal p = pool.proposal("r" + from + pool.now, ActKind.RETIRE_SHADOW, node(from), null, "u");
    pool.give(new GuardInput.Proposed(p));
    return lastDecision(pool);
  }

  @Test
  void neitherAReplicaNorTheOwnerIsRetired() {
    TestingPool pool = acting();
    pool.unit("u", 1, List.of(0, 1, 2), 1, List.of(2), List.of(), false);
    assertThat(retire(pool, 1).code()).isEqualTo(DecisionCode.WRONG_EPOCH);
    assertThat(lastDecision(pool).text()).isEqualTo("node/n1 holds no shadow of unit u.");
    assertThat(retire(pool, 0).code()).isEqualTo(DecisionCode.WRONG_EPOCH);
    assertThat(retire(pool, 2).outcome()).isEqualTo(Outcome.ADMITTED);
  }

  @Test
  void noRetirementLeavesTooFewCopiesOrTooMuchRiskOrSilence() {
    TestingPool pool = acting();
    pool.unit("u", 1, List.of(0, 2), 2, List.of(2), List.of(), false);
    assertThat(retire(pool, 2).code()).isEqualTo(DecisionCode.BELOW_REPLICATION_MINIMUM);
    pool.unit("u", 1, List.of(0, 1, 2), 2, List.of(2), List.of(), false);
    pool.give(
        new GuardInput.RiskChanged(
            node(1), Tier.UNKNOWN, 0, 1e-6, HOUR, 0.1, true, pool.now, null, null));
    assertThat(retire(pool, 2).code()).isEqualTo(DecisionCode.BELOW_REPLICATION_MINIMUM);
    pool.now++;
    pool.risk(node(0), Tier.HEALTHY, 0.01, 0);
    pool.risk(node(1), Tier.HEALTHY, 0.01, 0);
    assertThat(retire(pool, 2).code()).isEqualTo(DecisionCode.REPLICA_SET_AT_RISK);
  }

  @Test
  void aShadowGoesOntoNoNodeThatHoldsSomethingOrCannotHoldIt() {
    TestingPool pool = acting();
    pool.unit("u", 1, List.of(0, 1), 2, List.of(), List.of(6), false);
    pool.level(7, 1);
    assertThat(shadow(pool, 6).code()).isEqualTo(DecisionCode.TARGET_IN_SAME_DOMAIN);
    assertThat(lastDecision(pool).text()).isEqualTo("node/n6 holds a copy of u already.");
    assertThat(shadow(pool, 4).code()).isEqualTo(DecisionCode.TARGET_IN_SAME_DOMAIN);
    assertThat(shadow(pool, 7).code()).isEqualTo(DecisionCode.NODE_LEVEL_TOO_LOW);
    assertThat(shadow(pool, 3).outcome()).as(lastDecision(pool).text()).isEqualTo(Outcome.ADMITTED);
  }

  private static GuardDecision shadow(TestingPool pool, int target) {
    Subject owner = node(0);
    Proposal p = pool.proposal("s" + target + pool.now, ActKind.SHADOW, owner, node(target), "u");
    pool.give(new GuardInput.Proposed(p));
    return lastDecision(pool);
  }

  @Test
  void onlyAShadowInSyncIsSwitchedOverTo() {
    TestingPool pool = acting();
    pool.unit("u", 1, List.of(0, 1, 2), 1, List.of(2, 3), List.of(3), false);
    for (int target : new int[] {1, 3}) {
      Proposal p = pool.proposal("w" + target, ActKind.SWITCHOVER, node(0), node(target), "u");
      pool.give(new GuardInput.Proposed(p));
      assertThat(lastDecision(pool).code()).isEqualTo(DecisionCode.NO_SAFE_TARGET);
    }
    Proposal p = pool.proposal("w2", ActKind.SWITCHOVER, node(0), node(2), "u");
    pool.give(new GuardInput.Proposed(p));
    assertThat(lastDecision(pool).outcome()).isEqualTo(Outcome.ADMITTED);
  }
}
