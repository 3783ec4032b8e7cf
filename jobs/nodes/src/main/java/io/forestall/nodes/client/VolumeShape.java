package io.forestall.nodes.client;

import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How large a volume is, which units it consists of and who holds copies of them, put together from
 * the slices of its map. Immutable.
 *
 * @param units identifiers by index
 * @param nodes everybody who holds a copy
 */
record VolumeShape(
    String volume,
    String pool,
    long bytes,
    long segmentBytes,
    int blockBytes,
    List<String> units,
    Set<Subject> nodes) {

  VolumeShape {
    units = List.copyOf(units);
    nodes = Set.copyOf(nodes);
  }

  /** The shape of these slices, null as long as one of them or one of the segments is missing. */
  static @Nullable VolumeShape of(Collection<MapSlice> slices) {
    if (slices.isEmpty()) {
      return null;
    }
    MapSlice first = slices.iterator().next();
    if (slices.size() < first.slices()) {
      return null;
    }
    long count = (first.volumeBytes() + first.segmentBytes() - 1) / first.segmentBytes();
    if (count > Integer.MAX_VALUE) {
      return null;
    }
    String[] units = new String[(int) count];
    Set<Subject> nodes = new HashSet<>();
    int found = 0;
    for (MapSlice slice : slices) {
      if (slice.volumeBytes() != first.volumeBytes()
          || slice.segmentBytes() != first.segmentBytes()) {
        return null;
      }
      for (MapSegment segment : slice.segments()) {
        if (segment.index() < units.length && units[segment.index()] == null) {
          units[segment.index()] = segment.unit();
          found++;
        }
        nodes.add(segment.owner());
        for (MapCopy copy : segment.copies()) {
          nodes.add(copy.node());
        }
      }
    }
    if (found < units.length) {
      return null;
    }
    return new VolumeShape(
        first.volume(),
        first.pool(),
        first.volumeBytes(),
        first.segmentBytes(),
        first.blockBytes(),
        List.of(units),
        nodes);
  }

  String unit(long offset) {
    return units.get((int) (offset / segmentBytes));
  }

  /** Length of the unit in which an offset lies; the last one may be shorter; bytes. */
  long unitBytes(long offset) {
    return Math.min(segmentBytes, bytes - offset / segmentBytes * segmentBytes);
  }
}
