package io.forestall.app.console;

import io.forestall.schemas.EntityKind;
import io.forestall.schemas.Tier;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The fleet as region, zone, rack, node and what stands on the node, with counts at every level. A
 * change of one entity costs one step for each level above it, whatever the size of the fleet. Not
 * thread-safe.
 *
 * <p>A group remembers the version at which it last changed and at which its children last came or
 * went, so that a page which knows an older version is told the difference only.
 */
final class FleetTree {
  private static final int TIERS = Tier.values().length;

  /** Levels of the tree from the top. */
  enum Level {
    FLEET,
    REGION,
    ZONE,
    RACK,
    NODE
  }

  /** One place: what is below it, counted. */
  static final class Group {
    final Level level;
    final String name;
    final @Nullable Group parent;
    final TreeMap<String, Group> children = new TreeMap<>(NaturalOrder.INSTANCE);

    /** What stands here by itself: at a node the node, its disks, its processors and heads. */
    final List<Slot> members = new ArrayList<>(0);

    final int[] disks = new int[TIERS];
    final int[] machines = new int[TIERS];
    final int[] flagged = new int[Slot.FLAGS];
    int nodes;
    long changed;
    long structure;
    private double maxScore = -1;
    private boolean maxUnsure;

    private Group(Level level, String name, @Nullable Group parent) {
      this.level = level;
      this.name = name;
      this.parent = parent;
    }

    int diskCount() {
      return sum(disks);
    }

    int machineCount() {
      return sum(machines);
    }

    int flagged(int flag) {
      return flagged[Integer.numberOfTrailingZeros(flag)];
    }

    /** Highest score below, 0 to 100, negative when nothing was ever scored. */
    double maxScore() {
      if (maxUnsure) {
        maxUnsure = false;
        maxScore = -1;
        for (Group child : children.values()) {
          maxScore = Math.max(maxScore, child.maxScore());
        }
        for (Slot member : members) {
          maxScore = Math.max(maxScore, member.countedScore);
        }
      }
      return maxScore;
    }

    /** The worst tier below; UNKNOWN when nobody is at risk and half or more is not known. */
    Tier worst() {
      for (int tier = TIERS - 1; tier > Tier.HEALTHY.ordinal(); tier--) {
        if (disks[tier] + machines[tier] > 0) {
          return Tier.values()[tier];
        }
      }
      int unknown = disks[Tier.UNKNOWN.ordinal()] + machines[Tier.UNKNOWN.ordinal()];
      int healthy = disks[Tier.HEALTHY.ordinal()] + machines[Tier.HEALTHY.ordinal()];
      return healthy > unknown ? Tier.HEALTHY : Tier.UNKNOWN;
    }

    /** Name at a level at or above this group, empty above the fleet. */
    String nameAt(Level wanted) {
      for (Group at = this; at != null; at = at.parent) {
        if (at.level == wanted) {
          return at.name;
        }
      }
      return "";
    }

    /** The members of a kind in the order of their identifiers. */
    List<Slot> membersOf(EntityKind kind) {
      List<Slot> found = new ArrayList<>();
      for (Slot member : members) {
        if (member.kind == kind) {
          found.add(member);
        }
      }
      found.sort(Comparator.comparing(slot -> slot.id, NaturalOrder.INSTANCE));
      return found;
    }

    private static int sum(int[] counts) {
      int sum = 0;
      for (int count : counts) {
        sum += count;
      }
      return sum;
    }
  }

  private final Group root = new Group(Level.FLEET, "", null);

  Group root() {
    return root;
  }

  /** The group with these names, null when there is none; a null name ends the path. */
  @Nullable Group find(@Nullable String... path) {
    Group at = root;
    for (String name : path) {
      if (name == null) {
        return at;
      }
      Group child = at.children.get(name);
      if (child == null) {
        return null;
      }
      at = child;
    }
    return at;
  }

  /** Whether entities of a kind have a place in the tree. */
  static boolean holds(EntityKind kind) {
    return switch (kind) {
      case DISK, NODE, PROCESSOR, HEAD -> true;
      default -> false;
    };
  }

