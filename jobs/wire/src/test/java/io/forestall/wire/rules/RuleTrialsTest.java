package io.forestall.wire.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.incident.Rule;
import io.forestall.decisions.incident.RuleSet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RuleTrialsTest {

  private static final Path PAGE = Path.of("RULES.md");

  private static final String TEST =
      """
      fleet:
        - {node: n-1, rack: r-1}
      tests:
        - name: it burns
          only: disk-failed
          events:
            - {id: a, at: 1 s, type: disk.failed, severity: critical, entity: disk/d-1, related: node/n-1}
          incidents:
            - {rule: disk-failed, key: disk/d-1, severity: critical, recommendation: failover, events: a}
      """;

  /** Write the page anew with {@code -Dforestall.write=true}. */
  @Test
  void pageOfTheRulesIsUpToDate() throws IOException {
    String page = RulesPage.markdown(RuleFiles.shipped());
    if (Boolean.getBoolean("forestall.write")) {
      Files.writeString(PAGE, page, StandardCharsets.UTF_8);
    }
    assertThat(PAGE).content(StandardCharsets.UTF_8).isEqualTo(page);
  }

  @Test
  void theShippedRulesPassTheirTestsInAnyArrivalOrder() {
    long seed = Long.getLong("forestall.test.seed", new Random().nextLong());
    List<String> wrong = new ArrayList<>();
    for (RuleTrial trial : RuleTrials.shipped()) {
      wrong.addAll(RuleTrials.run(trial, RuleTrials.DEFAULT_ORDERS, seed));
    }
    assertThat(wrong).as("seed %d", seed).isEmpty();
  }

  // A test that cannot fail is none: without the rule, or with another count, some test must fail.
  @Test
  void everyShippedRuleIsNeededByATest() {
    RuleSet shipped = RuleFiles.shipped();
    for (Rule rule : shipped.rules()) {
      assertThat(fails(shipped, with(rule, false, rule.stages()))).as(rule.id()).isTrue();
      for (int number = 0; number < rule.stages().size(); number++) {
        Rule.Stage stage = rule.stages().get(number);
        List<Rule.Stage> more = new ArrayList<>(rule.stages());
        more.set(
            number,
            new Rule.Stage(stage.name(), stage.when(), stage.count() + 3, stage.distinctBy()));
        assertThat(fails(shipped, with(rule, true, more))).as("%s counts", rule.id()).isTrue();
      }
    }
  }

  private static boolean fails(RuleSet shipped, Rule changed) {
    List<Rule> rules = new ArrayList<>();
    for (Rule rule : shipped.rules()) {
      rules.add(rule.id().equals(changed.id()) ? changed : rule);
    }
    for (RuleTrial trial :
        RuleTrials.read("t", RuleTrials.shippedText(), new RuleSet(0, rules), null)) {
      if (!RuleTrials.run(trial, 0, 1).isEmpty()) {
        return true;
      }
    }
    return false;
  }

  private static Rule with(Rule rule, boolean enabled, List<Rule.Stage> stages) {
    return new Rule(
        rule.id(),
        rule.version(),
        enabled,
        rule.description(),
        rule.key(),
        rule.ordered(),
        stages,
        rule.windowMillis(),
        rule.horizonsMillis(),
        rule.quietMillis(),
        rule.maxLengthMillis(),
        rule.clearedBy(),
        rule.severity(),
        rule.recommendation(),
        rule.recommendationText(),
        rule.inhibits(),
        rule.labels());
  }

  @Test
  void everyDifferenceIsNamedWithItsLine() {
    assertThat(run(TEST)).isEmpty();
    assertThat(
            run(
                TEST.replace(
                    "severity: critical, recommendation", "severity: info, recommendation")))
        .containsExactly("t.yaml:9: disk-failed of disk/d-1: severity is critical instead of info");
    assertThat(run(TEST.replace("failover", "drain")))
        .containsExactly(
            "t.yaml:9: disk-failed of disk/d-1: recommendation is failover instead of drain");
    assertThat(run(TEST.replace("key: disk/d-1", "key: disk/d-2")).get(0))
        .startsWith("t.yaml:9: disk-failed of disk/d-2: there is no such incident; there are");
    assertThat(run(TEST.replace("events: a}", "events: a, state: resolved}")))
        .containsExactly("t.yaml:9: disk-failed of disk/d-1: state is open instead of resolved");
    assertThat(run(TEST.replace("events: a}", "events: a, inhibitedBy: disk-failed}")))
        .containsExactly(
            "t.yaml:9: disk-failed of disk/d-1: inhibitedBy is none instead of disk-failed");
    assertThat(run(TEST.replace("events: a}", "events: a, subject: node/n-1, predicted: true}")))
        .hasSize(2);
    String silent = TEST.substring(0, TEST.indexOf("    incidents:")) + "    incidents: []\n";
    assertThat(run(silent))
        .containsExactly(
            "t.yaml:4: disk-failed of disk/d-1 is an incident that the test does not expect; its"
                + " events are [a]");
  }

  @Test
  void mistakesInATestAreNamedWithTheirLine() {
    wrong(
        "only: disk-failed",
        "only: no-such",
        "t.yaml:5: test 'it burns', only: 'no-such' is no rule");
    wrong("at: 1 s", "at: soon", "t.yaml:7: test 'it burns', an event, at: 'soon' is no duration");
    wrong("entity: disk/d-1,", "", "an event: entity is missing");
    wrong("entity: disk/d-1", "entity: d-1", "'d-1' is no key: write it as node/n-0001");
    wrong("type: disk.failed,", "", "type is missing");
    wrong("type: disk.failed", "typ: disk.failed", "unknown field 'typ'");
    wrong("rule: disk-failed", "rule: node-failed", "'node-failed' is not in force in this test");
    wrong("events: a}", "events: b}", "'b' is no event of this test");
    wrong("events: a}", "state: closed}", "'closed' is unknown; use open or resolved");
    wrong("at: 1 s", "at: 1 s, times: 20000", "times: '20000' is no whole number from 1 to 10000");
    wrong("at: 1 s", "at: 1 s, values: {a: much}", "'much' is no number");
    wrong("incidents:\n", "incidence:\n", "unknown field 'incidence'; is incidents meant?");
    wrong("name: it burns", "name: it burns\n    until: 0 s", "until: is before the last event");
    wrong("- {node: n-1, rack: r-1}", "- {rack: r-1}", "t.yaml:2: fleet: node is missing");
    wrong(TEST, "tests: []", "1 to 1000 tests");
    wrong(TEST, "*x", "an alias");
  }

  @Test
  void aFileNamesItsRulesBesideItself(@TempDir Path folder) throws IOException {
    Files.writeString(
        folder.resolve("rules.yaml"),
        """
        rules:
          - id: burns
            description: It burns.
            key: disk
            stages: [{name: smoke, types: disk.smoke}]
            quiet: 1 s
            maxLength: 1 s
            recommendation: none
        """);
    Path tests = folder.resolve("tests.yaml");
    Files.writeString(
        tests,
        """
        rules: rules.yaml
        tests:
          - name: smoke
            events: [{type: disk.smoke, entity: disk/d}]
            incidents: [{rule: burns, key: disk/d}]
        """);
    List<RuleTrial> read = RuleTrials.read(tests, null);
    assertThat(read).hasSize(1);
    assertThat(RuleTrials.run(read.get(0), 5, 1)).isEmpty();

    Files.delete(folder.resolve("rules.yaml"));
    assertThatThrownBy(() -> RuleTrials.read(tests, null)).isInstanceOf(IOException.class);
  }

  // A rule whose meaning would depend on arrival is what the other orders are for.
  @Test
  void otherArrivalOrdersAreReallyTried() {
    Set<String> orders = new HashSet<>();
    RuleTrial trial = RuleTrials.shipped().get(0);
    List<RuleTrial.Arrival> many = new ArrayList<>();
    for (RuleTrial other : RuleTrials.shipped()) {
      if (other.arrivals().size() > many.size()) {
        many = other.arrivals();
        trial = other;
      }
    }
    for (int seed = 0; seed < 50; seed++) {
      orders.add(
          RuleTrials.shuffled(trial, new Random(seed)).stream()
              .map(arrival -> arrival.event().id())
              .toList()
              .toString());
    }
    assertThat(orders).hasSizeGreaterThan(5);
  }

  private static List<String> run(String text) {
    List<String> wrong = new ArrayList<>();
    for (RuleTrial trial : RuleTrials.read("t.yaml", text, null, null)) {
      wrong.addAll(RuleTrials.run(trial, 3, 1));
    }
    return wrong;
  }

  private static void wrong(String right, String wrong, String expected) {
    assertThat(TEST).contains(right);
    assertThatThrownBy(() -> RuleTrials.read("t.yaml", TEST.replace(right, wrong), null, null))
        .as(wrong)
        .isInstanceOf(RulesException.class)
        .hasMessageContaining(expected);
  }
}
