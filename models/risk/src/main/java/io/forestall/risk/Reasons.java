package io.forestall.risk;

import static io.forestall.risk.DiskState.HIGH_FLY;
import static io.forestall.risk.DiskState.OFFLINE;
import static io.forestall.risk.DiskState.PENDING;
import static io.forestall.risk.DiskState.REALLOCATED;
import static io.forestall.risk.DiskState.SPIN;
import static io.forestall.risk.DiskState.SUM_30;
import static io.forestall.risk.DiskState.TIMEOUTS;
import static io.forestall.risk.DiskState.UNCORRECTABLE;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Why a probability is as high as it is, by occlusion: the same step again with one group of inputs
 * at its healthy values; what the log-odds lose by that is the group's contribution. One step a
 * group, so it is done for disks that matter only. Row G7.
 */
final class Reasons {
  /** Contributions below this say nothing; nats. */
  private static final double LEAST_CONTRIBUTION = 0.02;

  private static final double DAY_MILLIS = 86_400_000.0;

  /** Derived reasons, beside those that are named after a metric. */
  private enum Derived {
    TREND("errors_trend", FeatureExtractor.ERRORS_CUSUM, FeatureExtractor.ERRORS_DEVIATION),
    RECENCY("last_rise", FeatureExtractor.LAST_RISE),
    BREADTH("errors_breadth", FeatureExtractor.ERRORS_BREADTH, FeatureExtractor.CORRELATION),
    AGE(DiskMetric.POWER_ON_HOURS.metricName(), FeatureExtractor.AGE),
    CYCLES(DiskMetric.POWER_CYCLES.metricName(), FeatureExtractor.CYCLES_GROWTH_30),
    TEMPERATURE(DiskMetric.TEMPERATURE.metricName(), FeatureExtractor.TEMPERATURE_DEVIATION),
    BLINDNESS("counters_known", FeatureExtractor.COUNTERS_KNOWN),
    GAP("gap_days", FeatureExtractor.GAP),
    DRIVE_MODEL("drive_model", FeatureExtractor.DRIVE_MODEL_HAZARD);

    final String metric;
    final int[] inputs;

    Derived(String metric, int... inputs) {
      this.metric = metric;
      this.inputs = inputs;
    }
  }

  private final RiskPolicy policy;
  private final float[] input = new float[FeatureExtractor.INPUTS];
  private float[] memory = new float[0];

  Reasons(RiskPolicy policy) {
    this.policy = policy;
  }

  /**
   * The reasons, largest contribution first.
   *
   * @param part the step; its slot still holds the memory before it
   */
  List<ReasonPart> find(
      DiskState state, Prepared.Part part, @Nullable String driveModel, double probability) {
    double logOdds = bounded(probability);
    float[] s = state.statistics;
    List<ReasonPart> found = new ArrayList<>();

    // Growth inputs that two counters share go with the one that grew more.
    boolean offline = s[SUM_30 + OFFLINE] > s[SUM_30 + UNCORRECTABLE];
    boolean mechanical = s[SUM_30 + SPIN] + 0.25f * s[SUM_30 + HIGH_FLY] > s[SUM_30 + TIMEOUTS];
    int mechanicalCounter = FeatureExtractor.known(s, SPIN) > 0 ? SPIN : HIGH_FLY;
    int reallocated =
        FeatureExtractor.known(s, DiskState.EVENTS) > FeatureExtractor.known(s, REALLOCATED)
            ? DiskState.EVENTS
            : REALLOCATED;
    counter(
        found,
        state,
        part,
        logOdds,
        reallocated,
        FeatureExtractor.REALLOCATED_LEVEL,
        FeatureExtractor.REALLOCATED_GROWTH_7,
        FeatureExtractor.REALLOCATED_GROWTH_30);
    counter(
        found,
        state,
        part,
        logOdds,
        PENDING,
        FeatureExtractor.PENDING_LEVEL,
        FeatureExtractor.PENDING_GROWTH_7,
        FeatureExtractor.PENDING_GROWTH_30);
    int[] growing = {
      FeatureExtractor.UNCORRECTABLE_GROWTH_7, FeatureExtractor.UNCORRECTABLE_GROWTH_30
    };
    counter(
        found,
        state,
        part,
        logOdds,
        UNCORRECTABLE,
        group(FeatureExtractor.UNCORRECTABLE_LEVEL, !offline, growing));
    counter(
        found,
        state,
        part,
        logOdds,
        OFFLINE,
        group(FeatureExtractor.OFFLINE_LEVEL, offline, growing));
    int[] stalling = {FeatureExtractor.TIMEOUTS_GROWTH_7};
    counter(
        found,
        state,
        part,
        logOdds,
        TIMEOUTS,
        group(FeatureExtractor.TIMEOUTS_LEVEL, !mechanical, stalling));
    counter(
        found,
        state,
        part,
        logOdds,
        mechanicalCounter,
        group(FeatureExtractor.MECHANICAL_LEVEL, mechanical, stalling));
    for (Derived derived : Derived.values()) {
      double contribution = logOdds - without(part, derived.inputs);
      if (contribution >= LEAST_CONTRIBUTION) {
        double value = value(derived, state, part);
        found.add(
            new ReasonPart(derived.metric, value, contribution, text(derived, value, driveModel)));
      }
    }
    history(found, state, part, logOdds);
    found.sort(Comparator.comparingDouble(ReasonPart::contribution).reversed());
    return found.size() > policy.maximumReasons()
        ? found.subList(0, policy.maximumReasons())
        : found;
  }

