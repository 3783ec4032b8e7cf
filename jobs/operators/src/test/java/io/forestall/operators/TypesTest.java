package io.forestall.operators;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.operators.types.AvroType;
import io.forestall.operators.types.DiskMemoryType;
import io.forestall.risk.DiskState;
import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeAssessment;
import io.forestall.risk.ReasonPart;
import io.forestall.risk.Tier;
import io.forestall.risk.signal.FleetMetric;
import io.forestall.risk.signal.PeerMeans;
import io.forestall.risk.signal.Scope;
import io.forestall.risk.signal.Signal;
import io.forestall.risk.signal.SignalSample;
import io.forestall.risk.symptom.DiskShare;
import io.forestall.risk.symptom.Finding;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Event;
import io.forestall.schemas.Risk;
import io.forestall.wire.DeadLetters;
import java.io.IOException;
import java.util.List;
import org.apache.flink.api.common.serialization.SerializerConfigImpl;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshotSerializationUtil;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;

/** One test for each type that crosses an edge or lies in state. */
class TypesTest {

  @Test
  void inputs() throws Exception {
    for (DiskInput input :
        List.of(
            TestingDisks.input(3, 12),
            TestingDisks.input(4, 1),
            TestingDisks.fleet(1),
            TestingDisks.tombstone(1),
            DiskInput.dead(letter()))) {
      DiskInput back = through(DiskInput.type(), input);

      assertThat(back.kind()).isEqualTo(input.kind());
      assertThat(back.disk()).isEqualTo(input.disk());
      assertThat(back.node()).isEqualTo(input.node());
      assertThat(back.timeMillis()).isEqualTo(input.timeMillis());
      assertThat(back.partition()).isEqualTo(input.partition());
      assertThat(back.offset()).isEqualTo(input.offset());
      assertThat(back.index()).isEqualTo(input.index());
      if (input.kind() == DiskInput.Kind.SAMPLE) {
        assertThat(back.sample().values()).isEqualTo(input.sample().values());
        assertThat(back.sample().model()).isEqualTo(input.sample().model());
      }
      if (input.kind() == DiskInput.Kind.DEAD) {
        assertThat(back.deadLetter()).isEqualTo(input.deadLetter());
      }
    }
  }

  @Test
  void whatFlowsBetweenTheOperatorsOfMachines() throws Exception {
    Finding finding =
        new Finding(
            "node/n-1",
            5,
            0.5,
            7,
            List.of(
                new ModeAssessment(
                    FailureMode.NETWORK,
                    0.25,
                    3_600_000,
                    "symptoms",
                    1,
                    List.of(new ReasonPart("m", 1, 2, "because"))),
                new ModeAssessment(
                    FailureMode.SOFTWARE, 0.125, 3_600_000, "symptoms", 1, List.of())));
    DiskShare share = new DiskShare("d", 4, 0.5, 9, 70, Tier.WARNING, true, "m", 3);
    for (NodeInput input :
        List.of(
            NodeInput.finding(finding, "n-9"),
            NodeInput.blame(finding),
            NodeInput.disk("node/n-1", share),
            NodeInput.diskGone("node/n-1", "d", 8),
            NodeInput.wrongBytes("node/n-1", "copy.diverged/a", 9),
            NodeInput.end("node/n-1"))) {
      assertThat(through(NodeInput.type(), input)).isEqualTo(input);
    }
    BlameInput blame = new BlameInput(60_000, finding, "r-1");
    assertThat(through(BlameInput.type(), blame)).isEqualTo(blame);
    BaselineUpdate end = new BaselineUpdate("pair/a@b", null);
    assertThat(through(BaselineUpdate.type(), end)).isEqualTo(end);
    assertThat(through(DiskInput.type(), DiskInput.finding("d", finding)).finding())
        .isEqualTo(finding);

    EntityInput machine = TestingMachines.machine(1, 3);
    EntityInput back = through(EntityInput.type(), machine);
    assertThat(back.entity()).isEqualTo(machine.entity());
    assertThat(back.offset()).isEqualTo(machine.offset());
    for (FleetMetric metric : FleetMetric.values()) {
      assertThat(back.requireSample().value(metric))
          .isEqualTo(Double.valueOf(machine.requireSample().value(metric)));
    }
    for (EntityInput input :
        List.of(TestingMachines.fleet("head/h"), EntityInput.tombstone("disk/d"))) {
      assertThat(through(EntityInput.type(), input)).isEqualTo(input);
      SenseInput both = new SenseInput(TestingDisks.fleet(1), input);
      SenseInput again = through(SenseInput.type(), both);
      assertThat(again.entity()).isEqualTo(input);
      assertThat(again.disk()).isNotNull();
    }

    double[] values = SignalSample.absentValues();
    values[Signal.LOAD.ordinal()] = 0.5;
    SignalInput signals =
        SignalInput.sample(
            new SignalSample("node/n-1", Scope.MACHINE, "g", 77, values), new Home("", "r-1", "g"));
    SignalInput read = through(SignalInput.type(), signals);
    assertThat(read.home()).isEqualTo(signals.home());
    assertThat(read.requireSample().timeMillis()).isEqualTo(77);
    assertThat(read.requireSample().values()).isEqualTo(values);
    assertThat(through(SignalInput.type(), SignalInput.tombstone("node/n-1")))
        .isEqualTo(SignalInput.tombstone("node/n-1"));

    PeerMeans means = PeerMeans.empty(Scope.MACHINE);
    means.add(signals.requireSample());
    PeerInput peer = through(PeerInput.type(), new PeerInput("g", 9, "node/n-1", means));
    assertThat(peer.window()).isEqualTo("9|g");
    assertThat(peer.means().mean(Signal.LOAD)).isEqualTo(0.5);
  }

