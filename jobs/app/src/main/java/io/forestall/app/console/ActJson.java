package io.forestall.app.console;

import com.fasterxml.jackson.core.JsonGenerator;
import io.forestall.schemas.ActKind;
import io.forestall.schemas.ActMode;
import io.forestall.schemas.Decision;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.GuardResult;
import io.forestall.schemas.Incident;
import io.forestall.schemas.Input;
import io.forestall.schemas.PolicyKind;
import io.forestall.schemas.Proposal;
import io.forestall.schemas.Severity;
import io.forestall.schemas.UnitEpoch;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Writes incidents, decisions, what waits, budgets, locks and policies as JSON, in the manner of
 * {@link ConsoleJson}. Stateless.
 */
final class ActJson {
  /** Acts that change who holds data: those that have a mode. */
  static final List<ActKind> MODED =
      List.of(
          ActKind.PREFETCH,
          ActKind.SHADOW,
          ActKind.RETIRE_SHADOW,
          ActKind.MIGRATE,
          ActKind.FAILOVER,
          ActKind.SWITCHOVER,
          ActKind.FAILBACK,
          ActKind.DRAIN,
          ActKind.RETURN,
          ActKind.REPAIR);

  private static final int MAX_LOCKS = 1000;

  private ActJson() {}

  /** What the head of every page says: mode, halt, storms, and what is counted beside the tabs. */
  static void brief(JsonGenerator json, ActViews acts, boolean writable) throws IOException {
    long now = acts.nowMillis();
    IncidentView.Figures incidents = acts.incidents().figures();
    json.writeObjectFieldStart("acts");
    json.writeStringField("mode", ConsoleJson.lower(acts.policies().mode(now)));
    json.writeBooleanField("writable", writable);
    json.writeNumberField("nowMillis", now);
    json.writeObjectFieldStart("openIncidents");
    for (Severity severity : Severity.values()) {
      json.writeNumberField(
          ConsoleJson.lower(severity), incidents.openBySeverity()[severity.ordinal()]);
    }
    json.writeEndObject();
    json.writeNumberField("swallowedIncidents", incidents.swallowed());
    json.writeNumberField("waiting", acts.decisions().waitingAt(now));
    json.writeNumberField("inFlight", acts.admissions().inFlight());
    json.writeNumberField("openSagas", acts.sagas().open());
    json.writeNumberField("volumes", acts.volumes().size());
    ConsoleJson.objects(
        json,
        "halts",
        acts.policies().holding(PolicyKind.HALT, now),
        halt -> policy(json, halt, now, false));
    ConsoleJson.objects(json, "storms", acts.storms(), storm -> notice(json, storm));
    json.writeEndObject();
  }

  static byte[] incidents(
      FleetView.Page<IncidentView.Row> page, int offset, int limit, @Nullable String next) {
    return ConsoleJson.object(
        json -> {
          ConsoleJson.paging(json, page.total(), offset, limit, next);
          ConsoleJson.objects(json, "items", page.items(), row -> incident(json, row));
        });
  }

  private static void subject(JsonGenerator json, Enum<?> kind, String id) throws IOException {
    json.writeObjectFieldStart("subject");
    json.writeStringField("kind", ConsoleJson.lower(kind));
    json.writeStringField("id", id);
    json.writeEndObject();
  }

  private static void incident(JsonGenerator json, IncidentView.Row row) throws IOException {
    json.writeStringField("id", row.id());
    json.writeNumberField("revision", row.revision());
    json.writeStringField("state", ConsoleJson.lower(row.state()));
    json.writeStringField("severity", ConsoleJson.lower(row.severity()));
    json.writeStringField("summary", row.summary());
    subject(json, row.kind(), row.subject());
    json.writeStringField("pool", row.pool());
    json.writeBooleanField("predicted", row.predicted());
    ConsoleJson.number(json, "confidence", row.confidence());
    json.writeNumberField("horizonMillis", row.horizonMillis());
    json.writeStringField("recommendation", ConsoleJson.lower(row.recommendation()));
    json.writeStringField("rule", row.rule());
    json.writeNumberField("ruleVersion", row.ruleVersion());
    json.writeStringField("correlationKey", row.correlationKey());
    json.writeNumberField("affected", row.affected());
    json.writeNumberField("eventCount", row.eventCount());
    json.writeNumberField("openedMillis", row.openedMillis());
    json.writeNumberField("updatedMillis", row.updatedMillis());
    nullable(json, "resolvedMillis", row.resolvedMillis());
    json.writeStringField("inhibitedBy", row.inhibitedBy());
  }

