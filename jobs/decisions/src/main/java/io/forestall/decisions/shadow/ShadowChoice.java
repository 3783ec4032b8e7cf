package io.forestall.decisions.shadow;

import io.forestall.decisions.NodeTraits;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Chooses who shall hold shadows of units, and says why (E2). Pure.
 *
 * <p>{@link Goal} lists the hard goals in their order: the first that a node fails refuses it, with
 * a sentence. Those of a node alone are answered by whoever knows it, as an {@link Objection};
 * those of where the copies stand are answered here, for each unit. A unit goes to another rack
 * than all its copies while a node there fits, and to another zone while one fits there.
 *
 * <p>The wishes rank what is left, each from 0 to 1 with its weight: free space after it, measured
 * performance against the other candidates, distance from the copies, and how little its failures
 * have to do with those of the owners. The probability of its own failure and a short time since it
 * was last a target count as factors; so does the share of the bytes that fit there, for one node
 * for all units is one act.
 */
public final class ShadowChoice {

  /** Weight of the free space after it. */
  static final double FREE = 0.25;

  /** Weight of the measured performance. */
  static final double PERFORMANCE = 0.25;

  /** Weight of the distance from the copies. */
  static final double DISTANCE = 0.2;

  /** Weight of failures that have nothing to do with each other. */
  static final double INDEPENDENCE = 0.3;

  /** Factor for a node that was a target a short time ago. */
  static final double NOT_RESTED = 0.5;

  private ShadowChoice() {}

  /** The hard goals in their order. */
  public enum Goal {
    /** It is a node of the pool that is there, and not the one that the act is about. */
    KNOWN("It is a node of the pool that has not left."),
    /** It was heard of lately. */
    HEARD_OF("It was heard of lately."),
    /** It is not at risk itself. */
    HEALTHY("It is not at risk itself."),
    /** It is in no active failure zone. */
    OUTSIDE_ZONES("It is in no active failure zone."),
    /** Nobody is at work on it. */
    NOT_IN_MAINTENANCE("Nobody is at work on it, or on what holds it."),
    /** It can hold units. */
    LEVEL("It declares the level of the contract at which it can hold units."),
    /** It holds no copy of the unit yet. */
    NO_HOLDER("It holds no copy of the unit, whole or not."),
    /** It stands in another region than the owner, where the volume asks for one. */
    OTHER_REGION(
        "It stands in another region than the owner, where the volume asks for one and a node there"
            + " fits, or nothing else helps."),
    /** It has room for the unit and its reserve. */
    ROOM("It has room for the unit and its reserve."),
    /** It stands in another zone than every copy, while a node there fits. */
    OTHER_ZONE("It stands in another zone than every copy, while a node there fits."),
    /** It stands in another rack than every copy, while a node there fits. */
    OTHER_RACK("It stands in another rack than every copy, while a node there fits.");

    private final String sentence;

    Goal(String sentence) {
      this.sentence = sentence;
    }

    /** The goal as a sentence. */
    public String sentence() {
      return sentence;
    }
  }

  /** Whether a shadow shall stand in another region than the owner. */
  public enum Elsewhere {
    /** The volume does not ask for a copy there, or has one. */
    NOT_ASKED,
    /** The volume asks for one, but needs a shadow anyway. */
    WHILE_ONE_FITS,
    /** The shadow is built for nothing else. */
    ONLY
  }

  /** What speaks against a node whatever the unit is. */
  public record Objection(Goal goal, String text) {}

  /**
   * A node that may be the target.
   *
   * @param roomBytes what it can take beside its reserve, null when nobody knows; bytes
   * @param freeBytes free space, null when nobody knows; bytes
   * @param capacityBytes usable capacity, null when nobody knows; bytes
   * @param probability that it fails itself within the horizon, 0 to 1
   * @param rested false when it was a target a short time ago
   * @param objection what speaks against it whatever the unit is, null when nothing does
   */
  public record Node(
      Subject subject,
      Place place,
      @Nullable Long roomBytes,
      @Nullable Long freeBytes,
      @Nullable Long capacityBytes,
      double probability,
      NodeTraits traits,
      boolean rested,
      @Nullable Objection objection) {}

