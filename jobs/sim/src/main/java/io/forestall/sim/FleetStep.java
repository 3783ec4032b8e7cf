package io.forestall.sim;

import io.forestall.decisions.DiskFailure;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.NodeScrape;
import io.forestall.decisions.Subject;
import java.util.List;

/**
 * One step of a simulated fleet. Immutable.
 *
 * @param timeMillis time of the step; milliseconds since 1970-01-01 UTC
 * @param joined nodes and disks that are new at this step; at the first step all
 * @param left disks that were taken out for good
 * @param scrapes one for each node
 * @param failures disks found failed at this step
 */
public record FleetStep(
    long timeMillis,
    List<FleetMember> joined,
    List<Subject> left,
    List<NodeScrape> scrapes,
    List<DiskFailure> failures) {
  public FleetStep {
    joined = List.copyOf(joined);
    left = List.copyOf(left);
    scrapes = List.copyOf(scrapes);
    failures = List.copyOf(failures);
  }
}
