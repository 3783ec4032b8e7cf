package io.forestall.topologies;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.operators.ModelInput;
import io.forestall.operators.train.ShippedModel;
import io.forestall.operators.train.TrainInput;
import io.forestall.operators.train.TrainSettings;
import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskSample;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.TrialVerdict;
import io.forestall.topologies.CollectedTrainPorts.Run;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExternalizedCheckpointRetention;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.apache.flink.streaming.api.graph.StreamNode;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(240)
class TrainJobTest {

  private static final long DAY_MILLIS = 86_400_000L;
  private static final int FIRST_DAY = 16_010;
  private static final int DAYS = 330;
  private static final int DISKS = 120;

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
    TrainSettings settings = TrainSettings.defaults();
    TrainJob.define(
        env,
        new KafkaTrainPorts(settings),
        settings,
        new ShippedModel("disk-lstm", 1, new byte[] {1}),
        new Dl4jTrainers(settings));

    StreamGraph graph = env.getStreamGraph();

    assertThat(graph.getJobName()).isEqualTo(TrainJob.NAME);
    assertThat(graph.getJobGraph().getVerticesAsArray()).isNotEmpty();
    Set<String> uids =
        graph.getStreamNodes().stream()
            .map(StreamNode::getTransformationUID)
            .filter(Objects::nonNull)
            .map(uid -> uid.replaceAll("^Sink Committer: ", ""))
            .collect(Collectors.toSet());
    assertThat(uids).containsExactlyInAnyOrderElementsOf(constants());
  }

  private static Set<String> constants() throws IllegalAccessException {
    Set<String> uids = new HashSet<>();
    for (Field field : TrainUids.class.getFields()) {
      assertThat(uids.add((String) field.get(null))).as("%s is used once", field).isTrue();
    }
    return uids;
  }

  @Test
  void wrongOptionIsRefusedAtTheStart() {
    assertThatThrownBy(() -> TrainJob.main(new String[] {"--forestall.train.horizon", "soon"}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("forestall-train cannot start")
        .hasMessageContaining("forestall.train.horizon is 'soon'");
  }

  /** Disks that report once a day, a third of which fail sooner or later. */
  private static Run fleet() {
    Run run = new Run();
    run.models.add(new ModelInput("disk/none/1", new byte[] {1}, 0, 0));
    for (int day = FIRST_DAY; day < FIRST_DAY + DAYS; day++) {
      for (int disk = 0; disk < DISKS; disk++) {
        long time = day * DAY_MILLIS + disk;
        int failureDay = failureDay(disk);
        if (day < failureDay) {
          double[] values = DiskSample.absentValues();
          values[DiskMetric.PENDING_SECTORS.ordinal()] = failureDay - day < 20 ? 20 : 0;
          run.samples.add(TrainInput.sample(new DiskSample("D" + disk, "M", time, values)));
        } else if (day == failureDay) {
          run.failures.add(TrainInput.failed("D" + disk, time));
        }
      }
    }
    run.failures.add(TrainInput.failed("nobody", (FIRST_DAY + 5) * DAY_MILLIS));
    return run;
  }

  private static int failureDay(int disk) {
    return disk % 3 == 0 ? FIRST_DAY + 25 + 7 * (disk / 3) : Integer.MAX_VALUE;
  }

  private static TrainSettings settings(boolean hold) {
    return TrainSettings.from(
        Configuration.fromMap(
            Map.of(
                "forestall.train.model-update-interval", "100 d",
                "forestall.train.test-period", "60 d",
                "forestall.train.held-out-share", "0.5",
                "forestall.train.least-failures", "3",
                "forestall.train.bootstrap-rounds", "50",
                "forestall.train.hold-while-training", Boolean.toString(hold))));
  }

  private static JobClient start(String name, Run run, boolean hold, Configuration more)
      throws Exception {
    Configuration configuration = new Configuration(more);
    StreamExecutionEnvironment env =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    env.setParallelism(2);
    TrainJob.define(
        env,
        new CollectedTrainPorts(name, run),
        settings(hold),
        new ShippedModel("disk-lstm", 1, new byte[] {1}),
        TestingTrainers.factory(name));
    return env.executeAsync(TrainJob.NAME);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aFleetGoesInAndModelsComeOut(boolean hold) throws Exception {
    Run run = fleet();
    String name = "whole-" + hold;
    TestingTrainers trainer = TestingTrainers.named(name, false);
    start(name, run, hold, new Configuration()).getJobExecutionResult().get(120, TimeUnit.SECONDS);

    // Trials at days 16100 and 16200 lack history or failures; the third is real.
    assertThat(run.trials).hasSizeBetween(hold ? 4 : 1, 4);
    assertThat(run.trials).anyMatch(trial -> trial.getVerdict() == TrialVerdict.ACCEPTED);
    assertThat(run.accepted).hasSameSizeAs(trainer.tasks);
    assertThat(run.accepted).isNotEmpty();
    ModelRecord first = byVersion(run).get(0);
    assertThat(first.getVersion()).isEqualTo(2);
    assertThat(first.getPublishedMillis() % (100 * DAY_MILLIS)).isZero();
    for (var task : trainer.tasks) {
      task.plan()
          .training()
          .forEach(
              log -> {
                int disk = Integer.parseInt(log.serial().substring(1));
                assertThat(
                        log.failureDay() == Integer.MAX_VALUE
                            || log.failureDay() == failureDay(disk))
                    .as("%s", log)
                    .isTrue();
              });
    }
  }

  /** The training of a replay holds the input; a checkpoint completes, and begins it again. */
  @Test
  void aCheckpointDuringAHeldTrainingRestores(
      @TempDir Path folder, @InjectMiniCluster MiniCluster cluster) throws Exception {
    Run undisturbed = fleet();
    TestingTrainers.named("undisturbed", false);
    start("undisturbed", undisturbed, true, new Configuration())
        .getJobExecutionResult()
        .get(120, TimeUnit.SECONDS);

    Configuration checkpoints = new Configuration();
    // With none at all, barriers would be tracked and never overtake.
    checkpoints.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofHours(1));
    // One that meets a source at its very end may hang: it gives way to the next.
    checkpoints.set(CheckpointingOptions.CHECKPOINTING_TIMEOUT, Duration.ofSeconds(15));
    checkpoints.set(CheckpointingOptions.TOLERABLE_FAILURE_NUMBER, 100);
    checkpoints.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, folder.toUri().toString());
    checkpoints.set(
        CheckpointingOptions.EXTERNALIZED_CHECKPOINT_RETENTION,
        ExternalizedCheckpointRetention.RETAIN_ON_CANCELLATION);
    Run held = fleet();
    held.last = new CompletableFuture<>();
    TestingTrainers trainer = TestingTrainers.named("held", true);
    JobClient job = start("held", held, true, checkpoints);
    await(() -> !trainer.tasks.isEmpty(), "training begins");
    String path = checkpoint(cluster, job);
    assertThat(trainer.gate.getCount()).as("training still goes on").isEqualTo(1);
    assertThat(trainer.tasks).hasSize(1);
    job.cancel().get(60, TimeUnit.SECONDS);
    trainer.gate.countDown();
    assertThat(held.accepted).isEmpty();

    Configuration from = new Configuration(checkpoints);
    from.set(StateRecoveryOptions.SAVEPOINT_PATH, path);
    // A job that has read everything ends with its next checkpoint.
    from.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(500));
    Run restored = fleet();
    TestingTrainers again = TestingTrainers.named("restored", false);
    start("restored", restored, true, from).getJobExecutionResult().get(120, TimeUnit.SECONDS);
    assertThat(again.tasks.get(0).seed()).isEqualTo(trainer.tasks.get(0).seed());
    assertThat(again.tasks.get(0).plan().toString())
        .isEqualTo(trainer.tasks.get(0).plan().toString());
    assertThat(byVersion(restored)).isEqualTo(byVersion(undisturbed));
  }

  /** Sinks run beside each other: the order of arrival says nothing. */
  private static List<ModelRecord> byVersion(Run run) {
    return run.accepted.stream().sorted(Comparator.comparingInt(ModelRecord::getVersion)).toList();
  }

  /** A source that has just come to its end may make a checkpoint fail; the next one knows. */
  private static String checkpoint(MiniCluster cluster, JobClient job) throws Exception {
    ExecutionException last = null;
    for (int tried = 0; tried < 20; tried++) {
      try {
        return cluster.triggerCheckpoint(job.getJobID()).get(60, TimeUnit.SECONDS);
      } catch (ExecutionException e) {
        last = e;
      }
    }
    throw Objects.requireNonNull(last);
  }

  private static void await(BooleanSupplier holds, String what) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!holds.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(end);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
  }
}
