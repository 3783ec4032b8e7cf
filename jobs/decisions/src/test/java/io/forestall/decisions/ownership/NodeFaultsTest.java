package io.forestall.decisions.ownership;

import static io.forestall.decisions.ownership.Cast.STEP;
import static io.forestall.decisions.ownership.Cast.UNIT;
import static io.forestall.decisions.ownership.Cast.admission;
import static io.forestall.decisions.ownership.Cast.promote;
import static io.forestall.decisions.ownership.Cast.request;
import static io.forestall.decisions.ownership.Cast.takeover;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.NodeAnswer.Outcome;
import io.forestall.decisions.ownership.NodeProtocol.Role;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a node does when something fails: n-1 owns {@code v/0}, n-2 holds a copy. */
class NodeFaultsTest {

  private final List<OwnershipEntry> ownership = new ArrayList<>();
  private final List<Delta> deltas = new ArrayList<>();
  private final TestingNode one = new TestingNode("n-1", 1, ownership, deltas);
  private final TestingNode two = new TestingNode("n-2", 1, ownership, deltas);
  private long nextToken;

  @BeforeEach
  void start() {
    two.protocol.follow(UNIT, new DeltaFold(), 0, 0);
    one.protocol.follow(UNIT, true, new DeltaFold(), 0, 0);
    one.settle(0);
    two.settle(0);
  }

  // ---- appends whose fate is unknown

  @Test
  void anUnknownAppendStepsTheEpochAndIsWrittenAgain() {
    write("c/1", 1);
    write("c/1", 2);
    one.fsync(10);
    one.protocol.appendFailed(one.appends.remove(0), 11);
    one.settle(12);

    assertThat(ownership).extracting(OwnershipEntry::kind).endsWith(OwnershipEntry.Kind.MODE);
    assertThat(outcomes()).containsExactly(Outcome.DONE, Outcome.DONE);
    assertThat(one.applied)
        .extracting(Delta::epoch, Delta::sequence, Delta::request)
        .containsExactly(tuple(2L, 1L, 1L), tuple(2L, 2L, 2L));
  }

  @Test
  void anUnknownAppendThatIsInTheLogCountsOnce() {
    write("c/1", 1);
    one.fsync(10);
    Delta unknown = one.appends.remove(0);
    one.protocol.appendFailed(unknown, 11);
    deltas.add(unknown);
    one.settle(12);

    assertThat(outcomes()).containsExactly(Outcome.DONE);
    assertThat(one.applied).containsExactly(unknown);
    assertThat(one.journal).as("nothing was left to write again").hasSize(1);
  }

  @Test
  void anUnknownAppendThatComesLateNeverHappens() {
    write("c/1", 1);
    one.fsync(10);
    Delta late = one.appends.remove(0);
    one.protocol.appendFailed(late, 11);
    one.settle(12);
    deltas.add(late);
    one.settle(13);
    two.settle(13);

    assertThat(one.applied).hasSize(1).doesNotContain(late);
    assertThat(two.applied).isEqualTo(one.applied);
  }

  @Test
  void aLostAppendThatNobodyToldOfIsSeenAsAHole() {
    write("c/1", 1);
    write("c/1", 2);
    one.fsync(10);
    one.appends.remove(0);
    one.settle(12);

    assertThat(outcomes()).containsExactlyInAnyOrder(Outcome.DONE, Outcome.DONE);
    assertThat(one.protocol.owned("v/0")).satisfies(o -> assertThat(o.epoch()).isEqualTo(2));
  }

  @Test
  void aVerifyHasItsPlaceAmongTheWritesOnAllHolders() {
    write("c/1", 1);
    one.protocol.verify("v/0", 0, 4096, 77, 10);
    write("c/1", 2);
    two.protocol.verify("v/0", 0, 4096, 78, 10);
    one.fsync(10);
    one.settle(12);
    two.settle(12);

    assertThat(outcomes()).containsExactly(Outcome.DONE, Outcome.DONE);
    assertThat(one.applied)
        .as("whoever serves nothing has nothing verified")
        .extracting(Delta::kind, Delta::sequence, Delta::batch)
        .contains(tuple(Delta.Kind.VERIFY, 2L, 77L))
        .hasSize(3);
    assertThat(two.applied).isEqualTo(one.applied);
  }

