package io.forestall.decisions.ownership;

import static io.forestall.decisions.ownership.Cast.UNIT;
import static io.forestall.decisions.ownership.Cast.promote;
import static io.forestall.decisions.ownership.Cast.request;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ownership.NodeAnswer.Outcome;
import io.forestall.decisions.ownership.NodeProtocol.Role;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the protocol's simulator found about nodes that do not know something yet. */
class DeposedOwnerTest {

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
    return request(token, "c/1", 1, NodeRequest.Kind.WRITE);
  }
}
