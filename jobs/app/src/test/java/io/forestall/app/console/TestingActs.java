package io.forestall.app.console;

import io.forestall.schemas.ActKind;
import io.forestall.schemas.ActMode;
import io.forestall.schemas.Admission;
import io.forestall.schemas.AdmissionGrant;
import io.forestall.schemas.AdmissionState;
import io.forestall.schemas.BudgetShare;
import io.forestall.schemas.Candidate;
import io.forestall.schemas.Decision;
import io.forestall.schemas.DecisionCode;
import io.forestall.schemas.DecisionOutcome;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Event;
import io.forestall.schemas.EventRef;
import io.forestall.schemas.GuardResult;
import io.forestall.schemas.Incident;
import io.forestall.schemas.IncidentState;
import io.forestall.schemas.Input;
import io.forestall.schemas.Policy;
import io.forestall.schemas.PolicyKind;
import io.forestall.schemas.Proposal;
import io.forestall.schemas.Severity;
import io.forestall.schemas.Suspect;
import io.forestall.schemas.UnitEpoch;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.WireException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Look-alikes of incidents, proposals, decisions, admissions and policies from one seed, fed to
 * {@link ActViews}: of every state, outcome and severity some. Not thread-safe.
 */
final class TestingActs {
  static final long NOW_MILLIS = 1_767_240_000_000L;
  static final String POOL = "p-01";
  private static final long MINUTE = 60_000L;

  /** One rule and what its incidents look like. */
  private record Shape(
      String rule, EntityKind kind, String[] types, ActKind act, Severity severity, String text) {}

  private static final List<Shape> SHAPES =
      List.of(
          new Shape(
              "disk-about-to-fail",
              EntityKind.DISK,
              new String[] {"disk.risk.raised", "disk.errors.grew", "disk.latency.high"},
              ActKind.SHADOW,
              Severity.WARNING,
              "%s is likely to fail within 14 days: its pending sectors grew and reads became slow."
                  + " A shadow of its units is recommended."),
          new Shape(
              "node-network-degraded",
              EntityKind.NODE,
              new String[] {
                "edge.blamed", "node.retransmits.high", "volume.latency.high", "node.risk.raised"
              },
              ActKind.MIGRATE,
              Severity.ERROR,
              "The network card of %s loses packets; 4 volumes see latency above 40 ms through"
                  + " it."),
          new Shape(
              "disk-failed",
              EntityKind.DISK,
              new String[] {"disk.failed", "volume.degraded"},
              ActKind.FAILOVER,
              Severity.CRITICAL,
              "%s failed; 3 volumes run with two copies."),
          new Shape(
              "rack-power-lost",
              EntityKind.RACK,
              new String[] {"node.unreachable", "rack.power.lost", "node.silent"},
              ActKind.FAILOVER,
              Severity.CRITICAL,
              "Rack %s lost power: 18 of its 20 nodes are unreachable since the same second."),
          new Shape(
              "memory-leak",
              EntityKind.PROCESSOR,
              new String[] {"processor.memory.grew", "processor.pauses.long"},
              ActKind.INVESTIGATE,
              Severity.INFO,
              "Event processor %s grows by 210 MB an hour and reaches its limit within 6 hours."));

  private static final String[] GUARDS = {
    "well-formed",
    "known-subject",
    "not-expired",
    "no-duplicate",
    "not-halted",
    "not-denied",
    "not-silenced",
    "not-pinned",
    "not-overridden",
    "no-maintenance",
    "watermark",
    "lag",
    "model-age",
    "subject-telemetry",
    "confidence",
    "severity",
    "probability",
    "dwell",
    "no-storm",
    "unit-locks",
    "replication-minimum",
    "replica-set-risk",
    "target",
    "epochs",
    "cost",
    "rate",
    "budget",
    "nodes-per-day",
    "mode",
    "approval"
  };

  /** Guards that each decision of these asked. */
  static final int GUARD_COUNT = GUARDS.length;

