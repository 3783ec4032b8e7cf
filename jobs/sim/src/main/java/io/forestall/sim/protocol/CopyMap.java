package io.forestall.sim.protocol;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a volume's map says to the nodes, and changes of it. Stateless. */
final class CopyMap {
  static final String REPLICA = "REPLICA";
  static final String SHADOW = "SHADOW";
  static final String RETIRING = "RETIRING";

  private CopyMap() {}

  /**
   * A copy that the map wants on a node.
   *
   * @param firstOwner true when the map names the node as owner at epoch 0
   * @param shadow true when it is fed by its own stream
   * @param retiring true when it is a shadow on its way out: one that is here stays until its node
   *     is told to let it go, or until no map names it
   * @param holders the other nodes that hold the unit, those first from whom it is best fetched
   */
  record Wanted(
      String unit, boolean firstOwner, boolean shadow, boolean retiring, List<Subject> holders) {
    Wanted {
      holders = List.copyOf(holders);
    }
  }

  /** What the map wants on a node, by unit. */
  static Map<String, Wanted> wanted(MapSlice slice, Subject node) {
    Map<String, Wanted> wanted = new LinkedHashMap<>();
    for (MapSegment segment : slice.segments()) {
      boolean owner = segment.owner().equals(node);
      MapCopy copy = copy(segment, node);
      if (owner || copy != null) {
        boolean shadow = !owner && copy != null && copy.role().equals(SHADOW);
        wanted.put(
            segment.unit(),
            new Wanted(
                segment.unit(),
                owner && segment.epoch() == 0,
                shadow,
                shadow && copy != null && copy.state().equals(RETIRING),
                holders(segment, node)));
      }
    }
    return wanted;
  }

  /** The others: replicas in sync before the owner, and shadows last. */
  private static List<Subject> holders(MapSegment segment, Subject node) {
    Set<Subject> holders = new LinkedHashSet<>();
    for (MapCopy copy : segment.copies()) {
      if (copy.role().equals(REPLICA) && copy.state().equals("IN_SYNC")) {
        holders.add(copy.node());
      }
    }
    holders.add(segment.owner());
    segment.copies().forEach(copy -> holders.add(copy.node()));
    holders.remove(node);
    return List.copyOf(holders);
  }

  /** The copy of a unit on a node that is not its owner, null when there is none. */
  static @Nullable MapCopy copy(MapSegment segment, Subject node) {
    for (MapCopy copy : segment.copies()) {
      if (copy.node().equals(node)) {
        return copy;
      }
    }
    return null;
  }

  /** The nodes that hold a shadow of a unit, in the map's order. */
  static List<Subject> shadows(MapSegment segment) {
    List<Subject> shadows = new ArrayList<>();
    for (MapCopy copy : segment.copies()) {
      if (copy.role().equals(SHADOW)) {
        shadows.add(copy.node());
      }
    }
    return shadows;
  }

  /** The next version of a slice, with one segment in place of its own. */
  static MapSlice with(MapSlice slice, MapSegment segment, long nowMillis) {
    List<MapSegment> segments = new ArrayList<>();
    for (MapSegment each : slice.segments()) {
      segments.add(each.unit().equals(segment.unit()) ? segment : each);
    }
    return new MapSlice(
        slice.volume(),
        slice.pool(),
        slice.slice(),
        slice.slices(),
        slice.version() + 1,
        slice.ownershipOffset(),
        slice.volumeBytes(),
        slice.segmentBytes(),
        slice.blockBytes(),
        slice.minReplicas(),
        segments,
        nowMillis);
  }

  /** A segment with this copy in place of that node's, or without it when that is null. */
  static MapSegment with(MapSegment segment, Subject node, @Nullable MapCopy copy) {
    List<MapCopy> copies = new ArrayList<>();
    for (MapCopy each : segment.copies()) {
      if (!each.node().equals(node)) {
        copies.add(each);
      }
    }
    if (copy != null) {
      copies.add(copy);
    }
    return new MapSegment(
        segment.unit(), segment.index(), segment.owner(), segment.epoch(), copies);
  }

  /** A segment of which another node is the owner: the former one keeps a copy in this role. */
  static MapSegment owned(MapSegment segment, Subject owner, long epoch, String formerRole) {
    if (segment.owner().equals(owner)) {
      return new MapSegment(segment.unit(), segment.index(), owner, epoch, segment.copies());
    }
    MapSegment without = with(segment, owner, null);
    MapCopy former = new MapCopy(segment.owner(), formerRole, "CATCHING_UP", -1);
    return with(
        new MapSegment(segment.unit(), segment.index(), owner, epoch, without.copies()),
        segment.owner(),
        former);
  }
}
