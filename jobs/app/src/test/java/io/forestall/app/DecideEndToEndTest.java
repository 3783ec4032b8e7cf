package io.forestall.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.app.runtime.Await;
import io.forestall.app.runtime.EmbeddedFlink.SubmittedJob;
import io.forestall.app.runtime.LocalRuntime;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.ownership.Authority;
import io.forestall.schemas.Ack;
import io.forestall.schemas.AckCode;
import io.forestall.schemas.AckStatus;
import io.forestall.schemas.Admission;
import io.forestall.schemas.AdmissionState;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Decision;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Event;
import io.forestall.schemas.Proposal;
import io.forestall.schemas.Topics;
import io.forestall.schemas.VolumeMap;
import io.forestall.topologies.DecideJob;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.CommandRecords;
import io.forestall.wire.Signatures;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.executiongraph.AccessExecutionVertex;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The decide job as a user runs it: a real broker, checkpoints, the topics of the catalogue. */
@Timeout(300)
class DecideEndToEndTest {

  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @Test
  void incidentsBecomeDecisionsAndOperatorsAreObeyed(@TempDir Path directory) throws Exception {
    try (LocalRuntime runtime = start(directory);
        TestingPools pools = new TestingPools(runtime)) {
      pools.fleet();
      SubmittedJob job = submit(runtime, DecideJob.NAME, Map.of());
      // Without a key it may say act all day.
      pools.policy(PolicyRecord.Kind.MODE, "all", "mode", "act");
      guardsWatch(pools);

      pools.failed(1);
      Decision first = on(pools, "n1");
      assertThat(first.getOutcome().name() + " " + first.getCode())
          .as(first.toString())
          .isEqualTo("ADVISED ADVISE_MODE");
      assertThat(first.getGuards()).hasSizeGreaterThan(10);
      assertThat(first.getIncident()).isEqualTo("i-1");
      List<Proposal> proposals =
          pools.await(Topics.PROPOSALS, Proposal.class, "a proposal", all -> !all.isEmpty());
      assertThat(proposals.get(0).getId()).isEqualTo(first.getProposal());

      pools.policy(PolicyRecord.Kind.MAINTENANCE, "node/n2");
      policiesRead(pools, "node/n2/maintenance/test");
      pools.failed(2);
      Decision second = on(pools, "n2");
      assertThat(second.getCode().name()).as(second.toString()).isEqualTo("MAINTENANCE");

      // Garbage on every topic stops nothing, and each is told of.
      for (Topics topic :
          List.of(
              Topics.INCIDENTS,
              Topics.POLICIES,
              Topics.ADMISSIONS,
              Topics.PROPOSALS,
              Topics.ZONES,
              Topics.MAPS,
              Topics.ACKS)) {
        pools.send(topic, "node/garbage", new byte[] {1, 2, 3});
      }
      pools.await(Topics.DEAD_LETTERS, DeadLetter.class, "dead letters", all -> all.size() >= 7);

      pools.policy(PolicyRecord.Kind.HALT, "all");
      policiesRead(pools, "all/halt/test");
      pools.failed(3);
      assertThat(on(pools, "n3").getCode().name()).isEqualTo("HALTED");

      assertThat(admissions(pools)).as("advise mode admits nothing").isEmpty();
      assertThat(attempts(runtime, job)).isZero();
    }
  }