  private final ActViews acts;
  private final Random random;
  private final int incidents;
  private long sequence;

  TestingActs(ActViews acts, int incidents, long seed) {
    this.acts = acts;
    this.incidents = incidents;
    this.random = new Random(seed);
  }

  /** Views that go by the time of these look-alikes. */
  static ActViews views() {
    return new ActViews(IncidentView.Limits.DEFAULT, DecisionView.Limits.DEFAULT, () -> NOW_MILLIS);
  }

  static EntityRef ref(EntityKind kind, String id) {
    return new EntityRef(kind, id);
  }

  /** Everything. */
  void feed() {
    policies();
    for (int i = 0; i < incidents; i++) {
      incident(i);
    }
    try {
      acts.admission(started(POOL, "b41c9e02"));
    } catch (WireException e) {
      throw new IllegalStateException(e);
    }
    swallowed();
  }

  private static String subject(Shape shape, int number) {
    return switch (shape.kind()) {
      case DISK -> String.format(Locale.ROOT, "LK%06d", 100_000 + number * 37);
      case NODE -> String.format(Locale.ROOT, "n-%05d", number % 400 + 1);
      case RACK -> String.format(Locale.ROOT, "r-%03d", number % 20 + 1);
      default -> String.format(Locale.ROOT, "ep-%04d", number % 200 + 1);
    };
  }

  static String incidentId(int number) {
    return String.format(Locale.ROOT, "inc-%08x", number * 0x9E3779B1);
  }

  private void incident(int number) {
    Shape shape = SHAPES.get(random.nextInt(number < 10 ? SHAPES.size() : SHAPES.size() - 1));
    String id = subject(shape, number);
    long opened = NOW_MILLIS - (5 + random.nextInt(60 * 48)) * MINUTE;
    boolean open = number < 12 || random.nextInt(3) == 0;
    int count = 2 + random.nextInt(number % 17 == 0 ? 200 : 14);
    List<EventRef> events = new ArrayList<>();
    long time = opened;
    for (int e = 0; e < count; e++) {
      String type = shape.types()[e % shape.types().length];
      EntityRef entity =
          e % 3 == 2
              ? ref(EntityKind.VOLUME, "vol-" + (number % 9 + e % 4))
              : e % 5 == 4
                  ? ref(
                      EntityKind.NODE, "n-" + String.format(Locale.ROOT, "%05d", number % 400 + 2))
                  : ref(shape.kind(), id);
      events.add(
          new EventRef("ev-" + number + "-" + e, type, entity, time, type.endsWith("risk.raised")));
      time += (long) (Math.abs(random.nextGaussian()) * 4 * MINUTE);
      time = Math.min(time, NOW_MILLIS - MINUTE);
    }
    boolean predicted = events.stream().allMatch(EventRef::getPredicted);
    Incident first =
        Incident.newBuilder()
            .setId(incidentId(number))
            .setRevision(1)
            .setState(IncidentState.OPENED)
            .setSeverity(Severity.INFO)
            .setSummary(String.format(Locale.ROOT, shape.text(), id))
            .setSubject(ref(shape.kind(), id))
            .setPool(POOL)
            .setPredicted(predicted)
            .setConfidence(0.5)
            .setHorizonMillis(shape.act() == ActKind.SHADOW ? 14 * 86_400_000L : 0)
            .setRecommendation(ActKind.INVESTIGATE)
            .setRecommendationReason("Too little is known for more.")
            .setRule(shape.rule())
            .setRuleVersion(3)
            .setCorrelationKey(ConsoleJson.lower(shape.kind()) + "/" + id)
            .setSuspects(List.of())
            .setAffected(List.of(ref(shape.kind(), id)))
            .setEvents(events.subList(0, 1))
            .setEventCount(1)
            .setOpenedMillis(opened)
            .setUpdatedMillis(opened)
            .setResolvedMillis(null)
            .setInhibitedBy(null)
            .setLabels(Map.of())
            .build();
    acts.incident(first.getId(), first);
    Incident second =
        Incident.newBuilder(first)
            .setRevision(2 + count / 3)
            .setState(open ? IncidentState.UPDATED : IncidentState.RESOLVED)
            .setSeverity(shape.severity())
            .setConfidence(0.6 + 0.39 * random.nextDouble())
            .setRecommendation(shape.act())
            .setRecommendationReason(
                "The failure is expected within its horizon, and copying takes 3 hours: begin now.")
            .setSuspects(
                List.of(
                    new Suspect(
                        ref(shape.kind(), id),
                        0.62,
                        "explains " + count + " of the events and showed symptoms first"),
                    new Suspect(
                        ref(
                            EntityKind.NODE,
                            String.format(Locale.ROOT, "n-%05d", number % 400 + 2)),
                        0.23,
                        "stands below, but its own signals are as usual"),
                    new Suspect(
                        ref(EntityKind.RACK, String.format(Locale.ROOT, "r-%03d", number % 20 + 1)),
                        0.08,
                        "would explain all, but its other nodes are quiet")))
            .setAffected(events.stream().map(EventRef::getEntity).distinct().toList())
            .setEvents(events)
            .setEventCount(count)
            .setUpdatedMillis(time)
            .setResolvedMillis(open ? null : time + 15 * MINUTE)
            .build();
    acts.incident(second.getId(), second);
    if (shape.act() != ActKind.INVESTIGATE) {
      propose(number, second, open);
    }
  }