  /**
   * A unit that shall have a shadow.
   *
   * @param holders who holds a copy of it, whole or not, the owner too, with their places
   * @param unplaced holders of which nobody knows where they stand
   * @param elsewhere whether the shadow shall stand in another region than the owner
   */
  public record Unit(
      String unit,
      long bytes,
      Subject owner,
      Map<Subject, Place> holders,
      Set<Subject> unplaced,
      Elsewhere elsewhere) {
    /** Copies the collections. */
    public Unit {
      holders = new LinkedHashMap<>(holders);
      unplaced = Set.copyOf(unplaced);
    }

    boolean isHeldBy(Subject node) {
      return holders.containsKey(node) || unplaced.contains(node);
    }
  }

  /** How two nodes hang together; the first is the one that may fail. */
  public interface Correlation {
    /** The estimate for two nodes. */
    FailureCorrelation.Estimate between(Subject failing, Subject other);
  }

  /**
   * A node that was looked at.
   *
   * @param score 0 to 100, larger is better; 0 for one that is refused
   * @param refusal the first goal that it fails, null when it may be the target
   * @param text why, in sentences
   * @param units the units that fit there, in the order in which they were asked for
   * @param apart true when it shares no zone with any copy of these
   */
  public record Ranked(
      Subject node,
      double score,
      @Nullable Goal refusal,
      String text,
      List<String> units,
      boolean apart) {
    /** Copies the list. */
    public Ranked {
      units = List.copyOf(units);
    }
  }

  /** What a node is to the units: which fit, or the goal that stands in the way of the first. */
  private record Fit(
      Node node, List<Unit> units, @Nullable Goal refusal, String text, double distance) {}

  /**
   * Ranks nodes, those that may be the target first, the best first.
   *
   * @param units what shall have a shadow, the most urgent first
   * @param nodes who is looked at; a goal "while a node there fits" looks at these
   */
  public static List<Ranked> rank(
      List<Unit> units, Collection<Node> nodes, Correlation correlation) {
    List<Fit> fits = new ArrayList<>();
    Map<String, Room> rooms = new LinkedHashMap<>();
    for (Unit unit : units) {
      rooms.put(unit.unit(), room(unit, nodes));
    }
    for (Node node : nodes) {
      fits.add(fit(node, units, rooms));
    }
    double latencyMillis = middle(fits, true);
    double pending = middle(fits, false);
    List<Ranked> ranked = new ArrayList<>();
    for (Fit fit : fits) {
      ranked.add(ranked(fit, units, latencyMillis, pending, correlation));
    }
    ranked.sort(
        Comparator.comparing((Ranked each) -> each.refusal() != null)
            .thenComparing(Comparator.comparingDouble(Ranked::score).reversed())
            .thenComparing(each -> each.node().toString()));
    return ranked;
  }

  /**
   * What speaks against a node for a unit by where the copies and the other nodes stand: the goals
   * from {@link Goal#NO_HOLDER} on.
   *
   * @param nodes who else may be the target
   * @return null when nothing does
   */
  public static @Nullable Objection placement(Unit unit, Node node, Collection<Node> nodes) {
    Goal goal = alone(node, unit, node.roomBytes());
    if (goal == null) {
      goal = shared(node, unit, room(unit, nodes));
    }
    return goal == null ? null : new Objection(goal, words(goal, node, unit));
  }

  /** True when a node shares no zone with any copy of a unit. */
  public static boolean isApart(Unit unit, Node node) {
    return !sharesZone(node, unit);
  }

  // ----------------------------------------------------------------- hard goals

  /** Whether some node fits outside of all zones, or racks, of a unit's copies. */
  private record Room(boolean otherRegion, boolean otherZone, boolean otherRack) {}

  private static Room room(Unit unit, Collection<Node> nodes) {
    boolean otherRegion = false;
    for (Node node : nodes) {
      otherRegion |=
          unit.elsewhere() == Elsewhere.WHILE_ONE_FITS
              && node.objection() == null
              && alone(node, unit, node.roomBytes()) == null
              && isElsewhere(node, unit);
    }
    boolean otherZone = false;
    boolean otherRack = false;
    for (Node node : nodes) {
      if (node.objection() == null
          && alone(node, unit, node.roomBytes()) == null
          && (!otherRegion || isElsewhere(node, unit))) {
        otherZone |= !sharesZone(node, unit);
        otherRack |= !sharesRack(node, unit);
      }
    }
    return new Room(otherRegion, otherZone, otherRack);
  }

