package io.forestall.app.ingest;

import io.forestall.decisions.FleetMember;
import io.forestall.decisions.Subject;
import io.forestall.decisions.SyntheticPlacement;
import io.forestall.wire.sources.SourceRow;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * Where a disk of a source stands: where the inventory says, else in a synthetic place, labelled
 * so. Not safe for threads.
 */
final class Placements {

  private final Map<String, FleetMember> inventory = new HashMap<>();
  private final SyntheticPlacement synthetic;

  Placements(Collection<FleetMember> inventory, SyntheticPlacement synthetic) {
    for (FleetMember member : inventory) {
      if (member.subject().kind() == Subject.Kind.DISK) {
        this.inventory.put(member.subject().id(), member);
      }
    }
    this.synthetic = synthetic;
  }

  /** The member that a row speaks of. */
  FleetMember member(SourceRow row) {
    FleetMember known = inventory.get(row.disk());
    if (known != null) {
      return known;
    }
    return new FleetMember(
        Subject.disk(row.disk()),
        synthetic.place(row.disk()),
        tier(row),
        row.model(),
        row.capacityBytes() == SourceRow.NO_CAPACITY ? null : row.capacityBytes(),
        true);
  }

  /** The node that holds a disk. */
  String node(String disk) {
    FleetMember known = inventory.get(disk);
    return known != null ? known.place().node() : synthetic.place(disk).node();
  }

  // Only NVMe disks report NVMe metrics; a solid state disk cannot be told by its attributes.
  private static String tier(SourceRow row) {
    for (String metric : row.metrics()) {
      if (metric.startsWith("nvme_")) {
        return "nvme";
      }
    }
    return "hdd";
  }
}
