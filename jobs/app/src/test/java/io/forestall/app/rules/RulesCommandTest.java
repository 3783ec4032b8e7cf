package io.forestall.app.rules;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.forestall.app.ExitCodes;
import io.forestall.app.Forestall;
import io.forestall.wire.rules.RuleFiles;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class RulesCommandTest {
  private StringWriter out = new StringWriter();
  private StringWriter err = new StringWriter();

  @Test
  void listsAndShowsTheShippedRules() throws Exception {
    assertThat(run("rules", "list")).isZero();
    assertThat(out.toString().lines()).hasSize(RuleFiles.shipped().rules().size() + 1);
    assertThat(out.toString()).contains("disk-failing-under-load");

    assertThat(run("rules", "list", "--output", "json")).isZero();
    JsonNode all = new ObjectMapper().readTree(out.toString());
    assertThat(all).hasSize(RuleFiles.shipped().rules().size());
    assertThat(all.get(0).get("shape").asText()).hasSize(12);

    assertThat(run("rules", "show", "disk-failed")).isZero();
    assertThat(out.toString()).contains("1. a disk has failed: disk.failed, real");
    assertThat(run("rules", "show", "disk-failed", "--yaml")).isZero();
    assertThat(out.toString()).startsWith("id: disk-failed");
    assertThat(run("rules", "show", "none")).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("forestall rules list");
    assertThat(run("rules")).isEqualTo(ExitCodes.USAGE);
  }

  @Test
  void whatItShowsCanBeBegunWith(@TempDir Path folder) throws Exception {
    assertThat(run("rules", "show")).isZero();
    Path mine = folder.resolve("mine.yaml");
    Files.writeString(mine, out.toString());

    assertThat(run("rules", "check", mine.toString())).isZero();
    assertThat(out.toString()).contains(RuleFiles.shipped().rules().size() + " rules, all well");
    assertThat(run("rules", "test", "--rules", mine.toString(), "--orders", "1")).isZero();
    assertThat(run("rules", "list", "--rules", mine.toString())).isZero();

    Files.writeString(mine, out.toString().replace("rule", "role"));
    assertThat(run("rules", "check", mine.toString(), "--output", "json"))
        .isEqualTo(ExitCodes.FOUND);
    assertThat(new ObjectMapper().readTree(out.toString()).get(0).get("problems")).isNotEmpty();
    assertThat(run("rules", "list", "--rules", mine.toString())).isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString().strip()).contains("mine.yaml:");
    assertThat(run("rules", "check", folder.resolve("absent").toString()))
        .isEqualTo(ExitCodes.USAGE);
    assertThat(err.toString()).contains("there is no file");
  }

  @Test
  void aFailingTestIsExitCodeOne(@TempDir Path folder) throws Exception {
    Path tests = folder.resolve("tests.yaml");
    Files.writeString(
        tests,
        """
        tests:
          - name: nothing comes of a failed disk
            events: [{type: disk.failed, severity: critical, entity: disk/d}]
            incidents: []
          - name: a failed disk is an incident
            events: [{type: disk.failed, severity: critical, entity: disk/d}]
            incidents: [{rule: disk-failed, key: disk/d}]
        """);

    assertThat(run("rules", "test", tests.toString())).isEqualTo(ExitCodes.FOUND);
    assertThat(out.toString())
        .contains("FAILED  nothing comes of a failed disk")
        .contains(
            "tests.yaml:2: disk-failed of disk/d is an incident that the test does not expect")
        .contains("ok      a failed disk is an incident")
        .contains("2 tests, 1 failed");
    assertThat(run("rules", "test", tests.toString(), "--output", "json"))
        .isEqualTo(ExitCodes.FOUND);
    JsonNode results = new ObjectMapper().readTree(out.toString());
    assertThat(results.get(0).get("passed").asBoolean()).isFalse();
    assertThat(results.get(1).get("passed").asBoolean()).isTrue();

    Files.writeString(tests, "tests: 5");
    assertThat(run("rules", "test", tests.toString())).isEqualTo(ExitCodes.USAGE);
    assertThat(run("rules", "test", "--orders", "-1")).isEqualTo(ExitCodes.USAGE);
  }

  @Test
  void theShippedTestsPass() {
    assertThat(run("rules", "test", "--orders", "2")).isZero();
    assertThat(out.toString()).contains(" 0 failed");
  }

  private int run(String... args) {
    out = new StringWriter();
    err = new StringWriter();
    CommandLine line = Forestall.commandLine();
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    return line.execute(args);
  }
}
