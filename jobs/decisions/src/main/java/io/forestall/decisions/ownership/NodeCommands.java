package io.forestall.decisions.ownership;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.CommandGate;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.CommandProgress.Stage;
import io.forestall.decisions.ownership.NodeProtocol.Role;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a node of level 2 does under commands (C4, G11): answers questions, begins takeovers, and
 * says how far each command is as the logs move its units on. Owned by {@link NodeProtocol}, which
 * moves the units. For one thread.
 */
final class NodeCommands {

  /** Commands under way at most; count. */
  static final int MAX_UNDER_WAY = 1_024;

  private static final String SYNCHRONOUS = "all that it answered is in the log";

  private final Subject me;
  private final NodeSettings settings;
  private final NodeActions actions;
  private final NodeUnits units;
  private final AckMeasurements measurements;
  private final CommandGate gate;
  private final Map<String, CommandProgress> underWay = new LinkedHashMap<>();

  /**
   * Takeovers appended and not read back, by admission. One that failed stays: nobody knows whether
   * it is in the log until its units have moved on.
   */
  private final Map<String, OwnershipEntry> takeovers = new LinkedHashMap<>();

  private boolean storageFull;
  private Map<String, HeldShadow> shadows = Map.of();

  NodeCommands(NodeSettings settings, NodeActions actions, NodeUnits units) {
    this.me = settings.node();
    this.settings = settings;
    this.actions = actions;
    this.units = units;
    this.measurements = new AckMeasurements(units);
    this.gate =
        new CommandGate(
            settings.node(),
            settings.incarnation(),
            settings.commandMemoryMillis(),
            actions,
            measurements::withUnits);
  }

  /** What every node asks of a command. */
  CommandGate gate() {
    return gate;
  }

  /** How the node's storage stands: goes into acks, and a full one is not promoted. */
  void storage(long free, boolean full) {
    measurements.freeBytes(free);
    storageFull = full;
  }

  /** The shadows of the next command's units that are here: they are not followed. */
  void shadows(Map<String, HeldShadow> held) {
    shadows = Map.copyOf(held);
    measurements.shadows(shadows);
  }

  /** What of its units was not read yet; goes into acks. */
  void lag(long deltas, long bytes) {
    measurements.lag(deltas, bytes);
  }

  // ---- what is told to do

  /** See {@link NodeProtocol#command}. */
  void command(Command command, Authority authority, long nowMillis) {
    switch (command.kind()) {
      case PROBE, REFRESH_MAP, PREPARE, PROMOTE, DEMOTE, CANCEL, CREATE_SHADOW, RETIRE_SHADOW -> {}
      case UNKNOWN, REDIRECT, DRAIN, LEAVE, RETURN -> {
        gate.refuse(command, CommandAck.Code.UNSUPPORTED, "a node of level 2 does not do this");
        return;
      }
    }
    if (!isMeant(command)) {
      gate.refuse(command, CommandAck.Code.NOT_OWNER, "it is meant for " + command.addressee());
      return;
    }
    if (!command.kind().needsAdmission()) {
      answerQuestion(command, nowMillis);
      return;
    }
    Admission admission = gate.admitted(command, authority, this::uncovered);
    if (admission == null) {
      return;
    }
    CommandProgress under = underWay.get(command.id());
    if (under != null) {
      gate.answerAgain(under.last());
      return;
    }
    switch (command.kind()) {
      case PREPARE -> {
        if (me.equals(admission.target())) {
          prepare(command, admission);
        } else {
          prepareSource(command, admission);
        }
      }
      case PROMOTE -> promote(command, admission, nowMillis);
      case DEMOTE -> demote(command);
      case CREATE_SHADOW -> create(command, admission);
      case RETIRE_SHADOW -> retire(command, admission);
      default -> cancel(command, admission);
    }
  }

  private boolean isMeant(Command command) {
    Subject addressee = command.addressee();
    return addressee.equals(me)
        || addressee.kind() == Subject.Kind.POOL && addressee.id().equals(command.pool());
  }