  private void propose(int number, Incident incident, boolean open) {
    Proposal proposal =
        proposal("pr-" + number, incident, NOW_MILLIS + (number % 7 - 1) * 9 * MINUTE);
    acts.proposal(proposal);
    DecisionCode[] refusals = {
      DecisionCode.BUDGET_SPENT, DecisionCode.UNIT_LOCKED, DecisionCode.NO_SAFE_TARGET,
      DecisionCode.LOW_CONFIDENCE, DecisionCode.STORM, DecisionCode.MAINTENANCE
    };
    int kind = number % 8;
    DecisionOutcome outcome;
    DecisionCode code;
    if (kind < 4) {
      outcome = DecisionOutcome.ADVISED;
      code = DecisionCode.ADVISE_MODE;
    } else if (kind == 4 && open) {
      outcome = DecisionOutcome.WAITING;
      code = DecisionCode.APPROVAL_NEEDED;
    } else if (kind == 5) {
      outcome = DecisionOutcome.ADMITTED;
      code = DecisionCode.OK;
    } else {
      outcome = DecisionOutcome.REFUSED;
      code = refusals[random.nextInt(refusals.length)];
    }
    Decision decision =
        decision("de-" + number, proposal, outcome, code, incident.getUpdatedMillis() + 18);
    if (outcome == DecisionOutcome.ADMITTED) {
      decision.setAdmission("ad-" + number);
      decision.setApprovedBy("rule small-acts-by-day");
      try {
        Admission admission = admission("ad-" + number, proposal, ++sequence, 2);
        acts.admission(admission);
        if (number > 40) {
          acts.admission(ended(admission, AdmissionState.DONE));
        }
      } catch (WireException e) {
        throw new IllegalStateException(e);
      }
    }
    if (code == DecisionCode.UNIT_LOCKED) {
      decision.setLockOwner("ad-5");
    }
    acts.decision(decision);
  }

