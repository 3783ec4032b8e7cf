package io.forestall.topologies;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.DeltaFold.Verdict;
import io.forestall.decisions.ownership.DeltaOrder;
import io.forestall.decisions.shadow.HolderReport;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.operators.move.MoveInput;
import io.forestall.operators.move.MoveSettings;
import io.forestall.schemas.DeadReason;
import io.forestall.topologies.CollectedMovePorts.Run;
import io.forestall.wire.DeadLetters;
import io.forestall.wire.DeltaRecords;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.apache.flink.streaming.api.graph.StreamNode;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(180)
class MoveJobTest {

  private static final long NOW = 1_767_225_600_000L;
  private static final Subject OWNER = Subject.node("n-1");
  private static final Subject SHADOW = Subject.node("n-7");
  private static final int UNITS = 5;
  private static final int WRITES = 200;

  @RegisterExtension
  private static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder()
              .setNumberTaskManagers(1)
              .setNumberSlotsPerTaskManager(4)
              .build());

  @Test
  void everyOperatorOnKafkaHasAUidOfItsOwnAndNoKryo() throws Exception {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
    MoveJob.define(env, new Configuration());

    StreamGraph graph = env.getStreamGraph();

    assertThat(graph.getJobName()).isEqualTo(MoveJob.NAME);
    assertThat(graph.getJobGraph().getVerticesAsArray()).isNotEmpty();
    Set<String> uids =
        graph.getStreamNodes().stream()
            .map(StreamNode::getTransformationUID)
            .filter(Objects::nonNull)
            .map(uid -> uid.replaceAll("^Sink Committer: ", ""))
            .collect(Collectors.toSet());
    assertThat(uids).containsExactlyInAnyOrderElementsOf(constants());
  }

  @Test
  void wrongOptionIsRefusedAtTheStart() {
    assertThatThrownBy(() -> MoveJob.main(new String[] {"--forestall.move.history", "soon"}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("forestall-move cannot start")
        .hasMessageContaining("forestall.move.history is 'soon'");
  }

  private static Set<String> constants() throws IllegalAccessException {
    Set<String> uids = new HashSet<>();
    for (Field field : MoveUids.class.getFields()) {
      assertThat(uids.add((String) field.get(null))).as("%s is used once", field).isTrue();
    }
    return uids;
  }

  @Test
  void theLogBecomesAStreamForEachShadow() throws Exception {
    Run run = inputs();
    JobClient job = start("streams", run, new Configuration(), 2);
    begins(run);
    open(run, "deltas");
    job.getJobExecutionResult().get(120, TimeUnit.SECONDS);

    Map<String, Long> ends = follow(run.steps);
    assertThat(ends).hasSize(UNITS).containsValue((long) WRITES).doesNotContainValue(0L);
    assertThat(ends.values()).containsOnly((long) WRITES);
    assertThat(run.deadLetters).hasSize(1);
    assertThat(run.events).isEmpty();
  }

  /**
   * A savepoint in mid-stream, steps that leave after it, and a start from it with as many subtasks
   * or others: no step is missing, and those that leave again are the same.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void aRestoreInMidStreamLeavesNoGap(int parallelism, @TempDir Path directory) throws Exception {
    int half = UNITS * WRITES / 2;
    int more = half + 137;
    Run first = inputs();
    CompletableFuture<Void> behindHalf = first.gate("deltas", half);
    first.gate("deltas", more);
    JobClient job = start("first-" + parallelism, first, new Configuration(), 2);
    begins(first);
    open(first, "deltas");
    await("half", () -> sent(first.steps) >= half - UNITS);
    String savepoint =
        job.triggerSavepoint(directory.toUri().toString(), SavepointFormatType.CANONICAL)
            .get(60, TimeUnit.SECONDS);
    behindHalf.complete(null);
    await("more", () -> sent(first.steps) >= more - UNITS);
    job.cancel().get(60, TimeUnit.SECONDS);
    await("the end", () -> ended(job));

    Run second = inputs();
    second.before.put("deltas", half);
    Configuration from = new Configuration();
    from.set(StateRecoveryOptions.SAVEPOINT_PATH, savepoint);
    JobClient again = start("second-" + parallelism, second, from, parallelism);
    open(second, "maps");
    open(second, "reports");
    open(second, "deltas");
    again.getJobExecutionResult().get(120, TimeUnit.SECONDS);

    List<ShadowStep> all = new ArrayList<>(first.steps);
    all.addAll(second.steps);
    assertThat(follow(all).values()).hasSize(UNITS).containsOnly((long) WRITES);
    assertThat(sent(second.steps))
        .as("from the savepoint on, each once")
        .isEqualTo(UNITS * WRITES - half);
    assertThat(second.steps).as("no stream begins anew").noneMatch(ShadowStep::isResync);
    assertThat(second.events).isEmpty();
  }

  /** Units with a shadow each, and one without; a record that cannot be read. */
  private static Run inputs() {
    Run run = new Run();
    List<MoveInput.Unit> units = new ArrayList<>();
    for (int unit = 0; unit < UNITS; unit++) {
      units.add(new MoveInput.Unit("v/" + unit, OWNER, 1 << 20, List.of(SHADOW)));
      run.reports.add(report("v/" + unit, 0));
    }
    for (int unit = 0; unit < UNITS; unit++) {
      run.reports.add(report("v/" + unit, 1));
    }
    run.maps.add(new MoveInput.SliceRead("v/0", "v", "p1", 1, 4096, units));
    for (int sequence = 1; sequence <= WRITES; sequence++) {
      for (int unit = 0; unit < UNITS; unit++) {
        run.deltas.add(delta("v/" + unit, sequence, run.deltas.size()));
      }
    }
    run.deltas.add(
        new MoveInput.Unreadable(
            "",
            0,
            run.deltas.size(),
            0,
            new DeadLetters("move")
                .record("t", 0, 1, NOW, DeadReason.UNDECODABLE, "why", new byte[] {1}, 1)));
    run.deltas.add(delta("w/0", 1, run.deltas.size()));
    run.gate("maps", 0);
    run.gate("reports", 0);
    run.gate("deltas", 0);
    return run;
  }

  private static MoveInput report(String unit, long sequence) {
    return new MoveInput.Reported(
        new HolderReport(
            unit, OWNER, true, 1, sequence, "none", List.of(), 0, 0, false, null, NOW));
  }

  private static MoveInput delta(String unit, long sequence, int offset) {
    byte[] payload = {1, 2, (byte) sequence};
    int crc = DeltaRecords.crc(payload, 0, payload.length);
    return new MoveInput.DeltaRead(
        new Delta(
            unit,
            1,
            sequence,
            Delta.Kind.WRITE,
            0,
            payload.length,
            "NONE",
            payload,
            crc,
            crc,
            "n-1",
            "c",
            sequence,
            0,
            NOW),
        0,
        offset,
        0,
        System.currentTimeMillis());
  }

  private static JobClient start(String name, Run run, Configuration configuration, int parallelism)
      throws Exception {
    StreamExecutionEnvironment env =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    env.setParallelism(parallelism);
    Configuration options = new Configuration();
    options.setString("forestall.move.hot-units", "2");
    MoveJob.define(env, new CollectedMovePorts(name, run), MoveSettings.from(options));
    return env.executeAsync(name);
  }

  /** The map is taken, then the words of the holders. */
  private static void begins(Run run) {
    open(run, "maps");
    await("the map is taken", () -> run.standings.size() >= UNITS);
    open(run, "reports");
    await("the streams begin", () -> run.steps.size() >= UNITS);
  }

  private static void open(Run run, String port) {
    run.gate(port, 0).complete(null);
  }

  private static long sent(Collection<ShadowStep> steps) {
    return steps.stream().filter(step -> !step.isResync()).count()
        // The first write of each unit is in doubt, and fetched.
        + steps.stream().filter(step -> step.isResync() && step.previousSequence() == 0).count();
  }

  /** Follows the streams as a shadow does, and says where each ends. */
  private static Map<String, Long> follow(Collection<ShadowStep> steps) {
    Map<String, DeltaOrder> orders = new HashMap<>();
    for (ShadowStep step : steps) {
      DeltaOrder order = orders.get(step.unit());
      if (step.isResync()) {
        boolean goesOn =
            order == null
                || (step.previousSequence() <= order.lastSequence()
                    && order.lastSequence() < step.sequence());
        if (goesOn) {
          orders.put(step.unit(), new DeltaOrder(step.epoch(), step.sequence()));
        }
        continue;
      }
      assertThat(order).as("a stream begins with a RESYNC").isNotNull();
      Verdict verdict = Objects.requireNonNull(order).take(false, step.epoch(), step.sequence());
      assertThat(verdict).as("%s", step).isIn(Verdict.COUNTS, Verdict.REPEAT);
    }
    Map<String, Long> ends = new HashMap<>();
    orders.forEach((unit, order) -> ends.put(unit, order.lastSequence()));
    return ends;
  }

  private static boolean ended(JobClient job) {
    try {
      return job.getJobStatus().get(10, TimeUnit.SECONDS).isGloballyTerminalState();
    } catch (Exception e) {
      return true;
    }
  }

  private static void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(end);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
  }
}
