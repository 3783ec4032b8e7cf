package io.forestall.risk.symptom;

import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeAssessment;
import io.forestall.risk.ReasonPart;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Explains the bad edges of one window by the fewest culprits: an edge, a node or a rack. Row A11:
 * blame falls on what is shared, not on both ends. Pure, immutable, deterministic: the order of
 * what was added changes nothing.
 *
 * <p>A rack is to blame when most edges that cross its border are bad, from several of its nodes. A
 * node is to blame when most of its edges to several nodes that are not to blame themselves are
 * bad, in each direction that was observed. What explains most goes first, what it explains is
 * taken away, and so on; an edge that is left explains itself. When two racks explain the very same
 * edges (there are only these two, say) nothing can tell them apart: both are named, with half the
 * probability each.
 */
public final class NetworkBlame {
  /** Most culprits of one window; what is beyond is no longer a matter of single culprits. */
  public static final int MAXIMUM_CULPRITS = 256;

  private static final String EDGE = "edge/";
  private static final double BAD_PROBABILITY = 0.01;

  /** An edge between this and bad speaks for nobody: it may just be beginning. */
  private static final double GOOD_PROBABILITY = 0.002;

  private static final double MOST = 0.6;
  private static final double EACH_WAY = 0.5;
  private static final double UNSETTLED = 0.4;
  private static final int LEAST_PEERS = 2;

  private final SymptomPolicy policy;

  /** Blame by this policy. */
  public NetworkBlame(SymptomPolicy policy) {
    this.policy = policy;
  }

  /** What kind of thing is to blame. */
  public enum Kind {
    EDGE,
    NODE,
    RACK
  }

  /**
   * What is to blame.
   *
   * @param kind edge, node or rack
   * @param entity its key, {@code kind/id}
   * @param probability of mode NETWORK within its horizon, 0 to 1
   * @param explained keys of the bad edges that it explains
   * @param observed edges of it that were seen in the window; count
   */
  public record Culprit(
      Kind kind, String entity, double probability, List<String> explained, int observed) {
    public Culprit {
      explained = List.copyOf(explained);
    }
  }

  /** A window to be filled, bounded by the policy. */
  public Window window() {
    return new Window(policy.maximumBlameEdges());
  }

  /**
   * The culprits, most probable first.
   *
   * @param window what was seen
   * @param racks rack id by node id; a node that is not in it is in no rack
   */
  public List<Culprit> explain(Window window, Map<String, String> racks) {
    Map<String, Party> parties = new HashMap<>();
    List<Edge> bad = new ArrayList<>();
    for (Map.Entry<String, Double> each : window.edges.entrySet()) {
      String key = each.getKey();
      int at = key.indexOf('>');
      String from = key.substring(EDGE.length(), at);
      String to = key.substring(at + 1);
      String fromRack = racks.get(from);
      String toRack = racks.get(to);
      boolean isBad = each.getValue() >= BAD_PROBABILITY;
      Edge edge = new Edge(key, from, to, each.getValue(), isBad);
      party(parties, Kind.NODE, from).add(edge, true, to);
      party(parties, Kind.NODE, to).add(edge, false, from);
      if (fromRack != null && !fromRack.equals(toRack)) {
        party(parties, Kind.RACK, fromRack).cross(edge, from, to);
      }
      if (toRack != null && !toRack.equals(fromRack)) {
        party(parties, Kind.RACK, toRack).cross(edge, to, from);
      }
      if (isBad) {
        bad.add(edge);
      }
    }
    List<Culprit> culprits = new ArrayList<>();
    if (bad.isEmpty()) {
      return culprits;
    }
    List<Party> candidates = new ArrayList<>();
    for (Party party : parties.values()) {
      if (party.badEdges() >= LEAST_PEERS) {
        candidates.add(party);
      }
    }
    candidates.sort(
        Comparator.comparing((Party party) -> party.kind)
            .reversed()
            .thenComparing(party -> party.id));
    while (culprits.size() < MAXIMUM_CULPRITS) {
      Party best = null;
      double bestWorth = 0;
      for (Party party : candidates) {
        double worth = party.worth(failures(window, party));
        if (worth > bestWorth) {
          best = party;
          bestWorth = worth;
        }
      }
      if (best == null) {
        break;
      }
      List<Edge> explained = best.open();
      Party twin = twin(best, explained, candidates);
      double probability = probability(best, explained, failures(window, best));
      culprits.add(culprit(best, explained, twin == null ? probability : probability / 2));
      candidates.remove(best);
      if (twin != null) {
        culprits.add(culprit(twin, explained, probability / 2));
        candidates.remove(twin);
      }
      for (Edge edge : explained) {
        edge.explained = true;
      }
      // Its other edges say nothing of who is at their other end.
      for (Edge edge : best.edges) {
        edge.setAside = true;
      }
    }
    Map<String, List<Edge>> left = new LinkedHashMap<>();
    for (Edge edge : bad) {
      // Where the other edges of an end are about to turn as well, a window later tells more.
      if (!edge.explained
          && party(parties, Kind.NODE, edge.from).isSettled()
          && party(parties, Kind.NODE, edge.to).isSettled()) {
        boolean inOrder = edge.from.compareTo(edge.to) <= 0;
        String link = inOrder ? edge.from + ">" + edge.to : edge.to + ">" + edge.from;
        left.computeIfAbsent(link, unused -> new ArrayList<>()).add(edge);
      }
    }
    for (List<Edge> both : left.values()) {
      if (culprits.size() >= MAXIMUM_CULPRITS) {
        break;
      }
      Edge worst = both.get(0);
      List<String> keys = new ArrayList<>();
      for (Edge edge : both) {
        worst = edge.probability > worst.probability ? edge : worst;
        keys.add(edge.key);
      }
      culprits.add(new Culprit(Kind.EDGE, worst.key, worst.probability, keys, both.size()));
    }
    culprits.sort(
        Comparator.comparingDouble(Culprit::probability).reversed().thenComparing(Culprit::entity));
    return culprits;
  }

