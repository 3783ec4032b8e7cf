package io.forestall.wire.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.Rule;
import io.forestall.decisions.incident.RuleSet;
import io.forestall.risk.FailureMode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RuleFilesTest {

  private static final String GOOD =
      """
      rules:
        - id: slow
          version: 3
          enabled: false
          description: It is slow.
          key: [volume, client]
          order: any
          stages:
            - name: a disk fails
              types: [disk.failed, disk.errors.*]
              kinds: [disk, node]
              minSeverity: warning
              predicted: true
              modes: [disk, fail-slow]
              where: [score >= 50, values.error_count > 2.5, 'confidence<1']
            - name: it is slow
              types: volume.latency.high
              count: 3
              distinctBy: client
          correlationTimeWindow: 5 s
          horizons:
            disk.failed: 1 d
          quiet: 10 min
          maxLength: 2 d
          clearedBy:
            types: volume.well
            where: values.latency_seconds <= 0.02
          severity: error
          recommendation: retire-shadow
          because: It's time.
          inhibits:
            - {rule: other, same: rack}
          labels: {team: storage}
        - id: other
          description: Another.
          key: node
          stages: [{name: anything, types: '*'}]
          quiet: 1 s
          maxLength: 1 s
          recommendation: none
      """;

  @Test
  void everyFieldOfARuleIsRead() {
    RuleSet rules = RuleFiles.read("good.yaml", GOOD);

    Rule slow = Objects.requireNonNull(rules.rule("slow"));
    assertThat(slow)
        .isEqualTo(
            new Rule(
                "slow",
                3,
                false,
                "It is slow.",
                List.of(Subject.Kind.VOLUME, Subject.Kind.CLIENT),
                false,
                List.of(
                    new Rule.Stage(
                        "a disk fails",
                        new Rule.Condition(
                            List.of("disk.failed", "disk.errors.*"),
                            Set.of(Subject.Kind.DISK, Subject.Kind.NODE),
                            Severity.WARNING,
                            true,
                            Set.of(FailureMode.DISK, FailureMode.FAIL_SLOW),
                            List.of(
                                new Rule.Threshold("score", Rule.Comparison.AT_LEAST, 50),
                                new Rule.Threshold(
                                    "values.error_count", Rule.Comparison.ABOVE, 2.5),
                                new Rule.Threshold("confidence", Rule.Comparison.BELOW, 1))),
                        1,
                        null),
                    new Rule.Stage(
                        "it is slow",
                        new Rule.Condition(
                            List.of("volume.latency.high"),
                            Set.of(),
                            Severity.UNKNOWN,
                            null,
                            Set.of(),
                            List.of()),
                        3,
                        Subject.Kind.CLIENT)),
                5_000,
                Map.of("disk.failed", 86_400_000L),
                600_000,
                172_800_000,
                new Rule.Condition(
                    List.of("volume.well"),
                    Set.of(),
                    Severity.UNKNOWN,
                    null,
                    Set.of(),
                    List.of(
                        new Rule.Threshold(
                            "values.latency_seconds", Rule.Comparison.AT_MOST, 0.02))),
                Severity.ERROR,
                ActKind.RETIRE_SHADOW,
                "It's time.",
                List.of(new Rule.Inhibition("other", Subject.Kind.RACK)),
                Map.of("team", "storage")));
    Rule other = Objects.requireNonNull(rules.rule("other"));
    assertThat(other.severity()).isNull();
    assertThat(other.enabled()).isTrue();
    assertThat(other.ordered()).isTrue();
  }

  @Test
  void whatIsWrittenIsReadBack() {
    for (RuleSet rules : List.of(RuleFiles.read("good", GOOD), RuleFiles.shipped())) {
      assertThat(RuleFiles.read("again", RuleFiles.write(rules.rules()))).isEqualTo(rules);
      for (Rule rule : rules.rules()) {
        assertThat(RuleYaml.readOne(RuleFiles.write(rule), new Problems("p"))).isEqualTo(rule);
      }
    }
  }

  @Test
  void eachMistakeIsNamedWithItsLineAndTheWayOut() {
    wrong(
        "version: 3",
        "versoin: 3",
        "bad.yaml:3: rule 'slow': unknown field 'versoin'; is version meant?");
    wrong(
        "quiet: 10 min",
        "because2: x\n    quiet: 10 min",
        ":23: rule 'slow': unknown field 'because2'; is because meant?");
    wrong("version: 3", "zzzzzzzz: 3", "unknown field 'zzzzzzzz'; known are id, version");
    wrong(
        "id: other",
        "id: slow",
        "rule 'slow' is there already, on line 2; give this one another id");
    wrong(
        "types: [disk.failed, disk.errors.*]",
        "types: []",
        "stage 1, types: is missing or empty; write types");
    wrong(
        "types: [disk.failed, disk.errors.*]", "types: [disk failed]", "'disk failed' is no type");
    wrong("types: [disk.failed, disk.errors.*]", "types: [disk.failed*]", "is no type");
    wrong(
        "count: 3",
        "count: 0",
        ":18: rule 'slow', stage 2, count: '0' is no whole number from 1 to 1000");
    wrong("count: 3", "count: many", "'many' is no whole number");
    wrong("count: 3", "count: 1001", "from 1 to 1000");
    wrong(
        "correlationTimeWindow: 5 s",
        "correlationTimeWindow: 3 d",
        "correlationTimeWindow: 3 d is longer than maxLength, 2 d");
    wrong(
        "correlationTimeWindow: 5 s",
        "correlationTimeWindow: 5",
        "'5' is no duration: write a whole number and ms, s, min, h or d");
    wrong("    correlationTimeWindow: 5 s\n", "", "rule 'slow': correlationTimeWindow is missing");
    wrong("kinds: [disk, node]", "kinds: [disc]", "kinds: 'disc' is unknown; use disk, node,");
    wrong("kinds: [disk, node]", "kinds: [disk, disk]", "disk stands twice");
    wrong("key: [volume, client]", "key: [volume, client, node]", "at most two kinds");
    wrong("    key: [volume, client]\n", "", "key is missing");
    wrong("disk.failed: 1 d", "disk.failed: 3 d", "make maxLength at least that");
    wrong("disk.failed: 1 d", "disk.failed: 5 s", "no longer than correlationTimeWindow");
    wrong("disk.failed: 1 d", "node.failed: 1 d", "no stage listens to 'node.failed'");
    wrong("quiet: 10 min", "quiet: 3 d", "quiet: from 1 s to maxLength, 2 d");
    wrong("    quiet: 10 min\n", "", "quiet is missing");
    wrong("maxLength: 2 d", "maxLength: 90 d", "maxLength: at most 31 d");
    wrong("score >= 50", "score => 50", "is no limit; write 'score >= 50'");
    wrong("score >= 50", "scores >= 50", "is no limit");
    wrong("score >= 50", "score >= NaN", "is no limit");
    wrong(
        "severity: error",
        "severity: dreadful",
        "'dreadful' is unknown; use info, warning, error, critical");
    wrong(
        "recommendation: retire-shadow",
        "recommendation: explode",
        "'explode' is unknown; use none, investigate");
    wrong("    because: It's time.\n", "", "because is missing");
    wrong(
        "rule: other, same: rack",
        "rule: another, same: rack",
        "'another' is no rule of this file");
    wrong(
        "rule: other, same: rack", "rule: slow, same: rack", "it swallows a rule that swallows it");
    wrong("rule: other, same: rack", "rule: other", "same is missing");
    wrong("predicted: true", "predicted: maybe", "'maybe' is neither true nor false");
    wrong("name: it is slow", "name: a disk fails", "'a disk fails' stands twice");
    wrong("version: 3", "id: again", "'id' stands here twice");
    wrong("description: It is slow.", "description:", "description: is empty");
    wrong("description: It is slow.", "description: [a, b]", "write one value here");
    wrong("labels: {team: storage}", "labels: {te-am: storage}", "'te-am' is no name of a label");
    wrong("labels: {team: storage}", "labels: 5", "write names with values");
    wrong("distinctBy: client", "distinctBy: clients", "'clients' is unknown");
  }

  @Test
  void oneReadingFindsEveryMistake() {
    String text = GOOD.replace("count: 3", "count: 0").replace("id: other", "id: OTHER");
    RulesException refused =
        catchThrowableOfType(RulesException.class, () -> RuleFiles.read("bad.yaml", text));

    assertThat(refused.problems()).hasSize(3);
    assertThat(refused.problems().get(0)).startsWith("bad.yaml:18: ");
  }

  @Test
  void rulesThatSwallowEachOtherInARingAreRefused() {
    String text =
        GOOD.replace(
            "recommendation: none",
            "recommendation: none\n    inhibits: [{rule: '*', same: pool}]");
    assertThatThrownBy(() -> RuleFiles.read("bad.yaml", text))
        .hasMessageContaining("swallows a rule that swallows it");
  }

  @Test
  void hostileTextEndsInAMessage() {
    StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 12; i++) {
      String before = "*a" + (i - 1);
      bomb.append("a").append(i).append(": &a").append(i).append(" [");
      bomb.append((before + ", ").repeat(9)).append(before).append("]\n");
    }
    refused(bomb.toString(), "an alias (*name) is not accepted");
    refused("rules: " + "[".repeat(100_000), "");
    refused("rules: " + "{a: ".repeat(5_000), "");
    refused("- ".repeat(100_000), "");
    refused("x".repeat(2_000_000), "longer than 1 MiB");
    refused("rules: !!javax.script.ScriptEngineManager [x]", "");
    refused("", "empty");
    refused("   \n# nothing\n", "empty");
    refused("rules:\n", "");
    refused("rules: []", "1 to 200 rules");
    refused("rules: 5", "write 'rules:'");
    refused("- id: x", "");
    refused("rules: [\n", "this is no YAML");
    refused("\u0000", "");
    refused("a: b\n---\na: b", "");
    refused("rules:\n  - id: x\n\t- id: y", "this is no YAML");
    refused("rules: [" + "1,".repeat(150) + "1]", "a rule: write fields");
    StringBuilder many = new StringBuilder("rules:\n");
    for (int i = 0; i < 201; i++) {
      many.append("  - id: r").append(i).append('\n');
    }
    refused(many.toString(), "1 to 200 rules");
  }

  // Whatever is cut out, doubled or changed: a message, or rules; never anything else.
  @Test
  void damagedFilesEndInAMessageOrInRules() {
    long seed = Long.getLong("forestall.test.seed", new Random().nextLong());
    Random random = new Random(seed);
    String shipped = RuleFiles.shippedText();
    int refused = 0;
    for (int round = 0; round < 300; round++) {
      StringBuilder text = new StringBuilder(shipped);
      for (int change = 0; change <= random.nextInt(3); change++) {
        int from = random.nextInt(text.length() - 100);
        int to = from + random.nextInt(100);
        switch (random.nextInt(3)) {
          case 0 -> text.delete(from, to);
          case 1 -> text.insert(from, text.substring(from, to));
          default -> text.setCharAt(from, (char) random.nextInt(200));
        }
      }
      try {
        RuleFiles.read("damaged.yaml", text.toString());
      } catch (RulesException expected) {
        refused++;
        assertThat(expected.problems()).as("seed %d round %d", seed, round).isNotEmpty();
        assertThat(expected.problems())
            .as("seed %d round %d", seed, round)
            .allMatch(problem -> problem.startsWith("damaged.yaml:"));
      }
    }
    assertThat(refused).as("seed %d", seed).isGreaterThan(50);
  }

  @Test
  void aFileIsReadWithItsLimits(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("rules.yaml");
    Files.writeString(file, GOOD);
    assertThat(RuleFiles.read(file).rules()).hasSize(2);

    Files.write(file, new byte[] {(byte) 0xc3, 0x28});
    assertThatThrownBy(() -> RuleFiles.read(file)).hasMessageContaining("no UTF-8");
    Files.write(file, "#".repeat(RuleFiles.MAX_BYTES + 1).getBytes(StandardCharsets.UTF_8));
    assertThatThrownBy(() -> RuleFiles.read(file)).hasMessageContaining("larger than 1 MiB");
    assertThatThrownBy(() -> RuleFiles.read(folder.resolve("absent")))
        .isInstanceOf(IOException.class);
  }

  private static void refused(String text, String expected) {
    assertThatThrownBy(() -> RuleFiles.read("hostile.yaml", text))
        .isInstanceOf(RulesException.class)
        .hasMessageStartingWith("hostile.yaml:")
        .hasMessageContaining(expected);
  }

  private static void wrong(String right, String wrong, String expected) {
    assertThat(GOOD).contains(right);
    assertThatThrownBy(() -> RuleFiles.read("bad.yaml", GOOD.replace(right, wrong)))
        .as(wrong)
        .isInstanceOf(RulesException.class)
        .hasMessageContaining(expected);
  }
}
