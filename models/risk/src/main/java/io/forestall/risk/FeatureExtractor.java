package io.forestall.risk;

import static io.forestall.risk.DiskState.CYCLES;
import static io.forestall.risk.DiskState.EVENTS;
import static io.forestall.risk.DiskState.HIGH_FLY;
import static io.forestall.risk.DiskState.LAST;
import static io.forestall.risk.DiskState.OFFLINE;
import static io.forestall.risk.DiskState.PENDING;
import static io.forestall.risk.DiskState.REALLOCATED;
import static io.forestall.risk.DiskState.SPIN;
import static io.forestall.risk.DiskState.SUM_30;
import static io.forestall.risk.DiskState.SUM_7;
import static io.forestall.risk.DiskState.TIMEOUTS;
import static io.forestall.risk.DiskState.UNCORRECTABLE;
import static io.forestall.risk.DiskState.UNSEEN_DAYS;

import java.util.List;

/**
 * Turns samples of one disk into the inputs of a sequence model. Row A5. By time and not by count:
 * everything that forgets does so with the days between samples, and nothing later than the sample
 * is looked at. Bounded: sums that decay, no windows of samples.
 *
 * <p>Trained weights stand on exactly these inputs. A change of a formula or constant here needs
 * new weights.
 *
 * <p>Not thread-safe.
 */
public final class FeatureExtractor {
  /** Length of an input. */
  public static final int INPUTS = 24;

  /** Index of the input that each model fills from its own failure rates. */
  public static final int DRIVE_MODEL_HAZARD = 23;

  /** Names of the inputs, by index. */
  public static final List<String> NAMES =
      List.of(
          "reallocated_level",
          "reported_uncorrectable_level",
          "command_timeouts_level",
          "pending_level",
          "offline_uncorrectable_level",
          "gap_days",
          "mechanical_level",
          "reallocated_growth_7d",
          "reallocated_growth_30d",
          "pending_growth_7d",
          "pending_growth_30d",
          "uncorrectable_growth_7d",
          "uncorrectable_growth_30d",
          "timeouts_growth_7d",
          "errors_cusum",
          "errors_deviation",
          "last_rise_recency",
          "errors_breadth",
          "damage_pending_correlation",
          "age",
          "power_cycles_growth_30d",
          "temperature_deviation",
          "counters_known",
          "drive_model_hazard");

  static final int REALLOCATED_LEVEL = 0;
  static final int UNCORRECTABLE_LEVEL = 1;
  static final int TIMEOUTS_LEVEL = 2;
  static final int PENDING_LEVEL = 3;
  static final int OFFLINE_LEVEL = 4;
  static final int GAP = 5;
  static final int MECHANICAL_LEVEL = 6;
  static final int REALLOCATED_GROWTH_7 = 7;
  static final int REALLOCATED_GROWTH_30 = 8;
  static final int PENDING_GROWTH_7 = 9;
  static final int PENDING_GROWTH_30 = 10;
  static final int UNCORRECTABLE_GROWTH_7 = 11;
  static final int UNCORRECTABLE_GROWTH_30 = 12;
  static final int TIMEOUTS_GROWTH_7 = 13;
  static final int ERRORS_CUSUM = 14;
  static final int ERRORS_DEVIATION = 15;
  static final int LAST_RISE = 16;
  static final int ERRORS_BREADTH = 17;
  static final int CORRELATION = 18;
  static final int AGE = 19;
  static final int CYCLES_GROWTH_30 = 20;
  static final int TEMPERATURE_DEVIATION = 21;
  static final int COUNTERS_KNOWN = 22;

  /** Error counters are the first eight counters; the ninth, power cycles, is no error. */
  static final int ERROR_COUNTERS = 8;

  /** A value that was last seen longer ago than this is no longer known; days. */
  static final float KNOWN_DAYS = 45f;

  private static final double DAY_MILLIS = 86_400_000.0;
  private static final double WEEK_DAYS = 7;
  private static final double MONTH_DAYS = 30;

