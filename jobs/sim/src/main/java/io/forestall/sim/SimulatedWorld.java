package io.forestall.sim;

import io.forestall.decisions.DiskFailure;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.NodeScrape;
import io.forestall.decisions.Subject;
import io.forestall.risk.DiskSample;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A simulated fleet with all that it reports: SMART attributes of decaying disks, machines, drives
 * under load, paths, and the faults that were planted in them. Whoever runs it says at which times
 * it is looked at. Not safe for threads.
 */
public final class SimulatedWorld {
  private final SimulatedFleet fleet;
  private final FleetTelemetry telemetry;
  private boolean first = true;
  private long lastMillis = Long.MIN_VALUE;

  /**
   * A world.
   *
   * @param fleet the disks, before or between two steps
   * @param telemetry what stands beside the nodes
   */
  public SimulatedWorld(SimulatedFleet fleet, FleetTelemetry.Options telemetry) {
    this.fleet = fleet;
    this.telemetry = new FleetTelemetry(telemetry, fleet.nodes());
  }

  /** The disks and their SMART attributes. */
  public SimulatedFleet fleet() {
    return fleet;
  }

  /** Everything else, and the faults. */
  public FleetTelemetry telemetry() {
    return telemetry;
  }

  /** Every fault that was planted. */
  public Collection<Fault> faults() {
    return telemetry.faults();
  }

  /**
   * What is reported at the fleet's next step: SMART attributes alone, as in a history of days.
   *
   * @return the step at {@link SimulatedFleet#nextMillis()}
   */
  public WorldStep nextDay() {
    FleetStep step = fleet.next();
    lastMillis = step.timeMillis();
    List<FleetMember> joined = joined(step);
    Map<String, List<DiskSample>> smart = new LinkedHashMap<>();
    Map<String, NodeScrape> scrapes = new LinkedHashMap<>();
    for (NodeScrape scrape : step.scrapes()) {
      smart.put(scrape.place().node(), scrape.disks());
      scrapes.put(scrape.place().node(), scrape);
    }
    List<PublishedScrape> published = new ArrayList<>();
    telemetry
        .smart(smart, step.timeMillis())
        .forEach(
            (node, disks) -> {
              NodeScrape scrape = scrapes.get(node);
              if (scrape != null) {
                published.add(
                    new PublishedScrape(
                        new NodeScrape(scrape.place(), step.timeMillis(), disks), 1, ""));
              }
            });
    return new WorldStep(step.timeMillis(), joined, step.left(), published, step.failures());
  }

  /**
   * What is reported at a time; the fleet's steps up to it are taken on the way.
   *
   * @param timeMillis after the one before; milliseconds since 1970-01-01 UTC
   * @param withSmart whether this round holds SMART attributes too; it always does when a day of
   *     the fleet has passed
   * @throws IllegalArgumentException when time goes back
   */
  public WorldStep step(long timeMillis, boolean withSmart) {
    if (timeMillis <= lastMillis && fleet.nextMillis() > timeMillis) {
      throw new IllegalArgumentException(
          "a simulated world only goes on: " + timeMillis + " is not after " + lastMillis);
    }
    lastMillis = timeMillis;
    List<FleetMember> joined = new ArrayList<>();
    if (first && fleet.nextMillis() > timeMillis) {
      // The fleet was passed over to here: its disks have been there for long.
      fleet.members().forEach(telemetry::join);
      joined.addAll(fleet.members());
      joined.addAll(telemetry.members());
      first = false;
    }
    List<Subject> left = new ArrayList<>();
    List<DiskFailure> failures = new ArrayList<>();
    boolean smartDue = withSmart;
    while (fleet.nextMillis() <= timeMillis) {
      FleetStep step = fleet.next();
      joined.addAll(joined(step));
      left.addAll(step.left());
      failures.addAll(step.failures());
      smartDue = true;
    }
    Map<String, List<DiskSample>> smart =
        smartDue ? telemetry.smart(fleet.between(timeMillis), timeMillis) : Map.of();
    return new WorldStep(timeMillis, joined, left, telemetry.scrape(timeMillis, smart), failures);
  }

  private List<FleetMember> joined(FleetStep step) {
    List<FleetMember> joined = new ArrayList<>(step.joined());
    if (first) {
      joined.addAll(telemetry.members());
      first = false;
    }
    step.left().forEach(telemetry::leave);
    step.failures().forEach(failure -> telemetry.leave(Subject.disk(failure.disk())));
    step.joined().forEach(telemetry::join);
    return joined;
  }
}
