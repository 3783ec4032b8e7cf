package io.forestall.decisions.ownership;

import static io.forestall.decisions.ownership.Cast.UNIT;
import static io.forestall.decisions.ownership.Cast.promote;
import static io.forestall.decisions.ownership.Cast.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import io.forestall.decisions.ownership.Delta.Request;
import io.forestall.decisions.ownership.NodeAnswer.Outcome;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What comes while the journal is busy with a unit goes out as one batch: n-1 owns {@code v/0}, n-2
 * holds a copy. The first write of each test keeps the journal busy; all are to the same block
 * unless they say otherwise.
 */
class NodeBatchTest {

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
    write(1);
  }

  @Test
  void whatIsOverwrittenWithinABatchIsNotSent() {
    write(2);
    write(3);
    assertThat(one.journal).as("two wait for the journal").hasSize(1);
    one.fsync(11);
    assertThat(one.journal)
        .extracting(Delta::request, Delta::merged)
        .containsExactly(tuple(1L, List.of()), tuple(3L, List.of(new Request("c/1", 2))));
    one.settle(12);

    assertThat(outcomes()).containsExactly(Outcome.DONE, Outcome.DONE, Outcome.DONE);
    assertThat(one.applied).extracting(Delta::request).containsExactly(1L, 3L);
  }

  @Test
  void aMergedWriteIsAnsweredOnlyWhenWhatCoversItWasReadBack() {
    write(2);
    write(3);
    one.fsync(11);
    one.fsync(12);
    one.flush();
    assertThat(outcomes()).as("in the log, not read back").isEmpty();
    one.readDeltas(13);

    assertThat(outcomes()).hasSize(3).containsOnly(Outcome.DONE);
  }

  @Test
  void aRetryOfAMergedWriteIsTheSameWrite() {
    write(2);
    write(3);
    write(2);
    one.fsync(11);
    write(2);
    one.settle(12);
    assertThat(outcomes()).hasSize(5).containsOnly(Outcome.DONE);
    write(2);
    assertThat(outcomes()).containsExactly(Outcome.DONE);
    one.settle(13);

    assertThat(one.applied).extracting(Delta::request).containsExactly(1L, 3L);
  }

  @Test
  void aNewOwnerKnowsMergedRequests() {
    write(2);
    write(3);
    one.settle(11);
    two.protocol.command(promote(), Authority.VALID, 20, 20);
    two.settle(20);
    two.settle(600);
    two.protocol.request(request(50, "c/1", 2, NodeRequest.Kind.WRITE), 600, 600);

    assertThat(two.takeAnswers()).extracting(NodeAnswer::outcome).containsExactly(Outcome.DONE);
    assertThat(two.journal).isEmpty();
  }

  @Test
  void aNewOwnerKnowsMergedRequestsFromACheckpointToo() {
    write(2);
    write(3);
    one.settle(11);
    DeltaFold fold = new DeltaFold();
    deltas.forEach(fold::take);
    RequestMemory again = RequestMemory.of(fold.requests().kept());

    assertThat(again.contains("c/1", 2)).isTrue();
    assertThat(again.contains("c/1", 4)).isFalse();
  }

  @Test
  void aTakeoverInMidBatchLosesNothingThatWasAcknowledgedAndDoesNothingTwice() {
    write(2);
    write(3);
    one.fsync(11);
    one.flush();
    one.readDeltas(12);
    two.protocol.command(promote(), Authority.VALID, 20, 20);
    two.settle(20);
    one.fsync(21);
    one.settle(22);
    two.settle(600);
    assertThat(outcomes())
        .as("the first was in the log, the batch was not")
        .containsExactlyInAnyOrder(Outcome.DONE, Outcome.NOT_OWNER, Outcome.NOT_OWNER);
    two.protocol.request(request(50, "c/1", 2, NodeRequest.Kind.WRITE), 600, 600);
    two.protocol.request(request(51, "c/1", 3, NodeRequest.Kind.WRITE), 600, 600);
    two.settle(601);
    one.settle(602);

    assertThat(two.takeAnswers())
        .hasSize(2)
        .extracting(NodeAnswer::outcome)
        .containsOnly(Outcome.DONE);
    assertThat(two.applied).isEqualTo(one.applied);
    assertThat(two.applied).extracting(Delta::request).containsExactly(1L, 2L, 3L);
  }

  @Test
  void aBatchWhoseAppendIsUnknownIsWrittenAgainWholeAndOnce() {
    write(2);
    write(3);
    one.fsync(11);
    one.flush();
    one.fsync(12);
    Delta batch = one.appends.remove(0);
    assertThat(batch.merged()).hasSize(1);
    one.protocol.appendFailed(batch, 13);
    write(4);
    one.settle(14);
    deltas.add(batch);
    one.settle(15);

    assertThat(outcomes()).hasSize(4).containsOnly(Outcome.DONE);
    assertThat(one.applied)
        .extracting(Delta::epoch, Delta::request)
        .containsExactly(tuple(1L, 1L), tuple(2L, 4L));
  }

  @Test
  void aBatchThatIsInTheLogThoughNobodySaidSoCountsOnce() {
    write(2);
    write(3);
    one.fsync(11);
    one.flush();
    one.fsync(12);
    Delta batch = one.appends.remove(0);
    one.protocol.appendFailed(batch, 13);
    deltas.add(batch);
    one.settle(14);

    assertThat(outcomes()).hasSize(3).containsOnly(Outcome.DONE);
    assertThat(one.applied).extracting(Delta::request).containsExactly(1L, 3L);
  }

  @Test
  void whatDiedBetweenJournalAndLogIsSetAsideAndItsRetriesAreTakenIn() {
    write(2);
    write(3);
    one.fsync(11);
    one.flush();
    one.fsync(12);
    TestingNode again = new TestingNode("n-1", 2, ownership, deltas);
    one.journal.forEach(again.protocol::foundInJournal);
    again.protocol.follow(UNIT, new DeltaFold(), 0, 100);
    again.settle(100);
    again.settle(650);
    assertThat(again.aside).extracting(Delta::request).containsExactly(3L);
    again.protocol.request(request(50, "c/1", 3, NodeRequest.Kind.WRITE), 650, 650);
    again.protocol.request(request(51, "c/1", 2, NodeRequest.Kind.WRITE), 650, 650);
    again.settle(651);

    assertThat(again.takeAnswers())
        .hasSize(2)
        .extracting(NodeAnswer::outcome)
        .containsOnly(Outcome.DONE);
    assertThat(again.applied).extracting(Delta::request).containsExactly(1L, 3L, 2L);
  }

  @Test
  void aVerifyEndsTheBatch() {
    write(2);
    one.protocol.verify("v/0", 0, 4096, 77, 10);
    write(3);
    one.settle(11);
    two.settle(12);

    assertThat(one.applied)
        .as("what came before it is before it, and is not merged into what came after")
        .extracting(Delta::kind, Delta::request)
        .containsExactly(
            tuple(Delta.Kind.WRITE, 1L),
            tuple(Delta.Kind.WRITE, 2L),
            tuple(Delta.Kind.VERIFY, 0L),
            tuple(Delta.Kind.WRITE, 3L));
    assertThat(two.applied).isEqualTo(one.applied);
  }

  @Test
  void whatWaitsForAFullJournalIsToldToWait() {
    write(2);
    long failed = one.tickets.getFirst();
    one.tickets.clear();
    one.protocol.journalFailed(failed, true, 11);
    assertThat(outcomes()).containsExactly(Outcome.BUSY, Outcome.BUSY);
    one.settle(12);
    one.protocol.request(request(50, "c/1", 2, NodeRequest.Kind.WRITE), 1_012, 1_012);
    one.settle(1_013);

    assertThat(outcomes()).containsExactly(Outcome.DONE);
    assertThat(one.applied).extracting(Delta::request).containsExactly(2L);
  }

  /** The journal fails with what was numbered under the epoch before; the new epoch's wait on. */
  @Test
  void whatWaitsGoesOutThoughTheJournalFailedWithWhatNobodyWantsAnyMore() {
    one.fsync(11);
    Delta unknown = one.appends.remove(0);
    write(2);
    long stale = one.tickets.getFirst();
    one.tickets.clear();
    one.protocol.appendFailed(unknown, 12);
    for (int round = 0; round < 3; round++) {
      one.protocol.tick(13, 13);
      one.flush();
      one.readOwnership(13);
      one.readDeltas(13);
    }
    write(3);
    one.protocol.journalFailed(stale, true, 14);
    one.settle(15);

    assertThat(outcomes()).hasSize(3).containsOnly(Outcome.DONE);
  }

  @Test
  void oneUnitDoesNotWaitForAnother() {
    UnitSpec other = new UnitSpec("v/1", "v", "p", 1 << 20, 4096);
    one.protocol.follow(other, true, new DeltaFold(), 0, 0);
    one.tickets.clear();
    one.settle(10);
    NodeRequest asked = request(70, "c/2", 1, NodeRequest.Kind.WRITE);
    one.protocol.request(
        new NodeRequest(
            asked.token(),
            asked.client(),
            asked.request(),
            "v/1",
            0,
            asked.kind(),
            0,
            4096,
            "NONE",
            asked.payload(),
            0,
            0),
        10,
        10);

    assertThat(one.journal).extracting(Delta::unit).containsExactly("v/0", "v/1");
  }

  private void write(long number) {
    one.protocol.request(request(nextToken++, "c/1", number, NodeRequest.Kind.WRITE), 10, 10);
  }

  private List<Outcome> outcomes() {
    return one.takeAnswers().stream().map(NodeAnswer::outcome).toList();
  }
}
