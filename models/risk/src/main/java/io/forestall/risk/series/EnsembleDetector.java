package io.forestall.risk.series;

import java.io.DataInput;
import java.io.IOException;
import java.util.Arrays;

/**
 * The detector of one series. It looks at each value in several ways ({@link Part}): is it new
 * ({@link ValueNovelty}), beyond the range ({@link SeenRange}), unusual for the time of day ({@link
 * DailySeason}), does the series move more or less than it used to ({@link Swings}), is it unlike
 * the forecast ({@link Smoothing} and {@link Autoregression}), do errors last ({@link Charts}).
 * Each way gives a size; {@link TailCounts} turns it into a surprise, -ln of the share of the
 * series' own history that was at least as large. The weighted sum of the surprises (Fisher 1932)
 * is measured against its own history once more, which makes up for the parts not being
 * independent, and makes scores of different series comparable. Row A6.
 *
 * <p>The first values only give the scale, then they are replayed: all parts work in units of the
 * series' own usual distance from its median, most of them on a bent scale (inverse hyperbolic
 * sine) that is straight near the median and logarithmic far from it.
 *
 * <p>State and time of a step are bounded: less than 1 KiB, about half a microsecond, no
 * allocation. The past fades: counts are halved, seen values forgotten in two steps.
 */
public final class EnsembleDetector implements SeriesDetector {
  /** Values that give the scale; no value of them is scored. */
  private static final int WARM_UP = 64;

  /** Surprise at which an anomaly begins, in nats: about 1 value of 150 is as rare. */
  private static final double ALARM_SURPRISE = 5;

  /** Smallest unit, as part of the median: what is smaller is rounding. */
  private static final double LEAST_UNIT = 1e-6;

  private static final double MOST_UNITS = 1e15;
  private static final double MOST_BENT = 36;
  private static final double REACH = 12.8;

  /** Values after which the past is let go of, in two steps. */
  private static final int EPOCH = 10_000;

  /** A mean this far out, bent, is more than 70 units from where the scale was taken. */
  private static final double FAR_AWAY = 5;

  /** Usual steps smaller than this, bent, vanish within a cell. */
  private static final double STILL = 0.01;

  /** Beyond the warm-up a tail needs some history before its word counts. */
  private static final int LEAST_SAMPLES = 2 * WARM_UP;

  // The order of these is the order of the encoding: whatever is new comes last.
  private final Layout layout = new Layout();
  private final TailCounts whole = TailCounts.smooth(layout, 36, 3, -4);
  private final Refractory refractory = new Refractory(layout, ALARM_SURPRISE, 1, 0.1, 30, 600);
  private final ValueNovelty middle = new ValueNovelty(layout, REACH, 0.1);
  private final ValueNovelty coarse = new ValueNovelty(layout, REACH, 0.2);
  private final MovingMean recentBent = new MovingMean(layout, 0.1);
  private final ValueNovelty ofMean = new ValueNovelty(layout, REACH, 0.2);
  private final SeenRange range = new SeenRange(layout);
  private final MovingMean recent = new MovingMean(layout, 0.1);
  private final DailySeason season = new DailySeason(layout, 24, 60);
  private final Swings swings = new Swings(layout, 0.03, 0.01, 0.002);
  private final Smoothing smoothing = new Smoothing(layout, 0.2, 0.01, 0.02);
  private final Autoregression autoregression = new Autoregression(layout, 4, 0.02);
  private final Charts charts = new Charts(layout, 0.1, 1);
  private final MovingMean whereabouts = new MovingMean(layout, 0.001);

  private final TailCounts[] tails = new TailCounts[Part.values().length];
  private final double[] weights;

  private EnsembleDetector(double[] weights) {
    this.weights = weights;
    for (int i = 0; i < tails.length; i++) {
      tails[i] = TailCounts.octaves(layout, 16, -8);
    }
  }