  /** A savepoint, acts admitted after it, then a start from that savepoint with the logs kept. */
  @Test
  void anOldSavepointContradictsNothingThatWasAdmitted(@TempDir Path directory) throws Exception {
    Signatures.Signer signer =
        Signatures.generate(directory.resolve("guard.key"), directory.resolve("guard.pub"));
    Map<String, String> options =
        Map.of(
            "forestall.decide.signing-key-file",
            directory.resolve("guard.key").toString(),
            // No node answers here: the acts stay in flight for as long as the test looks at them.
            "forestall.decide.pre-failover-check-timeout",
            "1 h");
    try (LocalRuntime runtime = start(directory);
        TestingPools pools = new TestingPools(runtime)) {
      pools.fleet();
      pools.policy(PolicyRecord.Kind.MODE, "all", "mode", "act");
      SubmittedJob first = submit(runtime, DecideJob.NAME, options);
      guardsWatch(pools);
      policiesRead(pools, "all/mode/test");
      String old =
          runtime
              .flink()
              .miniCluster()
              .triggerSavepoint(
                  first.id(),
                  directory.resolve("savepoints").toUri().toString(),
                  false,
                  SavepointFormatType.CANONICAL)
              .get(60, TimeUnit.SECONDS);
      pools.failed(1);
      decided(pools, 1);
      pools.failed(2);
      List<Decision> before = decided(pools, 2);
      assertThat(before)
          .as(before.toString())
          .extracting(each -> each.getOutcome().name())
          .containsOnly("ADMITTED");
      var unused = runtime.flink().miniCluster().cancelJob(first.id()).get(60, TimeUnit.SECONDS);
      Await.until(
          PATIENCE,
          "the first run ends",
          () -> runtime.flink().status(first).isGloballyTerminalState());

      Map<String, String> restored = new HashMap<>(options);
      restored.put("execution.state-recovery.path", old);
      pools.risks();
      SubmittedJob second = submit(runtime, DecideJob.NAME + "-again", restored);
      pools.failed(6);
      List<Decision> after =
          pools.await(
              Topics.DECISIONS,
              Decision.class,
              "a word on the third",
              all -> all.stream().anyMatch(each -> each.getSubject().getId().equals("n6")));
      assertThat(after)
          .filteredOn(each -> each.getSubject().getId().equals("n6"))
          .as("both acts are in flight: their budget is not spent again")
          .extracting(each -> each.getCode().name())
          .containsOnly("BUDGET_SPENT");
      AdmissionRecords records = new AdmissionRecords();
      Map<Long, String> bySequence = new HashMap<>();
      for (Admission record : admissions(pools)) {
        var admission = records.admission(record, signer.trusted());
        String earlier = bySequence.putIfAbsent(admission.sequence(), admission.id());
        assertThat(earlier == null ? admission.id() : earlier)
            .as("number %d is one act", admission.sequence())
            .isEqualTo(admission.id());
      }
      assertThat(bySequence.keySet()).containsExactlyInAnyOrder(1L, 2L);

      // The end of one frees what it held.
      pools.send(Topics.ACKS, "node/n1", end(Objects.requireNonNull(bySequence.get(1L))));
      pools.await(
          Topics.ADMISSIONS,
          Admission.class,
          "its end in the log",
          all -> all.stream().anyMatch(each -> each.getState() == AdmissionState.DONE));
      pools.failed(7);
      pools.await(
          Topics.DECISIONS,
          Decision.class,
          "the next act",
          all ->
              all.stream()
                  .anyMatch(
                      each ->
                          each.getSubject().getId().equals("n7")
                              && each.getOutcome().name().equals("ADMITTED")));
      assertThat(attempts(runtime, second)).isZero();
    }
  }

  /** A node dies; its unit gets another owner, and everybody hears of it. */
  @Test
  void aDeadNodesUnitsGetAnotherOwner(@TempDir Path directory) throws Exception {
    Signatures.Signer signer =
        Signatures.generate(directory.resolve("guard.key"), directory.resolve("guard.pub"));
    Map<String, String> options =
        Map.of("forestall.decide.signing-key-file", directory.resolve("guard.key").toString());
    try (LocalRuntime runtime = start(directory);
        TestingPools pools = new TestingPools(runtime);
        TestingNodes nodes = new TestingNodes(runtime, signer.trusted())) {
      pools.fleet();
      for (int i = 0; i < 10; i++) {
        nodes.start("p1", "u-" + i, Subject.node("n" + i));
      }
      pools.policy(PolicyRecord.Kind.MODE, "all", "mode", "act");
      SubmittedJob job = submit(runtime, DecideJob.NAME, options);
      guardsWatch(pools);
      policiesRead(pools, "all/mode/test");
      long started = pools.end(Topics.OWNERSHIP, "p1");
      Await.until(
          PATIENCE,
          "the ownership log is read",
          () -> pools.committed("forestall-decide", Topics.OWNERSHIP, "p1") >= started);

      failover(pools, nodes, 1);
      // Warm: the same again with another node.
      failover(pools, nodes, 2);

      // The word of one alone moves nothing: everybody reaches n3.
      pools.failed(3);
      List<Admission> log =
          pools.await(
              Topics.ADMISSIONS,
              Admission.class,
              "the act is given back",
              all -> all.stream().anyMatch(each -> ended(each, 3, AdmissionState.GIVEN_BACK)));
      assertThat(log).noneMatch(each -> ended(each, 3, AdmissionState.DONE));
      assertThat(nodes.received())
          .as("nothing but questions")
          .noneMatch(
              each ->
                  each.command().subject().equals(Subject.node("n3"))
                      && each.command().kind().needsAdmission());
      assertThat(attempts(runtime, job)).isZero();
    }
  }

