package io.forestall.app.console;

import io.forestall.schemas.DeadReason;
import io.forestall.schemas.Tier;
import java.util.Locale;
import java.util.Map;

/**
 * The console's numbers in the Prometheus text format: base units, no identifiers of disks as
 * labels. Stateless.
 */
final class ConsoleMetrics {
  private ConsoleMetrics() {}

  static String text(
      FleetView.Status status,
      FleetView.DeadLetters letters,
      FleetFeed.Progress progress,
      long requests,
      long refusedRequests) {
    Text text = new Text();
    text.head("forestall_disks", "gauge", "Disks known, by tier of their newest score.");
    for (Tier tier : Tier.values()) {
      text.line(
          "forestall_disks",
          Map.of("tier", ConsoleJson.lower(tier)),
          status.disksByTier()[tier.ordinal()]);
    }
    text.head("forestall_nodes", "gauge", "Nodes known.");
    text.line("forestall_nodes", Map.of(), status.nodes());
    text.head(
        "forestall_rows_in_total",
        "counter",
        "Disk samples read from the telemetry topic, by source.");
    for (var source : status.rowsInBySource().entrySet()) {
      text.line("forestall_rows_in_total", Map.of("source", source.getKey()), source.getValue());
    }
    text.head("forestall_rows_scored_total", "counter", "Disk samples scored.");
    text.line("forestall_rows_scored_total", Map.of(), status.rowsScored());
    text.head(
        "forestall_risk_repeats_total", "counter", "Risk records that said again what was known.");
    text.line("forestall_risk_repeats_total", Map.of(), status.repeats());
    text.head("forestall_dead_letters_total", "counter", "Dead letters, by reason.");
    for (DeadReason reason : DeadReason.values()) {
      text.line(
          "forestall_dead_letters_total",
          Map.of("reason", ConsoleJson.lower(reason)),
          letters.byReason().getOrDefault(reason, 0L));
    }
    text.head("forestall_models", "gauge", "Models on the models topic.");
    text.line("forestall_models", Map.of(), status.models().size());
    if (status.newestTelemetryMillis() != Long.MIN_VALUE) {
      text.head(
          "forestall_newest_telemetry_timestamp_seconds",
          "gauge",
          "Newest event time of telemetry.");
      text.line(
          "forestall_newest_telemetry_timestamp_seconds",
          Map.of(),
          status.newestTelemetryMillis() / 1000.0);
    }
    if (status.newestRiskMillis() != Long.MIN_VALUE) {
      text.head(
          "forestall_newest_risk_timestamp_seconds", "gauge", "Newest event time of a score.");
      text.line(
          "forestall_newest_risk_timestamp_seconds", Map.of(), status.newestRiskMillis() / 1000.0);
    }
    text.head(
        "forestall_console_ready",
        "gauge",
        "1 when the topics were read to their ends and still are.");
    text.line("forestall_console_ready", Map.of(), progress.ready() ? 1 : 0);
    text.head("forestall_console_records_total", "counter", "Records read, by topic noun.");
    for (var topic : progress.recordsByNoun().entrySet()) {
      text.line(
          "forestall_console_records_total", Map.of("topic", topic.getKey()), topic.getValue());
    }
    text.head(
        "forestall_console_undecodable_total",
        "counter",
        "Records that the console could not decode.");
    text.line("forestall_console_undecodable_total", Map.of(), progress.undecodable());
    text.head(
        "forestall_console_lag_records",
        "gauge",
        "Records between the console and the ends of its topics.");
    text.line("forestall_console_lag_records", Map.of(), progress.lagRecords());
    text.head(
        "forestall_console_history_points",
        "gauge",
        "Room taken by the history of scores, in points.");
    text.line("forestall_console_history_points", Map.of(), status.historyPoints());
    text.head(
        "forestall_console_history_evicted_points_total",
        "counter",
        "Points of history let go for room.");
    text.line("forestall_console_history_evicted_points_total", Map.of(), status.historyEvicted());
    text.head(
        "forestall_console_entities_refused_total",
        "counter",
        "Records of entities beyond the limit.");
    text.line("forestall_console_entities_refused_total", Map.of(), status.entitiesRefused());
    text.head("forestall_console_requests_total", "counter", "Requests answered.");
    text.line("forestall_console_requests_total", Map.of(), requests);
    text.head(
        "forestall_console_requests_refused_total",
        "counter",
        "Requests refused for method, host or form.");
    text.line("forestall_console_requests_refused_total", Map.of(), refusedRequests);
    return text.toString();
  }

  private static final class Text {
    private final StringBuilder out = new StringBuilder();

    void head(String name, String type, String help) {
      out.append("# HELP ").append(name).append(' ').append(help).append('\n');
      out.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    }

    void line(String name, Map<String, String> labels, double value) {
      out.append(name);
      if (!labels.isEmpty()) {
        out.append('{');
        String separator = "";
        for (var label : labels.entrySet()) {
          out.append(separator)
              .append(label.getKey())
              .append("=\"")
              .append(escape(label.getValue()))
              .append('"');
          separator = ",";
        }
        out.append('}');
      }
      out.append(' ');
      if (value == Math.rint(value) && Math.abs(value) < 1e15) {
        out.append((long) value);
      } else {
        out.append(String.format(Locale.ROOT, "%.3f", value));
      }
      out.append('\n');
    }

    private static String escape(String value) {
      return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }

    @Override
    public String toString() {
      return out.toString();
    }
  }
}