  /** A proposal about an incident. */
  static Proposal proposal(String id, Incident incident, long expiresMillis) {
    String subject = incident.getSubject().getId();
    return Proposal.newBuilder()
        .setId(id)
        .setAct(incident.getRecommendation())
        .setSubject(incident.getSubject())
        .setPool(POOL)
        .setZone("z-1")
        .setUnits(
            List.of(
                new UnitEpoch("vol-7/" + subject + "/0001", 4L, 5L),
                new UnitEpoch("vol-7/" + subject + "/0002", 9L, 10L)))
        .setSource(ref(EntityKind.NODE, "n-00012"))
        .setTarget(ref(EntityKind.NODE, "n-00071"))
        .setCandidates(
            List.of(
                new Candidate(
                    ref(EntityKind.NODE, "n-00071"),
                    0.91,
                    null,
                    "healthy, 3.1 TB free, another rack"),
                new Candidate(
                    ref(EntityKind.NODE, "n-00014"), 0.44, "TARGET_AT_RISK", "its own score is 61"),
                new Candidate(
                    ref(EntityKind.NODE, "n-00013"),
                    0.12,
                    "TARGET_IN_SAME_DOMAIN",
                    "stands in the rack of another copy")))
        .setDecider("ladder")
        .setReason("2 units of " + subject + " should be copied before it fails")
        .setInputs(
            List.of(
                new Input("probability", 0.83, "probability of failure within 14 days"),
                new Input("bytes", 412_316_860_416.0, "bytes to copy"),
                new Input("bandwidth", 104_857_600.0, "bytes a second between source and target"),
                new Input("tier", null, "the subject is CRITICAL since 40 minutes")))
        .setIncident(incident.getId())
        .setRule(incident.getRule())
        .setRuleVersion(incident.getRuleVersion())
        .setModel("disk-lstm")
        .setModelVersion(1)
        .setProbability(0.83)
        .setHorizonMillis(14 * 86_400_000L)
        .setConfidence(incident.getConfidence())
        .setCostBytes(412_316_860_416L)
        .setExpectedPauseMillis(250)
        .setPriority(60)
        .setTimeMillis(incident.getUpdatedMillis() + 4)
        .setExpiresMillis(expiresMillis)
        .setLane("live")
        .setParameters(Map.of("copies", "2"))
        .build();
  }

  /** A decision with every guard's result, of which one refuses when the code is a refusal. */
  static Decision decision(
      String id, Proposal proposal, DecisionOutcome outcome, DecisionCode code, long timeMillis) {
    List<GuardResult> guards = new ArrayList<>();
    for (String guard : GUARDS) {
      guards.add(guard(guard, code));
    }
    return Decision.newBuilder()
        .setId(id)
        .setProposal(proposal.getId())
        .setAct(proposal.getAct())
        .setSubject(proposal.getSubject())
        .setPool(proposal.getPool())
        .setZone(proposal.getZone())
        .setTarget(proposal.getTarget())
        .setOutcome(outcome)
        .setCode(code)
        .setText("Outcome " + ConsoleJson.lower(outcome) + ": " + ConsoleJson.lower(code) + ".")
        .setGuards(guards)
        .setLockOwner(null)
        .setAdmission(null)
        .setIncident(proposal.getIncident())
        .setInputs(proposal.getInputs())
        .setRule(proposal.getRule())
        .setRuleVersion(proposal.getRuleVersion())
        .setModel(proposal.getModel())
        .setModelVersion(proposal.getModelVersion())
        .setPolicyVersion(41)
        .setMode(outcome == DecisionOutcome.ADVISED ? ActMode.ADVISE : ActMode.ACT)
        .setApprovedBy(null)
        .setLagMillis(140)
        .setTimeMillis(timeMillis)
        .setLane("live")
        .build();
  }

