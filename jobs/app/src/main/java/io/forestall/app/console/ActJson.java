package io.forestall.app.console;

import com.fasterxml.jackson.core.JsonGenerator;
import io.forestall.schemas.ActKind;
import io.forestall.schemas.ActMode;
import io.forestall.schemas.Candidate;
import io.forestall.schemas.Decision;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.EventRef;
import io.forestall.schemas.GuardResult;
import io.forestall.schemas.Incident;
import io.forestall.schemas.Input;
import io.forestall.schemas.PolicyKind;
import io.forestall.schemas.Proposal;
import io.forestall.schemas.Severity;
import io.forestall.schemas.Suspect;
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
    json.writeArrayFieldStart("halts");
    for (PolicyView.Row halt : acts.policies().holding(PolicyKind.HALT, now)) {
      json.writeStartObject();
      policy(json, halt, now, false);
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeArrayFieldStart("storms");
    for (ActViews.Notice storm : acts.storms()) {
      json.writeStartObject();
      notice(json, storm);
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  static byte[] incidents(
      FleetView.Page<IncidentView.Row> page, int offset, int limit, @Nullable String next) {
    return ConsoleJson.object(
        json -> {
          ConsoleJson.paging(json, page.total(), offset, limit, next);
          json.writeArrayFieldStart("items");
          for (IncidentView.Row row : page.items()) {
            json.writeStartObject();
            incident(json, row);
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  private static void incident(JsonGenerator json, IncidentView.Row row) throws IOException {
    json.writeStringField("id", row.id());
    json.writeNumberField("revision", row.revision());
    json.writeStringField("state", ConsoleJson.lower(row.state()));
    json.writeStringField("severity", ConsoleJson.lower(row.severity()));
    json.writeStringField("summary", row.summary());
    json.writeObjectFieldStart("subject");
    json.writeStringField("kind", ConsoleJson.lower(row.kind()));
    json.writeStringField("id", row.subject());
    json.writeEndObject();
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
          json.writeArrayFieldStart("suspects");
          for (Suspect suspect : incident.getSuspects()) {
            json.writeStartObject();
            entity(json, "entity", suspect.getEntity());
            ConsoleJson.number(json, "weight", suspect.getWeight());
            json.writeStringField("text", suspect.getText());
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeArrayFieldStart("affectedEntities");
          for (EntityRef affected : incident.getAffected()) {
            json.writeStartObject();
            entity(json, affected);
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeArrayFieldStart("events");
          for (EventRef event : incident.getEvents()) {
            json.writeStartObject();
            json.writeStringField("id", event.getId());
            json.writeStringField("type", event.getType());
            entity(json, "entity", event.getEntity());
            json.writeNumberField("timeMillis", event.getTimeMillis());
            json.writeBooleanField("predicted", event.getPredicted());
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeArrayFieldStart("revisions");
          for (IncidentView.Revision revision : detail.revisions()) {
            json.writeStartObject();
            json.writeNumberField("revision", revision.revision());
            json.writeStringField("state", ConsoleJson.lower(revision.state()));
            json.writeStringField("severity", ConsoleJson.lower(revision.severity()));
            json.writeStringField("recommendation", ConsoleJson.lower(revision.recommendation()));
            json.writeBooleanField("predicted", revision.predicted());
            ConsoleJson.number(json, "confidence", revision.confidence());
            json.writeNumberField("eventCount", revision.eventCount());
            json.writeNumberField("updatedMillis", revision.updatedMillis());
            json.writeStringField("inhibitedBy", revision.inhibitedBy());
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeFieldName("swallower");
          if (swallower == null) {
            json.writeNull();
          } else {
            json.writeStartObject();
            incident(json, swallower);
            json.writeEndObject();
          }
          json.writeArrayFieldStart("swallowed");
          for (IncidentView.Row row : detail.swallowed()) {
            json.writeStartObject();
            incident(json, row);
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeArrayFieldStart("cases");
          for (DecisionView.Case one : cases) {
            json.writeStartObject();
            asked(json, one);
            json.writeEndObject();
          }
          json.writeEndArray();
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
      json.writeObjectFieldStart("subject");
      json.writeStringField("kind", ConsoleJson.lower(asked.kind()));
      json.writeStringField("id", asked.subject());
      json.writeEndObject();
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
    json.writeArrayFieldStart("decisions");
    for (DecisionView.Row row : one.decisions()) {
      json.writeStartObject();
      decision(json, row);
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  static byte[] decisions(
      FleetView.Page<DecisionView.Row> page, int offset, int limit, @Nullable String next) {
    return ConsoleJson.object(
        json -> {
          ConsoleJson.paging(json, page.total(), offset, limit, next);
          json.writeArrayFieldStart("items");
          for (DecisionView.Row row : page.items()) {
            json.writeStartObject();
            decision(json, row);
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  private static void decision(JsonGenerator json, DecisionView.Row row) throws IOException {
    json.writeStringField("id", row.id());
    json.writeStringField("proposal", row.proposal());
    json.writeStringField("act", ConsoleJson.lower(row.act()));
    json.writeObjectFieldStart("subject");
    json.writeStringField("kind", ConsoleJson.lower(row.kind()));
    json.writeStringField("id", row.subject());
    json.writeEndObject();
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
          json.writeArrayFieldStart("sameProposal");
          for (DecisionView.Row row : detail.of().decisions()) {
            json.writeStartObject();
            decision(json, row);
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  private static void proposal(JsonGenerator json, Proposal proposal) throws IOException {
    json.writeStringField("decider", proposal.getDecider());
    json.writeStringField("reason", proposal.getReason());
    entity(json, "source", proposal.getSource());
    units(json, proposal.getUnits());
    json.writeArrayFieldStart("candidates");
    for (Candidate candidate : proposal.getCandidates()) {
      json.writeStartObject();
      entity(json, "entity", candidate.getEntity());
      ConsoleJson.number(json, "score", candidate.getScore());
      json.writeStringField("refusal", candidate.getRefusal());
      json.writeStringField("text", candidate.getText());
      json.writeEndObject();
    }
    json.writeEndArray();
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
          json.writeArrayFieldStart("items");
          for (PolicyView.Row row : page) {
            json.writeStartObject();
            policy(json, row, nowMillis, true);
            json.writeEndObject();
          }
          json.writeEndArray();
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
          json.writeArrayFieldStart("halts");
          for (PolicyView.Row halt : board.halts()) {
            json.writeStartObject();
            policy(json, halt, acts.nowMillis(), false);
            json.writeEndObject();
          }
          json.writeEndArray();
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
                  json.writeObjectFieldStart("subject");
                  json.writeStringField("kind", ConsoleJson.lower(act.kind()));
                  json.writeStringField("id", act.subject());
                  json.writeEndObject();
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
    json.writeArrayFieldStart("budgets");
    for (BudgetBoard.Line line : pool.budgets()) {
      json.writeStartObject();
      json.writeStringField("scope", line.scope());
      ConsoleJson.number(json, "inFlight", line.inFlight());
      ConsoleJson.number(json, "limit", line.limit());
      ConsoleJson.number(json, "left", Math.max(0, line.limit() - line.inFlight()));
      json.writeStringField("source", line.source());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeArrayFieldStart("inFlight");
    for (AdmissionView.Act act : pool.inFlight()) {
      act(json, act);
    }
    json.writeEndArray();
    json.writeArrayFieldStart("modes");
    for (ActKind act : MODED) {
      json.writeStartObject();
      json.writeStringField("act", ConsoleJson.lower(act));
      json.writeStringField(
          "mode", ConsoleJson.lower(pool.acting().contains(act) ? ActMode.ACT : ActMode.ADVISE));
      json.writeEndObject();
    }
    json.writeEndArray();
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
    json.writeObjectFieldStart("subject");
    json.writeStringField("kind", ConsoleJson.lower(act.kind()));
    json.writeStringField("id", act.subject());
    json.writeEndObject();
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
    json.writeArrayFieldStart("guards");
    for (GuardResult guard : guards) {
      json.writeStartObject();
      json.writeStringField("guard", guard.getGuard());
      json.writeBooleanField("passed", guard.getPassed());
      json.writeStringField("code", guard.getCode().name());
      ConsoleJson.number(
          json, "observed", guard.getObserved() == null ? Double.NaN : guard.getObserved());
      ConsoleJson.number(json, "limit", guard.getLimit() == null ? Double.NaN : guard.getLimit());
      json.writeStringField("text", guard.getText());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void inputs(JsonGenerator json, List<Input> inputs) throws IOException {
    json.writeArrayFieldStart("inputs");
    for (Input input : inputs) {
      json.writeStartObject();
      json.writeStringField("name", input.getName());
      ConsoleJson.number(json, "value", input.getValue() == null ? Double.NaN : input.getValue());
      json.writeStringField("text", input.getText());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void units(JsonGenerator json, List<UnitEpoch> units) throws IOException {
    json.writeArrayFieldStart("units");
    for (UnitEpoch unit : units) {
      json.writeStartObject();
      json.writeStringField("unit", unit.getUnit());
      json.writeNumberField("expectedEpoch", unit.getExpectedEpoch());
      json.writeNumberField("newEpoch", unit.getNewEpoch());
      json.writeEndObject();
    }
    json.writeEndArray();
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
