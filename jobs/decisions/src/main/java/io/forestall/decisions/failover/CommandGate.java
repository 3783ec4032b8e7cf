package io.forestall.decisions.failover;

import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.ownership.Authority;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * What every node asks of a command, whatever its level (C4, G11): is its admission worth anything,
 * was it done before, does it come in its time, is there a brake on it. Answers what it refuses and
 * counts it, and remembers what came to its end and what was cancelled. What an admission has to
 * cover, and what a command does, its owner says. Pure. For one thread.
 */
public final class CommandGate {

  /** Ends of commands that are remembered at most; count. */
  static final int MAX_DONE = 65_536;

  private final Subject me;
  private final long incarnation;
  private final long memoryMillis;
  private final CommandActions actions;
  private final BiFunction<Command, CommandAck, CommandAck> details;
  private final Map<String, Done> done = new LinkedHashMap<>();
  private final Map<String, Long> cancelled = new HashMap<>();
  private final Map<CommandAck.Code, Long> refusals = new EnumMap<>(CommandAck.Code.class);
  private boolean halted;
  private long wallMillis;
  private long ackSequence;

  /** What an admission has to cover, by the rules of the gate's owner. */
  public interface Coverage {
    /** Why the admission does not cover the command, null when it does. */
    @Nullable String uncovered(Command command, Admission admission);
  }

  private record Done(CommandAck last, long keepUntilMillis) {}

  /**
   * The gate of a node that has just started.
   *
   * @param incarnation number of this start
   * @param memoryMillis how long after its expiry a command done is remembered; milliseconds
   * @param details adds to an answer what its owner knows
   */
  public CommandGate(
      Subject me,
      long incarnation,
      long memoryMillis,
      CommandActions actions,
      BiFunction<Command, CommandAck, CommandAck> details) {
    this.me = me;
    this.incarnation = incarnation;
    this.memoryMillis = memoryMillis;
    this.actions = actions;
    this.details = details;
  }

  /** A command that came to its end before this start, from the durable memory. */
  public void remembered(CommandAck last, long keepUntilMillis) {
    done.put(last.command(), new Done(last, keepUntilMillis));
  }

  /** An admission that was cancelled here before this start, from the durable memory. */
  public void rememberedCancelled(String admission, long keepUntilMillis) {
    cancelled.put(admission, keepUntilMillis);
  }

  /** Whoever may say so halted acts that touch this node, or resumed them. */
  public void halted(boolean halted) {
    this.halted = halted;
  }

  /** True while acts that touch this node are halted. */
  public boolean isHalted() {
    return halted;
  }

  /** The wall clock, for expiry only; milliseconds since 1970-01-01 UTC. */
  public void wall(long wallMillis) {
    this.wallMillis = wallMillis;
  }

  /** The wall clock as it was last told. */
  public long wallMillis() {
    return wallMillis;
  }

  // ---- what is asked of a command

  /**
   * The admission under which a command may be obeyed, when it is one: signed by a trusted key,
   * admitted, of the command's pool, covering the command; and the command has not come to its end
   * before.
   *
   * @param authority what the check of its signature found; NONE without one
   * @return null after the command was answered: refused, or once more as before
   */
  public @Nullable Admission admitted(Command command, Authority authority, Coverage coverage) {
    Admission admission = standing(command, authority);
    if (admission == null) {
      return null;
    }
    String uncovered = coverage.uncovered(command, admission);
    if (uncovered != null) {
      refuse(command, CommandAck.Code.NO_ADMISSION, uncovered);
      return null;
    }
    Done before = done.get(command.id());
    if (before != null) {
      answerAgain(before.last);
      return null;
    }
    return admission;
  }

  private @Nullable Admission standing(Command command, Authority authority) {
    Admission admission = command.admission();
    if (authority == Authority.FORGED) {
      refuse(command, CommandAck.Code.BAD_SIGNATURE, "the signature of the admission is wrong");
    } else if (authority == Authority.UNKNOWN_KEY) {
      refuse(command, CommandAck.Code.UNKNOWN_KEY, "the key of the admission is not known here");
    } else if (admission == null || authority == Authority.NONE) {
      refuse(command, CommandAck.Code.NO_ADMISSION, "it stands on no admission");
    } else if (admission.state() != Admission.State.ADMITTED) {
      refuse(command, CommandAck.Code.NO_ADMISSION, "the admission is " + admission.state());
    } else if (!command.pool().equals(admission.pool())) {
      refuse(command, CommandAck.Code.NO_ADMISSION, "the admission is for another pool");
    } else {
      return admission;
    }
    return null;
  }