  /**
   * Counts an entity as it is now: at its place, with its tier and flags. Cheap when nothing
   * changed.
   *
   * @param version version of the view that this change makes
   */
  void count(Slot slot, long version) {
    if (!holds(slot.kind)) {
      return;
    }
    Group before = slot.group;
    if (before == null || !standsAt(slot, before)) {
      remove(slot, version);
      add(slot, version);
      return;
    }
    int tier = slot.tier().ordinal();
    int flags = slot.flags();
    double score = slot.score == null ? -1 : slot.score.score();
    if (tier == slot.countedTier && flags == slot.countedFlags && score == slot.countedScore) {
      return;
    }
    change(slot, before, -1, version);
    slot.countedTier = tier;
    slot.countedFlags = flags;
    double scoreBefore = slot.countedScore;
    slot.countedScore = score;
    change(slot, before, 1, version);
    if (score < scoreBefore) {
      lower(before, scoreBefore);
    }
  }

  /** Takes an entity out. */
  void remove(Slot slot, long version) {
    Group group = slot.group;
    if (group == null) {
      return;
    }
    change(slot, group, -1, version);
    group.members.remove(slot);
    group.structure = version;
    slot.group = null;
    lower(group, slot.countedScore);
    for (Group at = group; at != null; at = at.parent) {
      Group parent = at.parent;
      if (parent == null || !at.members.isEmpty() || !at.children.isEmpty()) {
        break;
      }
      parent.children.remove(at.name);
      parent.structure = version;
      if (at.level == Level.NODE) {
        for (Group above = parent; above != null; above = above.parent) {
          above.nodes--;
        }
      }
    }
  }

  private void add(Slot slot, long version) {
    EntityRisk.Placement placement = slot.placement;
    Group group = root;
    group = child(group, Level.REGION, placement == null ? "" : placement.region(), version);
    group = child(group, Level.ZONE, placement == null ? "" : placement.zone(), version);
    group = child(group, Level.RACK, placement == null ? "" : placement.rack(), version);
    group = child(group, Level.NODE, slot.snapshot().node(), version);
    group.members.add(slot);
    group.structure = version;
    slot.group = group;
    slot.countedTier = slot.tier().ordinal();
    slot.countedFlags = slot.flags();
    slot.countedScore = slot.score == null ? -1 : slot.score.score();
    change(slot, group, 1, version);
  }

  private static Group child(Group parent, Level level, String name, long version) {
    Group child = parent.children.get(name);
    if (child == null) {
      child = new Group(level, name, parent);
      parent.children.put(name, child);
      parent.structure = version;
      if (level == Level.NODE) {
        for (Group above = parent; above != null; above = above.parent) {
          above.nodes++;
        }
      }
    }
    return child;
  }

  private static boolean standsAt(Slot slot, Group group) {
    if (!group.name.equals(slot.snapshot().node())) {
      return false;
    }
    EntityRisk.Placement placement = slot.placement;
    Group rack = group.parent;
    Group zone = rack == null ? null : rack.parent;
    Group region = zone == null ? null : zone.parent;
    if (rack == null || zone == null || region == null) {
      return false;
    }
    return placement == null
        ? rack.name.isEmpty() && zone.name.isEmpty() && region.name.isEmpty()
        : rack.name.equals(placement.rack())
            && zone.name.equals(placement.zone())
            && region.name.equals(placement.region());
  }

  private static void change(Slot slot, Group group, int sign, long version) {
    boolean disk = slot.kind == EntityKind.DISK;
    for (Group at = group; at != null; at = at.parent) {
      (disk ? at.disks : at.machines)[slot.countedTier] += sign;
      for (int flags = slot.countedFlags; flags != 0; flags &= flags - 1) {
        at.flagged[Integer.numberOfTrailingZeros(flags)] += sign;
      }
      if (sign > 0 && slot.countedScore > at.maxScore) {
        at.maxScore = slot.countedScore;
      }
      at.changed = version;
    }
  }

  /** A score that may have been the highest has gone; it is looked for again when asked. */
  private static void lower(Group group, double score) {
    for (Group at = group; at != null; at = at.parent) {
      if (score >= at.maxScore) {
        at.maxUnsure = true;
      }
    }
  }
}