  /** The first goal that a node fails for a unit, but for those that depend on other nodes. */
  private static @Nullable Goal alone(Node node, Unit unit, @Nullable Long roomBytes) {
    if (unit.isHeldBy(node.subject())) {
      return Goal.NO_HOLDER;
    }
    if (unit.elsewhere() == Elsewhere.ONLY && !isElsewhere(node, unit)) {
      return Goal.OTHER_REGION;
    }
    return roomBytes == null || roomBytes < unit.bytes() ? Goal.ROOM : null;
  }

  private static boolean isElsewhere(Node node, Unit unit) {
    Place owner = unit.holders().get(unit.owner());
    return owner != null && !owner.region().equals(node.place().region());
  }

  private static boolean sharesZone(Node node, Unit unit) {
    return unit.holders().values().stream().anyMatch(p -> p.zone().equals(node.place().zone()));
  }

  private static boolean sharesRack(Node node, Unit unit) {
    return unit.holders().values().stream().anyMatch(p -> p.rack().equals(node.place().rack()));
  }

  private static @Nullable Goal shared(Node node, Unit unit, Room room) {
    if (room.otherRegion() && !isElsewhere(node, unit)) {
      return Goal.OTHER_REGION;
    }
    return sharesZone(node, unit) && room.otherZone()
        ? Goal.OTHER_ZONE
        : sharesRack(node, unit) && room.otherRack() ? Goal.OTHER_RACK : null;
  }

  private static Fit fit(Node node, List<Unit> units, Map<String, Room> rooms) {
    Objection objection = node.objection();
    if (objection != null) {
      return new Fit(node, List.of(), objection.goal(), objection.text(), 0);
    }
    List<Unit> fitting = new ArrayList<>();
    Goal first = null;
    String text = "";
    Long left = node.roomBytes();
    double distance = 0;
    for (Unit unit : units) {
      Goal goal = alone(node, unit, left);
      Room room = rooms.get(unit.unit());
      if (goal == null && room != null) {
        goal = shared(node, unit, room);
      }
      if (goal == null) {
        fitting.add(unit);
        left = left == null ? null : (Long) (left - unit.bytes());
        distance += distance(node, unit);
      } else if (first == null) {
        first = goal;
        text = words(goal, node, unit);
      }
    }
    return fitting.isEmpty()
        ? new Fit(node, fitting, first == null ? Goal.ROOM : first, text, 0)
        : new Fit(node, fitting, null, text, distance / fitting.size());
  }

  private static String words(Goal goal, Node node, Unit unit) {
    Place place = node.place();
    return switch (goal) {
      case NO_HOLDER -> node.subject() + " holds a copy of " + unit.unit() + " already.";
      case OTHER_REGION ->
          unit.unit()
              + " asks for a copy in another region than its owner's; "
              + node.subject()
              + " is in "
              + place.region()
              + ".";
      case ROOM ->
          node.roomBytes() == null
              ? "Nobody knows how much space " + node.subject() + " has."
              : node.subject() + " would be too full with " + unit.unit() + ".";
      case OTHER_ZONE ->
          "Zone "
              + place.zone()
              + " holds a copy of "
              + unit.unit()
              + " already, and a node of another zone fits.";
      case OTHER_RACK ->
          "Rack "
              + place.rack()
              + " holds a copy of "
              + unit.unit()
              + " already, and a node of another rack fits.";
      default -> goal.sentence();
    };
  }

  // --------------------------------------------------------------------- wishes

  private static double distance(Node node, Unit unit) {
    double nearest = 1;
    for (Place copy : unit.holders().values()) {
      Place here = node.place();
      nearest =
          Math.min(
              nearest,
              !copy.region().equals(here.region())
                  ? 1
                  : !copy.zone().equals(here.zone())
                      ? 0.8
                      : !copy.rack().equals(here.rack()) ? 0.3 : 0);
    }
    return nearest;
  }

  /** The middle of what the nodes that may be the target measured; NaN when nobody measured. */
  private static double middle(List<Fit> fits, boolean latency) {
    List<Double> values = new ArrayList<>();
    for (Fit fit : fits) {
      NodeTraits traits = fit.node().traits();
      Double millis = traits.latencyMillis();
      Long pending = traits.pendingRequests();
      if (fit.refusal() == null && latency && millis != null) {
        values.add(millis);
      } else if (fit.refusal() == null && !latency && pending != null) {
        values.add((double) pending);
      }
    }
    values.sort(Comparator.naturalOrder());
    return values.isEmpty() ? Double.NaN : values.get(values.size() / 2);
  }

