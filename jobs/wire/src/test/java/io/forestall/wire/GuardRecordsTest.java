package io.forestall.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.DecisionCode;
import io.forestall.decisions.guard.GuardDecision;
import io.forestall.decisions.guard.GuardResult;
import io.forestall.decisions.guard.Proposal;
import io.forestall.schemas.ActMode;
import io.forestall.schemas.Copy;
import io.forestall.schemas.CopyRole;
import io.forestall.schemas.CopyState;
import io.forestall.schemas.Decision;
import io.forestall.schemas.DecisionOutcome;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.SegmentEntry;
import io.forestall.schemas.UnitEpoch;
import io.forestall.schemas.VolumeMap;
import io.forestall.schemas.WriteMode;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class GuardRecordsTest {

  private static final long NOW = 1_767_225_600_000L;

  @Test
  void constantsOfTheNounsAreThoseOfTheContract() {
    assertThat(names(ActKind.values())).isEqualTo(names(io.forestall.schemas.ActKind.values()));
    assertThat(names(DecisionCode.values()))
        .isEqualTo(names(io.forestall.schemas.DecisionCode.values()));
    assertThat(names(DecisionOutcome.values())).containsAll(names(GuardDecision.Outcome.values()));
    assertThat(names(io.forestall.schemas.AdmissionState.values()))
        .containsAll(names(io.forestall.decisions.guard.Admission.State.values()));
  }

  private static List<String> names(Enum<?>[] constants) {
    return Arrays.stream(constants).map(Enum::name).toList();
  }

  @Test
  void proposalComesBackAsItWent() throws Exception {
    Proposal proposal = proposal();
    AvroCodec<io.forestall.schemas.Proposal> codec =
        AvroCodec.of(io.forestall.schemas.Proposal.class);
    assertThat(GuardRecords.proposal(codec.decode(codec.encode(GuardRecords.of(proposal)))))
        .isEqualTo(proposal);
  }

  @Test
  void proposalThatMakesNoSenseIsRefusedWithItsField() {
    refused("probability", record -> record.setProbability(1.5));
    refused("probability", record -> record.setProbability(Double.NaN));
    refused("confidence", record -> record.setConfidence(-0.1));
    refused("costBytes", record -> record.setCostBytes(-1));
    refused("expiresMillis", record -> record.setExpiresMillis(record.getTimeMillis()));
    refused("timeMillis", record -> record.setTimeMillis(0));
    refused("pool", record -> record.setPool(" "));
    refused("id", record -> record.setId("x".repeat(300)));
    refused("subject", record -> record.setSubject(new EntityRef(EntityKind.UNKNOWN, "x")));
    refused("newEpoch", record -> record.setUnits(List.of(new UnitEpoch("u", 3L, 3L))));
    refused("reason", record -> record.setReason("x".repeat(5000)));
  }

  private static void refused(String field, Consumer<io.forestall.schemas.Proposal> lie) {
    io.forestall.schemas.Proposal record = GuardRecords.of(proposal());
    lie.accept(record);
    assertThatThrownBy(() -> GuardRecords.proposal(record))
        .as(field)
        .isInstanceOf(WireException.class)
        .hasMessageContaining(field);
  }

  @Test
  void decisionCarriesAllThatItStoodOn() throws Exception {
    Proposal proposal = proposal();
    Decision record =
        GuardRecords.of(
            new GuardDecision(
                "d-1",
                proposal,
                GuardDecision.Outcome.REFUSED,
                DecisionCode.BUDGET_SPENT,
                "no budget",
                List.of(
                    new GuardResult("mode", true, DecisionCode.OK, null, null, "acting"),
                    new GuardResult("budget", false, DecisionCode.BUDGET_SPENT, 3.0, 2.0, "spent"),
                    new GuardResult(
                        "odd", true, DecisionCode.OK, Double.NaN, Double.POSITIVE_INFINITY, "")),
                "a-9",
                null,
                42,
                true,
                "ops",
                17,
                NOW));
    AvroCodec<Decision> codec = AvroCodec.of(Decision.class);
    Decision read = codec.decode(codec.encode(record));
    assertThat(read.getProposal()).isEqualTo(proposal.id());
    assertThat(read.getIncident()).isEqualTo("i-1");
    assertThat(read.getInputs()).hasSize(1);
    assertThat(read.getMode()).isEqualTo(ActMode.ACT);
    assertThat(read.getLockOwner()).isEqualTo("a-9");
    assertThat(read.getPolicyVersion()).isEqualTo(42);
    assertThat(read.getLagMillis()).isEqualTo(17);
    assertThat(read.getGuards())
        .extracting(guard -> guard.getGuard() + " " + guard.getObserved() + " " + guard.getLimit())
        .as("what is no number is left out, so that SQL can compute with the rest")
        .containsExactly("mode null null", "budget 3.0 2.0", "odd null null");
  }

  @Test
  void copiesOfAUnitAreItsOwnerAndWhatIsInSync() throws Exception {
    VolumeMap map = map();
    List<GuardRecords.UnitCopies> units = GuardRecords.units(map);
    assertThat(units).hasSize(2);
    assertThat(units.get(0).copies())
        .as("not the copying one, not the archive")
        .containsExactly(Subject.node("n-1"), Subject.node("n-2"), Subject.node("n-3"));
    assertThat(units).extracting(GuardRecords.UnitCopies::bytes).containsExactly(100L, 50L);
    assertThat(units.get(0).minReplicas()).isEqualTo(2);
    assertThat(units.get(0).shadows())
        .as("one that is on its way out is none")
        .containsExactly(Subject.node("n-3"), Subject.node("n-6"));
    assertThat(units.get(0).others())
        .extracting(Subject::id)
        .containsExactly("n-4", "n-5", "n-6", "n-7");
    assertThat(units.get(1).shadows()).isEmpty();

    map.getSegments().get(0).setEpoch(-1L);
    assertThatThrownBy(() -> GuardRecords.units(map)).hasMessageContaining("epoch of u-0");
  }

  private static VolumeMap map() {
    VolumeMap map = new VolumeMap();
    map.setVolume("v");
    map.setPool("p1");
    map.setSlice(0);
    map.setSlices(1);
    map.setVolumeBytes(150);
    map.setSegmentBytes(100);
    map.setBlockBytes(4);
    map.setMinReplicas(2);
    map.setSegments(
        List.of(
            segment(
                0,
                copy("n-2", CopyRole.REPLICA, CopyState.IN_SYNC),
                copy("n-3", CopyRole.SHADOW, CopyState.IN_SYNC),
                copy("n-4", CopyRole.REPLICA, CopyState.COPYING),
                copy("n-5", CopyRole.ARCHIVE, CopyState.IN_SYNC),
                copy("n-6", CopyRole.SHADOW, CopyState.COPYING),
                copy("n-7", CopyRole.SHADOW, CopyState.RETIRING)),
            segment(1)));
    return map;
  }

  private static SegmentEntry segment(int index, Copy... copies) {
    SegmentEntry segment = new SegmentEntry();
    segment.setUnit("u-" + index);
    segment.setIndex(index);
    segment.setOwner(new EntityRef(EntityKind.NODE, "n-1"));
    segment.setEpoch(1L);
    segment.setWriteMode(WriteMode.SYNCHRONOUS);
    segment.setCopies(List.of(copies));
    return segment;
  }

  private static Copy copy(String node, CopyRole role, CopyState state) {
    return new Copy(new EntityRef(EntityKind.NODE, node), role, state, 0L);
  }

  static Proposal proposal() {
    return new Proposal(
        "p-1",
        ActKind.MIGRATE,
        Subject.disk("d-1"),
        "p1",
        "z-1",
        List.of(new Proposal.UnitStep("u-1", 3, 4)),
        Subject.node("n-1"),
        Subject.node("n-2"),
        List.of(
            new Proposal.Candidate(Subject.node("n-2"), 3, null, "free"),
            new Proposal.Candidate(Subject.node("n-3"), 1, DecisionCode.TARGET_FULL, "full")),
        "guard",
        "because",
        List.of(new Proposal.InputValue("probability", 0.5, "even")),
        "i-1",
        "rule",
        3,
        "disk-lstm",
        1,
        0.5,
        3_600_000,
        0.9,
        100,
        10,
        2,
        NOW,
        NOW + 1000,
        Proposal.LIVE,
        Map.of("rate", "1"));
  }
}