  /** Larger counts are vendor packing or nonsense; all smaller ones are exact in a float. */
  private static final double MAXIMUM_COUNT = 1e7;

  private static final double MAXIMUM_HOURS = 200_000;

  /** Below this a decayed sum is 0: it keeps the arithmetic off denormal numbers. */
  private static final float FORGOTTEN = 1e-4f;

  /** Normal growth that the CUSUM chart allows; nats of rise a day. */
  private static final double CUSUM_ALLOWANCE = 0.1;

  private static final double CUSUM_MAXIMUM = 30;

  /** Rises before the first sample are assumed to be this old; days. */
  private static final double ASSUMED_RISE_DAYS = 60;

  private static final double CHECKPOINT_MILLIS = 7 * DAY_MILLIS;

  private static final double LEVEL_SCALE = 1 / 3.0;
  private static final double GROWTH_SCALE = 1 / 2.5;

  /** Rises that make an error counter's last rise, and the distinct ones counted as breadth. */
  private static final boolean[] TELLING = new boolean[ERROR_COUNTERS];

  static {
    for (int counter : new int[] {REALLOCATED, UNCORRECTABLE, PENDING, OFFLINE, EVENTS, SPIN}) {
      TELLING[counter] = true;
    }
  }

  private final DriveModelHazards hazards;

  // The decay of the last gap: a fleet's samples come a day apart, so two exponentials are saved
  // for nearly every sample.
  private double decayDays = -1;
  private double decay7 = 1;
  private double decay30 = 1;

  /** Extractor that knows no drive model: the input {@link #DRIVE_MODEL_HAZARD} is 0. */
  public FeatureExtractor() {
    this(DriveModelHazards.NONE);
  }

  /** Extractor that fills the input {@link #DRIVE_MODEL_HAZARD} from the given rates. */
  public FeatureExtractor(DriveModelHazards hazards) {
    this.hazards = hazards;
  }