  static byte[] incident(
      IncidentView.Detail detail,
      IncidentView.@Nullable Row swallower,
      List<DecisionView.Case> cases) {
    Incident incident = detail.incident();
    return ConsoleJson.object(
        json -> {
          incident(json, detail.row());
          // The list's summary may be cut.
          json.writeStringField("whole", incident.getSummary());
          json.writeStringField("recommendationReason", incident.getRecommendationReason());
          ConsoleJson.objects(
              json,
              "suspects",
              incident.getSuspects(),
              suspect -> {
                entity(json, "entity", suspect.getEntity());
                ConsoleJson.number(json, "weight", suspect.getWeight());
                json.writeStringField("text", suspect.getText());
              });
          ConsoleJson.objects(
              json, "affectedEntities", incident.getAffected(), affected -> entity(json, affected));
          ConsoleJson.objects(
              json,
              "events",
              incident.getEvents(),
              event -> {
                json.writeStringField("id", event.getId());
                json.writeStringField("type", event.getType());
                entity(json, "entity", event.getEntity());
                json.writeNumberField("timeMillis", event.getTimeMillis());
                json.writeBooleanField("predicted", event.getPredicted());
              });
          ConsoleJson.objects(
              json,
              "revisions",
              detail.revisions(),
              revision -> {
                json.writeNumberField("revision", revision.revision());
                json.writeStringField("state", ConsoleJson.lower(revision.state()));
                json.writeStringField("severity", ConsoleJson.lower(revision.severity()));
                json.writeStringField(
                    "recommendation", ConsoleJson.lower(revision.recommendation()));
                json.writeBooleanField("predicted", revision.predicted());
                ConsoleJson.number(json, "confidence", revision.confidence());
                json.writeNumberField("eventCount", revision.eventCount());
                json.writeNumberField("updatedMillis", revision.updatedMillis());
                json.writeStringField("inhibitedBy", revision.inhibitedBy());
              });
          json.writeFieldName("swallower");
          if (swallower == null) {
            json.writeNull();
          } else {
            json.writeStartObject();
            incident(json, swallower);
            json.writeEndObject();
          }
          ConsoleJson.objects(json, "swallowed", detail.swallowed(), row -> incident(json, row));
          ConsoleJson.objects(json, "cases", cases, one -> asked(json, one));
          words(json, "labels", incident.getLabels());
        });
  }

  /** A proposal in short and everything that was decided about it. */
  private static void asked(JsonGenerator json, DecisionView.Case one) throws IOException {
    json.writeStringField("proposal", one.proposal());
    DecisionView.Asked asked = one.asked();
    json.writeFieldName("asked");
    if (asked == null) {
      json.writeNull();
    } else {
      json.writeStartObject();
      json.writeStringField("act", ConsoleJson.lower(asked.act()));
      subject(json, asked.kind(), asked.subject());
      json.writeStringField("pool", asked.pool());
      json.writeStringField("zone", asked.zone());
      entity(json, "target", asked.target());
      json.writeStringField("decider", asked.decider());
      json.writeStringField("reason", asked.reason());
      json.writeStringField("incident", asked.incident());
      ConsoleJson.number(json, "probability", asked.probability());
      json.writeNumberField("horizonMillis", asked.horizonMillis());
      ConsoleJson.number(json, "confidence", asked.confidence());
      json.writeNumberField("costBytes", asked.costBytes());
      json.writeNumberField("priority", asked.priority());
      json.writeNumberField("timeMillis", asked.timeMillis());
      json.writeNumberField("expiresMillis", asked.expiresMillis());
      json.writeStringField("lane", asked.lane());
      json.writeEndObject();
    }
    ConsoleJson.objects(json, "decisions", one.decisions(), row -> decision(json, row));
  }

  static byte[] decisions(
      FleetView.Page<DecisionView.Row> page, int offset, int limit, @Nullable String next) {
    return ConsoleJson.object(
        json -> {
          ConsoleJson.paging(json, page.total(), offset, limit, next);
          ConsoleJson.objects(json, "items", page.items(), row -> decision(json, row));
        });
  }

