package io.forestall.decisions.failover;

import static io.forestall.decisions.failover.TestingCommands.ME;
import static io.forestall.decisions.failover.TestingCommands.NOW;
import static io.forestall.decisions.failover.TestingCommands.admission;
import static io.forestall.decisions.failover.TestingCommands.command;
import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.CommandAck.Code;
import io.forestall.decisions.failover.CommandAck.Status;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.ownership.Authority;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HookProtocolTest {
  private final TestingHooks shell = new TestingHooks();
  private final HookProtocol node = start();

  private HookProtocol start() {
    return new HookProtocol(
        ME, 3, 1_000, Set.of(Command.Kind.DRAIN, Command.Kind.LEAVE, Command.Kind.RETURN), shell);
  }

  @Test
  void aHookIsRunOnceHoweverOftenItIsToldAlsoAfterARestart() {
    Command drain = command("c-1", Command.Kind.DRAIN, admission(ActKind.DRAIN, ME));
    node.command(drain, Authority.VALID, NOW);
    node.command(drain, Authority.VALID, NOW + 1);
    node.ran(drain, true, Code.NONE, "empty", NOW + 2);
    node.command(drain, Authority.VALID, NOW + 3);
    HookProtocol restarted = start();
    shell.remembered.forEach(last -> restarted.remembered(last, NOW + 100_000));
    restarted.command(drain, Authority.VALID, NOW + 4);

    assertThat(shell.runs).containsExactly("c-1");
    assertThat(shell.acks)
        .extracting(CommandAck::status)
        .containsExactly(Status.RECEIVED, Status.DONE, Status.DONE, Status.DONE);
    assertThat(shell.acks)
        .extracting(CommandAck::duplicate)
        .containsExactly(false, false, true, true);
    assertThat(shell.order).containsSubsequence("remember c-1", "ack c-1 DONE");
  }

  @ParameterizedTest
  @CsvSource({
    "FORGED, DRAIN, DRAIN, 0, BAD_SIGNATURE",
    "UNKNOWN_KEY, DRAIN, DRAIN, 0, UNKNOWN_KEY",
    "NONE, DRAIN, DRAIN, 0, NO_ADMISSION",
    "VALID, DRAIN, RETURN, 0, NO_ADMISSION",
    "VALID, RETURN, DRAIN, 0, NO_ADMISSION",
    "VALID, PROMOTE, FAILOVER, 0, UNSUPPORTED",
    "VALID, UNKNOWN, DRAIN, 0, UNSUPPORTED",
    "VALID, DRAIN, DRAIN, 60001, EXPIRED",
    "VALID, DRAIN, DRAIN, -1001, TOO_EARLY",
  })
  void whatIsWrongIsRefusedAndCounted(
      Authority authority, Command.Kind kind, ActKind act, long laterMillis, Code code) {
    node.command(command("c-1", kind, admission(act, ME)), authority, NOW + laterMillis);
    assertThat(shell.last().status()).isEqualTo(Status.REFUSED);
    assertThat(shell.last().code()).isEqualTo(code);
    assertThat(shell.runs).isEmpty();
    assertThat(node.refusals()).containsExactly(Map.entry(code, 1L));
  }

  @Test
  void anAdmissionForAnotherNodeDoesNotCover() {
    Command drain = command("c-1", Command.Kind.DRAIN, admission(ActKind.DRAIN, Subject.node("x")));
    node.command(drain, Authority.VALID, NOW);
    assertThat(shell.last().code()).isEqualTo(Code.NO_ADMISSION);
  }

  @Test
  void programsRunOneAfterTheOther() {
    Command drain = command("c-1", Command.Kind.DRAIN, admission(ActKind.DRAIN, ME));
    Command back = command("c-2", Command.Kind.RETURN, admission(ActKind.RETURN, ME));
    node.command(drain, Authority.VALID, NOW);
    node.command(back, Authority.VALID, NOW);
    assertThat(shell.runs).containsExactly("c-1");
    node.ran(drain, false, Code.IO_ERROR, "no quorum", NOW);
    assertThat(shell.runs).containsExactly("c-1", "c-2");
    assertThat(shell.acks.get(2).status()).isEqualTo(Status.FAILED);
    assertThat(shell.acks.get(2).text()).isEqualTo("no quorum");
  }

  @Test
  void whatCannotBeDoneNowMayBeToldAgain() {
    Command drain = command("c-1", Command.Kind.DRAIN, admission(ActKind.DRAIN, ME));
    node.command(drain, Authority.VALID, NOW);
    node.ran(drain, false, Code.BUSY, "osd.3 still holds data", NOW);
    node.command(drain, Authority.VALID, NOW + 1_000);
    assertThat(shell.runs).containsExactly("c-1", "c-1");
  }

  @Test
  void aHaltStopsWhatHasNotBegunAndSparesWhatRuns() {
    Admission admission = admission(ActKind.DRAIN, ME);
    Command drain = command("c-1", Command.Kind.DRAIN, admission);
    Command leave = command("c-2", Command.Kind.LEAVE, admission);
    node.command(drain, Authority.VALID, NOW);
    node.command(leave, Authority.VALID, NOW);
    node.halted(true, NOW);
    node.ran(drain, true, Code.NONE, "", NOW);
    assertThat(shell.runs).containsExactly("c-1");
    node.command(command("c-3", Command.Kind.LEAVE, admission), Authority.VALID, NOW);
    assertThat(shell.last().code()).isEqualTo(Code.HALTED);
    node.halted(false, NOW);
    assertThat(shell.runs).containsExactly("c-1", "c-2");
  }

  @Test
  void aCancelEndsWhatWaitsAndWhatComesLater() {
    Admission admission = admission(ActKind.DRAIN, ME);
    Command drain = command("c-1", Command.Kind.DRAIN, admission);
    node.command(drain, Authority.VALID, NOW);
    node.command(command("c-2", Command.Kind.LEAVE, admission), Authority.VALID, NOW);
    node.command(command("c-3", Command.Kind.CANCEL, admission), Authority.VALID, NOW);
    node.ran(drain, true, Code.NONE, "", NOW);
    node.command(command("c-4", Command.Kind.LEAVE, admission), Authority.VALID, NOW);
    assertThat(shell.runs).containsExactly("c-1");
    assertThat(shell.last().code()).isEqualTo(Code.CANCELLED);
    assertThat(node.refusals())
        .as("what waited and what came later")
        .containsEntry(Code.CANCELLED, 2L);
  }

  @Test
  void aCancelHoldsAlsoAfterARestart() {
    Admission admission = admission(ActKind.DRAIN, ME);
    node.command(command("c-1", Command.Kind.CANCEL, admission), Authority.VALID, NOW);
    HookProtocol restarted = start();
    restarted.rememberedCancelled(
        admission.id(), shell.keptUntilMillis.getOrDefault(admission.id(), 0L));
    restarted.command(command("c-2", Command.Kind.DRAIN, admission), Authority.VALID, NOW);

    assertThat(shell.order)
        .startsWith("remember cancel of " + admission.id(), "remember c-1", "ack c-1 DONE");
    assertThat(shell.last().code()).isEqualTo(Code.CANCELLED);
    assertThat(shell.runs).isEmpty();
  }

  @Test
  void aCommandThatWaitedPastItsExpiryIsNotBegun() {
    Admission admission = admission(ActKind.DRAIN, ME);
    Command drain = command("c-1", Command.Kind.DRAIN, admission);
    node.command(drain, Authority.VALID, NOW);
    node.command(command("c-2", Command.Kind.LEAVE, admission), Authority.VALID, NOW);
    node.ran(drain, true, Code.NONE, "", NOW + 60_001);
    assertThat(shell.runs).containsExactly("c-1");
    assertThat(shell.last().code()).isEqualTo(Code.EXPIRED);
  }

  /** Remembers what it was asked. */
  private static final class TestingHooks extends TestingCommands implements HookActions {
    private final List<String> runs = new ArrayList<>();

    @Override
    public void run(Command command) {
      runs.add(command.id());
    }
  }
}
