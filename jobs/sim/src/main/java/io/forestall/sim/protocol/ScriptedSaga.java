package io.forestall.sim.protocol;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.guard.Admission;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.sim.world.Admissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whoever gives commands, at its worst: moves units about without much sense, contradicts itself,
 * says everything again after a restore, and is imitated by forgers. The nodes must be right
 * whatever it says. For one thread.
 */
final class ScriptedSaga {
  private static final int ATTEMPTS = 6;
  private final ProtocolWorld world;
  private final Map<Subject, SimulatedPartition<Command>> commands = new HashMap<>();
  private final List<Command> said = new ArrayList<>();
  private final Map<String, Command> byId = new HashMap<>();
  private final List<Move> moves = new ArrayList<>();
  private int signingKey = 1;
  private int sequence;

  /** One act. */
  private static final class Move {
    final Admission admission;
    boolean over;

    Move(Admission admission) {
      this.admission = admission;
    }
  }

  ScriptedSaga(ProtocolWorld world) {
    this.world = world;
  }

  SimulatedPartition<Command> commandsOf(SimulatedNode node) {
    return commands.computeIfAbsent(
        node.self, each -> new SimulatedPartition<>((offset, command) -> {}));
  }

  void rotate() {
    signingKey = 2;
  }

  private long wallMillis() {
    return ProtocolWorld.START_MILLIS + world.agenda.nowMicros() / 1000;
  }

  /** Moves some units of one owner to another node. */
  void move() {
    if (world.resting()) {
      return;
    }
    List<Owned> all = new ArrayList<>();
    for (String unit : world.units) {
      Owned owned = world.truth.owned(unit);
      if (owned != null) {
        all.add(owned);
      }
    }
    if (all.isEmpty()) {
      return;
    }
    Subject source = world.dice.pick(all).owner();
    List<UnitStep> steps = new ArrayList<>();
    for (Owned each : all) {
      if (each.owner().equals(source) && (steps.isEmpty() || world.dice.chance(0.8))) {
        long expected = each.epoch() - (world.dice.chance(0.03) ? 1 : 0);
        steps.add(
            new UnitStep(
                each.unit(),
                expected,
                expected + (world.dice.chance(0.9) ? 1 : world.dice.between(2, 5))));
      }
    }
    if (world.usesSaga()) {
      admit(source, steps);
      return;
    }
    Move move = begin(source, other(source, steps), steps);
    if (world.dice.chance(world.value(ProtocolKnob.RACES))) {
      world.count("races");
      begin(source, other(source, steps), steps);
    }
    SimulatedNode from = world.node(source);
    SimulatedNode to =
        world.node(move.admission.target() == null ? source : move.admission.target());
    if (world.dice.chance(world.value(ProtocolKnob.DEATHS))) {
      world.count("source deaths");
      from.crash();
    }
    if (world.dice.chance(world.value(ProtocolKnob.PAUSED_SOURCES))) {
      world.agenda.after(
          world.dice.between(0, 30_000),
          () -> {
            NodeLife life = from.life;
            if (life != null && !world.resting()) {
              if (world.dice.chance(0.5)) {
                life.pauseInside(world.dice.between(10_000, 400_000));
              } else {
                life.pause(world.dice.between(10_000, 400_000));
              }
            }
          });
    }
    if (world.dice.chance(world.value(ProtocolKnob.CHAINS))) {
      world.agenda.after(world.dice.between(2_000, 60_000), this::move);
    }
    if (world.dice.chance(world.value(ProtocolKnob.CUT_SOURCES))) {
      world.agenda.after(
          world.dice.between(0, 5_000), () -> world.cut(from, world.dice.between(50_000, 500_000)));
    }
    if (world.dice.chance(world.value(ProtocolKnob.TARGET_DEATHS))) {
      world.count("target deaths");
      world.agenda.after(
          world.dice.between(0, 60_000),
          () -> {
            if (!world.resting()) {
              to.crash();
            }
          });
    }
  }

  /** An act on shadows by way of the product's saga. */
  void admit(ActKind act, Subject source, @Nullable Subject target, String unit) {
    Owned owned = world.truth.owned(unit);
    long epoch = owned == null ? 0 : owned.epoch();
    List<UnitStep> steps = List.of(new UnitStep(unit, epoch, epoch + 1));
    // Now and then the guard forgets that another act holds the unit.
    if (!world.guard().holds(steps) || world.dice.chance(0.15)) {
      world.guard().admit(act, source, target, steps, true, signingKey);
    }
  }

