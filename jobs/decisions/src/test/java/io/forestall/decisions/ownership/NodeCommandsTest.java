package io.forestall.decisions.ownership;

import static io.forestall.decisions.ownership.Cast.EXPIRES;
import static io.forestall.decisions.ownership.Cast.STEP;
import static io.forestall.decisions.ownership.Cast.UNIT;
import static io.forestall.decisions.ownership.Cast.admission;
import static io.forestall.decisions.ownership.Cast.command;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.CommandAck.Code;
import io.forestall.decisions.failover.CommandAck.Status;
import io.forestall.decisions.failover.SagaValues;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.NodeProtocol.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a node does with commands: n-1 owns {@code v/0}, n-2 holds a copy. */
class NodeCommandsTest {

  private final List<OwnershipEntry> ownership = new ArrayList<>();
  private final List<Delta> deltas = new ArrayList<>();
  private final TestingNode one = new TestingNode("n-1", 1, ownership, deltas);
  private final TestingNode two = new TestingNode("n-2", 1, ownership, deltas);

  @BeforeEach
  void start() {
    two.protocol.follow(UNIT, new DeltaFold(), 0, 0);
    one.protocol.follow(UNIT, true, new DeltaFold(), 0, 0);
    one.settle(0);
    two.settle(0);
  }

  // ---- refusals, in the order in which they are looked for

  @ParameterizedTest
  @EnumSource(
      value = Command.Kind.class,
      names = {"UNKNOWN", "REDIRECT", "DRAIN", "LEAVE", "RETURN"})
  void whatIsNotForANodeOfLevelTwoIsUnsupported(Command.Kind kind) {
    two.protocol.command(command("c", kind, "n-2", admission("a", STEP)), Authority.FORGED, 10, 10);

    assertRefused(Code.UNSUPPORTED);
  }

  @Test
  void whatIsMeantForAnotherIsRefused() {
    two.protocol.command(promote("n-3", admission("a", STEP)), Authority.VALID, 10, 10);

    assertRefused(Code.NOT_OWNER);
  }

  @Test
  void aChangeNeedsASignedAdmission() {
    two.protocol.command(promote("n-2", null), Authority.NONE, 10, 10);
    assertRefused(Code.NO_ADMISSION);
    two.protocol.command(promote("n-2", admission("a", STEP)), Authority.NONE, 10, 10);
    assertRefused(Code.NO_ADMISSION);
    two.protocol.command(promote("n-2", admission("a", STEP)), Authority.FORGED, 10, 10);
    assertRefused(Code.BAD_SIGNATURE);
    two.protocol.command(promote("n-2", null), Authority.FORGED, 10, 10);
    assertRefused(Code.BAD_SIGNATURE);
    two.protocol.command(promote("n-2", admission("a", STEP)), Authority.UNKNOWN_KEY, 10, 10);
    assertRefused(Code.UNKNOWN_KEY);

    assertThat(two.protocol.refusals())
        .containsEntry(Code.NO_ADMISSION, 2L)
        .containsEntry(Code.BAD_SIGNATURE, 2L)
        .containsEntry(Code.UNKNOWN_KEY, 1L);
  }

  @Test
  void theAdmissionMustCoverTheCommand() {
    Admission good = admission("a", STEP);
    Map<String, Command> uncovered =
        Map.of(
            "an act that ended",
            promote("n-2", admission("a", Admission.State.CANCELLED, ActKind.FAILOVER, STEP)),
            "an act that changes no owner",
            promote("n-2", admission("a", Admission.State.ADMITTED, ActKind.PREFETCH, STEP)),
            "a step that was not admitted",
            command(
                "c",
                Command.Kind.PROMOTE,
                "n-2",
                good,
                List.of(new UnitStep("v/0", 1, 3)),
                Map.of()),
            "no units",
            command("c", Command.Kind.PROMOTE, "n-2", good, List.of(), Map.of()),
            "a target that is to be the source",
            command("c", Command.Kind.DEMOTE, "n-2", good));
    uncovered.forEach(
        (what, each) -> {
          two.protocol.command(each, Authority.VALID, 10, 10);
          assertThat(two.takeAcks())
              .as(what)
              .singleElement()
              .extracting(CommandAck::code)
              .isEqualTo(Code.NO_ADMISSION);
        });
    one.protocol.command(command("c", Command.Kind.PROMOTE, "n-1", good), Authority.VALID, 10, 10);
    assertThat(one.takeAcks()).extracting(CommandAck::code).containsExactly(Code.NO_ADMISSION);
    assertThat(two.ownershipAppends).isEmpty();
  }