  private void counter(
      List<ReasonPart> found,
      DiskState state,
      Prepared.Part part,
      double logOdds,
      int counter,
      int... inputs) {
    double contribution = logOdds - without(part, inputs);
    if (contribution < LEAST_CONTRIBUTION) {
      return;
    }
    DiskMetric metric = DiskState.COUNTERS[counter];
    double value = FeatureExtractor.known(state.statistics, counter);
    StringBuilder text =
        new StringBuilder(metric.label())
            .append(" (smart_")
            .append(metric.attribute())
            .append(") are ")
            .append(number(value));
    double before = state.statistics[DiskState.CHECKPOINT_OLD + counter];
    double change = value - before; // NaN when it was not there then
    if (change > 0 || change < 0) {
      text.append(change > 0 ? ", up " : ", down ")
          .append(number(Math.abs(change)))
          .append(" in ")
          .append(days((state.lastTimeMillis - state.checkpointOldMillis) / DAY_MILLIS));
    }
    found.add(new ReasonPart(metric.metricName(), value, contribution, text.toString()));
  }

  /** What the disk's past adds: the same input read without any memory. */
  private void history(
      List<ReasonPart> found, DiskState state, Prepared.Part part, double logOdds) {
    if (part.slot().steps == 0) {
      return;
    }
    fresh(part);
    Arrays.fill(memory, 0f);
    double contribution =
        logOdds - bounded(part.model().probability(part.model().step(input, memory)));
    if (contribution >= LEAST_CONTRIBUTION) {
      double days = (state.lastTimeMillis - state.firstTimeMillis) / DAY_MILLIS;
      found.add(
          new ReasonPart("history", days, contribution, "its course over the last " + days(days)));
    }
  }

  /** Log-odds of the same step with these inputs at their healthy values. */
  private double without(Prepared.Part part, int... inputs) {
    boolean same = true;
    for (int i : inputs) {
      same &= part.input[i] == healthy(i);
    }
    if (same) {
      return Double.POSITIVE_INFINITY; // nothing to take away: no contribution
    }
    fresh(part);
    for (int i : inputs) {
      input[i] = healthy(i);
    }
    System.arraycopy(part.slot().memory, 0, memory, 0, memory.length);
    return bounded(part.model().probability(part.model().step(input, memory)));
  }

  private void fresh(Prepared.Part part) {
    System.arraycopy(part.input, 0, input, 0, input.length);
    if (memory.length != part.slot().memory.length) {
      memory = new float[part.slot().memory.length];
    }
  }

  private static float healthy(int input) {
    return input == FeatureExtractor.LAST_RISE ? -1f : 0f;
  }

  private static int[] group(int level, boolean withGrowth, int[] growth) {
    if (!withGrowth) {
      return new int[] {level};
    }
    int[] group = Arrays.copyOf(growth, growth.length + 1);
    group[growth.length] = level;
    return group;
  }

  private static double value(Derived derived, DiskState state, Prepared.Part part) {
    float[] s = state.statistics;
    return switch (derived) {
      case TREND -> s[DiskState.CUSUM];
      case RECENCY ->
          state.lastRiseMillis == Long.MIN_VALUE
              ? 0
              : (state.lastTimeMillis - state.lastRiseMillis) / DAY_MILLIS;
      case BREADTH -> Math.round(2 * part.input[FeatureExtractor.ERRORS_BREADTH]);
      case AGE -> s[DiskState.HOURS] + 24.0 * s[DiskState.HOURS_UNSEEN_DAYS];
      case CYCLES -> s[SUM_30 + DiskState.CYCLES];
      case TEMPERATURE -> s[DiskState.TEMPERATURE_LAST];
      case BLINDNESS ->
          Math.round(
              FeatureExtractor.ERROR_COUNTERS
                  * (part.input[FeatureExtractor.COUNTERS_KNOWN] / 3 + 0.6));
      case GAP -> Math.exp(part.input[FeatureExtractor.GAP]);
      case DRIVE_MODEL -> Math.exp(part.input[FeatureExtractor.DRIVE_MODEL_HAZARD]);
    };
  }

  private static String text(Derived derived, double value, @Nullable String driveModel) {
    return switch (derived) {
      case TREND -> "error counters rise faster than this disk's own past leads one to expect";
      case RECENCY ->
          "an error counter last rose " + (value < 0.5 ? "just now" : days(value) + " ago");
      case BREADTH ->
          number(value) + (value == 1 ? " error counter is" : " error counters are") + " above 0";
      case AGE -> String.format(Locale.ROOT, "it has run for %.1f years", value / 8766);
      case CYCLES ->
          "it was switched on about " + number(Math.ceil(value)) + " times in the last month";
      case TEMPERATURE -> "temperature is " + number(value) + " C, not what is usual for this disk";
      case BLINDNESS ->
          "only "
              + number(value)
              + " of "
              + FeatureExtractor.ERROR_COUNTERS
              + " error counters are known";
      case GAP -> "no sample came for " + days(value) + " before this one";
      case DRIVE_MODEL ->
          String.format(
              Locale.ROOT,
              "drives of model %s fail %.1f times as often as the fleet",
              driveModel == null ? "unknown" : driveModel,
              value);
    };
  }

  /** A time for people, such as {@code 9 days} or {@code 5 hours}. */
  static String days(double days) {
    if (days < 1.5 && days * 24 < 35.5) {
      long hours = Math.max(1, Math.round(days * 24));
      return hours == 1 ? "1 hour" : hours == 24 ? "1 day" : hours + " hours";
    }
    return Math.round(days) + " days";
  }

  private static String number(double value) {
    return value == Math.rint(value)
        ? Long.toString((long) value)
        : String.format(Locale.ROOT, "%.1f", value);
  }

  private static double bounded(double probability) {
    return RiskPolicy.logOdds(Math.max(1e-15, Math.min(1 - 1e-15, probability)));
  }
}