  /** Bytes as the release before wrote them: they end where version 1 ends. */
  @Test
  void memoryOfTheReleaseBeforeIsRead() throws Exception {
    DataOutputSerializer old = new DataOutputSerializer(64);
    old.writeByte(1);
    old.writeByte(1 | 2);
    old.writeLong(42);
    old.writeByte(Tier.WATCH.ordinal());
    old.writeUTF("n-0001");

    DiskMemory memory =
        DiskMemoryType.serializer().deserialize(new DataInputDeserializer(old.getCopyOfBuffer()));

    assertThat(memory.known()).isTrue();
    assertThat(memory.timerMillis()).isEqualTo(42);
    assertThat(memory.tier()).isEqualTo(Tier.WATCH);
    assertThat(memory.node()).isEqualTo("n-0001");
    assertThat(memory.shareNode()).isEmpty();
    assertThat(memory.waitingFinding()).isNull();
  }

  /** In flight when the job was stopped: shares did not say whose probability they have. */
  @Test
  void shareOfTheReleaseBeforeIsRead() throws Exception {
    DataOutputSerializer old = new DataOutputSerializer(64);
    old.writeByte(1);
    old.writeByte(NodeInput.Kind.DISK.ordinal());
    old.writeUTF("node/n-0001");
    old.writeUTF("S1");
    old.writeLong(42);
    old.writeDouble(0.25);
    old.writeLong(7);
    old.writeDouble(61);
    old.writeByte(Tier.WARNING.ordinal());
    old.writeBoolean(true);

    DataInputDeserializer bytes = new DataInputDeserializer(old.getCopyOfBuffer());
    NodeInput input = NodeInput.read(bytes);

    assertThat(input)
        .isEqualTo(
            NodeInput.disk(
                "node/n-0001", new DiskShare("S1", 42, 0.25, 7, 61, Tier.WARNING, true, "", 0)));
    assertThat(bytes.available()).as("bytes that are left over").isZero();
  }

  @Test
  void memories() throws Exception {
    DiskMemory memory = new DiskMemory(true, 42, Tier.WARNING, "n-0001", DiskState.fresh());
    memory.parked().add(TestingDisks.input(1, 1));
    memory.parked().add(TestingDisks.input(1, 2));

    DiskMemory back = through(DiskMemory.type(), memory);

    assertThat(back.known()).isTrue();
    assertThat(back.timerMillis()).isEqualTo(42);
    assertThat(back.tier()).isEqualTo(Tier.WARNING);
    assertThat(back.node()).isEqualTo("n-0001");
    assertThat(back.state()).isNotNull();
    assertThat(back.parked())
        .extracting(DiskInput::timeMillis)
        .containsExactly(TestingDisks.noonMillis(1), TestingDisks.noonMillis(2));

    DiskMemory empty = through(DiskMemory.type(), new DiskMemory());
    assertThat(empty.known()).isFalse();
    assertThat(empty.timerMillis()).isEqualTo(DiskMemory.NO_TIMER);
    assertThat(empty.state()).isNull();
    assertThat(empty.parkedCount()).isZero();
  }

