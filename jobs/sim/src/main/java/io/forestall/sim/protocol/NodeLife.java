package io.forestall.sim.protocol;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.NodeActions;
import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeProtocol;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.decisions.ownership.NodeSettings;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.ownership.OwnershipFold;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One start of a node's process: the product's {@link NodeProtocol} in a shell whose files, Kafka
 * clients and connections are simulated. It can be stopped between any two inputs and actions, also
 * between looking at the clock and what is done with it. For one thread.
 */
final class NodeLife implements NodeActions {
  final SimulatedNode node;
  final NodeProtocol protocol;
  final Map<Long, Pending> pending = new HashMap<>();

  /** Whatever a planted bug remembers of this process. */
  final Map<String, Delta> bugMemory = new HashMap<>();

  private final ProtocolWorld world;
  private OwnershipFold readFold = new OwnershipFold();

  /** The fold under new keys until it has come as far as the old one, null when none runs. */
  private @Nullable OwnershipFold foldAgain;

  /** Grows when the ownership log is read anew: what the reader before it gave is dropped. */
  private int readings;

  private final ArrayDeque<Runnable> frozen = new ArrayDeque<>();
  private final Channel journalChannel = new Channel();
  private final Channel appendChannel = new Channel();
  private final Channel ownershipChannel = new Channel();
  private final Channel diskChannel = new Channel();
  private final Channel ackChannel = new Channel();
  private final Channel answerChannel = new Channel();
  private final List<SimulatedReader<?>> readers = new ArrayList<>();
  private final Map<Integer, SimulatedReader<Delta>> deltaReaders = new HashMap<>();
  private @Nullable SimulatedReader<OwnershipEntry> ownershipReader;
  private boolean dead;
  private boolean paused;
  private long stopMicros;
  private boolean inFlightLost;
  private long sampledMicros;
  private long alarmMillis = Long.MAX_VALUE;

  /** What keeps its order on the way out of the process. */
  static final class Channel {
    private long lastMicros;
    private long lastLandingMicros;
  }

  /** A request that a client waits for. */
  static final class Pending {
    final Link link;
    final NodeRequest asked;
    long @Nullable [] read;

    Pending(Link link, NodeRequest asked) {
      this.link = link;
      this.asked = asked;
    }
  }

  NodeLife(SimulatedNode node, long incarnation) {
    this.node = node;
    this.world = node.world;
    NodeSettings settings =
        new NodeSettings(
            node.self,
            incarnation,
            // As while L is changed in a pool, node by node.
            node.index % 2 == 0 ? ProtocolWorld.LEASE_MILLIS : ProtocolWorld.LEASE_MILLIS / 2,
            ProtocolWorld.DRIFT_MILLIS,
            16,
            24 * 3_600_000L);
    this.protocol =
        new NodeProtocol(world.bug.settings(settings), new PlantedActions(world.bug, this));
  }

  Subject self() {
    return node.self;
  }

  /** What this process has read of the ownership log. */
  OwnershipFold readFold() {
    return readFold;
  }

  /** The command of this identifier. */
  Command given(String id) {
    return world.saga.command(id);
  }

  boolean dead() {
    return dead;
  }

  // ---- life

  void begin() {
    guarded(
        "starts",
        () -> {
          protocol.storage(1L << 40, false);
          if (world.bug.tellsLeases()) {
            protocol.leaseOfOthers(ProtocolWorld.LEASE_MILLIS);
          }
          if (world.bug.remembersCommands()) {
            for (SimulatedNode.Remembered each : node.commands.values()) {
              protocol.remembered(each.last(), each.keepUntilMillis());
            }
            node.cancelled.forEach(protocol::rememberedCancelled);
          }
          for (Delta delta : node.journal) {
            protocol.foundInJournal(delta);
          }
          for (SimulatedNode.Copy copy : node.copies.values()) {
            protocol.follow(
                copy.spec,
                node.firstOf.contains(copy.spec.unit()),
                copy.saved(),
                copy.nextOffset,
                node.monotonicMillis());
          }
        });
    readOwnership();
    for (int p = 0; p < world.deltas.size(); p++) {
      long from = Long.MAX_VALUE;
      for (SimulatedNode.Copy copy : node.copies.values()) {
        if (world.partitionOf(copy.spec.unit()) == p) {
          from = Math.min(from, copy.nextOffset);
        }
      }
      if (from != Long.MAX_VALUE) {
        SimulatedReader<Delta> reader =
            new SimulatedReader<>(
                world,
                world.deltas.get(p),
                from,
                node::blockedUntilMicros,
                (offset, delta) ->
                    input(
                        () -> "reads delta " + ProtocolWorld.text(delta) + " at " + offset,
                        now -> {
                          protocol.deltaRead(delta, offset, now);
                          world.bug.afterDelta(this, delta);
                        }));
        readers.add(reader);
        deltaReaders.put(p, reader);
      }
    }
    SimulatedPartition<Command> commands = world.saga.commandsOf(node);
    // What was read shortly before the crash is read again.
    long from = Math.max(0, commands.end() - world.dice.below(4));
    readers.add(
        new SimulatedReader<>(
            world, commands, from, node::blockedUntilMicros, this::commandArrived));
    askForTheEnd();
    saveSometimes();
    if (world.halted()) {
      halted(true);
    }
    rearm();
  }