  @Test
  void theTimesOfCommandAndAdmissionHold() {
    two.protocol.command(promote("n-2", admission("a", STEP)), Authority.VALID, 4, 4);
    assertRefused(Code.TOO_EARLY);
    two.protocol.command(
        promote("n-2", admission("a", STEP)), Authority.VALID, EXPIRES + 1, EXPIRES + 1);
    assertRefused(Code.EXPIRED);
  }

  @Test
  void aHaltHoldsUntilItIsLifted() {
    two.protocol.halted(true, 10);
    two.protocol.command(promote("n-2", admission("a", STEP)), Authority.VALID, 10, 10);
    assertRefused(Code.HALTED);
    two.protocol.halted(false, 11);
    two.protocol.command(promote("n-2", admission("a", STEP)), Authority.VALID, 11, 11);

    assertThat(two.takeAcks()).extracting(CommandAck::status).containsExactly(Status.RECEIVED);
  }

  @Test
  void aCopyMustBeThereSoundAndWithRoom() {
    UnitStep other = new UnitStep("v/1", 1, 2);
    two.protocol.command(promote("n-2", admission("a", other)), Authority.VALID, 10, 10);
    assertRefused(Code.NOT_OWNER);
    two.protocol.storage(0, true);
    two.protocol.command(promote("n-2", admission("a", STEP)), Authority.VALID, 10, 10);
    assertRefused(Code.NO_SPACE);
    two.protocol.storage(1 << 20, false);
    two.protocol.applyFailed("v/0", 10);
    two.protocol.command(promote("n-2", admission("a", STEP)), Authority.VALID, 10, 10);
    assertRefused(Code.IO_ERROR);
  }

  @Test
  void anEpochThatIsOverIsRefused() {
    ownership.add(Cast.entry(OwnershipEntry.Kind.MODE, "n-1", 1, STEP));
    two.settle(10);
    two.protocol.command(promote("n-2", admission("a", STEP)), Authority.VALID, 10, 10);

    assertRefused(Code.WRONG_EPOCH);
  }

  // ---- once

  @Test
  void whatWasDoneIsAnsweredAgainAndNotDoneAgain() {
    Command promote = promote("n-2", admission("a", STEP));
    two.protocol.command(promote, Authority.VALID, 10, 10);
    two.protocol.command(promote, Authority.VALID, 11, 11);
    assertThat(two.takeAcks())
        .extracting(CommandAck::status, CommandAck::duplicate)
        .containsExactly(tuple(Status.RECEIVED, false), tuple(Status.RECEIVED, true));
    two.settle(20);
    one.settle(20);
    two.settle(21);
    two.takeAcks();
    two.protocol.command(promote, Authority.VALID, EXPIRES + 5, EXPIRES + 5);

    assertThat(two.takeAcks())
        .singleElement()
        .satisfies(
            ack -> {
              assertThat(ack.status()).isEqualTo(Status.DONE);
              assertThat(ack.duplicate()).isTrue();
            });
    assertThat(ownership)
        .filteredOn(entry -> entry.kind() == OwnershipEntry.Kind.TAKEOVER)
        .hasSize(1);
    assertThat(two.remembered).extracting(CommandAck::status).containsExactly(Status.DONE);
  }

  @Test
  void aRestartRemembersWhatWasDone() {
    Command prepare = command("c", Command.Kind.PREPARE, "n-2", admission("a", STEP));
    two.protocol.command(prepare, Authority.VALID, 10, 10);
    TestingNode again = new TestingNode("n-2", 2, ownership, deltas);
    two.remembered.forEach(each -> again.protocol.remembered(each, EXPIRES));
    again.protocol.command(prepare, Authority.VALID, 10, 10);

    assertThat(again.takeAcks())
        .singleElement()
        .satisfies(
            ack -> {
              assertThat(ack.duplicate()).isTrue();
              assertThat(ack.incarnation()).isEqualTo(2);
            });
    again.protocol.tick(EXPIRES, EXPIRES);
    again.protocol.tick(EXPIRES + 120_000, EXPIRES + 120_000);
    again.protocol.command(prepare, Authority.VALID, EXPIRES + 120_000, EXPIRES + 120_000);
    assertThat(again.takeAcks()).extracting(CommandAck::code).containsExactly(Code.EXPIRED);
  }

