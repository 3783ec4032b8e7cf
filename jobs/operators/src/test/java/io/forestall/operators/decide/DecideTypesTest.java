package io.forestall.operators.decide;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.NodeTraits;
import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaInput;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.decisions.guard.Proposal;
import io.forestall.decisions.incident.Incident;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.shadow.ShadowStanding;
import io.forestall.risk.Tier;
import io.forestall.schemas.DeadReason;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.DeadLetters;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.serialization.SerializerConfigImpl;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.junit.jupiter.api.Test;

/** One test for each type of the decide job that crosses an edge or lies in state. */
class DecideTypesTest {

  private static final long NOW = 1_767_225_600_000L;
  private static final Subject NODE = Subject.node("n-1");
  private static final Subject OTHER = Subject.node("n-9");
  private static final NodeTraits TRAITS = new NodeTraits("ST4000", "SC60", "a", 1.5, 12L);

  @Test
  void everySortOfInputComesBackAsItWent() throws Exception {
    Place place = new Place("n-1", "r", "z", "local", "p1");
    FleetMember head =
        new FleetMember(new Subject(Subject.Kind.HEAD, "h"), place, "", "M", 5L, true);
    List<DecideInput> inputs =
        List.of(
            new DecideInput.Dead(
                new DeadLetters("decide")
                    .record("t", 1, 2, NOW, DeadReason.OTHER, "why", new byte[] {1}, 0)),
            new DecideInput.MemberRead(NODE, null, null, 0),
            new DecideInput.MemberRead(head.subject(), head, 7L, 2),
            new DecideInput.MemberRead(NODE, null, 7L, 2, TRAITS),
            new DecideInput.RiskRead(NODE, null),
            new DecideInput.RiskRead(NODE, risk()),
            new DecideInput.ZoneRead("z", null, null),
            new DecideInput.ZoneRead("z", "p1", List.of(NODE)),
            new DecideInput.ModelRead("m", 3, NOW, null),
            new DecideInput.ModelRead("m", 4, NOW, "often wrong"),
            new DecideInput.SliceRead("v/0", "p1", List.of(unit())),
            new DecideInput.ActRead("a", Admission.State.GIVEN_BACK, "text"),
            new DecideInput.AdmissionSeen("a", "p1", true),
            pool(new GuardInput.IncidentChanged(incident())),
            pool(new GuardInput.Proposed(proposal())),
            pool(new GuardInput.MemberChanged(head, null)),
            pool(new GuardInput.MemberChanged(head, 7L, 2, TRAITS)),
            pool(new GuardInput.MemberLeft(NODE)),
            pool(risk()),
            pool(new GuardInput.ZoneChanged("z", List.of())),
            pool(unit()),
            pool(
                new GuardInput.UnitChanged(
                    "u-1",
                    "v",
                    NODE,
                    4,
                    List.of(NODE, OTHER),
                    2,
                    100,
                    List.of(OTHER),
                    List.of(NODE),
                    true)),
            pool(new GuardInput.UnitLeft("u-1")),
            pool(new GuardInput.AdmissionRead(admission())),
            pool(new GuardInput.ActEnded("a", Admission.State.DONE, "text")),
            pool(new GuardInput.ModelPublished("m", 3, NOW)),
            pool(new GuardInput.ModelPublished("m", 4, NOW, "often wrong")),
            new DecideInput.MapRead("v/0", null),
            new DecideInput.MapRead("v/0", slice()),
            new DecideInput.ForSaga(
                "p1",
                new SagaInput.AdmissionRead(admission()),
                new AdmissionRecords().unsigned(admission())),
            saga(new SagaInput.Acked(ack())),
            saga(new SagaInput.OwnershipRead(77, entry(Authority.VALID))),
            saga(new SagaInput.OwnershipRead(78, entry(Authority.UNKNOWN_KEY))),
            saga(new SagaInput.MapRead(slice())),
            saga(new SagaInput.SliceLeft("v", 3)),
            saga(new SagaInput.NodeDescribed(NODE, 2, null)),
            saga(new SagaInput.NodeDescribed(NODE, 1, 7L)),
            saga(new SagaInput.NodeRisk(NODE, true)),
            saga(
                new SagaInput.ShadowStood(
                    new ShadowStanding(
                        "u-1",
                        "v",
                        "p1",
                        OTHER,
                        NODE,
                        "CATCHING_UP",
                        4,
                        9,
                        8,
                        1,
                        100,
                        5,
                        70,
                        7L,
                        2,
                        3,
                        11L,
                        1,
                        "It lags.",
                        NOW))),
            saga(new SagaInput.NodeLeft(NODE)));
    for (DecideInput input : inputs) {
      assertThat(through(DecideInput.type(), input)).isEqualTo(input);
    }
    DecideInput.PolicyRead policy = new DecideInput.PolicyRead("k", new byte[] {1, 2}, 0, 9);
    DecideInput.PolicyRead back =
        (DecideInput.PolicyRead) through(DecideInput.type(), (DecideInput) policy);
    assertThat(back.value()).containsExactly(1, 2);
    assertThat(back.offset()).isEqualTo(9);
    assertThat(
            ((DecideInput.PolicyRead)
                    through(
                        DecideInput.type(),
                        (DecideInput) new DecideInput.PolicyRead("k", null, 0, 9)))
                .value())
        .isNull();
  }

