package io.forestall.app.console;

import io.forestall.schemas.ActKind;
import io.forestall.schemas.EntityRef;
import io.forestall.wire.Keys;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Incidents, decisions and policies as {@link ConsoleCsv} writes tables. Stateless. */
final class ActCsv {
  private ActCsv() {}

  static String incidents(List<IncidentView.Row> rows) {
    ConsoleCsv.Lines lines =
        new ConsoleCsv.Lines(
            "id",
            "state",
            "severity",
            "subject",
            "pool",
            "rule",
            "recommendation",
            "predicted",
            "confidence",
            "events",
            "affected",
            "opened",
            "updated",
            "resolved",
            "inhibited_by",
            "summary");
    for (IncidentView.Row row : rows) {
      lines.add(
          row.id(),
          ConsoleJson.lower(row.state()),
          ConsoleJson.lower(row.severity()),
          Keys.of(row.kind(), row.subject()),
          row.pool(),
          row.rule(),
          ConsoleJson.lower(row.recommendation()),
          Boolean.toString(row.predicted()),
          ConsoleCsv.number(row.confidence()),
          Long.toString(row.eventCount()),
          Integer.toString(row.affected()),
          ConsoleCsv.time(row.openedMillis()),
          ConsoleCsv.time(row.updatedMillis()),
          time(row.resolvedMillis()),
          row.inhibitedBy(),
          row.summary());
    }
    return lines.toString();
  }

  static String decisions(List<DecisionView.Row> rows) {
    ConsoleCsv.Lines lines =
        new ConsoleCsv.Lines(
            "id",
            "time",
            "outcome",
            "code",
            "act",
            "subject",
            "target",
            "pool",
            "zone",
            "mode",
            "guards_passed",
            "guards",
            "incident",
            "proposal",
            "admission",
            "lock_owner",
            "approved_by",
            "lag_millis",
            "lane",
            "text");
    for (DecisionView.Row row : rows) {
      EntityRef target = row.target();
      lines.add(
          row.id(),
          ConsoleCsv.time(row.timeMillis()),
          ConsoleJson.lower(row.outcome()),
          row.code().name(),
          ConsoleJson.lower(row.act()),
          Keys.of(row.kind(), row.subject()),
          target == null ? "" : Keys.of(target),
          row.pool(),
          row.zone(),
          ConsoleJson.lower(row.mode()),
          Integer.toString(row.guardsPassed()),
          Integer.toString(row.guards()),
          row.incident(),
          row.proposal(),
          row.admission(),
          row.lockOwner(),
          row.approvedBy(),
          Long.toString(row.lagMillis()),
          row.lane(),
          row.text());
    }
    return lines.toString();
  }

  static String policies(List<PolicyView.Row> rows, long nowMillis) {
    ConsoleCsv.Lines lines =
        new ConsoleCsv.Lines(
            "key",
            "kind",
            "holds",
            "enabled",
            "scope",
            "act",
            "proposal",
            "author",
            "reason",
            "written",
            "not_before",
            "expires",
            "signed_with",
            "parameters");
    for (PolicyView.Row row : rows) {
      lines.add(
          row.key(),
          ConsoleJson.lower(row.kind()),
          Boolean.toString(row.holdsAt(nowMillis)),
          Boolean.toString(row.enabled()),
          row.scope(),
          row.act() == ActKind.UNKNOWN ? "" : ConsoleJson.lower(row.act()),
          row.proposal(),
          row.author(),
          row.reason(),
          ConsoleCsv.time(row.timeMillis()),
          ConsoleCsv.time(row.notBeforeMillis()),
          time(row.expiresMillis()),
          row.keyId(),
          new TreeMap<>(row.parameters()).toString());
    }
    return lines.toString();
  }

  private static String time(@Nullable Long millis) {
    return millis == null ? "" : ConsoleCsv.time(millis);
  }
}