  private static Ranked ranked(
      Fit fit, List<Unit> units, double latencyMillis, double pending, Correlation correlation) {
    Node node = fit.node();
    List<String> names = new ArrayList<>();
    long bytes = 0;
    for (Unit unit : fit.units()) {
      names.add(unit.unit());
      bytes += unit.bytes();
    }
    if (fit.refusal() != null) {
      return new Ranked(node.subject(), 0, fit.refusal(), fit.text(), names, false);
    }
    long asked = 0;
    for (Unit unit : units) {
      asked += unit.bytes();
    }
    double share =
        asked == 0 ? (double) names.size() / Math.max(1, units.size()) : (double) bytes / asked;
    StringBuilder text = new StringBuilder();
    text.append(fit.units().size()).append(" of ").append(units.size()).append(" units fit. ");
    double free = free(node, bytes, text);
    double performance = performance(node, latencyMillis, pending, text);
    text.append(
        fit.distance() >= 1
            ? "It stands in another region than every copy. "
            : fit.distance() >= 0.8
                ? "It stands in another zone than every copy. "
                : fit.distance() >= 0.3
                    ? "It stands in a zone of another copy. "
                    : "No other rack fits all units. ");
    double independence = independence(fit, correlation, text);
    double score =
        100
            * share
            * (FREE * free
                + PERFORMANCE * performance
                + DISTANCE * fit.distance()
                + INDEPENDENCE * independence)
            * (1 - Math.min(1, Math.max(0, node.probability())))
            * (node.rested() ? 1 : NOT_RESTED);
    text.append(
        String.format(Locale.ROOT, " It fails itself with probability %.2g.", node.probability()));
    if (!node.rested()) {
      text.append(" It was a target a short time ago.");
    }
    boolean apart = fit.units().stream().allMatch(unit -> isApart(unit, node));
    return new Ranked(node.subject(), score, null, text.toString(), names, apart);
  }

  private static double free(Node node, long bytes, StringBuilder text) {
    Long free = node.freeBytes();
    Long capacity = node.capacityBytes();
    if (free == null || capacity == null || capacity <= 0) {
      text.append("Nobody knows how much of it would be free. ");
      return 0.5;
    }
    double share = Math.min(1, Math.max(0, (double) (free - bytes) / capacity));
    text.append(String.format(Locale.ROOT, "%.0f %% of it stay free. ", 100 * share));
    return share;
  }

  private static double performance(
      Node node, double latencyMillis, double pending, StringBuilder text) {
    Double millis = node.traits().latencyMillis();
    Long waiting = node.traits().pendingRequests();
    double sum = 0;
    int measured = 0;
    if (millis != null && !Double.isNaN(latencyMillis)) {
      sum += against(millis, latencyMillis);
      measured++;
      text.append(
          String.format(
              Locale.ROOT,
              "Its requests take %.1f ms, the middle of the candidates %.1f ms. ",
              millis,
              latencyMillis));
    }
    if (waiting != null && !Double.isNaN(pending)) {
      // one request more or less is nothing
      sum += against(waiting + 1.0, pending + 1);
      measured++;
      text.append(
          String.format(
              Locale.ROOT,
              "%d requests wait at it, %.0f in the middle of the candidates. ",
              waiting,
              pending));
    }
    if (measured == 0) {
      text.append("Nobody measured how it performs. ");
      return 0.5;
    }
    return sum / measured;
  }

  /** 1 for nothing, one half for the middle, towards 0 for ever more. */
  private static double against(double value, double middle) {
    return value <= 0 ? 1 : middle / (middle + value);
  }

  /** The worst correlation with an owner of a unit that fits. */
  private static double independence(Fit fit, Correlation correlation, StringBuilder text) {
    Set<Subject> owners = new TreeSet<>(Comparator.comparing(Subject::toString));
    for (Unit unit : fit.units()) {
      owners.add(unit.owner());
    }
    FailureCorrelation.Estimate worst = null;
    for (Subject owner : owners) {
      FailureCorrelation.Estimate estimate = correlation.between(owner, fit.node().subject());
      worst = worst == null || estimate.lift() > worst.lift() ? estimate : worst;
    }
    if (worst == null) {
      return 0.5;
    }
    text.append(worst.text());
    return Math.min(1, 1 / Math.max(worst.lift(), 1e-9));
  }
}
