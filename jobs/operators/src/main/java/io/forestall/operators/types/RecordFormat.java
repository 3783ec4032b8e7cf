package io.forestall.operators.types;

import io.forestall.decisions.Place;
import io.forestall.decisions.alert.Alert;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.Incident;
import io.forestall.decisions.incident.IncidentInput;
import io.forestall.decisions.incident.Symptom;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.operators.BaselineUpdate;
import io.forestall.operators.BlameInput;
import io.forestall.operators.EntityInput;
import io.forestall.operators.NodeInput;
import io.forestall.operators.NodeMemory;
import io.forestall.operators.PathMember;
import io.forestall.operators.PathMemory;
import io.forestall.operators.PeerHistory;
import io.forestall.operators.PeerInput;
import io.forestall.operators.SenseInput;
import io.forestall.operators.SignalInput;
import io.forestall.operators.SignalMemory;
import io.forestall.operators.SymptomMemory;
import io.forestall.operators.SymptomWait;
import io.forestall.operators.alert.AlertFormat;
import io.forestall.operators.correlate.CorrelateInput;
import io.forestall.operators.correlate.EventFormat;
import io.forestall.operators.correlate.PendingEvent;
import io.forestall.operators.correlate.RouteControl;
import io.forestall.operators.correlate.RouteMemory;
import io.forestall.operators.decide.ActFunction;
import io.forestall.operators.decide.DecideInput;
import io.forestall.operators.decide.EntityMemory;
import io.forestall.operators.decide.Said;
import io.forestall.operators.move.MoveInput;
import io.forestall.operators.move.StandingUpdate;
import io.forestall.operators.move.StepFormat;
import io.forestall.operators.train.HandOver;
import io.forestall.operators.train.TrainInput;
import io.forestall.operators.train.TrainMemory;
import io.forestall.risk.learn.DriveLog;
import io.forestall.risk.signal.PeerSummary;
import java.io.IOException;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * The formats of what flows between the operators and of what they remember. A constant's name
 * stands in savepoints: none is ever renamed. Each format carries a version of its own, written by
 * its type, and only grows.
 */
public enum RecordFormat {
  SENSE_INPUT(SenseInput.class, true, SenseInput::write, SenseInput::read),
  ENTITY_INPUT(EntityInput.class, true, EntityInput::write, EntityInput::read),
  SIGNAL_INPUT(SignalInput.class, true, SignalInput::write, SignalInput::read),
  SIGNAL_MEMORY(SignalMemory.class, false, SignalMemory::write, SignalMemory::read),
  PEER_INPUT(PeerInput.class, true, PeerInput::write, PeerInput::read),
  PEER_SUMMARY(PeerSummary.class, true, PeerSummary::write, PeerSummary::read),
  PEER_HISTORY(PeerHistory.class, true, PeerHistory::write, PeerHistory::read),
  SYMPTOM_MEMORY(SymptomMemory.class, false, SymptomMemory::write, SymptomMemory::read),
  SYMPTOM_WAIT(SymptomWait.class, true, SymptomWait::write, SymptomWait::read),
  PATH_MEMORY(PathMemory.class, false, PathMemory::write, PathMemory::read),
  PATH_MEMBER(PathMember.class, true, PathMember::write, PathMember::read),
  BLAME_INPUT(BlameInput.class, true, BlameInput::write, BlameInput::read),
  NODE_INPUT(NodeInput.class, true, NodeInput::write, NodeInput::read),
  NODE_MEMORY(NodeMemory.class, false, NodeMemory::write, NodeMemory::read),
  BASELINE_UPDATE(BaselineUpdate.class, true, BaselineUpdate::write, BaselineUpdate::read),
  DECIDE_INPUT(DecideInput.class, true, DecideInput::write, DecideInput::read),
  SAID(Said.class, true, Said::write, Said::read),
  ENTITY_MEMORY(EntityMemory.class, true, EntityMemory::write, EntityMemory::read),
  ACT_MEMORY(ActFunction.Memory.class, true, ActFunction.Memory::write, ActFunction.Memory::read),
  FLEET_EVENT(FleetEvent.class, true, EventFormat::writeEvent, EventFormat::readEvent),
  PLACE(Place.class, true, EventFormat::writePlace, EventFormat::readPlace),
  SYMPTOM(Symptom.class, true, EventFormat::writeSymptom, EventFormat::readSymptom),
  INCIDENT_INPUT(IncidentInput.class, true, EventFormat::writeInput, EventFormat::readInput),
  INCIDENT(Incident.class, true, EventFormat::writeIncident, EventFormat::readIncident),
  CORRELATE_INPUT(CorrelateInput.class, true, CorrelateInput::write, CorrelateInput::read),
  ROUTE_CONTROL(RouteControl.class, true, RouteControl::write, RouteControl::read),
  ROUTE_MEMORY(RouteMemory.class, false, RouteMemory::write, RouteMemory::read),
  PENDING_EVENT(PendingEvent.class, true, PendingEvent::write, PendingEvent::read),
  ALERT(Alert.class, true, AlertFormat::write, AlertFormat::read),
  MOVE_INPUT(MoveInput.class, true, MoveInput::write, MoveInput::read),
  SHADOW_STEP(ShadowStep.class, true, StepFormat::write, StepFormat::read),
  STANDING_UPDATE(StandingUpdate.class, true, StandingUpdate::write, StandingUpdate::read),
  TRAIN_INPUT(TrainInput.class, true, TrainInput::write, TrainInput::read),
  HAND_OVER(HandOver.class, true, HandOver::write, HandOver::read),
  DRIVE_LOG(DriveLog.class, false, DriveLog::write, DriveLog::read),
  TRAIN_MEMORY(TrainMemory.class, false, TrainMemory::write, TrainMemory::read);

  private interface Writer<T> {
    void write(T value, DataOutputView out) throws IOException;
  }

  private interface Reader<T> {
    T read(DataInputView in) throws IOException;
  }

  private final Class<?> type;
  private final boolean immutable;
  private final Writer<?> writer;
  private final Reader<?> reader;

  <T> RecordFormat(Class<T> type, boolean immutable, Writer<T> writer, Reader<T> reader) {
    this.type = type;
    this.immutable = immutable;
    this.writer = writer;
    this.reader = reader;
  }

  /**
   * Type information of the format's type.
   *
   * @throws ClassCastException when the type is another
   */
  public <T> TypeInformation<T> info(Class<T> asked) {
    return new BinaryType<>(asked, new RecordType<>(require(asked)));
  }

  /**
   * A serializer of the format's type.
   *
   * @throws ClassCastException when the type is another
   */
  public <T> RecordType<T> serializer(Class<T> asked) {
    return new RecordType<>(require(asked));
  }

  private RecordFormat require(Class<?> asked) {
    if (asked != type) {
      throw new ClassCastException(name() + " is the format of " + type + ", not of " + asked);
    }
    return this;
  }

  /** True when nothing ever writes to a value, so that sharing it is a copy. */
  boolean immutable() {
    return immutable;
  }

  @SuppressWarnings("unchecked") // the constructor ties type, writer and reader together
  <T> void write(T value, DataOutputView out) throws IOException {
    ((Writer<T>) writer).write(value, out);
  }

  @SuppressWarnings("unchecked") // as above
  <T> T read(DataInputView in) throws IOException {
    return ((Reader<T>) reader).read(in);
  }
}
