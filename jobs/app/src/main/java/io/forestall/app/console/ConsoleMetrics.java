package io.forestall.app.console;

import io.forestall.app.model.ModelStandings;
import io.forestall.app.volume.SagaView;
import io.forestall.app.volume.VolumeView;
import io.forestall.app.watch.MetricCatalogue;
import io.forestall.schemas.CopyState;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.Severity;
import io.forestall.schemas.Tier;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * The console's numbers in the Prometheus text format: base units, no identifiers of disks as
 * labels. Stateless.
 */
final class ConsoleMetrics {
  private ConsoleMetrics() {}

  static String text(
      FleetView.Status status,
      FleetFigures figures,
      FleetView.DeadLetters letters,
      ActViews acts,
      int unitsWithoutShadow,
      FleetFeed.Progress progress,
      long requests,
      long refusedRequests,
      RequestTimes times) {
    Text text = new Text();
    fleet(text, figures);
    text.head("forestall_disks");
    for (Tier tier : Tier.values()) {
      text.line(
          "forestall_disks",
          Map.of("tier", ConsoleJson.lower(tier)),
          status.disksByTier()[tier.ordinal()]);
    }
    text.head("forestall_nodes");
    text.line("forestall_nodes", Map.of(), status.nodes());
    text.head("forestall_rows_in_total");
    for (var source : status.rowsInBySource().entrySet()) {
      text.line("forestall_rows_in_total", Map.of("source", source.getKey()), source.getValue());
    }
    text.head("forestall_rows_scored_total");
    text.line("forestall_rows_scored_total", Map.of(), status.rowsScored());
    text.head("forestall_risk_repeats_total");
    text.line("forestall_risk_repeats_total", Map.of(), status.repeats());
    text.head("forestall_dead_letters_total");
    for (DeadReason reason : DeadReason.values()) {
      text.line(
          "forestall_dead_letters_total",
          Map.of("reason", ConsoleJson.lower(reason)),
          letters.byReason().getOrDefault(reason, 0L));
    }
    text.head("forestall_models");
    text.line("forestall_models", Map.of(), status.models().size());
    models(text, status);
    if (status.newestTelemetryMillis() != Long.MIN_VALUE) {
      text.head("forestall_newest_telemetry_timestamp_seconds");
      text.line(
          "forestall_newest_telemetry_timestamp_seconds",
          Map.of(),
          status.newestTelemetryMillis() / 1000.0);
    }
    if (status.newestRiskMillis() != Long.MIN_VALUE) {
      text.head("forestall_newest_risk_timestamp_seconds");
      text.line(
          "forestall_newest_risk_timestamp_seconds", Map.of(), status.newestRiskMillis() / 1000.0);
    }
    text.head("forestall_anomalies_open");
    text.line("forestall_anomalies_open", Map.of(), status.openAnomalies());
    acts(text, acts);
    shadows(text, acts.volumes().shadows(acts.nowMillis()), unitsWithoutShadow);
    text.head("forestall_console_ready");
    text.line("forestall_console_ready", Map.of(), progress.ready() ? 1 : 0);
    text.head("forestall_console_records_total");
    for (var topic : progress.recordsByNoun().entrySet()) {
      text.line(
          "forestall_console_records_total", Map.of("topic", topic.getKey()), topic.getValue());
    }
    text.head("forestall_console_undecodable_total");
    text.line("forestall_console_undecodable_total", Map.of(), progress.undecodable());
    text.head("forestall_console_lag_records");
    text.line("forestall_console_lag_records", Map.of(), progress.lagRecords());
    text.head("forestall_console_history_points");
    text.line("forestall_console_history_points", Map.of(), status.historyPoints());
    text.head("forestall_console_history_evicted_points_total");
    text.line("forestall_console_history_evicted_points_total", Map.of(), status.historyEvicted());
    text.head("forestall_console_entities_refused_total");
    text.line("forestall_console_entities_refused_total", Map.of(), status.entitiesRefused());
    text.head("forestall_console_requests_total");
    text.line("forestall_console_requests_total", Map.of(), requests);
    text.head("forestall_console_requests_refused_total");
    text.line("forestall_console_requests_refused_total", Map.of(), refusedRequests);
    durations(text, times);
    return text.toString();
  }

