package io.forestall.topologies;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.operators.DiskInput;
import io.forestall.operators.EntityInput;
import io.forestall.operators.Home;
import io.forestall.operators.ModelFactory;
import io.forestall.operators.NodeInput;
import io.forestall.operators.RiskRecords;
import io.forestall.operators.RiskUpdate;
import io.forestall.operators.SenseInput;
import io.forestall.operators.SenseLane;
import io.forestall.operators.SenseSettings;
import io.forestall.risk.Assessment;
import io.forestall.risk.CompiledLstm;
import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskRiskEngine;
import io.forestall.risk.DiskSample;
import io.forestall.risk.DiskState;
import io.forestall.risk.ModelFile;
import io.forestall.risk.ModelSet;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.Risk;
import io.forestall.topologies.CollectedSensePorts.Collected;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.apache.flink.streaming.api.graph.StreamNode;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class SenseJobTest {

  private static final int DISKS = 40;
  private static final int DAYS = 25;
  private static final int THIRD = DISKS * (DAYS / 3);
  private static final int UNKNOWN_DISK = DISKS - 1;
  private static final long DAY_MILLIS = 86_400_000L;
  private static final ModelFile SHIPPED =
      TestingModels.file("disk-lstm", 1, -2f, io.forestall.risk.FeatureExtractor.INPUTS, 8, 4);

  @RegisterExtension
  private static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder()
              .setNumberTaskManagers(1)
              .setNumberSlotsPerTaskManager(4)
              .build());

  @Test
  void everyOperatorOnKafkaHasAUidOfItsOwnAndNoKryo() throws Exception {
    for (SenseLane lane : SenseLane.values()) {
      StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
      SenseSettings settings = settings(Map.of("forestall.sense.lane", lane.name()));
      SenseJob.define(env, new KafkaSensePorts(settings), settings, SHIPPED.toBytes());

      StreamGraph graph = env.getStreamGraph();

      assertThat(graph.getJobName()).isEqualTo(SenseJob.NAME);
      assertThat(graph.getJobGraph().getVerticesAsArray()).isNotEmpty();
      Set<String> uids =
          graph.getStreamNodes().stream()
              .map(StreamNode::getTransformationUID)
              .filter(Objects::nonNull)
              .map(uid -> uid.replaceAll("^Sink Committer: ", ""))
              .collect(Collectors.toSet());
      Set<String> expected = new HashSet<>(constants());
      if (lane != SenseLane.DL4J) {
        expected.remove(SenseUids.LANE);
      }
      if (lane == SenseLane.OFF) {
        expected.remove(SenseUids.LANE_SINK);
      }
      assertThat(uids).containsExactlyInAnyOrderElementsOf(expected);
    }
  }

  /** A cluster whose lib lacks Deeplearning4j runs the job unless it has the lane. */
  @Test
  void nothingOfDeeplearning4jIsNeededUnlessItHasTheLane() throws Exception {
    WithoutDeeplearning4j classes = new WithoutDeeplearning4j();
    Method define =
        classes
            .loadClass(SenseJob.class.getName())
            .getMethod("define", StreamExecutionEnvironment.class, Configuration.class);

    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
    define.invoke(null, env, new Configuration());
    assertThat(env.getStreamGraph().getStreamNodes()).isNotEmpty();
    assertThat(classes.missed).isEmpty();

    // The test can tell: here it is missed.
    Constructor<?> lane =
        classes.loadClass("io.forestall.topologies.Dl4jModels").getDeclaredConstructor();
    lane.setAccessible(true);
    assertThatThrownBy(() -> ((ModelFactory) lane.newInstance()).create(SHIPPED))
        .isInstanceOf(NoClassDefFoundError.class);
    assertThat(classes.missed).isNotEmpty();
  }

  /** Loads this room's classes anew and knows nothing of Deeplearning4j. */
  private static final class WithoutDeeplearning4j extends ClassLoader {
    private final List<String> missed = new ArrayList<>();

    WithoutDeeplearning4j() {
      super(SenseJobTest.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (name.startsWith("io.forestall.dl4j.") || name.startsWith("org.deeplearning4j.")) {
        missed.add(name);
        throw new ClassNotFoundException(name);
      }
      if (!name.startsWith("io.forestall.topologies.")) {
        return super.loadClass(name, resolve);
      }
      Class<?> loaded = findLoadedClass(name);
      if (loaded != null) {
        return loaded;
      }
      try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
        byte[] bytes = Objects.requireNonNull(in, name).readAllBytes();
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
  }

  @Test
  void wordsOnTheCommandLineWinAndWrongOnesAreNamed() {
    Configuration read =
        Arguments.parse(
            new String[] {
              "--forestall.topic-prefix",
              "replay",
              "-Dforestall.sense.lane=off",
              "--a=b",
              "-D",
              "c=d"
            });
    assertThat(read.toMap())
        .isEqualTo(
            Map.of(
                "forestall.topic-prefix",
                "replay",
                "forestall.sense.lane",
                "off",
                "a",
                "b",
                "c",
                "d"));
    assertThatThrownBy(() -> Arguments.parse(new String[] {"wrong"}))
        .hasMessageContaining("argument 'wrong' is not understood");
    assertThatThrownBy(() -> Arguments.parse(new String[] {"--alone"}))
        .hasMessageContaining("--alone");
  }

  @Test
  void wrongOptionIsRefusedAtTheStart() {
    assertThatThrownBy(() -> SenseJob.main(new String[] {"--forestall.sense.quiet-after", "soon"}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("forestall-sense cannot start")
        .hasMessageContaining("forestall.sense.quiet-after is 'soon'");
  }

  @Test
  void undisturbedRunSaysWhatTheEngineSays() throws Exception {
    Collected run = new Collected(0, -1);
    StreamExecutionEnvironment env = environment(2, Map.of());
    define(env, "undisturbed", run, CollectedSensePorts.fast());
    env.execute(SenseJob.NAME);

    assertSame(byDisk(run.risk), engine());
    assertThat(run.deadLetters)
        .extracting(DeadLetter::getReason)
        .as("the disk without an entry, and the bad model")
        .containsOnly(DeadReason.UNKNOWN_ENTITY, DeadReason.BAD_MODEL);
    assertThat(run.deadLetters)
        .filteredOn(letter -> letter.getReason() == DeadReason.BAD_MODEL)
        .hasSize(1);
    assertThat(run.deadLetters)
        .filteredOn(letter -> letter.getReason() == DeadReason.UNKNOWN_ENTITY)
        .extracting(DeadLetter::getTimeMillis)
        .as("every sample is scored or in the dead letters")
        .containsExactlyInAnyOrderElementsOf(
            java.util.stream.IntStream.range(0, DAYS).mapToObj(SenseJobTest::timeMillis).toList());
  }

  @Test
  void savepointStopAndResumeOnAnotherParallelismChangesNothing(@TempDir Path savepoints)
      throws Exception {
    Collected before = new Collected(THIRD * (DISKS - 1) / DISKS, -1);
    StreamExecutionEnvironment first = environment(2, Map.of());
    define(first, "before", before, CollectedSensePorts.standsStillAfter(THIRD));
    JobClient client = first.executeAsync(SenseJob.NAME);
    assertThat(before.enough.await(60, TimeUnit.SECONDS)).as("a third was scored").isTrue();
    String savepoint = stop(client, savepoints);
    assertThat(before.risk.size()).as("stopped in mid-stream").isLessThan((DISKS - 1) * DAYS);

    Collected after = new Collected(0, -1);
    StreamExecutionEnvironment second =
        environment(3, Map.of("execution.state-recovery.path", savepoint));
    define(second, "after", after, CollectedSensePorts.fast());
    second.execute(SenseJob.NAME);

    List<RiskUpdate> all = new ArrayList<>(before.risk);
    all.addAll(after.risk);
    assertSame(byDisk(all), engine());
  }

  /** Disks may have been scored before the last task is ready; a savepoint needs them all. */
  private static String stop(JobClient client, Path savepoints) throws Exception {
    long deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (true) {
      try {
        return client
            .stopWithSavepoint(false, savepoints.toUri().toString(), SavepointFormatType.CANONICAL)
            .get(60, TimeUnit.SECONDS);
      } catch (ExecutionException e) {
        if (!String.valueOf(e.getMessage()).contains("Not all required tasks")
            || System.nanoTime() > deadlineNanos) {
          throw e;
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
      }
    }
  }

  @Test
  void failureInMidStreamChangesNothingInTheEnd(@TempDir Path checkpoints) throws Exception {
    Collected run = new Collected(0, DISKS * DAYS / 2);
    StreamExecutionEnvironment env =
        environment(
            2,
            Map.of(
                "execution.checkpointing.interval", "50 ms",
                "execution.checkpointing.dir", checkpoints.toUri().toString(),
                "execution.checkpointing.incremental", "true",
                "restart-strategy.type", "fixed-delay",
                "restart-strategy.fixed-delay.attempts", "1",
                "restart-strategy.fixed-delay.delay", "0 s"));
    define(env, "failing", run, CollectedSensePorts.perSecond(400));
    env.execute(SenseJob.NAME);

    assertThat(run.failIn).as("it has failed").hasNegativeValue();
    // At least once: a repeat says the very same as before.
    Map<String, List<Risk>> distinct = new TreeMap<>();
    byDisk(run.risk)
        .forEach((disk, risks) -> distinct.put(disk, risks.stream().distinct().toList()));
    assertSame(distinct, engine());
  }

  /**
   * Machines, disks under load and paths through the whole job: each has its scores and baselines,
   * a bad edge is found and blamed, an unknown machine is a dead letter, an ended one is gone.
   */
  @Test
  void machinesAndPathsAreScoredBlamedAndEnded() throws Exception {
    Collected run = new Collected(0, -1);
    StreamExecutionEnvironment env = environment(2, Map.of());
    SenseSettings settings = settings(Map.of());
    SenseJob.define(
        env,
        new CollectedSensePorts(
                "machines",
                run,
                settings,
                TestingFleet::telemetry,
                TestingFleet.SAMPLES,
                CollectedSensePorts.fast(),
                TestingFleet::fleet,
                TestingFleet.ENTRIES)
            .found(
                List.of(
                    NodeInput.wrongBytes(
                        "node/" + TestingFleet.node(1),
                        "copy.diverged/a",
                        TestingFleet.START_MILLIS))),
        settings,
        SHIPPED.toBytes());
    env.execute(SenseJob.NAME);

    Map<String, List<Risk>> risks = new TreeMap<>();
    Set<String> ended = new HashSet<>();
    for (RiskUpdate update : run.risk) {
      if (update.risk() == null) {
        ended.add(update.key());
      } else {
        risks.computeIfAbsent(update.key(), key -> new ArrayList<>()).add(update.risk());
      }
    }
    for (int node = 0; node < TestingFleet.NODES; node++) {
      String key = "node/" + TestingFleet.node(node);
      assertThat(Objects.requireNonNull(risks.get(key)).stream().filter(risk -> !risk.getStale()))
          .as(key)
          .hasSizeGreaterThanOrEqualTo(TestingFleet.STEPS);
    }
    for (int node = 0; node < TestingFleet.NODES; node++) {
      String key = "node/" + TestingFleet.node(node);
      assertThat(
              Objects.requireNonNull(risks.get(key)).stream()
                  .flatMap(risk -> risk.getModes().stream())
                  .flatMap(mode -> mode.getReasons().stream())
                  .anyMatch(reason -> reason.getMetric().equals("wrong_bytes")))
          .as("bytes of %s were found to be wrong", key)
          .isEqualTo(node == 1);
    }
    assertThat(risks).doesNotContainKey("node/unknown");
    assertThat(run.deadLetters)
        .filteredOn(letter -> letter.getReason() == DeadReason.UNKNOWN_ENTITY)
        .extracting(letter -> Objects.requireNonNull(letter.getEntity()).getId())
        .hasSize(TestingFleet.STEPS)
        .containsOnly("unknown");
    assertThat(run.baselines)
        .extracting(io.forestall.operators.BaselineUpdate::key)
        .contains(
            "node/" + TestingFleet.node(0),
            "disk/" + TestingFleet.drive(0),
            "edge/" + TestingFleet.edge(0),
            "pair/vol-1@c-1");
    // The one bad edge, and neither of its ends.
    String bad = "edge/" + TestingFleet.edge(0);
    assertThat(run.anomalies)
        .extracting(record -> record.getEntity().getKind() + "/" + record.getEntity().getId())
        .contains("EDGE/" + TestingFleet.edge(0));
    assertThat(Objects.requireNonNull(risks.get(bad)))
        .anyMatch(risk -> risk.getProbability() > 0.3);
    assertThat(ended).as("what nobody sees any more ends by itself").contains(bad);
    for (int node = 0; node < TestingFleet.NODES; node++) {
      assertThat(Objects.requireNonNull(risks.get("node/" + TestingFleet.node(node))))
          .noneMatch(risk -> network(risk) > 0.3);
    }
  }

  private static double network(Risk risk) {
    return risk.getModes().stream()
        .filter(mode -> mode.getMode() == io.forestall.schemas.FailureMode.NETWORK)
        .mapToDouble(io.forestall.schemas.ModeRisk::getProbability)
        .max()
        .orElse(0);
  }

  @Test
  void secondLaneByDeeplearning4jAgreesWithTheFirst() throws Exception {
    Collected run = new Collected(0, -1);
    StreamExecutionEnvironment env = environment(1, Map.of());
    SenseSettings settings =
        settings(
            Map.of(
                "forestall.sense.lane", "dl4j",
                "forestall.sense.lane-share", "1",
                "forestall.sense.lane-batch-size", "16"));
    SenseJob.define(
        env, ports("lane", run, settings, CollectedSensePorts.fast()), settings, SHIPPED.toBytes());
    env.execute(SenseJob.NAME);

    Map<String, List<Risk>> first = byDisk(run.risk);
    first.values().forEach(risks -> risks.removeIf(Risk::getStale));
    Map<String, List<Risk>> second = byDisk(run.lane);
    assertThat(second.keySet()).isEqualTo(first.keySet());
    first.forEach(
        (disk, risks) -> {
          List<Risk> others = Objects.requireNonNull(second.get(disk));
          assertThat(others).hasSameSizeAs(risks);
          for (int i = 0; i < risks.size(); i++) {
            assertThat(others.get(i).getSamples()).isEqualTo(risks.get(i).getSamples());
            assertThat(others.get(i).getProbability())
                .isCloseTo(
                    risks.get(i).getProbability(), org.assertj.core.data.Offset.offset(1e-6));
          }
        });
  }

  private static void define(
      StreamExecutionEnvironment env,
      String name,
      Collected run,
      RateLimiterStrategy<SourceSplit> pace) {
    SenseSettings settings = settings(Map.of());
    SenseJob.define(env, ports(name, run, settings, pace), settings, SHIPPED.toBytes());
  }

  private static CollectedSensePorts ports(
      String name, Collected run, SenseSettings settings, RateLimiterStrategy<SourceSplit> pace) {
    return new CollectedSensePorts(
        name,
        run,
        settings,
        index ->
            SenseInput.of(
                DiskInput.sample(
                    "n-1", sample((int) (index % DISKS), (int) (index / DISKS)), 0, index, -1)),
        (long) DISKS * DAYS,
        pace,
        index ->
            new SenseInput(
                DiskInput.fleet(disk(index.intValue()), "n-1"),
                EntityInput.fleet("disk/" + disk(index.intValue()), Home.NONE)),
        DISKS - 1);
  }

  private static StreamExecutionEnvironment environment(
      int parallelism, Map<String, String> options) {
    Configuration configuration = Configuration.fromMap(options);
    StreamExecutionEnvironment env =
        StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    env.setParallelism(parallelism);
    return env;
  }

  private static SenseSettings settings(Map<String, String> options) {
    return SenseSettings.from(Configuration.fromMap(options));
  }

  private static String disk(int number) {
    return "SYN%04d".formatted(number);
  }

  private static long timeMillis(int day) {
    return 1_704_067_200_000L + day * DAY_MILLIS;
  }

  private static DiskSample sample(int disk, int day) {
    double[] values = DiskSample.absentValues();
    boolean bad = disk % 5 == 2 && day > 8;
    values[DiskMetric.REALLOCATED_SECTORS.ordinal()] = bad ? 16 * (day - 8) : 0;
    values[DiskMetric.PENDING_SECTORS.ordinal()] = bad ? 8 * (day - 8) : 0;
    values[DiskMetric.REPORTED_UNCORRECTABLE.ordinal()] = bad ? day : 0;
    values[DiskMetric.POWER_ON_HOURS.ordinal()] = 5000 + 24 * day;
    values[DiskMetric.TEMPERATURE.ordinal()] = 20 + (disk * 7 + day * 3) % 11;
    return new DiskSample(disk(disk), "SYNTH A", timeMillis(day), values);
  }

  /** What the engine says, without a cluster: each disk's samples, then its silence to the end. */
  private static Map<String, List<Risk>> engine() {
    DiskRiskEngine engine =
        new DiskRiskEngine(
            SenseSettings.defaults().policy(), ModelSet.of(new CompiledLstm(SHIPPED)));
    Map<String, List<Risk>> expected = new TreeMap<>();
    for (int disk = 0; disk < DISKS; disk++) {
      if (disk == UNKNOWN_DISK) {
        continue;
      }
      List<Risk> risks = new ArrayList<>();
      DiskState state = DiskState.fresh();
      for (int day = 0; day < DAYS; day++) {
        risks.add(RiskRecords.of(disk(disk), "n-1", engine.observe(state, sample(disk, day))));
      }
      for (long look = engine.nextLookMillis(state);
          look != Long.MAX_VALUE;
          look = engine.nextLookMillis(state)) {
        Assessment silence = engine.silence(state, look);
        if (silence != null) {
          risks.add(RiskRecords.of(disk(disk), "n-1", silence));
        }
      }
      expected.put(disk(disk), risks);
    }
    return expected;
  }

  /** None lost, none twice, none other; says of a difference no more than a person can read. */
  private static void assertSame(Map<String, List<Risk>> actual, Map<String, List<Risk>> expected) {
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    expected.forEach(
        (disk, risks) -> {
          assertThat(Objects.requireNonNull(actual.get(disk)).stream().map(SenseJobTest::brief))
              .as(disk)
              .containsExactlyElementsOf(risks.stream().map(SenseJobTest::brief).toList());
          assertThat(actual.get(disk)).as(disk).isEqualTo(risks);
        });
  }

  private static String brief(Risk risk) {
    return risk.getSamples()
        + (risk.getStale() ? " silent " : " ")
        + (risk.getTimeMillis() - timeMillis(0)) / DAY_MILLIS;
  }

  private static Map<String, List<Risk>> byDisk(Iterable<RiskUpdate> updates) {
    Map<String, List<Risk>> byDisk = new TreeMap<>();
    for (RiskUpdate update : updates) {
      Risk risk = Objects.requireNonNull(update.risk());
      if (risk.getEntity().getKind() != EntityKind.DISK) {
        continue;
      }
      byDisk.computeIfAbsent(risk.getEntity().getId(), disk -> new ArrayList<>()).add(risk);
    }
    return byDisk;
  }

  private static Set<String> constants() throws IllegalAccessException {
    Set<String> uids = new HashSet<>();
    for (Field field : SenseUids.class.getFields()) {
      assertThat(uids.add((String) field.get(null))).as("%s is used once", field).isTrue();
    }
    return uids;
  }
}
