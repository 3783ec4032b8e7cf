package io.forestall.app.conformance;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.schemas.Topics;
import io.forestall.wire.PolicyRecords;
import io.forestall.wire.Signatures;
import io.forestall.wire.WireException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The questions of level 1: which commands are obeyed, which are refused and why, and the hooks.
 * What is asked to be refused stands on an act that the node's level knows: a drain at level 1, a
 * failover at level 2, where there are no hooks. Not safe for threads.
 */
final class CommandQuestions {
  private static final String HALT_ID = "conformance";

  private final Conversation talk;
  private final Signatures.Signer key;
  private final boolean hooks;
  private final List<UnitStep> units;
  private final Command.Kind kind;
  private final Command.Kind unknownKind;

  /**
   * Questions.
   *
   * @param key a key that the node trusts
   * @param units units of a node of level 2 that the acts are about; empty for a node of level 1
   */
  CommandQuestions(Conversation talk, Signatures.Signer key, List<UnitStep> units) {
    this.talk = talk;
    this.key = key;
    this.units = List.copyOf(units);
    hooks = units.isEmpty();
    kind = hooks ? Command.Kind.DRAIN : Command.Kind.PREPARE;
    unknownKind = hooks ? Command.Kind.PROMOTE : Command.Kind.DRAIN;
  }

  /** Asks all of them. */
  void ask() {
    talk.done(
        1,
        2,
        "A probe needs no admission and is answered.",
        talk.command(Command.Kind.PROBE, null, List.of()),
        null);
    signatures();
    coverage();
    times();
    othersCommand();
    brakes();
    if (hooks) {
      run(Command.Kind.DRAIN, ActKind.DRAIN, "drain");
      run(Command.Kind.LEAVE, ActKind.DRAIN, "out");
      run(Command.Kind.RETURN, ActKind.RETURN, "in");
    }
  }

  /** An admission that lets the node be told. */
  private Admission act(Conversation.Window window) {
    return act(talk.node(), window);
  }

  private Admission act(Subject about, Conversation.Window window) {
    return hooks
        ? talk.admission(ActKind.DRAIN, about, window)
        : talk.admission(
            ActKind.FAILOVER, talk.node(), units, Subject.node(talk.name("owner")), about, window);
  }

  private Command order(@Nullable Admission admission) {
    return talk.command(kind, admission, units);
  }

  private void signatures() {
    Admission good = act(Conversation.Window.open());
    talk.refused(
        1,
        2,
        "A kind of command that its level does not have is refused.",
        talk.command(unknownKind, good, units),
        talk.signed(good, key),
        CommandAck.Code.UNSUPPORTED);
    talk.refused(
        1,
        2,
        "A command without an admission is refused.",
        order(null),
        null,
        CommandAck.Code.NO_ADMISSION);
    io.forestall.schemas.Admission forged = talk.signed(good, key);
    forged.setSignature(flipped(forged.getSignature()));
    talk.refused(
        1, 2, "A forged signature is refused.", order(good), forged, CommandAck.Code.BAD_SIGNATURE);
    io.forestall.schemas.Admission altered = talk.signed(good, key);
    altered.setPool(altered.getPool() + "-altered");
    talk.refused(
        1,
        2,
        "A record that says other than its grant is refused.",
        order(good),
        altered,
        CommandAck.Code.BAD_SIGNATURE,
        CommandAck.Code.NO_ADMISSION);
    io.forestall.schemas.Admission downgraded = talk.signed(good, key);
    downgraded.setAlgorithm("none");
    talk.refused(
        1,
        2,
        "Another algorithm than Ed25519 is refused.",
        order(good),
        downgraded,
        CommandAck.Code.BAD_SIGNATURE);
    io.forestall.schemas.Admission stranger = talk.signed(good, key);
    stranger.setKeyId("0123456789abcdef");
    talk.refused(
        1,
        2,
        "A key that is not trusted is refused.",
        order(good),
        stranger,
        CommandAck.Code.UNKNOWN_KEY);
    Admission old = act(Conversation.Window.over());
    io.forestall.schemas.Admission forgedOld = talk.signed(old, key);
    forgedOld.setSignature(flipped(forgedOld.getSignature()));
    talk.refused(
        1,
        2,
        "The signature is looked at before the time.",
        order(old),
        forgedOld,
        CommandAck.Code.BAD_SIGNATURE);
  }

  private void coverage() {
    Admission others = act(Subject.node(talk.name("other")), Conversation.Window.open());
    talk.refused(
        1,
        2,
        "An admission for another node is refused.",
        order(others),
        talk.signed(others, key),
        CommandAck.Code.NO_ADMISSION);
    Admission wrongAct =
        hooks
            ? talk.admission(ActKind.RETURN, talk.node(), Conversation.Window.open())
            : talk.admission(
                ActKind.PREFETCH,
                talk.node(),
                units,
                talk.node(),
                talk.node(),
                Conversation.Window.open());
    talk.refused(
        1,
        2,
        "An admission for another kind of act is refused.",
        order(wrongAct),
        talk.signed(wrongAct, key),
        CommandAck.Code.NO_ADMISSION);
    if (!hooks) {
      Admission good = act(Conversation.Window.open());
      List<UnitStep> more = new ArrayList<>(units);
      more.add(new UnitStep(talk.name("unit") + "/0", 1, 2));
      talk.refused(
          1,
          2,
          "A unit that the admission does not name is refused.",
          talk.command(kind, good, more),
          talk.signed(good, key),
          CommandAck.Code.NO_ADMISSION);
    }
  }

