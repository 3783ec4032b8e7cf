package io.forestall.app.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.forestall.app.watch.MetricCatalogue.From;
import io.forestall.app.watch.MetricCatalogue.Metric;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MetricCatalogueTest {
  private static final Path PAGE = Path.of("../../flink-conf/METRICS.md");

  /** Write the page anew with {@code -Dforestall.write=true}. */
  @Test
  void pageOfMetricsIsUpToDate() throws Exception {
    String page = MetricsPage.markdown(MetricCatalogue.shipped());
    if (Boolean.getBoolean("forestall.write")) {
      Files.writeString(PAGE, page, StandardCharsets.UTF_8);
    }
    assertThat(PAGE).content(StandardCharsets.UTF_8).isEqualTo(page);
  }

  @Test
  void namesFollowTheRulesOfPrometheus() {
    for (Metric metric : MetricCatalogue.shipped().all()) {
      String name = metric.name();
      assertThat(metric.type()).as(name).isIn("gauge", "counter", "histogram", "summary");
      assertThat(metric.help()).as(name).isNotBlank().endsWith(".");
      if (metric.from() == From.CONSOLE) {
        assertThat(name).matches("forestall_[a-z]+(_[a-z]+)*");
        assertThat(name.endsWith("_total")).as(name).isEqualTo(metric.type().equals("counter"));
        assertThat(name).doesNotContain("milli").doesNotContain("percent");
      }
      assertThat(metric.labels()).as(name).doesNotContain("disk", "node", "serial", "id", "volume");
    }
  }

  @Test
  void aMetricIsListedOnce() throws Exception {
    String twice =
        """
        metrics:
          - {name: a, from: console, type: gauge, help: "A."}
          - {name: a, from: console, type: gauge, help: "B."}
        """;
    assertThatThrownBy(() -> MetricCatalogue.parse(new YAMLMapper().readTree(twice)))
        .hasMessageContaining("lists a twice");
    assertThatThrownBy(() -> MetricCatalogue.shipped().get("forestall_nothing"))
        .hasMessageContaining("forestall_nothing is no metric");
  }
}
