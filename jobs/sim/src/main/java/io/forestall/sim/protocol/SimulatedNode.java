package io.forestall.sim.protocol;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.DeltaFold;
import io.forestall.decisions.ownership.RequestMemory;
import io.forestall.decisions.ownership.UnitSpec;
import io.forestall.decisions.shadow.ShadowCopy;
import java.util.ArrayList;
import java.util.Arrays;
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

  /** How often it lost its disk, with its journal; count. */
  int disksLost;

  long incarnation;
  @Nullable NodeLife life;

  /** A command that came to its end, on the medium. */
  record Remembered(CommandAck last, long keepUntilMillis) {}

  /**
   * One unit's blocks, and what was recorded of them when they were written: as the page cache has
   * them, and as of the last checkpoint.
   */
  static final class Copy {
    final UnitSpec spec;
    long[] blocks;
    long[] sums;
    DeltaFold fold = new DeltaFold();
    long nextOffset;
    long[] savedBlocks;
    long[] savedSums;

    /** True while it is fed by its own stream: then {@link #kept} says how far it is. */
    boolean shadow;

    ShadowCopy.@Nullable Kept kept;

    /** First step of its stream that is not in it as of the last checkpoint, -1 for none. */
    long stepOffset = -1;

    long savedEpoch;
    long savedSequence;
    long savedChain;
    List<RequestMemory.Kept> savedRequests = List.of();
    long savedOffset;

    Copy(UnitSpec spec, int blocks) {
      this.spec = spec;
      this.blocks = new long[blocks];
      this.sums = new long[blocks];
      this.savedBlocks = new long[blocks];
      this.savedSums = new long[blocks];
    }

    /** Everything that was written is on the medium. */
    void sync() {
      savedBlocks = blocks.clone();
      savedSums = sums.clone();
    }

    /** Does what a delta says. */
    void put(Delta delta) {
      ProtocolWorld.put(blocks, delta);
      ProtocolWorld.put(sums, delta);
    }

    /** Writes one block. */
    void put(int block, long value) {
      blocks[block] = value;
      sums[block] = value;
    }

    /** True when a block is not what was written. */
    boolean isDamaged(int block) {
      return blocks[block] != sums[block];
    }

    /** True when something of it is not what was written. */
    boolean isRotten() {
      return !Arrays.equals(blocks, sums) || !Arrays.equals(savedBlocks, savedSums);
    }

    /** The medium changes a block, wherever it keeps it. */
    void rot(int block, long flipped) {
      blocks[block] ^= flipped;
      savedBlocks[block] ^= flipped;
    }

    void save() {
      sync();
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
        boolean lost = world.dice.chance(0.5);
        if (lost) {
          copy.blocks[i] = copy.savedBlocks[i];
        }
        // The sums lie in a file of their own.
        if (world.shadows == null ? lost : world.dice.chance(0.5)) {
          copy.sums[i] = copy.savedSums[i];
        }
      }
    }
    world.nodeDied(this);
  }

  /** A new, empty disk. */
  void replaceDisk() {
    disksLost++;
    diskFails = false;
    journal.clear();
    for (Map.Entry<String, Copy> each : copies.entrySet()) {
      Copy fresh = new Copy(each.getValue().spec, each.getValue().blocks.length);
      fresh.shadow = each.getValue().shadow;
      each.setValue(fresh);
    }
  }
}
