package io.forestall.app.watch;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The dashboards against their source, the catalogue and what Grafana needs. */
class DashboardsTest {
  private static final Path FOLDER = TestingConf.FOLDER.resolve("dashboards");
  private static final Path SOURCE = FOLDER.resolve("dashboards.yaml");
  private static final Pattern LEGEND = Pattern.compile("\\{\\{\\s*([a-z_]+)\\s*}}");

  /** Write the files anew with {@code -Dforestall.write=true}. */
  @Test
  void filesAreMadeFromTheSource() throws IOException {
    Set<String> made = new TreeSet<>();
    for (JsonNode source : TestingConf.yaml(SOURCE).get("dashboards")) {
      Path file = FOLDER.resolve(source.get("uid").asText() + ".json");
      String json = TestingDashboards.json(source);
      if (Boolean.getBoolean("forestall.write")) {
        Files.writeString(file, json, StandardCharsets.UTF_8);
      }
      assertThat(file).content(StandardCharsets.UTF_8).isEqualTo(json);
      made.add(file.getFileName().toString());
    }
    try (Stream<Path> files = Files.list(FOLDER)) {
      assertThat(files.map(file -> file.getFileName().toString()).filter(n -> n.endsWith(".json")))
          .containsExactlyInAnyOrderElementsOf(made);
    }
  }

  @Test
  void identifiersAreUniqueAndPanelsDoNotOverlap() throws IOException {
    Set<String> uids = new HashSet<>();
    Set<String> titles = new HashSet<>();
    for (JsonNode board : boards()) {
      assertThat(uids.add(board.get("uid").asText())).isTrue();
      assertThat(board.get("uid").asText()).matches("[a-z0-9-]{1,40}");
      assertThat(titles.add(board.get("title").asText())).isTrue();
      Set<Integer> ids = new HashSet<>();
      Set<String> taken = new HashSet<>();
      for (JsonNode panel : board.get("panels")) {
        assertThat(ids.add(panel.get("id").asInt())).as(panel.toString()).isTrue();
        assertThat(panel.get("title").asText()).isNotBlank();
        JsonNode at = panel.get("gridPos");
        assertThat(at.get("x").asInt() + at.get("w").asInt()).isLessThanOrEqualTo(24);
        for (int x = 0; x < at.get("w").asInt(); x++) {
          for (int y = 0; y < at.get("h").asInt(); y++) {
            assertThat(taken.add((at.get("x").asInt() + x) + "/" + (at.get("y").asInt() + y)))
                .as("%s overlaps another panel", panel.get("title"))
                .isTrue();
          }
        }
      }
    }
    assertThat(uids).hasSize(5);
  }

  @Test
  void everyQueryAsksForMetricsThatExist() throws IOException {
    int queries = 0;
    for (JsonNode board : boards()) {
      for (JsonNode panel : board.get("panels")) {
        for (JsonNode target : panel.path("targets")) {
          String where = board.get("title").asText() + ", " + panel.get("title").asText();
          String expression = target.get("expr").asText();
          AlertRulesTest.requireListed(where, expression, Set.of());
          assertThat(Pattern.compile("\\[([^]]+)]").matcher(expression).results())
              .as(where)
              .allMatch(
                  range ->
                      range.group(1).equals("$__rate_interval") || range.group(1).equals("10m"));
          Matcher label = LEGEND.matcher(target.get("legendFormat").asText());
          while (label.find()) {
            if (PromQl.labels(expression).contains(label.group(1))) {
              continue;
            }
            assertThat(AlertRulesTest.FLINK_LABELS).as(where).contains(label.group(1));
          }
          queries++;
        }
      }
    }
    assertThat(queries).isGreaterThan(30);
  }

  @Test
  void theDataSourceIsAVariableAndNoHostIsNamed() throws IOException {
    for (JsonNode board : boards()) {
      assertThat(board.at("/templating/list/0/type").asText()).isEqualTo("datasource");
      assertThat(board.findValues("datasource"))
          .allMatch(source -> source.get("uid").asText().equals("${datasource}"));
      assertThat(board.toString())
          .doesNotContainPattern("https?://|localhost|[0-9]{1,3}(\\.[0-9]{1,3}){3}|instance=");
    }
  }

  private static List<JsonNode> boards() throws IOException {
    List<JsonNode> boards = new ArrayList<>();
    for (JsonNode source : TestingConf.yaml(SOURCE).get("dashboards")) {
      boards.add(TestingConf.json(FOLDER.resolve(source.get("uid").asText() + ".json")));
    }
    return boards;
  }
}
