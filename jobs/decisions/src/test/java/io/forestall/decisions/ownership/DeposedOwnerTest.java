package io.forestall.decisions.ownership;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.NodeAnswer.Outcome;
import io.forestall.decisions.ownership.NodeProtocol.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the protocol's simulator found about nodes that do not know something yet. */
class DeposedOwnerTest {

  private static final UnitSpec UNIT = new UnitSpec("v/0", "v", "p", 1 << 20, 4096);
  private static final UnitStep STEP = new UnitStep("v/0", 1, 2);

  private final List<OwnershipEntry> ownership = new ArrayList<>();
  private final List<Delta> deltas = new ArrayList<>();
  private final TestingNode one = new TestingNode("n-1", 1, ownership, deltas);
  private final TestingNode two = new TestingNode("n-2", 1, ownership, deltas);

  /**
   * The client's retry was taken by the new owner, whose delta the old owner reads first: said the
   * old owner DONE, the client could read at the new one what it had before its write.
   */
  @Test
  void aDeltaOfTheNextOwnerAnswersNobodyHere() {
    two.protocol.follow(UNIT, new DeltaFold(), 0, 0);
    one.protocol.follow(UNIT, true, new DeltaFold(), 0, 0);
    one.settle(0);
    two.settle(0);
    one.protocol.request(write(1), 10, 10);
    one.fsync(10);
    Delta late = one.appends.remove(0);

    two.protocol.command(promote(), Authority.VALID, 20, 20);
    two.settle(20);
    two.settle(600);
    assertThat(two.role("v/0")).isEqualTo(Role.SERVING);
    two.protocol.request(write(2), 600, 600);
    two.fsync(600);
    two.flush();
    deltas.add(late);

    one.readDeltas(601);
    assertThat(one.takeAnswers()).as("the old owner, which has read the deltas only").isEmpty();
    two.readDeltas(602);
    assertThat(two.takeAnswers()).extracting(NodeAnswer::outcome).containsExactly(Outcome.DONE);
    one.readOwnership(603);
    assertThat(one.takeAnswers())
        .extracting(NodeAnswer::outcome)
        .containsExactly(Outcome.NOT_OWNER);
    assertThat(one.applied).isEqualTo(two.applied).hasSize(1);
  }

  /** A node without anything to read again waited for it for ever, and never began to serve. */
  @Test
  void keysThatComeBeforeTheFirstRecordDoNoHarm() {
    one.protocol.ownershipReread(TestingNode.PARTITION);
    one.protocol.follow(UNIT, true, new DeltaFold(), 0, 0);
    one.settle(0);

    assertThat(one.role("v/0")).isEqualTo(Role.SERVING);
  }

  private static NodeRequest write(long token) {
    return new NodeRequest(
        token, "c/1", 1, "v/0", 0, NodeRequest.Kind.WRITE, 0, 4096, "NONE", new byte[0], 0, 0);
  }

  private static Command promote() {
    Subject source = Subject.node("n-1");
    Subject target = Subject.node("n-2");
    Admission admission =
        new Admission(
            "a-1",
            1,
            Admission.State.ADMITTED,
            "proposal",
            ActKind.FAILOVER,
            source,
            "p",
            null,
            true,
            List.of(STEP),
            source,
            target,
            List.of(),
            1,
            0,
            0,
            10_000,
            0,
            "admitted",
            Map.of());
    return new Command(
        "a-1/promote/0",
        Command.Kind.PROMOTE,
        target,
        source,
        "p",
        admission,
        2,
        0,
        List.of(STEP),
        source,
        0,
        0,
        10_000,
        null,
        "because",
        Map.of());
  }
}
