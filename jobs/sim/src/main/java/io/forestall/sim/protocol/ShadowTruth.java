package io.forestall.sim.protocol;

import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.shadow.ShadowCopy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;

/**
 * What the copies of units must be, by the log alone, as nobody in the world can know it; judges
 * shadows, what they fetch, and what is said of their bytes.
 */
final class ShadowTruth {
  private final ProtocolWorld world;

  /** The blocks of each unit as of each sequence. */
  private final Map<String, List<long[]>> history = new HashMap<>();

  /** Nodes, units and chunks of which a medium ever changed something. */
  private final Set<String> rotted = new HashSet<>();

  /** Commands under which a node takes a unit over, by node and unit. */
  private final Map<String, Set<String>> takingOver = new HashMap<>();

  ShadowTruth(ProtocolWorld world) {
    this.world = world;
  }

  private void require(boolean holds, ProtocolInvariant invariant, Supplier<String> message) {
    if (!holds) {
      throw new ProtocolViolation(invariant, message.get());
    }
  }

  // ---- bytes

  private List<long[]> history(String unit) {
    return history.computeIfAbsent(
        unit, any -> new ArrayList<>(List.of(new long[world.blocks() + 1])));
  }

  /** A delta counts. */
  void counted(Delta delta) {
    List<long[]> all = history(delta.unit());
    long[] blocks = all.get(all.size() - 1);
    if (delta.kind() != Delta.Kind.VERIFY) {
      blocks = blocks.clone();
      ProtocolWorld.put(blocks, delta);
    }
    all.add(blocks);
  }

  /** A node says that its copy of a unit is what the unit was at a sequence. */
  void holds(Subject node, SimulatedNode.Copy copy, long sequence) {
    String unit = copy.spec.unit();
    List<long[]> all = history(unit);
    require(
        sequence < all.size() && Arrays.equals(copy.sums, all.get((int) sequence)),
        ProtocolInvariant.COPIES_ARE_WHOLE,
        () ->
            node
                + " holds "
                + Arrays.toString(copy.sums)
                + " of "
                + unit
                + " and takes it for whole at "
                + sequence
                + ", where the log says "
                + (sequence < all.size() ? Arrays.toString(all.get((int) sequence)) : "nothing"));
  }

  /** A node gives blocks of a unit to another, as of a sequence. */
  void gives(Subject node, String unit, int first, long[] values, long sequence) {
    List<long[]> all = history(unit);
    boolean right = sequence < all.size();
    for (int i = 0; i < values.length && right; i++) {
      right = values[i] == all.get((int) sequence)[first + i];
    }
    require(
        right,
        ProtocolInvariant.COPIES_ARE_WHOLE,
        () ->
            node
                + " gives "
                + Arrays.toString(values)
                + " from block "
                + first
                + " of "
                + unit
                + " on as of "
                + sequence
                + ", which it never was");
  }

  // ---- what is said of bytes

  private static String place(Subject node, String unit, long offset) {
    return ShadowWorld.key(node, unit) + " " + offset / ShadowCopy.CHUNK_BYTES;
  }

  /** A medium changed a block. */
  void rotted(Subject node, String unit, int block) {
    rotted.add(place(node, unit, ProtocolWorld.offset(block)));
  }

  /** The job that feeds shadows tells the fleet of something. */
  void noted(FleetEvent event) {
    world.count("events " + event.type());
    if (!event.type().equals("copy.diverged")) {
      return;
    }
    String unit = Objects.requireNonNull(event.labels().get("unit"));
    long offset = Objects.requireNonNull(event.values().get("offset")).longValue();
    require(
        rotted.contains(place(event.entity(), unit, offset)),
        ProtocolInvariant.ROT_IS_ATTRIBUTED,
        () -> event.entity() + " is blamed though its medium changed nothing: " + event);
    require(
        "stored-checksum".equals(event.labels().get("attributed")),
        ProtocolInvariant.ROT_IS_ATTRIBUTED,
        () -> "nobody is blamed, though the sums tell whose medium it is: " + event);
  }

  // ---- who may let go

  /** A node says that it takes units over, or that it is done with that. */
  void takesOver(Subject node, String unit, String command, boolean under) {
    Set<String> all =
        takingOver.computeIfAbsent(ShadowWorld.key(node, unit), any -> new HashSet<>());
    if (under) {
      all.add(command);
    } else {
      all.remove(command);
    }
  }

  /** A node's process died: what it had begun is in nobody's hands. */
  void died(Subject node) {
    for (Map.Entry<String, Set<String>> each : takingOver.entrySet()) {
      if (each.getKey().startsWith(node.id() + " ")) {
        each.getValue().clear();
      }
    }
  }

  /** A node lets its copy of a unit go. */
  void letsGo(Subject node, String unit) {
    Owned owned = world.truth.owned(unit);
    require(
        owned == null || !owned.owner().equals(node),
        ProtocolInvariant.OWNERS_ARE_KEPT,
        () -> node + " lets its copy of " + unit + " go, which it owns: " + owned);
    Set<String> under = takingOver.getOrDefault(ShadowWorld.key(node, unit), Set.of());
    require(
        under.isEmpty(),
        ProtocolInvariant.OWNERS_ARE_KEPT,
        () -> node + " lets its copy of " + unit + " go while it takes it over by " + under);
    world.count("copies let go");
  }
}
