package io.forestall.risk.series;

import java.io.DataInput;
import java.io.IOException;
import java.util.Arrays;

/**
 * The detector of one series. It looks at each value in several ways: new value ({@link
 * ValueNovelty}, at three widths), beyond the range, spread beyond its range, unusual for the time
 * of day, unlike the forecast ({@link Smoothing} and {@link Autoregression}), errors that last
 * ({@link Charts}). Each way gives a size; {@link TailCounts} turns it into a surprise, -ln of the
 * share of the series' own history that was at least as large. The weighted sum of the surprises
 * (Fisher 1932) is measured against its own history once more, which makes up for the parts not
 * being independent. Row A6.
 *
 * <p>The first values only give the scale, then they are replayed: all parts work in units of the
 * series' own usual distance from its median.
 */
public final class EnsembleDetector implements SeriesDetector {
  /** Values that give the scale; no value of them is scored. */
  private static final int WARM_UP = 64;

  /** Surprise at which an anomaly begins, in nats: about 1 value of 150 is as rare. */
  private static final double ALARM_SURPRISE = 5;

  private static final double MOST_UNITS = 1e15;

  /** Beyond the warm-up a tail needs some history before its word counts. */
  private static final int LEAST_SAMPLES = 2 * WARM_UP;

  private final Layout layout = new Layout();

  private final ValueNovelty fine = new ValueNovelty(layout, 12.8, 0.05);
  private final ValueNovelty middle = new ValueNovelty(layout, 12.8, 0.1);
  private final ValueNovelty coarse = new ValueNovelty(layout, 12.8, 0.2);
  private final SeenRange range = new SeenRange(layout);
  private final MovingSpread wobble = new MovingSpread(layout, 0.02);
  private final SeenRange wobbleRange = new SeenRange(layout);
  private final MovingSpread recent = new MovingSpread(layout, 0.1);
  private final DailySeason season = new DailySeason(layout, 48, 60);
  private final Smoothing smoothing = new Smoothing(layout, 0.2, 0.01, 0.02);
  private final Autoregression autoregression = new Autoregression(layout, 4, 0.02);
  private final Charts charts = new Charts(layout, 0.1, 1);

  private final TailCounts[] tails = new TailCounts[Part.values().length];
  private final TailCounts whole;
  private final Refractory refractory;
  private final double[] weights;

  private EnsembleDetector(double[] weights) {
    this.weights = weights;
    for (int i = 0; i < tails.length; i++) {
      tails[i] = new TailCounts(layout, 32, 2, -8);
    }
    whole = new TailCounts(layout, 64, 4, -4);
    refractory = new Refractory(layout, ALARM_SURPRISE, 1, 0.07, 50, 400);
  }

  /** What the detector looks at. */
  public enum Part {
    FINE_NOVELTY(1),
    NOVELTY(1),
    COARSE_NOVELTY(1),
    RANGE(1),
    SPREAD_RANGE(1),
    SEASON(1),
    FORECAST(0),
    EWMA_CHART(0),
    CUSUM_CHART(0);

    private final double weight;

    Part(double weight) {
      this.weight = weight;
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
    return new EnsembleState(layout, WARM_UP);
  }

  /**
   * Reads what {@link SeriesState#write} wrote, in this version or an older one.
   *
   * @throws IOException when it is broken or from a newer version
   */
  public SeriesState read(DataInput in) throws IOException {
    EnsembleState state = new EnsembleState(layout, WARM_UP);
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
    if (series.samples < WARM_UP) {
      warmUp(series, timeMillis, value, out);
      return;
    }
    series.samples++;
    look(series, timeMillis, value, out);
    if (series.samples < LEAST_SAMPLES) {
      out.warming = true;
      out.score = 0;
      out.onset = 0;
    }
  }

  private void warmUp(EnsembleState series, long timeMillis, double value, Reading out) {
    int at = (int) series.samples++;
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

  /** Median and median distance from it; for a constant, a thousandth of it. */
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
    double unit = Math.max(median, Math.max(1e-3 * Math.abs(center), 1e-2 * most));
    series.center = center;
    series.unit = unit > 0 ? unit : 1e-3;
  }

  private void look(EnsembleState series, long timeMillis, double value, Reading out) {
    double units = (value - series.center) / series.unit;
    units = Math.max(-MOST_UNITS, Math.min(MOST_UNITS, units));
    double size = Math.abs(units);
    double bent = Math.copySign(Math.log(size + Math.sqrt(size * size + 1)), units);

    wobble.add(series, units);
    recent.add(series, units);
    double mean = recent.mean(series);
    double unusualForTheTime =
        season.known(series, timeMillis) ? Math.abs(mean - season.usual(series, timeMillis)) : 0;
    season.add(series, timeMillis, mean);

    double level = smoothing.forecast(series);
    double expected = level + autoregression.forecast(series);
    double spread = smoothing.spread(series);
    double error = (units - expected) / spread;
    double cut = 3 * spread;
    autoregression.add(series, Math.max(-cut, Math.min(cut, units - level)));
    smoothing.add(series, units);
    charts.add(series, error);

    double sum = surprise(series, Part.FINE_NOVELTY, fine.distance(series, bent));
    sum += surprise(series, Part.NOVELTY, middle.distance(series, bent));
    sum += surprise(series, Part.COARSE_NOVELTY, coarse.distance(series, bent));
    sum += surprise(series, Part.RANGE, range.beyond(series, units));
    sum +=
        surprise(series, Part.SPREAD_RANGE, wobbleRange.beyond(series, wobble.deviation(series)));
    sum += surprise(series, Part.SEASON, unusualForTheTime);
    sum += surprise(series, Part.FORECAST, Math.abs(error));
    sum += surprise(series, Part.EWMA_CHART, charts.mean(series));
    sum += surprise(series, Part.CUSUM_CHART, charts.sum(series));
    double surprise = whole.surprise(series, sum);

    out.warming = false;
    out.expected = series.center + expected * series.unit;
    out.spread = spread * series.unit;
    out.deviation = error;
    out.score = score(surprise);
    out.onset = score(refractory.onset(series, surprise));
  }

  private double surprise(EnsembleState series, Part part, double size) {
    double weight = weights[part.ordinal()];
    return weight == 0 ? 0 : weight * tails[part.ordinal()].surprise(series, size);
  }

  /** 0 for no surprise, a half at alarm level, towards 1 beyond. */
  private static double score(double surprise) {
    return 1 - Math.exp(-Math.log(2) / ALARM_SURPRISE * surprise);
  }
}