  /** Why the admission does not cover the command, null when it does. */
  private @Nullable String uncovered(Command command, Admission admission) {
    if (!isOfItsAct(command.kind(), admission.act())) {
      return "the admission is for " + admission.act() + ", not for " + command.kind();
    }
    if (!command.subject().equals(admission.subject())) {
      return "the admission is for another subject";
    }
    boolean meant =
        switch (command.kind()) {
          case PREPARE -> me.equals(admission.target()) || me.equals(admission.source());
          case PROMOTE, CREATE_SHADOW -> me.equals(admission.target());
          case DEMOTE -> me.equals(admission.source());
          case RETIRE_SHADOW -> me.equals(keeper(admission));
          default -> me.equals(admission.target()) || me.equals(admission.source());
        };
    if (!meant) {
      return "the admission gives this node no part in it";
    }
    if (command.units().isEmpty() && command.kind() != Command.Kind.CANCEL) {
      return "it names no units";
    }
    Set<UnitStep> admitted = new HashSet<>(admission.units());
    for (UnitStep step : command.units()) {
      if (!admitted.contains(step)) {
        return "the admission does not hold the step of unit " + step.unit();
      }
      NodeUnit unit = units.unit(step.unit());
      if (unit != null && !unit.spec.pool().equals(command.pool())) {
        return "unit " + step.unit() + " is of another pool";
      }
    }
    return null;
  }

  /** What an act may tell a node to do: ownership and shadows are kept apart. */
  private static boolean isOfItsAct(Command.Kind kind, ActKind act) {
    return switch (kind) {
      case CREATE_SHADOW -> act == ActKind.SHADOW;
      // a shadow that was not finished is given up by the act that began it
      case RETIRE_SHADOW -> act == ActKind.SHADOW || act == ActKind.RETIRE_SHADOW;
      case CANCEL -> act.changesOwner() || act == ActKind.SHADOW || act == ActKind.RETIRE_SHADOW;
      default -> act.changesOwner();
    };
  }

  /** Whose shadows an act builds or gives up. */
  private static @Nullable Subject keeper(Admission admission) {
    if (admission.act() == ActKind.SHADOW) {
      return admission.target();
    }
    Subject source = admission.source();
    return source == null ? admission.subject() : source;
  }

  private boolean refusedForCopies(Command command) {
    for (UnitStep step : command.units()) {
      NodeUnit unit = units.unit(step.unit());
      HeldShadow shadow = shadows.get(step.unit());
      if (unit == null && shadow != null) {
        gate.refuse(command, CommandAck.Code.GAP, shadow.text());
        return true;
      }
      if (unit == null) {
        gate.refuse(
            command, CommandAck.Code.NOT_OWNER, "this node holds no copy of unit " + step.unit());
        return true;
      }
      if (unit.role == Role.FAILED) {
        gate.refuse(
            command, CommandAck.Code.IO_ERROR, "the copy of unit " + step.unit() + " is broken");
        return true;
      }
    }
    if (storageFull) {
      gate.refuse(command, CommandAck.Code.NO_SPACE, "this node has no room");
      return true;
    }
    return false;
  }

  private boolean refusedForEpochs(Command command) {
    for (UnitStep step : command.units()) {
      Owned owned = units.owned(step.unit());
      if (owned != null && owned.epoch() > step.expectedEpoch() && !units.isFenced(step)) {
        gate.refuse(
            command,
            CommandAck.Code.WRONG_EPOCH,
            "unit " + step.unit() + " is at epoch " + owned.epoch());
        return true;
      }
    }
    return false;
  }

  private boolean refusedForRoom(Command command) {
    if (underWay.size() >= MAX_UNDER_WAY) {
      gate.refuse(command, CommandAck.Code.BUSY, "too many commands are under way");
      return true;
    }
    return false;
  }

  private void prepare(Command command, Admission admission) {
    if (gate.refusedForTimeOrBrake(command, admission)
        || refusedForCopies(command)
        || refusedForEpochs(command)) {
      return;
    }
    gate.finish(command, CommandAck.Status.DONE, CommandAck.Code.NONE, "ready");
  }

