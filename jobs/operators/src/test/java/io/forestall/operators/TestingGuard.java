package io.forestall.operators;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.incident.Incident;
import io.forestall.operators.RiskHarness.Backend;
import io.forestall.operators.decide.DecideInput;
import io.forestall.operators.decide.DecideSettings;
import io.forestall.operators.decide.GuardBrain;
import io.forestall.operators.decide.GuardKeys;
import io.forestall.operators.decide.Policies;
import io.forestall.operators.decide.Said;
import io.forestall.risk.Tier;
import io.forestall.schemas.Decision;
import io.forestall.schemas.Policy;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.Keys;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.Signatures;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.jspecify.annotations.Nullable;

/** The guard in its carrier with its two logs, which outlive it as Kafka's topics do. */
final class TestingGuard implements AutoCloseable {

  static final String POOL = "p1";
  static final long START = 1_767_225_600_000L;

  /** The logs that every guard writes and reads. */
  static final class Logs {
    final List<io.forestall.schemas.Admission> admissions = new ArrayList<>();
    final List<DecideInput.PolicyRead> policies = new ArrayList<>();
  }

  final Logs logs;
  final List<Said> said = new ArrayList<>();
  private final KeyedHarness<String, DecideInput, DecideInput, Said> harness;
  private final Signatures.Trusted trusted;
  private final AdmissionRecords records = new AdmissionRecords();
  int admissionsRead;
  int policiesRead;
  private long nowMillis;

  /**
   * A guard.
   *
   * @param keyFile its key, empty for none
   * @param from checkpoint, null for none
   * @param admissionsRead how far it had read when the checkpoint was taken
   */
  TestingGuard(
      Logs logs,
      Backend backend,
      String keyFile,
      long nowMillis,
      @Nullable OperatorSubtaskState from,
      int admissionsRead,
      int policiesRead)
      throws Exception {
    this.logs = logs;
    GuardKeys keys = new GuardKeys(keyFile, "", "");
    this.trusted = keys.trusted();
    DecideSettings settings =
        DecideSettings.from(
            Configuration.fromMap(
                keyFile.isEmpty()
                    ? Map.of()
                    : Map.of("forestall.decide.signing-key-file", keyFile)));
    harness =
        KeyedHarness.of(
            PoolOperator.processingTime(GuardBrain.factory(settings)),
            DecideInput::key,
            Types.STRING,
            Said.type(),
            backend,
            from);
    this.admissionsRead = admissionsRead;
    this.policiesRead = policiesRead;
    pass(nowMillis);
  }

  /** Time reaches a moment. */
  TestingGuard pass(long untilMillis) throws Exception {
    nowMillis = untilMillis;
    harness.wallClock(untilMillis);
    hear();
    return this;
  }

  TestingGuard give(GuardInput... inputs) throws Exception {
    for (GuardInput input : inputs) {
      harness.send(new DecideInput.ForPool(POOL, input));
    }
    hear();
    return this;
  }

  /** Ten healthy nodes in five racks and two zones, each with room, and a unit on three of them. */
  TestingGuard fleet() throws Exception {
    for (int i = 0; i < 10; i++) {
      give(new GuardInput.MemberChanged(member(i), 60L << 30), risk(i, Tier.HEALTHY, 0.001));
    }
    for (int unit = 0; unit < 10; unit++) {
      List<Subject> copies = List.of(node(unit), node((unit + 1) % 10), node((unit + 3) % 10));
      give(
          new GuardInput.UnitChanged(
              "u-" + unit, "v" + unit, copies.get(0), 1, copies, 2, 1L << 30));
    }
    return this;
  }

  private static FleetMember member(int i) {
    return new FleetMember(
        node(i),
        new Place("n" + i, "r" + i % 5, "z" + i % 2, "eu", POOL),
        "",
        null,
        100L << 30,
        false);
  }

  GuardInput risk(int node, Tier tier, double probability) {
    return new GuardInput.RiskChanged(
        node(node),
        tier,
        100 * probability,
        probability,
        3_600_000,
        0.9,
        false,
        nowMillis,
        "disk-lstm",
        1);
  }

