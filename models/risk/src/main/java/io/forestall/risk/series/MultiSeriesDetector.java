package io.forestall.risk.series;

import java.util.Arrays;

/**
 * Watches all metrics of one server at once: one pass, bounded state, no look-ahead, one
 * configuration for all servers. Metrics come in raw units and are scaled here. Row A6. Not
 * thread-safe: one detector for each thread serves any number of servers.
 *
 * <p>Two kinds of evidence, of which the stronger one counts:
 *
 * <ul>
 *   <li><b>Sudden</b>: how many standard deviations the most unusual metrics are away from the mean
 *       of the last days. One metric alone is not enough: single metrics spike on every server
 *       every day.
 *   <li><b>Lasting</b>: how rare the distances from the usual value of this time of day, and from
 *       the level of the last half hour, are in the metric's own history; averaged over the most
 *       unusual metrics and over 20 minutes to 5 hours. How rare such an average is on this very
 *       server is the evidence.
 * </ul>
 *
 * <p>When peers are known, trouble that most of them have at the same time lets this server's own
 * evidence weigh more.
 */
public final class MultiSeriesDetector {
  /** Time scales of lasting evidence; count. */
  static final int LASTING_SCALES = 3;

  private static final double DAY_MILLIS = 86_400_000.0;
  private static final double MINUTE_MILLIS = 60_000.0;

  /** Nothing is said before so much time and so many rows. */
  private static final double WARM_MILLIS = DAY_MILLIS / 4;

  private static final int WARM_SAMPLES = 64;

  /** Rows further apart than this count as this, so that a silence does not wipe the past. */
  private static final double LONGEST_STEP_MILLIS = DAY_MILLIS / 4;

  private static final double OFFSET_HALF_LIFE_MILLIS = DAY_MILLIS;
  private static final double RECENT_HALF_LIFE_MILLIS = 0.02 * DAY_MILLIS;
  private static final double SPREAD_HALF_LIFE_MILLIS = 3 * DAY_MILLIS;
  private static final double MEAN_HALF_LIFE_MILLIS = 2 * DAY_MILLIS;

  /** Share that a bin of the season takes over of one day's values. */
  private static final double SEASON_SHARE = 0.3;

  /** A value moves the baseline by at most this many spreads: trouble must not become usual. */
  private static final double SEASON_CLIP = 3;

  private static final double RECENT_CLIP = 30;
  private static final double SPREAD_CLIP = 5;

  /** Spreads are at least this share of the value: raw units have no natural zero. */
  private static final double LEAST_RELATIVE_SPREAD = 1e-9;

  private static final double LEAST_SPREAD = 1e-12;

  /** Sudden evidence: mean of the largest sigmas, each up to a bound, in units of an alarm. */
  private static final int SUDDEN_METRICS = 6;

  private static final double SUDDEN_MOST_SIGMAS = 20;
  private static final double SUDDEN_ALARM_SIGMAS = 7.3;

  /** Lasting evidence: mean of the largest surprises, each up to a bound. */
  private static final int LASTING_METRICS = 5;

  private static final double LASTING_MOST_SURPRISE = 5;
  private static final double LASTING_SIZE = 4;

  /** An alarm is an average as rare as 1 in 10^2.2 rows of this server. */
  private static final double LASTING_ALARM_SURPRISE = 2.2;

  /**
   * And it is at least this surprise on average, one in about 60 on each of the most unusual
   * metrics: what is rarest on a server that is always well is no trouble.
   */
  private static final double LASTING_ALARM_AVERAGE = 1.75;

  /** Evidence of hours counts at most this much more than that of the last 20 minutes. */
  private static final double LASTING_LEAD = 1;

  private static final double[] LASTING_MINUTES = {20, 80, 320};

  /** What peers add: half of what the median peer's evidence is above 0.7 of an alarm. */
  private static final double PEERS_SHARE = 0.5;

  private static final double PEERS_LEAST = 0.7;

  /** Fewest metrics a mean is taken over; with fewer, the missing ones count as usual. */
  private static final int LEAST_METRICS = 4;

