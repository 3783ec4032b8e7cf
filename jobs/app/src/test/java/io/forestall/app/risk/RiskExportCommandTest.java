package io.forestall.app.risk;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import io.forestall.app.TestingBroker;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.ModeRisk;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Tier;
import io.forestall.schemas.Topics;
import io.forestall.wire.AvroCodec;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class RiskExportCommandTest {
  private static final String PREFIX = "export";
  private static final long DAY_MILLIS = 86_400_000L;

  private static TestingBroker broker;

  @TempDir private Path folder = Path.of("");

  /** Two hundred healthy disks, two sick ones, one that was sick, one that is silent, a machine. */
  @BeforeAll
  static void seed(@TempDir Path directory) throws Exception {
    broker = TestingBroker.start(directory, PREFIX);
    for (int i = 0; i < 200; i++) {
      risk(EntityKind.DISK, "H" + i, 1, 0.001 + i * 1e-6, false);
    }
    risk(EntityKind.DISK, "SICK-1", 1, 0.6, false);
    risk(EntityKind.DISK, "SICK-2", 1, 0.7, false);
    risk(EntityKind.DISK, "WAS-SICK", 1, 0.9, false);
    risk(EntityKind.DISK, "WAS-SICK", 2, 0.0001, false);
    risk(EntityKind.DISK, "SILENT", 1, 0.9, false);
    risk(EntityKind.DISK, "SILENT", 1, 0.9, true);
    risk(EntityKind.DISK, "NOT-ONE", 1, 2.0, false);
    risk(EntityKind.DISK, "NO-NUMBER", 1, Double.NaN, false);
    risk(EntityKind.NODE, "n-1", 1, 0.99, false);
  }

  @AfterAll
  static void close() {
    broker.close();
  }

  private static void risk(
      EntityKind kind, String id, long samples, double probability, boolean stale)
      throws Exception {
    Risk risk =
        new Risk(
            new EntityRef(kind, id),
            "n-1",
            samples * DAY_MILLIS,
            samples,
            100 * probability,
            Tier.HEALTHY,
            DAY_MILLIS,
            probability,
            30 * DAY_MILLIS,
            0.9,
            stale,
            List.of(
                new ModeRisk(
                    FailureMode.DISK, probability, 30 * DAY_MILLIS, "disk-lstm", 1, List.of())));
    broker.send(
        Topics.RISK,
        (kind == EntityKind.DISK ? "disk/" : "node/") + id,
        AvroCodec.of(Risk.class).encode(risk));
  }

  private int run(StringWriter said, String... options) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "risk",
                "export",
                "--bootstrap-servers",
                broker.bootstrapServers(),
                "--topic-prefix",
                PREFIX,
                "--output",
                folder.resolve("risk.csv").toString()));
    arguments.addAll(List.of(options));
    CommandLine line = Forestall.commandLine();
    line.setOut(new PrintWriter(said));
    line.setErr(new PrintWriter(said));
    return line.execute(arguments.toArray(String[]::new));
  }

  private List<String> disks() throws Exception {
    return Files.readAllLines(folder.resolve("risk.csv")).stream()
        .skip(1)
        .map(row -> row.split(",", -1)[1])
        .toList();
  }

  @Test
  void theNewestOfEachIsWritten() throws Exception {
    StringWriter said = new StringWriter();
    assertThat(run(said)).as(said.toString()).isEqualTo(ExitCodes.OK);
    assertThat(disks()).hasSize(207).contains("n-1", "SILENT", "WAS-SICK");
  }

  /** Half a percent of 200 is one disk; the sick ones spend 0.7 of it, a healthy one would 1. */
  @Test
  void withABudgetOnlyWhatIsAnAlarmNowIsWritten() throws Exception {
    StringWriter said = new StringWriter();
    assertThat(run(said, "--alarm-budget", "0.005")).as(said.toString()).isEqualTo(ExitCodes.OK);
    assertThat(disks()).containsExactly("SICK-1", "SICK-2");
    assertThat(run(said, "--alarm-budget", "0.015")).isEqualTo(ExitCodes.OK);
    assertThat(disks()).containsExactly("H198", "H199", "SICK-1", "SICK-2");
  }

  @Test
  void aBudgetThatIsNoneIsRefused() {
    for (String[] wrong :
        new String[][] {
          {"--alarm-budget", "0"}, {"--alarm-budget", "1"}, {"--alarm-budget", "0.1", "--every"}
        }) {
      StringWriter said = new StringWriter();
      assertThat(run(said, wrong)).isEqualTo(ExitCodes.USAGE);
      assertThat(said.toString()).contains("one in a hundred healthy disks");
    }
  }
}
