package io.forestall.decisions.failover;

import static io.forestall.decisions.failover.TestingCommands.EXPIRES;
import static io.forestall.decisions.failover.TestingCommands.ME;
import static io.forestall.decisions.failover.TestingCommands.NOW;
import static io.forestall.decisions.failover.TestingCommands.command;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.failover.CommandAck.Code;
import io.forestall.decisions.failover.CommandAck.Status;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.ownership.Authority;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What every node asks of a command before it obeys, and how it answers what it has done. */
class CommandGateTest {
  private static final long MEMORY_MILLIS = 1_000;

  private static final CommandGate.Coverage ANY = (command, admission) -> null;

  private final TestingCommands shell = new TestingCommands();
  private final CommandGate gate = start(3);
  private final Admission admission = admission("a-1");

  private CommandGate start(long incarnation) {
    return new CommandGate(
        ME,
        incarnation,
        MEMORY_MILLIS,
        shell,
        (command, ack) -> ack.withValues(Map.of("detail", 7.0)));
  }

  @BeforeEach
  void itIsNow() {
    gate.wall(NOW);
  }

  // ---- what the admission is worth

  @ParameterizedTest
  @CsvSource({
    "FORGED, true, BAD_SIGNATURE",
    "FORGED, false, BAD_SIGNATURE",
    "UNKNOWN_KEY, true, UNKNOWN_KEY",
    "UNKNOWN_KEY, false, UNKNOWN_KEY",
    "NONE, true, NO_ADMISSION",
    "NONE, false, NO_ADMISSION",
    "VALID, false, NO_ADMISSION",
  })
  void whatIsNotSignedByATrustedKeyIsRefused(Authority authority, boolean there, Code code) {
    Command drain = command("c-1", Command.Kind.DRAIN, there ? admission : null);

    assertThat(gate.admitted(drain, authority, ANY)).isNull();

    assertRefused(code);
  }

  @Test
  void whatIsSignedByATrustedKeyIsTaken() {
    assertThat(gate.admitted(drain("c-1"), Authority.VALID, ANY)).isSameAs(admission);
    assertThat(shell.acks).isEmpty();
    assertThat(gate.refusals()).isEmpty();
  }

  @Test
  void anActThatEndedOrIsOfAnotherPoolIsNoAdmission() {
    Admission ended = admission("a-1", Admission.State.DONE, "p", NOW, EXPIRES);
    assertThat(gate.admitted(drain("c-1", ended), Authority.VALID, ANY)).isNull();
    assertRefused(Code.NO_ADMISSION);

    Admission elsewhere = admission("a-1", Admission.State.ADMITTED, "q", NOW, EXPIRES);
    assertThat(gate.admitted(drain("c-2", elsewhere), Authority.VALID, ANY)).isNull();
    assertRefused(Code.NO_ADMISSION);
  }

  @Test
  void whatItsOwnerDoesNotFindCoveredIsRefusedBeforeItIsAnsweredAgain() {
    gate.finish(drain("c-1"), Status.DONE, Code.NONE, "");

    assertThat(gate.admitted(drain("c-1"), Authority.VALID, (command, act) -> "not that one"))
        .isNull();

    assertRefused(Code.NO_ADMISSION);
    assertThat(shell.last().text()).isEqualTo("not that one");
  }

  // ---- time and brakes

  /** Offsets from now; the narrower of command and admission holds, its bounds included. */
  @ParameterizedTest
  @CsvSource({
    "0, 0, 0, 0, ",
    "-1, 1, -1, 1, ",
    "1, 9, 0, 9, TOO_EARLY",
    "0, 9, 1, 9, TOO_EARLY",
    "-9, -1, -9, 0, EXPIRED",
    "-9, 0, -9, -1, EXPIRED",
  })
  void nothingIsBegunBeforeOrAfterItsTime(
      long commandBegins, long commandEnds, long actBegins, long actEnds, @Nullable Code code) {
    Admission act = admission("a-1", Admission.State.ADMITTED, "p", NOW + actBegins, NOW + actEnds);
    Command drain = command("c-1", Command.Kind.DRAIN, act, NOW + commandBegins, NOW + commandEnds);

    assertThat(gate.refusedForTimeOrBrake(drain, act)).isEqualTo(code != null);

    if (code == null) {
      assertThat(shell.acks).isEmpty();
    } else {
      assertRefused(code);
    }
  }