  private double[] sigmas = new double[0];
  private double[] surprises = new double[0];

  /** A detector with no memory of its own. */
  public MultiSeriesDetector() {}

  /** Scores at or above this are alarms. The same for all servers; never tuned on them. */
  public static double threshold() {
    return 0.5;
  }

  /**
   * State of a server of which nothing is known yet.
   *
   * @param metrics metrics of each of its rows, 1 to {@link MultiSeriesState#MAXIMUM_METRICS}
   */
  public MultiSeriesState fresh(int metrics) {
    return new MultiSeriesState(metrics);
  }

  /**
   * Takes one row in.
   *
   * @param state what is remembered of the server; moved on
   * @param timeMillis event time, above that of the row before; epoch milliseconds
   * @param values one for each metric, in raw units; NaN where absent. A row whose values are all
   *     equal, or all absent, is a gap: the score stays as it was
   * @param peersEvidence median of the peers' {@link Reading#evidence} in the last closed window,
   *     NaN when there are no peers
   * @param out receives what is said of this row; overwritten
   * @throws IllegalArgumentException when the row has another length than the state
   */
  public void observe(
      MultiSeriesState state, long timeMillis, double[] values, double peersEvidence, Reading out) {
    if (values.length != state.metrics) {
      throw new IllegalArgumentException(
          "a row of " + values.length + " metrics for a server of " + state.metrics);
    }
    boolean gap = gap(values);
    if (state.firstMillis == MultiSeriesState.NEVER && !gap) {
      state.firstMillis = timeMillis;
    }
    boolean warming = state.samples < WARM_SAMPLES || timeMillis - state.firstMillis < WARM_MILLIS;
    out.gap = gap;
    out.warming = warming;
    double sudden = 0;
    if (!gap) {
      double stepMillis =
          state.lastMillis == MultiSeriesState.NEVER
              ? 0
              : Math.min(LONGEST_STEP_MILLIS, (double) (timeMillis - state.lastMillis));
      Steps steps = new Steps(state, timeMillis, stepMillis);
      grow(state.metrics);
      for (int metric = 0; metric < state.metrics; metric++) {
        observe(state, metric, values[metric], steps, warming);
      }
      state.visits[steps.bin]++;
      if (!warming) {
        sudden = out.metric(sigmas, state.metrics, SUDDEN_METRICS) / SUDDEN_ALARM_SIGMAS;
        smooth(state, mean(surprises, state.metrics, LASTING_METRICS), stepMillis);
      }
      state.samples++;
      state.lastMillis = timeMillis;
    }
    double lasting = warming ? 0 : lasting(state, gap, timeMillis) / LASTING_ALARM_SURPRISE;
    out.sudden = sudden;
    out.lasting = lasting;
    out.evidence = Math.max(sudden, lasting);
    double whole = out.evidence;
    if (peersEvidence > PEERS_LEAST && !warming) {
      whole += PEERS_SHARE * (peersEvidence - PEERS_LEAST);
    }
    out.score = whole / (1 + whole);
    out.alarm = state.hold.observe(out.score >= threshold());
  }

