package io.forestall.decisions.failover;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.BiPredicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Shadows in maps: who holds one is what the map says, to the job that feeds them, to the node that
 * keeps one and to the guard. Each change returns the same object when there is nothing to change.
 * Pure.
 */
final class ShadowMaps {

  /** Role of a shadow. */
  static final String SHADOW = "SHADOW";

  /** It is built: fed and fetching. */
  static final String COPYING = "COPYING";

  /** It has all that it fetched, and is fed what it lacks. */
  static final String CATCHING_UP = "CATCHING_UP";

  /** It has what its owner has. */
  static final String IN_SYNC = "IN_SYNC";

  /** It is on its way out: nobody counts it, and its node deletes it. */
  static final String RETIRING = "RETIRING";

  private static final String REPLICA = "REPLICA";

  private ShadowMaps() {}

  /**
   * The slice with a shadow of these units on a node, to be built where there is none. A unit that
   * the node owns, or of which it holds a copy, stays as it is.
   */
  static MapSlice with(MapSlice slice, Set<String> units, Subject node) {
    return changed(
        slice,
        units,
        segment -> {
          if (segment.owner().equals(node) || copy(segment, node) != null) {
            return segment;
          }
          List<MapCopy> copies = new ArrayList<>(segment.copies());
          copies.add(new MapCopy(node, SHADOW, COPYING, -1));
          return copies(segment, copies);
        });
  }

  /** The slice with the shadows of these units on a node in this state, where there are any. */
  static MapSlice stated(MapSlice slice, Set<String> units, Subject node, String state) {
    return changed(
        slice,
        units,
        segment -> {
          MapCopy held = shadow(segment, node);
          return held == null || held.state().equals(state)
              ? segment
              : replaced(segment, held, new MapCopy(node, SHADOW, state, held.appliedSequence()));
        });
  }

  /** The slice without the shadows of these units on a node. */
  static MapSlice without(MapSlice slice, Set<String> units, Subject node) {
    return changed(
        slice,
        units,
        segment -> {
          MapCopy held = shadow(segment, node);
          return held == null ? segment : replaced(segment, held, null);
        });
  }

  /** The slice with a node's replicas of these units as shadows, which have to catch up as such. */
  static MapSlice demoted(MapSlice slice, Set<String> units, Subject node) {
    return changed(
        slice,
        units,
        segment -> {
          MapCopy held = copy(segment, node);
          return held == null || !held.role().equals(REPLICA)
              ? segment
              : replaced(
                  segment, held, new MapCopy(node, SHADOW, CATCHING_UP, held.appliedSequence()));
        });
  }

  /**
   * The slice with each shadow in the state that it was last said to be in. One on its way out
   * stays so; that one is in sync is believed of the present epoch only.
   *
   * @param marks what was last said of the shadow of a unit on a node, null when nothing was
   */
  static MapSlice marked(
      MapSlice slice, BiFunction<String, Subject, SagaState.@Nullable Mark> marks) {
    return changed(
        slice,
        null,
        segment -> {
          MapSegment after = segment;
          for (MapCopy copy : segment.copies()) {
            SagaState.Mark mark =
                copy.role().equals(SHADOW) && !copy.state().equals(RETIRING)
                    ? marks.apply(segment.unit(), copy.node())
                    : null;
            if (mark == null || mark.state().equals(copy.state())) {
              continue;
            }
            if (!mark.state().equals(IN_SYNC) || mark.epoch() >= segment.epoch()) {
              after =
                  replaced(
                      after,
                      copy,
                      new MapCopy(copy.node(), SHADOW, mark.state(), mark.appliedSequence()));
            }
          }
          return after;
        });
  }

  /**
   * The slice without shadows of which this holds.
   *
   * @param goes of a unit and the node that holds a shadow of it which is on its way out
   */
  static MapSlice withoutRetired(MapSlice slice, BiPredicate<String, Subject> goes) {
    return changed(
        slice,
        null,
        segment -> {
          MapSegment after = segment;
          for (MapCopy copy : segment.copies()) {
            if (isRetiring(copy) && goes.test(segment.unit(), copy.node())) {
              after = replaced(after, copy, null);
            }
          }
          return after;
        });
  }

  /** The shadow of a unit on a node, null when that holds none. */
  static @Nullable MapCopy shadow(@Nullable MapSegment segment, Subject node) {
    MapCopy held = segment == null ? null : copy(segment, node);
    return held != null && held.role().equals(SHADOW) ? held : null;
  }

  /** True for a shadow that is on its way out. */
  static boolean isRetiring(@Nullable MapCopy copy) {
    return copy != null && copy.role().equals(SHADOW) && copy.state().equals(RETIRING);
  }

  /** The copy of a unit on a node, null when that holds none. */
  static @Nullable MapCopy copy(MapSegment segment, Subject node) {
    for (MapCopy copy : segment.copies()) {
      if (copy.node().equals(node)) {
        return copy;
      }
    }
    return null;
  }

  private static MapSegment replaced(MapSegment segment, MapCopy held, @Nullable MapCopy by) {
    List<MapCopy> copies = new ArrayList<>(segment.copies().size());
    for (MapCopy copy : segment.copies()) {
      MapCopy after = copy.equals(held) ? by : copy;
      if (after != null) {
        copies.add(after);
      }
    }
    return copies(segment, copies);
  }

  private static MapSegment copies(MapSegment segment, List<MapCopy> copies) {
    return segment.withCopies(copies);
  }

  private static MapSlice changed(
      MapSlice slice, @Nullable Set<String> units, UnaryOperator<MapSegment> change) {
    List<MapSegment> segments = new ArrayList<>(slice.segments().size());
    boolean changed = false;
    for (MapSegment segment : slice.segments()) {
      boolean meant = units == null || units.contains(segment.unit());
      MapSegment after = meant ? change.apply(segment) : segment;
      changed |= after != segment;
      segments.add(after);
    }
    return changed ? SagaMaps.with(slice, segments) : slice;
  }
}
