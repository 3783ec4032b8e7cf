package io.forestall.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.risk.signal.Signal;
import io.forestall.schemas.AnomalyRecord;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Event;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class AnomalyEventsTest {

  private static final long SINCE = 1_767_225_600_000L;

  private static AnomalyRecord anomaly(EntityKind kind, String id, Signal signal) {
    return AnomalyRecord.newBuilder()
        .setEntity(new EntityRef(kind, id))
        .setNode(null)
        .setTimeMillis(SINCE + 60_000)
        .setSinceMillis(SINCE)
        .setSignal(signal.signalName())
        .setValue(0.2)
        .setExpected(0.01)
        .setSpread(0.002)
        .setScore(0.93)
        .setWorse(true)
        .setText("slower than usual")
        .build();
  }

  private static FleetEvent event(AnomalyRecord anomaly) {
    return Objects.requireNonNull(AnomalyEvents.event(anomaly), "no event");
  }

  @ParameterizedTest
  @CsvSource({
    "DISK, d-1, DISK_LATENCY, disk.latency.high, disk/d-1",
    "DISK, d-1, DISK_IO_ERRORS, disk.errors.high, disk/d-1",
    "PAIR, v-1@c-1, PATH_LATENCY, volume.latency.high, volume/v-1",
    "PAIR, v@1@c-1, PATH_LATENCY_P99, volume.latency.high, volume/v@1",
    "EDGE, n-1>n-2, PATH_LOSS, edge.loss.high, edge/n-1>n-2",
    "NODE, n-1, MEMORY_PRESSURE, node.memory.pressure.high, node/n-1",
    "HEAD, h-1, REQUEST_FAILURES, head.requests.failed.high, head/h-1"
  })
  void theTypeSaysWhatIsUnusualAboutWhat(
      EntityKind kind, String id, Signal signal, String type, String entity) throws Exception {
    FleetEvent event = event(anomaly(kind, id, signal));
    assertThat(event.type()).isEqualTo(type);
    assertThat(event.entity()).hasToString(entity);
    assertThat(event.severity()).isEqualTo(Severity.WARNING);
    assertThat(event.predicted()).isFalse();
    assertThat(event.timeMillis()).isEqualTo(SINCE);
    // What it becomes would also be taken from the topic events.
    Event record = IncidentRecords.event(event);
    assertThat(IncidentRecords.event(record)).isEqualTo(event);
  }

  @Test
  void thePathsOtherEndsAreRelated() {
    assertThat(AnomalyEvents.event(anomaly(EntityKind.PAIR, "v-1@c-1", Signal.PATH_LATENCY)))
        .extracting(FleetEvent::related)
        .isEqualTo(List.of(new Subject(Subject.Kind.CLIENT, "c-1")));
    AnomalyRecord edge = anomaly(EntityKind.EDGE, "n-1>n-2", Signal.PATH_LOSS);
    edge.setNode("n-1");
    assertThat(AnomalyEvents.event(edge))
        .extracting(FleetEvent::related)
        .isEqualTo(List.of(Subject.node("n-1"), Subject.node("n-2")));
  }

  @Test
  void itsLaterRecordsRepeatTheEvent() {
    AnomalyRecord first = anomaly(EntityKind.DISK, "d-1", Signal.DISK_LATENCY);
    AnomalyRecord worse = anomaly(EntityKind.DISK, "d-1", Signal.DISK_LATENCY);
    worse.setTimeMillis(SINCE + 600_000);
    worse.setScore(1.0);
    FleetEvent event = event(first);
    assertThat(AnomalyEvents.event(worse))
        .extracting(FleetEvent::id, FleetEvent::timeMillis)
        .containsExactly(event.id(), event.timeMillis());
  }

  @Test
  void whatIsOverOrNotBadOrUnknownIsNoEvent() {
    AnomalyRecord ended = anomaly(EntityKind.DISK, "d-1", Signal.DISK_LATENCY);
    ended.setEnded(true);
    assertThat(AnomalyEvents.event(ended)).isNull();
    AnomalyRecord better = anomaly(EntityKind.DISK, "d-1", Signal.DISK_LATENCY);
    better.setWorse(false);
    assertThat(AnomalyEvents.event(better)).isNull();
    AnomalyRecord newer = anomaly(EntityKind.DISK, "d-1", Signal.DISK_LATENCY);
    newer.setSignal("flux_in_gauss");
    assertThat(AnomalyEvents.event(newer)).isNull();
    assertThat(AnomalyEvents.event(anomaly(EntityKind.PAIR, "v-1", Signal.PATH_LATENCY))).isNull();
    assertThat(AnomalyEvents.event(anomaly(EntityKind.UNKNOWN, "x", Signal.LOAD))).isNull();
  }

  @Test
  void aLongNameStillGivesAnIdentifierThatOthersTake() throws Exception {
    String long1 = "v".repeat(128) + "1@" + "c".repeat(100);
    String long2 = "v".repeat(128) + "1@" + "c".repeat(99) + "d";
    FleetEvent one = event(anomaly(EntityKind.PAIR, long1, Signal.PATH_LATENCY_P99));
    FleetEvent other = event(anomaly(EntityKind.PAIR, long2, Signal.PATH_LATENCY_P99));
    assertThat(one.id()).isNotEqualTo(other.id());
    IncidentRecords.event(IncidentRecords.event(one));
  }

  @ParameterizedTest
  @EnumSource(Signal.class)
  void everySignalHasWords(Signal signal) {
    assertThat(AnomalyEvents.words(signal)).matches("[a-z-]+(\\.[a-z-]+)*");
  }
}
