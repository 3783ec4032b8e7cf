package io.forestall.decisions.ownership;

import static io.forestall.decisions.ownership.Cast.STEP;
import static io.forestall.decisions.ownership.Cast.UNIT;
import static io.forestall.decisions.ownership.Cast.admission;
import static io.forestall.decisions.ownership.Cast.command;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.CommandAck.Code;
import io.forestall.decisions.failover.CommandAck.Status;
import io.forestall.decisions.failover.SagaValues;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a node does when it is told to keep shadows, or to let them go: n-1 owns {@code v/0}. */
class ShadowCommandsTest {

  private static final HeldShadow IN_SYNC = new HeldShadow(HeldShadow.State.IN_SYNC, "in sync");
  private static final HeldShadow BEHIND = new HeldShadow(HeldShadow.State.BEHIND, "behind");
  private static final HeldShadow STOPPED = new HeldShadow(HeldShadow.State.STOPPED, "no room");

  private final List<OwnershipEntry> ownership = new ArrayList<>();
  private final List<Delta> deltas = new ArrayList<>();
  private final TestingNode one = new TestingNode("n-1", 1, ownership, deltas);
  private final TestingNode two = new TestingNode("n-2", 1, ownership, deltas);

  @BeforeEach
  void start() {
    one.protocol.follow(UNIT, true, new DeltaFold(), 0, 0);
    one.settle(0);
    two.settle(0);
  }

  @Test
  void aShadowThatTheMapAskedForIsHere() {
    assertThat(tell(create("c"), Map.of(UNIT.unit(), BEHIND)).status()).isEqualTo(Status.DONE);
    assertThat(tell(create("c"), Map.of(UNIT.unit(), BEHIND)).duplicate())
        .as("said again to whoever asks again")
        .isTrue();
  }

  @Test
  void aCopyThatFollowsTheLogIsOneToo() {
    two.protocol.follow(UNIT, new DeltaFold(), 0, 0);

    assertThat(tell(create("c"), Map.of()).status()).isEqualTo(Status.DONE);
  }

  @Test
  void untilTheMapIsReadItHasToBeAskedAgain() {
    assertRefused(create("c"), Map.of(), Code.BUSY);
    assertThat(tell(create("c"), Map.of(UNIT.unit(), BEHIND)).status())
        .as("a refusal is not remembered")
        .isEqualTo(Status.DONE);
  }

  @Test
  void aShadowThatHasNoRoomIsRefused() {
    assertRefused(create("c"), Map.of(UNIT.unit(), STOPPED), Code.NO_SPACE);
  }

  @ParameterizedTest
  @EnumSource(
      value = ActKind.class,
      names = {"FAILOVER", "SWITCHOVER", "PREFETCH", "RETIRE_SHADOW"})
  void onlyAnAdmissionForAShadowBuildsOne(ActKind act) {
    assertRefused(
        command("c", Command.Kind.CREATE_SHADOW, "n-2", act(act)),
        Map.of(UNIT.unit(), BEHIND),
        Code.NO_ADMISSION);
  }

  @ParameterizedTest
  @EnumSource(
      value = Command.Kind.class,
      names = {"PREPARE", "PROMOTE"})
  void anAdmissionForAShadowGivesNobodyAUnit(Command.Kind kind) {
    assertRefused(command("c", kind, "n-2", act(ActKind.SHADOW)), Map.of(), Code.NO_ADMISSION);
    assertThat(two.ownershipAppends).isEmpty();
  }

  @Test
  void whatIsLetGoIsLetGoOnce() {
    assertThat(tell(retire("r"), Map.of(UNIT.unit(), BEHIND)).status()).isEqualTo(Status.DONE);
    assertThat(two.gone).containsExactly(UNIT.unit());
    assertThat(tell(retire("r"), Map.of()).duplicate()).isTrue();
    assertThat(two.gone).hasSize(1);
  }

  @Test
  void onlyTheKeeperLetsGo() {
    one.protocol.command(
        command("r", Command.Kind.RETIRE_SHADOW, "n-1", act(ActKind.SHADOW)),
        Authority.VALID,
        10,
        10);

    assertThat(one.takeAcks()).extracting(CommandAck::code).containsExactly(Code.NO_ADMISSION);
    assertThat(one.gone).isEmpty();
  }