  /** Gives an answer again, marked as a duplicate. */
  public void answerAgain(CommandAck last) {
    actions.ack(
        new CommandAck(
            last.command(),
            last.from(),
            last.subject(),
            last.pool(),
            last.status(),
            last.code(),
            last.text(),
            true,
            last.unit(),
            last.epoch(),
            last.appliedSequence(),
            last.checksum(),
            last.ownershipOffset(),
            last.freeBytes(),
            last.values(),
            incarnation,
            ++ackSequence,
            wallMillis));
  }

  /** True after refusing a command under which nothing may be begun now. */
  public boolean refusedForTimeOrBrake(Command command, Admission admission) {
    if (wallMillis < command.notBeforeMillis() || wallMillis < admission.notBeforeMillis()) {
      refuse(command, CommandAck.Code.TOO_EARLY, "it must not be begun yet");
    } else if (wallMillis > command.expiresMillis() || wallMillis > admission.expiresMillis()) {
      refuse(command, CommandAck.Code.EXPIRED, "it came after its expiry");
    } else if (halted) {
      refuse(command, CommandAck.Code.HALTED, "acts are halted");
    } else if (isCancelled(admission)) {
      refuse(command, CommandAck.Code.CANCELLED, "the act was cancelled");
    } else {
      return false;
    }
    return true;
  }

  /** Nothing is begun under an admission any more: remembered durably. */
  public void cancel(Command command, Admission admission) {
    long keepUntilMillis = keepUntilMillis(command);
    cancelled.put(admission.id(), keepUntilMillis);
    actions.rememberCancelled(admission.id(), keepUntilMillis);
  }

  /** True when an act was cancelled here. */
  public boolean isCancelled(Admission admission) {
    return cancelled.containsKey(admission.id());
  }

  // ---- what is answered

  /** A refusal changes nothing and is not remembered: what speaks against it may pass. */
  public void refuse(Command command, CommandAck.Code code, String text) {
    count(code);
    actions.ack(ack(command, CommandAck.Status.REFUSED, code, text));
  }

  /** The end of a command: remembered durably before it is said. */
  public void finish(Command command, CommandAck.Status status, CommandAck.Code code, String text) {
    if (status == CommandAck.Status.REFUSED) {
      count(code);
    }
    CommandAck last = ack(command, status, code, text);
    long keepUntilMillis = keepUntilMillis(command);
    done.put(command.id(), new Done(last, keepUntilMillis));
    if (done.size() > MAX_DONE) {
      // What is forgotten too early is looked at anew, and its epochs are over.
      done.remove(done.keySet().iterator().next());
    }
    actions.remember(last, keepUntilMillis);
    actions.ack(last);
  }

  private void count(CommandAck.Code code) {
    refusals.merge(code, 1L, Long::sum);
  }

  /** An answer with its details, under the next number of this start. Not said yet. */
  public CommandAck ack(
      Command command, CommandAck.Status status, CommandAck.Code code, String text) {
    return details.apply(
        command,
        new CommandAck(
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
            wallMillis));
  }

  /** How long the end of a command is remembered: nobody may begin under it any later. */
  private long keepUntilMillis(Command command) {
    Admission admission = command.admission();
    long expiresMillis =
        admission == null
            ? command.expiresMillis()
            : Math.max(command.expiresMillis(), admission.expiresMillis());
    return Math.max(expiresMillis, wallMillis) + memoryMillis;
  }

  /** Forgets what nobody may ask for again. */
  public void forgetOld() {
    done.values().removeIf(each -> each.keepUntilMillis < wallMillis);
    cancelled.values().removeIf(each -> each < wallMillis);
  }

  /** Commands refused since the start, by code. */
  public Map<CommandAck.Code, Long> refusals() {
    return Collections.unmodifiableMap(refusals);
  }
}
