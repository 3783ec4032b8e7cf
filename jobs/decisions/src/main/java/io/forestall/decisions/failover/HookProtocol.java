package io.forestall.decisions.failover;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.ownership.Authority;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The protocol of a node of level 1 (G11): obeys DRAIN, LEAVE and RETURN once each, by programs
 * that change nothing when they are run again. Pure; the exec adapter runs it. For one thread.
 *
 * <p>One program at a time, in the order of the commands: a node is not let in while it is still
 * being drained. A CANCEL stops what has not begun.
 */
public final class HookProtocol {

  /** Commands that may wait for a program; count. */
  static final int MAX_WAITING = 64;

  private final Subject me;
  private final Set<Command.Kind> supported;
  private final HookActions actions;
  private final CommandGate gate;
  private final ArrayDeque<Command> waiting = new ArrayDeque<>();
  private @Nullable Command running;

  /**
   * A node that has just started.
   *
   * @param incarnation number of this start
   * @param memoryMillis how long after its expiry a command done is remembered; milliseconds
   * @param supported which of DRAIN, LEAVE and RETURN have a program
   */
  public HookProtocol(
      Subject me,
      long incarnation,
      long memoryMillis,
      Set<Command.Kind> supported,
      HookActions actions) {
    this.me = me;
    this.supported = Set.copyOf(supported);
    this.actions = actions;
    this.gate = new CommandGate(me, incarnation, memoryMillis, actions, (command, ack) -> ack);
  }

  /** A command that came to its end before this start, from the durable memory. */
  public void remembered(CommandAck last, long keepUntilMillis) {
    gate.remembered(last, keepUntilMillis);
  }

  /** An admission that was cancelled here before this start, from the durable memory. */
  public void rememberedCancelled(String admission, long keepUntilMillis) {
    gate.rememberedCancelled(admission, keepUntilMillis);
  }

  /** Acts that touch this node are halted, or go on. A program that runs is not stopped. */
  public void halted(boolean halted, long wallMillis) {
    gate.wall(wallMillis);
    gate.halted(halted);
    begin();
  }

  /**
   * A command of this node's partition, in order.
   *
   * @param authority what the check of its admission found
   * @param wallMillis milliseconds since 1970-01-01 UTC
   */
  public void command(Command command, Authority authority, long wallMillis) {
    if (!command.addressee().equals(me)) {
      return;
    }
    gate.wall(wallMillis);
    gate.forgetOld();
    if (command.kind() == Command.Kind.PROBE) {
      actions.ack(gate.ack(command, CommandAck.Status.DONE, CommandAck.Code.NONE, "it is there"));
      return;
    }
    if (command.kind() != Command.Kind.CANCEL && !supported.contains(command.kind())) {
      gate.refuse(command, CommandAck.Code.UNSUPPORTED, "it has no program for " + command.kind());
      return;
    }
    Admission admission = gate.admitted(command, authority, this::uncovered);
    if (admission == null) {
      return;
    }
    if (command.kind() == Command.Kind.CANCEL) {
      cancel(command, admission);
      return;
    }
    if (isKnown(command) || gate.refusedForTimeOrBrake(command, admission)) {
      return;
    }
    if (waiting.size() >= MAX_WAITING) {
      gate.refuse(command, CommandAck.Code.BUSY, MAX_WAITING + " commands wait");
      return;
    }
    waiting.add(command);
    actions.ack(
        gate.ack(
            command,
            CommandAck.Status.RECEIVED,
            CommandAck.Code.NONE,
            running == null ? "begins" : "waits for " + running.kind()));
    begin();
  }

  private boolean isKnown(Command command) {
    Command now = running;
    return now != null && now.id().equals(command.id())
        || waiting.stream().anyMatch(each -> each.id().equals(command.id()));
  }

  private @Nullable String uncovered(Command command, Admission admission) {
    Set<Subject> named = new HashSet<>();
    named.add(admission.subject());
    Subject source = admission.source();
    if (source != null) {
      named.add(source);
    }
    Subject target = admission.target();
    if (target != null) {
      named.add(target);
    }
    if (!named.contains(me)) {
      return "the admission gives this node no part in it";
    }
    boolean fits =
        switch (command.kind()) {
          case DRAIN, LEAVE -> admission.act() == ActKind.DRAIN;
          case RETURN -> admission.act() == ActKind.RETURN;
          default -> true;
        };
    return fits ? null : "the admission is for " + admission.act();
  }

  private void cancel(Command command, Admission admission) {
    gate.cancel(command, admission);
    for (Command each : waiting.toArray(Command[]::new)) {
      if (each.isUnder(admission)) {
        waiting.remove(each);
        gate.finish(each, CommandAck.Status.REFUSED, CommandAck.Code.CANCELLED, "cancelled");
      }
    }
    Command now = running;
    boolean begun = now != null && now.isUnder(admission);
    gate.finish(
        command,
        begun ? CommandAck.Status.FAILED : CommandAck.Status.DONE,
        begun ? CommandAck.Code.BUSY : CommandAck.Code.NONE,
        begun ? "its program runs already and will end" : "cancelled");
  }

  /** Begins what waits, unless a program runs or acts are halted. */
  private void begin() {
    while (running == null && !gate.isHalted()) {
      Command next = waiting.poll();
      if (next == null) {
        return;
      }
      Admission admission = next.admission();
      if (admission == null || gate.refusedForTimeOrBrake(next, admission)) {
        continue;
      }
      running = next;
      actions.run(next);
    }
  }

  /**
   * A program came to its end.
   *
   * @param done true when it did its work, now or before
   * @param code why not; BUSY when it may be asked again
   * @param text what it said last
   */
  public void ran(
      Command command, boolean done, CommandAck.Code code, String text, long wallMillis) {
    running = null;
    gate.wall(wallMillis);
    if (!done && code == CommandAck.Code.BUSY) {
      // Not remembered: the same command may come again and shall then be tried again.
      gate.refuse(command, code, text);
    } else {
      gate.finish(
          command,
          done ? CommandAck.Status.DONE : CommandAck.Status.FAILED,
          done ? CommandAck.Code.NONE : code,
          text);
    }
    begin();
  }

  /** Commands refused since the start, by code. */
  public Map<CommandAck.Code, Long> refusals() {
    return Map.copyOf(gate.refusals());
  }
}
