package io.forestall.decisions;

import org.jspecify.annotations.Nullable;

/**
 * One node or one disk of the fleet and where it stands. Immutable.
 *
 * @param subject the node or disk
 * @param place where it stands; for a node, {@code place.node()} is its own name
 * @param tier storage tier {@code nvme}, {@code ssd} or {@code hdd}; empty for a node of mixed
 *     tiers
 * @param model model name of the hardware, null when unknown
 * @param capacityBytes usable capacity in bytes, null when unknown
 * @param synthetic true when the place was made up because the source has none
 */
public record FleetMember(
    Subject subject,
    Place place,
    String tier,
    @Nullable String model,
    @Nullable Long capacityBytes,
    boolean synthetic) {

  /** A node whose own place this is. */
  public static FleetMember node(Place place, boolean synthetic) {
    return new FleetMember(Subject.node(place.node()), place, "", null, null, synthetic);
  }
}
