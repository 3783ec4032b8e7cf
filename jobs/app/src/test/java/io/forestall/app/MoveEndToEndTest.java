package io.forestall.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.app.runtime.Await;
import io.forestall.app.runtime.EmbeddedFlink.SubmittedJob;
import io.forestall.app.runtime.LocalRuntime;
import io.forestall.app.runtime.LoopbackMetricsReporter;
import io.forestall.app.runtime.Ports;
import io.forestall.app.watch.MetricCatalogue;
import io.forestall.app.watch.MetricCatalogue.From;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Event;
import io.forestall.schemas.ShadowStatus;
import io.forestall.schemas.Topics;
import io.forestall.topologies.MoveJob;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The move job as a user runs it: a real broker, checkpoints, an owner that never stops writing.
 */
@Timeout(600)
class MoveEndToEndTest {

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int UNITS = 4;
  private static final Pattern OURS =
      Pattern.compile("flink_taskmanager_job_task_operator_forestall_[a-zA-Z_]+");

  /**
   * A savepoint, a dead TaskManager, a start from the savepoint that is old by then: the streams
   * have no gap, no stream begins anew, and the bytes are the owner's.
   */
  @Test
  void aRestoreInMidStreamLeavesNoGapAndRepeatsChangeNothing(@TempDir Path directory)
      throws Exception {
    try (LocalRuntime runtime = start(directory, new Configuration());
        TestingCopies copies = new TestingCopies(runtime, UNITS)) {
      copies.map(1);
      SubmittedJob first = submit(runtime, MoveJob.NAME, Map.of());
      copies.awaitSame();
      int begun = copies.beginnings();
      copies.awaitWrites(100);
      String savepoint =
          runtime
              .flink()
              .miniCluster()
              .triggerSavepoint(
                  first.id(),
                  directory.resolve("savepoints").toUri().toString(),
                  false,
                  SavepointFormatType.CANONICAL)
              .get(60, TimeUnit.SECONDS);
      copies.awaitWrites(100);

      runtime.flink().miniCluster().terminateTaskManager(0).get(60, TimeUnit.SECONDS);
      runtime.flink().miniCluster().startTaskManager();
      copies.awaitWrites(50);
      copies.awaitSame();
      assertThat(copies.beginnings()).as("none began anew").isEqualTo(begun);

      cancel(runtime, first);
      copies.awaitWrites(100);
      long repeats = copies.repeats();
      submit(
          runtime,
          MoveJob.NAME + "-again",
          Map.of("execution.state-recovery.path", savepoint, "parallelism.default", "1"));
      copies.awaitWrites(50);
      copies.awaitSame();
      assertThat(copies.beginnings()).as("none began anew").isEqualTo(begun);
      assertThat(copies.repeats()).as("steps came again").isGreaterThan(repeats + 100);
    }
  }

  /**
   * What is written to a cold unit does not wait until all that was written to a hot one is fed.
   */
  @Test
  void aColdUnitDoesNotWaitForAHotOne(@TempDir Path directory) throws Exception {
    try (LocalRuntime runtime = start(directory, new Configuration());
        TestingCopies copies = new TestingCopies(runtime, 2)) {
      copies.map(1);
      SubmittedJob first = submit(runtime, MoveJob.NAME, Map.of());
      copies.awaitSame();
      runtime.flink().checkpoint(first, PATIENCE);
      cancel(runtime, first);
      copies.writes(false);
      assertThat(copies.deltaEnds()).as("the units stand in partitions of their own").hasSize(2);
      int hotBefore = copies.stepMillis(0).size();
      copies.burst(0, 3_000);
      copies.burst(1, 3);

      submit(runtime, MoveJob.NAME, Map.of());
      copies.awaitSame();

      List<Long> hot = copies.stepMillis(0);
      List<Long> fed = hot.subList(hotBefore, hot.size());
      List<Long> cold = copies.stepMillis(1);
      long coldFedMillis = cold.get(cold.size() - 1);
      assertThat(fed).hasSizeGreaterThanOrEqualTo(3_000);
      assertThat(fed.stream().filter(each -> each > coldFedMillis).count())
          .as("of the hot unit's steps came later than all of the cold one's")
          .isGreaterThan(fed.size() / 2);
    }
  }