  /**
   * The owner of units that another is to take over: until the admission is over it answers writes
   * once they are in the log, and says DONE when all that it answered before is there. Its epochs
   * stay what they are, since the admission names them.
   */
  private void prepareSource(Command command, Admission admission) {
    if (gate.refusedForTimeOrBrake(command, admission) || refusedForRoom(command)) {
      return;
    }
    CommandAck received =
        gate.ack(
            command, CommandAck.Status.RECEIVED, CommandAck.Code.NONE, "writes what it answered");
    CommandProgress preparation = new CommandProgress(command, received);
    for (UnitStep step : command.units()) {
      NodeUnit unit = units.unit(step.unit());
      if (unit != null && ownsBefore(unit, step)) {
        units.keepSynchronous(unit, admission.expiresMillis());
        if (units.owesTheLog(unit)) {
          preparation.begin(step);
          unit.underWay.add(preparation);
        }
      }
    }
    if (preparation.count(Stage.BEGUN) > 0) {
      underWay.put(command.id(), preparation);
      actions.ack(received);
    } else {
      gate.finish(command, CommandAck.Status.DONE, CommandAck.Code.NONE, SYNCHRONOUS);
    }
  }

  private void promote(Command command, Admission admission, long nowMillis) {
    boolean fenced = true;
    for (UnitStep step : command.units()) {
      fenced &= units.isFenced(step);
    }
    // Once its units are taken, no brake, no cancel and no clock stops a takeover: there is nobody
    // else to serve them.
    if (!fenced
        && (gate.refusedForTimeOrBrake(command, admission)
            || refusedForCopies(command)
            || refusedForEpochs(command))) {
      return;
    }
    if (refusedForRoom(command)) {
      return;
    }
    CommandAck received =
        gate.ack(command, CommandAck.Status.RECEIVED, CommandAck.Code.NONE, "takes the units over");
    CommandProgress promotion = new CommandProgress(command, received);
    underWay.put(command.id(), promotion);
    for (UnitStep step : command.units()) {
      promotion.begin(step);
      NodeUnit unit = units.unit(step.unit());
      if (unit != null) {
        unit.underWay.add(promotion);
      } else {
        promotion.lose(step.unit(), CommandAck.Code.NOT_OWNER);
      }
    }
    actions.ack(received);
    settleAll(promotion);
    takeOver(promotion, admission, nowMillis);
  }

  /** Appends the fence of all units of a promotion that want it, unless one is on its way. */
  private void takeOver(CommandProgress promotion, Admission admission, long nowMillis) {
    if (!underWay.containsKey(promotion.command().id())
        || takeovers.containsKey(admission.id())
        || promotion.count(Stage.BEGUN) == 0) {
      return;
    }
    List<UnitStep> wanted = new ArrayList<>();
    for (UnitStep step : promotion.command().units()) {
      if (promotion.isBegun(step.unit())) {
        wanted.add(step);
        NodeUnit unit = units.unit(step.unit());
        if (unit != null) {
          unit.promotedMillis = nowMillis;
        }
      }
    }
    OwnershipEntry entry =
        new OwnershipEntry(
            promotion.command().pool(),
            OwnershipEntry.Kind.TAKEOVER,
            wanted,
            me,
            settings.incarnation(),
            admission,
            Authority.VALID,
            me.id(),
            gate.wallMillis());
    takeovers.put(admission.id(), entry);
    actions.appendOwnership(entry);
  }

  /**
   * Until when a takeover may be begun, by the newest of its orders. The saga relies on it: what a
   * dead or cut-off target was told is over a while after, without its word.
   */
  private long orderedUntilMillis(Admission admission) {
    long until = Long.MIN_VALUE;
    for (CommandProgress each : underWay.values()) {
      if (each.isPromotion() && each.command().isUnder(admission)) {
        until = Math.max(until, each.command().expiresMillis());
      }
    }
    return until;
  }

