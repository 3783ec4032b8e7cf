package io.forestall.sim.protocol;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.DeltaFold;
import io.forestall.decisions.ownership.RequestMemory;
import io.forestall.decisions.ownership.UnitSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What stays of a storage node when its process dies: disk, clocks, keys. For one thread. */
final class SimulatedNode {
  final ProtocolWorld world;
  final Subject self;
  final int index;
  final double rate;
  final long monotonicOffsetMillis;
  final Set<Integer> keys = new TreeSet<>(Set.of(1));
  final Map<String, Copy> copies = new LinkedHashMap<>();
  final Map<String, Remembered> commands = new LinkedHashMap<>();

  /** Units that the map gives to this node at first. */
  final Set<String> firstOf = new TreeSet<>();

  final Map<String, Long> cancelled = new LinkedHashMap<>();
  final List<Delta> journal = new ArrayList<>();
  long wallSkewMillis;
  long cutUntilMicros;
  boolean diskFull;
  boolean diskFails;
  long incarnation;
  @Nullable NodeLife life;

  /** A command that came to its end, on the medium. */
  record Remembered(CommandAck last, long keepUntilMillis) {}

  /** One unit's blocks: as the page cache has them, and as of the last checkpoint. */
  static final class Copy {
    final UnitSpec spec;
    long[] blocks;
    DeltaFold fold = new DeltaFold();
    long nextOffset;
    long[] savedBlocks;
    long savedEpoch;
    long savedSequence;
    long savedChain;
    List<RequestMemory.Kept> savedRequests = List.of();
    long savedOffset;

    Copy(UnitSpec spec, int blocks) {
      this.spec = spec;
      this.blocks = new long[blocks];
      this.savedBlocks = new long[blocks];
    }

    void save() {
      savedBlocks = blocks.clone();
      savedEpoch = fold.epoch();
      savedSequence = fold.lastSequence();
      savedChain = fold.chain();
      savedRequests = fold.requests().kept();
      savedOffset = nextOffset;
    }

    DeltaFold saved() {
      return new DeltaFold(savedEpoch, savedSequence, savedChain, RequestMemory.of(savedRequests));
    }

    /** Takes a delta into the fold of what is applied; false when it does not follow. */
    boolean take(Delta delta) {
      if (delta.epoch() > fold.epoch()) {
        fold.take(Delta.barrier(delta.unit(), delta.epoch(), delta.owner(), 0));
      }
      return fold.take(delta) == DeltaFold.Verdict.COUNTS;
    }
  }

  SimulatedNode(ProtocolWorld world, int index) {
    this.world = world;
    this.index = index;
    this.self = Subject.node("n-" + (index + 1));
    // The fastest and the slowest differ by less than the drift that the settings allow for.
    this.rate = 0.97 + 0.06 * world.dice.unit();
    this.monotonicOffsetMillis = world.dice.between(1_000, 1_000_000);
    this.wallSkewMillis = world.dice.between(-20, 20);
  }

  long monotonicMillis() {
    return monotonicOffsetMillis + (long) (world.agenda.nowMicros() * rate / 1000.0);
  }

  /** In how many microseconds the node's clock shows this. */
  long microsUntil(long monotonicMillis) {
    long at = (long) Math.ceil((monotonicMillis - monotonicOffsetMillis) * 1000.0 / rate);
    return Math.max(1, at + 1 - world.agenda.nowMicros());
  }

  long wallMillis() {
    return ProtocolWorld.START_MILLIS + world.agenda.nowMicros() / 1000 + wallSkewMillis;
  }

  boolean alive() {
    return life != null;
  }

  long blockedUntilMicros() {
    return Math.max(cutUntilMicros, world.stalledUntilMicros());
  }

  void start() {
    if (life != null) {
      return;
    }
    if (world.bug.countsStarts() || incarnation == 0) {
      incarnation++;
    }
    world.trace(self, () -> "starts, incarnation " + incarnation);
    for (Copy copy : copies.values()) {
      copy.fold = copy.saved();
      copy.nextOffset = copy.savedOffset;
    }
    NodeLife born = new NodeLife(this, incarnation);
    life = born;
    born.begin();
  }

  /** The process dies at once: what is in memory is gone, pages may be written or not. */
  void crash() {
    NodeLife dying = life;
    if (dying == null) {
      return;
    }
    world.trace(self, () -> "dies");
    world.count("crashes");
    life = null;
    dying.die();
    for (Copy copy : copies.values()) {
      for (int i = 0; i < copy.blocks.length; i++) {
        if (world.dice.chance(0.5)) {
          copy.blocks[i] = copy.savedBlocks[i];
        }
      }
    }
    world.nodeDied(this);
  }

  /** A new, empty disk. */
  void replaceDisk() {
    diskFails = false;
    journal.clear();
    for (Map.Entry<String, Copy> each : copies.entrySet()) {
      each.setValue(new Copy(each.getValue().spec, each.getValue().blocks.length));
    }
  }
}
