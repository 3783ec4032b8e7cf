package io.forestall.app.watch;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.forestall.app.watch.MetricCatalogue.From;
import io.forestall.app.watch.MetricCatalogue.Metric;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The alert rules, their tests and their runbook against each other and the catalogue. */
class AlertRulesTest {
  /** Blindness, a job that is down, units that nobody serves, forged commands: nothing else. */
  private static final Set<String> PAGING = Set.of("forestall-blindness", "forestall-volumes-down");

  private static final Path ALERTS = TestingConf.FOLDER.resolve("alerts");
  private static final Path RULES = ALERTS.resolve("forestall.rules.yaml");
  private static final Path TESTS = ALERTS.resolve("tests/forestall.test.yaml");
  private static final Path RUNBOOK = ALERTS.resolve("RUNBOOK.md");
  private static final Pattern ALERT_NAME = Pattern.compile("alertname=\"([A-Za-z]+)\"");

  /** Labels that Flink's reporter adds, as far as rules may use them. */
  private static final Set<From> OF_FLINK =
      Set.of(From.FLINK, From.SENSE, From.CORRELATE, From.DECIDE, From.MOVE);

  static final Set<String> FLINK_LABELS =
      Set.of("job_name", "task_name", "operator_name", "subtask_index", "quantile", "tm_id");

  @Test
  void rulesHaveTheShapeOfPrometheus() throws IOException {
    JsonNode root = TestingConf.yaml(RULES);
    assertThat(names(root)).containsExactly("groups");
    Set<String> groups = new HashSet<>();
    Set<String> alerts = new HashSet<>();
    for (JsonNode group : root.get("groups")) {
      assertThat(names(group)).containsExactlyInAnyOrder("name", "rules");
      assertThat(groups.add(group.get("name").asText())).isTrue();
      for (JsonNode rule : group.get("rules")) {
        String name = rule.get("alert").asText();
        assertThat(alerts.add(name)).as(name).isTrue();
        assertThat(name).matches("Forestall[A-Z][A-Za-z]+");
        assertThat(names(rule))
            .as(name)
            .isSubsetOf("alert", "expr", "for", "keep_firing_for", "labels", "annotations")
            .contains("alert", "expr", "labels", "annotations");
        for (String duration : List.of("for", "keep_firing_for")) {
          if (rule.has(duration)) {
            assertThat(rule.get(duration).asText()).as(name).matches("[0-9]+[smhd]");
          }
        }
        assertThat(names(rule.get("labels"))).as(name).containsExactly("severity");
        assertThat(rule.at("/labels/severity").asText())
            .as(name)
            .isIn("critical", "warning", "info");
        assertThat(names(rule.get("annotations")))
            .as(name)
            .containsExactlyInAnyOrder("summary", "runbook");
        assertThat(rule.at("/annotations/summary").asText()).as(name).endsWith(".");
      }
    }
    assertThat(alerts).hasSizeGreaterThan(20);
  }

  @Test
  void aScoreAlonePagesNobody() throws IOException {
    for (JsonNode rule : rules()) {
      Set<String> series = PromQl.series(rule.get("expr").asText());
      if (series.contains("forestall_entities_at_risk") || series.contains("forestall_disks")) {
        assertThat(rule.at("/labels/severity").asText())
            .as(rule.get("alert").asText())
            .isIn("warning", "info");
      }
    }
    for (JsonNode group : TestingConf.yaml(RULES).get("groups")) {
      for (JsonNode rule : group.get("rules")) {
        assertThat(rule.at("/labels/severity").asText().equals("critical"))
            .as(rule.get("alert").asText())
            .isEqualTo(PAGING.contains(group.get("name").asText()));
      }
    }
  }

  @Test
  void everySeriesAndLabelIsInTheCatalogue() throws IOException {
    for (JsonNode rule : rules()) {
      requireListed(rule.get("alert").asText(), rule.get("expr").asText(), Set.of());
    }
  }

  /**
   * Fails unless every series of an expression is in the catalogue, with the labels it asks for.
   */
  static void requireListed(String where, String expression, Set<String> furtherLabels) {
    Map<String, Metric> bySeries = new LinkedHashMap<>();
    for (Metric metric : MetricCatalogue.shipped().all()) {
      metric.series().forEach(series -> bySeries.put(series, metric));
    }
    Set<String> known = new TreeSet<>(furtherLabels);
    Set<String> series = PromQl.series(expression);
    assertThat(series).as("%s: %s", where, expression).isNotEmpty();
    for (String each : series) {
      assertThat(bySeries).as("%s: %s", where, expression).containsKey(each);
      Metric metric = Objects.requireNonNull(bySeries.get(each));
      known.addAll(metric.labels());
      if (metric.type().equals("histogram")) {
        known.add("le");
      }
      if (OF_FLINK.contains(metric.from())) {
        known.addAll(FLINK_LABELS);
      }
    }
    assertThat(known).as("%s: %s", where, expression).containsAll(PromQl.labels(expression));
  }

