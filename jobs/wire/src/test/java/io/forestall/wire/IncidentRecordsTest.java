package io.forestall.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.Incident;
import io.forestall.risk.FailureMode;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Event;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class IncidentRecordsTest {

  private static final long NOON_MILLIS = 1_750_000_000_000L;

  private static FleetEvent event(Subject entity) {
    return new FleetEvent(
        "e-1",
        "disk.errors.rising",
        Severity.WARNING,
        true,
        entity,
        List.of(Subject.node("n-1")),
        NOON_MILLIS,
        NOON_MILLIS + 1,
        0.9,
        3_600_000,
        0.5,
        FailureMode.DISK,
        70.5,
        "disk-lstm",
        3,
        "sense",
        "errors rise",
        Map.of("errors", 2.0),
        Map.of("a", "b"));
  }

  @ParameterizedTest
  @EnumSource
  void everyKindOfEntityComesBack(Subject.Kind kind) throws Exception {
    FleetEvent event = event(new Subject(kind, "x"));

    byte[] bytes = AvroCodec.of(Event.class).encode(IncidentRecords.event(event));

    assertThat(IncidentRecords.event(AvroCodec.of(Event.class).decode(bytes))).isEqualTo(event);
  }

  @Test
  void anIncidentComesBack() throws Exception {
    Incident incident =
        new Incident(
            "i-1",
            2,
            Incident.State.UPDATED,
            Severity.CRITICAL,
            "a disk dies",
            Subject.disk("d-1"),
            "p-1",
            true,
            0.8,
            1000,
            ActKind.NONE,
            "because",
            "disk-dying",
            4,
            "disk/d-1",
            List.of(new Incident.Suspect(Subject.disk("d-1"), 0.7, "it was first")),
            List.of(Subject.node("n-1"), Subject.disk("d-1")),
            List.of(
                new Incident.Original(
                    "e-1", "disk.failed", Subject.disk("d-1"), NOON_MILLIS, false)),
            1,
            NOON_MILLIS,
            NOON_MILLIS + 5,
            null,
            "i-0",
            Map.of("team", "storage"));

    byte[] bytes =
        AvroCodec.of(io.forestall.schemas.Incident.class)
            .encode(IncidentRecords.incident(incident));

    assertThat(
            IncidentRecords.incident(
                AvroCodec.of(io.forestall.schemas.Incident.class).decode(bytes)))
        .isEqualTo(incident);
  }

  @Test
  void nonsenseIsRefusedWithWhatIsWrong() {
    refuses(record -> record.setId(""), "id has 0 characters: give 1 to 256");
    refuses(record -> record.setId("x".repeat(257)), "id has 257 characters");
    refuses(record -> record.setType("Disk Failed"), "type is 'Disk Failed': give dotted words");
    refuses(record -> record.setType("disk..failed"), "type is 'disk..failed'");
    refuses(
        record -> record.setSeverity(io.forestall.schemas.Severity.UNKNOWN),
        "severity is UNKNOWN: give INFO");
    refuses(
        record -> record.setEntity(new EntityRef(EntityKind.UNKNOWN, "x")),
        "entity has the kind UNKNOWN");
    refuses(
        record -> record.setEntity(new EntityRef(EntityKind.DISK, "")),
        "entity has an id of 0 characters");
    refuses(record -> record.setTimeMillis(0), "timeMillis is 0: give milliseconds between");
    refuses(record -> record.setEndMillis(NOON_MILLIS - 1), "endMillis is before timeMillis");
    refuses(record -> record.setConfidence(Double.NaN), "confidence is NaN: give a finite number");
    refuses(record -> record.setProbability(1.5), "probability is 1.5: give 0.0 to 1.0");
    refuses(record -> record.setScore(-1.0), "score is -1.0: give 0.0 to 100.0");
    refuses(record -> record.setHorizonMillis(-1), "horizonMillis is -1");
    refuses(
        record -> record.setValues(Map.of("x", Double.POSITIVE_INFINITY)),
        "value x is Infinity: give a finite number");
    refuses(record -> record.setSummary("x".repeat(5000)), "summary in characters: 5000");
  }

  @Test
  void relatedThingsOfANewerKindArePassedOver() throws Exception {
    Event record = IncidentRecords.event(event(Subject.disk("d-1")));
    record.setRelated(
        List.of(new EntityRef(EntityKind.UNKNOWN, "x"), new EntityRef(EntityKind.NODE, "n-1")));

    assertThat(IncidentRecords.event(record).related()).containsExactly(Subject.node("n-1"));
  }

  private static void refuses(Consumer<Event> change, String why) {
    Event record = IncidentRecords.event(event(Subject.disk("d-1")));
    change.accept(record);
    assertThatThrownBy(() -> IncidentRecords.event(record))
        .isInstanceOf(WireException.class)
        .hasMessageContaining(why);
  }
}