  @Test
  void aVerifyThatIsLostCostsAnEpochAndIsNotSaidAgain() {
    one.protocol.verify("v/0", 0, 4096, 77, 10);
    write("c/1", 1);
    one.fsync(10);
    one.appends.remove(0);
    one.settle(12);

    assertThat(outcomes()).containsExactly(Outcome.DONE);
    assertThat(one.applied)
        .extracting(Delta::kind, Delta::epoch, Delta::sequence)
        .containsExactly(tuple(Delta.Kind.WRITE, 2L, 1L));
  }

  @Test
  void whileTheEpochStepsReadsGoOnAndWritesWait() {
    one.readOwnership(10);
    write("c/1", 1);
    one.fsync(10);
    one.protocol.appendFailed(one.appends.remove(0), 11);
    one.protocol.request(read("c/1", 2), 12, 12);
    one.finishReads(13);
    assertThat(outcomes()).containsExactly(Outcome.DONE);
    write("c/1", 3);
    assertThat(one.journal).hasSize(1);
    one.settle(14);

    assertThat(outcomes()).containsExactly(Outcome.DONE, Outcome.DONE);
  }

  @Test
  void aBarrierThatWasNotAppendedIsAppendedAgain() {
    TestingNode fresh = new TestingNode("n-9", 1, new ArrayList<>(), new ArrayList<>());
    fresh.protocol.follow(UNIT, true, new DeltaFold(), 0, 0);
    fresh.readOwnership(0);
    fresh.flush();
    fresh.readOwnership(1);
    fresh.protocol.appendFailed(fresh.appends.remove(0), 2);
    fresh.settle(101);
    assertThat(fresh.role("v/0")).isEqualTo(Role.CLAIMED);
    fresh.settle(102);

    assertThat(fresh.role("v/0")).isEqualTo(Role.SERVING);
  }

  @Test
  void aStepThatWasNotAppendedIsAppendedAgain() {
    write("c/1", 1);
    one.fsync(10);
    one.protocol.appendFailed(one.appends.remove(0), 10);
    one.protocol.tick(10, 10);
    one.protocol.ownershipAppendFailed(one.ownershipAppends.remove(0), 11);
    one.settle(12);
    assertThat(outcomes()).isEmpty();
    one.settle(111);

    assertThat(outcomes()).containsExactly(Outcome.DONE);
  }

  // ---- stopped between fsync and append

  @Test
  void whatADeposedOwnerAppendsLateNeverHappens() {
    write("c/1", 1);
    one.fsync(10);
    two.protocol.command(promote(), Authority.VALID, 20, 20);
    two.settle(20);
    two.settle(600);
    assertThat(two.role("v/0")).isEqualTo(Role.SERVING);
    two.protocol.request(request(nextToken++, "c/1", 1, NodeRequest.Kind.WRITE), 600, 600);
    two.settle(600);
    one.settle(700);
    two.settle(700);

    assertThat(outcomes()).containsExactly(Outcome.NOT_OWNER);
    assertThat(two.takeAnswers()).extracting(NodeAnswer::outcome).containsExactly(Outcome.DONE);
    assertThat(one.applied).isEqualTo(two.applied).hasSize(1);
    assertThat(one.applied.get(0).owner()).isEqualTo("n-2");
  }

  @Test
  void whatWasJournaledOnlyAfterTheDeposalIsNotAppended() {
    write("c/1", 1);
    ownership.add(takeover("n-2", Authority.VALID, admission("a", STEP), STEP));
    one.readOwnership(11);
    one.fsync(12);

    assertThat(one.appends).isEmpty();
    assertThat(outcomes()).containsExactly(Outcome.NOT_OWNER);
  }

  @Test
  void anOwnerThatNeverServedReleasesNothing() {
    two.protocol.command(promote(), Authority.VALID, 20, 20);
    two.settle(20);
    assertThat(two.role("v/0")).isEqualTo(Role.WAITING);
    two.flush();
    UnitStep next = new UnitStep("v/0", 2, 3);
    ownership.add(
        new OwnershipEntry(
            "p",
            OwnershipEntry.Kind.TAKEOVER,
            List.of(next),
            Subject.node("n-2"),
            9,
            admission("b", next),
            Authority.VALID,
            "n-2",
            0));
    two.readOwnership(30);

    assertThat(two.role("v/0")).isEqualTo(Role.FOLLOWING);
    assertThat(two.ownershipAppends).isEmpty();
  }

  // ---- reads

  @Test
  void aReadThatIsOpenWhenTheOwnerIsDeposedIsNotAnswered() {
    one.readOwnership(10);
    NodeRequest read = read("c/1", 1);
    one.protocol.request(read, 11, 11);
    ownership.add(takeover("n-2", Authority.VALID, admission("a", STEP), STEP));
    one.readOwnership(12);
    assertThat(outcomes()).containsExactly(Outcome.NOT_OWNER);
    one.finishReads(13);

    assertThat(outcomes()).as("answered already").isEmpty();
  }

