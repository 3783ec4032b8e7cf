package io.forestall.app.console;

import io.forestall.schemas.Reason;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Lists as comma-separated values: a head, one line each, times in ISO 8601 UTC. Stateless. */
final class ConsoleCsv {
  private ConsoleCsv() {}

  static String entities(List<EntityRisk> entities) {
    Lines lines =
        new Lines(
            "kind",
            "id",
            "node",
            "rack",
            "zone",
            "region",
            "pool",
            "hardware",
            "tier",
            "score",
            "probability",
            "confidence",
            "stale",
            "time",
            "tier_since",
            "top_reason");
    for (EntityRisk entity : entities) {
      EntityRisk.Placement place = entity.placement();
      EntityRisk.Score score = entity.score();
      Reason top = entity.topReason();
      lines.add(
          ConsoleJson.lower(entity.kind()),
          entity.id(),
          entity.node(),
          entity.rack(),
          place == null ? "" : place.zone(),
          place == null ? "" : place.region(),
          place == null ? "" : place.pool(),
          place == null ? "" : place.model(),
          ConsoleJson.lower(entity.tier()),
          score == null ? "" : number(score.score()),
          score == null ? "" : number(score.probability()),
          score == null ? "" : number(score.confidence()),
          score == null ? "" : Boolean.toString(score.stale()),
          score == null ? "" : time(score.timeMillis()),
          score == null ? "" : time(score.tierSinceMillis()),
          top == null ? "" : top.getText());
    }
    return lines.toString();
  }

  static String anomalies(List<AnomalyView> anomalies) {
    Lines lines =
        new Lines(
            "kind",
            "id",
            "node",
            "signal",
            "since",
            "time",
            "ended",
            "value",
            "expected",
            "spread",
            "score",
            "worse",
            "by_peers",
            "text");
    for (AnomalyView anomaly : anomalies) {
      lines.add(
          ConsoleJson.lower(anomaly.kind()),
          anomaly.id(),
          anomaly.node(),
          anomaly.signal(),
          time(anomaly.sinceMillis()),
          time(anomaly.timeMillis()),
          Boolean.toString(anomaly.ended()),
          number(anomaly.value()),
          number(anomaly.expected()),
          number(anomaly.spread()),
          number(anomaly.score()),
          Boolean.toString(anomaly.worse()),
          Boolean.toString(anomaly.byPeers()),
          anomaly.text());
    }
    return lines.toString();
  }

  static String late(List<FleetView.LateEntry> entries) {
    Lines lines =
        new Lines(
            "kind",
            "id",
            "node",
            "rack",
            "zone",
            "region",
            "state",
            "newest",
            "age_seconds",
            "usual_interval_seconds",
            "tier",
            "confidence");
    for (FleetView.LateEntry entry : entries) {
      EntityRisk entity = entry.entity();
      EntityRisk.Placement place = entity.placement();
      EntityRisk.Score score = entity.score();
      lines.add(
          ConsoleJson.lower(entity.kind()),
          entity.id(),
          entity.node(),
          entity.rack(),
          place == null ? "" : place.zone(),
          place == null ? "" : place.region(),
          entry.state(),
          entry.newestMillis() == Slot.NONE ? "" : time(entry.newestMillis()),
          entry.ageMillis() < 0 ? "" : Long.toString(entry.ageMillis() / 1000),
          Double.isNaN(entry.intervalMillis()) ? "" : number(entry.intervalMillis() / 1000),
          ConsoleJson.lower(entity.tier()),
          score == null ? "" : number(score.confidence()));
    }
    return lines.toString();
  }

  static String deadLetters(List<FleetView.DeadEntry> letters) {
    Lines lines =
        new Lines(
            "time",
            "reason",
            "origin",
            "partition",
            "offset",
            "index",
            "kind",
            "id",
            "component",
            "detail");
    for (FleetView.DeadEntry letter : letters) {
      lines.add(
          time(letter.timeMillis()),
          ConsoleJson.lower(letter.reason()),
          letter.origin(),
          Integer.toString(letter.partition()),
          Long.toString(letter.offset()),
          Integer.toString(letter.index()),
          letter.kind() == null ? "" : ConsoleJson.lower(letter.kind()),
          letter.id(),
          letter.component(),
          letter.detail());
    }
    return lines.toString();
  }

  static String series(FleetView.Series series) {
    String[] head = new String[1 + series.names().size()];
    head[0] = "time";
    for (int i = 0; i < series.names().size(); i++) {
      head[i + 1] = series.names().get(i);
    }
    Lines lines = new Lines(head);
    long[] times = series.values().timesMillis();
    for (int t = 0; t < times.length; t++) {
      String[] cells = new String[head.length];
      cells[0] = time(times[t]);
      for (int c = 0; c < head.length - 1; c++) {
        float value = series.values().columns().get(c).values()[t];
        cells[c + 1] = Float.isNaN(value) ? "" : Float.toString(value);
      }
      lines.add(cells);
    }
    return lines.toString();
  }

  static String number(double value) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, "%.6g", value) : "";
  }

  static String time(long millis) {
    return Instant.ofEpochMilli(millis).toString();
  }

  /** Lines of one table. */
  static final class Lines {
    private final StringBuilder out = new StringBuilder();

    Lines(String... head) {
      add(head);
    }

    void add(@Nullable String... cells) {
      for (int i = 0; i < cells.length; i++) {
        if (i > 0) {
          out.append(',');
        }
        String cell = cells[i] == null ? "" : cells[i];
        // A spreadsheet must not take what came from outside for a formula.
        if (!cell.isEmpty() && "=+@\t\r".indexOf(cell.charAt(0)) >= 0) {
          cell = "'" + cell;
        }
        if (cell.indexOf(',') >= 0
            || cell.indexOf('"') >= 0
            || cell.indexOf('\n') >= 0
            || cell.indexOf('\r') >= 0) {
          out.append('"').append(cell.replace("\"", "\"\"")).append('"');
        } else {
          out.append(cell);
        }
      }
      out.append("\r\n");
    }

    @Override
    public String toString() {
      return out.toString();
    }
  }
}
