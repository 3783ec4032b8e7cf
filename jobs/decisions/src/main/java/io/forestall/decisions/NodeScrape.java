package io.forestall.decisions;

import io.forestall.risk.DiskSample;
import java.util.List;

/**
 * What one node said of its disks at one time. Immutable.
 *
 * @param place where the node stands
 * @param timeMillis when the samples were taken; milliseconds since 1970-01-01 UTC
 * @param disks one sample for each disk that answered
 */
public record NodeScrape(Place place, long timeMillis, List<DiskSample> disks) {
  public NodeScrape {
    disks = List.copyOf(disks);
  }
}