  void die() {
    dead = true;
    inFlightLost = world.dice.chance(0.5);
    frozen.clear();
    readers.forEach(SimulatedReader::close);
    // The journal is on the medium as far as fsync came, and a little more.
    while (!node.journal.isEmpty()
        && unsynced.contains(node.journal.get(node.journal.size() - 1))
        && world.dice.chance(0.6)) {
      node.journal.remove(node.journal.size() - 1);
    }
  }

  /** Stops the process for a while, before the next thing that it does. */
  void pause(long micros) {
    if (dead || paused) {
      return;
    }
    world.count("pauses");
    world.trace(node.self, () -> "is stopped for " + micros + " us");
    paused = true;
    world.agenda.after(micros, this::resume);
  }

  /** Stops the process for a while after it looked at the clock for its next input. */
  void pauseInside(long micros) {
    stopMicros = micros;
  }

  private void resume() {
    if (dead || !paused) {
      return;
    }
    world.trace(node.self, () -> "goes on");
    paused = false;
    while (!frozen.isEmpty() && !paused && !dead) {
      frozen.remove().run();
    }
  }

  void resumeAtOnce() {
    stopMicros = 0;
    resume();
  }

  private void run(Runnable step) {
    if (dead) {
      return;
    }
    if (paused) {
      frozen.add(step);
    } else {
      step.run();
    }
  }

  private interface Input {
    void handle(long nowMillis);
  }

  private void input(java.util.function.Supplier<String> what, Input input) {
    run(
        () -> {
          long nowMillis = node.monotonicMillis();
          long nowMicros = world.agenda.nowMicros();
          if (stopMicros > 0) {
            long micros = stopMicros;
            stopMicros = 0;
            pause(micros);
            frozen.addFirst(() -> handle(what, input, nowMillis, nowMicros));
            return;
          }
          handle(what, input, nowMillis, nowMicros);
        });
  }

  private void handle(
      java.util.function.Supplier<String> what, Input input, long nowMillis, long nowMicros) {
    world.trace(node.self, what);
    sampledMicros = nowMicros;
    guarded(what.get(), () -> input.handle(nowMillis));
    rearm();
  }

  private void guarded(String what, Runnable step) {
    try {
      step.run();
    } catch (ProtocolViolation e) {
      throw e;
    } catch (RuntimeException e) {
      throw world.stumbled(node.self.toString(), what, e);
    }
  }

  private void rearm() {
    if (dead) {
      return;
    }
    long due = protocol.alarmMillis();
    if (due < alarmMillis) {
      alarmMillis = due;
      world.agenda.after(
          node.microsUntil(Math.max(due, node.monotonicMillis() + (due <= lastTickMillis ? 1 : 0))),
          () ->
              run(
                  () -> {
                    if (alarmMillis == due) {
                      alarmMillis = Long.MAX_VALUE;
                      tick(due);
                    }
                  }));
    }
  }

  private long lastTickMillis = Long.MIN_VALUE;

  private void tick(long due) {
    long now = node.monotonicMillis();
    if (now < protocol.alarmMillis()) {
      rearm();
      return;
    }
    lastTickMillis = now;
    handle(
        () -> "ticks", at -> protocol.tick(at, node.wallMillis()), now, world.agenda.nowMicros());
  }

  // ---- what it reads