  /** A part of the log is gone, a record is none, a byte has rotted: each is told and made good. */
  @Test
  void whatIsLostOrDamagedIsMadeGoodAndTold(@TempDir Path directory) throws Exception {
    Configuration flink = new Configuration();
    int port = Ports.firstFree(0, 0, "the metrics", "--metrics-port");
    assertThat(LoopbackMetricsReporter.configure(flink, port)).isTrue();
    try (LocalRuntime runtime = start(directory, flink);
        TestingPools topics = new TestingPools(runtime);
        TestingCopies copies = new TestingCopies(runtime, UNITS)) {
      copies.map(1);
      SubmittedJob first = submit(runtime, MoveJob.NAME, Map.of());
      copies.awaitSame();
      int begun = copies.beginnings();

      copies.poison(0);
      copies.awaitWrites(20);
      copies.awaitSame();
      topics.await(
          Topics.DEAD_LETTERS,
          DeadLetter.class,
          "a letter of the log",
          all ->
              all.stream()
                  .anyMatch(
                      each ->
                          each.getComponent().equals("move")
                              && each.getOrigin().contains("deltas")));
      assertThat(copies.beginnings()).as("nothing was lost").isEqualTo(begun);

      copies.rot(1, 7);
      topics.await(
          Topics.EVENTS,
          Event.class,
          "the divergence is told",
          all ->
              all.stream()
                  .anyMatch(
                      each ->
                          each.getType().equals("copy.diverged")
                              && each.getEntity().getId().equals(TestingCopies.SHADOW.id())));
      metrics(port);

      // The job is away for longer than the log is kept.
      runtime.flink().checkpoint(first, PATIENCE);
      cancel(runtime, first);
      copies.awaitWrites(50);
      Map<org.apache.kafka.common.TopicPartition, RecordsToDelete> gone = new HashMap<>();
      copies
          .deltaEnds()
          .forEach((partition, end) -> gone.put(partition, RecordsToDelete.beforeOffset(end)));
      try (Admin admin = runtime.kafkaOptions().openAdmin()) {
        admin.deleteRecords(gone).all().get();
      }
      SubmittedJob second = submit(runtime, MoveJob.NAME, Map.of());
      assertThat(second.resumedFrom()).isNotNull();
      copies.awaitWrites(50);
      copies.awaitSame();
      assertThat(copies.beginnings()).as("all that was lost is fetched").isEqualTo(begun + UNITS);
      topics.await(
          Topics.EVENTS,
          Event.class,
          "the loss is told",
          all ->
              all.stream().filter(each -> each.getType().equals("shadow.stream.lost")).count()
                  >= UNITS);
      topics.await(
          Topics.SHADOWS,
          ShadowStatus.class,
          "the shadows are said to be in sync",
          all -> inSync(all) == UNITS);
    }
  }

  private static long inSync(List<ShadowStatus> all) {
    Map<String, String> newest = new HashMap<>();
    all.forEach(each -> newest.put(each.getUnit(), each.getState().name()));
    return newest.values().stream().filter(each -> each.equals("IN_SYNC")).count();
  }

  /** The catalogue lists what the job exports, and the job exports what the catalogue lists. */
  private static void metrics(int port) throws Exception {
    Set<String> listed =
        MetricCatalogue.shipped().from(From.MOVE).stream()
            .map(MetricCatalogue.Metric::name)
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> shared =
        MetricCatalogue.shipped().from(From.SENSE).stream()
            .map(MetricCatalogue.Metric::name)
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> exported = new TreeSet<>();
    Await.until(
        PATIENCE,
        "the reporter serves all of them",
        () -> {
          String page =
              HttpClient.newHttpClient()
                  .send(
                      HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                          .build(),
                      BodyHandlers.ofString())
                  .body();
          Matcher matcher = OURS.matcher(page);
          while (matcher.find()) {
            exported.add(matcher.group());
          }
          return exported.containsAll(listed);
        });
    exported.removeAll(listed);
    assertThat(shared).as("what the catalogue does not list").containsAll(exported);
  }

  private static void cancel(LocalRuntime runtime, SubmittedJob job) throws Exception {
    var unused = runtime.flink().miniCluster().cancelJob(job.id()).get(60, TimeUnit.SECONDS);
    Await.until(
        PATIENCE, "the run ends", () -> runtime.flink().status(job).isGloballyTerminalState());
  }

  private static LocalRuntime start(Path directory, Configuration flink) {
    flink.setString("execution.checkpointing.interval", "500 ms");
    LocalRuntime runtime =
        LocalRuntime.start(LocalRuntime.Settings.in(directory.resolve("runtime")).withFlink(flink));
    runtime.createTopics();
    return runtime;
  }

  private static SubmittedJob submit(
      LocalRuntime runtime, String name, Map<String, String> options) {
    Map<String, String> all = new HashMap<>(options);
    all.put("forestall.kafka.bootstrap.servers", runtime.kafka().bootstrapServers());
    Configuration configuration = Configuration.fromMap(all);
    SubmittedJob job =
        runtime
            .flink()
            .submit(
                name,
                configuration,
                env -> {
                  if (configuration.containsKey("parallelism.default")) {
                    env.setParallelism(1);
                  }
                  MoveJob.define(env, configuration);
                });
    runtime.flink().awaitRunning(job, PATIENCE);
    return Objects.requireNonNull(job);
  }
}
