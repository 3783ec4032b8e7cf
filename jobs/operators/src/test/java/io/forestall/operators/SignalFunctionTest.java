package io.forestall.operators;

import static io.forestall.operators.TestingMachines.disk;
import static io.forestall.operators.TestingMachines.fleet;
import static io.forestall.operators.TestingMachines.machine;
import static io.forestall.operators.TestingMachines.node;
import static io.forestall.operators.TestingMachines.timeMillis;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.risk.signal.Signal;
import io.forestall.risk.signal.SignalSample;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.assertj.core.groups.Tuple;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SignalFunctionTest {

  private static final int WINDOW_STEPS = 20;

  private static KeyedHarness<String, EntityInput, Void, SignalInput> harness(
      Map<String, String> options, RiskHarness.Backend backend, @Nullable OperatorSubtaskState from)
      throws Exception {
    SenseSettings settings = SenseSettings.from(Configuration.fromMap(options));
    return KeyedHarness.of(
        new SignalFunction(settings, new StandardEngines(settings)),
        EntityInput::entity,
        Types.STRING,
        SignalInput.type(),
        backend,
        from);
  }

  private static KeyedHarness<String, EntityInput, Void, SignalInput> harness() throws Exception {
    return harness(Map.of(), RiskHarness.Backend.HEAP, null);
  }

  private static List<DeadReason> reasons(KeyedHarness<?, ?, ?, ?> harness) {
    return harness.side(SenseTags.DEAD_LETTERS).stream().map(DeadLetter::getReason).toList();
  }

  @Test
  void samplesWaitForTheFleetEntryAndAreDerivedInOrder() throws Exception {
    try (var harness = harness()) {
      harness.send(machine(1, 0), machine(1, 1), machine(1, 2));
      assertThat(harness.output()).isEmpty();
      assertThat(harness.timers()).isEqualTo(1);

      harness.send(fleet(node(1)));
      List<SignalSample> signals =
          harness.output().stream().map(SignalInput::requireSample).toList();
      assertThat(signals)
          .extracting(SignalSample::timeMillis)
          .containsExactly(timeMillis(0), timeMillis(1), timeMillis(2));
      assertThat(signals.get(0).has(Signal.CPU_BUSY)).as("one sample has no rate").isFalse();
      assertThat(signals.get(1).value(Signal.CPU_BUSY)).isBetween(0.2, 0.4);
      assertThat(signals.get(1).peers()).isEqualTo("node|SYNTH A|pool");
      assertThat(harness.output().get(0).home().rack()).isEqualTo("r-01");
      assertThat(reasons(harness)).isEmpty();
    }
  }

  @Test
  void whatIsNeverDescribedEndsInTheDeadLettersAndLeavesNothing() throws Exception {
    try (var harness =
        harness(
            Map.of("forestall.sense.unknown-entity-limit", "2"),
            RiskHarness.Backend.ROCKSDB,
            null)) {
      harness.send(machine(1, 0), machine(1, 1), machine(1, 2));
      assertThat(reasons(harness)).as("one too many").containsExactly(DeadReason.UNKNOWN_ENTITY);
      harness.reach(timeMillis(2) + 3_600_000);
      assertThat(reasons(harness)).hasSize(3).containsOnly(DeadReason.UNKNOWN_ENTITY);
      assertThat(harness.side(SenseTags.DEAD_LETTERS))
          .extracting(letter -> letter.getEntity().getId(), DeadLetter::getIndex)
          .containsOnly(Tuple.tuple("n-0001", 0));
      assertThat(harness.keys(SignalFunction.MEMORY)).isZero();
      assertThat(harness.timers()).isZero();
      assertThat(harness.output()).isEmpty();
    }
  }

  @Test
  void sampleWhoseWaitIsOverWhenItComesIsGivenUpAtOnce() throws Exception {
    try (var harness = harness()) {
      harness.reach(timeMillis(0) + 3_600_000);
      harness.send(machine(1, 0), machine(1, 1));
      assertThat(harness.side(SenseTags.DEAD_LETTERS))
          .extracting(DeadLetter::getReason, DeadLetter::getTimeMillis)
          .containsExactly(Tuple.tuple(DeadReason.UNKNOWN_ENTITY, timeMillis(0)));
      assertThat(harness.timers()).as("the second has time left").isEqualTo(1);
    }
  }

  @Test
  void duplicateFramesAndLateOnesAreNamedAndChangeNothing() throws Exception {
    try (var harness = harness()) {
      harness.send(fleet(node(1)), machine(1, 0), machine(1, 2));
      harness.send(machine(1, 2), machine(1, 1));
      assertThat(reasons(harness)).containsExactly(DeadReason.DUPLICATE, DeadReason.LATE);
      harness.send(machine(1, 3));
      try (var undisturbed = harness()) {
        undisturbed.send(fleet(node(1)), machine(1, 0), machine(1, 2), machine(1, 3));
        assertThat(texts(harness.output())).isEqualTo(texts(undisturbed.output()));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(RiskHarness.Backend.class)
  void eachWindowLeavesOnceWhetherTimeOrTheNextSampleEndsIt(RiskHarness.Backend backend)
      throws Exception {
    try (var byTime = harness(Map.of(), backend, null);
        var bySample = harness(Map.of(), backend, null)) {
      byTime.send(fleet(node(1)));
      bySample.send(fleet(node(1)));
      for (int step = 0; step < 2 * WINDOW_STEPS; step++) {
        bySample.send(machine(1, step));
        byTime.send(machine(1, step));
        byTime.reach(timeMillis(step));
      }
      byTime.reach(timeMillis(2 * WINDOW_STEPS));
      bySample.reach(timeMillis(2 * WINDOW_STEPS));
      assertThat(byTime.side(SenseTags.PEER_MEANS)).hasSize(2);
      assertThat(means(byTime)).isEqualTo(means(bySample));
      assertThat(byTime.side(SenseTags.PEER_MEANS).get(0).endMillis())
          .isEqualTo(timeMillis(WINDOW_STEPS));
      assertThat(byTime.side(SenseTags.PEER_MEANS).get(0).means().mean(Signal.CPU_BUSY))
          .isBetween(0.25, 0.35);
      assertThat(byTime.timers()).as("nothing is open").isZero();
    }
  }

  @Test
  void sampleBehindEventTimeIsDerivedButNotSummedUp() throws Exception {
    try (var harness = harness()) {
      harness.send(fleet(node(1)));
      harness.reach(timeMillis(WINDOW_STEPS));
      harness.send(machine(1, 0), machine(1, 1));
      harness.reach(timeMillis(3 * WINDOW_STEPS));
      assertThat(harness.output()).hasSize(2);
      assertThat(harness.side(SenseTags.PEER_MEANS)).isEmpty();
      assertThat(harness.timers()).isZero();
    }
  }

  @Test
  void tombstoneClearsStateAndTimersAndFlowsOn() throws Exception {
    try (var harness = harness()) {
      harness.send(fleet(node(1)), machine(1, 0), machine(1, 1), machine(2, 0));
      harness.send(EntityInput.tombstone(node(1)), EntityInput.tombstone(node(2)));
      assertThat(harness.keys(SignalFunction.MEMORY)).isZero();
      assertThat(harness.timers()).isZero();
      assertThat(reasons(harness)).as("what waited").containsExactly(DeadReason.UNKNOWN_ENTITY);
      assertThat(harness.output().stream().filter(input -> input.sample() == null))
          .extracting(SignalInput::entity)
          .containsExactly(node(1), node(2));
      harness.reach(timeMillis(100_000));
      assertThat(harness.side(SenseTags.PEER_MEANS)).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(RiskHarness.Backend.class)
  void restoreInMidStreamChangesNothing(RiskHarness.Backend backend) throws Exception {
    List<EntityInput> inputs = new ArrayList<>();
    inputs.add(fleet(TestingMachines.drive(1)));
    for (int step = 0; step < 30; step++) {
      inputs.add(disk(1, step));
      inputs.add(machine(1, step));
    }
    inputs.add(fleet(node(1)));
    List<String> expected = new ArrayList<>();
    List<String> expectedMeans = new ArrayList<>();
    try (var whole = harness(Map.of(), backend, null)) {
      for (EntityInput input : inputs) {
        whole.send(input);
      }
      whole.reach(timeMillis(10_000));
      expected.addAll(texts(whole.output()));
      expectedMeans.addAll(means(whole));
    }
    List<String> actual = new ArrayList<>();
    List<String> actualMeans = new ArrayList<>();
    OperatorSubtaskState state = null;
    for (int from = 0; from < inputs.size(); from += 17) {
      try (var part = harness(Map.of(), backend, state)) {
        for (EntityInput input : inputs.subList(from, Math.min(inputs.size(), from + 17))) {
          part.send(input);
        }
        if (from + 17 >= inputs.size()) {
          part.reach(timeMillis(10_000));
        }
        state = part.snapshot();
        actual.addAll(texts(part.output()));
        actualMeans.addAll(means(part));
      }
    }
    assertThat(actual).isEqualTo(expected);
    assertThat(actualMeans).isEqualTo(expectedMeans).hasSize(4);
  }

  /** The clock of a machine jumps an hour ahead and back: signals go on, none is scored twice. */
  @Test
  void clockThatJumpsAheadAndBack() throws Exception {
    try (var harness = harness()) {
      harness.send(fleet(node(1)));
      harness.send(machine(1, 0), machine(1, 240), machine(1, 1), machine(1, 241));
      assertThat(harness.output())
          .extracting(input -> input.requireSample().timeMillis())
          .containsExactly(timeMillis(0), timeMillis(240), timeMillis(241));
      assertThat(reasons(harness)).containsExactly(DeadReason.LATE);
      assertThat(harness.output().get(1).requireSample().has(Signal.CPU_BUSY))
          .as("no rate over a gap of an hour")
          .isFalse();
    }
  }

  private static List<String> texts(List<SignalInput> outputs) {
    return outputs.stream()
        .map(
            input -> {
              SignalSample sample = Objects.requireNonNull(input.sample());
              return sample.entity()
                  + sample.timeMillis()
                  + java.util.Arrays.toString(sample.values());
            })
        .toList();
  }

  private static List<String> means(KeyedHarness<?, ?, ?, ?> harness) {
    return harness.side(SenseTags.PEER_MEANS).stream()
        .map(
            input ->
                input.endMillis()
                    + " "
                    + (input.member().startsWith("node/")
                        ? input.means().mean(Signal.CPU_BUSY)
                        : input.means().mean(Signal.DISK_LATENCY)))
        .toList();
  }
}