  private void readOwnership() {
    int mine = ++readings;
    ownershipReader =
        new SimulatedReader<>(
            world,
            world.ownership,
            0,
            node::blockedUntilMicros,
            (offset, entry) -> ownershipArrived(mine, offset, entry));
    readers.add(ownershipReader);
  }

  private void ownershipArrived(int reading, long offset, OwnershipEntry entry) {
    Authority found = world.truth.authority(entry.admission(), node.keys);
    OwnershipEntry seen =
        world.bug.ownership(this, Truth.withAuthority(entry, world.bug.authority(found)));
    input(
        () -> "reads ownership " + ProtocolWorld.text(seen) + " at " + offset,
        now -> {
          if (reading != readings) {
            return;
          }
          OwnershipFold again = foldAgain;
          if (again == null) {
            readFold.take(offset, Truth.withAuthority(entry, found));
          } else {
            again.take(offset, Truth.withAuthority(entry, found));
            if (again.nextOffset() >= readFold.nextOffset()) {
              readFold = again;
              foldAgain = null;
            }
          }
          protocol.ownershipRead(0, offset, seen, now);
          for (UnitStep step : entry.steps()) {
            world.truth.believes(this, step.unit(), protocol.owned(step.unit()));
          }
          world.bug.afterOwnership(this, seen);
        });
  }

  /** The node gets a further key and reads anew who owns what. */
  void learnsKey(int key) {
    input(
        () -> "learns key " + key,
        now -> {
          node.keys.add(key);
          SimulatedReader<OwnershipEntry> reader = ownershipReader;
          if (reader != null) {
            reader.close();
          }
          foldAgain = new OwnershipFold();
          protocol.ownershipReread(0);
          world.count("keys learned");
          readOwnership();
        });
  }

  private void askForTheEnd() {
    if (dead) {
      return;
    }
    run(
        () -> {
          long asked = node.monotonicMillis();
          int reading = readings;
          SimulatedReader<OwnershipEntry> reader = ownershipReader;
          if (reader != null) {
            reader.readToEnd(
                () ->
                    input(
                        () -> "has read ownership to its end, asked at " + asked,
                        now -> {
                          if (reading == readings) {
                            protocol.ownershipReadToEnd(
                                0, world.bug.leaseFromMillis(asked, now), now);
                          }
                        }));
          }
        });
    world.agenda.after(
        world.quiet() ? 30_000_000 : world.delayMicros(ProtocolWorld.LEASE_MILLIS * 1000 / 4),
        this::askForTheEnd);
  }

  private void commandArrived(long offset, Command command) {
    Authority found = world.bug.authority(world.truth.authority(command.admission(), node.keys));
    input(
        () -> "reads command " + ProtocolWorld.text(command),
        now -> protocol.command(command, found, now, node.wallMillis()));
  }

  void halted(boolean halted) {
    input(() -> halted ? "is halted" : "is resumed", now -> protocol.halted(halted, now));
  }

  /** A request arrived over a connection. */
  void asked(Link link, NodeRequest asked) {
    long token = world.nextToken();
    NodeRequest request = world.bug.request(this, asked.withToken(token));
    input(
        () -> "is asked " + ProtocolWorld.text(request),
        now -> {
          pending.put(token, new Pending(link, asked));
          if (!world.bug.answers(this, request)) {
            protocol.request(request, now, node.wallMillis());
          }
        });
  }

  /** A connection ended. */
  void gone(Link link) {
    input(
        () -> "loses " + link,
        now -> {
          List<Long> tokens = new ArrayList<>();
          for (Map.Entry<Long, Pending> each : pending.entrySet()) {
            if (each.getValue().link == link) {
              tokens.add(each.getKey());
            }
          }
          tokens.sort(null);
          for (long token : tokens) {
            protocol.forget(token);
            pending.remove(token);
          }
        });
  }

  /** A planted bug takes a delta for read that is only on its way into the log. */
  void readsAtOnce(Delta delta) {
    SimulatedReader<Delta> reader = deltaReaders.get(world.partitionOf(delta.unit()));
    world.agenda.after(
        1,
        () ->
            input(
                () -> "believes to have read " + ProtocolWorld.text(delta),
                now -> protocol.deltaRead(delta, reader == null ? 0 : reader.next(), now)));
  }

  // ---- what it does