  /** The same by way of the product's saga. */
  private void admit(Subject source, List<UnitStep> steps) {
    if (world.guard().holds(steps)) {
      return;
    }
    SimulatedNode from = world.node(source);
    Subject target = other(source, steps);
    boolean dies = world.dice.chance(world.value(ProtocolKnob.DEATHS));
    if (dies) {
      world.count("source deaths");
      from.crash();
    }
    boolean mistaken = world.dice.chance(0.25);
    world.guard().admit(source, target, steps, !dies && !mistaken, signingKey);
    if (world.dice.chance(world.value(ProtocolKnob.PAUSED_SOURCES))) {
      world.agenda.after(
          world.dice.between(0, 60_000),
          () -> {
            NodeLife life = from.life;
            if (life != null && !world.resting()) {
              life.pause(world.dice.between(10_000, 400_000));
            }
          });
    }
    if (world.dice.chance(world.value(ProtocolKnob.CUT_SOURCES))) {
      world.agenda.after(
          world.dice.between(0, 5_000), () -> world.cut(from, world.dice.between(50_000, 500_000)));
    }
    if (world.dice.chance(world.value(ProtocolKnob.TARGET_DEATHS))) {
      world.count("target deaths");
      world.agenda.after(
          world.dice.between(0, 120_000),
          () -> {
            if (!world.resting()) {
              world.node(target).crash();
            }
          });
    }
  }

  private Subject other(Subject source, List<UnitStep> steps) {
    ShadowWorld shadows = world.shadows;
    if (shadows != null) {
      List<Subject> holders = shadows.others(world.dice.pick(steps).unit(), source);
      if (!holders.isEmpty() && world.dice.chance(0.9)) {
        Subject target = world.dice.pick(holders);
        steps.forEach(step -> shadows.target(target, step.unit()));
        return target;
      }
    }
    Subject target;
    do {
      target = world.dice.pick(world.nodes).self;
    } while (target.equals(source)
        || shadows != null && shadows.isRetiring(target, steps.get(0).unit()));
    if (shadows != null) {
      for (UnitStep step : steps) {
        shadows.target(target, step.unit());
      }
    }
    return target;
  }

  /** Tells a node to let its shadow of a unit go. */
  void retire(Subject keeper, String unit) {
    Owned owned = world.truth.owned(unit);
    long epoch = owned == null ? 0 : owned.epoch();
    Admission admission =
        admission(
            ActKind.RETIRE_SHADOW, keeper, null, List.of(new UnitStep(unit, epoch, epoch + 1)));
    world.truth.sign(admission, signingKey);
    Move move = new Move(admission);
    give(move, Command.Kind.RETIRE_SHADOW, 0, 0, keeper);
  }

  private Admission admission(Subject source, Subject target, List<UnitStep> steps) {
    ActKind act = world.dice.pick(List.of(ActKind.FAILOVER, ActKind.SWITCHOVER, ActKind.FAILBACK));
    return admission(act, source, target, steps);
  }

  private Admission admission(
      ActKind act, Subject source, @Nullable Subject target, List<UnitStep> steps) {
    // Numbers of their own, so that they are none of the guard's.
    int number = 1_000 + ++sequence;
    long now = wallMillis();
    return new Admission(
        "a-" + number,
        1,
        Admission.State.ADMITTED,
        "p-" + number,
        act,
        source,
        ProtocolWorld.POOL,
        null,
        true,
        steps,
        source,
        target,
        List.of(),
        number,
        now,
        now - world.dice.between(0, 60),
        now + world.dice.between(100, 1_500),
        now,
        "",
        Map.of());
  }

