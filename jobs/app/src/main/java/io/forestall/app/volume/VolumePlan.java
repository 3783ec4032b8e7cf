package io.forestall.app.volume;

import io.forestall.app.CommandFailure;
import io.forestall.app.ExitCodes;
import io.forestall.decisions.Subject;
import io.forestall.decisions.failover.SagaInput.MapCopy;
import io.forestall.decisions.failover.SagaInput.MapSegment;
import io.forestall.decisions.failover.SagaInput.MapSlice;
import io.forestall.wire.MapRecords;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where the segments of a new volume go (D1): owners in turn over the nodes, further copies in
 * other zones while there are any, then in other racks, then on other nodes, each time on the one
 * that holds least. Pure and stateless: the same fleet gives the same plan.
 */
public final class VolumePlan {

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");
  private static final long MAX_SEGMENTS = (long) MapRecords.MAX_SEGMENTS * MapRecords.MAX_SLICES;

  private VolumePlan() {}

  /**
   * A node that may hold copies.
   *
   * @param freeBytes what it said is free, null when it said nothing; bytes
   */
  public record Node(
      Subject node,
      @Nullable String region,
      @Nullable String zone,
      @Nullable String rack,
      @Nullable Long freeBytes) {

    private @Nullable String zoneKey() {
      return zone == null ? null : region + "/" + zone;
    }

    private @Nullable String rackKey() {
      return rack == null ? null : region + "/" + zone + "/" + rack;
    }
  }

  /**
   * What the volume shall be like.
   *
   * @param bytes size; bytes
   * @param segmentBytes size of a segment, the unit of ownership; bytes
   * @param blockBytes unit of reading and writing; bytes
   * @param copies copies of each segment, the owner's with them; count
   * @param minReplicas copies below which no act may go; count
   * @param otherRegion true when it asks for a copy in another region than its owner's
   */
  public record Shape(
      String volume,
      String pool,
      long bytes,
      long segmentBytes,
      int blockBytes,
      int copies,
      int minReplicas,
      boolean otherRegion) {

    /** One that asks for nothing in another region. */
    public Shape(
        String volume,
        String pool,
        long bytes,
        long segmentBytes,
        int blockBytes,
        int copies,
        int minReplicas) {
      this(volume, pool, bytes, segmentBytes, blockBytes, copies, minReplicas, false);
    }
  }

  /**
   * The slices of the map of a new volume, at epoch 0: each owner named in it takes the first epoch
   * when it reads it.
   *
   * @param candidates nodes to choose from
   * @param owner owner of every segment, null to take turns
   * @param replicas nodes of the further copies of every segment, empty to choose
   * @throws CommandFailure when the shape makes no sense, or no such place is left
   */
  public static List<MapSlice> plan(
      Shape shape,
      List<Node> candidates,
      @Nullable Subject owner,
      List<Subject> replicas,
      long nowMillis) {
    check(shape);
    Set<Subject> named = new HashSet<>(replicas);
    if (named.size() != replicas.size() || (owner != null && named.contains(owner))) {
      throw CommandFailure.usage("a node is named twice: every copy needs a node of its own");
    }
    if (!replicas.isEmpty() && replicas.size() != shape.copies() - 1) {
      throw CommandFailure.usage(
          replicas.size()
              + " replicas are named for "
              + shape.copies()
              + " copies: name "
              + (shape.copies() - 1)
              + ", or change --copies");
    }
    int segmentCount = Math.toIntExact((shape.bytes() - 1) / shape.segmentBytes() + 1);
    int slices = (segmentCount - 1) / MapRecords.MAX_SEGMENTS + 1;
    Load load = new Load(candidates);
    List<MapSlice> plan = new ArrayList<>(slices);
    for (int slice = 0; slice < slices; slice++) {
      int first = slice * MapRecords.MAX_SEGMENTS;
      int end = Math.min(segmentCount, first + MapRecords.MAX_SEGMENTS);
      List<MapSegment> segments = new ArrayList<>(end - first);
      for (int index = first; index < end; index++) {
        long bytes = Math.min(shape.segmentBytes(), shape.bytes() - index * shape.segmentBytes());
        segments.add(segment(shape, index, bytes, load, owner, replicas));
      }
      plan.add(
          new MapSlice(
              shape.volume(),
              shape.pool(),
              slice,
              slices,
              1,
              0,
              shape.bytes(),
              shape.segmentBytes(),
              shape.blockBytes(),
              shape.minReplicas(),
              segments,
              nowMillis,
              shape.otherRegion()));
    }
    return plan;
  }

