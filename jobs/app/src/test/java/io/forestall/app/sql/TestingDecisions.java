package io.forestall.app.sql;

import io.forestall.schemas.ActKind;
import io.forestall.schemas.ActMode;
import io.forestall.schemas.Admission;
import io.forestall.schemas.AdmissionState;
import io.forestall.schemas.BudgetShare;
import io.forestall.schemas.Decision;
import io.forestall.schemas.DecisionCode;
import io.forestall.schemas.DecisionOutcome;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.GuardResult;
import io.forestall.schemas.Incident;
import io.forestall.schemas.IncidentState;
import io.forestall.schemas.Proposal;
import io.forestall.schemas.Severity;
import io.forestall.schemas.Topics;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Four incidents and what became of them, with answers that are known. */
final class TestingDecisions {

  private TestingDecisions() {}

  /** Writes a record to a topic. */
  interface Sender {
    long send(Topics topic, String key, @Nullable Object value) throws Exception;
  }

  static void seed(Sender to, long startMillis) throws Exception {
    incident(to, "i-1", 1, IncidentState.OPENED, Severity.ERROR, 2, null, startMillis);
    incident(to, "i-1", 2, IncidentState.UPDATED, Severity.CRITICAL, 4, null, startMillis);
    incident(to, "i-2", 1, IncidentState.OPENED, Severity.WARNING, 1, null, startMillis + 1);
    incident(to, "i-3", 1, IncidentState.OPENED, Severity.CRITICAL, 1, "i-1", startMillis);
    incident(to, "i-4", 1, IncidentState.OPENED, Severity.ERROR, 1, null, startMillis);
    incident(to, "i-4", 2, IncidentState.RESOLVED, Severity.ERROR, 1, null, startMillis);

    // Advised; waited and then admitted; refused, written twice; still waits.
    decision(to, 1, "i-2", DecisionOutcome.ADVISED, DecisionCode.ADVISE_MODE, startMillis);
    decision(to, 2, "i-1", DecisionOutcome.WAITING, DecisionCode.APPROVAL_NEEDED, startMillis + 2);
    decision(to, 2, "i-1", DecisionOutcome.ADMITTED, DecisionCode.OK, startMillis + 3);
    decision(to, 3, null, DecisionOutcome.REFUSED, DecisionCode.BUDGET_SPENT, startMillis + 4);
    decision(to, 3, null, DecisionOutcome.REFUSED, DecisionCode.BUDGET_SPENT, startMillis + 4);
    decision(to, 4, null, DecisionOutcome.WAITING, DecisionCode.APPROVAL_NEEDED, startMillis + 1);
    proposal(to, 4, startMillis);

    admission(to, "incarnation", 0, AdmissionState.STARTED, startMillis);
    admission(to, "a-1", 1, AdmissionState.ADMITTED, startMillis);
    admission(to, "a-1", 2, AdmissionState.DONE, startMillis + 1);
    admission(to, "a-2", 1, AdmissionState.ADMITTED, startMillis + 2);
  }

  private static EntityRef node(int number) {
    return new EntityRef(EntityKind.NODE, "n-" + number);
  }

  private static void incident(
      Sender to,
      String id,
      int revision,
      IncidentState state,
      Severity severity,
      long events,
      @Nullable String inhibitedBy,
      long openedMillis)
      throws Exception {
    Incident incident = new Incident();
    incident.setId(id);
    incident.setRevision(revision);
    incident.setState(state);
    incident.setSeverity(severity);
    incident.setSummary("a sentence");
    incident.setSubject(node(1));
    incident.setPool("p1");
    incident.setPredicted(false);
    incident.setConfidence(1);
    incident.setRecommendation(ActKind.MIGRATE);
    incident.setRule("rule");
    incident.setRuleVersion(1);
    incident.setCorrelationKey("node/n-1");
    incident.setSuspects(List.of());
    incident.setAffected(List.of());
    incident.setEvents(List.of());
    incident.setEventCount(events);
    incident.setOpenedMillis(openedMillis);
    incident.setUpdatedMillis(openedMillis + revision);
    incident.setInhibitedBy(inhibitedBy);
    incident.setLabels(Map.of());
    to.send(Topics.INCIDENTS, id, incident);
  }

  private static void decision(
      Sender to,
      int number,
      @Nullable String incident,
      DecisionOutcome outcome,
      DecisionCode code,
      long timeMillis)
      throws Exception {
    Decision decision = new Decision();
    decision.setId("d-" + number + "-" + outcome);
    decision.setProposal("p-" + number);
    decision.setAct(ActKind.MIGRATE);
    decision.setSubject(node(number));
    decision.setPool("p1");
    decision.setOutcome(outcome);
    decision.setCode(code);
    decision.setText("a sentence");
    decision.setGuards(
        List.of(
            new GuardResult("mode", true, DecisionCode.OK, null, null, "acting"),
            new GuardResult(
                "budget", code != DecisionCode.BUDGET_SPENT, code, 3.0, 2.0, "acts in flight")));
    decision.setIncident(incident);
    decision.setInputs(List.of());
    decision.setMode(ActMode.ACT);
    decision.setTimeMillis(timeMillis);
    decision.setLane("live");
    to.send(Topics.DECISIONS, "node/n-" + number, decision);
  }

  private static void proposal(Sender to, int number, long timeMillis) throws Exception {
    Proposal proposal = new Proposal();
    proposal.setId("p-" + number);
    proposal.setAct(ActKind.MIGRATE);
    proposal.setSubject(node(number));
    proposal.setPool("p1");
    proposal.setUnits(List.of());
    proposal.setCandidates(List.of());
    proposal.setDecider("guard");
    proposal.setReason("because");
    proposal.setInputs(List.of());
    proposal.setProbability(0.5);
    proposal.setHorizonMillis(1000);
    proposal.setConfidence(1);
    proposal.setCostBytes(1024);
    proposal.setTimeMillis(timeMillis);
    proposal.setExpiresMillis(timeMillis + 1000);
    proposal.setLane("live");
    proposal.setParameters(Map.of());
    to.send(Topics.PROPOSALS, "node/n-" + number, proposal);
  }

  private static void admission(
      Sender to, String id, int revision, AdmissionState state, long timeMillis) throws Exception {
    Admission admission = new Admission();
    admission.setId(id);
    admission.setRevision(revision);
    admission.setState(state);
    admission.setAct(ActKind.MIGRATE);
    admission.setSubject(node(2));
    admission.setPool("p1");
    admission.setBudget(List.of(new BudgetShare("pool/p1", 1.0, 1.0)));
    admission.setTimeMillis(timeMillis);
    admission.setText("a sentence");
    admission.setAlgorithm("Ed25519");
    admission.setKeyId("0011223344556677");
    admission.setSignature(ByteBuffer.allocate(64));
    admission.setGrant(ByteBuffer.allocate(1));
    to.send(Topics.ADMISSIONS, "p1", admission);
  }
}
