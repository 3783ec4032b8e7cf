package io.forestall.sim.protocol;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.guard.Proposal.UnitStep;
import io.forestall.decisions.ownership.Authority;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.DeltaFold;
import io.forestall.decisions.ownership.HeldShadow;
import io.forestall.decisions.ownership.NodeActions;
import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeProtocol;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.decisions.ownership.NodeSettings;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.ownership.OwnershipFold;
import io.forestall.decisions.ownership.UnitSpec;
import io.forestall.decisions.shadow.BlockRepair;
import io.forestall.decisions.shadow.HolderReport;
import io.forestall.decisions.shadow.ShadowCopy;
import io.forestall.decisions.shadow.VerifyTurn;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
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
  private @Nullable SimulatedReader<OwnershipEntry> ownershipReader;

  /** The copies that follow the log in this process, by unit. */
  private final Map<String, Held> held = new java.util.LinkedHashMap<>();

  /** Null in a world without shadows: there the map never changes. */
  private final @Nullable NodeShadows shadows;

  private final VerifyTurn verifyTurn = new VerifyTurn(VERIFY_MILLIS);
  private Map<String, CopyMap.Wanted> wanted = Map.of();
  private final Set<String> unwanted = new java.util.LinkedHashSet<>();

  /** Commands that wait, until the copies are open, or shadows became copies. */
  private final ArrayDeque<Runnable> early = new ArrayDeque<>();

  private boolean opened;
  private int opening;
  private int adopting;
  private final Channel reportChannel = new Channel();
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

  /** A copy that follows the log. */
  private static final class Held {
    final SimulatedNode.Copy copy;
    CopyMap.Wanted wanted;
    final BlockRepair repair = new BlockRepair(ProtocolWorld.BLOCK_BYTES);
    final Map<Long, Long> repaired = new HashMap<>();
    final Map<Long, List<NodeRequest>> waiting = new HashMap<>();
    DeltaFold fold = new DeltaFold();
    long nextOffset;
    @Nullable SimulatedReader<Delta> reader;

    /** True once no block can be newer than its place. */
    boolean exact;

    boolean failed;
    boolean gone;
    long toldSequence = -1;
    long toldEpoch;
    boolean toldOwner;

    Held(SimulatedNode.Copy copy, CopyMap.Wanted wanted) {
      this.copy = copy;
      this.wanted = wanted;
    }
  }

  /** How often an owner has a chunk verified; milliseconds. */
  private static final long VERIFY_MILLIS = 25;

  NodeLife(SimulatedNode node, long incarnation) {
    this.node = node;
    this.world = node.world;
    ShadowWorld all = world.shadows;
    this.shadows = all == null ? null : new NodeShadows(this, world, all);
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
        () -> "starts",
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
          if (world.bug.readsItsJournal()) {
            for (Delta delta : node.journal) {
              protocol.foundInJournal(delta.withoutPayload());
            }
          }
          if (shadows == null) {
            for (SimulatedNode.Copy copy : node.copies.values()) {
              String unit = copy.spec.unit();
              boolean first = node.firstOf.contains(unit);
              follow(new Held(copy, new CopyMap.Wanted(unit, first, false, false, List.of())));
            }
          }
        });
    readOwnership();
    held.values().forEach(this::readDeltas);
    SimulatedPartition<Command> commands = world.saga.commandsOf(node);
    // What was read shortly before the crash is read again.
    long from = Math.max(0, commands.end() - world.dice.below(4));
    readers.add(
        new SimulatedReader<>(
            world, commands, from, node::blockedUntilMicros, this::commandArrived));
    askForTheEnd();
    saveSometimes();
    if (shadows != null) {
      secondly();
    }
    if (world.halted()) {
      halted(true);
    }
    if (world.asyncBoundMillis() > 0) {
      // It reads the words of operators when it can.
      world.agenda.after(world.delayMicros(5_000), () -> writeMode(world.asyncBoundMillis()));
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

  void run(Runnable step) {
    if (dead) {
      return;
    }
    if (paused) {
      frozen.add(step);
    } else {
      step.run();
    }
  }

  interface Input {
    void handle(long nowMillis);
  }

  void input(java.util.function.Supplier<String> what, Input input) {
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
    guarded(what, () -> input.handle(nowMillis));
    rearm();
  }

  private void guarded(java.util.function.Supplier<String> what, Runnable step) {
    try {
      step.run();
    } catch (ProtocolViolation e) {
      throw e;
    } catch (RuntimeException e) {
      throw world.stumbled(node.self.toString(), what.get(), e);
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
                            openAll();
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
        now -> {
          if (shadows == null) {
            protocol.command(command, found, now, node.wallMillis());
          } else if (isReady()) {
            obey(shadows, command, found);
          } else {
            early.add(() -> obey(shadows, command, found));
          }
        });
  }

  void halted(boolean halted) {
    input(() -> halted ? "is halted" : "is resumed", now -> protocol.halted(halted, now));
  }

  /** How writes are to be acknowledged from now on. */
  void writeMode(long asyncBoundMillis) {
    input(
        () -> "reads that writes may be answered early by " + asyncBoundMillis + " ms",
        now -> protocol.writeMode(ProtocolWorld.VOLUME, asyncBoundMillis, now));
  }

  @Override
  public @Nullable Delta whole(Delta found) {
    for (Delta each : node.journal) {
      if (each.unit().equals(found.unit())
          && each.epoch() == found.epoch()
          && each.sequence() == found.sequence()) {
        return each;
      }
    }
    return found.kind() == Delta.Kind.WRITE && found.payload().length == 0 ? null : found;
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
    Held at = held.get(delta.unit());
    SimulatedReader<Delta> reader = at == null ? null : at.reader;
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
    Held at = held.get(delta.unit());
    boolean exact = at != null && at.exact;
    boolean owner = owns(delta.unit());
    if (shadows != null && at != null) {
      at.repair.applied(delta);
    }
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
          if (shadows != null && (at == null || at.gone)) {
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
          copy.put(delta);
          ShadowWorld all = world.shadows;
          if (all != null && exact) {
            all.truth.holds(node.self, copy, delta.sequence());
            if (delta.kind() == Delta.Kind.VERIFY) {
              verified(delta, copy, owner, ProtocolBug.NONE);
            }
          }
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
          int damaged = copy == null ? -1 : damaged(copy, request.offset(), request.length());
          if (damaged >= 0) {
            input(
                () -> "finds block " + damaged + " damaged as it reads " + request.unit(),
                now -> damaged(request.unit(), damaged, request));
            return;
          }
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
    if (answer.outcome() == NodeAnswer.Outcome.ACCEPTED) {
      world.truth.accepted(this, waiting.asked, sampledMicros);
    }
    if (answer.outcome() == NodeAnswer.Outcome.INVALID
        && waiting.asked.kind() != NodeRequest.Kind.FLUSH) {
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
  public void letGo(String unit) {
    world.agenda.after(1, () -> input(() -> "lets " + unit + " go", now -> lets(unit)));
  }

  /**
   * An order to take it over may have come between: then it stays. So it does when the map wants it
   * again: the order is an old one.
   */
  private void lets(String unit) {
    CopyMap.Wanted is = wanted.get(unit);
    if (shadows == null || isNeeded(unit) || is != null && !is.retiring()) {
      return;
    }
    Held copy = held.get(unit);
    if (copy == null && !shadows.contains(unit)) {
      return;
    }
    letsGo(unit);
    if (copy == null) {
      shadows.cancel(unit);
    } else {
      unfollow(copy);
    }
    remove(unit);
  }

  /** What this node owns, or may own in a moment, it keeps. */
  private boolean isNeeded(String unit) {
    return owns(unit) || protocol.isTakingOver(unit) && world.bug.keepsTakers();
  }

  @Override
  public void setAside(Delta delta, String why) {
    world.trace(node.self, () -> "sets aside " + ProtocolWorld.text(delta) + ": " + why);
    world.count("set aside");
  }

  // ---- which copies it holds

  private void follow(Held copy) {
    String unit = copy.copy.spec.unit();
    held.put(unit, copy);
    copy.fold = copy.copy.saved();
    copy.nextOffset = copy.copy.nextOffset;
    protocol.follow(
        copy.copy.spec,
        copy.wanted.firstOwner(),
        copy.fold,
        copy.nextOffset,
        node.monotonicMillis());
  }

  private void readDeltas(Held copy) {
    SimulatedPartition<Delta> partition =
        world.deltas.get(world.partitionOf(copy.copy.spec.unit()));
    int end = partition.end();
    copy.exact = shadows != null && copy.nextOffset >= end;
    SimulatedReader<Delta> reader =
        new SimulatedReader<>(
            world,
            partition,
            copy.nextOffset,
            node::blockedUntilMicros,
            (offset, delta) ->
                input(
                    () -> "reads delta " + ProtocolWorld.text(delta) + " at " + offset,
                    now -> {
                      if (copy.gone || copy.failed) {
                        return;
                      }
                      protocol.deltaRead(delta, offset, now);
                      copy.nextOffset = offset + 1;
                      if (shadows != null) {
                        repairs(copy);
                        copy.exact |= copy.nextOffset >= end;
                      }
                      world.bug.afterDelta(this, delta);
                    }));
    readers.add(reader);
    copy.reader = reader;
  }

  void forget(SimulatedReader<?> reader) {
    reader.close();
    readers.remove(reader);
  }

  private boolean owns(String unit) {
    Owned owned = protocol.owned(unit);
    return owned != null && owned.owner().equals(node.self);
  }

  /** Once it is known who owns what, the copies that the map wants are opened. */
  private void openAll() {
    ShadowWorld all = world.shadows;
    if (opened || shadows == null || all == null) {
      return;
    }
    opened = true;
    wanted = CopyMap.wanted(all.map(), node.self);
    readers.add(
        new SimulatedReader<>(
            world,
            all.maps,
            all.maps.end(),
            node::blockedUntilMicros,
            (offset, slice) ->
                input(() -> "reads map " + slice.version(), now -> mapped(shadows, slice))));
    wanted.values().forEach(each -> follow(shadows, each));
    for (Map.Entry<String, SimulatedNode.Copy> each : List.copyOf(node.copies.entrySet())) {
      CopyMap.Wanted is = wanted.get(each.getKey());
      if (each.getValue().shadow && (is == null || is.retiring())) {
        remove(each.getKey());
      }
    }
    obeyEarly();
  }

  private boolean isReady() {
    return opened && opening == 0 && adopting == 0;
  }

  private void obeyEarly() {
    while (isReady() && !early.isEmpty()) {
      early.removeFirst().run();
    }
  }

  private void mapped(NodeShadows shadows, MapSlice slice) {
    Map<String, CopyMap.Wanted> before = wanted;
    wanted = CopyMap.wanted(slice, node.self);
    wanted.forEach(
        (unit, each) -> {
          if (!each.equals(before.get(unit))) {
            follow(shadows, each);
          }
        });
    before
        .keySet()
        .forEach(
            unit -> {
              if (!wanted.containsKey(unit)) {
                unwanted.add(unit);
              }
            });
    leaveUnwanted(shadows);
  }

  /** What no map wants goes, but for what is needed. */
  private void leaveUnwanted(NodeShadows shadows) {
    for (String unit : List.copyOf(unwanted)) {
      Held copy = held.get(unit);
      if (copy == null || wanted.containsKey(unit)) {
        unwanted.remove(unit);
        if (!wanted.containsKey(unit) && shadows.contains(unit)) {
          letsGo(unit);
          shadows.cancel(unit);
          remove(unit);
        }
      } else if (!isNeeded(unit)) {
        unwanted.remove(unit);
        letsGo(unit);
        unfollow(copy);
      }
    }
  }

  private void letsGo(String unit) {
    ShadowWorld all = world.shadows;
    if (all != null) {
      all.truth.letsGo(node.self, unit);
    }
  }

  private void follow(NodeShadows shadows, CopyMap.Wanted each) {
    Held copy = held.get(each.unit());
    if (copy == null && shadows.contains(each.unit())) {
      shadows.want(each);
    } else if (copy == null) {
      if (!each.retiring()) {
        open(each);
      }
    } else {
      copy.wanted = each;
      if (!copy.failed && copy.reader != null) {
        protocol.follow(
            copy.copy.spec, each.firstOwner(), copy.fold, copy.nextOffset, node.monotonicMillis());
      }
    }
  }

  private void unfollow(Held copy) {
    String unit = copy.copy.spec.unit();
    held.remove(unit);
    copy.gone = true;
    SimulatedReader<Delta> reader = copy.reader;
    if (reader != null) {
      forget(reader);
    }
    protocol.unfollow(unit, node.monotonicMillis());
  }

  /** Opens a copy, behind what was done to its files before; what they say it is. */
  void open(CopyMap.Wanted each) {
    String unit = each.unit();
    Held opening = new Held(files(each), each);
    held.put(unit, opening);
    this.opening++;
    disk(
        () -> {
          SimulatedNode.Copy files = files(each);
          input(
              () -> "has opened its copy of " + unit,
              now -> {
                this.opening--;
                opened(opening, files);
                obeyEarly();
              });
        });
  }

  /** What the disk has of a copy, or an empty one. */
  private SimulatedNode.Copy files(CopyMap.Wanted each) {
    SimulatedNode.Copy files = node.copies.get(each.unit());
    if (files == null || files.shadow && !each.shadow() && files.kept == null) {
      files = new SimulatedNode.Copy(world.spec(each.unit()), world.blocks() + 1);
      files.shadow = each.shadow();
      node.copies.put(each.unit(), files);
    }
    return files;
  }

  private void opened(Held opening, SimulatedNode.Copy files) {
    String unit = files.spec.unit();
    if (opening.gone) {
      if (!wanted.containsKey(unit) && files.shadow) {
        remove(unit);
      }
      return;
    }
    if (files.shadow && shadows != null) {
      held.remove(unit);
      shadows.begin(opening.wanted, files);
    } else {
      Held copy = new Held(files, opening.wanted);
      files.fold = files.saved();
      files.nextOffset = files.savedOffset;
      follow(copy);
      readDeltas(copy);
    }
  }

  private void remove(String unit) {
    disk(() -> node.copies.remove(unit));
  }

  /** Only what this process follows soundly is made durable by it. */
  private boolean isKept(SimulatedNode.Copy copy) {
    Held at = held.get(copy.spec.unit());
    return at != null && at.copy == copy && at.reader != null && !at.failed && !copy.shadow;
  }

  // ---- takeovers by shadows

  private void obey(NodeShadows shadows, Command command, Authority authority) {
    boolean takes =
        command.kind() == Command.Kind.PREPARE || command.kind() == Command.Kind.PROMOTE;
    Map<String, HeldShadow> here = new HashMap<>();
    boolean ready = true;
    for (UnitStep step : command.units()) {
      HeldShadow shadow = held.containsKey(step.unit()) ? null : shadows.held(step.unit());
      if (shadow != null) {
        here.put(step.unit(), shadow);
        ready &= shadow.state() == HeldShadow.State.IN_SYNC;
      }
    }
    if (takes && ready && authority == Authority.VALID) {
      for (UnitStep step : command.units()) {
        adopt(shadows, step.unit());
        here.remove(step.unit());
      }
    }
    if (takes && adopting > 0) {
      // Before all that came after it, once its copies are what they must be.
      early.addFirst(() -> obey(shadows, command, authority));
      return;
    }
    if (takes && !ready) {
      world.count("takeovers by shadows refused");
    }
    protocol.command(command, authority, here, node.monotonicMillis(), node.wallMillis());
  }

  /** A shadow that is in sync follows the log by itself: first durably, then for everybody. */
  private void adopt(NodeShadows shadows, String unit) {
    NodeShadows.Shadow shadow = held.containsKey(unit) ? null : shadows.adopt(unit);
    if (shadow == null) {
      return;
    }
    SimulatedNode.Copy files = shadow.files;
    Held copy =
        new Held(
            files,
            wanted.getOrDefault(unit, new CopyMap.Wanted(unit, false, true, false, List.of())));
    held.put(unit, copy);
    adopting++;
    NodeShadows.Place place = NodeShadows.place(shadow.copy);
    disk(
        () -> {
          boolean fails = node.diskFull || node.diskFails;
          if (!fails) {
            files.fold = place.fold();
            files.nextOffset = place.deltaOffset();
            files.shadow = false;
            files.kept = null;
            files.save();
          }
          input(
              () -> "has made its shadow of " + unit + " a copy",
              now -> {
                if (fails && !copy.gone) {
                  held.remove(unit);
                  open(copy.wanted);
                } else if (!copy.gone) {
                  world.count("shadows adopted");
                  follow(copy);
                  readDeltas(copy);
                }
                adopting--;
                obeyEarly();
              });
        });
  }

  // ---- what other nodes fetch

  /** Longest wait for what another holder gives; microseconds. */
  private static final long FETCH_MICROS = 300_000;

  /** Says that nothing comes when nothing came; what comes later comes all the same. */
  private final class Awaited implements NodeShadows.Reply {
    private final NodeShadows.Reply reply;
    private boolean answered;

    Awaited(NodeShadows.Reply reply, long patienceMicros) {
      this.reply = reply;
      world.agenda.after(
          patienceMicros,
          () -> {
            if (!answered) {
              arrive(() -> reply.refused("nothing came"));
            }
          });
    }

    private void arrive(Runnable what) {
      answered = true;
      input(() -> "has an answer of another holder", now -> what.run());
    }

    private void later(Runnable what) {
      world.agenda.after(
          world.delayMicros(world.dice.chance(0.5) ? 400 : 15_000), () -> arrive(what));
    }

    @Override
    public void bytes(long[] values, long sequence) {
      later(() -> reply.bytes(values, sequence));
    }

    @Override
    public void fold(NodeShadows.Place place) {
      later(() -> reply.fold(place));
    }

    @Override
    public void refused(String why) {
      later(() -> reply.refused(why));
    }
  }

  /** Asks a holder, null for nobody; the answer comes late, or never, or in another order. */
  void ask(@Nullable Subject from, NodeShadows.Fetch fetch, NodeShadows.Reply reply) {
    boolean lost = !world.resting() && world.dice.chance(world.value(ProtocolKnob.LOST_FETCHES));
    Awaited awaited = new Awaited(reply, lost ? world.dice.between(20_000, 100_000) : FETCH_MICROS);
    if (from == null) {
      awaited.refused("the map names no holder");
      return;
    }
    if (lost && world.dice.chance(0.5)) {
      return;
    }
    long late = lost ? world.dice.between(20_000, 200_000) : 0;
    world.agenda.after(
        world.delayMicros(300) + late,
        () -> {
          NodeLife other = world.node(from).life;
          if (other == null) {
            awaited.refused("nobody answers");
          } else {
            other.input(
                () -> "is asked for " + fetch + " by " + node.self,
                now -> other.give(fetch, awaited));
          }
        });
  }

  private void give(NodeShadows.Fetch fetch, NodeShadows.Reply reply) {
    Held copy = held.get(fetch.unit());
    if (copy == null && shadows != null) {
      shadows.give(fetch, reply);
    } else if (copy == null || copy.reader == null || copy.failed) {
      reply.refused("it holds no sound copy");
    } else if (!copy.exact && !world.bug.givesAnything()
        || copy.fold.epoch() < fetch.minEpoch()
        || copy.fold.lastSequence() < fetch.minSequence() && !world.bug.givesOlder()) {
      reply.refused("the copy has not come as far yet");
    } else if (fetch.fold()) {
      reply.fold(
          new NodeShadows.Place(
              copy.fold.epoch(),
              copy.fold.lastSequence(),
              copy.fold.chain(),
              copy.fold.requests().kept(),
              copy.nextOffset));
    } else {
      serve(
          copy.copy,
          fetch,
          Math.max(copy.fold.lastSequence(), world.bug.givesOlder() ? fetch.minSequence() : 0),
          block -> damaged(fetch.unit(), block, null),
          () -> copy.gone,
          reply);
    }
  }

  /** Reads a range behind all that was applied up to the place that the answer names. */
  void serve(
      SimulatedNode.Copy copy,
      NodeShadows.Fetch fetch,
      long sequence,
      IntConsumer damagedBlock,
      BooleanSupplier gone,
      NodeShadows.Reply reply) {
    disk(
        () -> {
          int damaged = damaged(copy, fetch.offset(), fetch.length());
          if (node.diskFails || gone.getAsBoolean()) {
            reply.refused("it cannot be read");
          } else if (damaged >= 0) {
            reply.refused("block " + damaged + " is damaged");
            input(
                () -> "finds block " + damaged + " damaged as another asks for it",
                now -> damagedBlock.accept(damaged));
          } else {
            int first = ProtocolWorld.block(fetch.offset());
            int end =
                Math.min(copy.blocks.length, ProtocolWorld.block(fetch.offset() + fetch.length()));
            long[] values = java.util.Arrays.copyOfRange(copy.blocks, first, end);
            ShadowWorld all = world.shadows;
            if (all != null && world.bug.givesRight()) {
              all.truth.gives(node.self, copy.spec.unit(), first, values, sequence);
            }
            reply.bytes(values, sequence);
          }
        });
  }

  // ---- what its media keep

  /** The first damaged block of an extent, -1 when there is none. */
  private static int damaged(SimulatedNode.Copy copy, long offset, long length) {
    int end = Math.min(copy.blocks.length, ProtocolWorld.block(offset + length));
    for (int i = ProtocolWorld.block(offset); i < end; i++) {
      if (copy.isDamaged(i)) {
        return i;
      }
    }
    return -1;
  }

  /** A holder digests a range where a VERIFY stands in the order of deltas. */
  void verified(Delta verify, SimulatedNode.Copy copy, boolean owner, ProtocolBug bug) {
    if (bug.digestsLate()) {
      world.agenda.after(3_000, () -> disk(() -> digest(verify, copy, owner)));
    } else {
      digest(verify, copy, owner);
    }
  }

  private void digest(Delta verify, SimulatedNode.Copy copy, boolean owner) {
    int first = ProtocolWorld.block(verify.offset());
    int end = Math.min(copy.blocks.length, ProtocolWorld.block(verify.offset() + verify.length()));
    byte[] is = digest(world.bug.digestsTheMedium() ? copy.blocks : copy.sums, first, end);
    byte[] was = digest(copy.sums, first, end);
    tell(
        new HolderReport(
            verify.unit(),
            node.self,
            owner,
            verify.epoch(),
            verify.sequence(),
            "sim",
            List.of(new HolderReport.RangeDigest(verify.offset(), verify.length(), is, was)),
            verify.batch(),
            0,
            false,
            null,
            node.wallMillis()));
    world.count("digests");
    for (int i = first; i < end; i++) {
      if (copy.isDamaged(i) && world.bug.digestsTheMedium()) {
        int block = i;
        boolean shadow = copy.shadow;
        input(
            () -> "finds block " + block + " of " + verify.unit() + " damaged as it verifies",
            now -> {
              if (!shadow) {
                damaged(verify.unit(), block, null);
              } else if (shadows != null) {
                shadows.damaged(verify.unit(), block);
              }
            });
      }
    }
  }

  private static byte[] digest(long[] blocks, int first, int end) {
    ByteBuffer bytes = ByteBuffer.allocate((end - first) * Long.BYTES);
    for (int i = first; i < end; i++) {
      bytes.putLong(blocks[i]);
    }
    return bytes.array();
  }

  /** A block of a copy is not what was written: it is fetched, and whoever wants to read waits. */
  private void damaged(String unit, int block, @Nullable NodeRequest reading) {
    Held copy = held.get(unit);
    if (copy == null || copy.failed || copy.reader == null) {
      if (reading != null) {
        protocol.readDone(reading, true, node.monotonicMillis());
      }
      return;
    }
    long offset = ProtocolWorld.offset(block);
    if (reading != null) {
      copy.waiting.computeIfAbsent(offset, any -> new ArrayList<>()).add(reading);
    }
    if (!copy.repair.contains(offset)) {
      if (copy.repair.damaged(offset, copy.fold.lastSequence(), node.monotonicMillis())) {
        world.count("blocks found damaged");
        fetchBlock(copy, offset, copy.fold.lastSequence(), 0);
      } else {
        giveUp(copy, offset);
      }
    }
  }

  private List<Subject> holders(String unit) {
    CopyMap.Wanted is = wanted.get(unit);
    return is == null ? List.of() : is.holders();
  }

  private void fetchBlock(Held copy, long offset, long minSequence, int attempt) {
    if (copy.gone || copy.failed || !copy.repair.contains(offset)) {
      return;
    }
    String unit = copy.copy.spec.unit();
    List<Subject> holders = holders(unit);
    if (copy.repair.isHopeless(offset, attempt, holders.size(), node.monotonicMillis())) {
      copy.repair.failed(offset);
      giveUp(copy, offset);
      return;
    }
    int length = ProtocolWorld.BLOCK_BYTES;
    ask(
        holders.get(attempt % holders.size()),
        new NodeShadows.Fetch(unit, false, offset, length, 0, minSequence),
        new NodeShadows.Reply() {
          private boolean over;

          @Override
          public void bytes(long[] values, long sequence) {
            if (!copy.gone && copy.repair.came(offset, sequence)) {
              over = true;
              copy.repaired.put(offset, values[0]);
              if (world.bug.repairsAtOnce()) {
                disk(() -> copy.copy.put(ProtocolWorld.block(offset), values[0]));
              }
              repairs(copy);
            }
          }

          @Override
          public void fold(NodeShadows.Place place) {
            throw new IllegalStateException("nobody asked for a fold");
          }

          @Override
          public void refused(String why) {
            if (!over) {
              over = true;
              world.agenda.after(
                  attempt % holders.size() == holders.size() - 1 ? 500_000 : 1,
                  () ->
                      input(
                          () -> "asks the next holder",
                          now -> fetchBlock(copy, offset, minSequence, attempt + 1)));
            }
          }
        });
  }

  private void repairs(Held copy) {
    if (copy.repair.isEmpty()) {
      return;
    }
    for (BlockRepair.Done done : copy.repair.done(copy.fold.lastSequence())) {
      long offset = done.offset();
      Long value = copy.repaired.remove(offset);
      if (done.outcome() == BlockRepair.Outcome.WRITE && value != null) {
        world.count("blocks repaired");
        disk(
            () -> {
              if (!copy.gone && !node.diskFails) {
                copy.copy.put(ProtocolWorld.block(offset), value);
              }
            });
      }
      List<NodeRequest> waiting = copy.waiting.remove(offset);
      if (waiting != null) {
        waiting.forEach(this::read);
      }
    }
  }

  /** Nobody will repair it: the copy is given up, until somebody starts the node again. */
  private void giveUp(Held copy, long offset) {
    world.count("copies given up");
    copy.failed = true;
    SimulatedReader<Delta> reader = copy.reader;
    if (reader != null) {
      forget(reader);
    }
    protocol.applyFailed(copy.copy.spec.unit(), node.monotonicMillis());
    List<NodeRequest> waiting = copy.waiting.remove(offset);
    if (waiting != null) {
      waiting.forEach(each -> protocol.readDone(each, true, node.monotonicMillis()));
    }
    world.agenda.after(
        100_000,
        () -> {
          if (!dead) {
            node.crash();
          }
        });
  }

  // ---- once a second

  private void secondly() {
    if (dead || shadows == null) {
      return;
    }
    NodeShadows mine = shadows;
    world.agenda.after(
        world.quiet() ? 1_000_000 : world.dice.between(8_000, 16_000),
        () -> {
          input(() -> "looks at its copies", now -> second(mine, now));
          secondly();
        });
  }

  private void second(NodeShadows mine, long nowMillis) {
    if (!opened) {
      return;
    }
    for (Held each : held.values()) {
      boolean owner = owns(each.copy.spec.unit());
      if (each.reader != null
          && !each.failed
          && (each.toldSequence != each.fold.lastSequence()
              || each.toldEpoch != each.fold.epoch()
              || each.toldOwner != owner)) {
        each.toldSequence = each.fold.lastSequence();
        each.toldEpoch = each.fold.epoch();
        each.toldOwner = owner;
        tell(
            new HolderReport(
                each.copy.spec.unit(),
                node.self,
                owner,
                each.fold.epoch(),
                each.fold.lastSequence(),
                "none",
                List.of(),
                0,
                0,
                false,
                null,
                node.wallMillis()));
      }
    }
    leaveUnwanted(mine);
    mine.second(nowMillis);
    mine.toAdopt().forEach(unit -> adopt(mine, unit));
    if (nowMillis >= verifyTurn.dueMillis()) {
      List<UnitSpec> served = new ArrayList<>();
      for (NodeProtocol.UnitStatus each : protocol.status().values()) {
        if (each.role() == NodeProtocol.Role.SERVING) {
          served.add(each.spec());
        }
      }
      VerifyTurn.Next next = verifyTurn.next(served, nowMillis, node.wallMillis());
      if (next != null) {
        protocol.verify(next.unit(), next.offset(), next.length(), next.round(), nowMillis);
      }
    }
    mine.reports().forEach(this::tell);
  }

  /** A report goes its way; nobody looks whether it came to its topic. */
  private void tell(HolderReport report) {
    ShadowWorld all = world.shadows;
    if (all == null) {
      return;
    }
    leave(
        reportChannel,
        100,
        () -> {
          long blocked = node.blockedUntilMicros();
          if (blocked > world.agenda.nowMicros() && world.dice.chance(0.5)) {
            return;
          }
          reportChannel.lastLandingMicros =
              Math.max(
                  Math.max(world.agenda.nowMicros(), blocked) + world.delayMicros(300),
                  reportChannel.lastLandingMicros + 1);
          world.agenda.at(
              reportChannel.lastLandingMicros,
              () -> {
                if (!dead || !inFlightLost) {
                  all.reports.append(report);
                }
              });
        });
  }

  /** Does something with the files, behind what was asked of them before. */
  void disk(Runnable step) {
    leave(diskChannel, 60, step);
  }

  /** How its copies stand, for people. */
  String copies() {
    return shadows == null ? "" : shadows.toString();
  }

  /** True when what the map wants of a unit here is there, whole, and as far as the log. */
  boolean holds(CopyMap.Wanted each, long epoch, long sequence) {
    Held copy = held.get(each.unit());
    ShadowCopy shadow = shadows == null ? null : shadows.copy(each.unit());
    if (diskChannel.lastMicros >= world.agenda.nowMicros()) {
      return false;
    }
    return copy != null
        ? !copy.failed
            && copy.reader != null
            && copy.fold.epoch() == epoch
            && copy.copy.fold.lastSequence() == sequence
        : shadow != null
            && shadow.isExact()
            && shadow.epoch() == epoch
            && shadow.lastSequence() == sequence;
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
      if (shadows != null && !isKept(copy)) {
        continue;
      }
      long[] blocks = copy.savedBlocks;
      long[] sums = copy.savedSums;
      copy.save();
      if (!world.bug.savesWhatItCovers()) {
        copy.savedBlocks = blocks;
        copy.savedSums = sums;
      }
    }
    if (shadows != null) {
      shadows.keep();
    }
    Iterator<Delta> all = node.journal.iterator();
    while (all.hasNext()) {
      Delta delta = all.next();
      SimulatedNode.Copy copy = node.copies.get(delta.unit());
      if (!unsynced.contains(delta)
          && copy != null
          && (delta.epoch() < copy.savedEpoch
              || delta.epoch() == copy.savedEpoch && delta.sequence() <= copy.savedSequence)
          && (protocol.mayForget(delta.unit()) || !world.bug.keepsWhatItOwes())) {
        all.remove();
      }
    }
  }
}