  /** Sigmas and surprise of one metric, by what was known before; then it is taken in. */
  private void observe(MultiSeriesState state, int metric, double x, Steps steps, boolean warming) {
    sigmas[metric] = 0;
    surprises[metric] = 0;
    if (!Double.isFinite(x)) {
      return;
    }
    double[] numbers = state.numbers;
    int at = metric * MultiSeriesState.NUMBERS;
    if (!state.seen[metric]) {
      state.seen[metric] = true;
      Arrays.fill(numbers, at, at + MultiSeriesState.SEASON_BINS, x);
      numbers[at + MultiSeriesState.RECENT] = x;
      numbers[at + MultiSeriesState.MEAN] = x;
    }
    double season =
        (1 - steps.toNext) * numbers[at + steps.bin] + steps.toNext * numbers[at + steps.nextBin];
    double fromSeason = x - season - numbers[at + MultiSeriesState.OFFSET];
    double fromRecent = x - numbers[at + MultiSeriesState.RECENT];
    double seasonSpread = numbers[at + MultiSeriesState.SEASON_SPREAD];
    double recentSpread = numbers[at + MultiSeriesState.RECENT_SPREAD];
    double least = LEAST_RELATIVE_SPREAD * Math.abs(x) + LEAST_SPREAD;
    double seasonSize = Math.abs(fromSeason) / (seasonSpread + least);
    double recentSize = Math.abs(fromRecent) / (recentSpread + least);
    int seasonCounts = metric * MultiSeriesState.COUNTS;
    int recentCounts = seasonCounts + SizeCounts.BINS;
    double fromMean = x - numbers[at + MultiSeriesState.MEAN];
    if (!warming) {
      double variance = numbers[at + MultiSeriesState.VARIANCE];
      // A metric that never moved gives no sigmas; its first move is a surprise below.
      sigmas[metric] =
          variance > 0 ? Math.min(SUDDEN_MOST_SIGMAS, Math.abs(fromMean) / Math.sqrt(variance)) : 0;
      surprises[metric] =
          Math.min(
              LASTING_MOST_SURPRISE,
              Math.max(
                  SizeCounts.surprise(state.counts, seasonCounts, seasonSize),
                  SizeCounts.surprise(state.counts, recentCounts, recentSize)));
    }
    if (steps.counting) {
      SizeCounts.add(state.counts, seasonCounts, seasonSize);
      SizeCounts.add(state.counts, recentCounts, recentSize);
    }
    double seasonMove =
        warming || seasonSpread <= LEAST_SPREAD
            ? fromSeason
            : clip(fromSeason, SEASON_CLIP * seasonSpread);
    numbers[at + MultiSeriesState.OFFSET] += steps.offset * seasonMove;
    numbers[at + steps.bin] += steps.season * (1 - steps.toNext) * seasonMove;
    numbers[at + steps.nextBin] += steps.season * steps.toNext * seasonMove;
    numbers[at + MultiSeriesState.RECENT] +=
        steps.recent
            * (warming || recentSpread <= LEAST_SPREAD
                ? fromRecent
                : clip(fromRecent, RECENT_CLIP * recentSpread));
    numbers[at + MultiSeriesState.SEASON_SPREAD] +=
        steps.spread * (bounded(fromSeason, seasonSpread, warming) - seasonSpread);
    numbers[at + MultiSeriesState.RECENT_SPREAD] +=
        steps.spread * (bounded(fromRecent, recentSpread, warming) - recentSpread);
    numbers[at + MultiSeriesState.MEAN] += steps.mean * fromMean;
    numbers[at + MultiSeriesState.VARIANCE] =
        (1 - steps.mean)
            * (numbers[at + MultiSeriesState.VARIANCE] + steps.mean * fromMean * fromMean);
  }

  private static double clip(double value, double limit) {
    return Math.max(-limit, Math.min(limit, value));
  }

  private static double bounded(double distance, double spread, boolean warming) {
    double size = Math.abs(distance);
    return warming ? size : Math.min(size, Math.max(SPREAD_CLIP * spread, LEAST_SPREAD));
  }

  private static void smooth(MultiSeriesState state, double surprise, double stepMillis) {
    for (int scale = 0; scale < LASTING_SCALES; scale++) {
      double share = -Math.expm1(-stepMillis / (LASTING_MINUTES[scale] * MINUTE_MILLIS));
      state.lasting[scale] += share * (surprise - state.lasting[scale]);
    }
  }

  private static double lasting(MultiSeriesState state, boolean gap, long timeMillis) {
    boolean counting = timeMillis - state.firstMillis >= 2 * WARM_MILLIS;
    double shortest = 0;
    double most = 0;
    for (int scale = 0; scale < LASTING_SCALES && counting; scale++) {
      double size = LASTING_SIZE * state.lasting[scale];
      int at = scale * SizeCounts.BINS;
      double surprise =
          Math.min(
              SizeCounts.surprise(state.lastingCounts, at, size),
              LASTING_ALARM_SURPRISE * state.lasting[scale] / LASTING_ALARM_AVERAGE);
      shortest = scale == 0 ? surprise : shortest;
      most = Math.max(most, Math.min(surprise, shortest + LASTING_LEAD));
      if (!gap) {
        SizeCounts.add(state.lastingCounts, at, size);
      }
    }
    return most;
  }