  private Move begin(Subject source, Subject target, List<UnitStep> steps) {
    Admission admission = admission(source, target, steps);
    world.truth.sign(admission, signingKey);
    Move move = new Move(admission);
    moves.add(move);
    world.count("moves");
    world.trace(
        "saga",
        () -> "moves " + steps + " from " + source + " to " + target + " by " + admission.id());
    if (world.dice.chance(0.6)) {
      give(move, Command.Kind.PREPARE, 0, 0, target);
    }
    if (world.dice.chance(0.5)) {
      world.hint(target);
    }
    if (world.dice.chance(0.3)) {
      for (SimulatedNode each : world.nodes) {
        give(move, Command.Kind.PROBE, 1, 0, each.self);
      }
    }
    long began = world.dice.between(0, 10_000);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      int mine = attempt;
      world.agenda.after(
          began + attempt * world.dice.between(20_000, 60_000),
          () -> {
            if (!move.over && (!world.resting() || mine > 0)) {
              give(move, Command.Kind.PROMOTE, 2, mine, target);
              if (world.dice.chance(0.6)) {
                give(move, Command.Kind.DEMOTE, 3, mine, source);
              }
            }
          });
    }
    if (world.dice.chance(world.value(ProtocolKnob.CANCELS))) {
      world.agenda.after(
          world.dice.between(0, 60_000),
          () -> {
            give(move, Command.Kind.CANCEL, 4, 0, target);
            move.over = true;
          });
    }
    return move;
  }

  private void give(Move move, Command.Kind kind, int step, int attempt, Subject addressee) {
    Admission admission = move.admission;
    Command command =
        new Command(
            admission.id() + "/" + step + "/" + attempt + "/" + addressee.id(),
            kind,
            addressee,
            admission.subject(),
            admission.pool(),
            admission,
            step,
            attempt,
            admission.units(),
            kind == Command.Kind.DEMOTE ? admission.target() : admission.source(),
            wallMillis(),
            wallMillis() - (world.dice.chance(0.05) ? -30 : 60),
            wallMillis() + world.dice.between(5, 500),
            null,
            "",
            Map.of());
    said.add(command);
    append(command);
  }

  /** The command of this identifier, which was appended once. */
  Command command(String id) {
    return java.util.Objects.requireNonNull(byId.get(id), id);
  }

  void append(Command command) {
    byId.put(command.id(), command);
    world.count("commands");
    world.agenda.at(
        Math.max(world.agenda.nowMicros(), world.stalledUntilMicros()) + world.delayMicros(400),
        () -> {
          SimulatedPartition<Command> to = commandsOf(world.node(command.addressee()));
          to.append(command);
          if (world.dice.chance(0.03)) {
            to.append(command);
          }
        });
  }

  void acked(CommandAck ack) {
    if (world.usesSaga()) {
      world.guard().acked(ack);
      return;
    }
    for (Move move : moves) {
      if (ack.command().startsWith(move.admission.id() + "/2/") && ack.ends()) {
        if (ack.status() == CommandAck.Status.DONE) {
          world.count("promoted");
        }
        move.over |= ack.status() == CommandAck.Status.DONE || world.dice.chance(0.5);
      }
    }
  }

  /** Something that was said long ago comes again. */
  void replay() {
    if (!said.isEmpty() && !world.resting()) {
      world.count("replays");
      append(world.dice.pick(said));
    }
  }

  /** The saga's memory is that of a while ago. */
  void restore() {
    if (said.isEmpty() || world.resting()) {
      return;
    }
    world.count("restores");
    List<Command> again =
        List.copyOf(said.subList(Math.max(0, said.size() - 1 - world.dice.below(20)), said.size()));
    again.forEach(this::append);
  }

  /** Somebody who may write into topics, but has no key. */
  void forge() {
    if (world.resting()) {
      return;
    }
    world.count("forgeries");
    String unit = world.dice.pick(world.units);
    Owned owned = world.truth.owned(unit);
    if (owned == null) {
      return;
    }
    SimulatedNode thief = world.dice.pick(world.nodes);
    Admission real = moves.isEmpty() ? null : world.dice.pick(moves).admission;
    UnitStep step = new UnitStep(unit, owned.epoch(), owned.epoch() + 1);
    Admission forged =
        real == null
                || world.dice.chance(0.5)
                // that is no forgery
                || Admissions.redirected(real, thief.self, List.of(step)).equals(real)
            ? admission(owned.owner(), thief.self, List.of(step))
            : Admissions.redirected(real, thief.self, List.of(step));
    switch (world.dice.below(4)) {
      case 0, 1 -> {
        world.trace("forger", () -> "commands " + step + " to " + thief.self);
        append(
            new Command(
                forged.id() + "/forged/" + world.nextToken(),
                Command.Kind.PROMOTE,
                thief.self,
                owned.owner(),
                ProtocolWorld.POOL,
                world.dice.chance(0.2) ? null : world.dice.chance(0.3) ? real : forged,
                2,
                0,
                List.of(step),
                owned.owner(),
                wallMillis(),
                wallMillis(),
                wallMillis() + 500,
                null,
                "",
                Map.of()));
      }
      case 2 ->
          entry(
              new OwnershipEntry(
                  ProtocolWorld.POOL,
                  OwnershipEntry.Kind.TAKEOVER,
                  List.of(step),
                  thief.self,
                  thief.incarnation,
                  forged,
                  Authority.NONE,
                  thief.self.id(),
                  wallMillis()));
      default -> {
        if (!thief.self.equals(owned.owner())) {
          entry(
              new OwnershipEntry(
                  ProtocolWorld.POOL,
                  world.dice.chance(0.5) ? OwnershipEntry.Kind.START : OwnershipEntry.Kind.MODE,
                  List.of(step),
                  thief.self,
                  thief.incarnation,
                  null,
                  Authority.NONE,
                  thief.self.id(),
                  wallMillis()));
        }
      }
    }
  }

  private void entry(OwnershipEntry entry) {
    world.trace("forger", () -> "appends " + ProtocolWorld.text(entry));
    world.ownership.append(entry);
  }
}