  @Test
  void whoOwnsItByNowKeepsIt() {
    two.protocol.follow(UNIT, new DeltaFold(), 0, 0);
    two.protocol.command(
        command("c", Command.Kind.PROMOTE, "n-2", admission("a", STEP)), Authority.VALID, 10, 10);
    two.flush();
    two.takeAcks();
    assertRefused(retire("r"), Map.of(), Code.BUSY);
    two.settle(10);
    two.takeAcks();

    assertRefused(retire("r"), Map.of(), Code.WRONG_EPOCH);
    assertThat(two.gone).isEmpty();
  }

  @Test
  void aTakeoverOnItsWayIntoTheLogKeepsItToo() {
    two.protocol.follow(UNIT, new DeltaFold(), 0, 0);
    assertThat(two.protocol.isTakingOver(UNIT.unit())).isFalse();
    two.protocol.command(
        command("c", Command.Kind.PROMOTE, "n-2", admission("a", STEP)), Authority.VALID, 10, 10);
    two.takeAcks();

    assertThat(two.protocol.isTakingOver(UNIT.unit())).isTrue();
    assertRefused(retire("r"), Map.of(), Code.BUSY);
  }

  @Test
  void whoHasNotReadWhoOwnsItCannotSayThatItIsNotIts() {
    TestingNode late = new TestingNode("n-2", 2, ownership, deltas);
    late.protocol.follow(UNIT, new DeltaFold(), 0, 0);
    late.protocol.command(retire("r"), Authority.VALID, Map.of(), 10, 10);

    assertThat(late.takeAcks()).extracting(CommandAck::code).containsExactly(Code.BUSY);
    assertThat(late.gone).isEmpty();
  }

  @Test
  void oneUnitThatMustStayKeepsAllOfTheOrder() {
    UnitSpec other = new UnitSpec("v/1", "v", "p", 1 << 20, 4096);
    two.protocol.follow(UNIT, new DeltaFold(), 0, 0);
    two.protocol.command(
        command("c", Command.Kind.PROMOTE, "n-2", admission("a", STEP)), Authority.VALID, 10, 10);
    two.settle(10);
    two.takeAcks();
    Admission both = act(ActKind.SHADOW, new UnitStep(other.unit(), 1, 2), STEP);

    assertRefused(
        command("r", Command.Kind.RETIRE_SHADOW, "n-2", both),
        Map.of(other.unit(), IN_SYNC),
        Code.WRONG_EPOCH);
    assertThat(two.gone).isEmpty();
  }

  @Test
  void aHaltHoldsBoth() {
    two.protocol.halted(true, 10);

    assertRefused(create("c"), Map.of(UNIT.unit(), BEHIND), Code.HALTED);
    assertRefused(retire("r"), Map.of(UNIT.unit(), BEHIND), Code.HALTED);
  }

  @ParameterizedTest
  @EnumSource(HeldShadow.State.class)
  void aProbeCountsAShadowThatCanTakeOver(HeldShadow.State state) {
    two.protocol.lag(3, 5_000);
    CommandAck answer =
        tell(
            command("p", Command.Kind.PROBE, "n-2", null),
            Map.of(UNIT.unit(), new HeldShadow(state, "")));

    assertThat(answer.values())
        .containsEntry(SagaValues.UNITS_HELD, state == HeldShadow.State.IN_SYNC ? 1.0 : 0.0)
        .containsEntry(SagaValues.LAG_BYTES, 5_000.0);
  }

  private static Command create(String id) {
    return command(id, Command.Kind.CREATE_SHADOW, "n-2", act(ActKind.SHADOW));
  }

  private static Command retire(String id) {
    return command(id, Command.Kind.RETIRE_SHADOW, "n-2", act(ActKind.SHADOW));
  }

  private static Admission act(ActKind act, UnitStep... steps) {
    return admission(
        "s-" + act,
        Admission.State.ADMITTED,
        act,
        steps.length == 0 ? new UnitStep[] {STEP} : steps);
  }

  private CommandAck tell(Command command, Map<String, HeldShadow> shadows) {
    Authority authority = command.admission() == null ? Authority.NONE : Authority.VALID;
    two.protocol.command(command, authority, shadows, 10, 10);
    List<CommandAck> acks = two.takeAcks();
    assertThat(acks).hasSize(1);
    return acks.get(0);
  }

  private void assertRefused(Command command, Map<String, HeldShadow> shadows, Code code) {
    CommandAck ack = tell(command, shadows);
    assertThat(ack.status()).as("%s", ack.text()).isEqualTo(Status.REFUSED);
    assertThat(ack.code()).as("%s", ack.text()).isEqualTo(code);
  }
}
