package io.forestall.operators;

import static io.forestall.operators.TestingMachines.START_MILLIS;
import static io.forestall.operators.TestingMachines.STEP_MILLIS;
import static io.forestall.operators.TestingMachines.disk;
import static io.forestall.operators.TestingMachines.drive;
import static io.forestall.operators.TestingMachines.fleet;
import static io.forestall.operators.TestingMachines.machine;
import static io.forestall.operators.TestingMachines.node;
import static io.forestall.operators.TestingMachines.timeMillis;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeAssessment;
import io.forestall.risk.symptom.Finding;
import io.forestall.schemas.AnomalyRecord;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SymptomFunctionTest {

  private static final SenseSettings SETTINGS = SenseSettings.defaults();
  private static final int DRIVES = 6;

  /** A quarter of an hour of machines and disks: three windows of peers. */
  private static final int STEPS = 75;

  private static List<EntityInput> partition(int of, int partitions) {
    List<EntityInput> inputs = new ArrayList<>();
    for (int step = 0; step < STEPS; step++) {
      for (int number = of; number < DRIVES; number += partitions) {
        inputs.add(disk(number, step, number == 0 ? 40 : Integer.MAX_VALUE));
        inputs.add(machine(number, step));
      }
    }
    return inputs;
  }

  private static void fleetEntries(SymptomPipeline pipeline) throws Exception {
    for (int number = 0; number < DRIVES; number++) {
      pipeline.send(fleet(drive(number))).send(fleet(node(number)));
    }
  }

  /** Partitions are dealt out at random; event time follows the slowest, as in the job. */
  private static SymptomPipeline run(long seed, int partitions) throws Exception {
    SymptomPipeline pipeline = new SymptomPipeline(SETTINGS);
    fleetEntries(pipeline);
    Random random = new Random(seed);
    List<ArrayDeque<EntityInput>> queues = new ArrayList<>();
    for (int i = 0; i < partitions; i++) {
      queues.add(new ArrayDeque<>(partition(i, partitions)));
    }
    while (true) {
      List<ArrayDeque<EntityInput>> left = queues.stream().filter(q -> !q.isEmpty()).toList();
      if (left.isEmpty()) {
        break;
      }
      ArrayDeque<EntityInput> queue = left.get(random.nextInt(left.size()));
      for (int i = 1 + random.nextInt(40); i > 0 && !queue.isEmpty(); i--) {
        pipeline.send(queue.remove());
      }
      long slowest =
          left.stream()
              .mapToLong(q -> q.isEmpty() ? Long.MAX_VALUE : q.element().timeMillis())
              .min()
              .orElseThrow();
      if (slowest != Long.MAX_VALUE) {
        pipeline.reach(slowest - STEP_MILLIS - SETTINGS.outOfOrdernessMillis() - 1);
      }
    }
    pipeline.reach(Long.MAX_VALUE);
    return pipeline;
  }

  /** By thing: everything that was said of it. */
  private static Map<String, List<String>> said(SymptomPipeline pipeline) {
    Map<String, List<String>> said = new TreeMap<>();
    for (NodeInput input : pipeline.symptoms.output()) {
      said.computeIfAbsent(input.entity(), entity -> new ArrayList<>())
          .add(String.valueOf(input.finding()));
    }
    for (DiskInput input : pipeline.symptoms.side(SenseTags.DRIVE_FINDINGS)) {
      said.computeIfAbsent(input.disk(), entity -> new ArrayList<>())
          .add(input.finding().toString());
    }
    for (AnomalyRecord record : pipeline.symptoms.side(SenseTags.ANOMALIES)) {
      said.computeIfAbsent(record.getEntity().getId() + " anomalies", entity -> new ArrayList<>())
          .add(record.toString());
    }
    for (BaselineUpdate update : pipeline.symptoms.side(SenseTags.BASELINES)) {
      said.computeIfAbsent(update.key() + " baselines", entity -> new ArrayList<>())
          .add(update.toString());
    }
    return said;
  }

  @Test
  void orderOfArrivalNeverChangesAFinding() throws Exception {
    Map<String, List<String>> expected;
    try (SymptomPipeline inOrder = run(1, 1)) {
      expected = said(inOrder);
      assertThat(inOrder.symptoms.output()).hasSize(DRIVES * STEPS);
      assertThat(inOrder.symptoms.keys(SymptomFunction.MEMORY)).isEqualTo(2 * DRIVES);
      assertThat(inOrder.symptoms.timers()).isZero();
    }
    for (long seed = 2; seed < 6; seed++) {
      try (SymptomPipeline shuffled = run(seed, 3)) {
        assertThat(said(shuffled)).as("seed %d", seed).isEqualTo(expected);
      }
    }
  }

  @Test
  void diskThatGrowsSlowIsFoundAndItsAnomalyBegins() throws Exception {
    try (SymptomPipeline pipeline = run(1, 1)) {
      List<DiskInput> slow =
          pipeline.symptoms.side(SenseTags.DRIVE_FINDINGS).stream()
              .filter(input -> input.disk().equals("SYN000000"))
              .toList();
      assertThat(failSlow(slow.get(slow.size() - 1).finding()))
          .as("at the end")
          .isGreaterThan(10 * failSlow(slow.get(0).finding()));
      assertThat(pipeline.symptoms.side(SenseTags.ANOMALIES))
          .filteredOn(record -> record.getSignal().equals("disk_latency_seconds"))
          .isNotEmpty()
          .allSatisfy(
              record -> {
                assertThat(record.getEntity().getId()).isEqualTo("SYN000000");
                assertThat(record.getNode()).isEqualTo("n-0001");
                assertThat(record.getSinceMillis())
                    .isBetween(timeMillis(40), record.getTimeMillis());
                assertThat(record.getText()).startsWith("Disk latency is");
              });
      assertThat(slow.size()).as("only what matters").isLessThan(STEPS);
    }
  }

  private static double failSlow(Finding finding) {
    return finding.modes().stream()
        .filter(mode -> mode.mode() == FailureMode.FAIL_SLOW)
        .mapToDouble(ModeAssessment::probability)
        .max()
        .orElseThrow();
  }

  @Test
  void baselinesAreWrittenNowAndThen() throws Exception {
    try (SymptomPipeline pipeline = run(1, 1)) {
      assertThat(
              pipeline.symptoms.side(SenseTags.BASELINES).stream()
                  .filter(update -> update.key().equals(node(1)))
                  .map(update -> Objects.requireNonNull(update.baseline()).getTimeMillis()))
          .containsExactly(START_MILLIS, START_MILLIS + 600_000);
    }
  }

  @Test
  void sampleAheadOfTheOthersWaitsBoundedForItsWindow() throws Exception {
    SenseSettings settings =
        SenseSettings.from(Configuration.fromMap(Map.of("forestall.sense.peer-wait-limit", "3")));
    try (SymptomPipeline pipeline = new SymptomPipeline(settings)) {
      pipeline.send(fleet(node(1)));
      for (int step = 100; step < 105; step++) {
        pipeline.send(machine(1, step));
      }
      assertThat(pipeline.symptoms.output()).as("the older half of four").hasSize(2);
      assertThat(pipeline.symptoms.keys(SymptomFunction.WAIT)).isEqualTo(1);
      assertThat(pipeline.symptoms.timers()).isEqualTo(1);
      pipeline.reach(timeMillis(100) - SETTINGS.outOfOrdernessMillis());
      assertThat(pipeline.symptoms.output()).hasSize(5);
      assertThat(pipeline.symptoms.keys(SymptomFunction.WAIT)).isZero();
      assertThat(pipeline.symptoms.keys(SymptomFunction.WAITING)).isZero();
      assertThat(pipeline.symptoms.timers()).isZero();
      assertThat(pipeline.symptoms.output())
          .extracting(NodeInput::timeMillis)
          .isSorted()
          .doesNotHaveDuplicates();
    }
  }

  @Test
  void tombstoneClearsStateTimersAndRecords() throws Exception {
    try (SymptomPipeline pipeline = new SymptomPipeline(SETTINGS)) {
      pipeline.send(fleet(node(1))).send(fleet(drive(1)));
      pipeline.reach(timeMillis(0));
      pipeline.send(machine(1, 1)).send(disk(1, 1));
      pipeline.send(machine(1, 1000)).send(disk(1, 1000));
      assertThat(pipeline.symptoms.timers()).as("both wait").isEqualTo(2);
      pipeline.send(EntityInput.tombstone(node(1))).send(EntityInput.tombstone(drive(1)));

      assertThat(pipeline.symptoms.keys(SymptomFunction.MEMORY)).isZero();
      assertThat(pipeline.symptoms.keys(SymptomFunction.WAIT)).isZero();
      assertThat(pipeline.symptoms.keys(SymptomFunction.WAITING)).isZero();
      assertThat(pipeline.symptoms.timers()).isZero();
      List<NodeInput> outputs = pipeline.symptoms.output();
      assertThat(outputs.get(outputs.size() - 1)).isEqualTo(NodeInput.end(node(1)));
      assertThat(pipeline.symptoms.side(SenseTags.BASELINES))
          .endsWith(new BaselineUpdate(node(1), null), new BaselineUpdate(drive(1), null));
      pipeline.reach(timeMillis(5000));
      assertThat(pipeline.symptoms.output()).hasSameSizeAs(outputs);
      assertThat(pipeline.peers.keys(PeerFunction.MEMBERS)).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(RiskHarness.Backend.class)
  void restoreInMidStreamChangesNothing(RiskHarness.Backend backend) throws Exception {
    List<EntityInput> inputs = partition(0, 1);
    Map<String, List<String>> expected = new TreeMap<>();
    try (SymptomPipeline whole = new SymptomPipeline(SETTINGS, backend, List.of())) {
      fleetEntries(whole);
      for (EntityInput input : inputs) {
        whole.send(input);
        whole.reach(input.timeMillis() - SETTINGS.outOfOrdernessMillis() - 1);
      }
      expected.putAll(said(whole));
    }
    Map<String, List<String>> actual = new TreeMap<>();
    List<OperatorSubtaskState> states = List.of();
    int part = inputs.size() / 3;
    for (int from = 0; from < inputs.size(); from += part) {
      try (SymptomPipeline pipeline = new SymptomPipeline(SETTINGS, backend, states)) {
        if (from == 0) {
          fleetEntries(pipeline);
        }
        for (EntityInput input : inputs.subList(from, Math.min(inputs.size(), from + part))) {
          pipeline.send(input);
          pipeline.reach(input.timeMillis() - SETTINGS.outOfOrdernessMillis() - 1);
        }
        states = pipeline.snapshot();
        said(pipeline)
            .forEach(
                (thing, words) ->
                    actual.computeIfAbsent(thing, key -> new ArrayList<>()).addAll(words));
      }
    }
    assertThat(actual).isEqualTo(expected);
  }
}