  /** The append of a takeover failed, or nobody knows: again, while it may still be begun. */
  void takeoverAgain(OwnershipEntry entry) {
    Admission admission = entry.admission();
    if (admission == null || takeovers.get(admission.id()) != entry || isOver(entry)) {
      return;
    }
    if (gate.wallMillis() <= Math.min(admission.expiresMillis(), orderedUntilMillis(admission))
        && !gate.isHalted()
        && !gate.isCancelled(admission)) {
      actions.appendOwnership(entry);
      return;
    }
    for (CommandProgress each : List.copyOf(underWay.values())) {
      if (each.isPromotion() && each.command().isUnder(admission)) {
        // It may yet be in the log, and then this node serves, whatever was said here.
        end(
            each,
            CommandAck.Status.FAILED,
            CommandAck.Code.TOO_SLOW,
            "the takeover could not be appended in time; the ownership log tells whether it was");
      }
    }
  }

  /** True when no step of a takeover can count any more, and forgets it. */
  private boolean isOver(OwnershipEntry entry) {
    for (UnitStep step : entry.steps()) {
      Owned owned = units.owned(step.unit());
      if (owned == null || owned.epoch() <= step.expectedEpoch()) {
        return false;
      }
    }
    Admission admission = entry.admission();
    if (admission != null) {
      takeovers.remove(admission.id(), entry);
    }
    return true;
  }

  // ---- shadows

  /** The maps said so first: what is here by now is built, and says itself how far it is. */
  private void create(Command command, Admission admission) {
    if (gate.refusedForTimeOrBrake(command, admission)) {
      return;
    }
    for (UnitStep step : command.units()) {
      HeldShadow shadow = shadows.get(step.unit());
      if (shadow != null && shadow.state() == HeldShadow.State.STOPPED) {
        gate.refuse(command, CommandAck.Code.NO_SPACE, shadow.text());
        return;
      }
      if (shadow == null && units.unit(step.unit()) == null) {
        gate.refuse(
            command,
            CommandAck.Code.BUSY,
            "no map that this node has read wants unit " + step.unit() + " here yet; ask again");
        return;
      }
    }
    gate.finish(command, CommandAck.Status.DONE, CommandAck.Code.NONE, "builds, or has them");
  }

  /** All go, or none: what this node owns, or may own in a moment, it keeps. */
  private void retire(Command command, Admission admission) {
    if (gate.refusedForTimeOrBrake(command, admission)) {
      return;
    }
    for (UnitStep step : command.units()) {
      Owned owned = units.owned(step.unit());
      if (owned != null && owned.owner().equals(me)) {
        gate.refuse(
            command, CommandAck.Code.WRONG_EPOCH, "this node owns unit " + step.unit() + " now");
        return;
      }
      if (isTakingOver(step.unit())) {
        gate.refuse(
            command, CommandAck.Code.BUSY, "unit " + step.unit() + " is being taken over here");
        return;
      }
      if (units.unit(step.unit()) != null && !units.isLogKnown(step.unit())) {
        // This process has begun nothing, but the one before it may have: the log tells.
        gate.refuse(
            command, CommandAck.Code.BUSY, "this node has not read who owns its units; ask again");
        return;
      }
    }
    for (UnitStep step : command.units()) {
      actions.letGo(step.unit());
    }
    gate.finish(command, CommandAck.Status.DONE, CommandAck.Code.NONE, "let them go");
  }

  /** True while this node may yet own a unit by a takeover that it has begun. */
  boolean isTakingOver(String unit) {
    for (CommandProgress each : underWay.values()) {
      if (each.isPromotion() && each.step(unit) != null) {
        return true;
      }
    }
    for (OwnershipEntry each : takeovers.values()) {
      for (UnitStep step : each.steps()) {
        if (step.unit().equals(unit)) {
          return true;
        }
      }
    }
    return false;
  }

  private void demote(Command command) {
    if (refusedForRoom(command)) {
      return;
    }
    CommandAck received =
        gate.ack(
            command, CommandAck.Status.RECEIVED, CommandAck.Code.NONE, "reads who owns the units");
    CommandProgress demotion = new CommandProgress(command, received);
    for (UnitStep step : command.units()) {
      NodeUnit unit = units.unit(step.unit());
      if (unit != null && ownsBefore(unit, step)) {
        demotion.begin(step);
        unit.underWay.add(demotion);
      }
    }
    if (demotion.count(Stage.BEGUN) > 0) {
      underWay.put(command.id(), demotion);
      actions.ack(received);
    } else {
      gate.finish(command, CommandAck.Status.DONE, CommandAck.Code.NONE, "answers no more");
    }
  }