  @Test
  void aBarrierOfAHigherEpochStopsReadsBeforeTheRecordIsRead() {
    one.readOwnership(10);
    one.protocol.request(read("c/1", 1), 11, 11);
    deltas.add(Delta.barrier("v/0", 2, "n-2", 0));
    one.readDeltas(12);
    one.finishReads(13);
    assertThat(outcomes()).containsExactly(Outcome.BUSY);
    one.protocol.request(read("c/1", 2), 14, 14);

    assertThat(one.reads).isEmpty();
  }

  @Test
  void aConnectionThatEndsTakesItsReadsAlong() {
    one.readOwnership(10);
    NodeRequest read = read("c/1", 1);
    one.protocol.request(read, 11, 11);
    one.protocol.forget(read.token());
    one.finishReads(12);

    assertThat(outcomes()).isEmpty();
  }

  @Test
  void aClientThatKnowsMoreWaitsUntilThisNodeHasReadItToo() {
    two.protocol.request(request(7, "c/1", 1, NodeRequest.Kind.READ, 2, 0, 4096), 10, 10);
    assertThat(two.answers).isEmpty();
    two.protocol.tick(509, 509);
    assertThat(two.answers).isEmpty();
    two.protocol.tick(510, 510);

    assertThat(two.takeAnswers()).extracting(NodeAnswer::outcome).containsExactly(Outcome.BUSY);
  }

  // ---- keys

  @Test
  void aTakeoverUnderAnUnknownKeyStopsTheOwnerUntilItIsReadAnew() {
    one.readOwnership(10);
    write("c/1", 1);
    ownership.add(takeover("n-2", Authority.UNKNOWN_KEY, admission("a", STEP), STEP));
    one.readOwnership(11);
    one.fsync(12);
    assertThat(one.appends).as("nothing more under this epoch").isEmpty();
    one.protocol.request(read("c/1", 2), 13, 13);
    write("c/1", 3);
    assertThat(outcomes()).containsExactly(Outcome.BUSY, Outcome.BUSY, Outcome.BUSY);

    one.protocol.ownershipReread(TestingNode.PARTITION);
    ownership.set(1, takeover("n-2", Authority.VALID, admission("a", STEP), STEP));
    one.ownershipRead = 0;
    one.readOwnership(20);

    assertThat(one.role("v/0")).isEqualTo(Role.FOLLOWING);
    assertThat(one.ownershipAppends)
        .as("it had served, and answers no more")
        .extracting(OwnershipEntry::kind)
        .containsExactly(OwnershipEntry.Kind.RELEASE);
  }

  @Test
  void aTakeoverThatTurnsOutForgedLetsTheOwnerGoOnUnderANewEpoch() {
    one.readOwnership(10);
    write("c/1", 1);
    ownership.add(takeover("n-2", Authority.UNKNOWN_KEY, admission("a", STEP), STEP));
    one.readOwnership(11);
    one.fsync(12);
    outcomes();
    one.protocol.ownershipReread(TestingNode.PARTITION);
    ownership.set(1, takeover("n-2", Authority.FORGED, admission("a", STEP), STEP));
    one.ownershipRead = 0;
    one.settle(20);
    write("c/1", 1);
    one.settle(20);

    assertThat(one.role("v/0")).isEqualTo(Role.SERVING);
    assertThat(outcomes()).containsExactly(Outcome.DONE);
    assertThat(one.protocol.owned("v/0")).satisfies(o -> assertThat(o.epoch()).isEqualTo(2));
  }

  /** Nothing was read yet, so no record will ever say that it was read anew. */
  @Test
  void keysThatComeBeforeTheFirstRecordKeepNobodyFromStarting() {
    TestingNode fresh = new TestingNode("n-9", 1, new ArrayList<>(), new ArrayList<>());
    fresh.protocol.follow(UNIT, true, new DeltaFold(), 0, 0);
    fresh.protocol.ownershipReread(TestingNode.PARTITION);
    fresh.settle(1);

    assertThat(fresh.role("v/0")).isEqualTo(Role.SERVING);
  }

  // ---- storage