  private void leave(Channel channel, long meanMicros, Runnable step) {
    channel.lastMicros =
        Math.max(world.agenda.nowMicros() + world.delayMicros(meanMicros), channel.lastMicros + 1);
    world.agenda.at(channel.lastMicros, () -> run(step));
  }

  private final java.util.Set<Delta> unsynced =
      java.util.Collections.newSetFromMap(new java.util.IdentityHashMap<>());

  @Override
  public void journal(long ticket, Delta delta) {
    leave(
        journalChannel,
        150,
        () -> {
          if (node.diskFull || node.diskFails) {
            boolean noSpace = node.diskFull;
            world.count("journal failures");
            input(
                () -> "cannot journal " + ticket + (noSpace ? ", no space" : ", medium fails"),
                now -> protocol.journalFailed(ticket, noSpace, now));
            return;
          }
          node.journal.add(delta);
          unsynced.add(delta);
          leave(
              journalSyncChannel,
              200,
              () -> {
                unsynced.remove(delta);
                input(() -> "has journaled " + ticket, now -> protocol.journaled(ticket, now));
              });
        });
  }

  private final Channel journalSyncChannel = new Channel();

  @Override
  public void append(Delta delta) {
    leave(
        appendChannel,
        50,
        () ->
            send(
                world.deltas.get(world.partitionOf(delta.unit())),
                appendChannel,
                delta,
                () ->
                    input(
                        () -> "does not know of append " + ProtocolWorld.text(delta),
                        now -> protocol.appendFailed(delta, now))));
  }

  @Override
  public void appendOwnership(OwnershipEntry entry) {
    leave(
        ownershipChannel,
        50,
        () ->
            send(
                world.ownership,
                ownershipChannel,
                entry,
                () ->
                    input(
                        () -> "does not know of append " + ProtocolWorld.text(entry),
                        now -> protocol.ownershipAppendFailed(entry, now))));
  }

  private <T> void send(
      SimulatedPartition<T> partition, Channel channel, T entry, Runnable failed) {
    long now = world.agenda.nowMicros();
    long blocked = node.blockedUntilMicros();
    boolean unknown =
        world.dice.chance(world.value(ProtocolKnob.UNKNOWN_APPENDS)) && !world.resting()
            || blocked > now + 40_000
            || blocked > now && world.dice.chance(0.3);
    if (!unknown) {
      long at =
          Math.max(Math.max(now, blocked) + world.delayMicros(250), channel.lastLandingMicros + 1);
      channel.lastLandingMicros = at;
      world.agenda.at(at, () -> land(partition, entry));
      return;
    }
    world.count("appends unknown");
    long told = world.delayMicros(30_000);
    world.agenda.after(told, () -> run(failed));
    switch (world.dice.below(4)) {
      case 0 -> world.count("appends lost");
      case 1 -> {
        // It comes to the log long after everybody gave it up.
        world.count("appends late");
        world.agenda.at(
            Math.max(now + told, blocked) + world.delayMicros(60_000),
            () -> land(partition, entry));
      }
      default -> {
        // It was in the log, only nobody said so.
        long at =
            Math.max(
                Math.max(now, blocked) + world.delayMicros(250), channel.lastLandingMicros + 1);
        channel.lastLandingMicros = at;
        world.agenda.at(at, () -> land(partition, entry));
      }
    }
  }

  private <T> void land(SimulatedPartition<T> partition, T entry) {
    if (!dead || !inFlightLost) {
      partition.append(entry);
      if (entry instanceof Delta delta) {
        world.bug.afterAppend(this, delta);
      }
    }
  }

  @Override
  public void apply(Delta delta, long deltaOffset) {
    leave(
        diskChannel,
        world.bug.appliesBeforeReads() ? 60 : 5_000,
        () -> {
          if (node.diskFails) {
            input(
                () -> "cannot apply to " + delta.unit(),
                now -> protocol.applyFailed(delta.unit(), now));
            return;
          }
          world.truth.applied(node, delta);
          SimulatedNode.Copy copy = node.copies.get(delta.unit());
          if (copy == null) {
            throw new ProtocolViolation(
                ProtocolInvariant.FOLDS_AGREE, node.self + " has no copy of " + delta.unit());
          }
          long before = copy.fold.lastSequence();
          if (!copy.take(delta)) {
            throw new ProtocolViolation(
                ProtocolInvariant.FOLDS_AGREE,
                node.self
                    + " applies sequence "
                    + delta.sequence()
                    + " to "
                    + delta.unit()
                    + " after "
                    + before);
          }
          copy.nextOffset = deltaOffset + 1;
          ProtocolWorld.put(copy.blocks, delta);
        });
  }