  /** True when this process owns the unit under an epoch that a step shall replace. */
  private boolean ownsBefore(NodeUnit unit, UnitStep step) {
    Owned owned = unit.owned;
    return owned != null && units.isMine(unit) && owned.epoch() < step.newEpoch();
  }

  private void cancel(Command command, Admission admission) {
    for (UnitStep step : admission.units()) {
      if (me.equals(admission.target()) && units.isFenced(step)) {
        gate.refuse(
            command, CommandAck.Code.WRONG_EPOCH, "the takeover is past its fence and completes");
        return;
      }
    }
    gate.cancel(command, admission);
    OwnershipEntry takeover = takeovers.get(admission.id());
    if (takeover != null && !isOver(takeover)) {
      // Whether it counts is in nobody's hands any more: the log tells, and the saga reads it.
      gate.refuse(
          command, CommandAck.Code.BUSY, "the takeover is on its way into the log; ask again");
      return;
    }
    for (UnitStep step : admission.units()) {
      if (!units.isLogKnown(step.unit())) {
        // This process has begun nothing, but the one before it may have: the log tells.
        gate.refuse(
            command, CommandAck.Code.BUSY, "this node has not read who owns its units; ask again");
        return;
      }
    }
    for (CommandProgress each : List.copyOf(underWay.values())) {
      if (each.command().isUnder(admission)) {
        end(each, CommandAck.Status.REFUSED, CommandAck.Code.CANCELLED, "the act was cancelled");
      }
    }
    gate.finish(command, CommandAck.Status.DONE, CommandAck.Code.NONE, "cancelled");
  }

  // ---- how far commands are

  /** A record of the ownership log was folded in: it may have moved commands on, or ended them. */
  void ownershipRead(OwnershipEntry entry, long nowMillis) {
    if (underWay.isEmpty() && takeovers.isEmpty()) {
      return;
    }
    Admission admission = entry.admission();
    OwnershipEntry mine = admission == null ? null : takeovers.get(admission.id());
    // A record that only bears this node's name says nothing of the one that is still on its way.
    boolean own =
        mine != null
            && entry.kind() == OwnershipEntry.Kind.TAKEOVER
            && entry.authority() == Authority.VALID
            && entry.writer().equals(me.id())
            && entry.incarnation() == settings.incarnation()
            && entry.steps().equals(mine.steps());
    if (own && admission != null) {
      takeovers.remove(admission.id());
    }
    Set<CommandProgress> touched = new LinkedHashSet<>();
    for (UnitStep step : entry.steps()) {
      NodeUnit unit = units.unit(step.unit());
      if (unit == null) {
        continue;
      }
      for (CommandProgress each : unit.underWay) {
        advance(each, step.unit());
        if (own
            && each.isPromotion()
            && each.command().isUnder(admission)
            && each.isBegun(step.unit())) {
          // The own record was read and is void for the unit.
          each.lose(step.unit(), CommandAck.Code.WRONG_EPOCH);
        }
        touched.add(each);
      }
    }
    for (CommandProgress each : touched) {
      say(each);
      Admission of = each.command().admission();
      if (own && of != null && each.isPromotion()) {
        // Another attempt may name units that the record which was on its way did not.
        takeOver(each, of, nowMillis);
      }
    }
  }

  /** The log was judged anew. */
  void settleAll() {
    for (CommandProgress each : List.copyOf(underWay.values())) {
      settleAll(each);
    }
  }

  private void settleAll(CommandProgress each) {
    for (UnitStep step : each.command().units()) {
      advance(each, step.unit());
    }
    say(each);
  }

  /** A unit got further. */
  void settle(NodeUnit unit) {
    if (unit.underWay.isEmpty()) {
      return;
    }
    for (CommandProgress each : List.copyOf(unit.underWay)) {
      advance(each, unit.id());
      say(each);
    }
  }

