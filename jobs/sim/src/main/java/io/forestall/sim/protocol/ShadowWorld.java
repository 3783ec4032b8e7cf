package io.forestall.sim.protocol;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.shadow.HolderReport;
import io.forestall.decisions.shadow.ShadowStanding;
import io.forestall.decisions.shadow.ShadowStep;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is in a world with shadows beside the ownership protocol: maps, the streams of steps, what
 * holders say, the job that feeds shadows, media that rot. Where no saga writes the maps, somebody
 * writes them here who gives and takes shadows without much sense. For one thread.
 */
final class ShadowWorld {
  final SimulatedPartition<MapSlice> maps = new SimulatedPartition<>((offset, slice) -> {});
  final SimulatedPartition<HolderReport> reports = new SimulatedPartition<>((offset, report) -> {});
  final ShadowTruth truth;
  final MoveCarrier.Job job;

  /** When each delta of a partition came into the log; milliseconds. */
  final List<List<Long>> appendedMillis = new ArrayList<>();

  private final ProtocolWorld world;
  private final Map<String, SimulatedPartition<ShadowStep>> steps = new HashMap<>();

  /** Units and nodes that somebody wanted to take over: their shadows are not taken away here. */
  private final Set<String> targets = new HashSet<>();

  ShadowWorld(ProtocolWorld world) {
    this.world = world;
    this.truth = new ShadowTruth(world);
    for (int i = 0; i < world.deltas.size(); i++) {
      appendedMillis.add(new ArrayList<>());
    }
    this.job = new MoveCarrier.Job(world, this);
  }

  // ---- topics

  static String key(Subject node, String unit) {
    return node.id() + " " + unit;
  }

  /** The stream of a shadow. */
  SimulatedPartition<ShadowStep> steps(Subject node, String unit) {
    return steps.computeIfAbsent(
        key(node, unit), each -> new SimulatedPartition<>((offset, step) -> {}));
  }

  /** The newest map. */
  MapSlice map() {
    return maps.get(maps.end() - 1);
  }

  private MapSegment segment(String unit) {
    for (MapSegment segment : map().segments()) {
      if (segment.unit().equals(unit)) {
        return segment;
      }
    }
    throw new IllegalArgumentException("no map names " + unit);
  }

  /** The first map: an owner and a replica or two of each unit. */
  MapSlice first() {
    List<MapSegment> segments = new ArrayList<>();
    for (int i = 0; i < world.units.size(); i++) {
      List<MapCopy> copies = new ArrayList<>();
      int replicas = world.dice.chance(0.7) ? 1 : 2;
      for (int j = 1; j <= replicas; j++) {
        Subject node = world.nodes.get((i + j) % world.nodes.size()).self;
        copies.add(new MapCopy(node, CopyMap.REPLICA, "IN_SYNC", 0));
      }
      Subject owner = world.nodes.get(i % world.nodes.size()).self;
      segments.add(new MapSegment(world.units.get(i), i, owner, 0, copies));
    }
    long bytes = world.spec(world.units.get(0)).bytes();
    return new MapSlice(
        "v-1",
        ProtocolWorld.POOL,
        0,
        1,
        1,
        0,
        bytes * world.units.size(),
        bytes,
        ProtocolWorld.BLOCK_BYTES,
        2,
        segments,
        world.wallMillis());
  }

  void write(MapSlice slice) {
    world.trace("maps", () -> slice.version() + " " + slice.segments());
    maps.append(slice);
  }

  private void write(MapSegment segment) {
    write(CopyMap.with(map(), segment, world.wallMillis()));
  }

  // ---- who writes the maps where no saga does

  /** The log says that a unit has another owner. */
  void moved(String unit) {
    world.agenda.after(
        world.delayMicros(2_000),
        () -> {
          Owned owned = world.truth.owned(unit);
          MapSegment segment = segment(unit);
          if (owned != null && owned.epoch() > segment.epoch()) {
            String role = world.dice.chance(0.5) ? CopyMap.SHADOW : CopyMap.REPLICA;
            write(CopyMap.owned(segment, owned.owner(), owned.epoch(), role));
          }
        });
  }