  @Test
  void aFullJournalMakesWritersWaitAndLosesNothing() {
    write("c/1", 1);
    one.fsync(10);
    write("c/1", 2);
    write("c/1", 3);
    long failed = one.tickets.getFirst();
    one.tickets.clear();
    one.protocol.journalFailed(failed, true, 11);
    assertThat(outcomes())
        .as("the two that were on their way to the journal")
        .containsExactly(Outcome.BUSY, Outcome.BUSY);
    one.settle(12);
    assertThat(outcomes()).as("the one in the log").containsExactly(Outcome.DONE);
    write("c/1", 2);
    assertThat(outcomes()).containsExactly(Outcome.BUSY);
    one.protocol.request(
        request(nextToken++, "c/1", 2, NodeRequest.Kind.WRITE), 11 + 1_000, 11 + 1_000);
    one.settle(1_011);

    assertThat(outcomes()).containsExactly(Outcome.DONE);
    assertThat(one.applied)
        .extracting(Delta::epoch, Delta::sequence, Delta::request)
        .containsExactly(tuple(1L, 1L, 1L), tuple(2L, 2L, 2L));
  }

  @Test
  void aBrokenCopyServesNothingAndTakesNothingOver() {
    one.readOwnership(10);
    one.protocol.request(read("c/1", 1), 11, 11);
    one.protocol.readDone(one.reads.remove(0), true, 12);
    assertThat(one.role("v/0")).isEqualTo(Role.FAILED);
    one.protocol.request(read("c/1", 2), 13, 13);
    write("c/1", 3);

    assertThat(outcomes()).containsExactly(Outcome.BUSY, Outcome.BUSY, Outcome.BUSY);
    two.protocol.command(promote(), Authority.VALID, 20, 20);
    two.settle(20);
    one.settle(20);
    two.settle(21);
    assertThat(two.role("v/0"))
        .as("the broken one had served: it releases")
        .isEqualTo(Role.SERVING);
    assertThat(one.role("v/0")).isEqualTo(Role.FAILED);
  }

  @Test
  void aFailingJournalBreaksItsUnits() {
    write("c/1", 1);
    long failed = one.tickets.getFirst();
    one.protocol.journalFailed(failed, false, 11);

    assertThat(one.role("v/0")).isEqualTo(Role.FAILED);
    assertThat(outcomes()).containsExactly(Outcome.BUSY);
  }

  // ---- starts

  @Test
  void aRestartTakesANewEpochAndWaitsForWhoeverWasBeforeIt() {
    TestingNode again = new TestingNode("n-1", 2, ownership, deltas);
    again.protocol.follow(UNIT, new DeltaFold(), 0, 100);
    again.protocol.request(read("c/1", 1), 100, 100);
    again.settle(100);
    assertThat(again.role("v/0")).isEqualTo(Role.WAITING);
    again.settle(650);

    assertThat(again.role("v/0")).isEqualTo(Role.SERVING);
    assertThat(again.takeAnswers()).extracting(NodeAnswer::outcome).containsExactly(Outcome.DONE);
  }

  @Test
  void noStartIsWrittenBeforeTheLogWasReadToItsEnd() {
    TestingNode again = new TestingNode("n-1", 2, ownership, deltas);
    again.protocol.follow(UNIT, new DeltaFold(), 0, 100);
    again.protocol.ownershipRead(TestingNode.PARTITION, 0, ownership.get(0), 100);
    again.protocol.tick(100, 100);

    assertThat(again.ownershipAppends).isEmpty();
  }

  @Test
  void aStartOfAnOlderProcessThatComesLateIsStartedOver() {
    TestingNode second = new TestingNode("n-1", 2, ownership, deltas);
    second.protocol.follow(UNIT, new DeltaFold(), 0, 100);
    second.readOwnership(100);
    OwnershipEntry late = second.ownershipAppends.remove(0);
    TestingNode third = new TestingNode("n-1", 3, ownership, deltas);
    third.protocol.follow(UNIT, new DeltaFold(), 0, 200);
    third.readOwnership(200);
    ownership.add(late);
    third.settle(201);
    third.settle(800);

    assertThat(third.role("v/0")).isEqualTo(Role.SERVING);
    assertThat(third.protocol.owned("v/0"))
        .satisfies(
            owned -> {
              assertThat(owned.epoch()).isEqualTo(3);
              assertThat(owned.incarnation()).isEqualTo(3);
            });
  }

  @Test
  void whatTheJournalHasAndTheLogLacksIsSetAside() {
    write("c/1", 1);
    one.settle(10);
    write("c/1", 2);
    TestingNode again = new TestingNode("n-1", 2, ownership, deltas);
    one.journal.forEach(again.protocol::foundInJournal);
    again.protocol.follow(UNIT, new DeltaFold(), 0, 100);
    again.settle(100);

    assertThat(again.aside).extracting(Delta::request).containsExactly(2L);
    assertThat(again.applied).extracting(Delta::request).containsExactly(1L);
  }