  /** A unit gets no further here. */
  void lost(NodeUnit unit, CommandAck.Code code) {
    for (CommandProgress each : List.copyOf(unit.underWay)) {
      each.lose(unit.id(), code);
      say(each);
    }
  }

  private void advance(CommandProgress each, String id) {
    UnitStep step = each.step(id);
    NodeUnit unit = units.unit(id);
    if (step == null) {
      return;
    }
    if (each.command().kind() == Command.Kind.DEMOTE) {
      if (unit == null || !ownsBefore(unit, step)) {
        each.reach(id, Stage.ENDED);
      }
      return;
    }
    if (each.command().kind() == Command.Kind.PREPARE) {
      if (unit == null || !ownsBefore(unit, step) || !units.owesTheLog(unit)) {
        each.reach(id, Stage.ENDED);
      }
      return;
    }
    Owned owned = units.owned(id);
    if (units.isFenced(step)) {
      each.reach(id, Stage.FENCED);
      if (unit == null || !units.isMine(unit)) {
        return;
      }
      if (unit.role == Role.SERVING) {
        each.reach(id, Stage.ENDED);
      } else if (unit.role == Role.WAITING) {
        each.reach(id, Stage.DRAINED);
      }
    } else if (owned != null && owned.epoch() > step.expectedEpoch()) {
      each.lose(id, CommandAck.Code.WRONG_EPOCH);
    }
  }

  /** Says what is new about a command: PROGRESS when fenced and when drained, DONE at its end. */
  private void say(CommandProgress each) {
    Command command = each.command();
    if (!underWay.containsKey(command.id())) {
      return;
    }
    if (each.isOver()) {
      if (each.count(Stage.LOST) == 0) {
        end(
            each,
            CommandAck.Status.DONE,
            CommandAck.Code.NONE,
            switch (command.kind()) {
              case PROMOTE -> "serves all units";
              case PREPARE -> SYNCHRONOUS;
              default -> "answers no more";
            });
      } else {
        end(
            each,
            each.count(Stage.ENDED) > 0 || each.isPastFence()
                ? CommandAck.Status.FAILED
                : CommandAck.Status.REFUSED,
            each.lostCode(),
            each.lostText());
      }
      return;
    }
    if (!each.isPromotion() || each.count(Stage.BEGUN) > 0) {
      return;
    }
    Stage stage = each.count(Stage.FENCED) > 0 ? Stage.FENCED : Stage.DRAINED;
    if (each.isNews(stage)) {
      CommandAck progress =
          gate.ack(
              command,
              CommandAck.Status.PROGRESS,
              CommandAck.Code.NONE,
              stage == Stage.FENCED ? "fenced" : "drained");
      each.said(stage, progress);
      actions.ack(progress);
    }
  }

  private void end(
      CommandProgress each, CommandAck.Status status, CommandAck.Code code, String text) {
    underWay.remove(each.command().id());
    for (UnitStep step : each.command().units()) {
      NodeUnit unit = units.unit(step.unit());
      if (unit != null) {
        unit.underWay.remove(each);
      }
    }
    gate.finish(each.command(), status, code, text);
  }

  // ---- what is answered

  private void answerQuestion(Command command, long nowMillis) {
    if (command.kind() == Command.Kind.PROBE && command.parameters().containsKey(Command.REACH)) {
      actions.reach(command);
      return;
    }
    CommandAck answer =
        gate.ack(command, CommandAck.Status.DONE, CommandAck.Code.NONE, "this is how it stands");
    actions.ack(
        command.kind() == Command.Kind.PROBE
            ? measurements.withClients(answer, command, nowMillis)
            : answer);
  }

  /** The shell tried to reach the node that a PROBE named. */
  void reached(Command probe, boolean reached, String text, long nowMillis) {
    CommandAck answer =
        gate.ack(
            probe,
            reached ? CommandAck.Status.DONE : CommandAck.Status.FAILED,
            reached ? CommandAck.Code.NONE : CommandAck.Code.UNREACHABLE,
            text);
    actions.ack(measurements.withClients(answer, probe, nowMillis));
  }
}