  @Override
  public void read(NodeRequest request) {
    leave(
        world.bug.appliesBeforeReads() ? diskChannel : journalChannel,
        60,
        () -> {
          Pending waiting = pending.get(request.token());
          SimulatedNode.Copy copy = node.copies.get(request.unit());
          boolean failed = node.diskFails || copy == null;
          if (waiting != null && copy != null) {
            waiting.read = ProtocolWorld.blocks(copy.blocks, request);
          }
          world.agenda.after(
              world.delayMicros(40),
              () ->
                  input(
                      () -> "has the bytes of " + ProtocolWorld.text(request),
                      now -> protocol.readDone(request, failed, now)));
        });
  }

  @Override
  public void answer(NodeAnswer answer) {
    Pending waiting = pending.remove(answer.token());
    world.trace(
        node.self,
        () ->
            "answers "
                + answer.outcome()
                + " "
                + answer.text()
                + (waiting == null ? " to nobody" : " to " + ProtocolWorld.text(waiting.asked)));
    if (waiting == null) {
      return;
    }
    world.answered(answer);
    if (answer.outcome() == NodeAnswer.Outcome.DONE) {
      world.truth.done(this, waiting.asked, answer, sampledMicros);
    }
    if (answer.outcome() == NodeAnswer.Outcome.INVALID) {
      throw new ProtocolViolation(
          ProtocolInvariant.NOBODY_STUMBLES,
          node.self + " calls a right request invalid: " + answer.text());
    }
    leave(answerChannel, 30, () -> waiting.link.answer(waiting.asked, answer, waiting.read));
  }

  @Override
  public void ack(CommandAck ack) {
    world.trace(
        node.self,
        () ->
            "acks "
                + ack.command()
                + " "
                + ack.status()
                + " "
                + ack.code()
                + " "
                + ack.text()
                + (ack.duplicate() ? " again" : ""));
    leave(
        ackChannel,
        50,
        () -> {
          world.truth.acked(world.saga.command(ack.command()), ack);
          world.count(
              "acks "
                  + ack.status().name().toLowerCase(java.util.Locale.ROOT)
                  + (ack.status() == CommandAck.Status.REFUSED ? " " + ack.code() : ""));
          world.agenda.after(world.delayMicros(400), () -> world.saga.acked(ack));
        });
  }

  @Override
  public void remember(CommandAck last, long keepUntilMillis) {
    leave(
        ackChannel,
        50,
        () ->
            node.commands.put(last.command(), new SimulatedNode.Remembered(last, keepUntilMillis)));
  }

  @Override
  public void rememberCancelled(String admission, long keepUntilMillis) {
    leave(ackChannel, 50, () -> node.cancelled.put(admission, keepUntilMillis));
  }

  @Override
  public void reach(Command probe) {
    world.agenda.after(
        world.delayMicros(500),
        () ->
            input(
                () -> "has tried to reach for " + probe.id(),
                now -> protocol.reached(probe, world.reaches(probe), "", now, node.wallMillis())));
  }

  @Override
  public void setAside(Delta delta, String why) {
    world.trace(node.self, () -> "sets aside " + ProtocolWorld.text(delta) + ": " + why);
    world.count("set aside");
  }

  // ---- checkpoints

  private void saveSometimes() {
    if (dead) {
      return;
    }
    world.agenda.after(
        world.quiet() ? 60_000_000 : world.dice.between(20_000, 300_000),
        () -> {
          run(this::save);
          saveSometimes();
        });
  }

  private void save() {
    if (node.diskFails) {
      return;
    }
    for (SimulatedNode.Copy copy : node.copies.values()) {
      long[] before = copy.savedBlocks;
      copy.save();
      if (!world.bug.savesWhatItCovers()) {
        copy.savedBlocks = before;
      }
    }
    Iterator<Delta> all = node.journal.iterator();
    while (all.hasNext()) {
      Delta delta = all.next();
      SimulatedNode.Copy copy = node.copies.get(delta.unit());
      if (!unsynced.contains(delta)
          && copy != null
          && delta.sequence() <= copy.savedSequence
          && delta.epoch() <= copy.savedEpoch) {
        all.remove();
      }
    }
  }
}