  /**
   * What the detector looks at. A part that is never quite still, such as the error of a forecast,
   * is heard only beyond a surprise it often reaches; else its noise would drown the others.
   */
  public enum Part {
    /** Distance to all values seen, in tenths of the bent unit. */
    NOVELTY(1, 0),
    /** The same in fifths. */
    COARSE_NOVELTY(3, 0),
    /** The same for the mean of the last values. */
    MEAN_NOVELTY(0.4, 0),
    /** Widths of the seen range beyond it. */
    RANGE(1, 0),
    /** Distance of the mean of the last values from what is usual at this time of day. */
    SEASON(1, 0),
    /** How many times larger the last steps are than usual. */
    SWING_RISE(1, 2),
    /** How far the size of steps has changed, in either direction. */
    SWING_CHANGE(1, 0),
    /** Error of the forecast. */
    FORECAST(1, 4),
    /** Weighted mean of the errors. */
    EWMA_CHART(0.4, 4),
    /** Cumulative sums of the errors. */
    CUSUM_CHART(0.4, 4);

    private final double weight;
    private final double quiet;
    private final double usualShare;

    Part(double weight, double quiet) {
      this.weight = weight;
      this.quiet = quiet;
      this.usualShare = Math.exp(-quiet);
    }
  }

  /** The one configuration that serves all series. */
  public static EnsembleDetector standard() {
    double[] weights = new double[Part.values().length];
    for (Part part : Part.values()) {
      weights[part.ordinal()] = part.weight;
    }
    return new EnsembleDetector(weights);
  }

  /** The standard configuration with one part left out, to see what it adds. */
  public static EnsembleDetector without(Part part) {
    EnsembleDetector detector = standard();
    detector.weights[part.ordinal()] = 0;
    return detector;
  }

  @Override
  public SeriesState fresh() {
    EnsembleState state = new EnsembleState(layout);
    state.restart(WARM_UP);
    return state;
  }

  /**
   * Reads what {@link SeriesState#write} wrote, in this version or an older one.
   *
   * @throws IOException when it is broken or from a newer version
   */
  @Override
  public SeriesState read(DataInput in) throws IOException {
    EnsembleState state = new EnsembleState(layout);
    state.readFrom(in, WARM_UP);
    return state;
  }

  /** Score from which on a value is an anomaly, for both {@code score} and {@code onset}. */
  public static double threshold() {
    return 0.5;
  }