  @Test
  void copyOfMemorySharesNothingThatCanChange() {
    DiskMemory memory = new DiskMemory(true, 42, Tier.HEALTHY, "n-0001", DiskState.fresh());
    memory.parked().add(TestingDisks.input(1, 1));

    DiskMemory copy = DiskMemoryType.serializer().copy(memory);
    memory.parked().clear();
    memory.timer(7);
    memory.node("other");

    assertThat(copy.state()).isNotNull().isNotSameAs(memory.state());
    assertThat(copy.parkedCount()).isEqualTo(1);
    assertThat(copy.timerMillis()).isEqualTo(42);
    assertThat(copy.node()).isEqualTo("n-0001");
  }

  @Test
  void memoryOfLaterReleaseIsRefusedWithWhatToDo() {
    DataInputDeserializer bytes = new DataInputDeserializer(new byte[] {9, 0, 0, 0, 0});

    assertThatThrownBy(() -> DiskMemoryType.serializer().deserialize(bytes))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("format 9 is unknown")
        .hasMessageContaining("newer");
  }

  @Test
  void updates() throws Exception {
    Risk risk = new Risk();
    risk.setEntity(new EntityRef(EntityKind.DISK, "d"));
    risk.setTier(io.forestall.schemas.Tier.WATCH);
    risk.setModes(List.of());
    RiskUpdate update = new RiskUpdate("disk/d", risk);

    assertThat(through(RiskUpdate.type(), update)).isEqualTo(update);
    RiskUpdate end = new RiskUpdate("disk/d", null);
    assertThat(through(RiskUpdate.type(), end)).isEqualTo(end);
  }

  @Test
  void models() throws Exception {
    ModelInput back = through(ModelInput.type(), new ModelInput("k", new byte[] {1, 2}, 3, 4));
    assertThat(back.key()).isEqualTo("k");
    assertThat(back.value()).containsExactly(1, 2);
    assertThat(back.partition()).isEqualTo(3);
    assertThat(back.offset()).isEqualTo(4);
    assertThat(through(ModelInput.type(), new ModelInput("k", null, 3, 4)).value()).isNull();
  }

  @Test
  void records() throws Exception {
    assertThat(through(AvroType.info(DeadLetter.class), letter())).isEqualTo(letter());
    TypeSerializer<DeadLetter> letters = AvroType.of(DeadLetter.class);
    assertThat(
            letters
                .snapshotConfiguration()
                .resolveSchemaCompatibility(letters.snapshotConfiguration())
                .isCompatibleAsIs())
        .isTrue();
    TypeSerializerSnapshot<?> other = AvroType.of(Event.class).snapshotConfiguration();
    @SuppressWarnings({"unchecked", "rawtypes"})
    boolean incompatible =
        ((TypeSerializerSnapshot) other)
            .resolveSchemaCompatibility(letters.snapshotConfiguration())
            .isIncompatible();
    assertThat(incompatible).isTrue();
  }

  private static DeadLetter letter() {
    return new DeadLetters("sense")
        .record("t", 1, 2, 3, DeadReason.TRUNCATED, "cut", new byte[] {1}, 1);
  }

  /** Out and in again, by a serializer that went through a snapshot and Java serialization. */
  private static <T> T through(TypeInformation<T> type, T value) throws Exception {
    assertThat(InstantiationUtil.clone(type)).isEqualTo(type);
    TypeSerializer<T> serializer =
        InstantiationUtil.clone(type.createSerializer(new SerializerConfigImpl()));
    DataOutputSerializer snapshot = new DataOutputSerializer(64);
    TypeSerializerSnapshotSerializationUtil.writeSerializerSnapshot(
        snapshot, serializer.snapshotConfiguration());
    TypeSerializerSnapshot<T> restored =
        TypeSerializerSnapshotSerializationUtil.readSerializerSnapshot(
            new DataInputDeserializer(snapshot.getCopyOfBuffer()),
            TypesTest.class.getClassLoader());
    assertThat(
            serializer
                .snapshotConfiguration()
                .resolveSchemaCompatibility(restored)
                .isCompatibleAsIs())
        .isTrue();

    DataOutputSerializer out = new DataOutputSerializer(64);
    serializer.serialize(value, out);
    DataInputDeserializer in = new DataInputDeserializer(out.getCopyOfBuffer());
    T back = restored.restoreSerializer().deserialize(in);
    assertThat(in.available()).as("bytes left over").isZero();

    DataOutputSerializer copied = new DataOutputSerializer(64);
    serializer.duplicate().copy(new DataInputDeserializer(out.getCopyOfBuffer()), copied);
    assertThat(copied.getCopyOfBuffer()).isEqualTo(out.getCopyOfBuffer());
    return back;
  }
}