  private static GuardResult guard(String guard, DecisionCode code) {
    DecisionCode own =
        switch (guard) {
          case "mode" -> DecisionCode.ADVISE_MODE;
          case "approval" -> DecisionCode.APPROVAL_NEEDED;
          case "no-storm" -> DecisionCode.STORM;
          case "budget" -> DecisionCode.BUDGET_SPENT;
          case "unit-locks" -> DecisionCode.UNIT_LOCKED;
          case "target" -> DecisionCode.NO_SAFE_TARGET;
          case "confidence" -> DecisionCode.LOW_CONFIDENCE;
          case "no-maintenance" -> DecisionCode.MAINTENANCE;
          default -> DecisionCode.OK;
        };
    boolean refuses = own == code && own != DecisionCode.OK;
    Double limit =
        switch (guard) {
          case "no-storm" -> 0.10;
          case "budget" -> 1.0;
          case "confidence" -> 0.7;
          case "watermark", "subject-telemetry" -> 900_000.0;
          case "lag" -> 2_000.0;
          case "cost" -> 70_368_744_177_664.0;
          case "severity" -> 2.0;
          case "model-age" -> 90 * 86_400_000.0;
          case "replica-set-risk" -> 0.001;
          case "rate" -> 4.0;
          default -> null;
        };
    Double observed =
        limit == null
            ? null
            : guard.equals("confidence")
                ? (refuses ? 0.41 : 0.86)
                : guard.equals("severity") ? 4.0 : limit * (refuses ? 1.6 : 0.2);
    return new GuardResult(
        guard,
        !refuses,
        refuses ? own : DecisionCode.OK,
        observed,
        limit,
        refuses ? "Guard " + guard + " speaks against it." : "Nothing speaks against it.");
  }

  /** A signed-looking admission that locks the proposal's units. */
  static Admission admission(String id, Proposal proposal, long sequence, double left) {
    AdmissionGrant grant =
        AdmissionGrant.newBuilder()
            .setId(id)
            .setProposal(proposal.getId())
            .setAct(proposal.getAct())
            .setSubject(proposal.getSubject())
            .setPool(proposal.getPool())
            .setUnits(proposal.getUnits())
            .setSource(proposal.getSource())
            .setTarget(proposal.getTarget())
            .setIssuedMillis(proposal.getTimeMillis() + 20)
            .setNotBeforeMillis(proposal.getTimeMillis() + 20)
            .setExpiresMillis(NOW_MILLIS + 40 * MINUTE)
            .setSequence(sequence)
            .setPredicted(true)
            .setRevision(1)
            .setState(AdmissionState.ADMITTED.name())
            .build();
    return Admission.newBuilder()
        .setId(id)
        .setRevision(1)
        .setState(AdmissionState.ADMITTED)
        .setAct(proposal.getAct())
        .setSubject(proposal.getSubject())
        .setPool(proposal.getPool())
        .setZone(proposal.getZone())
        .setBudget(
            List.of(
                new BudgetShare("pool/" + proposal.getPool(), 1.0, left),
                new BudgetShare("pool/" + proposal.getPool() + "/predicted", 1.0, left),
                new BudgetShare("zone/" + proposal.getZone(), 1.0, left),
                new BudgetShare("kind/" + ConsoleJson.lower(proposal.getAct()), 1.0, left)))
        .setTimeMillis(proposal.getTimeMillis() + 20)
        .setText("Admitted: " + proposal.getReason())
        .setKeyId("guard-1")
        .setSignature(ByteBuffer.wrap(new byte[64]))
        .setGrant(ByteBuffer.wrap(AvroCodec.of(AdmissionGrant.class).encode(grant)))
        .build();
  }

  /** The end of an admission. */
  static Admission ended(Admission admission, AdmissionState state) {
    return Admission.newBuilder(admission)
        .setRevision(admission.getRevision() + 1)
        .setState(state)
        .setTimeMillis(admission.getTimeMillis() + 30 * MINUTE)
        .setText("It reached its end.")
        .build();
  }

  /** The mark of a guard that has just started. */
  static Admission started(String pool, String incarnation) {
    return Admission.newBuilder()
        .setId(incarnation)
        .setRevision(1)
        .setState(AdmissionState.STARTED)
        .setAct(ActKind.NONE)
        .setSubject(ref(EntityKind.POOL, pool))
        .setPool(pool)
        .setTimeMillis(NOW_MILLIS - 90 * MINUTE)
        .setText("A guard started.")
        .setKeyId("guard-1")
        .setSignature(ByteBuffer.wrap(new byte[64]))
        .setGrant(ByteBuffer.allocate(0))
        .build();
  }