  /** The culprits as findings of mode NETWORK with reasons. */
  public List<Finding> findings(Window window, Map<String, String> racks, long timeMillis) {
    List<Finding> findings = new ArrayList<>();
    for (Culprit culprit : explain(window, racks)) {
      int bad = culprit.explained().size();
      String text =
          switch (culprit.kind()) {
            case EDGE -> "the link between its two ends is bad, while their other links are not";
            case NODE ->
                bad + " of the " + culprit.observed() + " observed links of the node are bad";
            case RACK ->
                bad
                    + " of the "
                    + culprit.observed()
                    + " observed links across the border of the rack are bad";
          };
      double nats =
          Math.max(
              0, logOdds(culprit.probability()) - logOdds(policy.priorOf(FailureMode.NETWORK)));
      findings.add(
          new Finding(
              culprit.entity(),
              timeMillis,
              Math.min(1, 0.5 + 0.1 * culprit.observed()),
              culprit.observed(),
              List.of(
                  new ModeAssessment(
                      FailureMode.NETWORK,
                      culprit.probability(),
                      policy.horizonMillisOf(FailureMode.NETWORK),
                      StandardSymptomEngine.MODEL,
                      StandardSymptomEngine.MODEL_VERSION,
                      List.of(new ReasonPart("bad_links", bad, nats, text))))));
    }
    return findings;
  }

  private static Party party(Map<String, Party> parties, Kind kind, String id) {
    return parties.computeIfAbsent(kind + "/" + id, unused -> new Party(kind, id));
  }

  private double failures(Window window, Party party) {
    if (party.kind != Kind.NODE) {
      return 0;
    }
    Double probability = window.machines.get(party.id);
    return probability == null
        ? 0
        : Math.max(0, logOdds(probability) - logOdds(policy.priorOf(FailureMode.NETWORK)));
  }

  private static @Nullable Party twin(Party best, List<Edge> explained, List<Party> candidates) {
    if (best.kind != Kind.RACK) {
      return null;
    }
    for (Party other : candidates) {
      if (other != best
          && other.kind == Kind.RACK
          && other.worth(0) > 0
          && new HashSet<>(other.open()).equals(new HashSet<>(explained))) {
        return other;
      }
    }
    return null;
  }

  private static Culprit culprit(Party party, List<Edge> explained, double probability) {
    List<String> keys = new ArrayList<>();
    for (Edge edge : explained) {
      keys.add(edge.key);
    }
    return new Culprit(party.kind, party.key(), probability, keys, party.edges.size());
  }

  /** The mean of what its bad edges say, the surer the more there are and the fewer are good. */
  private static double probability(Party party, List<Edge> explained, double failures) {
    double sum = 0;
    for (Edge edge : explained) {
      sum += logOdds(edge.probability);
    }
    double share = (double) explained.size() / Math.max(1, party.edges.size());
    double nats =
        sum / explained.size()
            + Math.min(2, Math.log(explained.size()))
            + 1.5 * share
            + Math.min(2, 0.5 * failures);
    return Math.min(0.99, 1 / (1 + Math.exp(-nats)));
  }

  private static double logOdds(double probability) {
    double p = Math.max(1e-9, Math.min(1 - 1e-9, probability));
    return Math.log(p / (1 - p));
  }

  /** One edge of the window. */
  private static final class Edge {
    final String key;
    final String from;
    final String to;
    final double probability;
    final boolean bad;
    boolean explained;
    boolean setAside;

    Edge(String key, String from, String to, double probability, boolean bad) {
      this.key = key;
      this.from = from;
      this.to = to;
      this.probability = probability;
      this.bad = bad;
    }
  }

