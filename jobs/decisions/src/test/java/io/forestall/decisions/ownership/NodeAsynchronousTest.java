package io.forestall.decisions.ownership;

import static io.forestall.decisions.ownership.Cast.UNIT;
import static io.forestall.decisions.ownership.Cast.admission;
import static io.forestall.decisions.ownership.Cast.command;
import static io.forestall.decisions.ownership.Cast.request;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.NodeAnswer.Outcome;
import io.forestall.decisions.ownership.NodeProtocol.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The asynchronous mode: n-1 owns {@code v/0}, whose writes may be answered 500 ms before they
 * count; n-2 holds a copy. Nothing that was answered is lost unless n-2 takes over, and nobody
 * reads what can be lost.
 */
class NodeAsynchronousTest {

  private static final long BOUND = 500;

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
    one.protocol.writeMode("v", BOUND, 1);
    one.settle(1);
    two.settle(1);
  }

  @Test
  void theModeIsARecordThatStepsTheEpoch() {
    Owned owned = owned(one);
    assertThat(owned.asyncBoundMillis()).isEqualTo(BOUND);
    assertThat(owned.epoch()).isEqualTo(2);
    assertThat(owned.asyncFromEpoch()).isEqualTo(2);
    assertThat(ownership.get(ownership.size() - 1).kind()).isEqualTo(OwnershipEntry.Kind.MODE);
    assertThat(owned(two)).isEqualTo(owned);
  }

  @Test
  void leavingItIsARecordToo() {
    one.protocol.writeMode("v", 0, 2);
    one.settle(2);
    Owned owned = owned(one);
    assertThat(owned.isAsynchronous()).isFalse();
    assertThat(owned.epoch()).isEqualTo(3);
    assertThat(owned.asyncFromEpoch()).as("what it journaled it still owes").isEqualTo(2);
    write(1, 3);
    one.fsync(3);
    assertThat(outcomes()).isEmpty();
    one.settle(4);
    assertThat(outcomes()).containsExactly(Outcome.DONE);
  }

  @Test
  void aWriteIsAnsweredOnceTheJournalHasIt() {
    write(1, 10);
    assertThat(outcomes()).isEmpty();
    one.fsync(11);
    assertThat(outcomes()).containsExactly(Outcome.ACCEPTED);
    one.settle(12);

    assertThat(outcomes()).as("it is not answered twice").isEmpty();
    assertThat(one.applied).extracting(Delta::request).containsExactly(1L);
  }

  @Test
  void aRetryOfWhatWasAnsweredWaitsUntilItCounts() {
    accept(1, 10);
    write(1, 12);
    assertThat(outcomes()).isEmpty();
    one.settle(13);
    assertThat(outcomes()).containsExactly(Outcome.DONE);
    write(1, 14);
    assertThat(outcomes()).containsExactly(Outcome.DONE);
    assertThat(one.applied).hasSize(1);
  }

  @Test
  void beyondTheBoundAWriteWaitsUntilItCounts() {
    accept(1, 10);
    write(2, 10 + BOUND - 1);
    lease(10 + BOUND - 1);
    one.fsync(10 + BOUND - 1);
    assertThat(outcomes())
        .as("the oldest is younger than the bound")
        .containsOnly(Outcome.ACCEPTED);
    write(3, 10 + BOUND);
    lease(10 + BOUND);
    one.fsync(10 + BOUND);
    assertThat(outcomes()).as("the first is as old as the bound").isEmpty();
    one.settle(11 + BOUND);
    assertThat(outcomes()).containsExactly(Outcome.DONE);
    accept(4, 12 + BOUND);
  }

  @Test
  void beyondTheLimitOfBytesAWriteWaitsUntilItCounts() {
    int pieces = (int) (NodeProtocol.MAX_ACCEPTED_BYTES >> 20);
    for (int number = 1; number <= pieces; number++) {
      one.protocol.request(large(number), 10, 10);
      one.fsync(10);
    }
    assertThat(outcomes()).hasSize(pieces).containsOnly(Outcome.ACCEPTED);
    one.protocol.request(large(pieces + 1), 10, 10);
    one.fsync(10);
    assertThat(outcomes()).isEmpty();
    one.settle(11);
    assertThat(outcomes()).containsExactly(Outcome.DONE);
  }

  @Test
  void withoutALeaseAWriteWaitsUntilItCounts() {
    write(1, 10 + NodeSettings.LEASE_MILLIS);
    one.fsync(10 + NodeSettings.LEASE_MILLIS);
    assertThat(outcomes()).isEmpty();
  }

  @Test
  void aReadOfWhatWasAnsweredWaitsUntilItCounts() {
    accept(1, 10);
    read(0, 11);
    read(4096, 11);
    assertThat(one.reads).extracting(NodeRequest::offset).containsExactly(4096L);
    one.flush();
    one.readDeltas(12);
    assertThat(one.applied).hasSize(1);
    assertThat(one.reads).extracting(NodeRequest::offset).containsExactly(4096L, 0L);
    one.finishReads(13);
    assertThat(outcomes()).containsExactly(Outcome.DONE, Outcome.DONE);
  }

  @Test
  void aReadWaitsForTheLastOfTheWritesUnderItOnly() {
    accept(1, 10);
    accept(2, 10);
    read(0, 11);
    accept(3, 12);
    one.flush();
    one.readDeltas(12);
    assertThat(one.reads).hasSize(1);
    read(0, 13);
    assertThat(one.reads).hasSize(2);
  }

  @Test
  void aFlushWaitsUntilWhatWasAnsweredCounts() {
    accept(1, 10);
    flush(1, 11);
    assertThat(outcomes()).isEmpty();
    one.flush();
    one.readDeltas(12);
    assertThat(outcomes()).containsExactly(Outcome.DONE);
    flush(1, 13);
    assertThat(outcomes()).containsExactly(Outcome.DONE);
  }

  @Test
  void aFlushSaysWhatATakeoverByAnotherNodeLost() {
    accept(1, 10);
    one.appends.clear();
    takeOver(20);
    two.protocol.request(flushOf(1), 900, 900);
    assertThat(two.takeAnswers()).extracting(NodeAnswer::outcome).containsExactly(Outcome.INVALID);
    one.readOwnership(910);
    one.readDeltas(910);
    assertThat(one.aside).extracting(Delta::request).containsExactly(1L);
    assertThat(one.protocol.mayForget("v/0")).isTrue();
  }

  @Test
  void aFlushSaysWhatATakeoverByAnotherNodeDidNotLose() {
    accept(1, 10);
    one.flush();
    takeOver(20);
    two.protocol.request(flushOf(1), 900, 900);
    assertThat(two.takeAnswers()).extracting(NodeAnswer::outcome).containsExactly(Outcome.DONE);
    one.readOwnership(910);
    one.readDeltas(910);
    assertThat(one.aside).isEmpty();
  }

  @Test
  void aLateCopyOfALostWriteIsNotWrittenOverWhatItsClientWroteSince() {
    accept(1, 10);
    one.appends.clear();
    takeOver(20);
    NodeRequest sinceThen = request(++nextToken, "c/1", 2, NodeRequest.Kind.WRITE, 3, 0, 4096);
    two.protocol.request(sinceThen, 900, 900);
    two.settle(900);
    assertThat(two.takeAnswers()).extracting(NodeAnswer::outcome).containsExactly(Outcome.DONE);
    NodeRequest copy = request(++nextToken, "c/1", 1, NodeRequest.Kind.WRITE, 2, 0, 4096);
    two.protocol.request(copy, 901, 901);
    two.settle(902);

    assertThat(two.takeAnswers()).extracting(NodeAnswer::outcome).containsExactly(Outcome.BUSY);
    assertThat(two.applied).extracting(Delta::request).containsExactly(2L);
    two.protocol.request(copy.withEpoch(3), 903, 903);
    two.settle(903);
    assertThat(two.takeAnswers())
        .as("whoever still wants it knows the takeover")
        .extracting(NodeAnswer::outcome)
        .containsExactly(Outcome.DONE);
  }

  @Test
  void whatWasAnsweredIsAppendedAgainUnderTheNextEpoch() {
    accept(1, 10);
    accept(2, 10);
    Delta first = one.appends.get(0);
    one.appends.clear();
    one.protocol.appendFailed(first, 11);
    read(0, 11);
    assertThat(one.protocol.mayForget("v/0")).isTrue();
    one.protocol.tick(11, 11);
    one.flush();
    one.readOwnership(11);
    assertThat(one.protocol.mayForget("v/0")).as("only the journal has them").isFalse();
    one.settle(12);

    assertThat(one.applied).extracting(Delta::request).containsExactly(1L, 2L);
    assertThat(one.journal).as("the journal has them already").hasSize(2);
    assertThat(outcomes()).as("the read").containsExactly(Outcome.DONE);
    assertThat(one.protocol.mayForget("v/0")).isTrue();
  }

  @Test
  void anOwnerThatStartsAgainWritesWhatItAnsweredBeforeItServes() {
    accept(1, 10);
    accept(2, 10);
    TestingNode again = restart(100);
    again.protocol.request(flushOf(2), 100, 100);
    again.protocol.request(request(90, "c/1", 9, NodeRequest.Kind.READ), 100, 100);
    again.settle(100);
    again.settle(700);

    assertThat(again.aside).isEmpty();
    assertThat(again.applied).extracting(Delta::request).containsExactly(1L, 2L);
    assertThat(again.takeAnswers())
        .extracting(NodeAnswer::outcome)
        .containsExactly(Outcome.DONE, Outcome.DONE);
  }

  @Test
  void anOwnerThatStartsAgainAndAgainWritesItOnce() {
    accept(1, 10);
    accept(2, 10);
    TestingNode second = restart(100);
    second.settle(100);
    second.protocol.tick(700, 700);
    assertThat(second.role("v/0")).isEqualTo(Role.SERVING);
    // It dies when one of both is in the log.
    deltas.add(second.appends.get(0));
    TestingNode third = new TestingNode("n-1", 3, ownership, deltas);
    one.journal.forEach(third.protocol::foundInJournal);
    third.journal.addAll(one.journal);
    third.protocol.follow(UNIT, new DeltaFold(), 0, 2_000);
    third.settle(2_000);
    third.settle(3_000);

    assertThat(third.applied).extracting(Delta::request).containsExactly(1L, 2L);
  }

  @Test
  void anOwnerThatStartsAgainOutOfTheModeStillWritesWhatItAnswered() {
    accept(1, 10);
    one.appends.clear();
    one.protocol.writeMode("v", 0, 11);
    one.protocol.tick(11, 11);
    one.flush();
    one.readOwnership(11);
    TestingNode again = restart(100);
    again.settle(100);
    again.settle(700);

    assertThat(owned(again).isAsynchronous()).isFalse();
    assertThat(again.applied).extracting(Delta::request).containsExactly(1L);
  }

  @Test
  void anOwnerThatStartsAgainNeverWritesOverWhatAnotherWroteMeanwhile() {
    accept(1, 10);
    one.appends.clear();
    takeOver(20);
    two.protocol.request(request(5, "c/2", 5, NodeRequest.Kind.WRITE, 3, 0, 4096), 900, 900);
    two.settle(900);
    ownership.add(
        Cast.takeover(
            "n-1",
            Authority.VALID,
            Cast.back("b", new UnitStep("v/0", 3, 4)),
            new UnitStep("v/0", 3, 4)));
    TestingNode again = restart(1_000);
    again.settle(1_000);
    again.settle(1_700);

    assertThat(again.role("v/0")).isEqualTo(Role.SERVING);
    assertThat(again.applied).extracting(Delta::request).containsExactly(5L);
    assertThat(again.aside).extracting(Delta::request).containsExactly(1L);
  }

  @Test
  void whoServesBeforeItHasReadTheLogToItsEndWritesOverNothingEither() {
    accept(1, 10);
    one.appends.clear();
    takeOver(20);
    UnitStep back = new UnitStep("v/0", 3, 4);
    TestingNode again = restart(1_000);
    ownership.add(
        new OwnershipEntry(
            "p",
            OwnershipEntry.Kind.TAKEOVER,
            List.of(back),
            again.node,
            2,
            Cast.back("b", back),
            Authority.VALID,
            "n-1",
            0));
    for (int offset = 0; offset < ownership.size(); offset++) {
      again.protocol.ownershipRead(TestingNode.PARTITION, offset, ownership.get(offset), 1_000);
    }
    again.flush();
    again.readDeltas(1_001);
    again.protocol.tick(1_700, 1_700);

    assertThat(again.role("v/0")).isEqualTo(Role.SERVING);
    assertThat(again.appends).isEmpty();
    assertThat(again.aside).extracting(Delta::request).containsExactly(1L);
  }

  @Test
  void writesThatWentOutTogetherAreAppendedAgainTogether() {
    write(1, 10);
    write(2, 10);
    write(3, 10);
    one.fsync(10);
    one.fsync(10);
    assertThat(outcomes()).hasSize(3).containsOnly(Outcome.ACCEPTED);
    TestingNode again = restart(100);
    again.settle(100);
    again.settle(700);
    again.protocol.request(flushOf(2), 700, 700);

    assertThat(again.applied).extracting(Delta::request).containsExactly(1L, 3L);
    assertThat(again.takeAnswers()).extracting(NodeAnswer::outcome).containsExactly(Outcome.DONE);
  }

  @Test
  void aFullJournalTakesNothingBackThatWasAnswered() {
    accept(1, 10);
    one.appends.clear();
    write(2, 11);
    one.protocol.journalFailed(Objects.requireNonNull(one.tickets.poll()), true, 11);
    assertThat(outcomes()).containsExactly(Outcome.BUSY);
    one.settle(12);
    assertThat(one.applied).extracting(Delta::request).containsExactly(1L);
  }

  @Test
  void aDoubtTakesNothingBackThatWasAnswered() {
    accept(1, 10);
    one.appends.clear();
    ownership.add(Cast.takeover("n-2", Authority.UNKNOWN_KEY, admission("a", step(2)), step(2)));
    one.readOwnership(11);
    one.protocol.ownershipReread(TestingNode.PARTITION);
    ownership.set(
        ownership.size() - 1,
        Cast.takeover("n-2", Authority.FORGED, admission("a", step(2)), step(2)));
    one.ownershipRead = 0;
    one.readOwnership(12);
    read(0, 12);
    assertThat(one.reads).isEmpty();
    one.settle(13);

    assertThat(one.applied).extracting(Delta::request).containsExactly(1L);
    assertThat(outcomes()).containsExactly(Outcome.DONE);
  }

  @Test
  void aTakeoverEndsTheMode() {
    takeOver(20);
    assertThat(owned(two).isAsynchronous()).isFalse();
    assertThat(owned(two).asyncFromEpoch()).isZero();
  }

  @Test
  void theSourceOfAPlannedTakeoverIsMadeSynchronousFirst() {
    accept(1, 10);
    one.protocol.command(
        command("c", Command.Kind.PREPARE, "n-1", admission("a", step(2))),
        Authority.VALID,
        11,
        11);
    assertThat(one.takeAcks())
        .extracting(CommandAck::status)
        .containsExactly(CommandAck.Status.RECEIVED);
    write(2, 12);
    one.fsync(12);
    assertThat(outcomes()).as("until the admission is over").isEmpty();
    assertThat(one.takeAcks()).as("what was answered is not in the log yet").isEmpty();
    one.settle(13);
    assertThat(one.takeAcks())
        .extracting(CommandAck::status)
        .containsExactly(CommandAck.Status.DONE);
    assertThat(owned(one).epoch()).as("the one that the admission names").isEqualTo(2);
    assertThat(outcomes()).containsExactly(Outcome.DONE);
    accept(3, Cast.EXPIRES);
  }

  @Test
  void aSourceThatOwesNothingIsReadyAtOnce() {
    one.protocol.command(
        command("c", Command.Kind.PREPARE, "n-1", admission("a", step(2))),
        Authority.VALID,
        11,
        11);
    assertThat(one.takeAcks())
        .extracting(CommandAck::status)
        .containsExactly(CommandAck.Status.DONE);
  }

  // ---- what happens

  private static UnitStep step(long epoch) {
    return new UnitStep("v/0", epoch, epoch + 1);
  }

  /** n-2 takes over while n-1 does nothing. */
  private void takeOver(long nowMillis) {
    ownership.add(Cast.takeover("n-2", Authority.VALID, admission("a", step(2)), step(2)));
    two.settle(nowMillis);
    two.settle(nowMillis + 600);
    assertThat(two.role("v/0")).isEqualTo(Role.SERVING);
  }

  /** n-1 dies, with whatever it was about to append, and starts again. */
  private TestingNode restart(long nowMillis) {
    TestingNode again = new TestingNode("n-1", 2, ownership, deltas);
    again.journal.addAll(one.journal);
    one.journal.forEach(each -> again.protocol.foundInJournal(each.withoutPayload()));
    again.protocol.follow(UNIT, new DeltaFold(), 0, nowMillis);
    return again;
  }

  private static Owned owned(TestingNode node) {
    return Objects.requireNonNull(node.protocol.owned("v/0"));
  }

  private void lease(long nowMillis) {
    one.protocol.ownershipReadToEnd(TestingNode.PARTITION, nowMillis, nowMillis);
  }

  private void accept(long number, long nowMillis) {
    lease(nowMillis);
    write(number, nowMillis);
    one.fsync(nowMillis);
    assertThat(outcomes()).containsExactly(Outcome.ACCEPTED);
  }

  private void write(long number, long nowMillis) {
    one.protocol.request(
        request(++nextToken, "c/1", number, NodeRequest.Kind.WRITE), nowMillis, nowMillis);
  }

  private NodeRequest large(long number) {
    return new NodeRequest(
        ++nextToken,
        "c/1",
        number,
        "v/0",
        0,
        NodeRequest.Kind.WRITE,
        0,
        1 << 20,
        "NONE",
        new byte[1 << 20],
        0,
        0);
  }

  private void read(long offset, long nowMillis) {
    lease(nowMillis);
    one.protocol.request(
        request(++nextToken, "c/1", 1_000 + nextToken, NodeRequest.Kind.READ, 0, offset, 4096),
        nowMillis,
        nowMillis);
  }

  private void flush(long write, long nowMillis) {
    one.protocol.request(flushOf(write), nowMillis, nowMillis);
  }

  private NodeRequest flushOf(long write) {
    return request(++nextToken, "c/1", 1_000 + nextToken, NodeRequest.Kind.FLUSH, 0, write, 0);
  }

  private List<Outcome> outcomes() {
    return one.takeAnswers().stream().map(NodeAnswer::outcome).toList();
  }
}
