package io.forestall.decisions.ownership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.NodeAnswer.Outcome;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ClientProtocolTest {

  private static final Subject ONE = Subject.node("n-1");
  private static final Subject TWO = Subject.node("n-2");

  private final List<NodeRequest> sent = new ArrayList<>();
  private final List<Subject> sentTo = new ArrayList<>();
  private final List<NodeRequest> completed = new ArrayList<>();
  private final List<Subject> prepared = new ArrayList<>();
  private final ClientProtocol client =
      new ClientProtocol(
          new ClientProtocol.Settings("c/1", 100, 10, 2),
          new ClientActions() {
            @Override
            public void send(Subject node, NodeRequest request) {
              sentTo.add(node);
              sent.add(request);
            }

            @Override
            public void complete(NodeRequest request, NodeAnswer answer) {
              completed.add(request);
            }

            @Override
            public void prepare(Subject node) {
              prepared.add(node);
            }
          });

  @Test
  void aRequestWaitsUntilSomebodyOwnsTheUnit() {
    submit(77, 0);
    assertThat(sent).isEmpty();
    assertThat(client.alarmMillis()).isEqualTo(Long.MAX_VALUE);
    assertThat(client.oldestOpenMillis()).isZero();
    client.learned(owned(1, ONE), 5);
    assertThat(sent).singleElement().extracting(NodeRequest::epoch).isEqualTo(1L);
    answer(ONE, 0, Outcome.DONE, null, 6);

    assertThat(completed).extracting(NodeRequest::token).containsExactly(77L);
    assertThat(client.open()).isZero();
    assertThat(client.oldestOpenMillis()).isNull();
  }

  @Test
  void aWrongOwnerCorrectsTheMapAndTheRequestGoesOnAtOnce() {
    client.learned(owned(1, ONE), 0);
    submit(1, 0);
    answer(ONE, 0, Outcome.NOT_OWNER, owned(2, TWO), 1);

    assertThat(sentTo).containsExactly(ONE, TWO);
    assertThat(sent).extracting(NodeRequest::request).containsExactly(0L, 0L);
    assertThat(client.map().get("v/0")).isEqualTo(owned(2, TWO));
  }

  @Test
  void anOlderEpochChangesNothing() {
    client.learned(owned(2, TWO), 0);
    client.learned(owned(1, ONE), 1);
    submit(1, 1);

    assertThat(sentTo).containsExactly(TWO);
  }

  @Test
  void whatIsOpenMovesWithTheOwnerUnderTheSameNumber() {
    client.learned(owned(1, ONE), 0);
    submit(1, 0);
    client.learned(owned(2, TWO), 10);
    assertThat(sentTo).containsExactly(ONE, TWO);
    answer(ONE, 0, Outcome.NOT_OWNER, null, 11);
    assertThat(sent).as("the old owner has no say any more").hasSize(2);
    answer(ONE, 0, Outcome.DONE, null, 12);

    assertThat(completed).as("but done is done").hasSize(1);
    answer(TWO, 0, Outcome.DONE, null, 13);
    assertThat(completed).hasSize(1);
  }

  @Test
  void theSameOwnerUnderANewEpochIsNotAskedTwice() {
    client.learned(owned(1, ONE), 0);
    submit(1, 0);
    client.learned(owned(2, ONE), 10);

    assertThat(sent).hasSize(1);
  }

  @Test
  void anAnswerThatStaysOutIsAskedForAgain() {
    client.learned(owned(1, ONE), 0);
    submit(1, 0);
    assertThat(client.alarmMillis()).isEqualTo(100);
    client.tick(99);
    assertThat(sent).hasSize(1);
    client.tick(100);

    assertThat(sent).extracting(NodeRequest::request).containsExactly(0L, 0L);
  }

  @Test
  void pausesGrowUpToSixteenTimesAndEndWithANewOwner() {
    client.learned(owned(1, ONE), 0);
    submit(1, 0);
    long now = 0;
    for (long pause : new long[] {10, 20, 40, 80, 160, 160, 160}) {
      answer(ONE, 0, Outcome.BUSY, null, now);
      assertThat(client.alarmMillis()).isEqualTo(now + pause);
      now += pause;
      client.tick(now);
    }
    answer(ONE, 0, Outcome.BUSY, null, now);
    client.learned(owned(2, TWO), now);

    assertThat(sentTo).endsWith(TWO);
    answer(TWO, 0, Outcome.BUSY, null, now);
    assertThat(client.alarmMillis()).isEqualTo(now + 10);
  }

  @Test
  void aLostConnectionOpensWhatWasSentThereAndNothingElse() {
    client.learned(owned(1, ONE), 0);
    client.learned(new Owned("v/1", 1, TWO, 1, null, 0, true, false, 0, null), 0);
    submit(1, 0);
    submitTo("v/1", 2, 0);
    client.lost(ONE, 5);
    assertThat(client.alarmMillis()).isEqualTo(15);
    client.tick(15);

    assertThat(sentTo).containsExactly(ONE, TWO, ONE);
  }

  @Test
  void onlySoManyAreInFlight() {
    client.learned(owned(1, ONE), 0);
    for (int token = 0; token < 5; token++) {
      submit(token, 0);
    }
    assertThat(sent).hasSize(2);
    answer(ONE, 1, Outcome.INVALID, null, 1);

    assertThat(completed).extracting(NodeRequest::token).containsExactly(1L);
    assertThat(sent).hasSize(3);
    assertThat(client.open()).isEqualTo(4);
  }

  /** A node remembers a window of numbers: nothing in flight may fall out of it. */
  @Test
  void theOldestAndTheNewestInFlightStayWithinWhatNodesRemember() {
    client.learned(owned(1, ONE), 0);
    submit(0, 0);
    for (int token = 1; token < RequestMemory.MAX_IN_FLIGHT_SPAN + 10; token++) {
      submit(token, 0);
      answer(ONE, token, Outcome.DONE, null, 0);
    }
    assertThat(sent).hasSize(RequestMemory.MAX_IN_FLIGHT_SPAN);
    answer(ONE, 0, Outcome.DONE, null, 1);

    assertThat(sent).hasSize(RequestMemory.MAX_IN_FLIGHT_SPAN + 2);
  }

  @Test
  void aHintOnlyConnects() {
    client.learned(owned(1, ONE), 0);
    client.hinted(TWO, 0);
    submit(1, 0);

    assertThat(prepared).containsExactly(TWO);
    assertThat(sentTo).containsExactly(ONE);
  }

  @Test
  void limitsAreAtLeastOne() {
    assertThatThrownBy(
            () ->
                new ClientProtocol(
                    new ClientProtocol.Settings("c/1", 0, 1, 1),
                    new ClientActions() {
                      @Override
                      public void send(Subject node, NodeRequest request) {}

                      @Override
                      public void complete(NodeRequest request, NodeAnswer answer) {}

                      @Override
                      public void prepare(Subject node) {}
                    }))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private void submit(long token, long nowMillis) {
    submitTo("v/0", token, nowMillis);
  }

  private void submitTo(String unit, long token, long nowMillis) {
    client.submit(
        token, unit, NodeRequest.Kind.READ, 0, 4096, "NONE", new byte[0], 0, 0, nowMillis);
  }

  private void answer(
      Subject node, long number, Outcome outcome, @Nullable Owned owned, long nowMillis) {
    client.answered(node, new NodeAnswer(number, outcome, owned, ""), nowMillis);
  }

  private static Owned owned(long epoch, Subject owner) {
    return new Owned("v/0", epoch, owner, 1, null, 0, true, false, epoch, null);
  }
}