  /**
   * Moves the state's statistics on by one sample, counts the sample, and writes its inputs.
   *
   * @param out receives {@link #INPUTS} values, each finite and within -3 to 3
   * @throws IllegalArgumentException when the sample is not newer than the state's last one
   */
  public void extract(DiskState state, DiskSample sample, float[] out) {
    long timeMillis = sample.timeMillis();
    boolean first = state.samples == 0;
    if (!first && timeMillis <= state.lastTimeMillis) {
      throw new IllegalArgumentException(
          "Sample of disk "
              + sample.disk()
              + " at "
              + timeMillis
              + " is not newer than the last one at "
              + state.lastTimeMillis
              + ": check it before extracting");
    }
    double days = first ? 0 : ((double) timeMillis - state.lastTimeMillis) / DAY_MILLIS;
    if (days != decayDays) {
      decayDays = days;
      decay7 = Math.exp(-days / WEEK_DAYS);
      decay30 = Math.exp(-days / MONTH_DAYS);
    }
    if (first) {
      state.firstTimeMillis = timeMillis;
      state.checkpointOldMillis = timeMillis;
      state.checkpointNewMillis = timeMillis;
    }
    state.samples++;
    state.lastTimeMillis = timeMillis;

    float[] s = state.statistics;
    double shock = 0;
    for (int counter = 0; counter < DiskState.COUNTERS.length; counter++) {
      double value = count(DiskState.COUNTERS[counter], sample.value(DiskState.COUNTERS[counter]));
      double rise = 0;
      if (Double.isNaN(value)) {
        s[UNSEEN_DAYS + counter] += (float) days;
      } else {
        float before = s[LAST + counter];
        s[LAST + counter] = (float) value;
        s[UNSEEN_DAYS + counter] = 0;
        if (Float.isNaN(before)) {
          if (counter < ERROR_COUNTERS
              && TELLING[counter]
              && value > 0
              && state.lastRiseMillis == Long.MIN_VALUE) {
            state.lastRiseMillis = timeMillis - (long) (ASSUMED_RISE_DAYS * DAY_MILLIS);
          }
        } else {
          rise = value - before;
        }
        if (rise > 0 && counter < ERROR_COUNTERS && TELLING[counter]) {
          state.lastRiseMillis = timeMillis;
          if (counter <= OFFLINE) { // timeouts are not telling, so these are 5, 187, 197, 198
            shock += Math.log(1 + rise);
          }
        }
        if (rise < 0 && counter != PENDING) {
          rise = 0; // such a counter falls only by a reset, which says nothing of the disk
        }
      }
      s[SUM_7 + counter] = forget(s[SUM_7 + counter] * decay7 + rise);
      s[SUM_30 + counter] = forget(s[SUM_30 + counter] * decay30 + rise);
    }
    checkpoint(state, timeMillis, first);

    out[REALLOCATED_LEVEL] = level(Math.max(known(s, REALLOCATED), known(s, EVENTS)));
    out[UNCORRECTABLE_LEVEL] = level(known(s, UNCORRECTABLE));
    out[TIMEOUTS_LEVEL] = level(known(s, TIMEOUTS));
    out[PENDING_LEVEL] = level(known(s, PENDING));
    out[OFFLINE_LEVEL] = level(known(s, OFFLINE));
    out[GAP] = days <= 1 ? 0f : clamp(Math.log(days));
    out[MECHANICAL_LEVEL] =
        clamp(Math.max(log1p(known(s, SPIN)), 0.5 * log1p(known(s, HIGH_FLY))) / 2);
    out[REALLOCATED_GROWTH_7] = growth(Math.max(s[SUM_7 + REALLOCATED], s[SUM_7 + EVENTS]));
    out[REALLOCATED_GROWTH_30] = growth(Math.max(s[SUM_30 + REALLOCATED], s[SUM_30 + EVENTS]));
    out[PENDING_GROWTH_7] = growth(s[SUM_7 + PENDING]);
    out[PENDING_GROWTH_30] = growth(s[SUM_30 + PENDING]);
    out[UNCORRECTABLE_GROWTH_7] = growth(s[SUM_7 + UNCORRECTABLE] + s[SUM_7 + OFFLINE]);
    out[UNCORRECTABLE_GROWTH_30] = growth(s[SUM_30 + UNCORRECTABLE] + s[SUM_30 + OFFLINE]);
    out[TIMEOUTS_GROWTH_7] =
        growth(s[SUM_7 + TIMEOUTS] + s[SUM_7 + SPIN] + 0.25 * s[SUM_7 + HIGH_FLY]);
    out[ERRORS_DEVIATION] = deviation(s, shock, days);
    out[ERRORS_CUSUM] = cusum(s, shock, days);
    out[LAST_RISE] = recency(state.lastRiseMillis, timeMillis);
    breadth(s, out);
    out[CORRELATION] = correlation(s);
    out[AGE] = age(s, sample.value(DiskMetric.POWER_ON_HOURS), days);
    out[CYCLES_GROWTH_30] = clamp(0.7 * log1p(s[SUM_30 + CYCLES]));
    out[TEMPERATURE_DEVIATION] = temperature(s, sample, days);
    out[DRIVE_MODEL_HAZARD] = hazards.input(sample.model());
  }

  /**
   * A counter's value as it is used: NaN when absent or impossible, else 0 to 10 million. Command
   * timeouts are three packed 16-bit numbers on some drives; the lowest is the count.
   */
  static double count(DiskMetric metric, double raw) {
    if (!(raw >= 0) || raw == Double.POSITIVE_INFINITY) {
      return Double.NaN;
    }
    if (metric == DiskMetric.COMMAND_TIMEOUTS && raw > 0xFFFF) {
      return (long) raw & 0xFFFF;
    }
    return Math.min(raw, MAXIMUM_COUNT);
  }