  /** A rack's incident that swallowed three nodes' incidents. */
  private void swallowed() {
    if (incidents < 4) {
      return;
    }
    for (int i = 0; i < 3; i++) {
      String node = String.format(Locale.ROOT, "n-%05d", 301 + i);
      Incident one =
          Incident.newBuilder()
              .setId("inc-swallowed-" + i)
              .setRevision(2)
              .setState(IncidentState.UPDATED)
              .setSeverity(Severity.ERROR)
              .setSummary(node + " is unreachable; two witnesses agree.")
              .setSubject(ref(EntityKind.NODE, node))
              .setPool(POOL)
              .setPredicted(false)
              .setConfidence(0.97)
              .setRule("node-unreachable")
              .setRuleVersion(1)
              .setCorrelationKey("node/" + node)
              .setEventCount(4)
              .setOpenedMillis(NOW_MILLIS - 30 * MINUTE)
              .setUpdatedMillis(NOW_MILLIS - 4 * MINUTE)
              .setInhibitedBy(incidentId(0))
              .build();
      acts.incident(one.getId(), one);
    }
  }

  private void policies() {
    policy(PolicyKind.MODE, "all", "failover", Map.of("mode", "advise"), null, "until the drill");
    policy(
        PolicyKind.MAINTENANCE,
        "node/n-00012",
        "window",
        Map.of(),
        NOW_MILLIS + 90 * MINUTE,
        "firmware of the disk controller");
    policy(
        PolicyKind.SILENCE,
        "disk/LK100074",
        "known",
        Map.of(),
        NOW_MILLIS + 600 * MINUTE,
        "replacement is ordered, ticket 4711");
    policy(
        PolicyKind.BUDGET,
        "pool/" + POOL,
        "limits",
        Map.of("acts-in-flight", "3", "rate-acts", "6", "rate-window", "1 h"),
        null,
        "a small pool");
    policy(
        PolicyKind.OVERRIDE,
        "node/n-00044",
        "bench",
        Map.of("tier", "healthy"),
        NOW_MILLIS - 5 * MINUTE,
        "a load test looked like a fault");
  }

  private void policy(
      PolicyKind kind,
      String scope,
      String id,
      Map<String, String> parameters,
      @Nullable Long expires,
      String reason) {
    Policy policy = policy(kind, scope, id, expires);
    policy.setParameters(parameters);
    policy.setReason(reason);
    acts.policy(key(policy), policy);
  }

  static String key(Policy policy) {
    return policy.getScope() + "/" + ConsoleJson.lower(policy.getKind()) + "/" + policy.getId();
  }

  /** A policy in force. */
  static Policy policy(PolicyKind kind, String scope, String id, @Nullable Long expiresMillis) {
    return Policy.newBuilder()
        .setId(id)
        .setKind(kind)
        .setVersion(1)
        .setScope(scope)
        .setAuthor("ada")
        .setReason("look-alike")
        .setTimeMillis(NOW_MILLIS - 200 * MINUTE)
        .setNotBeforeMillis(NOW_MILLIS - 200 * MINUTE)
        .setExpiresMillis(expiresMillis)
        .setKeyId("ops-1")
        .setSignature(ByteBuffer.wrap("look-alike".getBytes(StandardCharsets.UTF_8)))
        .build();
  }

  /** The guard's word that a storm stopped the automation of a pool, or that it went on. */
  static Event automation(String pool, boolean stopped, long timeMillis) {
    return Event.newBuilder()
        .setId("notice-" + pool + "-" + timeMillis)
        .setType(stopped ? "pool.automation.stopped" : "pool.automation.resumed")
        .setSeverity(stopped ? Severity.CRITICAL : Severity.INFO)
        .setPredicted(false)
        .setEntity(ref(EntityKind.POOL, pool))
        .setTimeMillis(timeMillis)
        .setSource("forestall-decide")
        .setSummary(
            stopped
                ? "24 of 60 nodes are at risk at once: nothing is done here before a person looks"
                : "5 % of the nodes are at risk again")
        .build();
  }
}
