package io.forestall.decisions.failover;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.decisions.ownership.Owned;
import io.forestall.decisions.ownership.OwnershipFold;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Brings maps up to what the ownership log says. Pure. */
final class SagaMaps {

  private static final String REPLICA = "REPLICA";
  private static final String IN_SYNC = "IN_SYNC";
  private static final String CATCHING_UP = "CATCHING_UP";

  private SagaMaps() {}

  /**
   * The slice as the fold has it; the same object when nothing differs. A former owner stays a
   * copy: in sync when it released, for then it lives and follows; else it has to catch up.
   */
  static MapSlice folded(MapSlice slice, OwnershipFold fold) {
    return folded(slice, Map.of(), fold);
  }

  /**
   * The same, when what held before was not written yet.
   *
   * @param before what held of some units before the newest record of the log, by unit
   */
  static MapSlice folded(MapSlice slice, Map<String, Owned> before, OwnershipFold fold) {
    List<MapSegment> segments = new ArrayList<>(slice.segments().size());
    boolean changed = false;
    for (MapSegment segment : slice.segments()) {
      Owned held = before.get(segment.unit());
      Owned owned = fold.owned(segment.unit());
      MapSegment after = held == null ? segment : folded(segment, held);
      after = owned == null ? after : folded(after, owned);
      changed |= after != segment;
      segments.add(after);
    }
    return changed ? with(slice, segments) : slice;
  }

  /** True when a copy is one that has to catch up before it counts. */
  static boolean isCatchingUp(MapCopy copy) {
    return copy.role().equals(REPLICA) && copy.state().equals(CATCHING_UP);
  }

  /** True when two slices name the same owners and epochs. */
  static boolean sameOwners(MapSlice left, MapSlice right) {
    if (left.segments().size() != right.segments().size()) {
      return false;
    }
    for (int i = 0; i < left.segments().size(); i++) {
      MapSegment one = left.segments().get(i);
      MapSegment other = right.segments().get(i);
      if (one != other
          && (one.epoch() != other.epoch()
              || !one.unit().equals(other.unit())
              || !one.owner().equals(other.owner()))) {
        return false;
      }
    }
    return true;
  }

  private static MapSegment folded(MapSegment segment, Owned owned) {
    if (owned.epoch() < segment.epoch()) {
      // the map knows more: the log is still being read again
      return segment;
    }
    boolean vouched = owned.released() && owned.former() != null;
    if (owned.epoch() == segment.epoch()) {
      Subject former = owned.former();
      return vouched && former != null && owned.owner().equals(segment.owner())
          ? caughtUp(segment, former)
          : segment;
    }
    List<MapCopy> copies = new ArrayList<>();
    for (MapCopy copy : segment.copies()) {
      if (!copy.node().equals(owned.owner())) {
        copies.add(copy);
      }
    }
    if (!segment.owner().equals(owned.owner())) {
      boolean known = false;
      for (MapCopy copy : copies) {
        known |= copy.node().equals(segment.owner());
      }
      if (!known) {
        boolean alive = vouched && segment.owner().equals(owned.former());
        copies.add(new MapCopy(segment.owner(), REPLICA, alive ? IN_SYNC : CATCHING_UP, -1));
      }
    }
    return new MapSegment(
        segment.unit(),
        segment.index(),
        owned.owner(),
        owned.epoch(),
        copies,
        owned.asyncBoundMillis());
  }

  /** The slice with a node's copies of these units in sync; the same object when they are. */
  static MapSlice caughtUp(MapSlice slice, Subject node, Set<String> units) {
    List<MapSegment> segments = new ArrayList<>(slice.segments().size());
    boolean changed = false;
    for (MapSegment segment : slice.segments()) {
      MapSegment after = units.contains(segment.unit()) ? caughtUp(segment, node) : segment;
      changed |= after != segment;
      segments.add(after);
    }
    return changed ? with(slice, segments) : slice;
  }

  /** A shadow is none of these: whoever feeds it says how it stands. */
  private static MapSegment caughtUp(MapSegment segment, Subject node) {
    List<MapCopy> copies = new ArrayList<>(segment.copies().size());
    boolean changed = false;
    for (MapCopy copy : segment.copies()) {
      boolean its = copy.node().equals(node) && isCatchingUp(copy);
      changed |= its;
      copies.add(its ? new MapCopy(node, REPLICA, IN_SYNC, copy.appliedSequence()) : copy);
    }
    return changed ? segment.withCopies(copies) : segment;
  }

  /** The slice with these segments in place of its own. */
  static MapSlice with(MapSlice slice, List<MapSegment> segments) {
    return written(slice, segments, slice.version(), slice.ownershipOffset(), slice.timeMillis());
  }

  /** The slice as a version of this number. */
  static MapSlice version(MapSlice slice, long version, long ownershipOffset, long nowMillis) {
    return written(slice, slice.segments(), version, ownershipOffset, nowMillis);
  }

  private static MapSlice written(
      MapSlice slice,
      List<MapSegment> segments,
      long version,
      long ownershipOffset,
      long timeMillis) {
    return new MapSlice(
        slice.volume(),
        slice.pool(),
        slice.slice(),
        slice.slices(),
        version,
        ownershipOffset,
        slice.volumeBytes(),
        slice.segmentBytes(),
        slice.blockBytes(),
        slice.minReplicas(),
        segments,
        timeMillis,
        slice.otherRegion());
  }

  /** True when two slices say the same, whenever they were written. */
  static boolean saySame(MapSlice left, MapSlice right) {
    return written(left, left.segments(), 0, 0, 0)
        .equals(written(right, right.segments(), 0, 0, 0));
  }
}