  @Test
  void aHaltHoldsUntilItIsLifted() {
    gate.halted(true);
    assertThat(gate.isHalted()).isTrue();
    assertThat(gate.refusedForTimeOrBrake(drain("c-1"), admission)).isTrue();
    assertRefused(Code.HALTED);
    gate.halted(false);

    assertThat(gate.refusedForTimeOrBrake(drain("c-1"), admission)).isFalse();
  }

  @Test
  void nothingIsBegunUnderACancelledAdmissionUntilItMayBeForgotten() {
    gate.cancel(cancel("c-1"), admission);
    long keepUntilMillis = EXPIRES + MEMORY_MILLIS;
    Admission other = admission("a-2");

    assertThat(shell.keptUntilMillis).containsExactly(Map.entry("a-1", keepUntilMillis));
    assertThat(gate.refusedForTimeOrBrake(drain("c-2"), admission)).isTrue();
    assertRefused(Code.CANCELLED);
    assertThat(gate.isCancelled(other)).isFalse();
    assertThat(gate.refusedForTimeOrBrake(drain("c-3", other), other)).isFalse();
    gate.wall(keepUntilMillis);
    gate.forgetOld();
    assertThat(gate.isCancelled(admission)).isTrue();
    gate.wall(keepUntilMillis + 1);
    gate.forgetOld();
    assertThat(gate.isCancelled(admission)).isFalse();
  }

  @Test
  void aCancelFromBeforeTheStartHolds() {
    gate.rememberedCancelled("a-1", NOW);

    assertThat(gate.refusedForTimeOrBrake(drain("c-1"), admission)).isTrue();
    assertRefused(Code.CANCELLED);
  }

  // ---- once only

  @Test
  void theEndIsRememberedBeforeItIsSaid() {
    gate.finish(drain("c-1"), Status.DONE, Code.NONE, "empty");

    assertThat(shell.order).containsExactly("remember c-1", "ack c-1 DONE");
    assertThat(shell.remembered).containsExactly(shell.last());
    assertThat(shell.keptUntilMillis).containsExactly(Map.entry("c-1", EXPIRES + MEMORY_MILLIS));
  }

  @Test
  void anEndThatComesAfterTheExpiryIsRememberedFromThen() {
    gate.wall(EXPIRES + 500);
    gate.finish(drain("c-1"), Status.FAILED, Code.TOO_SLOW, "");

    assertThat(shell.keptUntilMillis)
        .containsExactly(Map.entry("c-1", EXPIRES + 500 + MEMORY_MILLIS));
  }

  @Test
  void whatCameToItsEndIsAnsweredAgainAndMarked() {
    assertThat(admitted(gate, drain("c-1"))).isSameAs(admission);
    gate.finish(drain("c-1"), Status.FAILED, Code.IO_ERROR, "no quorum");
    CommandAck first = shell.last();
    gate.wall(NOW + 5);

    assertThat(admitted(gate, drain("c-1"))).isNull();

    assertThat(shell.last())
        .isEqualTo(
            new CommandAck(
                "c-1",
                ME,
                ME,
                "p",
                Status.FAILED,
                Code.IO_ERROR,
                "no quorum",
                true,
                null,
                null,
                null,
                null,
                null,
                null,
                Map.of("detail", 7.0),
                3,
                first.sequence() + 1,
                NOW + 5));
    assertThat(shell.remembered).hasSize(1);
    assertThat(gate.refusals()).isEmpty();
  }

