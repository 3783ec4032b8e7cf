package io.forestall.app.watch;

import io.forestall.app.watch.MetricCatalogue.From;
import io.forestall.app.watch.MetricCatalogue.Metric;

/** Writes the page of metrics (flink-conf/METRICS.md) from the catalogue. Stateless. */
public final class MetricsPage {
  private MetricsPage() {}

  /** The page as Markdown. */
  public static String markdown(MetricCatalogue catalogue) {
    StringBuilder page = new StringBuilder();
    page.append("# Metrics\n\n")
        .append("Generated from `metrics.yaml`; a test compares, others hold the list against a")
        .append(" running demo.\nNo label names a disk, a node or a volume: such")
        .append(" questions go to the console, its interface and SQL.\n");
    section(page, catalogue, From.CONSOLE, "The console: `GET /metrics`");
    section(page, catalogue, From.SENSE, "Operators of the sense job, by Flink's reporter");
    section(page, catalogue, From.CORRELATE, "Operators of the correlate job, by Flink's reporter");
    section(page, catalogue, From.DECIDE, "Operators of the decide job, by Flink's reporter");
    section(page, catalogue, From.MOVE, "Operators of the move job, by Flink's reporter");
    section(page, catalogue, From.TRAIN, "Operators of the train job, by Flink's reporter");
    page.append("\nFlink adds labels to each: `job_name`, `task_name`, `operator_name`,")
        .append(" `subtask_index`, `tm_id`, `host` and its ids.\nIts counters are gauges for")
        .append(" Prometheus that start again at 0 with a restarted task, which `rate` and")
        .append(" `increase` understand.\n");
    section(
        page,
        catalogue,
        From.INGEST,
        "`forestall ingest scrape` and `telegraf`, with `--metrics-port`");
    section(page, catalogue, From.FLINK, "Flink's own, as far as rules and dashboards use them");
    section(page, catalogue, From.PROMETHEUS, "Made by Prometheus");
    return page.toString();
  }

  private static void section(
      StringBuilder page, MetricCatalogue catalogue, From from, String title) {
    page.append("\n## ")
        .append(title)
        .append("\n\n| metric | type | labels | what it is |\n|---|---|---|---|\n");
    for (Metric metric : catalogue.from(from)) {
      page.append("| `").append(metric.name()).append("` | ").append(metric.type()).append(" | ");
      page.append(String.join(", ", metric.labels())).append(" | ").append(metric.help());
      if (metric.when() != null) {
        page.append(" There ").append(metric.when()).append('.');
      }
      page.append(" |\n");
    }
  }
}