  /** Gives some unit a shadow on a node that holds no copy of it. */
  void create() {
    MapSegment segment = segment(world.dice.pick(world.units));
    SimulatedNode node = world.dice.pick(world.nodes);
    Owned owned = world.truth.owned(segment.unit());
    if (segment.owner().equals(node.self)
        || CopyMap.copy(segment, node.self) != null
        || owned != null && owned.owner().equals(node.self)) {
      return;
    }
    if (world.usesSaga()) {
      Subject source = owned == null ? segment.owner() : owned.owner();
      world.saga.admit(ActKind.SHADOW, source, node.self, segment.unit());
      return;
    }
    world.count("shadows created");
    write(CopyMap.with(segment, node.self, new MapCopy(node.self, CopyMap.SHADOW, "COPYING", -1)));
  }

  /** Takes a shadow away that nobody wants to make an owner. */
  void retire() {
    MapSegment segment = segment(world.dice.pick(world.units));
    List<Subject> shadows = new ArrayList<>(CopyMap.shadows(segment));
    if (world.usesSaga()) {
      if (!shadows.isEmpty()) {
        Subject keeper = world.dice.pick(shadows);
        world.saga.admit(ActKind.RETIRE_SHADOW, keeper, null, segment.unit());
      }
      return;
    }
    Owned owned = world.truth.owned(segment.unit());
    shadows.removeIf(
        node ->
            targets.contains(key(node, segment.unit()))
                || !isFed(node, segment.unit())
                || owned != null && owned.owner().equals(node));
    if (shadows.isEmpty()) {
      return;
    }
    world.count("shadows retired");
    Subject keeper = world.dice.pick(shadows);
    if (world.dice.chance(0.3)) {
      write(CopyMap.with(segment, keeper, null));
      return;
    }
    write(CopyMap.with(segment, keeper, new MapCopy(keeper, CopyMap.SHADOW, CopyMap.RETIRING, -1)));
    world.agenda.after(
        world.dice.between(1_000, 30_000), () -> world.saga.retire(keeper, segment.unit()));
    world.agenda.after(
        world.dice.between(1_000, 100_000),
        () -> write(CopyMap.with(segment(segment.unit()), keeper, null)));
  }

  /** True unless a node's shadow of a unit follows the log by itself, and may be the last to. */
  private boolean isFed(Subject node, String unit) {
    SimulatedNode.Copy copy = world.node(node).copies.get(unit);
    return copy == null || copy.shadow;
  }

  /** True when a node's shadow of a unit is on its way out. */
  boolean isRetiring(Subject node, String unit) {
    MapCopy copy = CopyMap.copy(segment(unit), node);
    return copy != null && copy.state().equals(CopyMap.RETIRING);
  }

  /** Somebody wants this node to take the unit over. */
  void target(Subject node, String unit) {
    targets.add(key(node, unit));
    if (world.bug.retiresTakers()) {
      world.agenda.after(
          world.dice.between(1_000, 40_000), () -> write(CopyMap.with(segment(unit), node, null)));
    }
  }

  /** Those who hold a unit by the map, but for its owner. */
  List<Subject> others(String unit, Subject owner) {
    List<Subject> others = new ArrayList<>();
    for (MapCopy copy : segment(unit).copies()) {
      boolean retiring = copy.state().equals(CopyMap.RETIRING) && !world.usesSaga();
      if (!copy.node().equals(owner) && !retiring) {
        others.add(copy.node());
      }
    }
    return others;
  }

  /** The job says how a shadow stands. */
  void stood(ShadowStanding standing) {
    world.count("standings " + standing.state().toLowerCase(java.util.Locale.ROOT));
    if (world.usesSaga()) {
      world.guard().stood(standing);
    }
  }

  // ---- media

  /** A medium changes a block that it keeps, unless another copy of the unit is changed already. */
  void rot() {
    String unit = world.dice.pick(world.units);
    List<SimulatedNode> holders = new ArrayList<>();
    int whole = 0;
    for (SimulatedNode node : world.nodes) {
      SimulatedNode.Copy copy = node.copies.get(unit);
      if (copy != null && CopyMap.wanted(map(), node.self).containsKey(unit)) {
        if (copy.isRotten()) {
          return;
        }
        whole += copy.shadow ? 0 : 1;
        holders.add(node);
      }
    }
    if (whole < 2) {
      return;
    }
    SimulatedNode node = world.dice.pick(holders);
    SimulatedNode.Copy copy = node.copies.get(unit);
    if (copy == null) {
      return;
    }
    int block = world.dice.below(copy.blocks.length - 1);
    copy.rot(block, 1L << world.dice.between(32, 60));
    truth.rotted(node.self, unit, block);
    world.count(copy.shadow ? "rot on shadows" : "rot on copies");
    world.trace(node.self, () -> "has a rotten block " + block + " of " + unit);
  }
}
