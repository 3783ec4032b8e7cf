package io.forestall.sim;

import io.forestall.decisions.DiskFailure;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Subject;
import java.util.List;

/**
 * What a simulated world sends at one time. Immutable.
 *
 * @param timeMillis time of the step; milliseconds since 1970-01-01 UTC
 * @param joined what is new in the fleet; at the first step all of it
 * @param left disks that were taken out for good
 * @param scrapes at most one for each publisher
 * @param failures disks found failed
 */
public record WorldStep(
    long timeMillis,
    List<FleetMember> joined,
    List<Subject> left,
    List<PublishedScrape> scrapes,
    List<DiskFailure> failures) {
  public WorldStep {
    joined = List.copyOf(joined);
    left = List.copyOf(left);
    scrapes = List.copyOf(scrapes);
    failures = List.copyOf(failures);
  }
}