  @Test
  void memoriesAndWordsComeBackAsTheyWent() throws Exception {
    for (EntityMemory memory :
        List.of(
            EntityMemory.NOTHING,
            new EntityMemory("p1", 77, risk(), true, 0),
            new EntityMemory(null, 0, risk(), false, NOW))) {
      assertThat(through(EntityMemory.type(), memory)).isEqualTo(memory);
    }
    for (ActFunction.Memory memory :
        List.of(
            new ActFunction.Memory("p1", null, 0),
            new ActFunction.Memory(
                null, new DecideInput.ActRead("a", Admission.State.DONE, "t"), NOW))) {
      assertThat(through(ActFunction.Memory.type(), memory)).isEqualTo(memory);
    }
    Said said = new Said(Said.Topic.POLICIES, Policies.mark("me", "p1", NOW));
    assertThat(through(Said.type(), said)).isEqualTo(said);
  }

  /** What the second format wrote is read: nobody knew of shadows. */
  @Test
  void inputOfTheSecondFormatIsRead() throws Exception {
    DataOutputSerializer out = new DataOutputSerializer(64);
    out.writeByte(2);
    out.writeByte(26);
    out.writeUTF("p1");
    out.writeUTF("u-1");
    out.writeUTF("v");
    DecideInputFormat.writeSubject(NODE, out);
    out.writeLong(4);
    DecideInputFormat.writeSubjects(List.of(NODE), out);
    out.writeInt(2);
    out.writeLong(100);
    assertThat(DecideInput.read(new DataInputDeserializer(out.getCopyOfBuffer())))
        .isEqualTo(pool(unit()));
  }

  /** What the release before wrote is read: members had no level. */
  @Test
  void inputOfTheFirstFormatIsRead() throws Exception {
    DataOutputSerializer out = new DataOutputSerializer(64);
    out.writeByte(1);
    out.writeByte(1);
    out.writeByte(NODE.kind().ordinal());
    out.writeUTF(NODE.id());
    out.writeBoolean(false);
    out.writeBoolean(true);
    out.writeLong(7);
    assertThat(DecideInput.read(new DataInputDeserializer(out.getCopyOfBuffer())))
        .isEqualTo(new DecideInput.MemberRead(NODE, null, 7L, 0));
  }

  private static DecideInput saga(SagaInput input) {
    return new DecideInput.ForSaga("p1", input, null);
  }

  static OwnershipEntry entry(Authority authority) {
    return new OwnershipEntry(
        "p1",
        OwnershipEntry.Kind.TAKEOVER,
        List.of(new Proposal.UnitStep("u-1", 3, 4)),
        Subject.node("n-2"),
        5,
        admission(),
        authority,
        "n-2",
        NOW);
  }

  static CommandAck ack() {
    return new CommandAck(
        "a-1/2/0/node/n-2",
        Subject.node("n-2"),
        NODE,
        "p1",
        CommandAck.Status.REFUSED,
        CommandAck.Code.WRONG_EPOCH,
        "the unit has epoch 5",
        true,
        "u-1",
        5L,
        17L,
        -3,
        78L,
        9L,
        Map.of("lag-deltas", 4.0),
        3,
        12,
        NOW);
  }

  static SagaInput.MapSlice slice() {
    return new SagaInput.MapSlice(
        "v",
        "p1",
        0,
        1,
        4,
        78,
        1L << 20,
        1L << 20,
        4096,
        2,
        List.of(
            new SagaInput.MapSegment(
                "v/0",
                0,
                NODE,
                4,
                List.of(new SagaInput.MapCopy(Subject.node("n-2"), "REPLICA", "IN_SYNC", -1)))),
        NOW);
  }

  private static DecideInput pool(GuardInput input) {
    return new DecideInput.ForPool("p1", input);
  }

  private static GuardInput.RiskChanged risk() {
    return new GuardInput.RiskChanged(
        NODE, Tier.WARNING, 61.5, 0.25, 3_600_000, 0.75, false, NOW, "m", 3);
  }

  private static GuardInput.UnitChanged unit() {
    return new GuardInput.UnitChanged("u-1", "v", NODE, 4, List.of(NODE), 2, 100);
  }

  private static Incident incident() {
    return new Incident(
        "i-1",
        2,
        Incident.State.UPDATED,
        Severity.ERROR,
        "summary",
        NODE,
        null,
        true,
        0.9,
        1000,
        ActKind.MIGRATE,
        null,
        "rule",
        1,
        "node/n-1",
        List.of(new Incident.Suspect(NODE, 0.5, "why")),
        List.of(NODE),
        List.of(new Incident.Original("e", "disk.failed", Subject.disk("d"), NOW, false)),
        7,
        NOW,
        NOW + 1,
        null,
        "i-0",
        Map.of("a", "b"));
  }

  static Proposal proposal() {
    return new Proposal(
        "p-1",
        ActKind.MIGRATE,
        NODE,
        "p1",
        null,
        List.of(new Proposal.UnitStep("u-1", 3, 4)),
        NODE,
        null,
        List.of(),
        "other",
        "because",
        List.of(),
        null,
        null,
        null,
        null,
        null,
        0.5,
        1,
        0.9,
        100,
        10,
        2,
        NOW,
        NOW + 1000,
        Proposal.LIVE,
        Map.of());
  }

  static Admission admission() {
    return new Admission(
        "a-1",
        1,
        Admission.State.ADMITTED,
        "p-1",
        ActKind.MIGRATE,
        NODE,
        "p1",
        null,
        true,
        List.of(new Proposal.UnitStep("u-1", 3, 4)),
        NODE,
        Subject.node("n-2"),
        List.of(new Admission.Share("pool/p1", 1, 3)),
        7,
        NOW,
        NOW,
        NOW + 1000,
        NOW,
        "a sentence",
        Map.of("rate", "1"));
  }

  private static <T> T through(TypeInformation<T> type, T value) throws Exception {
    TypeSerializer<T> serializer = type.createSerializer(new SerializerConfigImpl());
    DataOutputSerializer out = new DataOutputSerializer(64);
    serializer.serialize(value, out);
    return serializer.deserialize(new DataInputDeserializer(out.getCopyOfBuffer()));
  }
}