  @Test
  void whatCountedLongAgoIsNotSetAsideWhenItsRequestIsForgotten() {
    write("c/1", 1);
    one.settle(10);
    write("c/1", 2L * RequestMemory.WINDOW);
    one.settle(20);
    TestingNode again = new TestingNode("n-1", 2, ownership, deltas);
    one.journal.forEach(again.protocol::foundInJournal);
    again.protocol.follow(UNIT, new DeltaFold(), 0, 100);
    again.settle(100);

    assertThat(again.applied).hasSize(2);
    assertThat(again.aside).isEmpty();
  }

  @Test
  void aUnitFollowedAgainInOneProcessTakesANewEpoch() {
    write("c/1", 1);
    one.fsync(10);
    one.protocol.unfollow("v/0", 11);
    assertThat(outcomes()).containsExactly(Outcome.NOT_OWNER);
    one.protocol.follow(UNIT, new DeltaFold(), 0, 12);
    one.deltasRead = 0;
    one.settle(12);
    one.settle(600);

    assertThat(one.role("v/0")).isEqualTo(Role.SERVING);
    assertThat(one.protocol.owned("v/0")).satisfies(o -> assertThat(o.epoch()).isEqualTo(2));
    assertThat(one.applied).extracting(Delta::request).containsExactly(1L);
  }

  // ---- bounds and wrong requests

  @Test
  void aUnitHoldsSoManyRequestsAndNoMore() {
    TestingNode small =
        new TestingNode(
            new NodeSettings(Subject.node("n-5"), 1, 500, 50, 3, 1_000),
            new ArrayList<>(),
            new ArrayList<>());
    small.protocol.follow(UNIT, true, new DeltaFold(), 0, 0);
    for (int number = 1; number <= 4; number++) {
      small.protocol.request(request(number, "c/1", number, NodeRequest.Kind.WRITE), 0, 0);
    }
    assertThat(small.takeAnswers())
        .singleElement()
        .satisfies(
            answer -> {
              assertThat(answer.outcome()).isEqualTo(Outcome.BUSY);
              assertThat(answer.token()).isEqualTo(4);
            });
    small.settle(1);

    assertThat(small.takeAnswers())
        .extracting(NodeAnswer::outcome)
        .containsExactly(Outcome.DONE, Outcome.DONE, Outcome.DONE);
  }

  @Test
  void aWriteOwesAFewAnswersAtMost() {
    for (int retry = 0; retry < 8; retry++) {
      write("c/1", 1);
    }
    assertThat(outcomes()).containsOnly(Outcome.BUSY).hasSize(3);
    one.settle(10);

    assertThat(outcomes()).containsOnly(Outcome.DONE).hasSize(5);
    assertThat(one.applied).hasSize(1);
  }

  @Test
  void aRequestThatIsWrongIsSaidToBeSo() {
    long[][] extents = {
      {0, 0}, {0, 100}, {100, 4096}, {1 << 20, 4096}, {-4096, 4096}, {0, 2 << 20}
    };
    for (long[] each : extents) {
      one.protocol.request(
          request(nextToken++, "c/1", 1, NodeRequest.Kind.READ, 0, each[0], each[1]), 10, 10);
    }
    assertThat(outcomes()).containsOnly(Outcome.INVALID).hasSize(extents.length);
  }

  /** A copy of a write that a network kept must not overwrite what came since. */
  @Test
  void aRequestThatIsTooOldToBeInFlightIsNotDone() {
    write("c/1", RequestMemory.MAX_IN_FLIGHT_SPAN + 100);
    one.settle(10);
    write("c/1", 99);
    write("c/1", 100);
    write("c/1", 101);
    one.settle(10);

    assertThat(outcomes())
        .containsExactly(Outcome.DONE, Outcome.INVALID, Outcome.INVALID, Outcome.DONE);
  }

  /** Each to a place of its own, so that none stands for another. */
  private void write(String client, long number) {
    one.protocol.request(
        request(nextToken++, client, number, NodeRequest.Kind.WRITE, 0, number % 128 * 8192, 4096),
        10,
        10);
  }

  private NodeRequest read(String client, long number) {
    return request(nextToken++, client, number, NodeRequest.Kind.READ);
  }

  private List<Outcome> outcomes() {
    return one.takeAnswers().stream().map(NodeAnswer::outcome).toList();
  }
}