  // ---- past the fence

  @Test
  void pastTheFenceNoBrakeStopsIt() {
    two.protocol.command(promote("n-2", admission("a", STEP)), Authority.VALID, 10, 10);
    two.flush();
    two.readOwnership(11);
    two.takeAcks();
    two.protocol.halted(true, 12);
    two.protocol.command(
        command("cancel", Command.Kind.CANCEL, "n-2", admission("a", STEP)),
        Authority.VALID,
        12,
        12);
    assertRefused(Code.WRONG_EPOCH);
    two.protocol.command(
        command("again", Command.Kind.PROMOTE, "n-2", admission("a", STEP)),
        Authority.VALID,
        EXPIRES + 1,
        EXPIRES + 1);
    two.settle(EXPIRES + 2);

    assertThat(two.role("v/0")).isEqualTo(Role.SERVING);
    assertThat(two.takeAcks())
        .extracting(CommandAck::command, CommandAck::status)
        .contains(tuple("c", Status.DONE), tuple("again", Status.DONE));
  }

  @Test
  void aTargetThatRestartsPastItsFenceServes() {
    two.protocol.command(promote("n-2", admission("a", STEP)), Authority.VALID, 10, 10);
    two.flush();
    TestingNode again = new TestingNode("n-2", 2, ownership, deltas);
    again.protocol.follow(UNIT, new DeltaFold(), 0, 20);
    again.settle(20);
    again.settle(600);

    assertThat(again.role("v/0")).isEqualTo(Role.SERVING);
    assertThat(again.protocol.owned("v/0")).satisfies(o -> assertThat(o.epoch()).isEqualTo(3));
  }

  // ---- cancel

  @Test
  void whatWasCancelledIsNeverBegunAlsoAfterARestart() {
    two.protocol.command(
        command("cancel", Command.Kind.CANCEL, "n-2", admission("a", STEP)),
        Authority.VALID,
        10,
        10);
    assertThat(two.takeAcks()).extracting(CommandAck::status).containsExactly(Status.DONE);
    two.protocol.command(promote("n-2", admission("a", STEP)), Authority.VALID, 11, 11);
    assertRefused(Code.CANCELLED);
    TestingNode again = new TestingNode("n-2", 2, ownership, deltas);
    two.rememberedCancelled.forEach(again.protocol::rememberedCancelled);
    again.protocol.follow(UNIT, new DeltaFold(), 0, 20);
    again.protocol.command(promote("n-2", admission("a", STEP)), Authority.VALID, 20, 20);

    assertThat(again.takeAcks()).extracting(CommandAck::code).containsExactly(Code.CANCELLED);
    assertThat(again.ownershipAppends).isEmpty();
  }

  /** The record may be in the log already, or come there late: nobody may say it is cancelled. */
  @Test
  void aTakeoverOnItsWayIsNotCalledCancelled() {
    two.protocol.command(promote("n-2", admission("a", STEP)), Authority.VALID, 10, 10);
    two.takeAcks();
    Command cancel = command("cancel", Command.Kind.CANCEL, "n-2", admission("a", STEP));
    two.protocol.command(cancel, Authority.VALID, 11, 11);
    assertRefused(Code.BUSY);
    OwnershipEntry late = two.ownershipAppends.remove(0);
    two.protocol.ownershipAppendFailed(late, 12);
    two.settle(200);
    assertThat(two.takeAcks())
        .extracting(CommandAck::status, CommandAck::code)
        .containsExactly(tuple(Status.FAILED, Code.TOO_SLOW));
    two.protocol.command(cancel, Authority.VALID, 201, 201);
    assertRefused(Code.BUSY);
    ownership.add(late);
    two.settle(202);
    two.settle(1_000);

    assertThat(two.role("v/0")).as("the log has the last word").isEqualTo(Role.SERVING);
  }

