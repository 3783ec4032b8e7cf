package io.forestall.app.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.Forestall;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

final class EvaluateFaultsCommandTest {

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    CommandLine line = Forestall.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    List<String> all = new ArrayList<>(List.of("evaluate", "faults"));
    all.addAll(List.of(arguments));
    return line.execute(all.toArray(String[]::new));
  }

  @Test
  void measuresAndPrintsWhatWasFound() throws Exception {
    int code =
        run(
            "--nodes",
            "6",
            "--disks",
            "2",
            "--days",
            "1",
            "--every",
            "1m",
            "--seeds",
            "1",
            "--faults",
            "1",
            "--kind",
            "silent-node,crash-loop",
            "--list",
            "--output",
            "json");
    assertThat(code).as(err.toString()).isZero();
    JsonNode root = new ObjectMapper().readTree(out.toString());
    assertThat(root.path("kinds")).hasSize(2);
    for (JsonNode kind : root.path("kinds")) {
      assertThat(kind.path("faults").asInt()).isEqualTo(1);
      assertThat(kind.path("found").asInt()).as("%s", kind).isEqualTo(1);
      assertThat(kind.path("medianDelaySeconds").asDouble()).isBetween(60.0, 3600.0);
    }
    assertThat(root.path("outcomes")).hasSize(2);
    assertThat(root.path("falseAlarmsPerNodeWeekHealthy").path("SOFTWARE").isNumber()).isTrue();
    assertThat(root.path("samples").asLong()).isGreaterThan(10_000);
  }

  @Test
  void saysWhatIsWrong() {
    assertThat(run("--kind", "rust")).isEqualTo(2);
    assertThat(err.toString()).contains("no kind of fault is called 'rust'").contains("slow-disk");
    assertThat(run("--every", "soon")).isEqualTo(2);
    assertThat(err.toString()).contains("such as 10m");
    assertThat(run("--nodes", "0")).isEqualTo(2);
    assertThat(err.toString()).contains("at least one node");
    assertThat(run("--seeds", "0")).isEqualTo(2);
  }
}
