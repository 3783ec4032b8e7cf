package io.forestall.decisions.ownership;

import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.guard.Proposal.UnitStep;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A PROMOTE or DEMOTE under way: how far each of its units is, and how many are how far. For one
 * thread.
 */
final class CommandProgress {

  /** How far one unit is. */
  enum Stage {
    BEGUN,
    FENCED,
    DRAINED,
    ENDED,
    LOST
  }

  private final Command command;
  private final Map<String, UnitStep> steps = new HashMap<>();
  private final Map<String, Stage> stages = new HashMap<>();
  private final int[] counts = new int[Stage.values().length];
  private CommandAck.Code lostCode = CommandAck.Code.WRONG_EPOCH;
  private @Nullable String firstLost;
  private CommandAck last;
  private Stage said = Stage.BEGUN;

  /** A command whose first answer was just given; no unit has begun. */
  CommandProgress(Command command, CommandAck received) {
    this.command = command;
    this.last = received;
  }

  Command command() {
    return command;
  }

  boolean isPromotion() {
    return command.kind() == Command.Kind.PROMOTE;
  }

  // ---- how far its units are

  void begin(UnitStep step) {
    if (steps.put(step.unit(), step) == null) {
      stages.put(step.unit(), Stage.BEGUN);
      counts[Stage.BEGUN.ordinal()]++;
    }
  }

  /** The step of a unit that was begun, null when it was not. */
  @Nullable UnitStep step(String unit) {
    return steps.get(unit);
  }

  /** True while nothing came of a unit that was begun. */
  boolean isBegun(String unit) {
    return stages.get(unit) == Stage.BEGUN;
  }

  private boolean isOpen(String unit) {
    Stage stage = stages.get(unit);
    return stage != null && stage != Stage.LOST && stage != Stage.ENDED;
  }

  /** A unit only gets further; what ended or is lost stays so. */
  void reach(String unit, Stage stage) {
    Stage before = stages.get(unit);
    if (before == null || before.compareTo(stage) >= 0 || !isOpen(unit)) {
      return;
    }
    stages.put(unit, stage);
    counts[before.ordinal()]--;
    counts[stage.ordinal()]++;
  }

  /** A unit gets no further here; the first one's code is the command's. */
  void lose(String unit, CommandAck.Code code) {
    if (isOpen(unit)) {
      reach(unit, Stage.LOST);
      if (firstLost == null) {
        firstLost = unit;
        lostCode = code;
      }
    }
  }

  int count(Stage stage) {
    return counts[stage.ordinal()];
  }

  /** True when no unit gets any further. */
  boolean isOver() {
    return count(Stage.LOST) + count(Stage.ENDED) == steps.size();
  }

  CommandAck.Code lostCode() {
    return lostCode;
  }

  /** Which units were lost, as a sentence. */
  String lostText() {
    return count(Stage.LOST)
        + " of "
        + steps.size()
        + " units went to another or are broken, the first "
        + firstLost;
  }

  // ---- what was said of it

  /** The last answer that was given. */
  CommandAck last() {
    return last;
  }

  /** True when all units together came further than was said. */
  boolean isNews(Stage stage) {
    return stage.compareTo(said) > 0;
  }

  /** That all units came so far was said. */
  void said(Stage stage, CommandAck ack) {
    said = stage;
    last = ack;
  }

  /** True once it was said that all units are fenced, or further. */
  boolean isPastFence() {
    return said != Stage.BEGUN;
  }
}
