package io.forestall.risk;

import static io.forestall.risk.DiskState.EVENTS;
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
 * Why a probability is as high as it is. Row G7. The inputs are taken in groups, one for each
 * metric or derived sign. A group's contribution is the mean of what the log-odds lose when it
 * alone is set to its healthy values and what a healthy disk's gain when it alone is set to what it
 * is (the first alone hides signs that stand for each other, such as 197 and 198), scaled so that
 * all contributions add up to what the input as a whole adds. All is read without memory, from a
 * few steps of the same input, because in the memory the metrics can no longer be told apart; what
 * the memory adds is a reason of its own. Some sixty steps, so it is done for disks that matter
 * only.
 */
final class Reasons {
  /** Contributions below this say nothing; nats. */
  private static final double LEAST_CONTRIBUTION = 0.02;

  /**
   * Steps after which a network without memory has made up its mind about an input that stays the
   * same; count.
   */
  private static final int STEPS = 2;

  private static final double DAY_MILLIS = 86_400_000.0;

  /** {@link ReasonPart#metric} of the reason that tells what the parts of an ensemble say. */
  private static final String ENSEMBLE = "ensemble";

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

  /**
   * A group of inputs that is not at its healthy values.
   *
   * @param counter index of the counter that names it, -1 when it is derived
   * @param derived the derived sign, null when a counter names it
   * @param inputs indices of its inputs
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Group(int counter, @Nullable Derived derived, int... inputs) {}

  private static final int MAXIMUM_GROUPS = 6 + Derived.values().length;

  // Variants of the input: as it is, healthy, then for each group without it and with it alone.
  private static final int AS_IT_IS = 0;
  private static final int HEALTHY = 1;
  private static final int FIRST_GROUP = 2;

  private final RiskPolicy policy;
  private final float[][] inputs =
      new float[FIRST_GROUP + 2 * MAXIMUM_GROUPS][FeatureExtractor.INPUTS];
  private float[][] memories = new float[inputs.length][0];
  private final float[] logits = new float[inputs.length];

  Reasons(RiskPolicy policy) {
    this.policy = policy;
  }

  /**
   * The reasons, largest contribution first.
   *
   * @param state after the sample
   * @param part the step that gave the probability
   */
  List<ReasonPart> find(
      DiskState state, Prepared.Part part, @Nullable String driveModel, double probability) {
    if (policy.maximumReasons() == 0) {
      return List.of();
    }
    SequenceModel model = part.model();
    List<Group> groups = groups(state, part.input);
    fill(inputs[AS_IT_IS], part.input, null, null);
    fill(inputs[HEALTHY], null, null, null);
    for (int g = 0; g < groups.size(); g++) {
      fill(inputs[FIRST_GROUP + 2 * g], part.input, groups.get(g).inputs, null);
      fill(inputs[FIRST_GROUP + 2 * g + 1], null, groups.get(g).inputs, part.input);
    }
    read(model, FIRST_GROUP + 2 * groups.size());

    double whole = logOdds(model, AS_IT_IS);
    double healthy = logOdds(model, HEALTHY);
    double[] contributions = new double[groups.size()];
    double sum = 0;
    for (int g = 0; g < contributions.length; g++) {
      double lost = whole - logOdds(model, FIRST_GROUP + 2 * g);
      double gained = logOdds(model, FIRST_GROUP + 2 * g + 1) - healthy;
      contributions[g] = (lost + gained) / 2;
      sum += contributions[g];
    }
    // Together they are what the input as a whole adds, so that "how much each" can be added up.
    double scale = sum > LEAST_CONTRIBUTION && whole > healthy ? (whole - healthy) / sum : 1;
    List<ReasonPart> found = new ArrayList<>();
    for (int g = 0; g < contributions.length; g++) {
      double contribution = contributions[g] * scale;
      if (contribution >= LEAST_CONTRIBUTION) {
        found.add(reason(groups.get(g), state, part.input, driveModel, contribution));
      }
    }
    double remembered = bounded(probability) - whole;
    if (remembered >= LEAST_CONTRIBUTION) {
      double days = (state.lastTimeMillis - state.firstTimeMillis) / DAY_MILLIS;
      found.add(
          new ReasonPart("history", days, remembered, "its course over the last " + days(days)));
    }
    found.sort(Comparator.comparingDouble(ReasonPart::contribution).reversed());
    if (found.size() > policy.maximumReasons()) {
      found.subList(policy.maximumReasons(), found.size()).clear();
    }
    addParts(found, part, bounded(probability) - healthy);
    return found;
  }

