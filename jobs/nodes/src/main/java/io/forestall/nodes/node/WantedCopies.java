package io.forestall.nodes.node;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.ownership.UnitSpec;
import io.forestall.wire.MapRecords;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which copies the maps want on a node. Told slice by slice, it says what is new about each: a
 * failover changes the maps of all volumes of a node within a moment, and what one of them costs
 * must not grow with the number of the others. For one thread.
 */
final class WantedCopies {

  /**
   * A copy that the maps want here.
   *
   * @param firstOwner true when the map names this node as owner at epoch 0
   */
  record Wanted(UnitSpec spec, boolean firstOwner) {}

  /**
   * What a slice changed.
   *
   * @param wanted copies that are new, or wanted otherwise than before
   * @param unwanted units that no map wants here any more
   */
  record Change(List<Wanted> wanted, Set<String> unwanted) {}

  private final Subject node;
  private final Map<String, Set<String>> unitsOfSlice = new HashMap<>();

  /** By unit and slice: while volumes are cut anew, two slices may name the same unit. */
  private final Map<String, TreeMap<String, Wanted>> wanted = new LinkedHashMap<>();

  WantedCopies(Subject node) {
    this.node = node;
  }

  /** A slice of a volume's map, in place of what it said before. */
  Change take(MapSlice slice) {
    Map<String, Wanted> next = new LinkedHashMap<>();
    for (MapSegment segment : slice.segments()) {
      boolean owner = segment.owner().equals(node);
      if (owner || holds(segment)) {
        next.put(
            segment.unit(),
            new Wanted(MapRecords.unit(slice, segment), owner && segment.epoch() == 0));
      }
    }
    return replace(MapRecords.key(slice), next);
  }

  /** A slice is gone. */
  Change gone(String key) {
    return replace(key, Map.of());
  }

  private boolean holds(MapSegment segment) {
    for (MapCopy copy : segment.copies()) {
      if (copy.node().equals(node) && !copy.role().equals("ARCHIVE")) {
        return true;
      }
    }
    return false;
  }

  private Change replace(String key, Map<String, Wanted> next) {
    List<Wanted> changed = new ArrayList<>();
    for (Map.Entry<String, Wanted> each : next.entrySet()) {
      TreeMap<String, Wanted> slices =
          wanted.computeIfAbsent(each.getKey(), unit -> new TreeMap<>());
      Wanted before = last(slices);
      slices.put(key, each.getValue());
      Wanted after = last(slices);
      if (after != null && !after.equals(before)) {
        changed.add(after);
      }
    }
    Set<String> unwanted = new LinkedHashSet<>();
    for (String unit : unitsOfSlice.getOrDefault(key, Set.of())) {
      TreeMap<String, Wanted> slices = wanted.get(unit);
      if (next.containsKey(unit) || slices == null) {
        continue;
      }
      Wanted before = last(slices);
      slices.remove(key);
      Wanted after = last(slices);
      if (after == null) {
        wanted.remove(unit);
        unwanted.add(unit);
      } else if (!after.equals(before)) {
        changed.add(after);
      }
    }
    if (next.isEmpty()) {
      unitsOfSlice.remove(key);
    } else {
      unitsOfSlice.put(key, Set.copyOf(next.keySet()));
    }
    return new Change(changed, unwanted);
  }

  private static @Nullable Wanted last(TreeMap<String, Wanted> slices) {
    return slices.isEmpty() ? null : slices.lastEntry().getValue();
  }

  /** All copies that the maps want here. */
  Collection<Wanted> all() {
    List<Wanted> all = new ArrayList<>(wanted.size());
    for (TreeMap<String, Wanted> slices : wanted.values()) {
      all.add(slices.lastEntry().getValue());
    }
    return all;
  }

  /** True when a map wants the unit here. */
  boolean contains(String unit) {
    return wanted.containsKey(unit);
  }
}