  private static void acts(Text text, ActViews acts) {
    IncidentView.Figures incidents = acts.incidents().figures();
    text.head("forestall_incidents_open");
    for (Severity severity : Severity.values()) {
      text.line(
          "forestall_incidents_open",
          Map.of("severity", ConsoleJson.lower(severity)),
          incidents.openBySeverity()[severity.ordinal()]);
    }
    text.head("forestall_incidents_swallowed");
    text.line("forestall_incidents_swallowed", Map.of(), incidents.swallowed());
    DecisionView.Figures decisions = acts.decisions().figures();
    text.head("forestall_decisions_total");
    decisions
        .endings()
        .forEach(
            (ending, count) ->
                text.line(
                    "forestall_decisions_total",
                    labels(
                        "outcome",
                        ConsoleJson.lower(ending.outcome()),
                        "code",
                        ConsoleJson.lower(ending.code())),
                    count));
    text.head("forestall_approvals_waiting");
    text.line(
        "forestall_approvals_waiting", Map.of(), acts.decisions().waitingAt(acts.nowMillis()));
    BudgetBoard board = BudgetBoard.of(acts, null);
    text.head("forestall_acts_in_flight");
    for (BudgetBoard.Pool pool : board.pools()) {
      text.line("forestall_acts_in_flight", Map.of("pool", pool.pool()), pool.inFlight().size());
    }
    text.head("forestall_budget_left");
    for (BudgetBoard.Pool pool : board.pools()) {
      for (BudgetBoard.Line line : pool.budgets()) {
        if (Double.isFinite(line.limit())) {
          text.line(
              "forestall_budget_left",
              labels("pool", pool.pool(), "scope", line.scope()),
              Math.max(0, line.limit() - line.inFlight()));
        }
      }
    }
    text.head("forestall_pool_stopped");
    for (BudgetBoard.Pool pool : board.pools()) {
      ActViews.Notice notice = pool.notice();
      text.line(
          "forestall_pool_stopped",
          Map.of("pool", pool.pool()),
          notice != null && notice.stopped() ? 1 : 0);
    }
    text.head("forestall_halts");
    text.line("forestall_halts", Map.of(), board.halts().size());
    text.head("forestall_advise_only");
    text.line(
        "forestall_advise_only",
        Map.of(),
        acts.policies().mode(acts.nowMillis()) == PolicyView.Mode.ADVISE ? 1 : 0);
    volumes(text, acts);
    text.head("forestall_console_record_bytes");
    text.line("forestall_console_record_bytes", Map.of(), incidents.bytes() + decisions.bytes());
  }

  private static void volumes(Text text, ActViews acts) {
    long now = acts.nowMillis();
    long[] open = new long[2];
    long[] oldestMillis = new long[2];
    Map<Map<String, String>, Long> ended = new LinkedHashMap<>();
    for (SagaView.Saga saga : acts.sagas().sagas()) {
      int past = saga.pastFence() ? 1 : 0;
      if (saga.open()) {
        open[past]++;
      }
      if (saga.open() && saga.moves()) {
        // A shadow is built for as long as its bytes take.
        oldestMillis[past] = Math.max(oldestMillis[past], now - saga.lastMillis());
      } else {
        ended.merge(
            labels(
                "act",
                ConsoleJson.lower(saga.act()),
                "state",
                saga.state().toLowerCase(Locale.ROOT)),
            1L,
            Long::sum);
      }
    }
    text.head("forestall_sagas_open");
    for (int past = 0; past < 2; past++) {
      text.line(
          "forestall_sagas_open", Map.of("past_fence", Boolean.toString(past == 1)), open[past]);
    }
    text.head("forestall_saga_oldest_step_seconds");
    for (int past = 0; past < 2; past++) {
      text.line(
          "forestall_saga_oldest_step_seconds",
          Map.of("past_fence", Boolean.toString(past == 1)),
          oldestMillis[past] / 1000.0);
    }
    text.head("forestall_sagas_ended");
    ended.forEach((labels, count) -> text.line("forestall_sagas_ended", labels, count));
    text.head("forestall_commands_refused_total");
    acts.refusals()
        .forEach(
            (code, count) ->
                text.line(
                    "forestall_commands_refused_total",
                    Map.of("code", code.toLowerCase(Locale.ROOT)),
                    count));
    long[] states = new long[VolumeView.State.values().length];
    long lag = 0;
    for (VolumeView.Volume volume : acts.volumes().volumes()) {
      states[volume.state().ordinal()]++;
      lag = Math.max(lag, volume.lagDeltas() == null ? 0 : volume.lagDeltas());
    }
    text.head("forestall_volumes");
    for (VolumeView.State state : VolumeView.State.values()) {
      text.line(
          "forestall_volumes", Map.of("state", ConsoleJson.lower(state)), states[state.ordinal()]);
    }
    text.head("forestall_copy_lag_deltas_max");
    text.line("forestall_copy_lag_deltas_max", Map.of(), lag);
  }

  private static void shadows(Text text, VolumeView.ShadowFigures figures, int missing) {
    text.head("forestall_shadows");
    for (CopyState state : CopyState.values()) {
      text.line(
          "forestall_shadows",
          Map.of("state", ConsoleJson.lower(state)),
          figures.byState().getOrDefault(state.name(), 0));
    }
    VolumeView.Shadows sums = figures.sums();
    text.head("forestall_shadow_lag_records_max");
    text.line("forestall_shadow_lag_records_max", Map.of(), sums.lagRecords());
    text.head("forestall_shadow_lag_bytes");
    text.line("forestall_shadow_lag_bytes", Map.of(), sums.lagBytes());
    text.head("forestall_shadow_lag_seconds_max");
    text.line("forestall_shadow_lag_seconds_max", Map.of(), sums.lagMillis() / 1000.0);
    text.head("forestall_shadow_missing_bytes");
    text.line("forestall_shadow_missing_bytes", Map.of(), sums.missingBytes());
    text.head("forestall_shadow_copy_stalled_seconds");
    text.line("forestall_shadow_copy_stalled_seconds", Map.of(), figures.stalledMillis() / 1000.0);
    text.head("forestall_shadow_unverified_seconds");
    text.line("forestall_shadow_unverified_seconds", Map.of(), figures.unverifiedMillis() / 1000.0);
    text.head("forestall_units_without_shadow");
    text.line("forestall_units_without_shadow", Map.of(), missing);
  }

