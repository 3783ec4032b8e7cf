package io.forestall.sim.protocol;

import io.forestall.decisions.Subject;
import io.forestall.decisions.ownership.ClientActions;
import io.forestall.decisions.ownership.ClientProtocol;
import io.forestall.decisions.ownership.NodeAnswer;
import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.decisions.ownership.OwnershipEntry;
import io.forestall.decisions.ownership.OwnershipFold;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** One start of a client: the product's {@link ClientProtocol} with simulated users and sockets. */
final class ClientLife implements ClientActions {
  private static final int MAX_OPEN = 4;

  /** Between a unit and the first asynchronous epoch of an owner. */
  private static final char RUN = '@';

  private final ProtocolWorld world;
  private final String name;
  private final ClientProtocol protocol;
  private final Map<Subject, Link> links = new HashMap<>();
  private final Map<Long, Asked> open = new TreeMap<>();
  private final OwnershipFold fold = new OwnershipFold();
  private final Set<Integer> keys;
  private final boolean deaf;
  private final SimulatedReader<OwnershipEntry> reader;
  private long alarmMillis = Long.MAX_VALUE;
  private boolean dead;
  private long @Nullable [] reading;
  private Subject answering = Subject.node("nobody");

  private record Asked(
      NodeRequest.Kind kind, String unit, int first, int count, long value, long at) {}

  /** What each owner of a unit accepted and nobody flushed, by the order of the answers. */
  private final Map<String, List<Long>> accepted = new TreeMap<>();

  /** A flush that is open: the writes that it is to vouch for. */
  private final Map<Long, List<Long>> flushes = new HashMap<>();

  ClientLife(ProtocolWorld world, String name, Set<Integer> keys) {
    this.world = world;
    this.name = name;
    this.keys = keys;
    this.protocol =
        new ClientProtocol(
            new ClientProtocol.Settings(name, world.dice.between(20, 120), 2, MAX_OPEN), this);
    this.deaf = world.dice.chance(world.value(ProtocolKnob.DEAF_CLIENTS));
    this.reader =
        new SimulatedReader<>(
            world, world.ownership, 0, world::stalledUntilMicros, this::ownershipArrived);
  }

  private long nowMillis() {
    return ProtocolWorld.START_MILLIS + world.agenda.nowMicros() / 1000;
  }

  int open() {
    return open.size();
  }

  boolean dead() {
    return dead;
  }

  void die() {
    world.trace(name, () -> "dies");
    world.count("client crashes");
    dead = true;
    reader.close();
    links.values().forEach(Link::breakNow);
    for (Asked each : open.values()) {
      if (each.kind() == NodeRequest.Kind.WRITE) {
        for (int i = 0; i < each.count(); i++) {
          world.history.add(
              Operation.openWrite(
                  name,
                  ProtocolWorld.block(each.unit(), each.first() + i),
                  each.value(),
                  each.at()));
        }
      }
    }
    open.clear();
  }

  /** A user asks, when not too much is open. */
  boolean ask(NodeRequest.Kind kind, String unit, int first, int count) {
    if (dead || open.size() >= MAX_OPEN) {
      return false;
    }
    long token = world.nextToken();
    long value = kind == NodeRequest.Kind.WRITE ? world.nextValue() : Operation.INITIAL;
    byte[] payload =
        kind == NodeRequest.Kind.WRITE ? ProtocolWorld.payload(value, count) : new byte[0];
    CRC32C crc = new CRC32C();
    crc.update(payload);
    open.put(token, new Asked(kind, unit, first, count, value, world.nextMoment()));
    world.count("requests");
    guarded(
        "asks",
        () ->
            protocol.submit(
                token,
                unit,
                kind,
                ProtocolWorld.offset(first),
                (long) count * ProtocolWorld.BLOCK_BYTES,
                "NONE",
                payload,
                (int) crc.getValue(),
                (int) crc.getValue(),
                nowMillis()));
    return true;
  }

  /** A user asks whether what was accepted stays, when something was. */
  boolean flush() {
    if (dead || open.size() >= MAX_OPEN || accepted.isEmpty()) {
      return false;
    }
    String run = world.dice.pick(List.copyOf(accepted.keySet()));
    String unit = run.substring(0, run.indexOf(RUN));
    List<Long> writes = Objects.requireNonNull(accepted.remove(run));
    long token = world.nextToken();
    open.put(
        token,
        new Asked(NodeRequest.Kind.FLUSH, unit, 0, 0, Operation.INITIAL, world.nextMoment()));
    flushes.put(token, writes);
    world.count("flushes");
    guarded(
        "flushes",
        () ->
            protocol.submit(
                token,
                unit,
                NodeRequest.Kind.FLUSH,
                writes.get(writes.size() - 1),
                0,
                "NONE",
                new byte[0],
                0,
                0,
                nowMillis()));
    return true;
  }

  private void flushed(String unit, NodeRequest request, NodeAnswer answer) {
    List<Long> writes = Objects.requireNonNull(flushes.remove(request.token()));
    boolean done = answer.outcome() == NodeAnswer.Outcome.DONE;
    for (long each : done ? writes : List.of(request.offset())) {
      if (world.truth.counts(unit, name, each) != done) {
        throw new ProtocolViolation(
            ProtocolInvariant.ACCEPTED_WRITES_STAY,
            name
                + " hears "
                + answer
                + " to a flush of "
                + unit
                + ", but write "
                + each
                + (done ? " is not in the log" : " is in the log"));
      }
    }
    world.count(done ? "flushes done" : "flushes that lack a write");
  }