  /** Whoever writes into topics can put a node's name on a record, and not the guard's hand. */
  @Test
  void aForgedRecordInItsNameDoesNotTakeTheOwnOneOffItsWay() {
    two.protocol.command(promote("n-2", admission("a", STEP)), Authority.VALID, 10, 10);
    two.takeAcks();
    OwnershipEntry own = two.ownershipAppends.remove(0);
    ownership.add(forged(own, own.steps()));
    ownership.add(forged(own, List.of(new UnitStep("v/1", 1, 2))));
    two.readOwnership(11);
    two.protocol.command(
        command("cancel", Command.Kind.CANCEL, "n-2", admission("a", STEP)),
        Authority.VALID,
        12,
        12);
    assertRefused(Code.BUSY);
    ownership.add(own);
    two.settle(13);
    two.settle(1_000);

    assertThat(two.role("v/0")).isEqualTo(Role.SERVING);
  }

  private static OwnershipEntry forged(OwnershipEntry own, List<UnitStep> steps) {
    return new OwnershipEntry(
        own.pool(),
        own.kind(),
        steps,
        own.owner(),
        own.incarnation(),
        own.admission(),
        Authority.FORGED,
        own.writer(),
        own.timeMillis());
  }

  /**
   * The process before may have taken over: who has not read the log cannot say that it did not.
   */
  @Test
  void aNodeThatHasNotReadTheLogSinceItsStartCallsNothingCancelled() {
    two.protocol.command(promote("n-2", admission("a", STEP)), Authority.VALID, 10, 10);
    two.flush();
    TestingNode again = new TestingNode("n-2", 2, ownership, deltas);
    Command cancel = command("cancel", Command.Kind.CANCEL, "n-2", admission("a", STEP));
    again.protocol.command(cancel, Authority.VALID, 20, 20);
    again.protocol.follow(UNIT, new DeltaFold(), 0, 21);
    again.protocol.command(cancel, Authority.VALID, 22, 22);
    assertThat(again.takeAcks())
        .extracting(CommandAck::status, CommandAck::code)
        .containsExactly(tuple(Status.REFUSED, Code.BUSY), tuple(Status.REFUSED, Code.BUSY));
    again.settle(23);
    again.takeAcks();
    again.protocol.command(cancel, Authority.VALID, 24, 24);

    assertThat(again.takeAcks())
        .extracting(CommandAck::status, CommandAck::code)
        .containsExactly(tuple(Status.REFUSED, Code.WRONG_EPOCH));
  }

  @Test
  void aTakeoverWhoseAppendFailedIsTriedAgain() {
    two.protocol.command(promote("n-2", admission("a", STEP)), Authority.VALID, 10, 10);
    two.protocol.ownershipAppendFailed(two.ownershipAppends.remove(0), 11);
    two.settle(110);
    assertThat(two.role("v/0")).isEqualTo(Role.FOLLOWING);
    two.settle(111);

    assertThat(two.role("v/0")).isEqualTo(Role.WAITING);
  }

  @Test
  void oneOfTwoAdmissionsForAnEpochWins() {
    two.protocol.command(promote("n-2", admission("a", STEP)), Authority.VALID, 10, 10);
    ownership.add(Cast.entry(OwnershipEntry.Kind.MODE, "n-1", 1, STEP));
    two.settle(11);

    assertThat(two.takeAcks())
        .extracting(CommandAck::status, CommandAck::code)
        .containsExactly(
            tuple(Status.RECEIVED, Code.NONE), tuple(Status.REFUSED, Code.WRONG_EPOCH));
    assertThat(two.role("v/0")).isEqualTo(Role.FOLLOWING);
  }

  @Test
  void aUnitThatBreaksDuringItsTakeoverEndsIt() {
    two.protocol.command(promote("n-2", admission("a", STEP)), Authority.VALID, 10, 10);
    two.flush();
    two.readOwnership(11);
    two.protocol.applyFailed("v/0", 12);

    assertThat(two.takeAcks().get(2))
        .satisfies(
            ack -> {
              assertThat(ack.status()).isEqualTo(Status.FAILED);
              assertThat(ack.code()).isEqualTo(Code.IO_ERROR);
            });
  }

  // ---- the source, and questions

  @Test
  void aDemotedOwnerSaysSoWhenItAnswersNoMore() {
    Command demote = command("d", Command.Kind.DEMOTE, "n-1", admission("a", STEP));
    one.protocol.command(demote, Authority.VALID, 10, 10);
    assertThat(one.takeAcks()).extracting(CommandAck::status).containsExactly(Status.RECEIVED);
    two.protocol.command(promote("n-2", admission("a", STEP)), Authority.VALID, 10, 10);
    two.flush();
    one.readOwnership(11);

    assertThat(one.takeAcks()).extracting(CommandAck::status).containsExactly(Status.DONE);
    assertThat(one.ownershipAppends)
        .singleElement()
        .satisfies(
            entry -> {
              assertThat(entry.kind()).isEqualTo(OwnershipEntry.Kind.RELEASE);
              assertThat(entry.steps()).containsExactly(STEP);
            });
  }