  /**
   * What the parts of an ensemble say, behind the metrics and as one reason that contributes
   * nothing: it tells the same log-odds in another way.
   *
   * @param whole log-odds above those of a healthy input
   */
  private void addParts(List<ReasonPart> found, Prepared.Part part, double whole) {
    SequenceModel model = part.model();
    List<String> names = model.partNames();
    if (names.isEmpty()) {
      return;
    }
    float[] now = model.parts(part.input, part.logit);
    float[] healthy = model.parts(inputs[HEALTHY], logits[HEALTHY]);
    double raw = 0;
    for (int i = 0; i < now.length; i++) {
      raw += now[i] - healthy[i];
    }
    // The calibration bends logits; each part keeps its share.
    double scale = raw > LEAST_CONTRIBUTION && whole > 0 ? whole / raw : 1;
    StringBuilder text = new StringBuilder("of all this the ensemble's");
    for (int i = 0; i < now.length; i++) {
      text.append(
          String.format(
              Locale.ROOT,
              "%s %s say %+.1f",
              i == 0 ? "" : i == now.length - 1 ? " and" : ",",
              names.get(i),
              (now[i] - healthy[i]) * scale));
    }
    found.add(new ReasonPart(ENSEMBLE, whole, 0, text.append(" nats").toString()));
  }

  private static List<Group> groups(DiskState state, float[] input) {
    float[] s = state.statistics;
    // Inputs that two counters share go with the one that grew more.
    boolean offline = s[SUM_30 + OFFLINE] > s[SUM_30 + UNCORRECTABLE];
    boolean mechanical = s[SUM_30 + SPIN] + 0.25f * s[SUM_30 + HIGH_FLY] > s[SUM_30 + TIMEOUTS];
    int reallocated =
        FeatureExtractor.known(s, EVENTS) > FeatureExtractor.known(s, REALLOCATED)
            ? EVENTS
            : REALLOCATED;
    List<Group> groups = new ArrayList<>(MAXIMUM_GROUPS);
    add(
        groups,
        input,
        new Group(
            reallocated,
            null,
            FeatureExtractor.REALLOCATED_LEVEL,
            FeatureExtractor.REALLOCATED_GROWTH_7,
            FeatureExtractor.REALLOCATED_GROWTH_30));
    add(
        groups,
        input,
        new Group(
            PENDING,
            null,
            FeatureExtractor.PENDING_LEVEL,
            FeatureExtractor.PENDING_GROWTH_7,
            FeatureExtractor.PENDING_GROWTH_30));
    int[] growing = {
      FeatureExtractor.UNCORRECTABLE_GROWTH_7, FeatureExtractor.UNCORRECTABLE_GROWTH_30
    };
    add(
        groups,
        input,
        new Group(
            UNCORRECTABLE, null, with(FeatureExtractor.UNCORRECTABLE_LEVEL, !offline, growing)));
    add(
        groups,
        input,
        new Group(OFFLINE, null, with(FeatureExtractor.OFFLINE_LEVEL, offline, growing)));
    int[] stalling = {FeatureExtractor.TIMEOUTS_GROWTH_7};
    add(
        groups,
        input,
        new Group(TIMEOUTS, null, with(FeatureExtractor.TIMEOUTS_LEVEL, !mechanical, stalling)));
    int moving = FeatureExtractor.known(s, SPIN) > 0 ? SPIN : HIGH_FLY;
    add(
        groups,
        input,
        new Group(moving, null, with(FeatureExtractor.MECHANICAL_LEVEL, mechanical, stalling)));
    for (Derived derived : Derived.values()) {
      add(groups, input, new Group(-1, derived, derived.inputs));
    }
    return groups;
  }

  private static void add(List<Group> groups, float[] input, Group group) {
    for (int i : group.inputs) {
      if (input[i] != healthy(i)) {
        groups.add(group);
        return;
      }
    }
  }

  private static int[] with(int level, boolean withGrowth, int[] growth) {
    if (!withGrowth) {
      return new int[] {level};
    }
    int[] group = Arrays.copyOf(growth, growth.length + 1);
    group[growth.length] = level;
    return group;
  }