  /** A node or a rack with its edges. */
  private static final class Party {
    final Kind kind;
    final String id;
    final List<Edge> edges = new ArrayList<>();

    /** By edge: the node of the party at its inner end, and the node at its outer end. */
    final List<String> inner = new ArrayList<>();

    final List<String> outer = new ArrayList<>();

    Party(Kind kind, String id) {
      this.kind = kind;
      this.id = id;
    }

    String key() {
      return (kind == Kind.NODE ? "node/" : "rack/") + id;
    }

    void add(Edge edge, boolean out, String other) {
      cross(edge, out ? edge.from : edge.to, other);
    }

    void cross(Edge edge, String inside, String outside) {
      edges.add(edge);
      inner.add(inside);
      outer.add(outside);
    }

    int badEdges() {
      int bad = 0;
      for (Edge edge : edges) {
        bad += edge.bad ? 1 : 0;
      }
      return bad;
    }

    /** True unless so many of its edges are between good and bad that more may be coming. */
    boolean isSettled() {
      int unsure = 0;
      for (Edge edge : edges) {
        unsure += !edge.bad && edge.probability > GOOD_PROBABILITY ? 1 : 0;
      }
      return unsure < LEAST_PEERS || unsure < UNSETTLED * edges.size();
    }

    /** Its bad edges that nothing has explained. */
    List<Edge> open() {
      List<Edge> open = new ArrayList<>();
      for (Edge edge : edges) {
        if (edge.bad && !edge.explained) {
          open.add(edge);
        }
      }
      return open;
    }

    /** How many edges more than it spoils it explains; 0 when it is no explanation. */
    double worth(double failures) {
      int bad = 0;
      int good = 0;
      int badOut = 0;
      int allOut = 0;
      int badIn = 0;
      int allIn = 0;
      Set<String> inside = new TreeSet<>();
      Set<String> outside = new TreeSet<>();
      for (int i = 0; i < edges.size(); i++) {
        Edge edge = edges.get(i);
        if (edge.setAside || edge.explained || (!edge.bad && edge.probability > GOOD_PROBABILITY)) {
          continue;
        }
        boolean out = edge.from.equals(inner.get(i));
        if (out) {
          allOut++;
          badOut += edge.bad ? 1 : 0;
        } else {
          allIn++;
          badIn += edge.bad ? 1 : 0;
        }
        if (edge.bad) {
          bad++;
          inside.add(inner.get(i));
          outside.add(outer.get(i));
        } else {
          good++;
        }
      }
      if (outside.size() < LEAST_PEERS
          || (kind == Kind.RACK && inside.size() < LEAST_PEERS)
          || bad < (failures > 2.5 ? 0.5 : MOST) * (bad + good)
          || (allOut >= LEAST_PEERS && badOut < EACH_WAY * allOut)
          || (allIn >= LEAST_PEERS && badIn < EACH_WAY * allIn)) {
        return 0;
      }
      return bad - good - 1 + Math.min(0.5, 0.1 * failures);
    }
  }

  /** What was seen in one window. Mutable; not thread-safe. */
  public static final class Window {
    private final int limit;
    private final TreeMap<String, Double> edges = new TreeMap<>();
    private final TreeMap<String, Double> machines = new TreeMap<>();
    private long leftOut;

    private Window(int limit) {
      this.limit = limit;
    }

    /**
     * Takes a finding in: of an edge its mode NETWORK; of a machine likewise, as the share that its
     * failed requests add. Of one thing the worst counts. Anything else is left out.
     */
    public void add(Finding finding) {
      double probability = -1;
      for (ModeAssessment mode : finding.modes()) {
        if (mode.mode() == FailureMode.NETWORK) {
          probability = mode.probability();
        }
      }
      if (probability < 0) {
        return;
      }
      String entity = finding.entity();
      if (entity.startsWith(EDGE)) {
        int at = entity.indexOf('>');
        if (at > EDGE.length() && at < entity.length() - 1) {
          put(edges, entity, probability);
        }
      } else if (entity.startsWith("node/")) {
        put(machines, entity.substring("node/".length()), probability);
      }
    }

    /**
     * What is left out of too many does not hang on their order: those with the greatest names, and
     * one that was left out cannot come back.
     */
    private void put(TreeMap<String, Double> to, String key, double probability) {
      if (to.size() >= limit && !to.containsKey(key)) {
        leftOut++;
        if (key.compareTo(to.lastKey()) > 0) {
          return;
        }
        to.pollLastEntry();
      }
      to.merge(key, probability, Math::max);
    }

    /** Edges of which something was heard; count. */
    public int edges() {
      return edges.size();
    }

    /** Findings left out because there were too many edges or nodes; count. */
    public long leftOut() {
      return leftOut;
    }
  }
}
