package io.forestall.decisions.shadow;

import io.forestall.decisions.NodeTraits;
import io.forestall.decisions.Subject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How much the failure of one node of a pool raises the odds of another (E2): estimated in one pass
 * from the risks and the failures of the pool's nodes, as they come. Mutable, for one thread.
 *
 * <p>Three estimates, each shrunk towards the one before it while little was seen:
 *
 * <ol>
 *   <li>What two nodes share: drive model and firmware, drive model alone, power, rack, zone. Each
 *       begins with a lift that experience gives it; failures of nodes that share it, within {@link
 *       #TOGETHER_MILLIS} of each other, move it, for all its values together and for each value.
 *   <li>Failures of exactly these two within that time of each other.
 *   <li>How their risks moved together: the correlation of the changes of their log-odds from
 *       bucket to bucket. A movement of the whole pool raises all pairs alike and so ranks none.
 * </ol>
 *
 * <p>Bounded: {@value #BUCKETS} bytes and {@value #MAX_FAILURES} times a node, {@value
 * #MAX_TALLIES} values in all; nothing is kept for a pair. It belongs where the risks of a pool's
 * nodes meet at their own pace, which is the state of its guard: the sense job has one key for each
 * disk or node and would need a pass over all of them to see two at once.
 */
public final class FailureCorrelation {

  /** Length of a bucket of a risk's history; milliseconds. */
  public static final long BUCKET_MILLIS = 3_600_000;

  /** Buckets that are remembered of a node; count. */
  public static final int BUCKETS = 64;

  /** Failures that are remembered of a node; count. */
  public static final int MAX_FAILURES = 8;

  /** Values of traits whose failures are counted; the one that failed longest ago gives way. */
  public static final int MAX_TALLIES = 256;

  /** Two failures within this time of each other count as together; milliseconds. */
  public static final long TOGETHER_MILLIS = 7L * 24 * 3_600_000;

  /** A node that fails again within this time has failed once; milliseconds. */
  static final long SAME_FAILURE_MILLIS = 24L * 3_600_000;

  /** What stands for a bucket without a risk. */
  private static final byte NONE = Byte.MIN_VALUE;

  /** Steps of the log-odds that a bucket keeps. */
  private static final double LEVELS_PER_NAT = 10;

  /** Fewer common changes than this say nothing; count. */
  private static final int LEAST_CHANGES = 4;

  /** Common changes at which a correlation counts half; count. */
  private static final double HALF_TRUSTED_CHANGES = 12;

  /** Log-odds that a full correlation of two risks is worth. */
  private static final double MOVEMENT_NATS = 1.5;

  /** How many expected failures experience weighs against what was counted of a trait. */
  private static final double TRAIT_WEIGHT = 2;

  /** How many of them the trait weighs against what was counted of one of its values. */
  private static final double VALUE_WEIGHT = 1;

  /** The same for a pair. */
  private static final double PAIR_WEIGHT = 0.5;

  /**
   * Share of nodes that fail within {@link #TOGETHER_MILLIS} of another by mere chance, at first.
   */
  private static final double FIRST_RATE = 0.01;

  /** How many exposures that first share weighs. */
  private static final double FIRST_RATE_WEIGHT = 10;

  private static final double LEAST_LIFT = 0.2;
  private static final double MOST_LIFT = 50;

  /** Name of the tally of nodes that share nothing. */
  private static final String NOTHING = "nothing";

  /** What two nodes may share, each with the lift that it is given before anything was seen. */
  public enum Shared {
    /** Model and firmware of the drives. */
    BATCH(3, "drive model and firmware"),
    /** Model of the drives, with another firmware. */
    MODEL(1.5, "drive model"),
    /** The power feed. */
    POWER(2, "power feed"),
    /** The rack. */
    RACK(2, "rack"),
    /** The zone, with another rack. */
    ZONE(1.3, "zone");

    private final double lift;
    private final String words;

    Shared(double lift, String words) {
      this.lift = lift;
      this.words = words;
    }

    /** The lift before anything was seen. */
    public double lift() {
      return lift;
    }
  }

  /** A node and what it may share with others. Empty places are unknown. */
  public record Peer(Subject node, NodeTraits traits, String rack, String zone) {}

  /**
   * How two nodes hang together.
   *
   * @param lift by how much the failure of the one multiplies the odds of the other; 1 for not at
   *     all
   * @param text why, a sentence
   */
  public record Estimate(double lift, String text) {}

  /**
   * What is remembered of a node.
   *
   * @param bucket number of the newest bucket, in buckets since 1970-01-01 UTC; -1 before the first
   * @param levels log-odds of the risk in each of the last buckets, a ring
   * @param failures when it failed, the oldest first; milliseconds
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared; copied by whoever keeps it
  public record Trace(long bucket, byte[] levels, List<Long> failures) {
    /** Copies the list. */
    public Trace {
      failures = List.copyOf(failures);
    }
  }

  /**
   * Failures of nodes that share something.
   *
   * @param exposed other nodes that shared it when one failed; count
   * @param together those of them that had failed shortly before; count
   */
  public record Tally(double exposed, double together) {
    private static final Tally EMPTY = new Tally(0, 0);

    private Tally plus(boolean alsoFailed) {
      return new Tally(exposed + 1, together + (alsoFailed ? 1 : 0));
    }
  }

  private final Map<Subject, Trace> traces = new HashMap<>();
  private final LinkedHashMap<String, Tally> tallies = new LinkedHashMap<>();

  // ------------------------------------------------------------------ learning

  /**
   * Takes the risk of a node; the first of a bucket counts.
   *
   * @param timeMillis event time of the risk
   * @return true when what is remembered changed
   */
  public boolean risk(Subject node, long timeMillis, double probability) {
    long bucket = Math.floorDiv(timeMillis, BUCKET_MILLIS);
    Trace before = traces.get(node);
    if (before != null && before.bucket >= bucket) {
      return false;
    }
    byte[] levels;
    if (before == null || before.bucket < 0 || bucket - before.bucket >= BUCKETS) {
      levels = new byte[BUCKETS];
      Arrays.fill(levels, NONE);
    } else {
      levels = before.levels.clone();
      for (long passed = before.bucket + 1; passed < bucket; passed++) {
        levels[(int) Math.floorMod(passed, (long) BUCKETS)] = NONE;
      }
    }
    levels[(int) Math.floorMod(bucket, (long) BUCKETS)] = level(probability);
    traces.put(node, new Trace(bucket, levels, before == null ? List.of() : before.failures));
    return true;
  }

  private static byte level(double probability) {
    double p = Math.min(1 - 1e-6, Math.max(1e-6, probability));
    long level = Math.round(LEVELS_PER_NAT * Math.log(p / (1 - p)));
    return (byte) Math.max(-127, Math.min(127, level));
  }

  /**
   * Takes the failure of a node.
   *
   * @param node who failed
   * @param others the nodes of the pool; whoever failed may be among them
   * @return true when what is remembered changed
   */
  public boolean failed(Peer node, long timeMillis, Collection<Peer> others) {
    Trace before = traces.get(node.node());
    List<Long> failures = new ArrayList<>(before == null ? List.of() : before.failures);
    for (long earlier : failures) {
      if (Math.abs(timeMillis - earlier) < SAME_FAILURE_MILLIS) {
        return false;
      }
    }
    for (Peer other : others) {
      if (!other.node().equals(node.node())) {
        count(node, other, timeMillis);
      }
    }
    failures.add(timeMillis);
    Collections.sort(failures);
    if (failures.size() > MAX_FAILURES) {
      failures.remove(0);
    }
    byte[] levels = before == null ? new byte[0] : before.levels;
    traces.put(node.node(), new Trace(before == null ? -1 : before.bucket, levels, failures));
    return true;
  }

  private void count(Peer node, Peer other, long timeMillis) {
    boolean together = false;
    Trace trace = traces.get(other.node());
    for (long failure : trace == null ? List.<Long>of() : trace.failures) {
      together |= Math.abs(timeMillis - failure) <= TOGETHER_MILLIS;
    }
    Map<Shared, String> shared = shared(node, other);
    if (shared.isEmpty()) {
      count(NOTHING, together);
    }
    for (Map.Entry<Shared, String> each : shared.entrySet()) {
      count(each.getKey().name(), together);
      count(each.getKey().name() + "/" + each.getValue(), together);
    }
  }

  private void count(String name, boolean together) {
    Tally before = tallies.remove(name);
    tallies.put(name, (before == null ? Tally.EMPTY : before).plus(together));
    if (tallies.size() > MAX_TALLIES) {
      for (String oldest : tallies.keySet()) {
        if (oldest.indexOf('/') > 0) {
          tallies.remove(oldest);
          break;
        }
      }
    }
  }

  // ----------------------------------------------------------------- estimates

  /** How two nodes hang together. */
  public Estimate between(Peer left, Peer right) {
    if (left.node().equals(right.node())) {
      return new Estimate(MOST_LIFT, right.node() + " is the same node.");
    }
    List<String> because = new ArrayList<>();
    double lift = 1;
    for (Map.Entry<Shared, String> each : shared(left, right).entrySet()) {
      double one = lift(each.getKey(), each.getValue());
      lift *= one;
      because.add(
          String.format(
              Locale.ROOT, "the same %s (x%.1f)", each.getKey().words, Math.min(one, MOST_LIFT)));
    }
    int together = 0;
    Trace mine = traces.get(left.node());
    Trace other = traces.get(right.node());
    if (mine != null && other != null && !mine.failures.isEmpty() && !other.failures.isEmpty()) {
      for (long failure : mine.failures) {
        together += near(failure, other.failures) ? 1 : 0;
      }
      int events = mine.failures.size() + other.failures.size() - together;
      lift = (PAIR_WEIGHT * lift + together) / (PAIR_WEIGHT + 2 * events * rate());
      if (together > 0) {
        because.add("they failed together " + together + (together == 1 ? " time" : " times"));
      }
    }
    double movement = movement(mine, other);
    if (movement > 0) {
      lift *= Math.exp(MOVEMENT_NATS * movement);
      if (movement >= 0.1) {
        because.add(String.format(Locale.ROOT, "their risks move together (%.2f)", movement));
      }
    }
    double bounded = Math.max(LEAST_LIFT, Math.min(MOST_LIFT, lift));
    String text =
        because.isEmpty()
            ? "Nothing is known that it has in common with " + left.node() + "."
            : String.format(
                Locale.ROOT,
                "A failure of %s multiplies its odds by %.1f: %s.",
                left.node(),
                bounded,
                String.join(", ", because));
    return new Estimate(bounded, text);
  }

  private static boolean near(long failure, List<Long> others) {
    for (long other : others) {
      if (Math.abs(failure - other) <= TOGETHER_MILLIS) {
        return true;
      }
    }
    return false;
  }

  /** Share of nodes that fail shortly after another with which they share nothing. */
  private double rate() {
    Tally chance = tallies.getOrDefault(NOTHING, Tally.EMPTY);
    return (chance.together + FIRST_RATE * FIRST_RATE_WEIGHT)
        / (chance.exposed + FIRST_RATE_WEIGHT);
  }

  private double lift(Shared shared, String value) {
    double rate = rate();
    Tally all = tallies.getOrDefault(shared.name(), Tally.EMPTY);
    double ofAll =
        (TRAIT_WEIGHT * shared.lift + all.together) / (TRAIT_WEIGHT + all.exposed * rate);
    Tally own = tallies.getOrDefault(shared.name() + "/" + value, Tally.EMPTY);
    return (VALUE_WEIGHT * ofAll + own.together) / (VALUE_WEIGHT + own.exposed * rate);
  }

  /** What two nodes share, with its value. */
  private static Map<Shared, String> shared(Peer left, Peer right) {
    Map<Shared, String> shared = new EnumMap<>(Shared.class);
    String model = left.traits().driveModel();
    if (same(model, right.traits().driveModel())) {
      String firmware = left.traits().firmware();
      if (same(firmware, right.traits().firmware())) {
        shared.put(Shared.BATCH, model + "|" + firmware);
      } else {
        shared.put(Shared.MODEL, String.valueOf(model));
      }
    }
    if (same(left.traits().power(), right.traits().power())) {
      shared.put(Shared.POWER, String.valueOf(left.traits().power()));
    }
    if (same(left.rack(), right.rack())) {
      shared.put(Shared.RACK, left.rack());
    } else if (same(left.zone(), right.zone())) {
      shared.put(Shared.ZONE, left.zone());
    }
    return shared;
  }

  private static boolean same(@Nullable String left, @Nullable String right) {
    return left != null && !left.isEmpty() && left.equals(right);
  }

  /** Correlation of the changes of two risks, shrunk by how few there are; 0 to 1. */
  private static double movement(@Nullable Trace left, @Nullable Trace right) {
    if (left == null || right == null || left.bucket < 0 || right.bucket < 0) {
      return 0;
    }
    long newest = Math.min(left.bucket, right.bucket);
    long oldest = Math.max(left.bucket, right.bucket) - BUCKETS + 1;
    int changes = 0;
    double sumLeft = 0;
    double sumRight = 0;
    double squaresLeft = 0;
    double squaresRight = 0;
    double products = 0;
    for (long bucket = oldest + 1; bucket <= newest; bucket++) {
      int now = (int) Math.floorMod(bucket, (long) BUCKETS);
      int before = (int) Math.floorMod(bucket - 1, (long) BUCKETS);
      if (left.levels[now] == NONE
          || left.levels[before] == NONE
          || right.levels[now] == NONE
          || right.levels[before] == NONE) {
        continue;
      }
      double x = left.levels[now] - left.levels[before];
      double y = right.levels[now] - right.levels[before];
      changes++;
      sumLeft += x;
      sumRight += y;
      squaresLeft += x * x;
      squaresRight += y * y;
      products += x * y;
    }
    if (changes < LEAST_CHANGES) {
      return 0;
    }
    double spreadLeft = squaresLeft - sumLeft * sumLeft / changes;
    double spreadRight = squaresRight - sumRight * sumRight / changes;
    if (spreadLeft <= 0 || spreadRight <= 0) {
      return 0;
    }
    double correlation =
        (products - sumLeft * sumRight / changes) / Math.sqrt(spreadLeft * spreadRight);
    return Math.max(0, correlation) * changes / (changes + HALF_TRUSTED_CHANGES);
  }

  // --------------------------------------------------------------------- memory

  /** What is remembered of a node, null when nothing is. */
  public @Nullable Trace trace(Subject node) {
    return traces.get(node);
  }

  /** Remembers a node as it was. */
  public void put(Subject node, Trace trace) {
    boolean fits = trace.bucket < 0 || trace.levels.length == BUCKETS;
    traces.put(node, fits ? trace : new Trace(-1, new byte[0], trace.failures));
  }

  /** Forgets a node; what its failures taught stays. */
  public void forget(Subject node) {
    traces.remove(node);
  }

  /** What was counted, by its name, the longest unchanged first. */
  public Map<String, Tally> tallies() {
    return Collections.unmodifiableMap(tallies);
  }

  /** Sets what was counted under a name. */
  public void put(String name, Tally tally) {
    tallies.remove(name);
    tallies.put(name, tally);
  }

  /** Forgets what was counted. */
  public void forgetTallies() {
    tallies.clear();
  }
}
