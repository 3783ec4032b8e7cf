package io.forestall.app.operate;

import io.forestall.schemas.ActKind;
import io.forestall.schemas.ActMode;
import io.forestall.schemas.Admission;
import io.forestall.schemas.AdmissionState;
import io.forestall.schemas.Candidate;
import io.forestall.schemas.Decision;
import io.forestall.schemas.DecisionCode;
import io.forestall.schemas.DecisionOutcome;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.EventRef;
import io.forestall.schemas.GuardResult;
import io.forestall.schemas.Incident;
import io.forestall.schemas.IncidentState;
import io.forestall.schemas.Proposal;
import io.forestall.schemas.Severity;
import io.forestall.schemas.Suspect;
import io.forestall.wire.AvroCodec;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/** Records of acts and incidents as the jobs would write them. */
final class TestingActs {
  private static final EntityRef NODE = new EntityRef(EntityKind.NODE, "n-1");

  private final long nowMillis;

  TestingActs(long nowMillis) {
    this.nowMillis = nowMillis;
  }

  byte[] proposal(String id, long expiresMillis) {
    return AvroCodec.of(Proposal.class)
        .encode(
            Proposal.newBuilder()
                .setId(id)
                .setAct(ActKind.FAILOVER)
                .setSubject(NODE)
                .setPool("p1")
                .setTarget(new EntityRef(EntityKind.NODE, "n-4"))
                .setCandidates(
                    List.of(
                        new Candidate(
                            new EntityRef(EntityKind.NODE, "n-5"),
                            0.4,
                            "TARGET_FULL",
                            "97 % full")))
                .setDecider("proposer")
                .setReason("two disks of it are about to fail")
                .setProbability(0.7)
                .setHorizonMillis(86_400_000L)
                .setConfidence(0.8)
                .setTimeMillis(nowMillis - 5_000)
                .setExpiresMillis(expiresMillis)
                .build());
  }

  byte[] waiting(String proposal) {
    return AvroCodec.of(Decision.class)
        .encode(
            decision(proposal)
                .setId("de-" + proposal)
                .setOutcome(DecisionOutcome.WAITING)
                .setCode(DecisionCode.APPROVAL_NEEDED)
                .setText("it waits for a person")
                .setGuards(
                    List.of(
                        new GuardResult("budget", true, DecisionCode.OK, 0.5, 1.0, "half is left"),
                        new GuardResult(
                            "approval",
                            false,
                            DecisionCode.APPROVAL_NEEDED,
                            null,
                            null,
                            "nobody approved")))
                .build());
  }

  byte[] admitted(String proposal, String admission) {
    return AvroCodec.of(Decision.class)
        .encode(
            decision(proposal)
                .setId("de-" + proposal)
                .setOutcome(DecisionOutcome.ADMITTED)
                .setCode(DecisionCode.OK)
                .setText("all guards passed")
                .setGuards(List.of())
                .setAdmission(admission)
                .build());
  }

  private Decision.Builder decision(String proposal) {
    return Decision.newBuilder()
        .setProposal(proposal)
        .setAct(ActKind.FAILOVER)
        .setSubject(NODE)
        .setPool("p1")
        .setPolicyVersion(1)
        .setMode(ActMode.ACT)
        .setLagMillis(20)
        .setTimeMillis(nowMillis - 1_000);
  }

  byte[] admission(String id, int revision, boolean done) {
    return AvroCodec.of(Admission.class)
        .encode(
            Admission.newBuilder()
                .setId(id)
                .setRevision(revision)
                .setState(done ? AdmissionState.DONE : AdmissionState.ADMITTED)
                .setAct(ActKind.FAILOVER)
                .setSubject(NODE)
                .setPool("p1")
                .setTimeMillis(nowMillis)
                .setKeyId("")
                .setSignature(ByteBuffer.allocate(0))
                .setGrant(ByteBuffer.allocate(0))
                .build());
  }

  byte[] incident(String id, int revision, boolean resolved) {
    long opened = nowMillis - 120_000;
    EntityRef disk = new EntityRef(EntityKind.DISK, "d-1");
    return AvroCodec.of(Incident.class)
        .encode(
            Incident.newBuilder()
                .setId(id)
                .setRevision(revision)
                .setState(resolved ? IncidentState.RESOLVED : IncidentState.UPDATED)
                .setSeverity(Severity.CRITICAL)
                .setSummary("disk d-1 slows volume v-1")
                .setSubject(disk)
                .setPool("p1")
                .setPredicted(false)
                .setConfidence(0.9)
                .setHorizonMillis(0)
                .setRecommendation(ActKind.FAILOVER)
                .setRecommendationReason("its disk is about to fail")
                .setRule("disk-slows-volume")
                .setRuleVersion(1)
                .setCorrelationKey("node/n-1")
                .setSuspects(List.of(new Suspect(disk, 0.8, "it was first")))
                .setAffected(List.of(disk, NODE))
                .setEvents(
                    List.of(
                        new EventRef("e-1", "smart.predicted", disk, opened, true),
                        new EventRef(
                            "e-2",
                            "volume.latency.high",
                            new EntityRef(EntityKind.VOLUME, "v-1"),
                            opened + 60_000,
                            false)))
                .setEventCount(2)
                .setOpenedMillis(opened)
                .setUpdatedMillis(opened + (resolved ? 59_000 : 60_000))
                .setResolvedMillis(resolved ? opened + 90_000 : null)
                .setLabels(Map.of())
                .build());
  }
}
