package io.forestall.decisions.failover;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.ownership.Authority;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.HashMap;
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
  private final long incarnation;
  private final long memoryMillis;
  private final Set<Command.Kind> supported;
  private final HookActions actions;
  private final Map<String, Done> done = new HashMap<>();
  private final Map<String, Long> cancelled = new HashMap<>();
  private final ArrayDeque<Command> waiting = new ArrayDeque<>();
  private final Map<CommandAck.Code, Long> refusals = new EnumMap<>(CommandAck.Code.class);
  private @Nullable Command running;
  private boolean halted;
  private long ackSequence;

  private record Done(CommandAck last, long keepUntilMillis) {}

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
    this.incarnation = incarnation;
    this.memoryMillis = memoryMillis;
    this.supported = Set.copyOf(supported);
    this.actions = actions;
  }

  /** A command that came to its end before this start, from the durable memory. */
  public void remembered(CommandAck last, long keepUntilMillis) {
    done.put(last.command(), new Done(last, keepUntilMillis));
  }

  /** Acts that touch this node are halted, or go on. A program that runs is not stopped. */
  public void halted(boolean halted, long wallMillis) {
    this.halted = halted;
    begin(wallMillis);
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
    forget(wallMillis);
    if (command.kind() == Command.Kind.PROBE) {
      actions.ack(
          ack(command, CommandAck.Status.DONE, CommandAck.Code.NONE, "it is there", wallMillis));
      return;
    }
    if (command.kind() != Command.Kind.CANCEL && !supported.contains(command.kind())) {
      refuse(
          command,
          CommandAck.Code.UNSUPPORTED,
          "it has no program for " + command.kind(),
          wallMillis);
      return;
    }
    Admission admission = command.admission();
    if (authority == Authority.FORGED || authority == Authority.UNKNOWN_KEY) {
      boolean forged = authority == Authority.FORGED;
      refuse(
          command,
          forged ? CommandAck.Code.BAD_SIGNATURE : CommandAck.Code.UNKNOWN_KEY,
          forged
              ? "the signature of the admission is wrong"
              : "the key of the admission is not known here",
          wallMillis);
      return;
    }
    String uncovered =
        admission == null || authority == Authority.NONE
            ? "it stands on no admission"
            : uncovered(command, admission);
    if (admission == null || uncovered != null) {
      refuse(command, CommandAck.Code.NO_ADMISSION, String.valueOf(uncovered), wallMillis);
      return;
    }
    Done before = done.get(command.id());
    if (before != null) {
      actions.ack(again(before.last, wallMillis));
      return;
    }
    if (command.kind() == Command.Kind.CANCEL) {
      cancel(command, admission, wallMillis);
      return;
    }
    if (isKnown(command)) {
      return;
    }
    if (refusedForTimeOrBrake(command, admission, wallMillis)) {
      return;
    }
    if (waiting.size() >= MAX_WAITING) {
      refuse(command, CommandAck.Code.BUSY, MAX_WAITING + " commands wait", wallMillis);
      return;
    }
    waiting.add(command);
    actions.ack(
        ack(
            command,
            CommandAck.Status.RECEIVED,
            CommandAck.Code.NONE,
            running == null ? "begins" : "waits for " + running.kind(),
            wallMillis));
    begin(wallMillis);
  }

  private boolean isKnown(Command command) {
    Command now = running;
    return now != null && now.id().equals(command.id())
        || waiting.stream().anyMatch(each -> each.id().equals(command.id()));
  }

  private @Nullable String uncovered(Command command, Admission admission) {
    if (admission.state() != Admission.State.ADMITTED) {
      return "the admission is " + admission.state();
    }
    if (!command.pool().equals(admission.pool())) {
      return "the admission is for another pool";
    }
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

  private boolean refusedForTimeOrBrake(Command command, Admission admission, long wallMillis) {
    if (wallMillis < command.notBeforeMillis() || wallMillis < admission.notBeforeMillis()) {
      refuse(command, CommandAck.Code.TOO_EARLY, "it must not be begun yet", wallMillis);
    } else if (wallMillis > command.expiresMillis() || wallMillis > admission.expiresMillis()) {
      refuse(command, CommandAck.Code.EXPIRED, "it came after its expiry", wallMillis);
    } else if (halted) {
      refuse(command, CommandAck.Code.HALTED, "acts are halted", wallMillis);
    } else if (cancelled.containsKey(admission.id())) {
      refuse(command, CommandAck.Code.CANCELLED, "the act was cancelled", wallMillis);
    } else {
      return false;
    }
    return true;
  }

  private void cancel(Command command, Admission admission, long wallMillis) {
    cancelled.put(admission.id(), keepUntilMillis(command, wallMillis));
    for (Command each : waiting.toArray(Command[]::new)) {
      Admission other = each.admission();
      if (other != null && other.id().equals(admission.id())) {
        waiting.remove(each);
        finish(each, CommandAck.Status.REFUSED, CommandAck.Code.CANCELLED, "cancelled", wallMillis);
      }
    }
    Command now = running;
    Admission current = now == null ? null : now.admission();
    boolean begun = current != null && current.id().equals(admission.id());
    finish(
        command,
        begun ? CommandAck.Status.FAILED : CommandAck.Status.DONE,
        begun ? CommandAck.Code.BUSY : CommandAck.Code.NONE,
        begun ? "its program runs already and will end" : "cancelled",
        wallMillis);
  }

  /** Begins what waits, unless a program runs or acts are halted. */
  private void begin(long wallMillis) {
    while (running == null && !halted) {
      Command next = waiting.poll();
      if (next == null) {
        return;
      }
      Admission admission = next.admission();
      if (admission == null || refusedForTimeOrBrake(next, admission, wallMillis)) {
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
    if (!done && code == CommandAck.Code.BUSY) {
      // Not remembered: the same command may come again and shall then be tried again.
      refuse(command, code, text, wallMillis);
    } else {
      finish(
          command,
          done ? CommandAck.Status.DONE : CommandAck.Status.FAILED,
          done ? CommandAck.Code.NONE : code,
          text,
          wallMillis);
    }
    begin(wallMillis);
  }

  /** Commands refused since the start, by code. */
  public Map<CommandAck.Code, Long> refusals() {
    return Map.copyOf(refusals);
  }

  private void finish(
      Command command,
      CommandAck.Status status,
      CommandAck.Code code,
      String text,
      long wallMillis) {
    CommandAck last = ack(command, status, code, text, wallMillis);
    long keepUntilMillis = keepUntilMillis(command, wallMillis);
    done.put(command.id(), new Done(last, keepUntilMillis));
    actions.remember(last, keepUntilMillis);
    actions.ack(last);
  }

  private void refuse(Command command, CommandAck.Code code, String text, long wallMillis) {
    refusals.merge(code, 1L, Long::sum);
    actions.ack(ack(command, CommandAck.Status.REFUSED, code, text, wallMillis));
  }

  private long keepUntilMillis(Command command, long wallMillis) {
    Admission admission = command.admission();
    long expiresMillis =
        admission == null
            ? command.expiresMillis()
            : Math.max(command.expiresMillis(), admission.expiresMillis());
    return Math.max(expiresMillis, wallMillis) + memoryMillis;
  }

  private void forget(long wallMillis) {
    done.values().removeIf(each -> each.keepUntilMillis < wallMillis);
    cancelled.values().removeIf(each -> each < wallMillis);
  }

  private CommandAck again(CommandAck last, long wallMillis) {
    return new CommandAck(
        last.command(),
        me,
        last.subject(),
        last.pool(),
        last.status(),
        last.code(),
        last.text(),
        true,
        null,
        null,
        null,
        null,
        null,
        null,
        last.values(),
        incarnation,
        ++ackSequence,
        wallMillis);
  }

  private CommandAck ack(
      Command command,
      CommandAck.Status status,
      CommandAck.Code code,
      String text,
      long wallMillis) {
    return new CommandAck(
        command.id(),
        me,
        command.subject(),
        command.pool(),
        status,
        code,
        text,
        false,
        null,
        null,
        null,
        null,
        null,
        null,
        Map.of(),
        incarnation,
        ++ackSequence,
        wallMillis);
  }
}