  private static MapSegment segment(
      Shape shape,
      int index,
      long bytes,
      Load load,
      @Nullable Subject namedOwner,
      List<Subject> namedReplicas) {
    List<Subject> chosen = new ArrayList<>(shape.copies());
    Set<Subject> reserved = new HashSet<>(namedReplicas);
    Subject owner =
        take(
            namedOwner == null ? load.choose(bytes, chosen, reserved, true) : namedOwner,
            shape,
            index,
            chosen);
    load.place(owner, bytes, true);
    while (chosen.size() < shape.copies()) {
      Subject next =
          namedReplicas.isEmpty()
              ? load.choose(bytes, chosen, reserved, false)
              : namedReplicas.get(chosen.size() - 1);
      Subject copy = take(next, shape, index, chosen);
      load.place(copy, bytes, false);
    }
    List<MapCopy> copies = new ArrayList<>(chosen.size() - 1);
    for (Subject each : chosen.subList(1, chosen.size())) {
      // Nothing was written yet, so a copy of nothing is complete.
      copies.add(new MapCopy(each, "REPLICA", "IN_SYNC", -1));
    }
    return new MapSegment(unit(shape.volume(), index), index, chosen.get(0), 0, copies);
  }

  private static Subject take(
      @Nullable Subject node, Shape shape, int index, List<Subject> chosen) {
    if (node == null) {
      throw new CommandFailure(
          ExitCodes.REFUSED,
          "no node of pool "
              + shape.pool()
              + " can hold copy "
              + (chosen.size() + 1)
              + " of "
              + shape.copies()
              + " of segment "
              + index
              + ": start more storage nodes (forestall node run), free space, or ask for fewer"
              + " with --copies");
    }
    chosen.add(node);
    return node;
  }

  /** The identifier of a segment. */
  public static String unit(String volume, int index) {
    return volume + "/" + index;
  }

  private static void check(Shape shape) {
    if (!NAME.matcher(shape.volume()).matches()) {
      throw CommandFailure.usage(
          "'"
              + shape.volume()
              + "' is no name for a volume: 1 to 100 letters, digits, points, lines, beginning"
              + " with a letter or digit");
    }
    int block = shape.blockBytes();
    if (block < 512 || block > 65_536 || Integer.bitCount(block) != 1) {
      throw CommandFailure.usage("--block-size is a power of two from 512 B to 64 KiB");
    }
    if (shape.segmentBytes() < block || shape.segmentBytes() % block != 0) {
      throw CommandFailure.usage("--segment-size must be a multiple of --block-size");
    }
    if (shape.bytes() < block || shape.bytes() % block != 0) {
      throw CommandFailure.usage("--size must be a multiple of --block-size, of " + block + " B");
    }
    if ((shape.bytes() - 1) / shape.segmentBytes() + 1 > MAX_SEGMENTS) {
      throw CommandFailure.usage("that is more than " + MAX_SEGMENTS + " segments: take larger");
    }
    if (shape.copies() < 1 || shape.copies() > MapRecords.MAX_COPIES) {
      throw CommandFailure.usage("--copies is a count from 1 to " + MapRecords.MAX_COPIES);
    }
    if (shape.minReplicas() < 1 || shape.minReplicas() > shape.copies()) {
      throw CommandFailure.usage("--min-copies is a count from 1 to that of --copies");
    }
  }

  /** What each node holds of the plan so far. */
  private static final class Load {
    private final List<Node> nodes;
    private final Map<Subject, Node> byName = new HashMap<>();
    private final Map<Subject, Long> heldBytes = new HashMap<>();
    private final Map<Subject, Integer> owned = new HashMap<>();

    Load(List<Node> candidates) {
      nodes = new ArrayList<>(candidates);
      nodes.sort(Comparator.comparing(node -> node.node().id()));
      for (Node node : nodes) {
        byName.put(node.node(), node);
      }
    }

    void place(Subject node, long bytes, boolean asOwner) {
      heldBytes.merge(node, bytes, Long::sum);
      if (asOwner) {
        owned.merge(node, 1, Integer::sum);
      }
    }

    private long held(Node node) {
      return heldBytes.getOrDefault(node.node(), 0L);
    }

    /** The best node for the next copy, null when none is left. */
    @Nullable Subject choose(
        long bytes, List<Subject> chosen, Set<Subject> reserved, boolean asOwner) {
      Set<String> zones = new HashSet<>();
      Set<String> racks = new HashSet<>();
      for (Subject each : chosen) {
        Node node = byName.get(each);
        if (node != null) {
          zones.add(Objects.requireNonNullElse(node.zoneKey(), ""));
          racks.add(Objects.requireNonNullElse(node.rackKey(), ""));
        }
      }
      Node best = null;
      for (Node node : nodes) {
        Long free = node.freeBytes();
        if (chosen.contains(node.node())
            || reserved.contains(node.node())
            || (free != null && free - held(node) < bytes)) {
          continue;
        }
        if (best == null || order(zones, racks, asOwner).compare(node, best) < 0) {
          best = node;
        }
      }
      return best == null ? null : best.node();
    }

    private Comparator<Node> order(Set<String> zones, Set<String> racks, boolean asOwner) {
      Comparator<Node> apart =
          Comparator.<Node>comparingInt(
                  node -> zones.contains(Objects.requireNonNullElse(node.zoneKey(), "")) ? 1 : 0)
              .thenComparingInt(
                  node -> racks.contains(Objects.requireNonNullElse(node.rackKey(), "")) ? 1 : 0);
      if (asOwner) {
        apart = apart.thenComparingInt(node -> owned.getOrDefault(node.node(), 0));
      }
      return apart.thenComparingLong(this::held).thenComparing(node -> node.node().id());
    }
  }
}
