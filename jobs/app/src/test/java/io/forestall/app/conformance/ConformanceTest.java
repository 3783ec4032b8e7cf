package io.forestall.app.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.ExitCodes;
import io.forestall.app.KafkaOptions;
import io.forestall.app.conformance.Finding.Verdict;
import io.forestall.app.conformance.TestingNode.Fault;
import io.forestall.app.runtime.EmbeddedKafka;
import io.forestall.app.topics.TopicAdmin;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.nodes.hooks.Hook;
import io.forestall.nodes.hooks.HookRunner;
import io.forestall.nodes.node.HookNode;
import io.forestall.nodes.node.NodeOptions;
import io.forestall.nodes.node.ReferenceNode;
import io.forestall.schemas.Topics;
import io.forestall.wire.MapRecords;
import io.forestall.wire.OwnershipRecords;
import io.forestall.wire.Signatures;
import io.forestall.wire.Signatures.Signer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Nodes are asked over a real broker: those that keep the contract pass, and no other does. */
@SuppressWarnings("NullAway.Init")
@Timeout(180)
class ConformanceTest {
  private static final String PREFIX = "forestall";
  private static final String POOL = "p1";
  private static final long PATIENCE_MILLIS = 5_000;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir private static Path directory;
  private static EmbeddedKafka kafka;
  private static KafkaOptions options;
  private static Signer signer;
  private static NodeWires wires;

  @BeforeAll
  static void startBroker() throws Exception {
    kafka = EmbeddedKafka.start(directory.resolve("kafka"));
    options = new KafkaOptions(kafka.bootstrapServers(), PREFIX);
    try (Admin admin = options.openAdmin()) {
      new TopicAdmin(admin, PREFIX).createMissing((short) 1);
    }
    signer = Signatures.generate(directory.resolve("guard.key"), directory.resolve("guard.pub"));
    wires = new NodeWires(options);
  }

  @AfterAll
  static void stopBroker() {
    wires.close();
    kafka.close();
  }

  private static Place place(String id) {
    return new Place(id, "r-" + id, "z1", "local", POOL);
  }

  /** Names the owner of a volume of one unit. */
  private static void map(String volume, String owner) {
    MapSlice slice =
        new MapSlice(
            volume,
            POOL,
            0,
            1,
            1,
            0,
            1 << 20,
            1 << 20,
            4096,
            1,
            List.of(new MapSegment(volume + "/0", 0, Subject.node(owner), 0, List.of())),
            System.currentTimeMillis());
    wires.send(Topics.MAPS, MapRecords.key(slice), new MapRecords().encode(slice, null));
  }

  /** Whoever asks too early would find a node that has not begun. */
  private static void awaitOwner(String owner) {
    OwnershipRecords records = new OwnershipRecords();
    try (NodeWires.Ear log = wires.listen(Topics.OWNERSHIP, POOL, true)) {
      String found =
          log.await(
              PATIENCE.toMillis(),
              record -> {
                OwnershipEntry entry =
                    Conversation.decoded(() -> records.decode(record.value(), signer.trusted()));
                return entry != null && entry.owner().id().equals(owner) ? owner : null;
              });
      assertThat(found).as("%s starts", owner).isEqualTo(owner);
    }
  }

  private static void awaitMember(String node) {
    try (NodeWires.Ear fleet = wires.listen(Topics.FLEET, "node/" + node, true)) {
      String found =
          fleet.await(
              PATIENCE.toMillis(),
              record -> Conversation.isKey(record, "node/" + node) ? node : null);
      assertThat(found).as("%s says where it stands", node).isEqualTo(node);
    }
  }

  private static List<Finding> ask(String node, int level) {
    return new Conformance(wires, Subject.node(node), signer, null, PATIENCE_MILLIS, node)
        .ask(level);
  }

  private static List<Finding> failed(List<Finding> findings) {
    return findings.stream().filter(each -> each.verdict() == Verdict.FAILED).toList();
  }

  private record Said(int exitCode, JsonNode json) {}

  /** As an operator asks. */
  private static Said command(String node, int level) throws Exception {
    StringWriter out = new StringWriter();
    int exitCode =
        new CommandLine(new ConformanceCommand())
            .setOut(new PrintWriter(out, true))
            .execute(
                "--bootstrap-servers",
                kafka.bootstrapServers(),
                "--node",
                node,
                "--level",
                Integer.toString(level),
                "--key-file",
                directory.resolve("guard.key").toString(),
                "--patience",
                "5 s",
                "--output",
                "json");
    return new Said(exitCode, new ObjectMapper().readTree(out.toString()));
  }

  @Test
  void theReferenceNodeKeepsLevelTwo() throws Exception {
    map("v-reference", "n-reference");
    NodeOptions standard =
        NodeOptions.standard(
            "n-reference",
            directory.resolve("n-reference"),
            new InetSocketAddress("127.0.0.1", 0),
            place("n-reference"));
    try (ReferenceNode node =
        ReferenceNode.start(fast(standard), options.clientProperties(), PREFIX, signer.trusted())) {
      assertThat(node.awaitEnd(0)).isFalse();
      awaitMember("n-reference");
      awaitOwner("n-reference");
      assertThat(ask("n-reference", 1)).noneMatch(each -> each.level() == 2);
      Said said = command("n-reference", 2);
      assertThat(said.json.findValuesAsText("verdict"))
          .as("%s", said.json.toPrettyString())
          .containsOnly("PASSED");
      assertThat(said.exitCode).isEqualTo(ExitCodes.OK);
      assertThat(said.json.findValuesAsText("rule")).contains("0.1", "0.2", "1.2", "2.7", "2.8");
    }
  }

