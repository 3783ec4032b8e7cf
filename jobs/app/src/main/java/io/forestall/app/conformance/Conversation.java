package io.forestall.app.conformance;

import io.forestall.app.conformance.Finding.Verdict;
import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.schemas.Topics;
import io.forestall.wire.AckRecords;
import io.forestall.wire.AdmissionRecords;
import io.forestall.wire.CommandRecords;
import io.forestall.wire.Signatures;
import io.forestall.wire.WireException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * One run of questions to one node: gives it commands, waits for its answers, and keeps what was
 * found. Not safe for threads.
 */
final class Conversation {
  /** A node's clock may be this wrong, so what is valid is so by more than that. */
  static final long MAX_CLOCK_ERROR_MILLIS = 5 * 60_000L;

  private static final long MARGIN_MILLIS = 2 * MAX_CLOCK_ERROR_MILLIS;
  private static final String REASON = "A question of forestall conformance.";

  /** From when to when something may be begun; milliseconds since 1970-01-01 UTC. */
  record Window(long fromMillis, long untilMillis) {

    /** Open now. */
    static Window open() {
      long nowMillis = System.currentTimeMillis();
      return new Window(nowMillis - MARGIN_MILLIS, nowMillis + MARGIN_MILLIS);
    }

    /** Over. */
    static Window over() {
      long nowMillis = System.currentTimeMillis();
      return new Window(nowMillis - 2 * MARGIN_MILLIS, nowMillis - MARGIN_MILLIS);
    }

    /** Still to come. */
    static Window early() {
      long nowMillis = System.currentTimeMillis();
      return new Window(nowMillis + MARGIN_MILLIS, nowMillis + 2 * MARGIN_MILLIS);
    }
  }

  private final NodeWires wires;
  private final Subject node;
  private final long patienceMillis;
  private final String run;
  private final List<Finding> findings = new ArrayList<>();
  private final CommandRecords commands = new CommandRecords();
  private final AckRecords acks = new AckRecords();
  private final AdmissionRecords admissions = new AdmissionRecords();
  private String pool = "";
  private int count;

  Conversation(NodeWires wires, Subject node, long patienceMillis, String run) {
    this.wires = wires;
    this.node = node;
    this.patienceMillis = patienceMillis;
    this.run = run;
  }

  NodeWires wires() {
    return wires;
  }

  Subject node() {
    return node;
  }

  long patienceMillis() {
    return patienceMillis;
  }

  /** A name that no other run and no other thing of this run has. */
  String name(String what) {
    return "conformance-" + run + "-" + what;
  }

  /** Pool of the node, as its fleet entry says; empty while that is not known. */
  String pool() {
    return pool;
  }

  void pool(String pool) {
    this.pool = pool;
  }

  // ---- what was found

  List<Finding> findings() {
    return List.copyOf(findings);
  }

  void found(int level, int point, String question, boolean holds, String text) {
    findings.add(
        new Finding(level, point, question, holds ? Verdict.PASSED : Verdict.FAILED, text));
  }

  void skipped(int level, int point, String question, String why) {
    findings.add(new Finding(level, point, question, Verdict.SKIPPED, why));
  }

  // ---- commands and admissions

  /** A command on behalf of what its admission is for. */
  Command command(Command.Kind kind, @Nullable Admission admission, List<UnitStep> units) {
    return command(kind, admission, units, Window.open());
  }

  Command command(
      Command.Kind kind, @Nullable Admission admission, List<UnitStep> units, Window window) {
    return command(node, kind, admission, units, window);
  }

  /** A command to somebody, who need not be the node. */
  Command command(
      Subject addressee,
      Command.Kind kind,
      @Nullable Admission admission,
      List<UnitStep> units,
      Window window) {
    return new Command(
        "conformance/" + run + "/" + count++,
        kind,
        addressee,
        admission == null ? addressee : admission.subject(),
        pool,
        admission,
        0,
        0,
        units,
        admission == null ? null : admission.target(),
        System.currentTimeMillis(),
        window.fromMillis(),
        window.untilMillis(),
        null,
        REASON,
        Map.of());
  }

  /** An admission of what is done to one node: a drain, a return. */
  Admission admission(ActKind act, Subject subject, Window window) {
    return admission(act, subject, List.of(), subject, null, window);
  }

  Admission admission(
      ActKind act,
      Subject subject,
      List<UnitStep> units,
      Subject source,
      @Nullable Subject target,
      Window window) {
    long nowMillis = System.currentTimeMillis();
    return new Admission(
        "conformance/" + run + "/a" + count++,
        1,
        Admission.State.ADMITTED,
        "conformance/" + run,
        act,
        subject,
        pool,
        null,
        false,
        units,
        source,
        target,
        List.of(),
        1,
        Math.min(nowMillis, window.fromMillis()),
        window.fromMillis(),
        window.untilMillis(),
        nowMillis,
        REASON,
        Map.of());
  }

