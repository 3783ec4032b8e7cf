package io.forestall.app.console;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import io.forestall.schemas.Tier;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import picocli.CommandLine;

@Timeout(60)
class RiskCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final FleetView view = new FleetView();
  private ConsoleServer server;

  @BeforeEach
  void start() throws IOException {
    server =
        ConsoleServer.start(
            new ConsoleServer.Options("127.0.0.1", 0, Set.of()),
            view,
            () -> FleetFeed.Progress.DONE);
    TestingFleet fleet = new TestingFleet(view, 200, 5);
    for (int day = 0; day < 40; day++) {
      fleet.nextDay();
    }
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void listsAsATable() {
    assertThat(run("risk", "list", "--limit", "3", "--tier", "critical,warning,watch"))
        .isEqualTo(ExitCodes.OK);
    List<String> lines = out.toString().lines().toList();
    assertThat(lines.get(0)).startsWith("TIER").endsWith("LARGEST REASON");
    assertThat(lines).hasSize(5);
    assertThat(lines.get(1)).contains("disk/TST", "n-000", "r-01", "grew by");
    assertThat(lines.get(4)).startsWith("3 of ");
  }

  @Test
  void listsAsJson() throws Exception {
    assertThat(run("risk", "list", "--limit", "2", "--output", "json", "--rack", "r-01"))
        .isEqualTo(ExitCodes.OK);
    assertThat(new ObjectMapper().readTree(out.toString()).get("items")).hasSize(2);
  }

  @Test
  void showsOneDiskByItsSerialNumber() {
    String id = view.list(RiskQuery.all(1)).items().get(0).id();
    assertThat(run("risk", "show", id, "--history", "4")).isEqualTo(ExitCodes.OK);
    assertThat(out.toString())
        .contains("within 30 d", "MODE", "disk-lstm 1", "(synthetic)", "NATS", "2026-02-09");
    assertThat(run("risk", "show", "disk/" + id, "--output", "json")).isEqualTo(ExitCodes.OK);
  }

  @Test
  void noIdentifierSteersTheTerminal() {
    view.risk(
        "disk/x", TestingFleet.risk("evil\u001b[2Jdisk", 0, 1, 99.99, Tier.CRITICAL, List.of()));
    assertThat(run("risk", "list", "--min-score", "99.9")).isEqualTo(ExitCodes.OK);
    assertThat(out.toString()).contains("evil.[2Jdisk").doesNotContain("\u001b");
  }

  @Test
  void anUnknownDiskIsOneLineAndExitCodeOne() {
    assertThat(run("risk", "show", "none")).isEqualTo(ExitCodes.FOUND);
    assertThat(err.toString()).contains("knows no disk none").hasLineCount(1);
  }

  @Test
  void aConsoleThatIsNotThereIsExitCodeThree() {
    server.close();
    assertThat(run("risk", "list")).isEqualTo(ExitCodes.UNREACHABLE);
    assertThat(err.toString()).contains("no console answers at http://127.0.0.1:").hasLineCount(1);
  }

  @Test
  void nonsenseIsExitCodeTwo() {
    assertThat(run("risk", "list", "--limit", "0")).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("limit must be a number from 1 to 1000");
    assertThat(run("risk")).isEqualTo(ExitCodes.USAGE);
    CommandLine line = Forestall.commandLine();
    line.setErr(new PrintWriter(err));
    assertThat(line.execute("risk", "list", "--url", "not an address")).isEqualTo(ExitCodes.USAGE);
    assertThat(line.execute("risk", "list", "--url", "file:///etc/passwd"))
        .isEqualTo(ExitCodes.USAGE);
  }

  private int run(String... arguments) {
    CommandLine line = Forestall.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    if (arguments.length > 1) {
      String[] all = new String[arguments.length + 2];
      System.arraycopy(arguments, 0, all, 0, arguments.length);
      all[arguments.length] = "--url";
      all[arguments.length + 1] = "http://127.0.0.1:" + server.port();
      return line.execute(all);
    }
    return line.execute(arguments);
  }
}
