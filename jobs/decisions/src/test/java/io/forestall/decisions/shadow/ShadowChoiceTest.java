package io.forestall.decisions.shadow;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.NodeTraits;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.shadow.ShadowChoice.Elsewhere;
import io.forestall.decisions.shadow.ShadowChoice.Goal;
import io.forestall.decisions.shadow.ShadowChoice.Node;
import io.forestall.decisions.shadow.ShadowChoice.Objection;
import io.forestall.decisions.shadow.ShadowChoice.Ranked;
import io.forestall.decisions.shadow.ShadowChoice.Unit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ShadowChoiceTest {

  private static final long GIB = 1L << 30;
  private static final ShadowChoice.Correlation NONE =
      (failing, other) -> new FailureCorrelation.Estimate(1, "Nothing in common.");

  private static Place place(String node, String rack, String zone, String region) {
    return new Place(node, rack, zone, region, "p1");
  }

  /** A roomy node. */
  private static Node node(String name, String rack, String zone, String region) {
    return new Node(
        Subject.node(name),
        place(name, rack, zone, region),
        50 * GIB,
        60 * GIB,
        100 * GIB,
        0.001,
        NodeTraits.UNKNOWN,
        true,
        null);
  }

  private static Node with(Node n, @Nullable Long roomBytes, NodeTraits traits, double p) {
    return new Node(
        n.subject(), n.place(), roomBytes, roomBytes, 100 * GIB, p, traits, true, n.objection());
  }

  private static Node refused(Node n, Goal goal) {
    return new Node(
        n.subject(),
        n.place(),
        n.roomBytes(),
        n.freeBytes(),
        n.capacityBytes(),
        n.probability(),
        n.traits(),
        n.rested(),
        new Objection(goal, n.subject() + " is not wanted."));
  }

  /** A unit of one GiB; its first holder owns it. */
  private static Unit unit(String name, Elsewhere elsewhere, Node... holders) {
    Map<Subject, Place> places = new LinkedHashMap<>();
    for (Node holder : holders) {
      places.put(holder.subject(), holder.place());
    }
    return new Unit(name, GIB, holders[0].subject(), places, Set.of(), elsewhere);
  }

  private static Ranked of(List<Ranked> ranked, Node node) {
    return ranked.stream()
        .filter(each -> each.node().equals(node.subject()))
        .findFirst()
        .orElseThrow();
  }

  private final Node a = node("a", "r1", "z1", "eu");
  private final Node b = node("b", "r2", "z1", "eu");
  private final Node c = node("c", "r3", "z2", "eu");
  private final Node d = node("d", "r4", "z3", "us");

  @Test
  void whoHoldsACopyIsRefusedAlsoOneThatIsNotWholeOrOfNoKnownPlace() {
    Unit unit =
        new Unit(
            "u",
            GIB,
            a.subject(),
            Map.of(a.subject(), a.place()),
            Set.of(c.subject()),
            Elsewhere.NOT_ASKED);
    List<Ranked> ranked = ShadowChoice.rank(List.of(unit), List.of(a, b, c, d), NONE);
    assertThat(of(ranked, a).refusal()).isEqualTo(Goal.NO_HOLDER);
    assertThat(of(ranked, c).refusal()).isEqualTo(Goal.NO_HOLDER);
    assertThat(of(ranked, c).text()).isEqualTo("node/c holds a copy of u already.");
    assertThat(ranked.get(0).node()).isEqualTo(d.subject());
  }

  @Test
  void whatTheNodeIsComesFirst() {
    Unit unit = unit("u", Elsewhere.NOT_ASKED, a);
    List<Ranked> ranked =
        ShadowChoice.rank(
            List.of(unit), List.of(refused(a, Goal.HEALTHY), refused(d, Goal.LEVEL), c), NONE);
    assertThat(of(ranked, a).refusal()).isEqualTo(Goal.HEALTHY);
    assertThat(of(ranked, d).refusal()).isEqualTo(Goal.LEVEL);
    assertThat(of(ranked, d).text()).isEqualTo("node/d is not wanted.");
    assertThat(ranked.get(0).node()).isEqualTo(c.subject());
  }

  @Test
  void aZoneOfAnotherCopyOnlyWhileNoNodeElsewhereFits() {
    Unit unit = unit("u", Elsewhere.NOT_ASKED, a);
    assertThat(of(ShadowChoice.rank(List.of(unit), List.of(b, c), NONE), b).refusal())
        .isEqualTo(Goal.OTHER_ZONE);
    Node full = with(c, GIB / 2, NodeTraits.UNKNOWN, 0.001);
    List<Ranked> tight = ShadowChoice.rank(List.of(unit), List.of(b, full), NONE);
    assertThat(of(tight, full).refusal()).isEqualTo(Goal.ROOM);
    assertThat(tight.get(0).node()).isEqualTo(b.subject());
    assertThat(tight.get(0).refusal()).isNull();
  }

  @Test
  void aRackOfAnotherCopyOnlyWhileNoOtherRackFits() {
    Unit unit = unit("u", Elsewhere.NOT_ASKED, a);
    Node neighbour = node("e", "r1", "z1", "eu");
    assertThat(of(ShadowChoice.rank(List.of(unit), List.of(neighbour, b), NONE), neighbour))
        .satisfies(
            each -> {
              assertThat(each.refusal()).isEqualTo(Goal.OTHER_RACK);
              assertThat(each.text()).contains("Rack r1 holds a copy of u already");
            });
    List<Ranked> alone = ShadowChoice.rank(List.of(unit), List.of(neighbour), NONE);
    assertThat(alone.get(0).refusal()).isNull();
    assertThat(alone.get(0).text()).contains("No other rack fits");
  }

  @Test
  void aVolumeThatAsksForAnotherRegionTakesNothingElse() {
    List<Ranked> ranked =
        ShadowChoice.rank(List.of(unit("u", Elsewhere.ONLY, a)), List.of(b, c, d), NONE);
    assertThat(of(ranked, b).refusal()).isEqualTo(Goal.OTHER_REGION);
    assertThat(of(ranked, c).refusal()).isEqualTo(Goal.OTHER_REGION);
    assertThat(of(ranked, c).text()).contains("it").contains("node/c is in eu");
    assertThat(ranked.get(0).node()).isEqualTo(d.subject());
    assertThat(ShadowChoice.rank(List.of(unit("u", Elsewhere.ONLY, a)), List.of(b, c), NONE))
        .allMatch(each -> each.refusal() == Goal.OTHER_REGION);
    // one that needs a shadow anyway takes what there is
    Unit anyway = unit("u", Elsewhere.WHILE_ONE_FITS, a);
    assertThat(ShadowChoice.rank(List.of(anyway), List.of(b, c, d), NONE))
        .filteredOn(each -> each.refusal() == null)
        .extracting(Ranked::node)
        .containsExactly(d.subject());
    assertThat(ShadowChoice.rank(List.of(anyway), List.of(b, c), NONE).get(0).node())
        .isEqualTo(c.subject());
  }

  @Test
  void nobodyKnowsHowMuchRoomIsNoRoom() {
    Node unknown = with(c, null, NodeTraits.UNKNOWN, 0.001);
    List<Ranked> ranked =
        ShadowChoice.rank(List.of(unit("u", Elsewhere.NOT_ASKED, a)), List.of(unknown), NONE);
    assertThat(ranked.get(0).refusal()).isEqualTo(Goal.ROOM);
    assertThat(ranked.get(0).text()).contains("Nobody knows how much space");
  }

  @Test
  void aNodeTakesAsManyUnitsAsItHasRoomForAndTheRestFollowsElsewhere() {
    List<Unit> units =
        List.of(
            unit("u1", Elsewhere.NOT_ASKED, a),
            unit("u2", Elsewhere.NOT_ASKED, a),
            unit("u3", Elsewhere.NOT_ASKED, a));
    Node tight = with(c, 2 * GIB, NodeTraits.UNKNOWN, 0.001);
    List<Ranked> ranked = ShadowChoice.rank(units, List.of(tight), NONE);
    assertThat(ranked.get(0).units()).containsExactly("u1", "u2");
    assertThat(ranked.get(0).text()).startsWith("2 of 3 units fit. ");
    assertThat(ShadowChoice.rank(units, List.of(tight, node("x", "r9", "z9", "eu")), NONE).get(0))
        .satisfies(best -> assertThat(best.units()).containsExactly("u1", "u2", "u3"));
  }

  @Test
  void theFasterTheEmptierTheFartherAndTheMoreIndependentIsBetter() {
    Unit unit = unit("u", Elsewhere.NOT_ASKED, a);
    Node x = node("x", "r8", "z8", "eu");
    Node y = node("y", "r9", "z9", "eu");
    NodeTraits fast = new NodeTraits(null, null, null, 1.0, 2L);
    NodeTraits slow = new NodeTraits(null, null, null, 8.0, 2L);
    NodeTraits busy = new NodeTraits(null, null, null, 1.0, 200L);
    assertBetter(
        unit,
        with(y, 50 * GIB, fast, 0.001),
        with(x, 50 * GIB, slow, 0.001),
        "Its requests take 1.0 ms, the middle of the candidates 8.0 ms.");
    assertBetter(
        unit,
        with(y, 50 * GIB, fast, 0.001),
        with(x, 50 * GIB, busy, 0.001),
        "2 requests wait at it, 200 in the middle of the candidates.");
    assertBetter(
        unit,
        with(y, 50 * GIB, NodeTraits.UNKNOWN, 0.001),
        with(x, 20 * GIB, NodeTraits.UNKNOWN, 0.001),
        "49 % of it stay free.");
    assertBetter(
        unit,
        with(y, 50 * GIB, NodeTraits.UNKNOWN, 0.001),
        with(x, 50 * GIB, NodeTraits.UNKNOWN, 0.04),
        "It fails itself with probability 0.0010.");
    assertBetter(unit, node("y", "r9", "z9", "us"), x, "another region than every copy");
    ShadowChoice.Correlation alike =
        (failing, other) ->
            other.id().equals("x")
                ? new FailureCorrelation.Estimate(4, "The same batch as " + failing + ".")
                : new FailureCorrelation.Estimate(1, "Nothing in common.");
    List<Ranked> ranked = ShadowChoice.rank(List.of(unit), List.of(x, y), alike);
    assertThat(ranked.get(0).node()).isEqualTo(y.subject());
    assertThat(ranked.get(1).text()).contains("The same batch as node/a.");
  }

  private static void assertBetter(Unit unit, Node better, Node worse, String words) {
    List<Ranked> ranked = ShadowChoice.rank(List.of(unit), List.of(worse, better), NONE);
    assertThat(ranked.get(0).node()).isEqualTo(better.subject());
    assertThat(ranked.get(0).score()).isGreaterThan(ranked.get(1).score());
    assertThat(ranked.get(0).text()).contains(words);
  }

  @Test
  void whoWasATargetLatelyComesBehindButIsTaken() {
    Unit unit = unit("u", Elsewhere.NOT_ASKED, a);
    Node tired =
        new Node(
            c.subject(),
            c.place(),
            50 * GIB,
            60 * GIB,
            100 * GIB,
            0.001,
            NodeTraits.UNKNOWN,
            false,
            null);
    Node far = node("x", "r8", "z8", "eu");
    assertThat(ShadowChoice.rank(List.of(unit), List.of(tired, far), NONE).get(0).node())
        .isEqualTo(far.subject());
    assertThat(ShadowChoice.rank(List.of(unit), List.of(tired), NONE).get(0))
        .satisfies(
            best -> {
              assertThat(best.refusal()).isNull();
              assertThat(best.text()).contains("It was a target a short time ago.");
            });
  }

  @Test
  void theOrderInWhichNodesAreLookedAtChangesNothing() {
    for (long seed = 1; seed <= 50; seed++) {
      Random random = new Random(seed);
      List<Node> nodes = nodes(random);
      List<Unit> units = units(random, nodes);
      List<Ranked> first = ShadowChoice.rank(units, nodes, correlation(seed));
      Collections.shuffle(nodes, random);
      assertThat(ShadowChoice.rank(units, nodes, correlation(seed)))
          .as("seed %d", seed)
          .isEqualTo(first);
    }
  }

  /** Judged one unit and one node at a time, by other means. */
  @Test
  void noGoalIsBrokenInAnyWorldAndWhoeverIsRefusedBreaksOne() {
    int chosen = 0;
    int sameZone = 0;
    for (long seed = 1; seed <= 3_000; seed++) {
      Random random = new Random(seed);
      List<Node> nodes = nodes(random);
      List<Unit> units = units(random, nodes);
      for (Ranked each : ShadowChoice.rank(units, nodes, correlation(seed))) {
        Node node =
            nodes.stream().filter(n -> n.subject().equals(each.node())).findFirst().orElseThrow();
        long taken = 0;
        for (Unit unit : units) {
          boolean fits = each.units().contains(unit.unit());
          String against = against(node, unit, nodes, taken);
          assertThat(fits)
              .as("seed %d: %s on %s, %s: %s", seed, unit.unit(), node.subject(), against, each)
              .isEqualTo(against == null);
          if (fits) {
            taken += unit.bytes();
            chosen++;
            sameZone += shares(node, unit, true) ? 1 : 0;
          }
        }
        assertThat(each.refusal() == null).isEqualTo(!each.units().isEmpty());
        assertThat(each.text()).isNotBlank();
        assertThat(each.score()).isBetween(0.0, 100.0);
      }
    }
    // a world in which everything fits, or nothing shares a domain, proves nothing
    assertThat(chosen).isGreaterThan(3_000);
    assertThat(sameZone).isGreaterThan(100);
  }

  private static @Nullable String against(Node node, Unit unit, List<Node> nodes, long taken) {
    String alone = alone(node, unit, taken);
    if (alone != null) {
      return alone;
    }
    boolean far = false;
    for (Node other : nodes) {
      far |=
          unit.elsewhere() == Elsewhere.WHILE_ONE_FITS
              && alone(other, unit, 0) == null
              && elsewhere(other, unit);
    }
    if (far && !elsewhere(node, unit)) {
      return "region";
    }
    for (boolean zone : new boolean[] {true, false}) {
      if (shares(node, unit, zone)) {
        for (Node other : nodes) {
          boolean fits = alone(other, unit, 0) == null && (!far || elsewhere(other, unit));
          if (fits && !shares(other, unit, zone)) {
            return other.subject() + " stands in another " + (zone ? "zone" : "rack");
          }
        }
      }
    }
    return null;
  }

  private static @Nullable String alone(Node node, Unit unit, long taken) {
    if (node.objection() != null) {
      return "objection";
    }
    if (unit.holders().containsKey(node.subject())) {
      return "holder";
    }
    if (unit.elsewhere() == Elsewhere.ONLY && !elsewhere(node, unit)) {
      return "region";
    }
    return node.roomBytes() == null || node.roomBytes() - taken < unit.bytes() ? "room" : null;
  }

  private static boolean elsewhere(Node node, Unit unit) {
    Place owner = unit.holders().get(unit.owner());
    return owner != null && !owner.region().equals(node.place().region());
  }

  private static boolean shares(Node node, Unit unit, boolean zone) {
    for (Place place : unit.holders().values()) {
      if (zone
          ? place.zone().equals(node.place().zone())
          : place.rack().equals(node.place().rack())) {
        return true;
      }
    }
    return false;
  }

  private static List<Node> nodes(Random random) {
    List<Node> nodes = new ArrayList<>();
    int count = 2 + random.nextInt(9);
    for (int i = 0; i < count; i++) {
      int zone = random.nextInt(4);
      Node plain =
          node("n" + i, "z" + zone + "r" + random.nextInt(2), "z" + zone, zone < 3 ? "eu" : "us");
      Node made =
          with(
              plain,
              random.nextInt(8) == 0 ? null : random.nextInt(6) * GIB,
              new NodeTraits(
                  null,
                  null,
                  null,
                  random.nextBoolean() ? random.nextDouble() * 10 : null,
                  random.nextBoolean() ? (long) random.nextInt(50) : null),
              random.nextDouble() * 0.05);
      Goal[] goals = {Goal.HEALTHY, Goal.LEVEL, Goal.NOT_IN_MAINTENANCE};
      nodes.add(random.nextInt(4) == 0 ? refused(made, goals[random.nextInt(3)]) : made);
    }
    return nodes;
  }

  private static List<Unit> units(Random random, List<Node> nodes) {
    List<Unit> units = new ArrayList<>();
    for (int i = 0; i <= random.nextInt(4); i++) {
      List<Node> holders = new ArrayList<>(nodes);
      Collections.shuffle(holders, random);
      int copies = 1 + random.nextInt(Math.min(3, holders.size()));
      units.add(
          unit(
              "u" + i,
              random.nextInt(3) > 0
                  ? Elsewhere.NOT_ASKED
                  : random.nextBoolean() ? Elsewhere.ONLY : Elsewhere.WHILE_ONE_FITS,
              holders.subList(0, copies).toArray(new Node[0])));
    }
    return units;
  }

  private static ShadowChoice.Correlation correlation(long seed) {
    return (failing, other) ->
        new FailureCorrelation.Estimate(
            1 + Math.floorMod((failing + "/" + other + seed).hashCode(), 5),
            "Something in common.");
  }
}
