package io.forestall.decisions;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Places for data that has none: a disk goes to a node by a stable hash of its serial number, so
 * the same serial stands in the same place in every run with the same number of nodes. What it
 * makes is to be labelled synthetic. Immutable and safe for threads.
 */
public final class SyntheticPlacement {

  /** Disks of a node, on average. */
  public static final int DISKS_PER_NODE = 45;

  /** Nodes of a rack. */
  public static final int NODES_PER_RACK = 8;

  /** Racks of a failure zone. */
  public static final int RACKS_PER_ZONE = 8;

  /** Most nodes that can be made up. */
  public static final int MAX_NODES = 100_000;

  private final Place[] places;

  private SyntheticPlacement(Place[] places) {
    this.places = places;
  }

  /**
   * A placement over this many nodes.
   *
   * @param nodes number of nodes, 1 to {@value #MAX_NODES}
   */
  public static SyntheticPlacement ofNodes(int nodes) {
    if (nodes < 1 || nodes > MAX_NODES) {
      throw new IllegalArgumentException(
          "synthetic nodes must be 1 to " + MAX_NODES + ", not " + nodes);
    }
    Place[] places = new Place[nodes];
    for (int index = 0; index < nodes; index++) {
      int rack = index / NODES_PER_RACK;
      int zone = rack / RACKS_PER_ZONE;
      places[index] =
          new Place(
              padded("n-", index + 1, 4),
              padded("r-", rack + 1, 2),
              padded("z-", zone + 1, 1),
              "region-1",
              "pool-1");
    }
    return new SyntheticPlacement(places);
  }

  /** A placement that gives nodes of {@value #DISKS_PER_NODE} disks, on average, to this many. */
  public static SyntheticPlacement forDisks(long disks) {
    long nodes = Math.max(1, (disks + DISKS_PER_NODE - 1) / DISKS_PER_NODE);
    return ofNodes((int) Math.min(nodes, MAX_NODES));
  }

  /** Number of nodes. */
  public int nodes() {
    return places.length;
  }

  /** The place of the node with this index, from 0. */
  public Place nodeAt(int index) {
    return places[index];
  }

  /** Every node, in order of its name. */
  public List<FleetMember> members() {
    List<FleetMember> members = new ArrayList<>(places.length);
    for (Place place : places) {
      members.add(FleetMember.node(place, true));
    }
    return members;
  }

  /** Where the disk with this serial number stands. */
  public Place place(String serial) {
    return places[(int) Long.remainderUnsigned(hash(serial), places.length)];
  }

  // FNV-1a with a finishing mix: stable across runs, machines and versions of Java.
  private static long hash(String serial) {
    long hash = 0xcbf29ce484222325L;
    for (byte b : serial.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
    }
    hash ^= hash >>> 33;
    hash *= 0xff51afd7ed558ccdL;
    hash ^= hash >>> 33;
    return hash;
  }

  private static String padded(String prefix, int number, int width) {
    String digits = Integer.toString(number);
    return prefix + "0".repeat(Math.max(0, width - digits.length())) + digits;
  }
}