  @Test
  void aProbeTellsHowTheUnitStandsAndWhoAskedForIt() {
    one.protocol.storage(77, false);
    one.protocol.lag(5, 20_480);
    one.protocol.request(Cast.request(1, "c-9/3", 1, NodeRequest.Kind.WRITE), 20, 20);
    one.settle(20);
    two.settle(20);
    Command probe = command("p", Command.Kind.PROBE, "n-1", null);
    one.protocol.command(probe, Authority.NONE, 50, 50);
    two.protocol.command(command("p", Command.Kind.PROBE, "n-2", null), Authority.NONE, 50, 50);
    CommandAck owner = one.takeAcks().get(0);
    CommandAck copy = two.takeAcks().get(0);

    assertThat(owner.values())
        .containsEntry(SagaValues.CLIENT_PREFIX + "c-9", 30.0)
        .containsEntry(SagaValues.UNITS_HELD, 1.0)
        .containsEntry(SagaValues.LAG_DELTAS, 5.0);
    assertThat(owner.freeBytes()).isEqualTo(77);
    assertThat(owner.epoch()).isEqualTo(1);
    assertThat(owner.appliedSequence()).isEqualTo(1);
    assertThat(owner.checksum()).isNotNull().isEqualTo(copy.checksum());
    assertThat(owner.ownershipOffset()).isEqualTo(1);
  }

  @Test
  void aProbeOfAnotherNodeIsTheShellsToAnswer() {
    Command probe =
        command(
            "p", Command.Kind.PROBE, "n-2", null, List.of(STEP), Map.of(Command.REACH, "node/n-1"));
    two.protocol.command(probe, Authority.NONE, 10, 10);
    assertThat(two.acks).isEmpty();
    assertThat(two.probes).containsExactly(probe);
    two.protocol.reached(probe, false, "connection refused", 11, 11);

    assertThat(two.takeAcks())
        .singleElement()
        .satisfies(
            ack -> {
              assertThat(ack.status()).isEqualTo(Status.FAILED);
              assertThat(ack.code()).isEqualTo(Code.UNREACHABLE);
              assertThat(ack.from()).isEqualTo(Subject.node("n-2"));
            });
  }

  @Test
  void oneRecordTakesAThousandUnits() {
    List<UnitStep> steps = new ArrayList<>();
    for (int index = 1; index <= 1_000; index++) {
      UnitSpec spec = new UnitSpec("w/" + index, "w", "p", 1 << 20, 4096);
      one.protocol.follow(spec, true, new DeltaFold(), 0, 0);
      two.protocol.follow(spec, new DeltaFold(), 0, 0);
      steps.add(new UnitStep(spec.unit(), 1, 2));
    }
    one.settle(0);
    assertThat(ownership).as("one START for all").hasSize(2);
    two.settle(0);
    two.protocol.command(
        promote("n-2", admission("a", steps.toArray(new UnitStep[0]))), Authority.VALID, 10, 10);
    two.settle(10);
    one.settle(10);
    two.settle(11);

    assertThat(ownership)
        .extracting(OwnershipEntry::kind)
        .endsWith(OwnershipEntry.Kind.TAKEOVER, OwnershipEntry.Kind.RELEASE)
        .hasSize(4);
    List<CommandAck> acks = two.takeAcks();
    assertThat(acks).extracting(CommandAck::status).endsWith(Status.DONE).hasSizeLessThan(5);
    assertThat(acks.get(acks.size() - 1).values()).containsEntry(SagaValues.UNITS_SERVING, 1_000.0);
  }

  private static Command promote(String addressee, @Nullable Admission admission) {
    return command("c", Command.Kind.PROMOTE, addressee, admission);
  }

  private void assertRefused(Code code) {
    assertThat(two.takeAcks())
        .singleElement()
        .satisfies(
            ack -> {
              assertThat(ack.status()).isEqualTo(Status.REFUSED);
              assertThat(ack.code()).isEqualTo(code);
              assertThat(ack.text()).isNotEmpty();
            });
  }
}