  @Override
  public void observe(SeriesState state, long timeMillis, double value, Reading out) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("a series takes no " + value);
    }
    EnsembleState series = (EnsembleState) state;
    if (series.age > 0 && series.age % EPOCH == 0) {
      turn(series);
    }
    if (series.age < WARM_UP) {
      warmUp(series, timeMillis, value, out);
      return;
    }
    series.samples++;
    series.age++;
    look(series, timeMillis, value, out);
    if (series.age < LEAST_SAMPLES) {
      out.warming = true;
      out.score = 0;
      out.onset = 0;
    }
  }

  private void warmUp(EnsembleState series, long timeMillis, double value, Reading out) {
    int at = series.age++;
    series.samples++;
    series.firstTimes[at] = timeMillis;
    series.firstValues[at] = value;
    if (at + 1 == WARM_UP) {
      long[] times = series.firstTimes;
      double[] values = series.firstValues;
      series.forgetFirst();
      fit(series, values);
      for (int i = 0; i < WARM_UP; i++) {
        look(series, times[i], values[i], out);
      }
    } else {
      out.expected = value;
      out.spread = Math.max(Math.abs(value), 1e-9);
      out.deviation = 0;
    }
    out.warming = true;
    out.score = 0;
    out.onset = 0;
  }

  /**
   * Forgets the far past; begins anew when the series has left the scale of its first values so far
   * behind that the parts can no longer see its usual changes.
   */
  private void turn(EnsembleState series) {
    double place = whereabouts.mean(series);
    double step = swings.usual(series);
    boolean finerUnit = step * series.unit > LEAST_UNIT * Math.abs(series.center);
    if (Math.abs(place) > FAR_AWAY || (step < STILL && finerUnit)) {
      series.restart(WARM_UP);
      return;
    }
    middle.turn(series);
    coarse.turn(series);
    ofMean.turn(series);
    range.turn(series);
  }

  /** Median and median distance from it; for a constant, a small part of it. */
  private static void fit(EnsembleState series, double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    double center = sorted[sorted.length / 2];
    for (int i = 0; i < sorted.length; i++) {
      sorted[i] = Math.abs(values[i] - center);
    }
    Arrays.sort(sorted);
    double median = sorted[sorted.length / 2];
    double most = sorted[sorted.length - 1];
    double unit = Math.max(median, Math.max(LEAST_UNIT * Math.abs(center), 1e-2 * most));
    series.center = center;
    series.unit = unit > 0 ? Math.min(unit, Double.MAX_VALUE) : 1e-3;
  }

  private void look(EnsembleState series, long timeMillis, double value, Reading out) {
    double units = (value - series.center) / series.unit;
    units = Math.max(-MOST_UNITS, Math.min(MOST_UNITS, units));
    double size = Math.abs(units);
    double bent = Math.copySign(Math.log(size + Math.sqrt(size * size + 1)), units);

    double mean = recent.add(series, units);
    double unusualForTheTime =
        season.known(series, timeMillis) ? Math.abs(mean - season.usual(series, timeMillis)) : 0;
    season.add(series, timeMillis, mean);

    double rise = swings.rise(series);
    double change = swings.change(series);
    swings.add(series, bent);

    double level = smoothing.forecast(series);
    double expected = level + autoregression.forecast(series);
    double spread = smoothing.spread(series);
    double error = (bent - expected) / spread;
    double cut = 3 * spread;
    autoregression.add(series, Math.max(-cut, Math.min(cut, bent - level)));
    smoothing.add(series, bent);
    charts.add(series, error);
    whereabouts.add(series, bent);

    double sum = surprise(series, Part.NOVELTY, middle.distance(series, bent));
    sum += surprise(series, Part.COARSE_NOVELTY, coarse.distance(series, bent));
    double meanBent = recentBent.add(series, bent);
    sum += surprise(series, Part.MEAN_NOVELTY, ofMean.distance(series, meanBent));
    sum += surprise(series, Part.RANGE, range.beyond(series, units));
    sum += surprise(series, Part.SEASON, unusualForTheTime);
    sum += surprise(series, Part.SWING_RISE, rise);
    sum += surprise(series, Part.SWING_CHANGE, change);
    sum += surprise(series, Part.FORECAST, Math.abs(error));
    sum += surprise(series, Part.EWMA_CHART, charts.mean(series));
    sum += surprise(series, Part.CUSUM_CHART, charts.sum(series));
    double surprise = whole.surprise(series, sum);

    out.warming = false;
    double calm = Math.max(-MOST_BENT, Math.min(MOST_BENT, expected));
    double up = Math.exp(calm);
    double down = 1 / up;
    out.expected = finite(series.center + (up - down) / 2 * series.unit);
    out.spread = Math.max(Double.MIN_NORMAL, finite(spread * (up + down) / 2 * series.unit));
    out.deviation = error;
    out.score = score(surprise);
    double onset = refractory.onset(series, surprise);
    out.onset = onset == surprise ? out.score : score(onset);
  }

  private double surprise(EnsembleState series, Part part, double size) {
    double weight = weights[part.ordinal()];
    if (weight == 0) {
      return 0;
    }
    double share = tails[part.ordinal()].share(series, size);
    return share >= part.usualShare ? 0 : weight * (-Math.log(share) - part.quiet);
  }

  private static double finite(double value) {
    return Math.max(-Double.MAX_VALUE, Math.min(Double.MAX_VALUE, value));
  }

  /** 0 for no surprise, a half at alarm level, towards 1 beyond. */
  private static double score(double surprise) {
    return 1 - Math.exp(-Math.log(2) / ALARM_SURPRISE * surprise);
  }
}