  private static void fleet(Text text, FleetFigures figures) {
    text.head("forestall_entities");
    figures
        .byTier()
        .forEach(
            (kind, counts) -> {
              for (Tier tier : Tier.values()) {
                text.line(
                    "forestall_entities",
                    labels("kind", ConsoleJson.lower(kind), "tier", ConsoleJson.lower(tier)),
                    counts[tier.ordinal()]);
              }
            });
    text.head("forestall_entities_at_risk");
    figures
        .atRisk()
        .forEach(
            (key, count) ->
                text.line(
                    "forestall_entities_at_risk",
                    labels(
                        "kind",
                        ConsoleJson.lower(key.kind()),
                        "mode",
                        ConsoleJson.lower(key.mode()),
                        "rack",
                        key.rack(),
                        "tier",
                        ConsoleJson.lower(key.tier())),
                    count));
    places(text, "forestall_entities_placed", figures, speech -> speech.heard);
    places(text, "forestall_entities_never_heard", figures, speech -> speech.never);
    places(text, "forestall_entities_late", figures, speech -> speech.late);
    places(text, "forestall_entities_silent", figures, speech -> speech.silent);
    text.head("forestall_entities_anomalous");
    figures
        .anomalous()
        .forEach(
            (kind, count) ->
                text.line(
                    "forestall_entities_anomalous",
                    Map.of("kind", ConsoleJson.lower(kind)),
                    count));
    text.head("forestall_entities_low_confidence");
    figures
        .lowConfidence()
        .forEach(
            (kind, count) ->
                text.line(
                    "forestall_entities_low_confidence",
                    Map.of("kind", ConsoleJson.lower(kind)),
                    count));
  }

  private static void places(
      Text text, String name, FleetFigures figures, ToLongFunction<FleetFigures.Speech> count) {
    text.head(name);
    figures
        .speech()
        .forEach(
            (place, speech) ->
                text.line(
                    name,
                    labels("kind", ConsoleJson.lower(place.kind()), "rack", place.rack()),
                    count.applyAsLong(speech)));
  }

  private static void models(Text text, FleetView.Status status) {
    Map<Map<String, String>, Long> newest = new LinkedHashMap<>();
    Map<Map<String, String>, Long> demoted = new LinkedHashMap<>();
    for (FleetView.ModelEntry model : status.models()) {
      ModelStandings.State state = ConsoleJson.standing(model, status).state();
      if (state != ModelStandings.State.CHAMPION) {
        continue; // what does not score makes no champion younger
      }
      demoted.put(
          labels("model", model.id(), "mode", model.mode().toLowerCase(Locale.ROOT)),
          model.demoted().isEmpty() ? 0L : 1L);
      newest.merge(
          labels("model", model.id(), "mode", model.mode().toLowerCase(Locale.ROOT)),
          model.publishedMillis(),
          Math::max);
    }
    text.head("forestall_model_published_timestamp_seconds");
    newest.forEach(
        (labels, millis) ->
            text.line("forestall_model_published_timestamp_seconds", labels, millis / 1000.0));
    text.head("forestall_model_demoted");
    demoted.forEach((labels, is) -> text.line("forestall_model_demoted", labels, is));
  }

  private static void durations(Text text, RequestTimes times) {
    String name = "forestall_console_request_duration_seconds";
    text.head(name);
    times
        .byRoute()
        .forEach(
            (route, of) -> {
              long count = 0;
              for (int i = 0; i < of.counts.length(); i++) {
                count += of.counts.get(i);
                String bound =
                    i < RequestTimes.BOUNDS_SECONDS.length
                        ? Double.toString(RequestTimes.BOUNDS_SECONDS[i])
                        : "+Inf";
                text.line(name + "_bucket", labels("route", route, "le", bound), count);
              }
              text.line(name + "_sum", Map.of("route", route), of.nanos.sum() / 1e9);
              text.line(name + "_count", Map.of("route", route), count);
            });
  }

  /** Labels in the order in which they are given. */
  private static Map<String, String> labels(String... namesAndValues) {
    Map<String, String> labels = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      labels.put(namesAndValues[i], namesAndValues[i + 1]);
    }
    return labels;
  }

  private static final class Text {
    private final StringBuilder out = new StringBuilder();

    /** Type and help of a metric, from the catalogue: what is not listed there is not exported. */
    void head(String name) {
      MetricCatalogue.Metric metric = MetricCatalogue.shipped().get(name);
      out.append("# HELP ").append(name).append(' ').append(metric.help()).append('\n');
      out.append("# TYPE ").append(name).append(' ').append(metric.type()).append('\n');
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