  private void times() {
    Admission early = act(Conversation.Window.early());
    talk.refused(
        1,
        2,
        "An act before its time is refused.",
        talk.command(kind, early, units, Conversation.Window.early()),
        talk.signed(early, key),
        CommandAck.Code.TOO_EARLY);
    Admission over = act(Conversation.Window.over());
    talk.refused(
        1,
        2,
        "An expired admission is refused.",
        order(over),
        talk.signed(over, key),
        CommandAck.Code.EXPIRED);
    Admission good = act(Conversation.Window.open());
    talk.refused(
        1,
        2,
        "An expired command is refused.",
        talk.command(kind, good, units, Conversation.Window.over()),
        talk.signed(good, key),
        CommandAck.Code.EXPIRED);
  }

  /**
   * A record of the same partition that is for somebody else: a probe behind it shows it passed.
   */
  private void othersCommand() {
    Command others =
        talk.command(
            Subject.node(talk.name("other")),
            Command.Kind.PROBE,
            null,
            List.of(),
            Conversation.Window.open());
    Command probe = talk.command(Command.Kind.PROBE, null, List.of());
    List<CommandAck> wrong = new ArrayList<>();
    CommandAck ack;
    try (NodeWires.Ear ear = talk.answers(probe);
        NodeWires.Ear otherEar = talk.answers(others)) {
      talk.tellInPartitionOf(talk.node(), others);
      talk.tell(probe, null);
      ack = talk.last(ear, probe, any -> {});
      talk.drain(
          otherEar,
          each -> {
            if (each.command().equals(others.id())) {
              wrong.add(each);
            }
          });
    }
    talk.found(
        1,
        1,
        "A command to somebody else in the same partition is not answered.",
        ack != null && wrong.isEmpty(),
        ack == null
            ? "the probe behind it was not answered"
            : wrong.isEmpty() ? "no answer" : Conversation.said(wrong.get(0)));
  }

  /**
   * Nothing that could be begun is asked here, whatever the node does wrong: what is asked while
   * acts are halted was cancelled before.
   */
  private void brakes() {
    Admission act = act(Conversation.Window.open());
    io.forestall.schemas.Admission signed = talk.signed(act, key);
    talk.done(
        1,
        2,
        "An act can be cancelled before it began.",
        talk.command(Command.Kind.CANCEL, act, units),
        signed);
    talk.refused(
        1,
        2,
        "A command of a cancelled act is refused.",
        order(act),
        signed,
        CommandAck.Code.CANCELLED);
    long version = System.currentTimeMillis();
    say(version, true);
    try {
      talk.found(
          1,
          2,
          "While acts are halted a command is refused.",
          refusedSoon(act, signed, CommandAck.Code.HALTED),
          "wanted REFUSED HALTED after a signed HALT of " + talk.node());
    } finally {
      say(version + 1, false);
    }
    talk.found(
        1,
        2,
        "When the halt is taken back it is over.",
        refusedSoon(act, signed, CommandAck.Code.CANCELLED),
        "wanted REFUSED CANCELLED again");
  }

  /** Topics are read side by side: what a policy says holds some moments later. */
  private boolean refusedSoon(
      Admission act, io.forestall.schemas.Admission signed, CommandAck.Code code) {
    long deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(talk.patienceMillis());
    while (true) {
      CommandAck ack = talk.send(order(act), signed);
      if (ack != null && ack.status() == CommandAck.Status.REFUSED && ack.code() == code) {
        return true;
      }
      if (ack == null || System.nanoTime() - deadlineNanos >= 0) {
        return false;
      }
    }
  }

  private void say(long version, boolean enabled) {
    long nowMillis = System.currentTimeMillis();
    String scope = talk.node().toString();
    PolicyRecord halt =
        new PolicyRecord(
            PolicyRecords.key(scope, PolicyRecord.Kind.HALT, HALT_ID),
            HALT_ID,
            PolicyRecord.Kind.HALT,
            version,
            enabled,
            scope,
            talk.node(),
            ActKind.UNKNOWN,
            null,
            "forestall conformance",
            "A question of forestall conformance.",
            nowMillis,
            nowMillis - Conversation.MAX_CLOCK_ERROR_MILLIS,
            nowMillis + 2 * Conversation.MAX_CLOCK_ERROR_MILLIS,
            Map.of(),
            "");
    try {
      talk.wires()
          .send(
              Topics.POLICIES,
              halt.key(),
              new PolicyRecords(Signatures.Trusted.NONE).write(halt, key));
    } catch (WireException e) {
      throw new IllegalStateException("a halt that nobody would read", e);
    }
  }

  private void run(Command.Kind kind, ActKind act, String hook) {
    Admission admission = talk.admission(act, talk.node(), Conversation.Window.open());
    Command order = talk.command(kind, admission, List.of());
    io.forestall.schemas.Admission signed = talk.signed(admission, key);
    Map<CommandAck.Status, Long> said = new HashMap<>();
    CommandAck ack =
        talk.send(
            order,
            signed,
            each -> {
              if (each.command().equals(order.id())) {
                said.putIfAbsent(each.status(), each.sequence());
              }
            });
    talk.found(
        1,
        3,
        kind + " runs the hook " + hook + ".",
        ack != null && ack.status() == CommandAck.Status.DONE,
        Conversation.said(ack));
    talk.found(
        1,
        3,
        kind + " is answered when it begins, too.",
        said.containsKey(CommandAck.Status.RECEIVED),
        "answers: " + said.keySet());
    talk.repeated(1, 3, order, signed);
  }

  private static ByteBuffer flipped(ByteBuffer signature) {
    byte[] bytes = new byte[signature.remaining()];
    signature.duplicate().get(bytes);
    bytes[0] ^= 1;
    return ByteBuffer.wrap(bytes);
  }
}
