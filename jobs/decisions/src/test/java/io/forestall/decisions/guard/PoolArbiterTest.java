package io.forestall.decisions.guard;

import static io.forestall.decisions.guard.TestingPool.node;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.GuardDecision.Outcome;
import io.forestall.decisions.incident.Incident;
import io.forestall.risk.Tier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class PoolArbiterTest {

  @Test
  void adviseIsTheDefaultAndAdmitsNothing() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.unit("v1-0", 7, 3, 4, 5);
    pool.give(
        new GuardInput.IncidentChanged(
            pool.incident("i1", 1, node(3), false, 0, ActKind.FAILOVER)));
    assertThat(pool.made()).hasSize(1);
    assertThat(pool.decisions())
        .singleElement()
        .satisfies(
            decision -> {
              assertThat(decision.text()).isNotEmpty();
              assertThat(decision.guards())
                  .filteredOn(result -> !result.passed())
                  .extracting(GuardResult::guard)
                  .containsExactly("mode");
              assertThat(decision.outcome()).isEqualTo(Outcome.ADVISED);
            });
    assertThat(pool.log).extracting(Admission::state).containsOnly(Admission.State.STARTED);
  }

  @Test
  void whatIsSwitchedOnIsAdmittedOnceTheLogHoldsIt() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.unit("v1-0", 7, 3, 4, 5);
    pool.readsBack = false;
    pool.give(
        new GuardInput.IncidentChanged(
            pool.incident("i1", 1, node(3), false, 0, ActKind.FAILOVER)));
    assertThat(pool.decisions()).isEmpty();
    assertThat(pool.log).hasSize(2);
    pool.settle();
    assertThat(pool.decisions())
        .singleElement()
        .satisfies(d -> assertThat(d.outcome()).isEqualTo(Outcome.ADMITTED));
    Admission admission = pool.log.get(1);
    assertThat(admission.sequence()).isEqualTo(1);
    assertThat(admission.target()).isIn(node(4), node(5));
    assertThat(pool.state.lockOwner("segment/v1-0")).isEqualTo(admission.id());
    pool.readsBack = true;
    pool.give(new GuardInput.ActEnded(admission.id(), Admission.State.DONE, "Done."));
    assertThat(pool.state.locks()).isEmpty();
    assertThat(pool.decisions().get(1).outcome()).isEqualTo(Outcome.ENDED);
  }

  @Test
  void fourActsForOneUnitInTheSameMillisecond() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.unit("v1-0", 7, 3, 4, 5);
    pool.readsBack = false;
    for (int i = 0; i < 4; i++) {
      pool.give(
          new GuardInput.Proposed(
              pool.proposal("four-" + i, ActKind.FAILOVER, node(3), node(4), "v1-0")));
    }
    pool.settle();
    assertThat(pool.decisions()).filteredOn(d -> d.outcome() == Outcome.ADMITTED).hasSize(1);
    String owner = pool.log.get(1).id();
    assertThat(pool.decisions())
        .filteredOn(d -> d.outcome() == Outcome.REFUSED)
        .hasSize(3)
        .allSatisfy(
            d -> {
              assertThat(d.code()).isEqualTo(DecisionCode.UNIT_LOCKED);
              assertThat(d.lockOwner()).isEqualTo(owner);
              assertThat(d.text()).contains(owner);
            });
  }

  private static GuardInput failing(TestingPool pool, String incident, int node) {
    return new GuardInput.IncidentChanged(
        pool.incident(incident, 1, node(node), false, 0, ActKind.FAILOVER));
  }

  private static GuardDecision last(TestingPool pool) {
    return pool.decisions().get(pool.decisions().size() - 1);
  }

  private static List<Admission> admitted(TestingPool pool) {
    return pool.log.stream().filter(a -> a.state() == Admission.State.ADMITTED).toList();
  }

  private static List<String> notices(TestingPool pool) {
    return pool.said.stream()
        .filter(GuardOutput.Noticed.class::isInstance)
        .map(output -> ((GuardOutput.Noticed) output).event().type())
        .toList();
  }

  @Test
  void nothingIsSaidBeforeBothLogsWereRead() {
    TestingPool pool = new TestingPool();
    pool.readsBack = false;
    pool.give(new GuardInput.PoliciesChanged(pool.set()));
    pool.give(new GuardInput.Started("g1"));
    assertThat(pool.said).as("an empty pool has nothing to guard").isEmpty();
    assertThat(pool.state.takeChanges()).isEmpty();
    pool.fleet(10, 3);
    pool.unit("u", 1, 3, 4, 5);
    pool.give(failing(pool, "i1", 3));
    pool.give(new GuardInput.Proposed(pool.proposal("x", ActKind.SHADOW, node(7), node(8))));
    assertThat(pool.said)
        .extracting(output -> output.getClass().getSimpleName())
        .containsExactly("Logged", "Synced");
    pool.give(new GuardInput.AdmissionRead(pool.log.get(0)));
    assertThat(pool.said).hasSize(2);
    pool.give(new GuardInput.PoliciesChanged(pool.set()));
    assertThat(pool.made()).hasSize(1);
    assertThat(pool.decisions()).hasSize(2);
  }

  @Test
  void whatWasNotReadBackIsSentAgain() {
    TestingPool pool = new TestingPool();
    pool.readsBack = false;
    pool.give(new GuardInput.Started("g1"));
    pool.fleet(10, 3);
    pool.pass(31_000);
    assertThat(pool.log).extracting(Admission::id).containsExactly("g1", "g1");
    pool.settle();
    pool.act();
    pool.settle();
    pool.unit("u", 1, 3, 4, 5);
    pool.give(failing(pool, "i1", 3));
    pool.pass(61_000);
    assertThat(admitted(pool)).hasSize(3).allMatch(a -> a.equals(admitted(pool).get(0)));
    pool.readsBack = true;
    pool.settle();
    assertThat(pool.state.sequence()).isEqualTo(1);
    assertThat(pool.decisions())
        .extracting(GuardDecision::outcome)
        .containsExactly(Outcome.ADMITTED);
  }

  @Test
  void aYoungerGuardSilencesThisOneButNotAnOlderOnesRepeat() {
    TestingPool pool = TestingPool.started(10, 3);
    Admission own = pool.log.get(0);
    TestingPool other = new TestingPool();
    other.now += 1;
    other.start("g0");
    other.fleet(1, 1);
    Admission older = other.log.get(0);
    // an older guard's mark, first read before its own
    TestingPool young = new TestingPool();
    young.log.add(older);
    young.start("g1");
    young.fleet(10, 3);
    young.give(new GuardInput.AdmissionRead(older));
    young.give(failing(young, "i1", 3));
    assertThat(young.decisions()).hasSize(1);
    // a younger one's
    pool.give(new GuardInput.AdmissionRead(older));
    int before = pool.said.size();
    pool.give(failing(pool, "i1", 3));
    pool.pass(3_600_000);
    assertThat(pool.said).hasSize(before);
    assertThat(own.id()).isEqualTo("g1");
  }

  @Test
  void aMarkThatIsOlderThanTheOwnStartSilencesNobody() {
    TestingPool other = new TestingPool();
    other.start("g0");
    other.fleet(1, 1);
    TestingPool pool = new TestingPool();
    pool.now += 60_000;
    pool.start("g1");
    pool.fleet(10, 3);
    // a dying guard's last word that lay in its producer
    pool.give(new GuardInput.AdmissionRead(other.log.get(0)));
    pool.give(failing(pool, "i1", 3));
    assertThat(pool.decisions()).hasSize(1);
  }

  @Test
  void whatWasGivenBackIsProposedAgainWithAnotherTarget() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.unit("u", 1, 3, 4, 5);
    pool.give(failing(pool, "i1", 3));
    Admission first = admitted(pool).get(0);
    pool.give(new GuardInput.ActEnded(first.id(), Admission.State.GIVEN_BACK, "It died."));
    pool.pass(2_000);
    assertThat(admitted(pool)).hasSize(2);
    Admission second = admitted(pool).get(1);
    assertThat(second.target()).isNotEqualTo(first.target());
    assertThat(second.units()).isEqualTo(first.units());
    pool.give(new GuardInput.ActEnded(second.id(), Admission.State.DONE, "Done."));
    pool.pass(60_000);
    assertThat(admitted(pool)).hasSize(2);
  }

  @Test
  void unitsThatOneTargetCannotTakeFollowWithTheNextAct() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.unit("u", 1, 3, 4, 5);
    pool.unit("v", 1, 3, 6, 8);
    pool.give(failing(pool, "i1", 3));
    Admission first = admitted(pool).get(0);
    assertThat(first.units()).hasSize(1);
    pool.give(new GuardInput.ActEnded(first.id(), Admission.State.DONE, "Done."));
    pool.pass(10);
    assertThat(admitted(pool)).hasSize(2);
    assertThat(admitted(pool).get(1).units()).doesNotContainAnyElementsOf(first.units());
  }

  @Test
  void aDeadOwnersUnitIsTakenOverThoughCopiesAreFew() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.unit("u", 1, 3, 4);
    pool.give(failing(pool, "i1", 3));
    assertThat(admitted(pool)).as(last(pool).text()).hasSize(1);
  }

  @Test
  void plannedMaintenanceThatEvacuatesStartsAFailoverOfTheNodesUnits() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.unit("u", 1, 3, 4, 5);
    PolicyRecord window =
        pool.word(
            PolicyRecord.Kind.MAINTENANCE,
            "node/n3",
            ActKind.UNKNOWN,
            null,
            7_200_000L,
            "evacuate",
            "true");
    pool.policy(window);
    assertThat(admitted(pool)).as(last(pool).text()).hasSize(1);
    Admission act = admitted(pool).get(0);
    assertThat(act.act()).isEqualTo(ActKind.FAILOVER);
    assertThat(act.source()).isEqualTo(node(3));
    assertThat(act.predicted()).as("its owner lives and helps").isTrue();
    pool.give(new GuardInput.ActEnded(act.id(), Admission.State.DONE, "Done."));
    pool.pass(60_000);
    assertThat(admitted(pool)).hasSize(1);
    pool.drop(window);
    assertThat(pool.state.tracked()).isEmpty();
  }

  @Test
  void maintenanceThatDoesNotAskForItMovesNothing() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.unit("u", 1, 3, 4, 5);
    pool.policy(
        pool.word(PolicyRecord.Kind.MAINTENANCE, "node/n3", ActKind.UNKNOWN, null, 7_200_000L));
    assertThat(pool.made()).isEmpty();
  }

  @Test
  void aNodeOfLevelOneIsClearedByItsOwnHooks() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.level(3, 1);
    pool.policy(
        pool.word(
            PolicyRecord.Kind.MAINTENANCE,
            "node/n3",
            ActKind.UNKNOWN,
            null,
            7_200_000L,
            "evacuate",
            "true"));
    assertThat(admitted(pool)).as(last(pool).text()).hasSize(1);
    assertThat(admitted(pool).get(0).act()).isEqualTo(ActKind.DRAIN);
  }

  /** The node that its hooks cleared stays out for good else. */
  @Test
  void aNodeOfLevelOneIsLetInAgainWhenItsMaintenanceIsOver() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.level(3, 1);
    PolicyRecord window = evacuation(pool, "only");
    pool.policy(window);
    Admission drain = admitted(pool).get(0);
    pool.drop(window);
    assertThat(admitted(pool)).as("its drain is still at work").hasSize(1);
    pool.give(new GuardInput.ActEnded(drain.id(), Admission.State.DONE, "Done."));
    pool.pass(600_000);

    assertThat(admitted(pool)).as(last(pool).text()).hasSize(2);
    Admission back = admitted(pool).get(1);
    assertThat(back.act()).isEqualTo(ActKind.RETURN);
    assertThat(back.subject()).isEqualTo(node(3));
    assertThat(back.units()).isEmpty();
    pool.give(new GuardInput.ActEnded(back.id(), Admission.State.DONE, "Done."));
    pool.pass(3_600_000);
    assertThat(admitted(pool)).as("once").hasSize(2);
  }

  @Test
  void maintenanceThatFollowsMaintenanceLetsNobodyInBetween() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.level(3, 1);
    PolicyRecord first = evacuation(pool, "first");
    pool.policy(first);
    Admission drain = admitted(pool).get(0);
    pool.give(new GuardInput.ActEnded(drain.id(), Admission.State.DONE, "Done."));
    pool.policy(evacuation(pool, "second"));
    pool.drop(first);
    pool.pass(60_000);

    assertThat(admitted(pool)).extracting(Admission::act).doesNotContain(ActKind.RETURN);
  }

  @Test
  void aNodeOfLevelTwoNeedsNoHookToBeLetIn() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.unit("u", 1, 3, 4, 5);
    PolicyRecord window = evacuation(pool, "only");
    pool.policy(window);
    pool.give(new GuardInput.ActEnded(admitted(pool).get(0).id(), Admission.State.DONE, "Done."));
    pool.drop(window);
    pool.pass(60_000);

    assertThat(admitted(pool)).hasSize(1);
    assertThat(pool.state.tracked()).isEmpty();
  }

  private static PolicyRecord evacuation(TestingPool pool, String name) {
    return pool.word(
        PolicyRecord.Kind.MAINTENANCE,
        "node/n3",
        ActKind.UNKNOWN,
        name,
        7_200_000L,
        "evacuate",
        "true");
  }

  @Test
  void aNodeOfLevelTwoIsDrainedByGivingItsUnitsToOthers() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.unit("u", 1, 3, 4, 5);
    pool.give(
        new GuardInput.IncidentChanged(pool.incident("i1", 1, node(3), false, 0, ActKind.DRAIN)));
    assertThat(admitted(pool)).as(last(pool).text()).hasSize(1);
    Admission act = admitted(pool).get(0);
    assertThat(act.act()).isEqualTo(ActKind.DRAIN);
    assertThat(act.units()).containsExactly(new Proposal.UnitStep("u", 1, 2));
    assertThat(act.source()).isEqualTo(node(3));
    assertThat(act.target()).as("a holder of a copy").isIn(node(4), node(5));
  }

  @Test
  void aFailoverOfADiskOfWhichNobodyKnowsTheUnitsIsNotDone() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.unit("u", 1, 3, 4, 5);
    Subject disk = new Subject(Subject.Kind.DISK, "d-1");
    pool.give(
        new GuardInput.IncidentChanged(
            pool.incident("i1", 1, disk, false, 0, ActKind.FAILOVER, List.of(disk, node(3)))));
    assertThat(last(pool).code()).as(last(pool).text()).isEqualTo(DecisionCode.UNKNOWN_SUBJECT);
    assertThat(admitted(pool)).isEmpty();
  }

  @Test
  void aDrainToNobodyOrOfNothingIsNotDone() {
    TestingPool alone = TestingPool.started(20, 4);
    alone.act();
    alone.unit("u", 1, 3);
    alone.give(
        new GuardInput.IncidentChanged(alone.incident("i1", 1, node(3), false, 0, ActKind.DRAIN)));
    assertThat(admitted(alone)).as("nobody holds a copy").isEmpty();
    assertThat(last(alone).code()).isEqualTo(DecisionCode.BELOW_REPLICATION_MINIMUM);

    TestingPool idle = TestingPool.started(20, 4);
    idle.act();
    idle.give(
        new GuardInput.IncidentChanged(idle.incident("i1", 1, node(3), false, 0, ActKind.DRAIN)));
    assertThat(idle.made()).as("it owns nothing and has no hooks").isEmpty();

    TestingPool low = TestingPool.started(20, 4);
    low.act();
    low.unit("u", 1, 3, 4, 5);
    low.level(4, 1);
    low.level(5, 1);
    low.give(
        new GuardInput.IncidentChanged(low.incident("i1", 1, node(3), false, 0, ActKind.DRAIN)));
    assertThat(admitted(low)).as("who takes units over must keep epochs").isEmpty();
  }

  @Test
  void anotherGuardTookTheNumberAndNothingIsSpentTwice() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.unit("a", 1, 3, 4, 5);
    pool.unit("b", 1, 7, 4, 5);
    pool.readsBack = false;
    pool.give(
        new GuardInput.Proposed(pool.proposal("pa", ActKind.FAILOVER, node(3), node(4), "a")));
    pool.give(
        new GuardInput.Proposed(pool.proposal("pb", ActKind.FAILOVER, node(7), node(5), "b")));
    assertThat(admitted(pool)).as("one record is on its way at a time").hasSize(1);
    // the record of another guard came first, for the unit of the second proposal
    Admission mine = admitted(pool).get(0);
    Admission foreign =
        new Admission(
            "a-foreign",
            1,
            Admission.State.ADMITTED,
            "elsewhere",
            ActKind.MIGRATE,
            node(9),
            TestingPool.POOL,
            "z1",
            false,
            List.of(new Proposal.UnitStep("b", 1, 2)),
            node(7),
            node(11),
            List.of(),
            1,
            pool.now,
            pool.now,
            pool.now + 1,
            pool.now,
            "",
            Map.of());
    pool.give(new GuardInput.AdmissionRead(foreign));
    assertThat(pool.state.lockOwner("segment/b")).isEqualTo("a-foreign");
    pool.give(new GuardInput.AdmissionRead(mine));
    assertThat(pool.decisions()).filteredOn(d -> d.outcome() == Outcome.ADMITTED).isEmpty();
    assertThat(last(pool).proposal().id()).isEqualTo("pb");
    assertThat(last(pool).code()).isEqualTo(DecisionCode.UNIT_LOCKED);
    assertThat(last(pool).lockOwner()).isEqualTo("a-foreign");
    Admission again = admitted(pool).get(1);
    assertThat(again.proposal()).isEqualTo("pa");
    assertThat(again.sequence()).isEqualTo(2);
    assertThat(again.id()).isNotEqualTo(mine.id());
  }

  @Test
  void anApprovalMayComeBeforeItsProposal() {
    TestingPool pool = approving();
    pool.policy(pool.word(PolicyRecord.Kind.APPROVAL, "all", ActKind.UNKNOWN, "early", 3_600_000L));
    pool.give(
        new GuardInput.Proposed(pool.proposal("early", ActKind.FAILOVER, node(3), node(4), "u")));
    assertThat(last(pool).outcome()).isEqualTo(Outcome.ADMITTED);
    assertThat(last(pool).approvedBy()).contains("ann");
  }

  private static TestingPool approving() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.unit("u", 1, 3, 4, 5);
    pool.policy(
        pool.word(
            PolicyRecord.Kind.MODE,
            "all",
            ActKind.UNKNOWN,
            null,
            null,
            "mode",
            "act",
            "approval",
            "true"));
    return pool;
  }

  @Test
  void whatNeedsAnApprovalWaitsUntilItComes() {
    TestingPool pool = approving();
    pool.give(new GuardInput.Proposed(pool.proposal("x", ActKind.FAILOVER, node(3), node(4), "u")));
    assertThat(last(pool).outcome()).isEqualTo(Outcome.WAITING);
    assertThat(last(pool).code()).isEqualTo(DecisionCode.APPROVAL_NEEDED);
    // an approval of something else, one that has expired, one of later
    PolicyRecord other =
        pool.word(PolicyRecord.Kind.APPROVAL, "all", ActKind.UNKNOWN, "y", 3_600_000L);
    pool.policy(other);
    assertThat(pool.decisions()).hasSize(1);
    pool.pass(60_000);
    pool.policy(pool.word(PolicyRecord.Kind.APPROVAL, "all", ActKind.UNKNOWN, "x", 60_000L));
    assertThat(last(pool).outcome()).isEqualTo(Outcome.ADMITTED);
  }

  @Test
  void anExpiredApprovalApprovesNothingAndTheProposalExpires() {
    TestingPool pool = approving();
    pool.policy(pool.word(PolicyRecord.Kind.APPROVAL, "all", ActKind.UNKNOWN, "x", 1_000L));
    pool.pass(1_000);
    pool.give(new GuardInput.Proposed(pool.proposal("x", ActKind.FAILOVER, node(3), node(4), "u")));
    assertThat(last(pool).outcome()).isEqualTo(Outcome.WAITING);
    pool.pass(3_600_001);
    assertThat(last(pool).outcome()).isEqualTo(Outcome.REFUSED);
    assertThat(last(pool).code()).isEqualTo(DecisionCode.EXPIRED);
    assertThat(admitted(pool)).isEmpty();
  }

  @Test
  void aDenialBeatsAnApproval() {
    TestingPool pool = approving();
    pool.give(new GuardInput.Proposed(pool.proposal("x", ActKind.FAILOVER, node(3), node(4), "u")));
    pool.policies.put(
        "both", pool.word(PolicyRecord.Kind.APPROVAL, "all", ActKind.UNKNOWN, "x", 60_000L));
    pool.policy(pool.word(PolicyRecord.Kind.DENIAL, "all", ActKind.UNKNOWN, "x", null));
    assertThat(last(pool).code()).isEqualTo(DecisionCode.APPROVAL_DENIED);
  }

  @Test
  void aRuleApprovesByKindSizeAndHour() {
    TestingPool pool = approving();
    // 1_700_000_000 s is 22:13 UTC
    pool.policy(
        pool.word(
            PolicyRecord.Kind.APPROVAL,
            "pool/p1",
            ActKind.FAILOVER,
            null,
            86_400_000L,
            "hours",
            "23-02",
            "max-cost",
            "1 gb"));
    pool.give(new GuardInput.Proposed(pool.proposal("x", ActKind.FAILOVER, node(3), node(4), "u")));
    assertThat(last(pool).outcome()).isEqualTo(Outcome.WAITING);
    for (int i = 0; i < 50; i++) {
      pool.pass(60_000);
      pool.risk(node(4), Tier.HEALTHY, 0.001, 0);
    }
    assertThat(last(pool).outcome()).as(last(pool).text()).isEqualTo(Outcome.ADMITTED);
    assertThat(Math.floorMod(Math.floorDiv(admitted(pool).get(0).issuedMillis(), 3_600_000L), 24))
        .isEqualTo(23);
  }

  @Test
  void aHaltRefusesWhatWaits() {
    TestingPool pool = approving();
    pool.give(new GuardInput.Proposed(pool.proposal("x", ActKind.FAILOVER, node(3), node(4), "u")));
    pool.policy(pool.word(PolicyRecord.Kind.HALT, "all", ActKind.UNKNOWN, null, null));
    assertThat(last(pool).code()).isEqualTo(DecisionCode.HALTED);
  }

  @Test
  void maintenanceThatBeginsRefusesWhatWaits() {
    TestingPool pool = approving();
    PolicyRecord window =
        pool.word(PolicyRecord.Kind.MAINTENANCE, "node/n3", ActKind.UNKNOWN, null, 7_200_000L);
    pool.policy(
        new PolicyRecord(
            window.key(),
            window.id(),
            window.kind(),
            1,
            true,
            window.scope(),
            null,
            window.act(),
            null,
            "ann",
            "new memory",
            pool.now,
            pool.now + 600_000,
            window.expiresMillis(),
            Map.of(),
            ""));
    pool.give(new GuardInput.Proposed(pool.proposal("x", ActKind.FAILOVER, node(3), node(4), "u")));
    assertThat(last(pool).outcome()).isEqualTo(Outcome.WAITING);
    pool.pass(600_000);
    assertThat(last(pool).code()).isEqualTo(DecisionCode.MAINTENANCE);
    assertThat(last(pool).text()).contains("ann", "new memory");
  }

  @Test
  void anOperatorEndsAnAct() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.unit("u", 1, 3, 4, 5);
    pool.give(failing(pool, "i1", 3));
    Admission admission = admitted(pool).get(0);
    pool.policy(
        pool.word(
            PolicyRecord.Kind.CANCEL,
            "all",
            ActKind.UNKNOWN,
            null,
            null,
            "admission",
            admission.id()));
    assertThat(last(pool).outcome()).isEqualTo(Outcome.ENDED);
    assertThat(last(pool).code()).isEqualTo(DecisionCode.CANCELLED);
    assertThat(pool.state.locks()).isEmpty();
    assertThat(pool.log.get(pool.log.size() - 1).revision()).isEqualTo(2);
  }

  @Test
  void anEndThatComesBeforeItsAdmissionIsKept() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.unit("u", 1, 3, 4, 5);
    pool.readsBack = false;
    pool.give(failing(pool, "i1", 3));
    String id = admitted(pool).get(0).id();
    pool.give(new GuardInput.ActEnded(id, Admission.State.DONE, "Quick."));
    pool.give(new GuardInput.ActEnded(id, Admission.State.DONE, "Quick."));
    assertThat(pool.state.locks()).isNotEmpty();
    pool.settle();
    assertThat(pool.state.locks()).isEmpty();
    assertThat(last(pool).code()).isEqualTo(DecisionCode.COMPLETED);
    // and again, behind everything
    pool.give(new GuardInput.ActEnded(id, Admission.State.GIVEN_BACK, "Late."));
    pool.settle();
    assertThat(pool.log).extracting(Admission::state).endsWith(Admission.State.DONE);
  }

  @Test
  void aStormStopsAutomationOnceAndGoesOnAfterTheCooldown() {
    TestingPool pool = TestingPool.started(50, 5);
    pool.act();
    pool.unit("u", 1, 3, 4, 5);
    pool.unit("w", 1, 8, 9, 12);
    pool.give(failing(pool, "i1", 3));
    assertThat(admitted(pool)).hasSize(1);
    for (int i = 0; i < 20; i++) {
      pool.risk(node(30 + i), Tier.CRITICAL, 0.9, 0);
    }
    assertThat(notices(pool)).containsExactly("pool.automation.stopped");
    pool.give(failing(pool, "i2", 8));
    assertThat(last(pool).code()).isEqualTo(DecisionCode.STORM);
    // what is in flight goes on and ends
    pool.give(new GuardInput.ActEnded(admitted(pool).get(0).id(), Admission.State.DONE, "Done."));
    assertThat(last(pool).code()).isEqualTo(DecisionCode.COMPLETED);

    // right after a restore it is judged again, and not said again
    Map<String, byte[]> rows = pool.checkpoint();
    pool.restore(rows, pool.logRead, "g2");
    pool.give(failing(pool, "i3", 14));
    assertThat(last(pool).code()).isEqualTo(DecisionCode.STORM);
    assertThat(notices(pool)).hasSize(1);

    // below the enter share is not yet below the exit share
    for (int i = 0; i < 17; i++) {
      pool.risk(node(30 + i), Tier.HEALTHY, 0.001, 0);
    }
    keepSeen(pool, 50, 40 * 60_000);
    assertThat(notices(pool)).hasSize(1);
    pool.risk(node(47), Tier.HEALTHY, 0.001, 0);
    assertThat(notices(pool)).containsExactly("pool.automation.stopped", "pool.automation.resumed");
    pool.unit("v", 1, 19, 21, 22);
    pool.give(failing(pool, "i4", 19));
    assertThat(admitted(pool)).as(last(pool).text()).hasSizeGreaterThan(1);
  }

  @Test
  void aStormThatIsOverSoonLastsForTheCooldown() {
    TestingPool pool = TestingPool.started(50, 5);
    pool.act();
    for (int i = 0; i < 20; i++) {
      pool.risk(node(30 + i), Tier.CRITICAL, 0.9, 0);
    }
    for (int i = 0; i < 20; i++) {
      pool.risk(node(30 + i), Tier.HEALTHY, 0.001, 0);
    }
    keepSeen(pool, 3, 29 * 60_000);
    pool.give(failing(pool, "i1", 3));
    assertThat(last(pool).code()).isEqualTo(DecisionCode.STORM);
    keepSeen(pool, 3, 60_000);
    assertThat(notices(pool)).containsExactly("pool.automation.stopped", "pool.automation.resumed");
  }

  /** Lets time pass while the risks of some nodes are confirmed as they are. */
  private static void keepSeen(TestingPool pool, int nodes, long millis) {
    for (long passed = 0; passed < millis; passed += 60_000) {
      pool.pass(60_000);
      for (int i = 0; i < nodes; i++) {
        Member member = Objects.requireNonNull(pool.state.member(node(i)));
        pool.risk(node(i), member.tier(), member.probability(), 0);
      }
    }
  }

  @Test
  void anOldCheckpointWithActsInFlight() {
    TestingPool pool = TestingPool.started(50, 5);
    pool.act();
    pool.unit("u", 1, 3, 4, 6);
    pool.unit("w", 1, 8, 9, 12);
    Map<String, byte[]> rows = pool.checkpoint();
    int logRead = pool.logRead;
    pool.give(failing(pool, "i1", 3));
    Admission first = admitted(pool).get(0);
    pool.give(new GuardInput.ActEnded(first.id(), Admission.State.DONE, "Done."));
    pool.give(failing(pool, "i2", 8));
    Admission second = admitted(pool).get(1);
    keepSeen(pool, 50, 30 * 60_000);
    int said = pool.said.size();

    pool.readsBack = false;
    pool.restore(rows, logRead, "g2");
    pool.fleet(50, 5);
    // the input since then comes again, before the log was read
    pool.give(failing(pool, "i1", 3));
    pool.give(failing(pool, "i2", 8));
    pool.settle();
    assertThat(pool.state.sequence()).isEqualTo(2);
    assertThat(pool.state.lockOwner("node/n8")).isEqualTo(second.id());
    assertThat(pool.state.lockOwner("node/n3")).isNull();
    assertThat(admitted(pool)).as("nothing is admitted twice").hasSize(2);
    List<GuardDecision> since =
        pool.said.subList(said, pool.said.size()).stream()
            .filter(GuardOutput.Decided.class::isInstance)
            .map(output -> ((GuardOutput.Decided) output).decision())
            .toList();
    assertThat(since)
        .as("what is said again is what the log says")
        .isNotEmpty()
        .allMatch(d -> d.outcome() == Outcome.ADMITTED || d.outcome() == Outcome.ENDED);
  }

  @Test
  void anIncidentThatChangesSupersedesItsProposalAndTheSameStateIsNotProposedTwice() {
    TestingPool pool = approving();
    pool.give(failing(pool, "i1", 3));
    pool.give(
        new GuardInput.IncidentChanged(
            pool.incident("i1", 2, node(3), false, 0, ActKind.FAILOVER)));
    assertThat(pool.made()).hasSize(1);
    pool.give(
        new GuardInput.IncidentChanged(
            pool.incident("i1", 3, node(3), false, 0, ActKind.PREFETCH)));
    assertThat(pool.made()).hasSize(2);
    assertThat(pool.decisions())
        .extracting(GuardDecision::code)
        .containsExactly(
            DecisionCode.APPROVAL_NEEDED, DecisionCode.SUPERSEDED, DecisionCode.APPROVAL_NEEDED);
    pool.give(
        new GuardInput.IncidentChanged(
            pool.incident("i1", 4, node(3), false, 0, ActKind.INVESTIGATE)));
    assertThat(last(pool).code()).isEqualTo(DecisionCode.SUPERSEDED);
    assertThat(pool.state.waiting()).isEmpty();
  }

  @Test
  void whatPassesIsProposedAgainAFewTimesAndThenNoMore() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.unit("u", 1, 3, 4, 5);
    PolicyRecord window =
        pool.word(PolicyRecord.Kind.MAINTENANCE, "node/n3", ActKind.UNKNOWN, null, 864_000_000L);
    pool.policy(window);
    pool.give(failing(pool, "i1", 3));
    keepSeen(pool, 20, 12 * 3_600_000L);
    assertThat(pool.made()).hasSize(GuardPolicy.DEFAULTS.maxAttempts());
    assertThat(pool.made()).extracting(Proposal::id).doesNotHaveDuplicates();
    assertThat(pool.decisions()).allMatch(d -> d.code() == DecisionCode.MAINTENANCE);
  }

  @Test
  void aPredictionWaitsForItsDwell() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.unit("u", 1, 3, 4, 5);
    pool.risk(node(3), Tier.WARNING, 0.6, 0);
    pool.give(
        new GuardInput.IncidentChanged(
            pool.incident("i1", 1, node(3), true, 10_800_000L, ActKind.MIGRATE)));
    assertThat(last(pool).outcome()).as(last(pool).text()).isEqualTo(Outcome.WAITING);
    assertThat(last(pool).code()).isEqualTo(DecisionCode.DWELL);
    keepSeen(pool, 20, 5 * 60_000);
    assertThat(last(pool).outcome()).isEqualTo(Outcome.ADVISED);
    assertThat(pool.made()).hasSize(1);
    // units of a node that owns them move by a shadow that takes over
    assertThat(pool.made().get(0).act()).isEqualTo(ActKind.SHADOW);
    assertThat(pool.made().get(0).candidates()).hasSizeGreaterThan(3);
  }

  @Test
  void oneNodeADayInASmallPool() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.unit("u", 1, 3, 4, 5);
    pool.unit("w", 1, 8, 9, 10);
    for (int i : new int[] {3, 8}) {
      pool.risk(node(i), Tier.CRITICAL, 0.9, 0);
      pool.give(
          new GuardInput.IncidentChanged(
              pool.incident("i" + i, 1, node(i), true, 60_000, ActKind.PREFETCH)));
      if (!pool.state.held().isEmpty()) {
        pool.give(
            new GuardInput.ActEnded(
                pool.state.held().iterator().next().id(), Admission.State.DONE, "Done."));
      }
    }
    assertThat(admitted(pool)).hasSize(1);
    assertThat(last(pool).code()).isEqualTo(DecisionCode.BUDGET_SPENT);
    assertThat(last(pool).text()).contains("today");
  }

  @Test
  void anotherLaneIsOnlyEverAdvised() {
    TestingPool pool = TestingPool.started(20, 4);
    pool.act();
    pool.unit("u", 1, 3, 4, 5);
    Proposal live = pool.proposal("x", ActKind.FAILOVER, node(3), node(4), "u");
    pool.give(new GuardInput.Proposed(lane(live, "candidate")));
    assertThat(last(pool).outcome()).isEqualTo(Outcome.ADVISED);
    pool.give(new GuardInput.Proposed(lane(live, "candidate")));
    assertThat(pool.decisions()).as("a repeat is not decided again").hasSize(1);
  }

  private static Proposal lane(Proposal p, String lane) {
    return new Proposal(
        p.id(),
        p.act(),
        p.subject(),
        p.pool(),
        p.zone(),
        p.units(),
        p.source(),
        p.target(),
        p.candidates(),
        p.decider(),
        p.reason(),
        p.inputs(),
        p.incident(),
        p.rule(),
        p.ruleVersion(),
        p.model(),
        p.modelVersion(),
        p.probability(),
        p.horizonMillis(),
        p.confidence(),
        p.costBytes(),
        p.expectedPauseMillis(),
        p.priority(),
        p.timeMillis(),
        p.expiresMillis(),
        lane,
        p.parameters());
  }

  @Test
  void thePoolOfNobodyRefusesEverythingAndLogsNothing() {
    PoolArbiter arbiter = new PoolArbiter();
    GuardState state = arbiter.empty("");
    List<GuardOutput> said = new ArrayList<>();
    TestingPool words = new TestingPool();
    long now = words.now;
    arbiter.decide(state, new GuardInput.Started("g1"), now, said::add);
    arbiter.decide(state, failing(words, "i1", 3), now, said::add);
    assertThat(said).filteredOn(GuardOutput.Logged.class::isInstance).isEmpty();
    assertThat(said)
        .filteredOn(GuardOutput.Decided.class::isInstance)
        .singleElement()
        .satisfies(
            output ->
                assertThat(((GuardOutput.Decided) output).decision().code())
                    .isEqualTo(DecisionCode.UNKNOWN_SUBJECT));
  }

  @Test
  void aDiskIsLeftFromTheNodeThatHoldsIt() {
    TestingPool pool = TestingPool.started(20, 4);
    Incident of = pool.incident("i1", 1, Subject.disk("S1"), false, 0, ActKind.MIGRATE);
    pool.give(
        new GuardInput.IncidentChanged(
            new Incident(
                of.id(),
                1,
                of.state(),
                of.severity(),
                of.summary(),
                of.subject(),
                of.pool(),
                false,
                1,
                0,
                of.recommendation(),
                null,
                of.rule(),
                1,
                of.correlationKey(),
                List.of(),
                List.of(of.subject(), node(6)),
                List.of(),
                1,
                of.openedMillis(),
                of.updatedMillis(),
                null,
                null,
                Map.of())));
    Proposal made = pool.made().get(0);
    assertThat(made.source()).isEqualTo(node(6));
    assertThat(made.zone()).isEqualTo("z2");
    assertThat(made.target()).isNotNull().isNotEqualTo(node(6));
    assertThat(last(pool).outcome()).as(last(pool).text()).isEqualTo(Outcome.ADVISED);
    pool.policy(
        pool.word(PolicyRecord.Kind.MAINTENANCE, "rack/r4", ActKind.UNKNOWN, null, 60_000L));
    pool.policy(
        pool.word(PolicyRecord.Kind.MAINTENANCE, "rack/r5", ActKind.UNKNOWN, null, 60_000L));
    pool.give(new GuardInput.Proposed(with(made, "copy", "other")));
    assertThat(last(pool).code()).isEqualTo(DecisionCode.MAINTENANCE);
  }

  private static Proposal with(Proposal p, String id, String decider) {
    return new Proposal(
        id,
        p.act(),
        p.subject(),
        p.pool(),
        p.zone(),
        p.units(),
        p.source(),
        p.target(),
        p.candidates(),
        decider,
        p.reason(),
        p.inputs(),
        p.incident(),
        p.rule(),
        p.ruleVersion(),
        p.model(),
        p.modelVersion(),
        p.probability(),
        p.horizonMillis(),
        p.confidence(),
        p.costBytes(),
        p.expectedPauseMillis(),
        p.priority(),
        p.timeMillis(),
        p.expiresMillis(),
        p.lane(),
        p.parameters());
  }
}
