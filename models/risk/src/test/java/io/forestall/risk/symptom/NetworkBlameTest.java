package io.forestall.risk.symptom;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeAssessment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkBlameTest {
  private static final double BAD = 0.3;
  private static final double UNSURE = 0.005;
  private static final double GOOD = 0.0001;

  private final NetworkBlame blame = new NetworkBlame(SymptomPolicy.defaults());

  private static Finding finding(String entity, double probability) {
    return new Finding(
        entity,
        1_000,
        1,
        10,
        List.of(
            new ModeAssessment(
                FailureMode.NETWORK, probability, 3_600_000, "symptoms", 1, List.of())));
  }

  /** Edges as text: {@code a>b} is bad with an exclamation mark, unsure with a question mark. */
  private List<NetworkBlame.Culprit> explain(Map<String, String> racks, String... edges) {
    NetworkBlame.Window window = blame.window();
    for (String edge : edges) {
      double probability = edge.endsWith("!") ? BAD : edge.endsWith("?") ? UNSURE : GOOD;
      String key = edge.replace("!", "").replace("?", "");
      window.add(finding(key.contains(">") ? "edge/" + key : "node/" + key, probability));
    }
    return blame.explain(window, racks);
  }

  private static List<String> names(List<NetworkBlame.Culprit> culprits) {
    return culprits.stream().map(NetworkBlame.Culprit::entity).toList();
  }

  @Test
  void nothingBadBlamesNobody() {
    assertThat(explain(Map.of(), "a>b", "b>a", "c>a?")).isEmpty();
    assertThat(blame.explain(blame.window(), Map.of())).isEmpty();
  }

  @Test
  void oneBadEdgeIsToBlameItselfAndNeitherOfItsEnds() {
    List<NetworkBlame.Culprit> culprits =
        explain(Map.of(), "a>b!", "b>a!", "a>c", "c>a", "b>c", "c>b", "a>d", "b>d");
    assertThat(names(culprits)).containsExactly("edge/a>b");
    assertThat(culprits.get(0).kind()).isEqualTo(NetworkBlame.Kind.EDGE);
    assertThat(culprits.get(0).explained()).containsExactly("edge/a>b", "edge/b>a");
    assertThat(culprits.get(0).probability()).isEqualTo(BAD);
  }

  @Test
  void twoNodesThatOnlyKnowEachOtherShareABadEdge() {
    assertThat(names(explain(Map.of(), "a>b!", "b>a!"))).containsExactly("edge/a>b");
  }

  @Test
  void aNodeWhoseEdgesAreBadBothWaysIsToBlame() {
    List<NetworkBlame.Culprit> culprits =
        explain(
            Map.of(), "a>b!", "b>a!", "a>c!", "c>a!", "d>a!", "b>c", "c>b", "c>d", "d>b", "b>d");
    assertThat(names(culprits)).containsExactly("node/a");
    assertThat(culprits.get(0).explained()).hasSize(5);
    assertThat(culprits.get(0).observed()).isEqualTo(5);
    assertThat(culprits.get(0).probability()).isGreaterThan(BAD);
  }

  @Test
  void aNodeThatIsReachedWellIsNotToBlameForAllItSees() {
    // Everything from a is bad, everything to a is good: not the node as a whole.
    assertThat(names(explain(Map.of(), "a>b!", "a>c!", "b>a", "c>a", "b>c", "c>b")))
        .containsExactlyInAnyOrder("edge/a>b", "edge/a>c");
  }

  @Test
  void twoBadNodesAreBothFound() {
    List<String> edges = new ArrayList<>();
    for (String from : List.of("a", "b", "c", "d", "e", "f")) {
      for (String to : List.of("a", "b", "c", "d", "e", "f")) {
        if (!from.equals(to)) {
          boolean bad = "ab".contains(from) || "ab".contains(to);
          edges.add(from + ">" + to + (bad ? "!" : ""));
        }
      }
    }
    assertThat(names(explain(Map.of(), edges.toArray(new String[0]))))
        .containsExactlyInAnyOrder("node/a", "node/b");
  }

  @Test
  void aRackWhoseBorderIsBadIsToBlameAndNotItsNodes() {
    Map<String, String> racks =
        Map.of("a", "r1", "b", "r1", "c", "r2", "d", "r2", "e", "r3", "f", "r3");
    List<NetworkBlame.Culprit> culprits =
        explain(racks, "a>c!", "b>d!", "a>b", "b>a", "e>a!", "f>b!", "c>e", "d>f", "c>d", "e>f");
    assertThat(names(culprits)).containsExactly("rack/r1");
    assertThat(culprits.get(0).kind()).isEqualTo(NetworkBlame.Kind.RACK);
  }

  @Test
  void betweenTwoRacksNothingTellsWhich() {
    Map<String, String> racks = Map.of("a", "r1", "b", "r1", "c", "r2", "d", "r2");
    List<NetworkBlame.Culprit> culprits =
        explain(racks, "a>c!", "b>d!", "c>b!", "d>a!", "a>b", "c>d");
    assertThat(names(culprits)).containsExactly("rack/r1", "rack/r2");
    assertThat(culprits.get(0).probability()).isEqualTo(culprits.get(1).probability());
    assertThat(culprits.get(0).probability()).isLessThan(0.5);
  }

  @Test
  void aBadNodeIsNotItsRack() {
    Map<String, String> racks = Map.of("a", "r1", "b", "r1", "c", "r2", "d", "r2", "e", "r3");
    assertThat(
            names(
                explain(racks, "a>c!", "a>d!", "e>a!", "a>b!", "b>c", "b>d", "e>b", "c>d", "d>e")))
        .containsExactly("node/a");
  }

  @Test
  void whatIsJustBeginningBlamesNoEdgeYet() {
    assertThat(explain(Map.of(), "a>b!", "a>c?", "d>a?", "e>a?", "b>c", "c>d", "d>e")).isEmpty();
    assertThat(names(explain(Map.of(), "a>b!", "a>c!", "d>a?", "e>a?", "b>c", "c>d", "d>e")))
        .as("with a second bad edge the node is clear")
        .containsExactly("node/a");
  }

  @Test
  void failedRequestsOfANodeTipTheScales() {
    String[] edges = {"a>b!", "a>c!", "d>a!", "a>e", "f>a", "b>c", "c>d", "d>e", "e>f"};
    double without =
        explain(Map.of(), edges).stream()
            .filter(culprit -> culprit.entity().equals("node/a"))
            .mapToDouble(NetworkBlame.Culprit::probability)
            .sum();
    List<String> more = new ArrayList<>(List.of(edges));
    more.add("a!");
    double with =
        explain(Map.of(), more.toArray(new String[0])).stream()
            .filter(culprit -> culprit.entity().equals("node/a"))
            .mapToDouble(NetworkBlame.Culprit::probability)
            .sum();
    assertThat(with).isGreaterThanOrEqualTo(without);
  }

  @Test
  void findingsNameTheModeAndTheReason() {
    NetworkBlame.Window window = blame.window();
    for (String edge : List.of("a>b", "b>a", "a>c", "c>a")) {
      window.add(finding("edge/" + edge, BAD));
    }
    window.add(finding("edge/b>c", GOOD));
    window.add(new Finding("edge/x>y", 1, 1, 1, List.of())); // no mode NETWORK
    window.add(finding("edge/>y", BAD)); // no edge
    window.add(finding("disk/d", BAD));
    assertThat(window.edges()).isEqualTo(5);
    List<Finding> findings = blame.findings(window, Map.of(), 60_000);
    assertThat(findings).hasSize(1);
    assertThat(findings.get(0).entity()).isEqualTo("node/a");
    assertThat(findings.get(0).timeMillis()).isEqualTo(60_000);
    ModeAssessment mode = findings.get(0).modes().get(0);
    assertThat(mode.mode()).isEqualTo(FailureMode.NETWORK);
    assertThat(mode.horizonMillis()).isEqualTo(3_600_000);
    assertThat(mode.reasons().get(0).text())
        .isEqualTo("4 of the 4 observed links of the node are bad");
    assertThat(mode.reasons().get(0).contribution()).isPositive();
  }

  @Test
  void theWindowIsBoundedWhateverTheOrder() {
    NetworkBlame small = new NetworkBlame(policy(10));
    List<String> keys = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      keys.add("edge/a" + i + ">b" + i);
    }
    List<List<NetworkBlame.Culprit>> outcomes = new ArrayList<>();
    for (int run = 0; run < 5; run++) {
      Collections.shuffle(keys, new Random(run));
      NetworkBlame.Window window = small.window();
      keys.forEach(key -> window.add(finding(key, BAD)));
      assertThat(window.edges()).isEqualTo(10);
      assertThat(window.leftOut()).isEqualTo(30);
      outcomes.add(small.explain(window, Map.of()));
    }
    assertThat(outcomes).allMatch(outcomes.get(0)::equals);
    assertThat(outcomes.get(0)).hasSize(10);
  }

  private static SymptomPolicy policy(int maximumBlameEdges) {
    SymptomPolicy all = SymptomPolicy.defaults();
    return new SymptomPolicy(
        all.horizonMillis(),
        all.priors(),
        all.weights(),
        all.detailed(),
        all.aloneFactor(),
        all.matureMillis(),
        all.matureSamples(),
        all.settleMillis(),
        all.missingAfterMillis(),
        all.anomalyEnter(),
        all.anomalyExit(),
        all.anomalyOf(),
        all.anomalyBegin(),
        all.anomalyEnd(),
        all.notableNats(),
        all.notableMillis(),
        all.reasonFloorNats(),
        all.maximumReasons(),
        all.maximumPathMembers(),
        maximumBlameEdges);
  }

  /** Planted single culprits in random fleets: found, and nobody else. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
  void aPlantedCulpritIsFoundAndNobodyElse(long seed) {
    Random random = new Random(seed);
    int perRack = 4 + random.nextInt(8);
    int nodes = perRack * (3 + random.nextInt(6));
    Map<String, String> racks = new HashMap<>();
    for (int i = 0; i < nodes; i++) {
      racks.put("n" + i, "r" + i / perRack);
    }
    Map<String, Double> edges = new TreeMap<>();
    for (int i = 0; i < nodes; i++) {
      for (int peer = 0; peer < 5; peer++) {
        int to = peer == 0 ? (i + 1) % nodes : random.nextInt(nodes);
        if (to != i) {
          edges.put("n" + i + ">n" + to, GOOD * random.nextDouble(0.5, 5));
        }
      }
    }
    List<String> keys = new ArrayList<>(edges.keySet());
    String culprit;
    int what = random.nextInt(3);
    if (what == 0) {
      String edge = keys.get(random.nextInt(keys.size()));
      String[] ends = edge.split(">", -1);
      edges.put(edge, BAD);
      edges.computeIfPresent(ends[1] + ">" + ends[0], (key, old) -> BAD);
      culprit = "edge/";
    } else if (what == 1) {
      String node = "n" + random.nextInt(nodes);
      edges.replaceAll(
          (key, p) ->
              key.startsWith(node + ">") || key.endsWith(">" + node)
                  ? random.nextDouble(0.05, 0.6)
                  : p);
      culprit = "node/" + node;
    } else {
      String rack = "r" + random.nextInt(nodes / perRack);
      edges.replaceAll(
          (key, p) -> {
            String[] ends = key.split(">", -1);
            boolean from = rack.equals(racks.get(ends[0]));
            boolean to = rack.equals(racks.get(ends[1]));
            return from != to ? random.nextDouble(0.05, 0.6) : p;
          });
      culprit = "rack/" + rack;
    }
    Collections.shuffle(keys, random);
    NetworkBlame.Window window = blame.window();
    for (String key : keys) {
      window.add(finding("edge/" + key, edges.getOrDefault(key, GOOD)));
    }
    List<NetworkBlame.Culprit> culprits = blame.explain(window, racks);
    assertThat(culprits).as("seed %s, planted %s", seed, culprit).hasSize(1);
    assertThat(culprits.get(0).entity()).as("seed %s", seed).startsWith(culprit);
    assertThat(culprits.get(0).probability()).isBetween(0.01, 0.99);
    Collections.shuffle(keys, random);
    NetworkBlame.Window again = blame.window();
    for (String key : keys) {
      again.add(finding("edge/" + key, edges.getOrDefault(key, GOOD)));
    }
    assertThat(blame.explain(again, racks)).isEqualTo(culprits);
  }
}