  @Test
  void everyAlertHasASectionOfTheRunbookAndNoSectionIsLeftOver() throws IOException {
    String runbook = Files.readString(RUNBOOK, StandardCharsets.UTF_8);
    Map<String, String> sections = new LinkedHashMap<>();
    for (String part : runbook.split("\n## ", -1)) {
      int end = part.indexOf('\n');
      sections.put(part.substring(0, end).strip(), part.substring(end));
    }
    sections.remove("# Runbook");
    List<String> alerts = new ArrayList<>();
    for (JsonNode rule : rules()) {
      String name = rule.get("alert").asText();
      alerts.add(name);
      assertThat(rule.at("/annotations/runbook").asText())
          .isEqualTo("RUNBOOK.md#" + name.toLowerCase(Locale.ROOT));
      assertThat(sections).containsKey(name);
      assertThat(sections.get(name)).as(name).contains("\nMeans: ", "\nLook: ", "\nDo");
    }
    assertThat(sections.keySet()).containsExactlyElementsOf(alerts);
    Matcher question = Pattern.compile("sql/[0-9]{2}_[a-z_]+\\.sql").matcher(runbook);
    while (question.find()) {
      assertThat(TestingConf.FOLDER.resolve("..").resolve(question.group())).exists();
    }
  }

  /** In one test it fires at one time and does not fire at another; so each rule can fail both. */
  @Test
  void everyAlertFiresInATestThatIsAlsoQuiet() throws IOException {
    Set<String> changing = new TreeSet<>();
    Set<String> unknown = new TreeSet<>();
    List<String> alerts = rules().stream().map(rule -> rule.get("alert").asText()).toList();
    for (JsonNode test : TestingConf.yaml(TESTS).get("tests")) {
      List<Set<String>> firing = new ArrayList<>();
      for (JsonNode question : test.get("promql_expr_test")) {
        Set<String> now = new TreeSet<>();
        for (JsonNode sample : question.get("exp_samples")) {
          Matcher name = ALERT_NAME.matcher(sample.get("labels").asText());
          assertThat(name.find()).as(sample.toString()).isTrue();
          now.add(name.group(1));
        }
        firing.add(now);
      }
      for (Set<String> now : firing) {
        for (String alert : now) {
          if (!alerts.contains(alert)) {
            unknown.add(alert);
          }
          if (firing.stream().anyMatch(other -> !other.contains(alert))) {
            changing.add(alert);
          }
        }
      }
    }
    assertThat(unknown).isEmpty();
    assertThat(changing).containsExactlyInAnyOrderElementsOf(alerts);
  }

  @Test
  void seriesOfTheTestsAreInTheCatalogue() throws IOException {
    for (JsonNode test : TestingConf.yaml(TESTS).get("tests")) {
      for (JsonNode series : test.get("input_series")) {
        requireListed(test.get("name").asText(), series.get("series").asText(), Set.of("le"));
      }
    }
  }

  @Test
  void promtoolAcceptsTheRulesAndTheirTestsPass() throws Exception {
    TestingPromtool.Said check =
        TestingPromtool.run("promtool", "check", "rules", "flink-conf/alerts/forestall.rules.yaml");
    assertThat(check.exitCode()).as(check.text()).isZero();
    TestingPromtool.Said tests =
        TestingPromtool.run(
            "promtool", "test", "rules", "flink-conf/alerts/tests/forestall.test.yaml");
    assertThat(tests.exitCode()).as(tests.text()).isZero();
  }

  /** Tests of rules that cannot fail would prove nothing: rules that never fire are all missed. */
  @Test
  void rulesThatNeverFireFailTheTests(@TempDir Path folder) throws Exception {
    String rules = Files.readString(RULES, StandardCharsets.UTF_8);
    Files.createDirectories(folder.resolve("tests"));
    Path tests = Files.copy(TESTS, folder.resolve("tests/forestall.test.yaml"));
    StringBuilder broken = new StringBuilder();
    int from = 0;
    for (JsonNode rule : rules()) {
      int at = rules.indexOf("- alert: " + rule.get("alert").asText() + "\n");
      int expression = rules.indexOf("expr:", at);
      int end = rules.indexOf("labels: {", at);
      assertThat(at).isPositive();
      broken.append(rules, from, expression).append("expr: vector(0) > 1\n        ");
      from = end;
    }
    Files.writeString(
        folder.resolve("forestall.rules.yaml"),
        broken.append(rules.substring(from)),
        StandardCharsets.UTF_8);
    TestingPromtool.Said said =
        TestingPromtool.run("promtool", "test", "rules", tests.toAbsolutePath().toString());
    assertThat(said.exitCode()).as(said.text()).isNotZero();
    for (JsonNode rule : rules()) {
      assertThat(said.text()).contains("alertname=\"" + rule.get("alert").asText() + "\"");
    }
  }

  @Test
  void alertmanagerAcceptsTheExample() throws Exception {
    TestingPromtool.Said said =
        TestingPromtool.run("amtool", "check-config", "flink-conf/alerts/alertmanager.yaml");
    assertThat(said.exitCode()).as(said.text()).isZero();
  }

  @Test
  void namesOfSeriesAreFoundInAnExpression() {
    String expression =
        "sum by (kind) (rate(a_total{x=\"b_total{\",y=~'z'}[5m] offset 1h)) > 0.5 * scalar(c or"
            + " vector(0)) and on () d:e == 1e5";
    assertThat(PromQl.series(expression)).containsExactly("a_total", "c", "d:e");
    assertThat(PromQl.labels(expression)).containsExactly("kind", "x", "y");
  }

  private static List<JsonNode> rules() throws IOException {
    List<JsonNode> rules = new ArrayList<>();
    TestingConf.yaml(RULES).get("groups").forEach(group -> group.get("rules").forEach(rules::add));
    return rules;
  }

  private static Set<String> names(JsonNode node) {
    Set<String> names = new TreeSet<>();
    node.fieldNames().forEachRemaining(names::add);
    return names;
  }
}
