package io.forestall.decisions;

import io.forestall.risk.DiskSample;
import io.forestall.risk.signal.EntitySample;
import java.util.List;

/**
 * What one publisher said at one time: a node of itself, its disks and its links, or an event
 * processor, a head node or a client of itself. Immutable.
 *
 * @param place where the node stands
 * @param timeMillis when the samples were taken; milliseconds since 1970-01-01 UTC
 * @param disks SMART attributes, one sample for each disk that answered
 * @param others everything else: machines, disks under load, paths
 */
public record NodeScrape(
    Place place, long timeMillis, List<DiskSample> disks, List<EntitySample> others) {
  public NodeScrape {
    disks = List.copyOf(disks);
    others = List.copyOf(others);
  }

  /** A scrape of disks alone. */
  public NodeScrape(Place place, long timeMillis, List<DiskSample> disks) {
    this(place, timeMillis, disks, List.of());
  }
}
