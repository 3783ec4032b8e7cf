package io.forestall.app.console;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import picocli.CommandLine;

/** The commands that ask a console, as somebody types them. */
@Timeout(60)
class ConsoleCommandsTest {
  private static final int STEPS = 40;
  private static final FleetView VIEW = new FleetView();

  private static ConsoleServer server;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void start() throws IOException {
    MadeUpFleet fleet = new MadeUpFleet(VIEW, 60, STEPS, 5);
    for (int i = 0; i < STEPS; i++) {
      fleet.next(1);
    }
    server =
        ConsoleServer.start(
            new ConsoleServer.Options("127.0.0.1", 0, Set.of()),
            VIEW,
            () -> FleetFeed.Progress.DONE);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void theTreeGoesDownLevelByLevel() {
    assertThat(ask("fleet", "tree")).isEqualTo(ExitCodes.OK);
    List<String> lines = out.toString().lines().toList();
    assertThat(lines.get(0)).startsWith("PLACE").contains("SILENT", "MAX SCORE");
    assertThat(lines.get(1)).startsWith("eu-north").contains(" 60 ", " 720 ");
    assertThat(lines.get(2)).startsWith("all of it");
    assertThat(ask("fleet", "tree", "--region", "eu-north", "--zone", "z-1")).isZero();
    assertThat(out.toString()).contains("r-001", "r-002", "r-003");
    assertThat(ask("fleet", "tree", "--region", "eu-north", "--zone", "z-1", "--rack", "r-002"))
        .isZero();
    assertThat(out.toString()).contains("n-00021", "20 of 20");
  }

  @Test
  void theTreeSaysWhatItLacks() {
    assertThat(ask("fleet", "tree", "--zone", "z-1")).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("--zone needs its --region").hasLineCount(1);
    assertThat(ask("fleet", "tree", "--region", "atlantis")).isEqualTo(ExitCodes.FOUND);
    assertThat(err.toString()).contains("no such place is known").hasLineCount(1);
    assertThat(ask("fleet")).isEqualTo(ExitCodes.USAGE);
  }

  @Test
  void theLateAreFoundAndThatIsTheExitCode() throws Exception {
    assertThat(ask("fleet", "late", "--state", "never", "--kind", "node"))
        .isEqualTo(ExitCodes.FOUND);
    assertThat(out.toString()).contains("never", "node/n-00012", "1 of 1");
    assertThat(ask("fleet", "late", "--region", "atlantis")).isEqualTo(ExitCodes.OK);
    assertThat(ask("fleet", "late", "--output", "json", "--limit", "2")).isEqualTo(ExitCodes.FOUND);
    assertThat(json().get("items")).hasSize(2);
  }

  @Test
  void oneEntityIsShownWithSignalsAnomaliesAndNeighbours() throws Exception {
    assertThat(ask("entity", "show", "node/n-00008")).isEqualTo(ExitCodes.OK);
    assertThat(out.toString())
        .contains(
            "process memory grew", "symptoms 1", "cpu_busy_ratio", "PEERS", "BESIDE IT", "worse");
    assertThat(ask("entity", "show", "edge/n-00006>n-00007", "--output", "json")).isZero();
    assertThat(json().get("baseline").get("signals")).isNotEmpty();
    assertThat(ask("entity", "show", "n-00008")).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("write KIND/ID").hasLineCount(1);
    assertThat(ask("entity", "show", "node/nobody")).isEqualTo(ExitCodes.FOUND);
    assertThat(ask("entity", "show", "dusk/nobody")).isEqualTo(ExitCodes.USAGE);
  }

  @Test
  void anomaliesAreListed() throws Exception {
    assertThat(ask("anomalies", "list", "--kind", "edge", "--worse")).isEqualTo(ExitCodes.OK);
    assertThat(out.toString()).contains("edge/n-00006>n-00007", "path_loss_ratio");
    assertThat(ask("anomalies", "list", "--state", "all", "--output", "json")).isZero();
    assertThat(json().get("items")).isNotEmpty();
  }

  @Test
  void risksAreOfEveryKindAndMode() throws Exception {
    assertThat(ask("risk", "list", "--mode", "software", "--tier", "critical,warning")).isZero();
    assertThat(out.toString()).contains("node/n-00008");
    assertThat(ask("risk", "list", "--kind", "head", "--output", "json")).isZero();
    assertThat(json().get("items"))
        .isNotEmpty()
        .allMatch(item -> item.get("kind").asText().equals("head"));
  }

  @Test
  void completionKnowsTheCommands() {
    assertThat(run("completion")).isEqualTo(ExitCodes.OK);
    assertThat(out.toString())
        .contains("complete -F _complete_forestall", "anomalies", "entity", "--console");
  }

  private JsonNode json() throws IOException {
    return new ObjectMapper().readTree(out.toString());
  }

  private int ask(String... arguments) {
    String[] all = Arrays.copyOf(arguments, arguments.length + (arguments.length > 1 ? 2 : 0));
    if (arguments.length > 1) {
      all[arguments.length] = "--console";
      all[arguments.length + 1] = "http://127.0.0.1:" + server.port();
    }
    return run(all);
  }

  private int run(String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    CommandLine line = Forestall.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return line.execute(arguments);
  }
}
