package io.forestall.app.operate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import io.forestall.app.TestingBroker;
import io.forestall.schemas.Topics;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What an operator types, against a real broker. Each test has scopes of its own. */
@Timeout(120)
class OperateCommandsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PREFIX = "operate";

  private static TestingBroker broker;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    broker = TestingBroker.start(directory, PREFIX, 1, List.of(Topics.POLICIES));
    broker.create(
        2,
        List.of(
            Topics.SCHEMAS,
            Topics.PROPOSALS,
            Topics.DECISIONS,
            Topics.ADMISSIONS,
            Topics.INCIDENTS));
    long now = System.currentTimeMillis();
    TestingActs acts = new TestingActs(now);
    broker.send(Topics.PROPOSALS, "node/n-1", acts.proposal("pr-waiting", now + 3_600_000));
    broker.send(Topics.DECISIONS, "node/n-1", acts.waiting("pr-waiting"));
    broker.send(Topics.PROPOSALS, "node/n-2", acts.proposal("pr-done", now + 3_600_000));
    broker.send(Topics.DECISIONS, "node/n-2", acts.admitted("pr-done", "ad-1"));
    broker.send(Topics.PROPOSALS, "node/n-3", acts.proposal("pr-late", now - 1));
    broker.send(Topics.DECISIONS, "node/n-3", new byte[] {1, 2, 3});
    broker.send(Topics.ADMISSIONS, "p1", acts.admission("ad-1", 1, false));
    broker.send(Topics.ADMISSIONS, "p1", acts.admission("ad-2", 1, false));
    broker.send(Topics.ADMISSIONS, "p1", acts.admission("ad-2", 2, true));
    broker.send(Topics.INCIDENTS, "in-abc1", acts.incident("in-abc1", 1, false));
    broker.send(Topics.INCIDENTS, "in-abc1", acts.incident("in-abc1", 2, false));
    broker.send(Topics.INCIDENTS, "in-abd2", acts.incident("in-abd2", 1, true));
  }

  @AfterAll
  static void stop() {
    broker.close();
  }

  @Test
  void aHaltIsWrittenShownAndTakenBack() throws Exception {
    assertThat(run("halt", "--pool", "p-halt", "--reason", "too many alarms", "--author", "mara"))
        .isEqualTo(ExitCodes.OK);
    assertThat(out.toString())
        .contains("wrote pool/p-halt/halt/all, version 1, offset ")
        .contains("every act in pool/p-halt is stopped; what is past its fence completes")
        .contains("not signed: where trusted keys are configured nobody takes it");
    assertThat(list("pool", "p-halt")).hasSize(1);
    assertThat(list("pool", "p-halt").get(0).get("state").asText()).isEqualTo("holds");

    assertThat(run("resume", "--reason", "calm again")).isEqualTo(ExitCodes.FOUND);
    assertThat(err.toString()).contains("no halt of all is in force").contains("pool/p-halt/halt");
    assertThat(run("resume", "--pool", "p-halt", "--reason", "calm again", "--author", "jo"))
        .isEqualTo(ExitCodes.OK);
    assertThat(out.toString()).contains("version 2").contains("taken back: every act in");
    assertThat(list("pool", "p-halt")).isEmpty();
    assertThat(list("pool", "p-halt", "--all").get(0).get("author").asText()).isEqualTo("jo");
    assertThat(run("resume", "--pool", "p-halt", "--reason", "again")).isEqualTo(ExitCodes.FOUND);

    assertThat(run("halt", "--pool", "p-halt", "--reason", "once more")).isZero();
    assertThat(list("pool", "p-halt").get(0).get("version").asInt()).isEqualTo(3);
  }

  @Test
  void aDryRunWritesNothing() throws Exception {
    assertThat(
            run(
                "silence",
                "--entity",
                "node/n-dry",
                "--for",
                "2h",
                "--reason",
                "x",
                "--dry-run",
                "--output",
                "json"))
        .isZero();
    JsonNode written = JSON.readTree(out.toString());
    assertThat(written.get("offset").asLong()).isEqualTo(-1);
    assertThat(written.get("key").asText()).isEqualTo("node/n-dry/silence/silence");
    assertThat(written.get("expiresMillis").asLong() - written.get("fromMillis").asLong())
        .isEqualTo(7_200_000L);
    assertThat(list("entity", "node/n-dry", "--all")).isEmpty();
  }

  @Test
  void aSignedWordSaysItsKeyAndTrustIsShown(@TempDir Path folder) throws Exception {
    String name = folder.resolve("ops").toString();
    assertThat(run("keys", "generate", name)).isZero();
    String keyId = out.toString().lines().findFirst().orElse("").replace("key ", "");
    assertThat(run("keys", "show", name + ".pub")).isZero();
    assertThat(out.toString()).isEqualTo(keyId + "  trusted" + System.lineSeparator());
    assertThat(run("keys", "show", name + ".key")).isZero();
    assertThat(out.toString()).startsWith(keyId + "  signs").doesNotContain("PRIVATE");
    assertThat(run("keys", "generate", name)).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("is never overwritten").hasLineCount(1);

    assertThat(
            run(
                "halt",
                "--zone",
                "z-key",
                "--reason",
                "drill",
                "--key-file",
                name + ".key",
                "--for",
                "1h"))
        .isZero();
    assertThat(out.toString()).contains("signed by key " + keyId).doesNotContain("not signed");
    assertThat(run("mode", "set", "act", "--act", "migrate", "--zone", "z-key", "--reason", "r"))
        .isZero();
    assertThat(run("policies", "list", "--zone", "z-key", "--trusted-keys", name + ".pub"))
        .isZero();
    assertThat(line("zone/z-key/halt/all")).contains(keyId);
    assertThat(line("zone/z-key/mode/migrate")).contains("NOT TAKEN");
    assertThat(run("halt", "--reason", "r", "--key-file", folder.resolve("none").toString()))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("there is no key file").hasLineCount(1);
  }

  @Test
  void aWaitingProposalIsApprovedAndOthersAreNot() throws Exception {
    assertThat(run("approve", "pr-waiting", "--reason", "looked at it", "--author", "mara"))
        .isZero();
    assertThat(out.toString())
        .contains("wrote all/approval/pr-waiting, version ")
        .contains("proposal pr-waiting is approved, until ")
        .contains("(24 h from now)");
    assertThat(run("deny", "pr-done", "--reason", "no")).isEqualTo(ExitCodes.REFUSED);
    assertThat(err.toString())
        .contains("proposal pr-done (failover of node/n-1) has ended already (admitted, ok)")
        .hasLineCount(1);
    assertThat(run("approve", "pr-late", "--reason", "yes")).isEqualTo(ExitCodes.REFUSED);
    assertThat(err.toString()).contains("expired at");
    assertThat(run("approve", "pr-nobody", "--reason", "yes")).isEqualTo(ExitCodes.REFUSED);
    assertThat(err.toString()).contains("no proposal pr-nobody is known (yet)").contains("--early");
    assertThat(run("approve", "pr-nobody", "--reason", "yes", "--early")).isZero();
    assertThat(run("deny", "pr-nobody", "--reason", "no", "--early", "--for", "1h")).isZero();
  }

  @Test
  void aRuleApprovesAKindOfAct() throws Exception {
    assertThat(
            run(
                "approve",
                "--rule",
                "--act",
                "migrate",
                "--max-cost",
                "64gb",
                "--hours",
                "08-18",
                "--pool",
                "p-rule",
                "--for",
                "30d",
                "--reason",
                "small moves in office hours"))
        .isZero();
    assertThat(out.toString())
        .contains("pool/p-rule/approval/rule-migrate")
        .contains("every migrate in pool/p-rule is approved, hours 08-18, max-cost 64gb");
    assertThat(run("approve", "--rule", "--reason", "r")).isEqualTo(ExitCodes.USAGE);
    assertThat(run("approve", "--rule", "--act", "migrate", "--reason", "r"))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("must end");
    assertThat(run("approve", "pr-1", "--max-cost", "1gb", "--reason", "r"))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(
            run(
                "approve",
                "--rule",
                "--act",
                "migrate",
                "--hours",
                "8 to 6",
                "--for",
                "1d",
                "--reason",
                "r"))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("write them as 08-18 (UTC)").hasLineCount(1);
  }

  @Test
  void anActInFlightIsCancelledAndAnEndedOneIsNot() throws Exception {
    assertThat(run("cancel", "ad-1", "--reason", "wrong node")).isZero();
    assertThat(out.toString())
        .contains("all/cancel/ad-1")
        .contains("admission ad-1 ends before its fence");
    assertThat(run("cancel", "ad-2", "--reason", "wrong node")).isEqualTo(ExitCodes.REFUSED);
    assertThat(err.toString()).contains("has ended already (done)");
    assertThat(run("cancel", "pr-waiting", "--reason", "no need")).isZero();
    assertThat(out.toString()).contains("proposal pr-waiting ends");
  }

  @Test
  void maintenanceIsAnnouncedListedAndEnded() throws Exception {
    assertThat(
            run(
                "maintenance",
                "add",
                "--entity",
                "rack/r-9",
                "--from",
                "2099-01-01T08:00",
                "--for",
                "4h",
                "--reason",
                "new switches"))
        .isZero();
    assertThat(out.toString()).contains("rack/r-9/maintenance/20990101-0800", "from 2099-01-01");
    assertThat(run("maintenance", "add", "--entity", "rack/r-9", "--for", "1h", "--reason", "now"))
        .isZero();
    assertThat(run("maintenance", "list")).isZero();
    assertThat(line("rack/r-9/maintenance/20990101-0800")).startsWith("later");
    assertThat(
            run(
                "maintenance",
                "end",
                "--entity",
                "rack/r-9",
                "--id",
                "20990101-0800",
                "--reason",
                "not needed"))
        .isZero();
    assertThat(list("entity", "rack/r-9")).hasSize(1);
    assertThat(run("maintenance", "end", "--entity", "rack/r-9", "--reason", "done")).isZero();
    assertThat(list("entity", "rack/r-9")).isEmpty();
    assertThat(run("maintenance", "end", "--entity", "rack/r-9", "--reason", "done"))
        .isEqualTo(ExitCodes.FOUND);
    assertThat(run("maintenance", "add", "--for", "1h", "--reason", "r"))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("names what it holds for").hasLineCount(1);
  }

  @Test
  void aNodeIsEvacuatedForItsMaintenanceAndNothingElseIs() throws Exception {
    assertThat(
            run(
                "maintenance",
                "add",
                "--entity",
                "node/n-e",
                "--for",
                "2h",
                "--reason",
                "r",
                "--evacuate"))
        .isZero();
    assertThat(out.toString()).contains("get other owners first");
    assertThat(
            run(
                "maintenance",
                "add",
                "--entity",
                "rack/r-e",
                "--for",
                "2h",
                "--reason",
                "r",
                "--evacuate"))
        .isNotZero();
    assertThat(err.toString()).contains("only a node is evacuated").hasLineCount(1);
  }

  @Test
  void actingIsSwitchedOnKindByKindAndAdviseForAll() throws Exception {
    assertThat(run("mode", "set", "act", "--pool", "p-mode", "--reason", "r"))
        .isEqualTo(ExitCodes.REFUSED);
    assertThat(err.toString()).contains("one kind of act at a time").hasLineCount(1);
    assertThat(
            run(
                "mode",
                "set",
                "act",
                "--act",
                "migrate,prefetch",
                "--approval",
                "--pool",
                "p-mode",
                "--reason",
                "trial",
                "--output",
                "json"))
        .isZero();
    assertThat(JSON.readTree(out.toString())).hasSize(2);
    assertThat(run("mode", "set", "advise", "--pool", "p-mode", "--reason", "enough")).isZero();
    assertThat(out.toString()).contains("every act in pool/p-mode is only advised");
    assertThat(run("mode", "show")).isZero();
    assertThat(out.toString())
        .contains("every migrate in pool/p-mode may be done once it is approved");
    assertThat(run("mode", "set", "act", "--act", "explode", "--reason", "r"))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("it is one of prefetch, shadow").hasLineCount(1);
  }

  @Test
  void budgetsOverridesAndPinsAreSaid() throws Exception {
    assertThat(
            run(
                "budget",
                "set",
                "--pool",
                "p-bud",
                "--acts-in-flight",
                "2",
                "--nodes-per-day",
                "0.05",
                "--reason",
                "larger pool"))
        .isZero();
    assertThat(out.toString())
        .contains("limits of every act in pool/p-bud: acts-in-flight 2, nodes-per-day 0.05");
    assertThat(run("budget", "set", "--pool", "p-bud", "--nodes-per-day", "5", "--reason", "r"))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("is no share").hasLineCount(1);
    assertThat(run("budget", "set", "--reason", "r")).isEqualTo(ExitCodes.USAGE);
    assertThat(run("budget", "show")).isZero();
    assertThat(line("pool/p-bud/budget/all")).contains("larger pool");
    assertThat(
            run(
                "override",
                "--entity",
                "node/n-o",
                "--tier",
                "healthy",
                "--for",
                "8h",
                "--reason",
                "known firmware noise"))
        .isZero();
    assertThat(out.toString()).contains("the risk of node/n-o is taken for healthy");
    assertThat(
            run(
                "pin",
                "--entity",
                "volume/v-1",
                "--target",
                "node/n-7",
                "--until",
                "2099-01-01",
                "--reason",
                "latency test"))
        .isZero();
    assertThat(out.toString()).contains("what moves for volume/v-1 may go to node/n-7 only");
    assertThat(run("pin", "--entity", "volume/v-1", "--reason", "for ever"))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("must end").hasLineCount(1);
    assertThat(run("policies", "end", "volume/v-1/pin/pin", "--reason", "test is over")).isZero();
    assertThat(run("policies", "end", "volume/v-1/pin/pin", "--reason", "test is over"))
        .isEqualTo(ExitCodes.FOUND);
    assertThat(run("policies", "show", "node/n-o/override/override")).isZero();
    assertThat(out.toString()).contains("why      known firmware noise", "tier  healthy");
    assertThat(run("policies", "show", "nothing")).isEqualTo(ExitCodes.FOUND);
  }

  @Test
  void liveValuesAndRulesAreSaid(@TempDir Path folder) throws Exception {
    assertThat(
            run(
                "policies",
                "set",
                "threshold",
                "some-rule",
                "--parameter",
                "severity=warning",
                "--parameter",
                "quiet=5min",
                "--reason",
                "too loud"))
        .isZero();
    assertThat(out.toString())
        .contains("wrote all/threshold/some-rule", "quiet 5min, severity warning");
    Path file = Files.writeString(folder.resolve("rule.yaml"), "id: some-rule\nstages: 7\n");
    assertThat(
            run(
                "policies",
                "set",
                "rule",
                "some-rule",
                "--body-file",
                file.toString(),
                "--reason",
                "better"))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("policy all/rule/some-rule").hasLineCount(1);
    assertThat(run("policies", "set", "sync", "x", "--reason", "r")).isEqualTo(ExitCodes.USAGE);
  }

  @Test
  void wordsThatMakeNoSenseAreOneLine() {
    for (String[] words :
        new String[][] {
          {"halt"},
          {"halt", "--reason", " "},
          {"halt", "--reason", "two\nlines"},
          {"halt", "--reason", "x".repeat(1001)},
          {"halt", "--reason", "r", "--for", "soon"},
          {"halt", "--reason", "r", "--for", "0h"},
          {"halt", "--reason", "r", "--for", "1h", "--until", "2099-01-01"},
          {"halt", "--reason", "r", "--until", "2001-01-01"},
          {"halt", "--reason", "r", "--until", "tomorrow"},
          {"halt", "--reason", "r", "--until", "2999-01-01"},
          {"halt", "--reason", "r", "--pool", "a", "--zone", "b"},
          {"halt", "--reason", "r", "--entity", "n-0001"},
          {"halt", "--reason", "r", "--entity", "planet/mars"},
          {"halt", "--reason", "r", "--author", " "},
          {"silence", "--reason", "r", "--entity", "node/n-1"},
          {"silence", "--reason", "r", "--for", "1h"},
          {"override", "--reason", "r", "--entity", "node/n-1", "--for", "1h", "--tier", "fine"},
          {"approve", "--reason", "r"},
          {"decisions"},
          {"decisions", "list", "--limit", "0"},
          {"decisions", "list", "--since", "long ago"},
        }) {
      assertThat(run(words)).as(String.join(" ", words)).isEqualTo(ExitCodes.USAGE);
      assertThat(err.toString()).as(String.join(" ", words)).hasLineCount(1);
      assertThat(out.toString()).isEmpty();
    }
  }

  @Test
  void decisionsAreListedAndShownWithEveryGuard() throws Exception {
    assertThat(run("decisions", "list")).isZero();
    assertThat(out.toString()).contains("pr-waiting", "APPROVAL_NEEDED", "2 of 2; 1 could not be");
    assertThat(run("decisions", "list", "--outcome", "waiting", "--newest", "--output", "json"))
        .isZero();
    JsonNode page = JSON.readTree(out.toString());
    assertThat(page.get("items")).hasSize(1);
    assertThat(page.get("items").get(0).get("guards")).hasSize(2);
    assertThat(run("decisions", "list", "--code", "STORM")).isZero();
    assertThat(out.toString()).contains("0 of 0");
    assertThat(
            run("decisions", "list", "--subject", "node/n-1", "--pool", "p1", "--act", "failover"))
        .isZero();
    assertThat(out.toString()).contains("2 of 2");

    assertThat(run("decisions", "show", "pr-waiting")).isZero();
    assertThat(out.toString())
        .contains(
            "proposal pr-waiting: failover of node/n-1 in pool p1",
            "node/n-5",
            "TARGET_FULL",
            "waiting, APPROVAL_NEEDED",
            "budget",
            "passed",
            "0.500");
    assertThat(run("decisions", "show", "ad-1", "--output", "json")).isZero();
    assertThat(JSON.readTree(out.toString()).at("/decisions/0/outcome").asText())
        .isEqualTo("ADMITTED");
    assertThat(run("decisions", "show", "pr-late")).isZero();
    assertThat(out.toString()).contains("not decided yet");
    assertThat(run("decisions", "show", "nothing")).isEqualTo(ExitCodes.FOUND);
    assertThat(err.toString()).contains("is called 'nothing'").hasLineCount(1);
  }

  @Test
  void incidentsAreListedAndShownAsATimeline() throws Exception {
    assertThat(run("incidents", "list")).isEqualTo(ExitCodes.FOUND);
    assertThat(out.toString()).contains("in-abc1", "critical", "1 of 1").doesNotContain("in-abd2");
    assertThat(run("incidents", "list", "--state", "all", "--output", "json"))
        .isEqualTo(ExitCodes.FOUND);
    JsonNode page = JSON.readTree(out.toString());
    assertThat(page.get("items")).hasSize(2);
    assertThat(page.get("items").get(0).get("revision").asInt()).isEqualTo(2);
    assertThat(run("incidents", "list", "--state", "resolved", "--subject", "node/n-1")).isZero();
    assertThat(out.toString()).contains("in-abd2");
    assertThat(run("incidents", "show", "in-abc")).isZero();
    assertThat(out.toString())
        .contains(
            "incident in-abc1, revision 2",
            "disk/d-1",
            "smart.predicted",
            "volume.latency.high",
            "predicted",
            "+60 s",
            "2 of 2 events");
    assertThat(run("incidents", "show", "in-ab")).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("2 incidents begin with 'in-ab'").hasLineCount(1);
    assertThat(run("incidents", "show", "in-zzz")).isEqualTo(ExitCodes.FOUND);
  }

  @Test
  void aRecordThatMakesNoSenseIsToldAndTheLastGoodOneStays() throws Exception {
    assertThat(run("silence", "--pool", "p-bad", "--for", "1h", "--reason", "good")).isZero();
    broker.send(Topics.POLICIES, "pool/p-bad/silence/silence", new byte[] {9, 9, 9});
    assertThat(run("policies", "list", "--pool", "p-bad")).isZero();
    assertThat(out.toString()).contains("good", "1 refused, the newest: offset");
  }

  @Test
  void whoCannotBeReachedIsSaid() {
    assertThat(run("policies", "list", "--topic-prefix", "elsewhere"))
        .isEqualTo(ExitCodes.UNREACHABLE);
    assertThat(err.toString()).contains("there is no topic elsewhere.policies.v1").hasLineCount(1);
    assertThat(run("halt", "--reason", "r", "--topic-prefix", "elsewhere"))
        .isEqualTo(ExitCodes.UNREACHABLE);
  }

  @Test
  void helpAndCompletionKnowEveryWord() {
    assertThat(run("completion")).isZero();
    String script = out.toString();
    assertThat(script).contains("maintenance", "retire-shadow", "--max-cost", "--key-file");
    for (String command : Forestall.commandLine().getSubcommands().keySet()) {
      assertThat(run(command, "--help")).as(command).isZero();
    }
  }

  private String line(String holding) {
    return out.toString().lines().filter(line -> line.contains(holding)).findFirst().orElse("");
  }

  private JsonNode list(String scope, String id, String... more) throws IOException {
    List<String> words =
        new ArrayList<>(List.of("policies", "list", "--" + scope, id, "--output", "json"));
    words.addAll(Arrays.asList(more));
    assertThat(run(words.toArray(new String[0]))).isZero();
    return JSON.readTree(out.toString()).get("items");
  }

  private int run(String... words) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    List<String> all = new ArrayList<>(Arrays.asList(words));
    boolean asksKafka =
        !List.of("keys", "completion").contains(words[0]) && !all.contains("--help");
    if (asksKafka && words.length > 1) {
      all.add("--bootstrap-servers");
      all.add(broker.bootstrapServers());
      if (!all.contains("--topic-prefix")) {
        all.add("--topic-prefix");
        all.add(PREFIX);
      }
    }
    CommandLine line = Forestall.commandLine();
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    return line.execute(all.toArray(new String[0]));
  }
}
