package io.forestall.operators;

import static io.forestall.operators.TestingMachines.START_MILLIS;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeAssessment;
import io.forestall.risk.symptom.Finding;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BlameFunctionTest {

  private static final long MINUTE = 60_000;
  private static final int NODES = 8;

  private static KeyedHarness<Long, BlameInput, Void, NodeInput> harness(
      RiskHarness.Backend backend, @Nullable OperatorSubtaskState from) throws Exception {
    SenseSettings settings = SenseSettings.defaults();
    return KeyedHarness.of(
        new BlameFunction(settings, new StandardEngines(settings)),
        BlameInput::endMillis,
        Types.LONG,
        NodeInput.type(),
        backend,
        from);
  }

  private static Finding finding(String entity, long timeMillis, double probability) {
    return new Finding(
        entity,
        timeMillis,
        1,
        100,
        List.of(
            new ModeAssessment(
                FailureMode.NETWORK, probability, 3_600_000, "symptoms", 1, List.of())));
  }

  /** Every node sees every other; all edges of node 3 are bad, both ways. */
  private static List<BlameInput> window(int minute) {
    long timeMillis = START_MILLIS + minute * MINUTE + 30_000;
    long endMillis = START_MILLIS + (minute + 1) * MINUTE;
    List<BlameInput> inputs = new ArrayList<>();
    for (int from = 0; from < NODES; from++) {
      inputs.add(
          new BlameInput(
              endMillis, finding("node/n-" + from, timeMillis, 0.0001), "r-" + from / 4));
      for (int to = 0; to < NODES; to++) {
        if (from != to) {
          inputs.add(
              new BlameInput(
                  endMillis,
                  finding(
                      "edge/n-" + from + ">n-" + to,
                      timeMillis,
                      from == 3 || to == 3 ? 0.8 : 0.0001),
                  ""));
        }
      }
    }
    return inputs;
  }

  @ParameterizedTest
  @EnumSource(RiskHarness.Backend.class)
  void sharedNodeIsBlamedAloneInAnyOrderAndNothingIsKept(RiskHarness.Backend backend)
      throws Exception {
    long seed = 11;
    List<BlameInput> shuffled = new ArrayList<>(window(0));
    shuffled.addAll(window(1));
    Collections.shuffle(shuffled, new Random(seed));
    try (var inOrder = harness(backend, null);
        var other = harness(backend, null)) {
      inOrder.send(window(0).toArray(BlameInput[]::new));
      inOrder.send(window(1).toArray(BlameInput[]::new));
      other.send(shuffled.subList(0, 50).toArray(BlameInput[]::new));
      try (var restored = harness(backend, other.snapshot())) {
        restored.send(shuffled.subList(50, shuffled.size()).toArray(BlameInput[]::new));
        inOrder.reach(START_MILLIS + MINUTE - 2);
        assertThat(inOrder.output()).isEmpty();
        inOrder.reach(START_MILLIS + 2 * MINUTE);
        restored.reach(START_MILLIS + 2 * MINUTE);
        assertThat(inOrder.output())
            .extracting(NodeInput::entity, NodeInput::kind)
            .containsExactly(
                org.assertj.core.groups.Tuple.tuple("node/n-3", NodeInput.Kind.BLAME),
                org.assertj.core.groups.Tuple.tuple("node/n-3", NodeInput.Kind.BLAME));
        assertThat(restored.output().stream().map(NodeInput::toString).sorted().toList())
            .as("seed %d", seed)
            .isEqualTo(inOrder.output().stream().map(NodeInput::toString).sorted().toList());
        assertThat(restored.keys(BlameFunction.SEEN)).isZero();
        assertThat(restored.timers()).isZero();
        restored.send(window(0).get(0));
        assertThat(restored.keys(BlameFunction.SEEN)).as("too late").isZero();
      }
    }
  }
}