  /**
   * Copies an input, healthy when null, with some of its places taken from another, healthy when
   * null.
   */
  private static void fill(
      float[] to, float @Nullable [] from, int @Nullable [] places, float @Nullable [] other) {
    for (int i = 0; i < to.length; i++) {
      to[i] = from == null ? healthy(i) : from[i];
    }
    if (places != null) {
      for (int i : places) {
        to[i] = other == null ? healthy(i) : other[i];
      }
    }
  }

  private static float healthy(int input) {
    return input == FeatureExtractor.LAST_RISE ? -1f : 0f;
  }

  /**
   * Lets the model read the first n variants without memory; all at once when it can, for that is
   * much cheaper in some.
   */
  private void read(SequenceModel model, int n) {
    if (memories[0].length != model.stateFloats()) {
      memories = new float[inputs.length][model.stateFloats()];
    }
    for (int i = 0; i < n; i++) {
      Arrays.fill(memories[i], 0f);
    }
    for (int step = 0; step < STEPS; step++) {
      if (model instanceof BatchSequenceModel batch) {
        batch.step(n, inputs, memories, logits);
      } else {
        for (int i = 0; i < n; i++) {
          logits[i] = model.step(inputs[i], memories[i]);
        }
      }
    }
  }

  private double logOdds(SequenceModel model, int variant) {
    return bounded(model.probability(logits[variant]));
  }

  private static ReasonPart reason(
      Group group,
      DiskState state,
      float[] input,
      @Nullable String driveModel,
      double contribution) {
    if (group.derived != null) {
      double value = value(group.derived, state, input);
      return new ReasonPart(
          group.derived.metric, value, contribution, text(group.derived, value, state, driveModel));
    }
    DiskMetric metric = DiskState.COUNTERS[group.counter];
    double value = FeatureExtractor.known(state.statistics, group.counter);
    StringBuilder text =
        new StringBuilder(metric.label())
            .append(" (smart_")
            .append(metric.attribute())
            .append(") are ")
            .append(number(value));
    double before = state.statistics[DiskState.CHECKPOINT_OLD + group.counter];
    double change = value - before; // NaN when it was not there then
    if (change > 0 || change < 0) {
      text.append(change > 0 ? ", up " : ", down ")
          .append(number(Math.abs(change)))
          .append(" in ")
          .append(days((state.lastTimeMillis - state.checkpointOldMillis) / DAY_MILLIS));
    }
    return new ReasonPart(metric.metricName(), value, contribution, text.toString());
  }

  private static double value(Derived derived, DiskState state, float[] input) {
    float[] s = state.statistics;
    return switch (derived) {
      case TREND -> s[DiskState.CUSUM];
      case RECENCY ->
          state.lastRiseMillis == Long.MIN_VALUE
              ? 0
              : (state.lastTimeMillis - state.lastRiseMillis) / DAY_MILLIS;
      case BREADTH -> Math.round(2 * input[FeatureExtractor.ERRORS_BREADTH]);
      case AGE -> s[DiskState.HOURS] + 24.0 * s[DiskState.HOURS_UNSEEN_DAYS];
      case CYCLES -> s[SUM_30 + DiskState.CYCLES];
      case TEMPERATURE -> s[DiskState.TEMPERATURE_LAST];
      case BLINDNESS ->
          Math.round(
              FeatureExtractor.ERROR_COUNTERS * (input[FeatureExtractor.COUNTERS_KNOWN] / 3 + 0.6));
      case GAP -> Math.exp(input[FeatureExtractor.GAP]);
      case DRIVE_MODEL -> Math.exp(input[FeatureExtractor.DRIVE_MODEL_HAZARD]);
    };
  }

  private static String text(
      Derived derived, double value, DiskState state, @Nullable String driveModel) {
    return switch (derived) {
      case TREND -> "error counters rise faster than this disk's own past leads one to expect";
      case RECENCY ->
          "an error counter last rose " + (value < 0.5 ? "just now" : days(value) + " ago");
      case BREADTH ->
          number(value)
              + (value == 1 ? " error counter is" : " error counters are")
              + " above 0: "
              + above(state);
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

  private static String above(DiskState state) {
    StringBuilder names = new StringBuilder();
    for (int counter = 0; counter < FeatureExtractor.ERROR_COUNTERS; counter++) {
      if (counter != HIGH_FLY && FeatureExtractor.known(state.statistics, counter) > 0) {
        names
            .append(names.isEmpty() ? "smart_" : ", smart_")
            .append(DiskState.COUNTERS[counter].attribute());
      }
    }
    return names.toString();
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