  private void ownershipArrived(long offset, OwnershipEntry entry) {
    OwnershipEntry seen =
        Truth.withAuthority(entry, world.truth.authority(entry.admission(), keys));
    for (OwnershipFold.Change change : fold.take(offset, seen)) {
      if (!dead) {
        guarded("learns", () -> protocol.learned(change.after(), nowMillis()));
      }
    }
    if (deaf && fold.all().size() == world.units.size()) {
      // It has read where its map begins, and hears of changes from those whom it asks.
      reader.close();
    }
  }

  void answered(Subject node, NodeAnswer answer, long @Nullable [] read) {
    if (dead) {
      return;
    }
    reading = read;
    answering = node;
    guarded("hears " + answer, () -> protocol.answered(node, answer, nowMillis()));
    reading = null;
  }

  void lost(Link link) {
    if (dead || !links.remove(link.node().self, link)) {
      return;
    }
    guarded("loses a connection", () -> protocol.lost(link.node().self, nowMillis()));
  }

  /** A node's process died: its host ends the connections, or nobody says anything. */
  void nodeDied(SimulatedNode node) {
    Link link = links.get(node.self);
    if (link != null && world.dice.chance(0.8)) {
      link.breakNow();
    }
  }

  void hinted(Subject node) {
    if (!dead) {
      guarded("is hinted", () -> protocol.hinted(node, nowMillis()));
    }
  }

  void breakSome() {
    if (!links.isEmpty()) {
      List<Subject> all = new ArrayList<>(links.keySet());
      all.sort(java.util.Comparator.comparing(Subject::id));
      Objects.requireNonNull(links.get(world.dice.pick(all))).breakNow();
    }
  }

  @Override
  public void send(Subject node, NodeRequest request) {
    world.trace(name, () -> "sends " + ProtocolWorld.text(request) + " to " + node);
    link(node).send(request);
  }

  private Link link(Subject node) {
    return links.computeIfAbsent(node, each -> new Link(world, this, world.node(each)));
  }

  @Override
  public void complete(NodeRequest request, NodeAnswer answer) {
    Asked asked = open.remove(request.token());
    if (asked == null) {
      throw new ProtocolViolation(
          ProtocolInvariant.NOBODY_STUMBLES,
          name + " completes a request that is not open: " + ProtocolWorld.text(request));
    }
    if (asked.kind() == NodeRequest.Kind.FLUSH) {
      flushed(asked.unit(), request, answer);
      return;
    }
    boolean early = answer.outcome() == NodeAnswer.Outcome.ACCEPTED;
    if (early) {
      accepted
          .computeIfAbsent(
              asked.unit() + RUN + Objects.requireNonNull(answer.owned()).asyncFromEpoch(),
              none -> new ArrayList<>())
          .add(request.request());
    }
    if (!early && answer.outcome() != NodeAnswer.Outcome.DONE) {
      throw new ProtocolViolation(
          ProtocolInvariant.NOBODY_STUMBLES,
          name + " completes " + ProtocolWorld.text(request) + " with " + answer);
    }
    world.count("requests done");
    long moment = world.nextMoment();
    for (int i = 0; i < asked.count(); i++) {
      String block = ProtocolWorld.block(asked.unit(), asked.first() + i);
      if (asked.kind() == NodeRequest.Kind.READ) {
        long value = Objects.requireNonNull(reading, "a read without bytes")[i];
        world.history.add(Operation.read(name, block, value, asked.at(), moment));
      } else if (asked.kind() == NodeRequest.Kind.WRITE) {
        Operation write = Operation.write(name, block, asked.value(), asked.at(), moment);
        if (early) {
          world.accepted.add(
              new ProtocolWorld.AcceptedWrite(asked.unit(), name, request.request(), write));
        } else {
          world.history.add(write);
        }
      }
    }
    world.trace(
        name, () -> "has its answer from " + answering + " to " + ProtocolWorld.text(request));
  }

  @Override
  public void prepare(Subject node) {
    link(node);
  }

  private void guarded(String what, Runnable step) {
    try {
      step.run();
    } catch (ProtocolViolation e) {
      throw e;
    } catch (RuntimeException e) {
      throw world.stumbled(name, what, e);
    }
    rearm();
  }

  private void rearm() {
    long due = protocol.alarmMillis();
    if (due < alarmMillis) {
      alarmMillis = due;
      long at = (due - ProtocolWorld.START_MILLIS) * 1000;
      world.agenda.at(
          Math.max(at, world.agenda.nowMicros() + 1),
          () -> {
            if (!dead && alarmMillis == due) {
              alarmMillis = Long.MAX_VALUE;
              long now = nowMillis();
              if (protocol.alarmMillis() <= now) {
                guarded("ticks", () -> protocol.tick(now));
                if (protocol.alarmMillis() <= now) {
                  throw new ProtocolViolation(
                      ProtocolInvariant.NOBODY_STUMBLES,
                      name + " wants to be woken for a time at which it was");
                }
              } else {
                rearm();
              }
            }
          });
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
