package io.forestall.operators;

import static io.forestall.operators.TestingMachines.START_MILLIS;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.operators.types.RecordFormat;
import io.forestall.risk.signal.PeerMeans;
import io.forestall.risk.signal.PeerSummary;
import io.forestall.risk.signal.Scope;
import io.forestall.risk.signal.Signal;
import io.forestall.risk.signal.SignalSample;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PeerFunctionTest {

  private static final long WINDOW = 300_000;

  private static KeyedHarness<String, PeerInput, Void, PeerSummary> harness(
      RiskHarness.Backend backend, @Nullable OperatorSubtaskState from) throws Exception {
    return KeyedHarness.of(
        new PeerFunction(SenseSettings.defaults()),
        PeerInput::window,
        Types.STRING,
        RecordFormat.PEER_SUMMARY.info(PeerSummary.class),
        backend,
        from);
  }

  private static PeerInput member(String peers, int window, int number) {
    PeerMeans means = PeerMeans.empty(Scope.MACHINE);
    double[] values = SignalSample.absentValues();
    values[Signal.CPU_BUSY.ordinal()] = 0.1 * number + window;
    means.add(new SignalSample("node/n-" + number, Scope.MACHINE, peers, START_MILLIS, values));
    return new PeerInput(peers, START_MILLIS + (window + 1) * WINDOW, "node/n-" + number, means);
  }

  private static List<PeerInput> members() {
    List<PeerInput> members = new ArrayList<>();
    for (String peers : List.of("a", "b")) {
      for (int window = 0; window < 3; window++) {
        for (int number = 1; number <= 5; number++) {
          members.add(member(peers, window, number));
        }
      }
    }
    return members;
  }

  @ParameterizedTest
  @EnumSource(RiskHarness.Backend.class)
  void windowsCloseWithEventTimeInAnyOrderOfArrivalAndLeaveNothing(RiskHarness.Backend backend)
      throws Exception {
    long seed = 42;
    List<PeerInput> shuffled = members();
    Collections.shuffle(shuffled, new Random(seed));
    try (var inOrder = harness(backend, null);
        var other = harness(backend, null)) {
      inOrder.send(members().toArray(PeerInput[]::new));
      other.send(shuffled.subList(0, 11).toArray(PeerInput[]::new));
      try (var restored = harness(backend, other.snapshot())) {
        restored.send(shuffled.subList(11, shuffled.size()).toArray(PeerInput[]::new));
        inOrder.reach(START_MILLIS + WINDOW - 2);
        assertThat(inOrder.output()).as("not over yet").isEmpty();
        inOrder.reach(START_MILLIS + WINDOW - 1);
        assertThat(inOrder.output()).hasSize(2);
        inOrder.reach(START_MILLIS + 3 * WINDOW);
        restored.reach(START_MILLIS + 3 * WINDOW);
        assertThat(texts(inOrder.output())).as("seed %d", seed).isEqualTo(texts(restored.output()));
        assertThat(texts(inOrder.output()))
            .containsExactly(
                "a 0 5 0.3", "a 1 5 1.3", "a 2 5 2.3", "b 0 5 0.3", "b 1 5 1.3", "b 2 5 2.3");
        assertThat(inOrder.keys(PeerFunction.MEMBERS)).isZero();
        assertThat(inOrder.timers()).isZero();
        // A member that comes after its window was summed up opens no second one.
        inOrder.send(member("a", 0, 9));
        assertThat(inOrder.keys(PeerFunction.MEMBERS)).isZero();
        assertThat(inOrder.timers()).isZero();
      }
    }
  }

  private static List<String> texts(List<PeerSummary> summaries) {
    return summaries.stream()
        .map(
            summary ->
                "%s %d %d %.1f"
                    .formatted(
                        summary.peers(),
                        (summary.startMillis() - START_MILLIS) / WINDOW,
                        summary.members()[Signal.CPU_BUSY.ordinal()],
                        summary.medians()[Signal.CPU_BUSY.ordinal()]))
        .sorted()
        .toList();
  }
}
