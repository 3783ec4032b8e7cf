package io.forestall.decisions.ownership;

import static io.forestall.decisions.ownership.Cast.UNIT;
import static io.forestall.decisions.ownership.Cast.command;
import static io.forestall.decisions.ownership.Cast.promote;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaValues;
import io.forestall.decisions.ownership.NodeAnswer.Outcome;
import io.forestall.decisions.ownership.NodeProtocol.Role;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class NodeProtocolTest {

  private final List<OwnershipEntry> ownership = new ArrayList<>();
  private final List<Delta> deltas = new ArrayList<>();
  private final TestingNode one = new TestingNode("n-1", 1, ownership, deltas);
  private final TestingNode two = new TestingNode("n-2", 1, ownership, deltas);
  private long nextToken;

  @Test
  void theFirstOwnerTakesEpochOneAndServesAtOnce() {
    startOne();

    assertThat(one.role("v/0")).isEqualTo(Role.SERVING);
    assertThat(ownership)
        .singleElement()
        .extracting(OwnershipEntry::kind)
        .isEqualTo(OwnershipEntry.Kind.START);
    assertThat(deltas).singleElement().extracting(Delta::kind).isEqualTo(Delta.Kind.BARRIER);
  }

  @Test
  void aWriteIsAnsweredOnlyWhenItWasReadBack() {
    startOne();

    one.protocol.request(write("c/1", 1), 10, 10);
    assertThat(one.appends).as("before the medium has it").isEmpty();
    one.fsync(11);
    assertThat(one.appends).hasSize(1);
    one.flush();
    assertThat(one.answers).as("in the log, not read back").isEmpty();
    one.readDeltas(12);

    assertThat(one.takeAnswers()).extracting(NodeAnswer::outcome).containsExactly(Outcome.DONE);
    assertThat(one.applied).extracting(Delta::sequence).containsExactly(1L);
  }

  @Test
  void aRetryOfWhatCountedIsDoneOnce() {
    startOne();
    one.protocol.request(write("c/1", 1), 10, 10);
    one.protocol.request(write("c/1", 1), 10, 10);
    one.settle(10);
    one.protocol.request(write("c/1", 1), 10, 10);
    one.settle(10);

    assertThat(one.takeAnswers())
        .extracting(NodeAnswer::outcome)
        .containsExactly(Outcome.DONE, Outcome.DONE, Outcome.DONE);
    assertThat(one.applied).hasSize(1);
  }

  @Test
  void aReadWithinTheLeaseIsAnsweredAtOnce() {
    startOne();
    one.readOwnership(1_000);

    one.protocol.request(read("c/1", 1), 1_100, 1_100);
    one.finishReads(1_249);

    assertThat(one.takeAnswers()).extracting(NodeAnswer::outcome).containsExactly(Outcome.DONE);
  }

  @Test
  void aReadBehindTheLeaseWaitsForTheNextOne() {
    startOne();
    one.readOwnership(1_000);

    one.protocol.request(read("c/1", 1), 1_249, 1_249);
    one.finishReads(1_250);
    assertThat(one.takeAnswers()).as("the lease is over").isEmpty();
    one.protocol.ownershipReadToEnd(TestingNode.PARTITION, 1_300, 1_550);
    assertThat(one.takeAnswers()).as("the next one was over when it came").isEmpty();
    one.protocol.ownershipReadToEnd(TestingNode.PARTITION, 1_301, 1_550);

    assertThat(one.takeAnswers()).extracting(NodeAnswer::outcome).containsExactly(Outcome.DONE);
  }

  @Test
  void aReadThatWaitsForTheLogIsAnsweredByADeposedOwnerOnlyWithNotOwner() {
    startBoth();
    one.readOwnership(1_000);
    one.protocol.request(read("c/1", 1), 1_249, 1_249);
    one.finishReads(1_250);
    two.protocol.command(promote(), Authority.VALID, 1_251, 1_251);
    two.flush();

    one.readOwnership(1_300);

    assertThat(one.takeAnswers())
        .extracting(NodeAnswer::outcome)
        .containsExactly(Outcome.NOT_OWNER);
    assertThat(one.protocol.awaitsRead(0)).isFalse();
  }

  @Test
  void aReadThatWaitsForALogWhichIsAwayIsToldBusy() {
    startOne();
    one.readOwnership(1_000);
    one.protocol.request(read("c/1", 1), 1_500, 1_500);
    one.finishReads(1_500);
    long alarmMillis = one.protocol.alarmMillis();

    assertThat(alarmMillis).isEqualTo(1_500 + NodeProtocol.READ_MILLIS);
    one.protocol.tick(alarmMillis - 1, alarmMillis - 1);
    assertThat(one.takeAnswers()).isEmpty();
    one.protocol.tick(alarmMillis, alarmMillis);

    assertThat(one.takeAnswers()).extracting(NodeAnswer::outcome).containsExactly(Outcome.BUSY);
  }

  @Test
  void aReadWhoseConnectionIsGoneWaitsForNothing() {
    startOne();
    one.readOwnership(1_000);
    NodeRequest asked = read("c/1", 1);
    one.protocol.request(asked, 1_500, 1_500);
    one.finishReads(1_500);
    assertThat(one.protocol.awaitsRead(asked.token())).isTrue();

    one.protocol.forget(asked.token());
    one.readOwnership(1_600);

    assertThat(one.protocol.awaitsRead(asked.token())).isFalse();
    assertThat(one.takeAnswers()).isEmpty();
  }

  @Test
  void anotherTakesOverAndTheOldOwnerReleases() {
    startBoth();
    one.protocol.request(write("c/1", 1), 10, 10);
    one.settle(10);
    two.settle(10);

    two.protocol.command(promote(), Authority.VALID, 20, 20);
    two.flush();
    two.readOwnership(20);
    assertThat(two.role("v/0")).isEqualTo(Role.CLAIMED);
    two.flush();
    two.readDeltas(21);
    assertThat(two.role("v/0")).as("the old owner may still answer reads").isEqualTo(Role.WAITING);
    two.protocol.request(read("c/1", 2), 21, 21);
    assertThat(two.answers).isEmpty();
    one.protocol.request(write("c/1", 3), 21, 21);
    one.settle(22);
    assertThat(one.role("v/0")).isEqualTo(Role.FOLLOWING);
    two.settle(23);

    assertThat(two.role("v/0")).isEqualTo(Role.SERVING);
    assertThat(one.takeAnswers())
        .extracting(NodeAnswer::outcome)
        .containsExactly(Outcome.DONE, Outcome.NOT_OWNER);
    assertThat(two.takeAnswers()).extracting(NodeAnswer::outcome).containsExactly(Outcome.DONE);
    List<CommandAck> acks = two.takeAcks();
    assertThat(acks)
        .extracting(CommandAck::status)
        .containsExactly(
            CommandAck.Status.RECEIVED,
            CommandAck.Status.PROGRESS,
            CommandAck.Status.PROGRESS,
            CommandAck.Status.DONE);
    assertThat(acks.get(3).values())
        .containsEntry(SagaValues.UNITS_SERVING, 1.0)
        .containsEntry(SagaValues.TAKEOVER_MILLIS, 3.0);
    assertThat(two.applied).extracting(Delta::request).containsExactly(1L);
  }

  @Test
  void anOwnerThatIsAskedAboutATakeoverSaysThatItStillServes() {
    startBoth();
    Command probe = command("c-1", Command.Kind.PROBE, "n-1", null);
    one.protocol.command(probe, Authority.NONE, 20, 20);

    assertThat(one.takeAcks().get(0).values())
        .containsEntry(SagaValues.UNITS_SERVING, 1.0)
        .containsEntry(SagaValues.UNITS_FENCED, 0.0)
        .doesNotContainKey(SagaValues.TAKEOVER_MILLIS);
  }

  @Test
  void withoutAReleaseTheNewOwnerWaitsForTheLeaseAndTheDrift() {
    startBoth();
    two.protocol.command(promote(), Authority.VALID, 20, 20);
    two.settle(20);
    two.settle(294);
    assertThat(two.role("v/0")).isEqualTo(Role.WAITING);
    assertThat(two.protocol.alarmMillis()).isEqualTo(295);
    two.settle(295);

    assertThat(two.role("v/0")).isEqualTo(Role.SERVING);
  }

  @Test
  void theLongestLeaseOfThePoolIsWaitedForAndATenthMore() {
    startBoth();
    two.protocol.leaseOfOthers(500);
    two.protocol.command(promote(), Authority.VALID, 20, 20);
    two.settle(20);
    two.settle(569);
    assertThat(two.role("v/0")).isEqualTo(Role.WAITING);
    two.settle(570);

    assertThat(two.role("v/0")).isEqualTo(Role.SERVING);
  }

  // ---- the cast

  private void startOne() {
    one.protocol.follow(UNIT, true, new DeltaFold(), 0, 0);
    one.settle(0);
  }

  private void startBoth() {
    two.protocol.follow(UNIT, new DeltaFold(), 0, 0);
    startOne();
    two.settle(0);
    one.takeAnswers();
  }

  private NodeRequest write(String client, long request) {
    return request(client, request, NodeRequest.Kind.WRITE);
  }

  private NodeRequest read(String client, long request) {
    return request(client, request, NodeRequest.Kind.READ);
  }

  private NodeRequest request(String client, long request, NodeRequest.Kind kind) {
    return Cast.request(nextToken++, client, request, kind);
  }
}