  /** Mean of the largest values; the array is sorted by this. */
  private static double mean(double[] values, int n, int largest) {
    Arrays.sort(values, 0, n);
    int count = Math.min(largest, n);
    double sum = 0;
    for (int i = n - count; i < n; i++) {
      sum += values[i];
    }
    return sum / Math.max(count, LEAST_METRICS);
  }

  private static boolean gap(double[] values) {
    for (double value : values) {
      if (Double.isFinite(value) && (value != values[0] || values.length == 1)) {
        return false;
      }
    }
    return true;
  }

  private void grow(int metrics) {
    if (sigmas.length < metrics) {
      sigmas = new double[metrics];
      surprises = new double[metrics];
    }
  }

  /** How far each part moves with one row: the same for all metrics of it. */
  private static final class Steps {
    final int bin;
    final int nextBin;
    final double toNext;
    final double season;
    final double offset;
    final double recent;
    final double spread;
    final double mean;
    final boolean counting;

    Steps(MultiSeriesState state, long timeMillis, double stepMillis) {
      double place =
          Math.floorMod(timeMillis, (long) DAY_MILLIS) / DAY_MILLIS * MultiSeriesState.SEASON_BINS;
      bin = (int) place;
      nextBin = (bin + 1) % MultiSeriesState.SEASON_BINS;
      toNext = place - bin;
      double first = 1.0 / (state.samples + 1);
      double sinceFirst = timeMillis - state.firstMillis;
      double binMillis = DAY_MILLIS / MultiSeriesState.SEASON_BINS;
      season =
          Math.max(
              SEASON_SHARE * stepMillis / binMillis,
              sinceFirst < 2 * DAY_MILLIS ? 1.0 / (state.visits[bin] + 2) : 0);
      offset =
          Math.max(
              share(stepMillis, OFFSET_HALF_LIFE_MILLIS),
              sinceFirst < DAY_MILLIS ? SEASON_SHARE * first : 0);
      recent = Math.max(share(stepMillis, RECENT_HALF_LIFE_MILLIS), first);
      spread = Math.max(share(stepMillis, SPREAD_HALF_LIFE_MILLIS), first);
      mean = Math.max(share(stepMillis, MEAN_HALF_LIFE_MILLIS), Math.min(0.05, first));
      counting = sinceFirst >= WARM_MILLIS / 4;
    }

    private static double share(double stepMillis, double halfLifeMillis) {
      return 1 - Math.pow(0.5, stepMillis / halfLifeMillis);
    }
  }

  /** What the detector says of one row. Mutable, so that one serves a thread for ever. */
  public static final class Reading {
    /** Calibrated anomaly score, 0 usual to 1 certain; an alarm from {@link #threshold} on. */
    public double score;

    /** True while there is an alarm, which is held a while after the last high score. */
    public boolean alarm;

    /** Evidence of this server alone, 1 for an alarm; what its peers are told. */
    public double evidence;

    /** Part of the evidence that is sudden, 1 for an alarm. */
    public double sudden;

    /** Part of the evidence that lasts, 1 for an alarm. */
    public double lasting;

    /** Metric that is most standard deviations away, -1 for none; index from 0. */
    public int worstMetric = -1;

    /** True for a row of which nothing could be said. */
    public boolean gap;

    /** True while too little has been seen for any score above 0. */
    public boolean warming;

    /** Nothing said yet. */
    public Reading() {}

    private double metric(double[] sigmas, int metrics, int largest) {
      worstMetric = -1;
      double most = 0;
      for (int metric = 0; metric < metrics; metric++) {
        if (sigmas[metric] > most) {
          most = sigmas[metric];
          worstMetric = metric;
        }
      }
      return mean(sigmas, metrics, largest);
    }
  }
}
