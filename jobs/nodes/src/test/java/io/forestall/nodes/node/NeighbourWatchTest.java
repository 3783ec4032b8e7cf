package io.forestall.nodes.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.nodes.transport.Ending;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** With a clock that the test moves and connections that it makes up. */
class NeighbourWatchTest {
  private static final long PING = 100;
  private static final long UNREACHABLE = 600;
  private static final long STALLED = NeighbourWatch.STALLED_FACTOR * UNREACHABLE;

  private final TestingActions actions = new TestingActions();
  private final NeighbourWatch watch = new NeighbourWatch("n1", PING, UNREACHABLE, actions);
  private long now = 1_000_000;

  @Test
  void aProcessThatEndedIsToldAtOnce() {
    reach("n2");

    end("n2", Ending.CUT);
    assertThat(actions.unreachable).as("a network does that too").isEmpty();
    end("n2", Ending.REFUSED);

    assertThat(actions.unreachable).containsExactly("n2");
    assertThat(watch.reached()).isEmpty();
  }

  @Test
  void aSlowProcessIsNotTakenForADeadOne() {
    reach("n2");

    long silent = 0;
    for (; silent + PING < STALLED; silent += PING) {
      turn(PING);
      watch.accepted("n2", actions.attempt("n2"));
    }
    assertThat(actions.unreachable).as("after %d ms", silent).isEmpty();
    watch.heard("n2", actions.attempt("n2"));
    turns(UNREACHABLE / 2, PING);

    assertThat(actions.unreachable).isEmpty();
    assertThat(watch.reached()).containsExactly("n2");
  }

  @Test
  void aProcessThatIsStoppedForLongIsTold() {
    reach("n2");

    turns(UNREACHABLE / 2, PING);
    assertThat(actions.attempt("n2")).as("a look at its host").isEqualTo(2);
    watch.accepted("n2", 2);
    turns(STALLED - UNREACHABLE / 2 - PING, PING);
    assertThat(actions.unreachable).isEmpty();
    turn(PING);
    assertThat(actions.unreachable).containsExactly("n2");
    assertThat(actions.why).contains("its host takes connections");
    turns(STALLED, PING);
    assertThat(actions.unreachable).as("once").hasSize(1);

    watch.heard("n2", actions.attempt("n2"));
    assertThat(actions.reachable).containsExactly("n2");
  }

  @Test
  void aHostThatIsGoneIsToldSooner() {
    reach("n2");

    turns(UNREACHABLE - PING, PING);
    assertThat(actions.unreachable).isEmpty();
    turn(PING);

    assertThat(actions.unreachable).containsExactly("n2");
    assertThat(actions.why).contains("no connection");
  }

  @Test
  void aWitnessThatWasHeldUpHasHeardNoSilence() {
    reach("n2");

    turn(60_000);
    assertThat(actions.unreachable).as("it stood still for a minute").isEmpty();
    watch.heard("n2", actions.attempt("n2"));
    turn(60_000);
    watch.heard("n2", actions.attempt("n2"));
    turn(2_000);
    assertThat(actions.unreachable).isEmpty();
    assertThat(actions.attempt("n2")).as("and did not even look again").isEqualTo(1);
  }

  @Test
  void aWitnessThatIsSlowAllTheTimeNeedsAsManyTurnsAsAnyOther() {
    reach("n2");

    int turns = 0;
    while (actions.unreachable.isEmpty()) {
      turn(5 * PING);
      turns++;
    }

    assertThat(turns).isEqualTo((int) (UNREACHABLE / (PING * 3 / 2)));
  }

  @Test
  void whoWasNeverReachedIsNeverMissed() {
    watch.address("n2", at(2));
    turns(10 * STALLED, PING);
    end("n2", Ending.CUT);
    end("n2", Ending.REFUSED);

    assertThat(actions.unreachable).isEmpty();
  }

  @Test
  void whoLeftInGoodOrderIsMissedAfterAWhileAndReachedWhenItIsBack() {
    reach("n2");
    end("n2", Ending.LEFT);

    turn(PING);
    turn(PING);
    end("n2", Ending.REFUSED);
    assertThat(actions.unreachable).as("it may only start anew").isEmpty();
    turns(UNREACHABLE, PING);
    assertThat(actions.unreachable).containsExactly("n2");

    watch.heard("n2", actions.attempt("n2"));
    assertThat(actions.reachable).containsExactly("n2");
  }

  @Test
  void aHostThatCutsEveryConnectionIsNotAskedWithoutAPause() {
    reach("n2");
    end("n2", Ending.CUT);
    int attempts = actions.attempt("n2");
    end("n2", Ending.CUT);

    assertThat(actions.attempt("n2")).isEqualTo(attempts);
    turn(2 * PING);
    assertThat(actions.attempt("n2")).isEqualTo(attempts + 1);
  }

  @Test
  void whatAnOlderConnectionTellsChangesNothing() {
    reach("n2");
    watch.address("n2", at(3));
    turn(PING);
    int present = actions.attempt("n2");

    watch.ended("n2", present + 1, Ending.REFUSED, "", now);
    watch.heard("n2", present + 1);

    assertThat(actions.disconnected).containsExactly("n2");
    assertThat(actions.unreachable).isEmpty();
    assertThat(watch.reached()).as("at its new address it was not reached yet").isEmpty();
  }

  @Test
  void twoOnEachSideOfTheRingAreWatched() {
    for (int i = 1; i <= 9; i++) {
      watch.address("n" + i, at(i));
    }
    assertThat(watch.watched()).containsExactly("n2", "n3", "n8", "n9");

    watch.address("n2", null);
    assertThat(watch.watched()).containsExactly("n3", "n4", "n8", "n9");
    assertThat(actions.disconnected).contains("n2");
  }

  private void reach(String node) {
    watch.address(node, at(2));
    turn(PING);
    watch.accepted(node, actions.attempt(node));
    watch.heard(node, actions.attempt(node));
  }

  private void end(String node, Ending ending) {
    watch.ended(node, actions.attempt(node), ending, "in a test", now);
  }

  private void turn(long millis) {
    now += millis;
    watch.turn(now);
  }

  private void turns(long millis, long everyMillis) {
    for (long passed = 0; passed < millis; passed += everyMillis) {
      turn(everyMillis);
    }
  }

  private static InetSocketAddress at(int port) {
    return new InetSocketAddress("127.0.0.1", port);
  }

  private static final class TestingActions implements NeighbourWatch.Actions {
    private final Map<String, Integer> attempts = new HashMap<>();
    private final List<String> disconnected = new ArrayList<>();
    private final List<String> unreachable = new ArrayList<>();
    private final List<String> reachable = new ArrayList<>();
    private String why = "";

    int attempt(String node) {
      return attempts.getOrDefault(node, 0);
    }

    @Override
    public void connect(String node, InetSocketAddress address, int attempt) {
      attempts.put(node, attempt);
    }

    @Override
    public void ping(String node) {
      assertThat(attempts).containsKey(node);
    }

    @Override
    public void disconnect(String node) {
      disconnected.add(node);
    }

    @Override
    public void unreachable(String node, String told) {
      unreachable.add(node);
      why = told;
    }

    @Override
    public void reachable(String node) {
      reachable.add(node);
    }
  }
}