  @Test
  void whatCameToItsEndBeforeTheStartIsAnsweredAgainByThisOne() {
    gate.finish(drain("c-1"), Status.DONE, Code.NONE, "empty");
    CommandGate restarted = start(4);
    restarted.remembered(shell.last(), NOW);

    assertThat(admitted(restarted, drain("c-1"))).isNull();

    assertThat(shell.last().text()).isEqualTo("empty");
    assertThat(shell.last().duplicate()).isTrue();
    assertThat(shell.last().incarnation()).isEqualTo(4);
    assertThat(shell.last().sequence()).isEqualTo(1);
  }

  @Test
  void aRefusalIsNotRemembered() {
    gate.refuse(drain("c-1"), Code.BUSY, "later");

    assertThat(admitted(gate, drain("c-1"))).isSameAs(admission);
    assertThat(shell.remembered).isEmpty();
  }

  @Test
  void anEndIsForgottenOnceNobodyMayAskForItAgain() {
    gate.finish(drain("c-1"), Status.DONE, Code.NONE, "");
    gate.wall(EXPIRES + MEMORY_MILLIS);
    gate.forgetOld();
    assertThat(admitted(gate, drain("c-1"))).isNull();
    gate.wall(EXPIRES + MEMORY_MILLIS + 1);
    gate.forgetOld();

    assertThat(admitted(gate, drain("c-1"))).isSameAs(admission);
  }

  @Test
  void ofTooManyEndsTheOldestIsForgotten() {
    for (int i = 0; i <= CommandGate.MAX_DONE; i++) {
      gate.finish(drain("c-" + i), Status.DONE, Code.NONE, "");
    }

    assertThat(admitted(gate, drain("c-0"))).isSameAs(admission);
    assertThat(admitted(gate, drain("c-1"))).isNull();
    assertThat(admitted(gate, drain("c-" + CommandGate.MAX_DONE))).isNull();
  }

  // ---- answers

  @Test
  void everyAnswerHasItsNumberAndTheDetailsOfTheOwner() {
    gate.refuse(drain("c-1"), Code.BUSY, "later");
    gate.finish(drain("c-1"), Status.DONE, Code.NONE, "");
    shell.ack(gate.ack(drain("c-2"), Status.RECEIVED, Code.NONE, ""));

    assertThat(shell.acks).extracting(CommandAck::sequence).containsExactly(1L, 2L, 3L);
    assertThat(shell.acks)
        .allSatisfy(each -> assertThat(each.values()).containsExactly(Map.entry("detail", 7.0)));
  }

  @Test
  void refusalsAreCountedByCode() {
    gate.refuse(drain("c-1"), Code.BUSY, "");
    gate.refuse(drain("c-2"), Code.BUSY, "");
    gate.finish(drain("c-3"), Status.REFUSED, Code.CANCELLED, "");
    gate.finish(drain("c-4"), Status.FAILED, Code.IO_ERROR, "");

    assertThat(gate.refusals()).isEqualTo(Map.of(Code.BUSY, 2L, Code.CANCELLED, 1L));
  }

  private static @Nullable Admission admitted(CommandGate gate, Command command) {
    return gate.admitted(command, Authority.VALID, ANY);
  }

  private Command drain(String id) {
    return drain(id, admission);
  }

  private static Command drain(String id, Admission under) {
    return command(id, Command.Kind.DRAIN, under);
  }

  private Command cancel(String id) {
    return command(id, Command.Kind.CANCEL, admission);
  }

  private static Admission admission(String id) {
    return admission(id, Admission.State.ADMITTED, "p", NOW, EXPIRES);
  }

  private static Admission admission(
      String id, Admission.State state, String pool, long notBeforeMillis, long expiresMillis) {
    return TestingCommands.admission(
        id, state, ActKind.DRAIN, ME, pool, notBeforeMillis, expiresMillis);
  }

  private void assertRefused(Code code) {
    assertThat(shell.last().status()).isEqualTo(Status.REFUSED);
    assertThat(shell.last().code()).isEqualTo(code);
    assertThat(gate.refusals()).containsEntry(code, count(code));
  }

  private long count(Code code) {
    return shell.acks.stream().filter(each -> each.code() == code).count();
  }
}