  /** A node has failed: its units must go to another owner now. */
  GuardInput failed(int node) {
    return failed(node, Incident.State.OPENED, 1);
  }

  GuardInput failed(int node, Incident.State state, int revision) {
    return new GuardInput.IncidentChanged(
        new Incident(
            "i-" + node,
            revision,
            state,
            Severity.CRITICAL,
            "n" + node + " has failed.",
            node(node),
            POOL,
            false,
            1,
            0,
            ActKind.FAILOVER,
            null,
            "rule",
            1,
            "node/n" + node,
            List.of(),
            List.of(node(node)),
            List.of(),
            1,
            nowMillis - 1000,
            nowMillis - 1000,
            null,
            null,
            Map.of()));
  }

  static Subject node(int i) {
    return Subject.node("n" + i);
  }

  /** An operator says that acts may be done. */
  TestingGuard act() throws Exception {
    PolicyRecord mode =
        new PolicyRecord(
            PolicyRecords.key("all", PolicyRecord.Kind.MODE, "m"),
            "m",
            PolicyRecord.Kind.MODE,
            1,
            true,
            "all",
            null,
            ActKind.UNKNOWN,
            null,
            "ann",
            "the test says so",
            START,
            START,
            null,
            Map.of("mode", "act"),
            "");
    policy(mode.key(), new PolicyRecords(Signatures.Trusted.NONE).write(mode, null));
    return this;
  }

  private void policy(String key, byte @Nullable [] value) {
    logs.policies.add(new DecideInput.PolicyRead(key, value, 0, logs.policies.size()));
  }

  /** Reads both logs to their ends, also what is written meanwhile. */
  TestingGuard settle() throws Exception {
    while (readOne()) {
      hear();
    }
    return this;
  }

  private boolean readOne() throws Exception {
    if (policiesRead < logs.policies.size()) {
      harness.broadcast(logs.policies.get(policiesRead++));
      return true;
    }
    return readAdmission();
  }

  /** Reads the next record of the log of admissions; false when there is none. */
  boolean readAdmission() throws Exception {
    if (admissionsRead == logs.admissions.size()) {
      return false;
    }
    io.forestall.schemas.Admission next = logs.admissions.get(admissionsRead++);
    if (!trusted.isEmpty() || next.getState() == io.forestall.schemas.AdmissionState.STARTED) {
      give(new GuardInput.AdmissionRead(records.admission(next, trusted)));
    }
    return true;
  }

  private void hear() {
    for (Said each : harness.news()) {
      said.add(each);
      if (each.record() instanceof io.forestall.schemas.Admission admission) {
        logs.admissions.add(admission);
      } else if (each.record() instanceof Policy mark) {
        policy(Policies.key(mark), AvroCodec.of(Policy.class).encode(mark));
      }
    }
  }

  OperatorSubtaskState snapshot() throws Exception {
    return harness.snapshot();
  }

  /** What was decided, as outcome and code. */
  List<String> decisions() {
    return said.stream()
        .filter(each -> each.topic() == Said.Topic.DECISIONS)
        .map(each -> (Decision) each.record())
        .map(each -> Keys.of(each.getSubject()) + " " + each.getOutcome() + " " + each.getCode())
        .toList();
  }

  /** What the log holds of acts, without marks: id, state and number. */
  List<String> log() throws Exception {
    List<String> lines = new ArrayList<>();
    for (io.forestall.schemas.Admission record : logs.admissions) {
      Admission admission = records.checked(record);
      if (admission.state() != Admission.State.STARTED) {
        lines.add(admission.sequence() + " " + admission.state() + " " + admission.subject());
      }
    }
    return lines;
  }

  long keys() {
    return harness.keys(PoolOperator.ROWS);
  }

  int timers() {
    return harness.wallClockTimers();
  }

  @Override
  public void close() throws Exception {
    harness.close();
  }
}
