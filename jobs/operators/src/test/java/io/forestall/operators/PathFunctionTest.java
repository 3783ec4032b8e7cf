package io.forestall.operators;

import static io.forestall.operators.TestingMachines.path;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.risk.FailureMode;
import io.forestall.schemas.AnomalyRecord;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PathFunctionTest {

  private static KeyedHarness<String, EntityInput, Void, NodeInput> harness(
      RiskHarness.Backend backend, @Nullable OperatorSubtaskState from) throws Exception {
    SenseSettings settings = SenseSettings.defaults();
    return KeyedHarness.of(
        new PathFunction(settings, new StandardEngines(settings)),
        EntityInput::pathGroup,
        Types.STRING,
        NodeInput.type(),
        backend,
        from);
  }

  private static KeyedHarness<String, EntityInput, Void, NodeInput> harness() throws Exception {
    return harness(RiskHarness.Backend.HEAP, null);
  }

  @Test
  void pathsOfOneVolumeAreOneGroupAndTheLeastActiveIsForgotten() throws Exception {
    try (var harness = harness()) {
      for (int client = 0; client < 300; client++) {
        harness.send(path("pair/vol-1@client-" + client, client, 0));
      }
      assertThat(harness.keys(PathFunction.GROUP)).isEqualTo(1);
      List<String> gone =
          harness.side(SenseTags.BASELINES).stream()
              .filter(update -> update.baseline() == null)
              .map(BaselineUpdate::key)
              .toList();
      assertThat(gone).hasSize(300 - 256).contains("pair/vol-1@client-0");
      assertThat(harness.side(SenseTags.BASELINES))
          .filteredOn(update -> update.baseline() != null)
          .hasSize(300);
    }
  }

  @Test
  void repeatsAndOlderSamplesChangeNothing() throws Exception {
    try (var harness = harness();
        var undisturbed = harness()) {
      for (int step = 0; step < 60; step++) {
        harness.send(path("edge/n-1>n-2", step, 0), path("edge/n-1>n-2", step, 0.5));
        harness.send(path("edge/n-1>n-2", Math.max(0, step - 3), 0.5));
        undisturbed.send(path("edge/n-1>n-2", step, 0));
      }
      assertThat(said(harness)).isEqualTo(said(undisturbed)).isNotEmpty();
    }
  }

  @Test
  void edgeThatLosesPacketsSaysSoToThoseWhoBlame() throws Exception {
    try (var harness = harness()) {
      for (int step = 0; step < 120; step++) {
        harness.send(path("edge/n-1>n-2", step, step < 80 ? 0 : 0.2));
        harness.send(path("edge/n-1>n-3", step, 0));
      }
      List<BlameInput> inputs = harness.side(SenseTags.BLAME_INPUTS);
      assertThat(network(inputs, "edge/n-1>n-2"))
          .isGreaterThan(10 * network(inputs, "edge/n-1>n-3"));
      assertThat(
              inputs.stream()
                  .filter(input -> input.finding().entity().equals("edge/n-1>n-3"))
                  .map(BlameInput::endMillis)
                  .distinct())
          .as("a healthy edge is seen in each minute too")
          .hasSize(30);
      assertThat(harness.side(SenseTags.ANOMALIES))
          .filteredOn(AnomalyRecord::getWorse)
          .extracting(record -> record.getEntity().getId())
          .contains("n-1>n-2")
          .doesNotContain("n-1>n-3");
    }
  }

  private static double network(List<BlameInput> inputs, String edge) {
    double last = Double.NaN;
    for (BlameInput input : inputs) {
      if (input.finding().entity().equals(edge)) {
        last =
            input.finding().modes().stream()
                .filter(mode -> mode.mode() == FailureMode.NETWORK)
                .mapToDouble(mode -> mode.probability())
                .max()
                .orElseThrow();
      }
    }
    return last;
  }

  @Test
  void volumeThatIsSlowForItsClientsHasAFinding() throws Exception {
    try (var harness = harness()) {
      for (int step = 0; step < 120; step++) {
        for (int client = 0; client < 4; client++) {
          harness.send(path("pair/vol-1@c-" + client, step, step < 80 ? 0 : 0.3));
        }
      }
      assertThat(harness.output()).isNotEmpty();
      assertThat(harness.output())
          .allSatisfy(input -> assertThat(input.entity()).isEqualTo("volume/vol-1"));
    }
  }

  @Test
  void endOfANodeForgetsThePathsThatBeginThere() throws Exception {
    try (var harness = harness()) {
      harness.send(path("edge/n-1>n-2", 0, 0), path("edge/n-1>n-3", 0, 0));
      harness.send(path("edge/n-2>n-1", 0, 0));
      harness.send(EntityInput.tombstone("node/n-1"));
      assertThat(harness.keys(PathFunction.GROUP)).isEqualTo(1);
      assertThat(harness.side(SenseTags.BASELINES))
          .contains(
              new BaselineUpdate("edge/n-1>n-2", null), new BaselineUpdate("edge/n-1>n-3", null))
          .doesNotContain(new BaselineUpdate("edge/n-2>n-1", null));
      assertThat(harness.timers()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(RiskHarness.Backend.class)
  void restoreInMidStreamChangesNothing(RiskHarness.Backend backend) throws Exception {
    List<EntityInput> inputs = new ArrayList<>();
    for (int step = 0; step < 90; step++) {
      for (int client = 0; client < 3; client++) {
        inputs.add(path("pair/vol-1@c-" + client, step, step < 60 ? 0 : 0.2));
      }
      inputs.add(path("edge/n-1>n-2", step, step < 60 ? 0 : 0.2));
    }
    List<String> expected;
    try (var whole = harness(backend, null)) {
      whole.send(inputs.toArray(EntityInput[]::new));
      expected = said(whole);
    }
    List<String> actual = new ArrayList<>();
    OperatorSubtaskState state = null;
    for (int from = 0; from < inputs.size(); from += 100) {
      try (var part = harness(backend, state)) {
        part.send(
            inputs.subList(from, Math.min(inputs.size(), from + 100)).toArray(EntityInput[]::new));
        state = part.snapshot();
        actual.addAll(said(part));
      }
    }
    assertThat(actual).containsExactlyInAnyOrderElementsOf(expected).isNotEmpty();
  }

  private static List<String> said(KeyedHarness<?, ?, ?, NodeInput> harness) {
    List<String> said = new ArrayList<>();
    harness.output().forEach(input -> said.add(input.toString()));
    harness.side(SenseTags.BLAME_INPUTS).forEach(input -> said.add(input.toString()));
    harness.side(SenseTags.ANOMALIES).forEach(record -> said.add(record.toString()));
    harness.side(SenseTags.BASELINES).forEach(update -> said.add(update.toString()));
    return said;
  }
}