  /** The admission, signed. */
  io.forestall.schemas.Admission signed(Admission admission, Signatures.Signer by) {
    return admissions.of(admission, by);
  }

  // ---- asking

  /** Asks, and finds whether it is done. */
  void done(
      int level,
      int point,
      String question,
      Command command,
      io.forestall.schemas.@Nullable Admission signed) {
    CommandAck ack = send(command, signed);
    found(
        level,
        point,
        question,
        ack != null && ack.status() == CommandAck.Status.DONE,
        said(ack) + ", wanted DONE");
  }

  /** Asks, and finds whether the node refuses for one of these reasons. */
  void refused(
      int level,
      int point,
      String question,
      Command command,
      io.forestall.schemas.@Nullable Admission signed,
      CommandAck.Code... codes) {
    CommandAck ack = send(command, signed);
    List<CommandAck.Code> wanted = List.of(codes);
    found(
        level,
        point,
        question,
        ack != null && ack.status() == CommandAck.Status.REFUSED && wanted.contains(ack.code()),
        said(ack)
            + ", wanted REFUSED "
            + wanted.stream().map(Enum::name).collect(Collectors.joining(" or ")));
  }

  /** The same command again: the same answer, marked as a repeat. */
  void repeated(
      int level, int point, Command order, io.forestall.schemas.@Nullable Admission signed) {
    CommandAck again = send(order, signed);
    found(
        level,
        point,
        "A repeated " + order.kind() + " is answered as a repeat.",
        again != null && again.duplicate() && again.status() == CommandAck.Status.DONE,
        said(again));
  }

  /** Gives a command to the node and waits for its last answer; null when there is none. */
  @Nullable CommandAck send(Command command, io.forestall.schemas.@Nullable Admission signed) {
    return send(command, signed, any -> {});
  }

  /**
   * Gives a command to the node and waits for its last answer.
   *
   * @param heard hears every answer of the node in the meantime, to whatever command
   */
  @Nullable CommandAck send(
      Command command,
      io.forestall.schemas.@Nullable Admission signed,
      Consumer<CommandAck> heard) {
    try (NodeWires.Ear ear = answers(command)) {
      tell(command, signed);
      return last(ear, command, heard);
    }
  }

  /** Where the answers to a command will be, from now on. */
  NodeWires.Ear answers(Command command) {
    return wires.listen(Topics.ACKS, command.subject().toString(), false);
  }

  /** Gives a command and waits for nothing. */
  void tell(Command command, io.forestall.schemas.@Nullable Admission signed) {
    wires.send(Topics.COMMANDS, CommandRecords.key(command), commands.encode(command, signed));
  }

  /** Puts a command that is for somebody else where a node reads its own. */
  void tellInPartitionOf(Subject reader, Command command) {
    wires.send(
        Topics.COMMANDS,
        reader.toString(),
        CommandRecords.key(command),
        commands.encode(command, null));
  }

  /** Hears what was answered until now. */
  void drain(NodeWires.Ear ear, Consumer<CommandAck> heard) {
    ear.drain(
        record -> {
          CommandAck ack =
              record.value() == null ? null : decoded(() -> acks.decode(record.value()));
          if (ack != null && ack.from().equals(node)) {
            heard.accept(ack);
          }
        });
  }

  /** Waits for the last answer to a command; null when there is none in time. */
  @Nullable CommandAck last(NodeWires.Ear ear, Command command, Consumer<CommandAck> heard) {
    return ear.await(
        patienceMillis,
        record -> {
          CommandAck ack =
              record.value() == null ? null : decoded(() -> acks.decode(record.value()));
          if (ack == null
              || !ack.from().equals(node)
              || !isKey(record, command.subject().toString())) {
            return null;
          }
          heard.accept(ack);
          return ack.command().equals(command.id()) && ack.ends() ? ack : null;
        });
  }

  static String said(@Nullable CommandAck ack) {
    return ack == null
        ? "no answer"
        : ack.status()
            + (ack.code() == CommandAck.Code.NONE ? "" : " " + ack.code())
            + (ack.duplicate() ? " (repeat)" : "")
            + (ack.text().isEmpty() ? "" : ": " + ack.text());
  }

  // ---- reading what may be anybody's

  static boolean isKey(ConsumerRecord<byte[], byte[]> record, String key) {
    return record.key() != null && new String(record.key(), StandardCharsets.UTF_8).equals(key);
  }

  /** A decoder of bytes that may be anybody's. */
  interface Decoding<T> {
    T decode() throws WireException;
  }

  /** What the bytes mean, null when nothing. */
  static <T> @Nullable T decoded(Decoding<T> decoding) {
    try {
      return decoding.decode();
    } catch (WireException e) {
      return null;
    }
  }
}