  private static void decision(JsonGenerator json, DecisionView.Row row) throws IOException {
    json.writeStringField("id", row.id());
    json.writeStringField("proposal", row.proposal());
    json.writeStringField("act", ConsoleJson.lower(row.act()));
    subject(json, row.kind(), row.subject());
    json.writeStringField("pool", row.pool());
    json.writeStringField("zone", row.zone());
    entity(json, "target", row.target());
    json.writeStringField("outcome", ConsoleJson.lower(row.outcome()));
    json.writeStringField("code", row.code().name());
    json.writeStringField("text", row.text());
    json.writeStringField("mode", ConsoleJson.lower(row.mode()));
    json.writeNumberField("guardsPassed", row.guardsPassed());
    json.writeNumberField("guardsAsked", row.guards());
    json.writeStringField("incident", row.incident());
    json.writeStringField("rule", row.rule());
    json.writeStringField("admission", row.admission());
    json.writeStringField("lockOwner", row.lockOwner());
    json.writeStringField("approvedBy", row.approvedBy());
    json.writeNumberField("lagMillis", row.lagMillis());
    json.writeNumberField("timeMillis", row.timeMillis());
    json.writeStringField("lane", row.lane());
  }

  static byte[] decision(
      DecisionView.Detail detail,
      IncidentView.@Nullable Row incident,
      AdmissionView.@Nullable Act admission,
      AdmissionView.@Nullable Act owner) {
    Decision decision = detail.decision();
    Proposal proposal = detail.proposal();
    return ConsoleJson.object(
        json -> {
          decision(json, detail.row());
          json.writeStringField("whole", decision.getText());
          guards(json, decision.getGuards());
          inputs(json, decision.getInputs());
          nullable(json, "ruleVersion", decision.getRuleVersion());
          json.writeStringField("model", decision.getModel());
          nullable(json, "modelVersion", decision.getModelVersion());
          json.writeNumberField("policyVersion", decision.getPolicyVersion());
          json.writeFieldName("incidentInShort");
          if (incident == null) {
            json.writeNull();
          } else {
            json.writeStartObject();
            incident(json, incident);
            json.writeEndObject();
          }
          json.writeFieldName("admitted");
          act(json, admission);
          json.writeFieldName("lock");
          act(json, owner);
          json.writeFieldName("proposed");
          if (proposal == null) {
            json.writeNull();
          } else {
            json.writeStartObject();
            proposal(json, proposal);
            json.writeEndObject();
          }
          ConsoleJson.objects(
              json, "sameProposal", detail.of().decisions(), row -> decision(json, row));
        });
  }

  private static void proposal(JsonGenerator json, Proposal proposal) throws IOException {
    json.writeStringField("decider", proposal.getDecider());
    json.writeStringField("reason", proposal.getReason());
    entity(json, "source", proposal.getSource());
    units(json, proposal.getUnits());
    ConsoleJson.objects(
        json,
        "candidates",
        proposal.getCandidates(),
        candidate -> {
          entity(json, "entity", candidate.getEntity());
          ConsoleJson.number(json, "score", candidate.getScore());
          json.writeStringField("refusal", candidate.getRefusal());
          json.writeStringField("text", candidate.getText());
        });
    inputs(json, proposal.getInputs());
    ConsoleJson.number(json, "probability", proposal.getProbability());
    json.writeNumberField("horizonMillis", proposal.getHorizonMillis());
    ConsoleJson.number(json, "confidence", proposal.getConfidence());
    json.writeNumberField("costBytes", proposal.getCostBytes());
    json.writeNumberField("expectedPauseMillis", proposal.getExpectedPauseMillis());
    json.writeNumberField("priority", proposal.getPriority());
    json.writeNumberField("timeMillis", proposal.getTimeMillis());
    json.writeNumberField("expiresMillis", proposal.getExpiresMillis());
    words(json, "parameters", proposal.getParameters());
  }

