package io.forestall.decisions.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.OwnershipEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SagaDeciderTest {

  @Test
  void aPredictedFailoverGoesThroughAllItsStepsWithoutWaiting() {
    TestingFailover pool = TestingFailover.of(3, 2);
    Admission admission = pool.admit(ActKind.FAILOVER, true, 0, 1, 0, 1);

    pool.settle();

    assertThat(pool.states(admission))
        .containsExactly(
            "CHECKING", "PREPARING", "INSTRUCTED", "FENCED", "PROMOTED", "MAPPED", "CONFIRMED");
    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
    assertThat(pool.ends).hasSize(1);
    assertThat(pool.ends.get(0).pauseMillis()).isEqualTo(40);
    assertThat(pool.owner(0)).isEqualTo(TestingFailover.node(1));
    assertThat(pool.owner(1)).isEqualTo(TestingFailover.node(1));
    assertThat(pool.ordered(Command.Kind.PROMOTE)).hasSize(1);
    assertThat(pool.ordered(Command.Kind.DEMOTE)).hasSize(1);
    assertThat(pool.state.sagas()).as("its end was read back").isEmpty();
  }

  @Test
  void theMapNamesTheNewOwnerAndKeepsTheFormerAsACopy() {
    TestingFailover pool = TestingFailover.of(3, 1);
    pool.admit(ActKind.FAILOVER, true, 0, 1, 0);

    pool.pass(SagaDecider.MAP_DELAY_MILLIS);

    SagaInput.MapSegment segment = pool.map(0).segments().get(0);
    assertThat(segment.owner()).isEqualTo(TestingFailover.node(1));
    assertThat(segment.epoch()).isEqualTo(2);
    assertThat(segment.copies())
        .containsExactly(
            new MapCopy(TestingFailover.node(2), "REPLICA", "IN_SYNC", -1),
            new MapCopy(TestingFailover.node(0), "REPLICA", "IN_SYNC", -1));
    assertThat(pool.map(0).ownershipOffset()).isEqualTo(pool.ownership.size());
  }

  @Test
  void anActWaitsForOneMapOfEachVolumeHoweverManyThereAre() {
    TestingFailover pool = TestingFailover.of(3, 1_024);
    pool.said.clear();
    Admission admission =
        pool.admit(ActKind.FAILOVER, true, 0, 1, IntStream.range(0, 1_024).toArray());

    pool.settle();

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
    assertThat(pool.mapped()).as("new owners, at once").hasSize(1_024);
    pool.pass(SagaDecider.MAP_DELAY_MILLIS);
    assertThat(pool.mapped()).as("that the former owner released, later").hasSize(2_048);
    assertThat(pool.map(7).segments().get(0).copies())
        .contains(new MapCopy(TestingFailover.node(0), "REPLICA", "IN_SYNC", -1));
  }

  @Test
  void whatIsSaidOfCopiesGoesWithTheNextOwner() {
    TestingFailover pool = TestingFailover.of(3, 1);
    pool.said.clear();
    pool.admit(ActKind.FAILOVER, true, 0, 1, 0);
    pool.settle();
    pool.admit(ActKind.FAILOVER, true, 1, 2, 0);

    pool.settle();

    assertThat(pool.mapped()).hasSize(2);
    assertThat(pool.map(0).segments().get(0).copies())
        .containsExactly(
            new MapCopy(TestingFailover.node(0), "REPLICA", "IN_SYNC", -1),
            new MapCopy(TestingFailover.node(1), "REPLICA", "CATCHING_UP", -1));
    pool.pass(SagaDecider.MAP_DELAY_MILLIS);
    assertThat(pool.mapped()).hasSize(3);
  }

  @Test
  void whatWasStillToBeSaidOfCopiesIsSaidAfterARestore() {
    TestingFailover pool = TestingFailover.of(3, 1);
    pool.admit(ActKind.FAILOVER, true, 0, 1, 0);
    pool.settle();
    assertThat(pool.map(0).segments().get(0).copies())
        .contains(new MapCopy(TestingFailover.node(0), "REPLICA", "CATCHING_UP", -1));

    pool.restore(pool.checkpoint());
    pool.pass(SagaDecider.MAP_DELAY_MILLIS);

    assertThat(pool.map(0).segments().get(0).copies())
        .contains(new MapCopy(TestingFailover.node(0), "REPLICA", "IN_SYNC", -1));
  }

  @Test
  void aDeadOwnerIsReplacedOnceTwoWitnessesDoNotReachIt() {
    TestingFailover pool = TestingFailover.of(3, 1);
    pool.at(0).alive = false;
    Admission admission = pool.admit(ActKind.FAILOVER, false, 0, 1, 0);

    pool.settle();

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
    assertThat(pool.now).as("no wait").isEqualTo(TestingFailover.START + 5_000);
    assertThat(pool.ordered(Command.Kind.PROBE))
        .filteredOn(probe -> probe.parameters().containsKey(Command.REACH))
        .extracting(Command::addressee)
        .containsExactly(TestingFailover.node(1), TestingFailover.node(2));
    assertThat(pool.map(0).segments().get(0).copies())
        .as("the dead owner's copy has to catch up")
        .contains(new MapCopy(TestingFailover.node(0), "REPLICA", "CATCHING_UP", -1));
  }

  @Test
  void aFailoverOfANodeThatOwnsNothingEndsAtOnce() {
    TestingFailover pool = TestingFailover.of(3, 1);
    Admission admission =
        pool.admit(ActKind.FAILOVER, false, TestingFailover.node(1), null, List.of());

    pool.settle();

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
    assertThat(pool.ordered(Command.Kind.PROBE)).isEmpty();
    assertThat(pool.state.sagas()).as("its end was read back").isEmpty();
  }

  @Test
  void oneWitnessIsNotEnough() {
    TestingFailover pool = TestingFailover.of(2, 1);
    pool.at(0).alive = false;
    Admission admission = pool.admit(ActKind.FAILOVER, false, 0, 1, 0);

    pool.pass(4_000);
    assertThat(pool.end(admission)).isNull();
    pool.pass(2_000);

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.GIVEN_BACK);
    assertThat(pool.ordered(Command.Kind.PROMOTE)).isEmpty();
  }

  /** Its connections are open, but it can neither append nor renew its lease: it serves nobody. */
  @Test
  void anOwnerThatIsCutOffFromTheLogsIsReplacedThoughItsPeersReachIt() {
    TestingFailover pool = TestingFailover.of(4, 1);
    pool.at(0).obeys = false;
    Admission admission = pool.admit(ActKind.FAILOVER, false, 0, 1, 0);

    pool.pass(pool.policy.checkMillis() - 1);
    assertThat(pool.end(admission)).isNull();
    assertThat(pool.ordered(Command.Kind.PROMOTE)).as("it may answer yet").isEmpty();
    pool.pass(2);

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
    assertThat(pool.owner(0)).isEqualTo(TestingFailover.node(1));
    assertThat(pool.reasons(admission))
        .anyMatch(text -> text.contains("reaches node/n0") && text.contains("3 others answer"));
  }

  @Test
  void anOwnerThatItsPeersReachAndThatAnswersLateIsLeftAlone() {
    TestingFailover pool = TestingFailover.of(4, 1);
    pool.at(0).obeys = false;
    Admission admission = pool.admit(ActKind.FAILOVER, false, 0, 1, 0);
    pool.pass(pool.policy.checkMillis() - 1_500);

    pool.at(0).obeys = true;
    pool.pass(1_400);

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.GIVEN_BACK);
    assertThat(pool.ends.get(0).text()).contains("answers and serves");
    assertThat(pool.ordered(Command.Kind.PROMOTE)).isEmpty();
  }

  @Test
  void anOwnerWhosePeersFellSilentWithItIsLeftAlone() {
    TestingFailover pool = TestingFailover.of(4, 1);
    pool.at(0).obeys = false;
    Admission admission = pool.admit(ActKind.FAILOVER, false, 0, 1, 0);
    pool.pass(1_500);

    pool.nodes.values().forEach(node -> node.obeys = false);
    pool.pass(pool.policy.checkMillis());

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.GIVEN_BACK);
    assertThat(pool.ends.get(0).text()).contains("silence alone is no death");
    assertThat(pool.ordered(Command.Kind.PROMOTE)).isEmpty();
  }

  @Test
  void oneThatReachesTheSilentOwnerIsNotEnough() {
    TestingFailover pool = TestingFailover.of(4, 1);
    pool.at(0).obeys = false;
    pool.at(2).obeys = false;
    pool.at(3).obeys = false;
    Admission admission = pool.admit(ActKind.FAILOVER, false, 0, 1, 0);

    pool.pass(pool.policy.checkMillis() + 1);

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.GIVEN_BACK);
    assertThat(pool.ends.get(0).text()).contains("silence alone is no death");
    assertThat(pool.ordered(Command.Kind.PROMOTE)).isEmpty();
  }

  @Test
  void whileTheOwnerIsSilentItsPeersAreAskedAFewTimesOnly() {
    TestingFailover pool = TestingFailover.of(4, 1);
    pool.at(0).obeys = false;
    pool.admit(ActKind.FAILOVER, false, 0, 1, 0);

    pool.pass(pool.policy.checkMillis() - 1);

    assertThat(pool.ordered(Command.Kind.PROBE))
        .filteredOn(probe -> probe.addressee().equals(TestingFailover.node(3)))
        .hasSizeBetween(5, 8);
  }

  @Test
  void anOwnerThatServesIsNotReplacedForBeingDead() {
    TestingFailover pool = TestingFailover.of(3, 1);
    Admission admission = pool.admit(ActKind.FAILOVER, false, 0, 1, 0);

    pool.settle();

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.GIVEN_BACK);
    assertThat(pool.ends.get(0).text()).contains("answers and serves");
  }

  @Test
  void anOwnerThatLivesButServesNothingIsReplacedWithoutWitnesses() {
    TestingFailover pool = TestingFailover.of(3, 1);
    pool.at(0).serves = false;
    Admission admission = pool.admit(ActKind.FAILOVER, false, 0, 1, 0);

    pool.settle();

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
  }

  @Test
  void aTargetThatDiesInTheCheckHasTheActGivenBackInTime() {
    TestingFailover pool = TestingFailover.of(3, 1);
    pool.at(1).alive = false;
    Admission admission = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);

    pool.pass(pool.policy.checkMillis() - 1);
    assertThat(pool.end(admission)).isNull();
    pool.pass(2);

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.GIVEN_BACK);
    assertThat(pool.ordered(Command.Kind.CANCEL)).as("nothing was begun").isEmpty();
  }

  @Test
  void aTargetThatLagsIsAskedAgainUntilItHasCaughtUp() {
    TestingFailover pool = TestingFailover.of(3, 1);
    pool.at(1).values.put(SagaValues.LAG_DELTAS, 20_000.0);
    Admission admission = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);

    pool.pass(1_000);
    assertThat(pool.ordered(Command.Kind.PREPARE)).isEmpty();
    pool.at(1).values.put(SagaValues.LAG_DELTAS, 3.0);
    pool.pass(1_000);

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
  }

  @Test
  void aTargetAtRiskOrFullOrOfTooLowALevelIsNotInstructed() {
    List<SagaInput> against =
        List.of(
            new SagaInput.NodeRisk(TestingFailover.node(1), true),
            new SagaInput.NodeDescribed(TestingFailover.node(1), 1, 100L << 30));
    for (SagaInput input : against) {
      TestingFailover pool = TestingFailover.of(3, 1);
      pool.give(input);
      Admission admission = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);

      pool.settle();

      assertThat(pool.endState(admission)).isEqualTo(Admission.State.GIVEN_BACK);
      assertThat(pool.ordered(Command.Kind.PREPARE)).isEmpty();
    }
  }

  @Test
  void theSourceOfAnAsynchronousUnitDrainsBeforeTheTargetTakesOver() {
    TestingFailover pool = asynchronous();
    Admission admission = pool.admit(ActKind.SWITCHOVER, true, 0, 1, 0);

    pool.settle();

    assertThat(pool.ordered(Command.Kind.PREPARE))
        .extracting(Command::addressee)
        .containsExactly(TestingFailover.node(1), TestingFailover.node(0));
    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
  }

  @Test
  void aPlannedActIsGivenBackWhenItsSourceDoesNotDrain() {
    TestingFailover pool = asynchronous();
    pool.at(0).refuses = Command.Kind.PREPARE;
    pool.at(0).refusesWith = CommandAck.Code.BUSY;
    Admission admission = pool.admit(ActKind.SWITCHOVER, true, 0, 1, 0);

    pool.settle();

    assertThat(pool.ordered(Command.Kind.PROMOTE)).isEmpty();
    assertThat(pool.endState(admission)).isEqualTo(Admission.State.GIVEN_BACK);
  }

  @Test
  void aPredictedFailoverGoesOnWhenItsSourceDoesNotDrain() {
    TestingFailover pool = asynchronous();
    pool.at(0).refuses = Command.Kind.PREPARE;
    pool.at(0).refusesWith = CommandAck.Code.BUSY;
    Admission admission = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);

    pool.settle();

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
  }

  @Test
  void theMapSaysForHowLongWritesMayBeAnsweredEarly() {
    TestingFailover pool = asynchronous();
    pool.pass(60_000);

    assertThat(pool.maps.get(pool.maps.size() - 1).segments())
        .singleElement()
        .satisfies(segment -> assertThat(segment.asyncBoundMillis()).isEqualTo(500));
  }

  /** One unit of n0 whose writes may be answered 500 ms before they are in the log. */
  private static TestingFailover asynchronous() {
    TestingFailover pool = TestingFailover.of(3, 1);
    pool.append(
        new OwnershipEntry(
            TestingFailover.POOL,
            OwnershipEntry.Kind.MODE,
            List.of(new UnitStep(TestingFailover.unit(0), 1, 2)),
            TestingFailover.node(0),
            1,
            null,
            Authority.NONE,
            "n0",
            pool.now,
            500));
    pool.settle();
    return pool;
  }

  @Test
  void clientsThatTheProbesNamedAreTold() {
    TestingFailover pool = TestingFailover.of(3, 1);
    pool.at(0).values.put(SagaValues.CLIENT_PREFIX + "c-1", 12.0);
    pool.admit(ActKind.FAILOVER, true, 0, 1, 0);

    pool.settle();

    assertThat(pool.ordered(Command.Kind.REDIRECT))
        .singleElement()
        .satisfies(
            redirect -> {
              assertThat(redirect.addressee().toString()).isEqualTo("client/c-1");
              assertThat(redirect.target()).isEqualTo(TestingFailover.node(1));
            });
  }

  @Test
  void aTargetThatCannotAppendIsNotGivenUpUntilItSaidThatItWillNot() {
    TestingFailover pool = TestingFailover.of(3, 1);
    pool.at(1).appends = false;
    Admission admission = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);

    pool.pass(40_000);
    // it appended: its word on a cancellation is that it is too late
    assertThat(pool.end(admission)).isNull();
    assertThat(pool.ordered(Command.Kind.CANCEL)).isNotEmpty();

    pool.takeover(pool.at(1), admission);
    pool.pass(20_000);

    assertThat(pool.states(admission)).contains("GIVING_BACK", "FENCED", "CONFIRMED");
    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
    assertThat(pool.owner(0)).isEqualTo(TestingFailover.node(1));
  }

  @Test
  void aTargetThatDiesBeforeTheFenceIsGivenBackOnceItMayNotBegin() {
    TestingFailover pool = TestingFailover.of(3, 1);
    pool.delivers = false;
    Admission admission = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);
    pool.settle();
    // the check is answered, then the target dies with the instruction in its mailbox
    pool.delivers = true;
    pool.settleUntilOrdered(Command.Kind.PROMOTE);
    pool.at(1).alive = false;
    long instructed = pool.now;

    while (pool.end(admission) == null) {
      pool.pass(1_000);
    }

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.GIVEN_BACK);
    long promised = instructed + SagaDecider.PROMISE_MILLIS + SagaDecider.GRACE_MILLIS;
    assertThat(pool.now).isGreaterThanOrEqualTo(promised).isLessThan(promised + 60_000);
  }

  @Test
  void anotherEpochEndsTheActAtOnce() {
    TestingFailover pool = TestingFailover.of(3, 1);
    pool.at(1).appends = false;
    Admission admission = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);
    pool.settle();
    pool.append(
        new OwnershipEntry(
            TestingFailover.POOL,
            OwnershipEntry.Kind.START,
            List.of(new UnitStep(TestingFailover.unit(0), 1, 2)),
            TestingFailover.node(0),
            2,
            null,
            Authority.NONE,
            "n0",
            pool.now));

    pool.settle();

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.GIVEN_BACK);
    assertThat(pool.ends.get(0).text()).contains("cannot count any more");
  }

  @Test
  void aTargetThatDiesPastTheFenceEndsTheActSoThatAnotherCanFollow() {
    TestingFailover pool = TestingFailover.of(4, 1);
    pool.at(1).serves = false;
    Admission admission = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);
    pool.settle();
    assertThat(pool.states(admission)).last().isEqualTo("FENCED");
    pool.at(1).alive = false;

    pool.pass(3_000);

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
    assertThat(pool.ends.get(0).text()).contains("next failover is a new act");
  }

  /** It owns the units and can append nothing: whoever reaches it, no writer is left. */
  @Test
  void aTargetThatIsCutOffPastTheFenceEndsTheActThoughItsPeersReachIt() {
    TestingFailover pool = TestingFailover.of(4, 1);
    pool.at(1).serves = false;
    Admission admission = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);
    pool.settle();
    assertThat(pool.states(admission)).last().isEqualTo("FENCED");
    pool.at(1).obeys = false;

    pool.pass(pool.policy.checkMillis() - 1);
    assertThat(pool.end(admission)).as("it may answer yet").isNull();
    pool.pass(10_000);

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
    assertThat(pool.ends.get(0).text()).contains("answers nothing", "next failover is a new act");
  }

  @Test
  void aTargetThatDrainsForLongAndAnswersIsWaitedFor() {
    TestingFailover pool = TestingFailover.of(4, 1);
    pool.at(1).serves = false;
    Admission admission = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);

    pool.pass(60_000);
    assertThat(pool.end(admission)).isNull();
    pool.at(1).serves = true;
    pool.pass(20_000);

    assertThat(pool.states(admission)).endsWith("PROMOTED", "MAPPED", "CONFIRMED");
  }

  @Test
  void aTargetThatDiesBeforeItIsConfirmedDoesNotHoldItsUnitsUntilTheConfirmationIsGivenUp() {
    TestingFailover pool = TestingFailover.of(4, 1);
    pool.at(1).values.put(SagaValues.UNITS_SERVING, 0.0);
    Admission admission = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);
    pool.settle();
    assertThat(pool.states(admission)).last().isEqualTo("MAPPED");
    pool.at(1).alive = false;

    pool.pass(2 * pool.policy.stepMillis());

    assertThat(pool.endState(admission)).isEqualTo(Admission.State.DONE);
    assertThat(pool.ends.get(0).text()).contains("next failover is a new act");
  }

  @Test
  void aHaltStopsWhatIsBeforeItsFenceAndSparesWhatIsPastIt() {
    TestingFailover pool = TestingFailover.of(3, 2);
    pool.at(1).appends = false;
    pool.at(2).serves = false;
    Admission before = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);
    Admission past = pool.admit(ActKind.FAILOVER, true, 0, 2, 1);
    pool.settle();
    assertThat(pool.states(before)).last().isEqualTo("INSTRUCTED");
    assertThat(pool.states(past)).last().isEqualTo("FENCED");
    pool.at(1).appended.clear();

    pool.give(new SagaInput.Halted(true));
    pool.settle();
    pool.at(2).serves = true;
    pool.pass(3_000);

    assertThat(pool.endState(before)).isEqualTo(Admission.State.GIVEN_BACK);
    assertThat(pool.endState(past)).isEqualTo(Admission.State.DONE);
    Admission later = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);
    pool.settle();
    assertThat(pool.endState(later)).isEqualTo(Admission.State.GIVEN_BACK);
  }

  @Test
  void anAdmissionThatDoesNotFollowIsVoid() {
    TestingFailover pool = TestingFailover.of(3, 1);
    Admission first = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);
    pool.admissions.add(first);
    pool.settle();
    int commands = pool.commands.size();
    pool.admissions.add(first);

    pool.settle();

    assertThat(pool.commands).hasSize(commands);
    assertThat(pool.ends).hasSize(1);
  }

  @Test
  void anEndThatNobodyReadIsSaidAgain() {
    TestingFailover pool = TestingFailover.of(3, 1);
    pool.guardAnswers = false;
    Admission admission = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);
    pool.settle();
    assertThat(pool.ends).hasSize(1);

    pool.pass(SagaDecider.RESEND_MILLIS);
    assertThat(pool.ends).hasSize(2);
    pool.write(admission, Admission.State.DONE, "read");
    pool.pass(10 * SagaDecider.RESEND_MILLIS);

    assertThat(pool.ends).hasSize(2);
    assertThat(pool.state.sagas()).isEmpty();
  }

  @Test
  void anActThatIsCancelledInTheLogIsCancelledAtTheTarget() {
    TestingFailover pool = TestingFailover.of(3, 1);
    pool.at(1).appends = false;
    Admission admission = pool.admit(ActKind.FAILOVER, true, 0, 1, 0);
    pool.settle();
    pool.at(1).appended.clear();

    pool.write(admission, Admission.State.CANCELLED, "ann cancelled it");
    pool.settle();

    assertThat(pool.ordered(Command.Kind.CANCEL)).hasSize(1);
    assertThat(pool.at(1).cancelled).contains(admission.id());
    assertThat(pool.ends).as("the guard knows already").isEmpty();
    assertThat(pool.state.sagas()).isEmpty();
  }

  @Test
  void aFailbackIsProposedAfterTheFormerOwnerFollowedForTheDwell() {
    TestingFailover pool = TestingFailover.of(3, 1);
    pool.at(0).alive = false;
    pool.admit(ActKind.FAILOVER, false, 0, 1, 0);
    pool.settle();
    long dwell = pool.policy.failbackDwellMillis();

    pool.pass(2 * dwell);
    assertThat(pool.proposals()).as("it is dead").isEmpty();
    pool.at(0).alive = true;
    pool.pass(dwell - 1);
    assertThat(pool.proposals()).isEmpty();
    assertThat(pool.map(0).segments().get(0).copies())
        .as("it follows again")
        .contains(new MapCopy(TestingFailover.node(0), "REPLICA", "IN_SYNC", -1));
    pool.pass(dwell / 5);

    assertThat(pool.proposals())
        .singleElement()
        .satisfies(
            proposed -> {
              assertThat(proposed.proposal().act()).isEqualTo(ActKind.FAILBACK);
              assertThat(proposed.proposal().source()).isEqualTo(TestingFailover.node(1));
              assertThat(proposed.proposal().target()).isEqualTo(TestingFailover.node(0));
              assertThat(proposed.proposal().units())
                  .containsExactly(new UnitStep(TestingFailover.unit(0), 2, 3));
            });
    Admission back = pool.admit(ActKind.FAILBACK, true, 1, 0, 0);
    pool.settle();
    assertThat(pool.endState(back)).isEqualTo(Admission.State.DONE);
    assertThat(pool.state.watches()).isEmpty();
  }

  /** Whoever owns a unit by now: a copy that nobody asked would count as out of sync for good. */
  @Test
  void copiesOnTwoFormerOwnersComeBackIntoSyncThoughTheUnitMovedOn() {
    TestingFailover pool = TestingFailover.of(4, 1);
    pool.at(0).alive = false;
    pool.admit(ActKind.FAILOVER, false, 0, 1, 0);
    pool.settle();
    pool.at(1).alive = false;
    pool.admit(ActKind.FAILOVER, false, 1, 2, 0);
    pool.settle();
    pool.pass(60_000);
    assertThat(pool.map(0).segments().get(0).copies())
        .as("both are dead")
        .contains(
            new MapCopy(TestingFailover.node(0), "REPLICA", "CATCHING_UP", -1),
            new MapCopy(TestingFailover.node(1), "REPLICA", "CATCHING_UP", -1));

    pool.at(0).alive = true;
    pool.at(1).alive = true;
    pool.pass(SagaDecider.MAX_CATCH_UP_MILLIS);

    assertThat(pool.map(0).segments().get(0).copies())
        .contains(
            new MapCopy(TestingFailover.node(0), "REPLICA", "IN_SYNC", -1),
            new MapCopy(TestingFailover.node(1), "REPLICA", "IN_SYNC", -1));
  }

  @Test
  void aCopyThatLagsIsAskedAboutUntilItFollows() {
    TestingFailover pool = TestingFailover.of(3, 1);
    pool.at(0).alive = false;
    pool.admit(ActKind.FAILOVER, false, 0, 1, 0);
    pool.settle();
    pool.at(0).alive = true;
    pool.at(0).values.put(SagaValues.LAG_DELTAS, pool.policy.maxLagDeltas() + 1.0);
    pool.pass(60_000);
    assertThat(pool.map(0).segments().get(0).copies())
        .contains(new MapCopy(TestingFailover.node(0), "REPLICA", "CATCHING_UP", -1));

    pool.at(0).values.put(SagaValues.LAG_DELTAS, 0.0);
    pool.pass(2 * SagaDecider.CATCH_UP_MILLIS);

    assertThat(pool.map(0).segments().get(0).copies())
        .contains(new MapCopy(TestingFailover.node(0), "REPLICA", "IN_SYNC", -1));
    pool.commands.clear();
    pool.forgetDelivered();
    pool.pass(60_000);
    assertThat(pool.ordered(Command.Kind.PROBE))
        .as("nothing is left to ask but whether it is well")
        .hasSizeLessThan(2);
  }

  /** Its disk was replaced: it follows what it holds, and nothing else counts as in sync. */
  @Test
  void aCopyThatIsNotThereAnyMoreIsNotInSyncAndHoldsUpNoOther() {
    TestingFailover pool = TestingFailover.of(3, 5);
    pool.at(0).alive = false;
    pool.admit(ActKind.FAILOVER, false, 0, 1, 0, 1, 2, 3, 4);
    pool.settle();
    pool.at(0).alive = true;
    pool.at(0).lacks.add(TestingFailover.unit(2));

    pool.pass(120_000);

    for (int unit = 0; unit < 5; unit++) {
      assertThat(pool.map(unit).segments().get(0).copies())
          .as("unit %d", unit)
          .contains(
              new MapCopy(
                  TestingFailover.node(0), "REPLICA", unit == 2 ? "CATCHING_UP" : "IN_SYNC", -1));
    }
  }

  @Test
  void aNodeThatComesBackIsAskedAtOnceAndAlsoAfterARestore() {
    TestingFailover pool = TestingFailover.of(3, 1);
    pool.at(0).alive = false;
    pool.admit(ActKind.FAILOVER, false, 0, 1, 0);
    pool.settle();
    pool.pass(300_000);

    pool.restore(pool.checkpoint());
    pool.pass(60_000);
    pool.at(0).alive = true;
    pool.give(new SagaInput.NodeDescribed(TestingFailover.node(0), 2, 99L << 30));
    pool.pass(1);

    assertThat(pool.map(0).segments().get(0).copies())
        .contains(new MapCopy(TestingFailover.node(0), "REPLICA", "IN_SYNC", -1));
  }

  /** A pool under limits with a short dwell: the test of the failback comes often. */
  private static TestingFailover impatient() {
    SagaPolicy standard = SagaPolicy.standard();
    return TestingFailover.of(
        new SagaPolicy(
            standard.checkMillis(),
            standard.stepMillis(),
            standard.stepAttempts(),
            standard.reachMillis(),
            standard.witnesses(),
            standard.maxLagDeltas(),
            standard.minFreeBytes(),
            standard.confirmMillis(),
            20_000),
        3,
        1);
  }

  @Test
  void aFormerOwnerThatIsNotWellIsAskedLessAndLess() {
    TestingFailover pool = impatient();
    pool.at(0).alive = false;
    pool.admit(ActKind.FAILOVER, false, 0, 1, 0);
    pool.settle();
    pool.commands.clear();
    pool.forgetDelivered();

    pool.pass(3_600_000);
    assertThat(pool.ordered(Command.Kind.PROBE))
        .as("once in 10 s, after a few at first")
        .hasSizeBetween(355, 370);

    pool.at(0).alive = true;
    long back = pool.now;
    while (pool.proposals().isEmpty() && pool.now < back + 60_000) {
      pool.pass(500);
    }
    assertThat(pool.now - back)
        .as("noticed within 10 s, well for 20 s")
        .isBetween(20_000L, 32_000L);
  }

  @Test
  void onceAFailbackIsProposedTheFormerOwnerIsAskedNowAndThen() {
    TestingFailover pool = impatient();
    pool.admit(ActKind.FAILOVER, true, 0, 1, 0);
    pool.settle();
    while (pool.proposals().isEmpty()) {
      pool.pass(500);
    }
    pool.commands.clear();
    pool.forgetDelivered();

    pool.pass(60_000);

    assertThat(pool.ordered(Command.Kind.PROBE)).hasSizeBetween(2, 4);
    assertThat(pool.proposals()).hasSizeBetween(3, 4);
  }

  @Test
  void hooksOfANodeOfLevelOneAreRunInTurn() {
    TestingFailover pool = TestingFailover.of(3, 0);
    pool.give(new SagaInput.NodeDescribed(TestingFailover.node(2), 1, null));
    Admission drain =
        pool.admit(ActKind.DRAIN, true, TestingFailover.node(2), null, new ArrayList<>());
    pool.settle();
    Admission back =
        pool.admit(ActKind.RETURN, true, TestingFailover.node(2), null, new ArrayList<>());
    pool.settle();

    assertThat(pool.commands)
        .extracting(Command::kind)
        .containsExactly(Command.Kind.DRAIN, Command.Kind.LEAVE, Command.Kind.RETURN);
    assertThat(pool.endState(drain)).isEqualTo(Admission.State.DONE);
    assertThat(pool.endState(back)).isEqualTo(Admission.State.DONE);
  }

  @Test
  void aHookThatFailsIsUndone() {
    TestingFailover pool = TestingFailover.of(3, 0);
    pool.give(new SagaInput.NodeDescribed(TestingFailover.node(2), 1, null));
    pool.at(2).refuses = Command.Kind.LEAVE;
    pool.at(2).refusesWith = CommandAck.Code.BUSY;
    Admission drain =
        pool.admit(ActKind.DRAIN, true, TestingFailover.node(2), null, new ArrayList<>());

    pool.settle();

    assertThat(pool.commands).last().extracting(Command::kind).isEqualTo(Command.Kind.RETURN);
    assertThat(pool.endState(drain)).isEqualTo(Admission.State.GIVEN_BACK);
  }

  @Test
  void aMapThatWasWrittenLaterByARunThatHadForgottenIsWrittenAnew() {
    TestingFailover pool = TestingFailover.of(3, 1);
    SagaInput.MapSlice old = pool.map(0);
    pool.admit(ActKind.FAILOVER, true, 0, 1, 0);
    pool.settle();
    long version = pool.map(0).version();
    pool.now += 1;

    pool.maps.add(SagaMaps.version(old, old.version(), old.ownershipOffset(), pool.now));
    pool.settle();

    assertThat(pool.map(0).version()).isEqualTo(version + 1);
    assertThat(pool.map(0).segments().get(0).owner()).isEqualTo(TestingFailover.node(1));
  }

  @Test
  void nothingIsLeftOfAVolumeThatIsGone() {
    TestingFailover pool = TestingFailover.of(3, 1);
    assertThat(pool.rows).containsKeys("u/v0/0", "m/v0/0");

    pool.give(new SagaInput.SliceLeft("v0", 0));
    for (int i = 0; i < 3; i++) {
      pool.give(new SagaInput.NodeLeft(TestingFailover.node(i)));
    }

    assertThat(pool.rows).containsOnlyKeys("h");
    assertThat(Map.copyOf(pool.rows)).hasSize(1);
  }
}
