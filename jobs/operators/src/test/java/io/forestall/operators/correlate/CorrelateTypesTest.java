package io.forestall.operators.correlate;

import static io.forestall.operators.correlate.TestingRules.event;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.Incident;
import io.forestall.decisions.incident.IncidentInput;
import io.forestall.decisions.incident.Symptom;
import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.RecordType;
import io.forestall.risk.FailureMode;
import io.forestall.schemas.DeadReason;
import io.forestall.wire.DeadLetters;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.junit.jupiter.api.Test;

class CorrelateTypesTest {

  private static final FleetEvent FULL =
      new FleetEvent(
          "e-1",
          "disk.failed",
          Severity.CRITICAL,
          true,
          Subject.disk("d-1"),
          List.of(Subject.node("n-1"), new Subject(Subject.Kind.PAIR, "v@c")),
          1_750_000_000_000L,
          1_750_000_000_001L,
          0.5,
          86_400_000,
          0.25,
          FailureMode.NETWORK,
          99.5,
          "lstm",
          7,
          "sense",
          "it will fail — soon",
          Map.of("errors", 2.0, "latency", -1.5),
          Map.of("team", "storage"));

  private static final FleetEvent PLAIN = event("e-2", "node.lost", Subject.node("n-2"), 5);

  private static Symptom symptom(FleetEvent event, boolean placed) {
    return new Symptom(
        "rule", "node/n-1", 0b1000_0001, true, event, placed ? TestingRules.place("n-1") : null);
  }

  @Test
  void eachTypeComesBack() throws Exception {
    same(RecordFormat.FLEET_EVENT.serializer(FleetEvent.class), FULL, PLAIN);
    same(
        RecordFormat.SYMPTOM.serializer(Symptom.class), symptom(FULL, true), symptom(PLAIN, false));
    same(
        RecordFormat.INCIDENT_INPUT.serializer(IncidentInput.class),
        new IncidentInput.Seen(symptom(FULL, true)),
        new IncidentInput.Matched(
            "rule", "node/n-1", List.of(symptom(PLAIN, false), symptom(FULL, true))));
    same(
        RecordFormat.CORRELATE_INPUT.serializer(CorrelateInput.class),
        CorrelateInput.of(FULL),
        CorrelateInput.dead(
            new DeadLetters("correlate")
                .record("t", 1, 2, 3, DeadReason.UNDECODABLE, "why", new byte[] {4}, 1)));
    same(
        RecordFormat.PENDING_EVENT.serializer(PendingEvent.class),
        new PendingEvent(FULL, List.of("rule")),
        new PendingEvent(PLAIN, List.of()));
    same(
        RecordFormat.INCIDENT.serializer(Incident.class),
        new Incident(
            "i",
            1,
            Incident.State.OPENED,
            Severity.ERROR,
            "s",
            Subject.node("n-1"),
            null,
            false,
            1,
            0,
            ActKind.INVESTIGATE,
            null,
            "rule",
            1,
            "node/n-1",
            List.of(),
            List.of(),
            List.of(),
            1,
            1_750_000_000_000L,
            1_750_000_000_000L,
            null,
            null,
            Map.of()));
  }

  @Test
  void controlsComeBackWithTheirBytes() throws Exception {
    RecordType<RouteControl> type = RecordFormat.ROUTE_CONTROL.serializer(RouteControl.class);
    RouteControl place = RouteControl.place("node/n-1", TestingRules.place("n-1"));
    assertThat(through(type, place)).isEqualTo(place);
    assertThat(through(type, RouteControl.place("node/n-1", null)).place()).isNull();
    RouteControl policy = through(type, RouteControl.policy("all/rule/x", new byte[] {1, 2}, 3, 4));
    assertThat(policy.policy()).containsExactly(1, 2);
    assertThat(policy.partition()).isEqualTo(3);
    assertThat(policy.offset()).isEqualTo(4);
  }

  @Test
  void memoryComesBackAndForgets() throws Exception {
    RouteMemory memory = new RouteMemory();
    for (int i = 0; i < 20; i++) {
      assertThat(memory.first("e" + i, 1000 + i, 16)).isTrue();
    }
    assertThat(memory.roomFor("r/0", 1000, 500, 1)).isTrue();

    RouteMemory back = through(RecordFormat.ROUTE_MEMORY.serializer(RouteMemory.class), memory);

    assertThat(back.first("e19", 2000, 16)).isFalse();
    assertThat(back.first("e0", 2000, 16)).as("the oldest are forgotten first").isTrue();
    assertThat(back.roomFor("r/0", 1400, 500, 1)).isFalse();
    assertThat(back.roomFor("r/0", 1500, 500, 1)).isTrue();
    assertThat(back.forget(1_000_000, 10)).isTrue();
  }

  @SafeVarargs
  private static <T> void same(RecordType<T> type, T... values) throws Exception {
    for (T value : values) {
      assertThat(through(type, value)).isEqualTo(value);
    }
  }

  /** Through bytes, with the serializer that a savepoint would give. */
  private static <T> T through(RecordType<T> type, T value) throws Exception {
    DataOutputSerializer snapshot = new DataOutputSerializer(64);
    TypeSerializerSnapshot.writeVersionedSnapshot(snapshot, type.snapshotConfiguration());
    TypeSerializerSnapshot<T> read =
        TypeSerializerSnapshot.readVersionedSnapshot(
            new DataInputDeserializer(snapshot.getCopyOfBuffer()),
            CorrelateTypesTest.class.getClassLoader());
    DataOutputSerializer out = new DataOutputSerializer(64);
    type.serialize(value, out);
    return read.restoreSerializer().deserialize(new DataInputDeserializer(out.getCopyOfBuffer()));
  }
}