  /**
   * Power-on hours as they are used: NaN when absent or impossible. Some drives pack a fraction
   * above the low 32 bits.
   */
  static double hours(double raw) {
    if (!(raw >= 0) || raw == Double.POSITIVE_INFINITY) {
      return Double.NaN;
    }
    double hours = raw > 0xFFFF_FFFFL ? (double) ((long) raw & 0xFFFF_FFFFL) : raw;
    return hours > MAXIMUM_HOURS ? Double.NaN : hours;
  }

  /**
   * Temperature in Celsius; NaN when absent or impossible. Drives pack extremes above the low byte.
   */
  static double celsius(double raw) {
    if (!(raw >= -40) || raw == Double.POSITIVE_INFINITY) {
      return Double.NaN;
    }
    double celsius = raw > 255 ? (double) ((long) raw & 0xFF) : raw;
    return celsius > 120 ? Double.NaN : celsius;
  }

  /** Last value of a counter, 0 when it is not known. */
  static double known(float[] statistics, int counter) {
    return isKnown(statistics, counter) ? statistics[LAST + counter] : 0;
  }

  static boolean isKnown(float[] statistics, int counter) {
    return !Float.isNaN(statistics[LAST + counter])
        && statistics[UNSEEN_DAYS + counter] <= KNOWN_DAYS;
  }

  /**
   * Two values of each counter, 7 to 14 and 0 to 7 days old, so that a reason can say since when a
   * counter rose.
   */
  private static void checkpoint(DiskState state, long timeMillis, boolean first) {
    if (!first && timeMillis - state.checkpointNewMillis < CHECKPOINT_MILLIS) {
      return;
    }
    float[] s = state.statistics;
    int n = DiskState.COUNTERS.length;
    if (first) {
      System.arraycopy(s, LAST, s, DiskState.CHECKPOINT_OLD, n);
    } else {
      System.arraycopy(s, DiskState.CHECKPOINT_NEW, s, DiskState.CHECKPOINT_OLD, n);
      state.checkpointOldMillis = state.checkpointNewMillis;
    }
    System.arraycopy(s, LAST, s, DiskState.CHECKPOINT_NEW, n);
    state.checkpointNewMillis = timeMillis;
  }

  /**
   * How far the rises since the last sample are from what this disk's own past leads one to expect,
   * in standard deviations.
   */
  private float deviation(float[] s, double shock, double days) {
    double meanRate = s[DiskState.SHOCK_SUM] / MONTH_DAYS;
    double squareRate = s[DiskState.SHOCK_SQUARES] / MONTH_DAYS;
    double expected = meanRate * days;
    double sigma = Math.sqrt(squareRate * days);
    s[DiskState.SHOCK_SUM] = forget(s[DiskState.SHOCK_SUM] * decay30 + shock);
    s[DiskState.SHOCK_SQUARES] = forget(s[DiskState.SHOCK_SQUARES] * decay30 + shock * shock);
    return clamp((shock - expected) / (sigma + 0.5));
  }

  private static float cusum(float[] s, double shock, double days) {
    double sum = s[DiskState.CUSUM] - CUSUM_ALLOWANCE * days;
    sum = Math.min(CUSUM_MAXIMUM, Math.max(0, sum) + shock);
    s[DiskState.CUSUM] = (float) sum;
    return clamp(0.85 * log1p(sum));
  }

  private static float recency(long lastRiseMillis, long timeMillis) {
    if (lastRiseMillis == Long.MIN_VALUE) {
      return -1f;
    }
    double days = Math.max(0, (timeMillis - lastRiseMillis) / DAY_MILLIS);
    return (float) Math.max(-1, 2.5 - 0.6 * Math.log(1 + days));
  }

  private static void breadth(float[] s, float[] out) {
    int known = 0;
    int positive = 0;
    for (int counter = 0; counter < ERROR_COUNTERS; counter++) {
      if (isKnown(s, counter)) {
        known++;
        if (s[LAST + counter] > 0 && counter != HIGH_FLY) {
          positive++;
        }
      }
    }
    out[COUNTERS_KNOWN] = 3f * ((float) known / ERROR_COUNTERS - 0.6f);
    out[ERRORS_BREADTH] = clamp(positive / 2.0);
  }

