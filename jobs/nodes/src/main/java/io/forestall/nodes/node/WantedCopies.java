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
   * @param shadow true when it is a shadow, which is fed by its own stream
   * @param retiring true when it is a shadow on its way out: one that is here stays until this node
   *     is told to let it go, or until no map names it
   * @param holders of a shadow, the other nodes that hold the unit, those first from whom it is
   *     best fetched; else empty, for then nothing is fetched
   */
  record Wanted(
      UnitSpec spec, boolean firstOwner, boolean shadow, boolean retiring, List<Subject> holders) {
    Wanted {
      holders = List.copyOf(holders);
    }
  }

  /**
   * What a slice changed.
   *
   * @param wanted copies that are new, or wanted otherwise than before
   * @param unwanted units that no map wants here any more
   */
  record Change(List<Wanted> wanted, Set<String> unwanted) {}

  private static final String SHADOW = "SHADOW";
  private static final String RETIRING = "RETIRING";
  private static final String ARCHIVE = "ARCHIVE";

  private final Subject node;
  private final Map<String, Set<String>> unitsOfSlice = new HashMap<>();

  /** By unit and slice: while volumes are cut anew, two slices may name the same unit. */
  private final Map<String, TreeMap<String, Wanted>> wanted = new LinkedHashMap<>();

  /** The other holders of each unit: they change often, and change nothing about the copy here. */
  private final Map<String, List<Subject>> others = new HashMap<>();

  WantedCopies(Subject node) {
    this.node = node;
  }

  /** A slice of a volume's map, in place of what it said before. */
  Change take(MapSlice slice) {
    Map<String, Wanted> next = new LinkedHashMap<>();
    for (MapSegment segment : slice.segments()) {
      boolean owner = segment.owner().equals(node);
      MapCopy copy = owner ? null : copy(segment);
      if (owner || copy != null) {
        boolean shadow = copy != null && copy.role().equals(SHADOW);
        others.put(segment.unit(), holders(segment));
        next.put(
            segment.unit(),
            new Wanted(
                MapRecords.unit(slice, segment),
                owner && segment.epoch() == 0,
                shadow,
                shadow && copy != null && copy.state().equals(RETIRING),
                shadow ? holders(segment) : List.of()));
      }
    }
    return replace(MapRecords.key(slice), next);
  }

  /** The others: replicas before the owner, whose clients feel it, and shadows last. */
  private List<Subject> holders(MapSegment segment) {
    Set<Subject> holders = new LinkedHashSet<>();
    for (MapCopy copy : segment.copies()) {
      if (copy.role().equals("REPLICA") && copy.state().equals("IN_SYNC")) {
        holders.add(copy.node());
      }
    }
    holders.add(segment.owner());
    for (MapCopy copy : segment.copies()) {
      if (!copy.role().equals(ARCHIVE)) {
        holders.add(copy.node());
      }
    }
    holders.remove(node);
    return List.copyOf(holders);
  }

  /** A slice is gone. */
  Change gone(String key) {
    return replace(key, Map.of());
  }

  /** The copy here, null when none is wanted. */
  private @Nullable MapCopy copy(MapSegment segment) {
    for (MapCopy copy : segment.copies()) {
      if (copy.node().equals(node) && !copy.role().equals(ARCHIVE)) {
        return copy;
      }
    }
    return null;
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
        others.remove(unit);
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

  /** The other nodes that hold a unit, those first from whom it is best fetched. */
  List<Subject> holders(String unit) {
    return others.getOrDefault(unit, List.of());
  }

  /** True when a map wants the unit here, and does not say that it is on its way out. */
  boolean keeps(String unit) {
    TreeMap<String, Wanted> slices = wanted.get(unit);
    Wanted last = slices == null ? null : last(slices);
    return last != null && !last.retiring();
  }

  /** True when a map names the unit here. */
  boolean contains(String unit) {
    return wanted.containsKey(unit);
  }
}
