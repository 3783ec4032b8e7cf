package io.forestall.risk.signal;

import org.jspecify.annotations.Nullable;

/**
 * How far one member is from its peers in the last closed window. Mutable, so that one serves a
 * thread for ever; not thread-safe. Rows A3, A6.
 *
 * <p>The peers' spread is that of the members' means over a window. A single sample is noisier:
 * hand in a value that is smoothed over about a window.
 */
public final class PeerScore {
  /** Fewest members for a comparison: of three, one bad one would be a third of the spread. */
  public static final int MINIMUM_MEMBERS = 4;

  /** Members differ by so much of the median for reasons of no interest; ratio. */
  private static final double USUAL_DIFFERENCE = 0.05;

  /** Tails are never taken to be thinner than those of Student's t with this many degrees. */
  private static final double MAXIMUM_DEGREES = 20;

  /** Sigmas of a normal value at which the score leaves 0 and reaches 1. */
  private static final double USUAL_SIGMAS = 3;

  private static final double CERTAIN_SIGMAS = 7;

  /** How far a load may be from the peers' median before the line is trusted less; sigmas. */
  private static final double LINE_REACH = 3;

  /** True when there are peers enough; else score and deviation are 0, the rest NaN. */
  public boolean known;

  /** Calibrated score, 0 usual to 1 certain; both ways count. About 0.5 is one in a million. */
  public double score;

  /** What the peers let expect; unit of the signal. */
  public double expected;

  /** Usual distance of a member from it, above 0; unit of the signal. */
  public double spread;

  /** (value - expected) / spread, positive for more than the peers. */
  public double deviation;

  /** The signal that is the load of a latency, null when it has none or is no latency. */
  public static @Nullable Signal loadOf(Signal latency) {
    return switch (latency) {
      case REQUEST_LATENCY -> Signal.REQUEST_RATE;
      case DISK_LATENCY -> Signal.DISK_IOPS;
      default -> null;
    };
  }

  /**
   * Compares a value with the peers' median.
   *
   * @param peers what they did, null when nothing is known
   * @param signal the signal
   * @param value its value; NaN gives nothing known
   * @param leastSpread spread below which differences are of no interest, above 0, for peers that
   *     are all alike (all without errors, say); unit of the signal
   * @return {@link #known}
   */
  public boolean against(
      @Nullable PeerSummary peers, Signal signal, double value, double leastSpread) {
    int at = signal.ordinal();
    if (peers == null || !Double.isFinite(value) || peers.members()[at] < MINIMUM_MEMBERS) {
      return nothing();
    }
    return compare(
        value,
        peers.medians()[at],
        Math.max(leastSpread, peers.spreads()[at]),
        peers.members()[at]);
  }

  /**
   * Compares a latency with that of peers under like load: with the peers' line at this load.
   * Without a line it is compared with their median.
   *
   * @param peers what they did, null when nothing is known
   * @param latencySignal the latency
   * @param latency its value; seconds
   * @param load operations a second, NaN when not known
   * @param leastSpread spread below which differences are of no interest, above 0; seconds
   * @return {@link #known}
   */
  public boolean againstLoad(
      @Nullable PeerSummary peers,
      Signal latencySignal,
      double latency,
      double load,
      double leastSpread) {
    Signal loadSignal = loadOf(latencySignal);
    if (peers == null
        || loadSignal == null
        || Double.isNaN(peers.latencySlope())
        || !Double.isFinite(load)) {
      return against(peers, latencySignal, latency, leastSpread);
    }
    int members = peers.members()[latencySignal.ordinal()];
    if (!Double.isFinite(latency) || members < MINIMUM_MEMBERS) {
      return nothing();
    }
    // Far from the loads the peers had, the line is a guess: what it adds there is doubt as well.
    double usualLoad = peers.medians()[loadSignal.ordinal()];
    double reach =
        LINE_REACH * Math.max(peers.spreads()[loadSignal.ordinal()], USUAL_DIFFERENCE * usualLoad);
    double beyond = Math.max(0, Math.abs(load - usualLoad) - reach);
    return compare(
        latency,
        Math.max(0, peers.latencyIntercept() + peers.latencySlope() * load),
        Math.max(leastSpread, peers.latencySpread()) + peers.latencySlope() * beyond,
        members);
  }

  private boolean compare(double value, double median, double peersSpread, int members) {
    known = true;
    expected = median;
    spread = Math.max(peersSpread, USUAL_DIFFERENCE * Math.abs(median));
    deviation = (value - median) / spread;
    score = calibrate(deviation, members);
    return true;
  }

  private boolean nothing() {
    known = false;
    score = 0;
    deviation = 0;
    expected = Double.NaN;
    spread = Double.NaN;
    return false;
  }

  /**
   * The score of a deviation from the median of a group. A spread of few members is itself
   * uncertain, so the deviation is read as Student's t and turned into the sigmas of a normal value
   * that is as rare (Wallace 1959).
   */
  static double calibrate(double deviation, int members) {
    double degrees = Math.min(MAXIMUM_DEGREES, members - 1);
    double sigmas =
        Math.sqrt(degrees * Math.log1p(deviation * deviation / degrees))
            * (8 * degrees + 1)
            / (8 * degrees + 3);
    return Math.max(0, Math.min(1, (sigmas - USUAL_SIGMAS) / (CERTAIN_SIGMAS - USUAL_SIGMAS)));
  }
}