  private static NodeOptions fast(NodeOptions all) {
    return new NodeOptions(
        all.id(),
        all.directory(),
        all.listen(),
        all.advertisedHost(),
        all.place(),
        all.leaseMillis(),
        all.driftMillis(),
        all.journalFileBytes(),
        all.reserveBytes(),
        all.unitThreads(),
        200,
        all.checkpointMillis(),
        all.pingMillis(),
        all.unreachableMillis(),
        all.pairLatency(),
        true,
        all.pauseBeforeAppend(),
        all.copyPace(),
        all.verifyMillis());
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "the hooks of this test are shell scripts")
  void theHookNodeKeepsLevelOneAndRunsEachProgramOnce() throws Exception {
    Path ran = directory.resolve("ran");
    Map<Hook, List<String>> programs = new EnumMap<>(Hook.class);
    for (Hook hook : Hook.values()) {
      programs.put(
          hook,
          List.of(
              "/bin/sh", "-c", "echo $FORESTALL_HOOK $FORESTALL_ACT >> '" + ran + "'; echo ok"));
    }
    try (HookNode node = hooks("n-hooks", programs)) {
      assertThat(node.level()).isEqualTo(1);
      awaitMember("n-hooks");
      assertThat(failed(ask("n-hooks", 1))).isEmpty();
      assertThat(Files.readAllLines(ran)).containsExactly("drain DRAIN", "out DRAIN", "in RETURN");
      Said more = command("n-hooks", 2);
      assertThat(more.exitCode).isEqualTo(ExitCodes.FOUND);
      assertThat(more.json.get("keeps").asBoolean()).isFalse();
    }
  }

  @Test
  void aNodeWithoutProgramsKeepsLevelZeroAndNoMore() throws Exception {
    try (HookNode node = hooks("n-telemetry", Map.of())) {
      assertThat(node.level()).isZero();
      awaitMember("n-telemetry");
      assertThat(failed(ask("n-telemetry", 0))).isEmpty();
      assertThat(failed(ask("n-telemetry", 1)))
          .singleElement()
          .satisfies(each -> assertThat(each.rule()).isEqualTo("0.1"))
          .satisfies(each -> assertThat(each.text()).isEqualTo("declares 0, asked for 1"));
    }
  }

  private static HookNode hooks(String id, Map<Hook, List<String>> programs) throws Exception {
    return HookNode.start(
        id,
        place(id),
        directory.resolve(id),
        new HookRunner(programs, 30_000),
        options.clientProperties(),
        PREFIX,
        signer.trusted(),
        200);
  }

  private static List<Finding> askTestingNode(int level, Fault fault) throws Exception {
    String id = "n-" + level + "-" + fault.ordinal();
    String volume = "v-" + level + "-" + fault.ordinal();
    if (level == 2) {
      map(volume, id);
    }
    try (TestingNode node =
        new TestingNode(options, id, level, POOL, volume + "/0", signer.trusted(), fault)) {
      awaitMember(id);
      List<Finding> findings = ask(id, level);
      node.check();
      return findings;
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void whatSomebodyElseWroteAfterTheContractKeepsIt(int level) throws Exception {
    assertThat(askTestingNode(level, Fault.NONE))
        .allMatch(each -> each.verdict() == Verdict.PASSED);
  }

  /** A node that is wrong in one thing fails by the rule that says so. */
  @ParameterizedTest
  @CsvSource({
    "2, ANSWERS_BEFORE_THE_EPOCH, 2.7, A takeover from an epoch that is not there is refused.",
    "2, OBEYS_A_REPLAY, 2.7, The repeat took nothing over again.",
    "1, OBEYS_A_REPLAY, 1.3, A repeated DRAIN is answered as a repeat.",
    "1, BELIEVES_ANY_SIGNATURE, 1.2, A forged signature is refused.",
    "1, LOOKS_AT_THE_TIME_FIRST, 1.2, The signature is looked at before the time.",
    "1, FORGETS_THE_EXPIRY, 1.2, An expired admission is refused.",
    "1, IGNORES_WHOM_IT_IS_FOR, 1.2, An admission for another node is refused.",
    "1, HEARS_OTHERS, 1.1, A command to somebody else in the same partition is not answered.",
    "1, IGNORES_A_CANCEL, 1.2, A command of a cancelled act is refused.",
    "1, IGNORES_A_HALT, 1.2, While acts are halted a command is refused.",
    "2, WRITES_NO_BARRIER, 2.2, 'A new epoch begins with its barrier, before anything is served.'",
    "2, SAYS_NO_RELEASE, 2.8, "
        + "A deposed owner that was serving says that it answers no more (RELEASE)."
  })
  void aWrongNodeFailsByTheRuleThatItBreaks(int level, Fault fault, String rule, String question)
      throws Exception {
    List<Finding> failed = failed(askTestingNode(level, fault));
    assertThat(failed)
        .as("%s", failed)
        .anySatisfy(
            each -> {
              assertThat(each.rule()).isEqualTo(rule);
              assertThat(each.question()).isEqualTo(question);
            });
    // What follows from the one thing, and nothing else.
    assertThat(failed).hasSizeLessThanOrEqualTo(6);
  }
}