  static byte[] approvals(
      List<DecisionView.Case> page,
      ActViews acts,
      boolean writable,
      int total,
      int offset,
      int limit,
      @Nullable String next) {
    long now = acts.nowMillis();
    return ConsoleJson.object(
        json -> {
          ConsoleJson.paging(json, total, offset, limit, next);
          json.writeBooleanField("writable", writable);
          json.writeArrayFieldStart("items");
          for (DecisionView.Case one : page) {
            DecisionView.Row newest = one.newest();
            DecisionView.Asked asked = one.asked();
            String incident =
                newest != null && newest.incident() != null
                    ? newest.incident()
                    : asked == null ? null : asked.incident();
            json.writeStartObject();
            asked(json, one);
            nullable(json, "untilMillis", asked == null ? null : asked.expiresMillis());
            json.writeBooleanField("expired", asked != null && asked.expiresMillis() <= now);
            IncidentView.Row row = incident == null ? null : acts.incidents().row(incident);
            json.writeFieldName("incident");
            if (row == null) {
              json.writeNull();
            } else {
              json.writeStartObject();
              incident(json, row);
              json.writeEndObject();
            }
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  static byte[] policies(
      List<PolicyView.Row> page,
      long nowMillis,
      int total,
      int offset,
      int limit,
      @Nullable String next) {
    return ConsoleJson.object(
        json -> {
          ConsoleJson.paging(json, total, offset, limit, next);
          ConsoleJson.objects(json, "items", page, row -> policy(json, row, nowMillis, true));
        });
  }

  private static void policy(JsonGenerator json, PolicyView.Row row, long nowMillis, boolean whole)
      throws IOException {
    json.writeStringField("key", row.key());
    json.writeStringField("id", row.id());
    json.writeStringField("kind", ConsoleJson.lower(row.kind()));
    json.writeNumberField("version", row.version());
    json.writeBooleanField("enabled", row.enabled());
    json.writeBooleanField("holds", row.holdsAt(nowMillis));
    json.writeStringField("scope", row.scope());
    json.writeStringField(
        "act", row.act() == ActKind.UNKNOWN ? null : ConsoleJson.lower(row.act()));
    json.writeStringField("proposal", row.proposal());
    json.writeStringField("author", row.author());
    json.writeStringField("reason", row.reason());
    json.writeNumberField("timeMillis", row.timeMillis());
    json.writeNumberField("notBeforeMillis", row.notBeforeMillis());
    nullable(json, "expiresMillis", row.expiresMillis());
    json.writeStringField("keyId", row.keyId());
    words(json, "parameters", row.parameters());
    if (whole) {
      json.writeStringField("body", row.body());
    }
  }

  static byte[] budget(ActViews acts, @Nullable String onlyPool) {
    BudgetBoard board = BudgetBoard.of(acts, onlyPool);
    return ConsoleJson.object(
        json -> {
          json.writeStringField("mode", ConsoleJson.lower(acts.policies().mode(acts.nowMillis())));
          ConsoleJson.objects(
              json, "halts", board.halts(), halt -> policy(json, halt, acts.nowMillis(), false));
          json.writeArrayFieldStart("pools");
          int locks = 0;
          for (BudgetBoard.Pool pool : board.pools()) {
            json.writeStartObject();
            pool(json, pool);
            json.writeEndObject();
            for (AdmissionView.Act act : pool.inFlight()) {
              locks += act.units().size();
            }
          }
          json.writeEndArray();
          json.writeNumberField("lockCount", locks);
          json.writeArrayFieldStart("locks");
          int written = 0;
          for (BudgetBoard.Pool pool : board.pools()) {
            for (AdmissionView.Act act : pool.inFlight()) {
              for (UnitEpoch unit : act.units()) {
                if (written++ < MAX_LOCKS) {
                  json.writeStartObject();
                  json.writeStringField("unit", unit.getUnit());
                  json.writeNumberField("expectedEpoch", unit.getExpectedEpoch());
                  json.writeNumberField("newEpoch", unit.getNewEpoch());
                  json.writeStringField("admission", act.id());
                  json.writeStringField("act", ConsoleJson.lower(act.act()));
                  subject(json, act.kind(), act.subject());
                  json.writeStringField("pool", act.pool());
                  json.writeNumberField("sinceMillis", act.issuedMillis());
                  json.writeNumberField("expiresMillis", act.expiresMillis());
                  json.writeEndObject();
                }
              }
            }
          }
          json.writeEndArray();
        });
  }

  private static void pool(JsonGenerator json, BudgetBoard.Pool pool) throws IOException {
    json.writeStringField("pool", pool.pool());
    json.writeNumberField("sequence", pool.sequence());
    json.writeStringField("incarnation", pool.incarnation());
    nullable(json, "startedMillis", pool.startedMillis() == 0 ? null : pool.startedMillis());
    ConsoleJson.objects(
        json,
        "budgets",
        pool.budgets(),
        line -> {
          json.writeStringField("scope", line.scope());
          ConsoleJson.number(json, "inFlight", line.inFlight());
          ConsoleJson.number(json, "limit", line.limit());
          ConsoleJson.number(json, "left", Math.max(0, line.limit() - line.inFlight()));
          json.writeStringField("source", line.source());
        });
    json.writeArrayFieldStart("inFlight");
    for (AdmissionView.Act act : pool.inFlight()) {
      act(json, act);
    }
    json.writeEndArray();
    ConsoleJson.objects(
        json,
        "modes",
        MODED,
        act -> {
          json.writeStringField("act", ConsoleJson.lower(act));
          json.writeStringField(
              "mode",
              ConsoleJson.lower(pool.acting().contains(act) ? ActMode.ACT : ActMode.ADVISE));
        });
    json.writeFieldName("storm");
    if (pool.notice() == null) {
      json.writeNull();
    } else {
      json.writeStartObject();
      notice(json, pool.notice());
      json.writeEndObject();
    }
    json.writeFieldName("guarded");
    DecisionView.PoolGuards guards = pool.guards();
    if (guards == null) {
      json.writeNull();
    } else {
      json.writeStartObject();
      json.writeStringField("decision", guards.decision());
      json.writeNumberField("timeMillis", guards.timeMillis());
      guards(json, guards.guards());
      json.writeEndObject();
    }
  }

  private static void act(JsonGenerator json, AdmissionView.@Nullable Act act) throws IOException {
    if (act == null) {
      json.writeNull();
      return;
    }
    json.writeStartObject();
    json.writeStringField("id", act.id());
    json.writeStringField("state", ConsoleJson.lower(act.state()));
    json.writeStringField("proposal", act.proposal());
    json.writeStringField("act", ConsoleJson.lower(act.act()));
    subject(json, act.kind(), act.subject());
    json.writeStringField("pool", act.pool());
    json.writeStringField("zone", act.zone());
    json.writeBooleanField("predicted", act.predicted());
    entity(json, "source", act.source());
    entity(json, "target", act.target());
    json.writeNumberField("sequence", act.sequence());
    json.writeNumberField("unitCount", act.units().size());
    json.writeNumberField("issuedMillis", act.issuedMillis());
    json.writeNumberField("expiresMillis", act.expiresMillis());
    json.writeNumberField("timeMillis", act.timeMillis());
    json.writeStringField("text", act.text());
    json.writeEndObject();
  }

  private static void notice(JsonGenerator json, ActViews.Notice notice) throws IOException {
    json.writeStringField("pool", notice.pool());
    json.writeBooleanField("stopped", notice.stopped());
    json.writeNumberField("timeMillis", notice.timeMillis());
    json.writeStringField("text", notice.text());
  }

  private static void guards(JsonGenerator json, List<GuardResult> guards) throws IOException {
    ConsoleJson.objects(
        json,
        "guards",
        guards,
        guard -> {
          json.writeStringField("guard", guard.getGuard());
          json.writeBooleanField("passed", guard.getPassed());
          json.writeStringField("code", guard.getCode().name());
          ConsoleJson.number(
              json, "observed", guard.getObserved() == null ? Double.NaN : guard.getObserved());
          ConsoleJson.number(
              json, "limit", guard.getLimit() == null ? Double.NaN : guard.getLimit());
          json.writeStringField("text", guard.getText());
        });
  }

  private static void inputs(JsonGenerator json, List<Input> inputs) throws IOException {
    ConsoleJson.objects(
        json,
        "inputs",
        inputs,
        input -> {
          json.writeStringField("name", input.getName());
          ConsoleJson.number(
              json, "value", input.getValue() == null ? Double.NaN : input.getValue());
          json.writeStringField("text", input.getText());
        });
  }

  private static void units(JsonGenerator json, List<UnitEpoch> units) throws IOException {
    ConsoleJson.objects(
        json,
        "units",
        units,
        unit -> {
          json.writeStringField("unit", unit.getUnit());
          json.writeNumberField("expectedEpoch", unit.getExpectedEpoch());
          json.writeNumberField("newEpoch", unit.getNewEpoch());
        });
  }

  private static void words(JsonGenerator json, String name, Map<String, String> words)
      throws IOException {
    json.writeObjectFieldStart(name);
    for (Map.Entry<String, String> word : new TreeMap<>(words).entrySet()) {
      json.writeStringField(word.getKey(), word.getValue());
    }
    json.writeEndObject();
  }

  private static void entity(JsonGenerator json, String name, @Nullable EntityRef entity)
      throws IOException {
    json.writeFieldName(name);
    if (entity == null) {
      json.writeNull();
    } else {
      json.writeStartObject();
      entity(json, entity);
      json.writeEndObject();
    }
  }

  private static void entity(JsonGenerator json, EntityRef entity) throws IOException {
    json.writeStringField("kind", ConsoleJson.lower(entity.getKind()));
    json.writeStringField("id", entity.getId());
  }

  private static void nullable(JsonGenerator json, String name, @Nullable Number number)
      throws IOException {
    if (number == null) {
      json.writeNullField(name);
    } else {
      json.writeNumberField(name, number.longValue());
    }
  }
}
