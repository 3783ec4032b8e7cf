package io.forestall.risk.signal;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Sums one window of one group of peers up, and says at its end what the group did. The result is
 * the same to the last bit in whatever order samples come. At most {@link #MAXIMUM_MEMBERS} members
 * are kept; of a larger group it is a fair draw, and the same one in any order: the members whose
 * names hash lowest. Mutable, not thread-safe; its encoding carries a version and only grows. Row
 * A3.
 */
public final class PeerWindow {
  /** Most members that are kept; more would not move a median. */
  public static final int MAXIMUM_MEMBERS = 4_096;

  /** Fewest members with latency and load for a line. */
  static final int MINIMUM_LINE_MEMBERS = 4;

  private static final int VERSION = 1;

  /** Up to this many members every pair gives a slope; above, a few pairs for each member. */
  private static final int ALL_PAIRS_MEMBERS = 64;

  /** Distances of the pairs in the order of load, as shares of the members. */
  private static final double[] PAIR_SHARES = {0.5, 0.4, 0.6, 0.3, 0.7};

  /** Loads must differ by this share of the median load for a slope; else noise is divided. */
  private static final double MINIMUM_LOAD_STEP = 0.1;

  /** Makes the median absolute deviation a standard deviation where values are normal. */
  static final double MAD_TO_SIGMA = 1.4826;

  private final TreeMap<Long, PeerMeans> members = new TreeMap<>();

  private PeerWindow() {}

  /** A window with no sample yet. */
  public static PeerWindow empty() {
    return new PeerWindow();
  }

  /** Members that are kept; count. */
  public int members() {
    return members.size();
  }

  /**
   * Takes one sample in.
   *
   * @param member name of the member, for example {@code disk/SERIAL}
   * @param sample its signals; its time is not looked at, the caller chose the window
   */
  public void add(String member, SignalSample sample) {
    long rank = rank(member, sample.scope());
    PeerMeans means = members.get(rank);
    if (means == null) {
      if (members.size() >= MAXIMUM_MEMBERS && rank > members.lastKey()) {
        return;
      }
      means = PeerMeans.empty(sample.scope());
      put(rank, means);
    }
    means.add(sample);
  }

  /** Adds what is known of one member, for operators that keep members apart. */
  public void add(String member, PeerMeans means) {
    merge(rank(member, means.scope()), means);
  }

  /** Adds another part of the same window. */
  public void merge(PeerWindow other) {
    other.members.forEach(this::merge);
  }

  private void merge(long rank, PeerMeans means) {
    PeerMeans known = members.get(rank);
    if (known == null) {
      known = PeerMeans.empty(means.scope());
      put(rank, known);
    }
    known.merge(means);
  }

  /** One that is pushed out cannot come back, because the bound only falls: no member is halved. */
  private void put(long rank, PeerMeans means) {
    members.put(rank, means);
    if (members.size() > MAXIMUM_MEMBERS) {
      members.pollLastEntry();
    }
  }

  /**
   * What the group did.
   *
   * @param peers name of the group
   * @param startMillis start of the window, inclusive; epoch milliseconds
   * @param endMillis end of the window, exclusive; epoch milliseconds
   */
  public PeerSummary close(String peers, long startMillis, long endMillis) {
    int[] counts = new int[Signal.COUNT];
    double[] medians = SignalSample.absentValues();
    double[] spreads = SignalSample.absentValues();
    double[] means = new double[members.size()];
    Signal latency = null;
    for (Signal signal : Signal.values()) {
      int n = 0;
      for (PeerMeans member : members.values()) {
        double mean = member.mean(signal);
        if (!Double.isNaN(mean)) {
          means[n++] = mean;
        }
      }
      counts[signal.ordinal()] = n;
      if (n > 0) {
        double median = median(means, n);
        medians[signal.ordinal()] = median;
        spreads[signal.ordinal()] = spread(means, n, median);
        latency = PeerScore.loadOf(signal) == null ? latency : signal;
      }
    }
    Line line = latency == null ? Line.NONE : line(latency, medians);
    return new PeerSummary(
        peers,
        startMillis,
        endMillis,
        counts,
        medians,
        spreads,
        line.intercept,
        line.slope,
        line.spread);
  }

  /**
   * The line of Theil and Sen: the median slope of pairs of members, which members that are slow
   * for a reason of their own cannot turn while they are few.
   */
  private Line line(Signal latency, double[] medians) {
    Signal load = PeerScore.loadOf(latency);
    double[][] points = new double[members.size()][];
    int n = 0;
    for (PeerMeans member : members.values()) {
      double x = load == null ? Double.NaN : member.mean(load);
      double y = member.mean(latency);
      if (!Double.isNaN(x) && !Double.isNaN(y)) {
        points[n++] = new double[] {x, y};
      }
    }
    if (n < MINIMUM_LINE_MEMBERS || load == null) {
      return Line.NONE;
    }
    Arrays.sort(
        points,
        0,
        n,
        (a, b) -> a[0] == b[0] ? Double.compare(a[1], b[1]) : Double.compare(a[0], b[0]));
    double step = MINIMUM_LOAD_STEP * Math.abs(medians[load.ordinal()]);
    double[] slopes = new double[n <= ALL_PAIRS_MEMBERS ? n * (n - 1) / 2 : n * PAIR_SHARES.length];
    int pairs = 0;
    if (n <= ALL_PAIRS_MEMBERS) {
      for (int i = 0; i < n; i++) {
        for (int j = i + 1; j < n; j++) {
          pairs = slope(points[i], points[j], step, slopes, pairs);
        }
      }
    } else {
      for (double share : PAIR_SHARES) {
        int distance = (int) (share * n);
        for (int i = 0; i + distance < n; i++) {
          pairs = slope(points[i], points[i + distance], step, slopes, pairs);
        }
      }
    }
    // Members under the same load tell nothing of a slope: the line is their median then.
    double slope = pairs < MINIMUM_LINE_MEMBERS - 1 ? 0 : Math.max(0, median(slopes, pairs));
    double[] rests = new double[n];
    for (int i = 0; i < n; i++) {
      rests[i] = points[i][1] - slope * points[i][0];
    }
    double intercept = median(rests, n);
    return new Line(intercept, slope, spread(rests, n, intercept));
  }

  private static int slope(double[] a, double[] b, double step, double[] slopes, int at) {
    double run = b[0] - a[0];
    if (run <= step || run <= 0) {
      return at;
    }
    slopes[at] = (b[1] - a[1]) / run;
    return at + 1;
  }

  /** Median of the first values, which are sorted by this. */
  private static double median(double[] values, int n) {
    Arrays.sort(values, 0, n);
    int half = n / 2;
    return n % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  }

  /** Robust spread of the first values, which are overwritten. */
  private static double spread(double[] values, int n, double median) {
    for (int i = 0; i < n; i++) {
      values[i] = Math.abs(values[i] - median);
    }
    return MAD_TO_SIGMA * median(values, n);
  }

  /** Place of a member in the draw; names are spread evenly over all long values. */
  private static long rank(String member, Scope scope) {
    long hash = 0xCBF29CE484222325L ^ (scope.ordinal() + 1);
    for (int i = 0; i < member.length(); i++) {
      hash = (hash ^ member.charAt(i)) * 0x100000001B3L;
    }
    hash = (hash ^ (hash >>> 33)) * 0xFF51AFD7ED558CCDL;
    hash = (hash ^ (hash >>> 33)) * 0xC4CEB9FE1A85EC53L;
    return hash ^ (hash >>> 33);
  }

  /** Writes the state, about 21 bytes for each member and signal. */
  public void write(DataOutput out) throws IOException {
    out.writeByte(VERSION);
    out.writeShort(members.size());
    for (Map.Entry<Long, PeerMeans> member : members.entrySet()) {
      out.writeLong(member.getKey());
      member.getValue().write(out);
    }
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws IOException with a clear message when it is of a later version or no state
   */
  public static PeerWindow read(DataInput in) throws IOException {
    int version = in.readUnsignedByte();
    if (version != VERSION) {
      throw new IOException("window of peers has version " + version + ", known is " + VERSION);
    }
    int count = in.readUnsignedShort();
    if (count > MAXIMUM_MEMBERS) {
      throw new IOException(
          "window of peers has " + count + " members, at most " + MAXIMUM_MEMBERS + " are kept");
    }
    PeerWindow window = new PeerWindow();
    for (; count > 0; count--) {
      long rank = in.readLong();
      window.members.put(rank, PeerMeans.read(in));
    }
    return window;
  }

  private record Line(double intercept, double slope, double spread) {
    static final Line NONE = new Line(Double.NaN, Double.NaN, Double.NaN);
  }
}