  private static void failover(TestingPools pools, TestingNodes nodes, int number)
      throws Exception {
    Subject node = Subject.node("n" + number);
    nodes.kill(node);
    long failedNanos = System.nanoTime();
    pools.failed(number);
    pools.await(
        Topics.ADMISSIONS,
        Admission.class,
        "the act is done, by the log",
        all -> all.stream().anyMatch(each -> ended(each, number, AdmissionState.DONE)));
    System.out.printf(
        "failover of %s: first command %.1f ms after the incident, end in the log %.1f ms%n",
        node,
        (nodes.firstCommandNanos() - failedNanos) / 1e6,
        (System.nanoTime() - failedNanos) / 1e6);

    Command promote =
        nodes.received().stream()
            .filter(each -> each.command().kind() == Command.Kind.PROMOTE)
            .filter(each -> each.command().subject().equals(node))
            .peek(each -> assertThat(each.authority()).isEqualTo(Authority.VALID))
            .map(CommandRecords.Received::command)
            .findFirst()
            .orElseThrow();
    assertThat(promote.units())
        .containsExactly(new io.forestall.decisions.guard.Proposal.UnitStep("u-" + number, 1, 2));
    Subject target = promote.addressee();
    assertThat(nodes.received())
        .as("two witnesses were asked")
        .filteredOn(each -> node.toString().equals(each.command().parameters().get(Command.REACH)))
        .hasSizeGreaterThanOrEqualTo(2);

    List<VolumeMap> maps =
        pools.await(
            Topics.MAPS,
            VolumeMap.class,
            "the new map",
            all -> owner(last(all), number).equals(target.id()));
    assertThat(last(maps).getSegments().get(number).getEpoch()).isEqualTo(2);
    Ack end =
        pools
            .await(
                Topics.ACKS,
                Ack.class,
                "the end of the act",
                all -> all.stream().anyMatch(each -> isEnd(each, number)))
            .stream()
            .filter(each -> isEnd(each, number))
            .findFirst()
            .orElseThrow();
    assertThat(end.getStatus()).isEqualTo(AckStatus.DONE);
    assertThat(end.getValues()).containsEntry("pause-millis", 12.0);
    // What the node got by an earlier failover may be left behind by this act, and moves by
    // another.
    String act = String.valueOf(promote.admission() == null ? null : promote.admission().id());
    List<Event> steps =
        pools.await(
            Topics.EVENTS,
            Event.class,
            "steps",
            all ->
                all.stream()
                    .filter(each -> act.equals(each.getLabels().get("admission")))
                    .anyMatch(each -> "CONFIRMED".equals(each.getLabels().get("state"))));
    assertThat(steps)
        .filteredOn(each -> each.getType().equals("saga.step"))
        .filteredOn(each -> act.equals(each.getLabels().get("admission")))
        .extracting(each -> each.getLabels().get("state"))
        .containsExactly("CHECKING", "INSTRUCTED", "FENCED", "PROMOTED", "MAPPED", "CONFIRMED");
  }

  private static boolean ended(Admission record, int node, AdmissionState state) {
    return record.getState() == state && record.getSubject().getId().equals("n" + node);
  }

  private static boolean isEnd(Ack ack, int node) {
    return ack.getCommand().startsWith("act/") && ack.getSubject().getId().equals("n" + node);
  }

  private static String owner(VolumeMap map, int segment) {
    return map.getSegments().get(segment).getOwner().getId();
  }

  private static <T> T last(List<T> all) {
    return all.get(all.size() - 1);
  }

  private static Ack end(String admission) {
    Ack ack = new Ack();
    ack.setCommand("act/" + admission);
    ack.setFrom(new EntityRef(EntityKind.NODE, "n1"));
    ack.setSubject(new EntityRef(EntityKind.NODE, "n1"));
    ack.setStatus(AckStatus.DONE);
    ack.setCode(AckCode.NONE);
    ack.setText("all units have their new owner");
    ack.setValues(Map.of());
    ack.setTimeMillis(System.currentTimeMillis());
    return ack;
  }

  /** The guard of the pool has written its mark; what follows is decided once it was read back. */
  private static void guardsWatch(TestingPools pools) throws Exception {
    pools.await(
        Topics.ADMISSIONS,
        Admission.class,
        "a guard has started",
        all -> all.stream().anyMatch(each -> each.getState() == AdmissionState.STARTED));
  }

  private static List<Admission> admissions(TestingPools pools) throws Exception {
    return pools.toEnd(Topics.ADMISSIONS, Admission.class).stream()
        .filter(each -> each.getState() != AdmissionState.STARTED)
        .toList();
  }

  /** The first decision about a node. */
  private static Decision on(TestingPools pools, String node) throws Exception {
    return pools
        .await(
            Topics.DECISIONS,
            Decision.class,
            "a decision on " + node,
            all -> all.stream().anyMatch(each -> each.getSubject().getId().equals(node)))
        .stream()
        .filter(each -> each.getSubject().getId().equals(node))
        .findFirst()
        .orElseThrow();
  }

  private static List<Decision> decided(TestingPools pools, int count) throws Exception {
    return pools.await(
        Topics.DECISIONS, Decision.class, count + " decisions", all -> all.size() >= count);
  }

  /** The policy has reached the guard once a checkpoint covers it. */
  private static void policiesRead(TestingPools pools, String key) throws Exception {
    long end = pools.end(Topics.POLICIES);
    Await.until(
        PATIENCE,
        key + " is read",
        () -> pools.committed("forestall-decide", Topics.POLICIES) >= end);
  }

  private static LocalRuntime start(Path directory) {
    Configuration flink = new Configuration();
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
        runtime.flink().submit(name, configuration, env -> DecideJob.define(env, configuration));
    runtime.flink().awaitRunning(job, PATIENCE);
    return job;
  }

  private static int attempts(LocalRuntime runtime, SubmittedJob job) throws Exception {
    int most = 0;
    for (AccessExecutionVertex vertex :
        runtime
            .flink()
            .miniCluster()
            .getExecutionGraph(job.id())
            .get(30, TimeUnit.SECONDS)
            .getAllExecutionVertices()) {
      most = Math.max(most, vertex.getCurrentExecutionAttempt().getAttemptNumber());
    }
    return most;
  }
}