  /**
   * Whether damage (5, 187) and pending sectors (197, 198) rise together, 0 to 2, fading over a
   * month.
   */
  private float correlation(float[] s) {
    double damage = log1p(s[SUM_7 + REALLOCATED] + s[SUM_7 + UNCORRECTABLE]);
    double pending = log1p(Math.max(0, s[SUM_7 + PENDING]) + s[SUM_7 + OFFLINE]);
    double weight = 1 - decay30;
    double squares = s[DiskState.DAMAGE_SQUARES] * decay30 + damage * damage * weight;
    double others = s[DiskState.PENDING_SQUARES] * decay30 + pending * pending * weight;
    double products = s[DiskState.CROSS_PRODUCTS] * decay30 + damage * pending * weight;
    s[DiskState.DAMAGE_SQUARES] = forget(squares);
    s[DiskState.PENDING_SQUARES] = forget(others);
    s[DiskState.CROSS_PRODUCTS] = forget(products);
    return products == 0 ? 0f : clamp(2 * products / (Math.sqrt(squares * others) + 0.01));
  }

  /** Age from power-on hours; between readings the disk is taken to run on. */
  private static float age(float[] s, double raw, double days) {
    double hours = hours(raw);
    if (Double.isNaN(hours)) {
      s[DiskState.HOURS_UNSEEN_DAYS] += (float) days;
    } else {
      s[DiskState.HOURS] = (float) hours;
      s[DiskState.HOURS_UNSEEN_DAYS] = 0;
    }
    if (Float.isNaN(s[DiskState.HOURS])) {
      return 0f;
    }
    double years = (s[DiskState.HOURS] + 24.0 * s[DiskState.HOURS_UNSEEN_DAYS]) / 8766;
    return clamp((years - 2) / 1.5);
  }

  /**
   * How far the temperature is from this disk's own moving average, in units of 4 Celsius; 0 when
   * it is absent.
   */
  private float temperature(float[] s, DiskSample sample, double days) {
    double celsius = celsius(sample.value(DiskMetric.TEMPERATURE));
    if (Double.isNaN(celsius)) {
      celsius = celsius(sample.value(DiskMetric.AIRFLOW_TEMPERATURE));
    }
    if (Double.isNaN(celsius)) {
      s[DiskState.TEMPERATURE_UNSEEN_DAYS] += (float) days;
      return 0f;
    }
    double unseen = s[DiskState.TEMPERATURE_UNSEEN_DAYS] + days;
    s[DiskState.TEMPERATURE_UNSEEN_DAYS] = 0;
    s[DiskState.TEMPERATURE_LAST] = (float) celsius;
    float mean = s[DiskState.TEMPERATURE_MEAN];
    if (Float.isNaN(mean)) {
      s[DiskState.TEMPERATURE_MEAN] = (float) celsius;
      return 0f;
    }
    double keep = unseen == days ? decay30 : Math.exp(-unseen / MONTH_DAYS);
    s[DiskState.TEMPERATURE_MEAN] = (float) (celsius + (mean - celsius) * keep);
    return clamp((celsius - mean) / 4);
  }

  private static float level(double count) {
    return clamp(LEVEL_SCALE * log1p(count));
  }

  private static float growth(double sum) {
    return clamp(GROWTH_SCALE * (sum < 0 ? -log1p(-sum) : log1p(sum)));
  }

  private static double log1p(double value) {
    return value == 0 ? 0 : Math.log(1 + value);
  }

  private static float forget(double sum) {
    return Math.abs(sum) < FORGOTTEN ? 0f : (float) sum;
  }

  private static float clamp(double value) {
    return (float) Math.max(-3, Math.min(3, value));
  }
}
