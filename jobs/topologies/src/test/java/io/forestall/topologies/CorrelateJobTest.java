package io.forestall.topologies;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.Incident;
import io.forestall.decisions.incident.Rule;
import io.forestall.operators.correlate.CorrelateInput;
import io.forestall.operators.correlate.CorrelateSettings;
import io.forestall.operators.correlate.RouteControl;
import io.forestall.operators.correlate.Rules;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.topologies.CollectedCorrelatePorts.Run;
import io.forestall.wire.DeadLetters;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.Signatures.Trusted;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.apache.flink.streaming.api.graph.StreamNode;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CorrelateJobTest {

  private static final long NOON_MILLIS = 1_750_000_000_000L;

  private static final String RULES =
      """
      rules:
        - id: slow-volume
          description: Reads become slow while errors rise.
          key: node
          correlationTimeWindow: 10 s
          stages:
            - name: reads become slow
              types: test.slow
              count: 2
            - name: errors rise
              types: test.errors
          quiet: 30 s
          maxLength: 10 min
          recommendation: investigate
          because: A person should look at the node.
        - id: node-lost
          description: A node is lost.
          key: node
          stages:
            - name: the node is lost
              types: test.lost
          quiet: 30 s
          maxLength: 10 min
          clearedBy:
            types: test.back
          severity: critical
          recommendation: investigate
          because: A person should look at the node.
      """;

  @RegisterExtension
  private static final MiniClusterExtension CLUSTER =
      new MiniClusterExtension(
          new MiniClusterResourceConfiguration.Builder()
              .setNumberTaskManagers(1)
              .setNumberSlotsPerTaskManager(4)
              .build());

  private static CorrelateSettings settings(Map<String, String> more) {
    Configuration configuration =
        Configuration.fromMap(
            Map.of(
                "forestall.correlate.out-of-orderness", "5 s",
                "forestall.correlate.quiet-after", "200 ms",
                "forestall.correlate.advance-when-quiet", "false",
                "forestall.correlate.start-quiet", "200 ms"));
    configuration.addAll(Configuration.fromMap(more));
    return CorrelateSettings.from(configuration);
  }

  private static FleetEvent event(String id, String type, String node, long timeMillis) {
    return new FleetEvent(
        id,
        type,
        type.equals("test.lost") ? Severity.CRITICAL : Severity.WARNING,
        false,
        Subject.node(node),
        List.of(),
        NOON_MILLIS + timeMillis,
        null,
        1,
        0,
        null,
        null,
        null,
        null,
        null,
        "test",
        type + " of " + node,
        Map.of(),
        Map.of());
  }

  private static Run fleet() {
    Run run = new Run();
    for (int i = 0; i < 4; i++) {
      run.fleet.add(
          RouteControl.place("node/n-" + i, new Place("n-" + i, "r-1", "z-1", "eu", "p-" + i % 2)));
    }
    return run;
  }

  private static JobClient start(String name, Run run, CorrelateSettings settings)
      throws Exception {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.setParallelism(2);
    CorrelateJob.define(
        env, new CollectedCorrelatePorts(name, run, settings), settings, new Rules("test", RULES));
    return env.executeAsync(name);
  }

  private static Run finish(String name, Run run, CorrelateSettings settings) throws Exception {
    start(name, run, settings).getJobExecutionResult().get(60, TimeUnit.SECONDS);
    return run;
  }

  private static void await(String what, BooleanSupplier condition) {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > until) {
        throw new AssertionError("not in a minute: " + what);
      }
      LockSupport.parkNanos(5_000_000);
    }
  }

  private static List<String> opened(Run run) {
    return run.incidents.stream()
        .filter(incident -> incident.state() == Incident.State.OPENED)
        .map(incident -> incident.rule() + " " + incident.correlationKey() + " " + incident.pool())
        .sorted()
        .toList();
  }

  @Test
  void everyOperatorOnKafkaHasAUidOfItsOwnAndNoKryo() throws Exception {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
    env.configure(new Configuration().set(StateBackendOptions.STATE_BACKEND, "rocksdb"));
    CorrelateJob.define(env, new Configuration());

    StreamGraph graph = env.getStreamGraph();

    assertThat(env.getConfiguration().get(StateBackendOptions.STATE_BACKEND))
        .as("whatever the cluster's is")
        .isEqualTo("hashmap");
    assertThat(graph.getJobName()).isEqualTo(CorrelateJob.NAME);
    assertThat(graph.getJobGraph().getVerticesAsArray()).isNotEmpty();
    Set<String> uids =
        graph.getStreamNodes().stream()
            .map(StreamNode::getTransformationUID)
            .filter(Objects::nonNull)
            .map(uid -> uid.replaceAll("^Sink Committer: ", ""))
            .collect(Collectors.toSet());
    Set<String> expected = new HashSet<>();
    for (Field field : CorrelateUids.class.getFields()) {
      expected.add((String) field.get(null));
    }
    for (Rule rule : Rules.of(CorrelateSettings.defaults()).set().rules()) {
      expected.add(CorrelateUids.pattern(rule));
    }
    assertThat(uids).containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void wrongOptionsAndRulesAreRefusedAtTheStart() {
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
    assertThatThrownBy(
            () ->
                CorrelateJob.define(
                    env,
                    Configuration.fromMap(
                        Map.of("forestall.correlate.rules-file", "/no/such/file"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("forestall.correlate.rules-file: /no/such/file cannot be read");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void anyOrderWithinTheBoundGivesTheSameIncidents(long seed) throws Exception {
    Random random = new Random(seed);
    List<FleetEvent> events = new ArrayList<>();
    long timeMillis = 0;
    for (int i = 0; i < 400; i++) {
      timeMillis += random.nextInt(2000);
      events.add(
          event(
              String.format("e%04d", i),
              random.nextInt(3) == 0 ? "test.errors" : "test.slow",
              "n-" + random.nextInt(4),
              timeMillis));
    }
    Run straight = fleet();
    events.forEach(each -> straight.events.add(CorrelateInput.of(each)));
    Run shuffled = fleet();
    Collections.shuffle(events, random);
    Map<String, Long> arrival =
        events.stream()
            .collect(
                Collectors.toMap(FleetEvent::id, each -> each.timeMillis() + random.nextInt(4900)));
    events.sort(
        (a, b) -> Long.compare(arrival.getOrDefault(a.id(), 0L), arrival.getOrDefault(b.id(), 0L)));
    events.forEach(each -> shuffled.events.add(CorrelateInput.of(each)));
    // And some come twice.
    shuffled.events.addAll(5, List.copyOf(shuffled.events.subList(0, 3)));

    List<String> expected = texts(finish("straight" + seed, straight, settings(Map.of())));
    List<String> found = texts(finish("shuffled" + seed, shuffled, settings(Map.of())));

    assertThat(expected).as("seed %d", seed).isNotEmpty();
    assertThat(found).as("seed %d", seed).isEqualTo(expected);
    assertThat(shuffled.deadLetters).isEmpty();
  }

  private static List<String> texts(Run run) {
    return run.incidents.stream().map(String::valueOf).sorted().toList();
  }

  @Test
  void aCriticalEventIsToldOnArrivalAndALateOneUpdates() throws Exception {
    Run run = fleet();
    run.events.add(CorrelateInput.of(event("s1", "test.slow", "n-1", 0)));
    run.events.add(CorrelateInput.of(event("s2", "test.slow", "n-1", 1000)));
    run.events.add(CorrelateInput.of(event("x1", "test.errors", "n-1", 2000)));
    run.events.add(CorrelateInput.of(event("later", "test.slow", "n-2", 20_000)));
    run.events.add(CorrelateInput.of(event("lost", "test.lost", "n-3", 21_000)));
    run.events.add(CorrelateInput.of(event("late", "test.errors", "n-1", 1500)));
    run.events.add(CorrelateInput.of(event("late-lost", "test.lost", "n-2", 1600)));
    run.gate("events", 3);
    run.gate("events", 5);
    // The stream does not end: what is told is told because of time, not of the end.
    run.events.add(CorrelateInput.of(event("end", "test.slow", "n-2", 22_000)));
    run.gate("events", 7);

    JobClient job =
        start("arrival", run, settings(Map.of("forestall.correlate.quiet-after", "1 h")));
    run.gate("events", 3).complete(null);
    await("the incident and the lost node", () -> opened(run).size() == 2);
    assertThat(opened(run))
        .as("the lost node waits for no watermark")
        .containsExactly("node-lost node/n-3 p-1", "slow-volume node/n-1 p-1");

    run.gate("events", 5).complete(null);
    await("the late one is told", () -> opened(run).contains("node-lost node/n-2 p-0"));
    run.gate("events", 7).complete(null);
    job.getJobExecutionResult().get(60, TimeUnit.SECONDS);

    Incident slow =
        run.incidents.stream()
            .filter(each -> each.rule().equals("slow-volume"))
            .reduce((first, last) -> last)
            .orElseThrow();
    assertThat(slow.state()).isEqualTo(Incident.State.RESOLVED);
    assertThat(slow.events()).extracting(Incident.Original::id).contains("late");
    assertThat(opened(run)).hasSize(3);
  }

  @Test
  void aNodeThatCameBackAndIsLostAgainIsToldOnArrival() throws Exception {
    Run run = fleet();
    run.events.add(CorrelateInput.of(event("lost-1", "test.lost", "n-1", 0)));
    run.events.add(CorrelateInput.of(event("back-1", "test.back", "n-1", 1_000)));
    run.events.add(CorrelateInput.of(event("lost-2", "test.lost", "n-1", 2_000)));
    // Within the bound of 5 s: no watermark has passed any of them.
    run.events.add(CorrelateInput.of(event("end", "test.slow", "n-2", 3_000)));
    run.gate("events", 3);

    JobClient job = start("again", run, settings(Map.of("forestall.correlate.quiet-after", "1 h")));
    await("both losses are told", () -> opened(run).size() == 2);
    assertThat(run.incidents)
        .extracting(Incident::state)
        .containsExactly(Incident.State.OPENED, Incident.State.RESOLVED, Incident.State.OPENED);
    run.gate("events", 3).complete(null);
    job.getJobExecutionResult().get(60, TimeUnit.SECONDS);
    assertThat(run.incidents).as("the second ends with the stream").hasSize(4);
  }

  @Test
  void aRuleIsSwitchedOffLiveAndNonsenseChangesNothing() throws Exception {
    Run run = fleet();
    run.events.add(CorrelateInput.of(event("lost1", "test.lost", "n-1", 0)));
    run.events.add(CorrelateInput.of(event("lost2", "test.lost", "n-2", 100_000)));
    run.events.add(CorrelateInput.of(event("s1", "test.slow", "n-3", 200_000)));
    run.events.add(CorrelateInput.of(event("s2", "test.slow", "n-3", 200_001)));
    run.events.add(CorrelateInput.of(event("x1", "test.errors", "n-3", 200_002)));
    run.gate("events", 1);
    run.policies.add(RouteControl.policy("all/threshold/node-lost", new byte[] {1, 2, 3}, 0, 0));
    run.policies.add(threshold("node-lost", Map.of("severity", "deadly")));
    run.policies.add(threshold("node-lost", Map.of("enabled", "false")));
    run.policies.add(RouteControl.policy("all/mode/any", new byte[] {1}, 0, 3));
    run.gate("policies", 2);

    JobClient job = start("live", run, settings(Map.of("forestall.correlate.quiet-after", "1 h")));
    await("both records are refused", () -> run.deadLetters.size() == 2);
    await("the rule fires", () -> opened(run).size() == 1);
    run.gate("policies", 2).complete(null);
    // The policy travels by broadcast: it is there when its reader has ended and time goes on.
    LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
    run.gate("events", 1).complete(null);
    job.getJobExecutionResult().get(60, TimeUnit.SECONDS);

    assertThat(opened(run)).containsExactly("node-lost node/n-1 p-1", "slow-volume node/n-3 p-1");
    assertThat(run.deadLetters).extracting(DeadLetter::getComponent).containsOnly("correlate");
    assertThat(run.deadLetters)
        .extracting(DeadLetter::getDetail)
        .anyMatch(text -> text.contains("'deadly' is no severity"));
  }

  @Test
  void whatIsNoEventIsADeadLetter() throws Exception {
    Run run = fleet();
    run.events.add(
        CorrelateInput.dead(
            new DeadLetters("correlate")
                .record("t", 0, 7, 0, DeadReason.UNDECODABLE, "garbage", new byte[] {1}, 1)));
    run.events.add(CorrelateInput.of(event("lost", "test.lost", "unknown-node", 0)));
    run.predicted.add(CorrelateInput.of(event("nobody-listens", "test.other", "n-1", 0)));

    finish("letters", run, settings(Map.of()));

    assertThat(run.deadLetters).hasSize(1);
    assertThat(opened(run)).containsExactly("node-lost node/unknown-node null");
  }

  private static RouteControl threshold(String rule, Map<String, String> parameters)
      throws Exception {
    PolicyRecord record =
        new PolicyRecord(
            PolicyRecords.key("all", PolicyRecord.Kind.THRESHOLD, rule),
            rule,
            PolicyRecord.Kind.THRESHOLD,
            1,
            true,
            "all",
            null,
            io.forestall.decisions.ActKind.UNKNOWN,
            null,
            "test",
            "a test",
            NOON_MILLIS,
            NOON_MILLIS,
            null,
            parameters,
            "");
    return RouteControl.policy(
        record.key(), new PolicyRecords(Trusted.NONE).write(record, null), 0, 1);
  }
}
