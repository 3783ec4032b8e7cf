package io.forestall.operators;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.alert.Alert;
import io.forestall.decisions.alert.AlertState;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.incident.Incident;
import io.forestall.operators.RiskHarness.Backend;
import io.forestall.operators.alert.AlertBrain;
import io.forestall.operators.alert.AlertFormat;
import io.forestall.operators.alert.AlertSettings;
import io.forestall.operators.decide.DecideInput;
import io.forestall.operators.decide.GuardKeys;
import io.forestall.wire.PolicyRecords;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AlertStepsTest {

  private static final GuardKeys NO_KEYS = new GuardKeys("", "", "");
  private static final long T0 = 1_767_268_800_000L;

  @ParameterizedTest
  @EnumSource
  void anIncidentIsToldAgainAfterARestoreAndEndedWithoutATrace(Backend backend) throws Exception {
    OperatorSubtaskState snapshot;
    try (var alerts = harness(backend, null)) {
      alerts.wallClock(T0);
      alerts.send(incident("i-1", 1, Incident.State.OPENED));
      assertThat(alerts.news()).isEmpty();
      alerts.wallClock(T0 + 2_000);
      List<Alert> told = alerts.news();
      assertThat(told).hasSize(1);
      assertThat(told.get(0).labels()).containsEntry("incident", "i-1");
      snapshot = alerts.snapshot();
    }
    try (var alerts = harness(backend, snapshot)) {
      alerts.wallClock(T0 + 70_000);
      assertThat(alerts.news()).as("told again").hasSize(1);
      alerts.send(incident("i-1", 2, Incident.State.RESOLVED));
      assertThat(alerts.news()).hasSize(1).allMatch(Alert::resolved);
      alerts.wallClock(T0 + 86_400_000);
      assertThat(alerts.news()).isEmpty();
      alerts.snapshot();
      assertThat(alerts.keys(PoolOperator.ROWS)).isZero();
      assertThat(alerts.timers()).isZero();
      assertThat(alerts.wallClockTimers()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSilenceHoldsAlsoAfterARestoreAndUntilItIsTakenBack(Backend backend) throws Exception {
    OperatorSubtaskState snapshot;
    try (var alerts = harness(backend, null)) {
      alerts.wallClock(T0);
      alerts.broadcast(silence(true));
      alerts.send(incident("i-1", 1, Incident.State.OPENED));
      alerts.wallClock(T0 + 10_000);
      assertThat(alerts.news()).isEmpty();
      snapshot = alerts.snapshot();
    }
    try (var alerts = harness(backend, snapshot)) {
      alerts.wallClock(T0 + 200_000);
      assertThat(alerts.news()).isEmpty();
      alerts.broadcast(new DecideInput.PolicyRead(silenceKey(), null, 0, 9));
      alerts.wallClock(T0 + 261_000);
      assertThat(alerts.news()).isNotEmpty();
    }
  }

  @Test
  void aPolicyThatIsNoSilenceOrNotBelievedChangesNothing() throws Exception {
    try (var alerts = harness(Backend.HEAP, null)) {
      alerts.wallClock(T0);
      alerts.broadcast(silence(false));
      alerts.broadcast(new DecideInput.PolicyRead("all/silence/x", new byte[] {1, 2}, 0, 1));
      alerts.send(incident("i-1", 1, Incident.State.OPENED));
      alerts.wallClock(T0 + 2_000);
      assertThat(alerts.news()).hasSize(1);
    }
  }

  @Test
  void anAlertSurvivesTheWay() throws Exception {
    Alert alert =
        new Alert(Map.of("alertname", "A", "pool", "p"), Map.of("summary", "ü"), 1, 2, true);
    DataOutputSerializer out = new DataOutputSerializer(64);
    AlertFormat.write(alert, out);
    assertThat(AlertFormat.read(new DataInputDeserializer(out.getCopyOfBuffer()))).isEqualTo(alert);
  }

  private static KeyedHarness<String, DecideInput, DecideInput, Alert> harness(
      Backend backend, @Nullable OperatorSubtaskState from) throws Exception {
    PoolOperator<AlertState, DecideInput, DecideInput, Alert> operator =
        PoolOperator.processingTime(AlertBrain.factory(AlertSettings.off(), NO_KEYS));
    return KeyedHarness.of(
        operator, DecideInput::key, Types.STRING, AlertFormat.type(), backend, from, 1, 0);
  }

  private static String silenceKey() {
    return PolicyRecords.key("node/n-1", PolicyRecord.Kind.SILENCE, "s");
  }

  private static DecideInput silence(boolean enabled) throws Exception {
    PolicyRecord record =
        new PolicyRecord(
            silenceKey(),
            "s",
            PolicyRecord.Kind.SILENCE,
            1,
            enabled,
            "node/n-1",
            Subject.node("n-1"),
            ActKind.UNKNOWN,
            null,
            "somebody",
            "because",
            T0,
            T0,
            T0 + 3_600_000,
            Map.of(),
            "");
    byte[] bytes = new PolicyRecords(NO_KEYS.operators()).write(record, null);
    return new DecideInput.PolicyRead(silenceKey(), bytes, 0, 1);
  }

  private static DecideInput incident(String id, int revision, Incident.State state) {
    return new DecideInput.ForPool(
        "p-1",
        new GuardInput.IncidentChanged(
            new Incident(
                id,
                revision,
                state,
                Severity.CRITICAL,
                "Node n-1 failed.",
                Subject.node("n-1"),
                "p-1",
                false,
                1,
                0,
                ActKind.FAILOVER,
                "because",
                "node-failed",
                1,
                "node/n-1",
                List.of(),
                List.of(Subject.node("n-1")),
                List.of(),
                1,
                T0 - 1_000,
                T0,
                state == Incident.State.RESOLVED ? (Long) T0 : null,
                null,
                Map.of())));
  }
}
