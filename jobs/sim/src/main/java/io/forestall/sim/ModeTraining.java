package io.forestall.sim;

import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeModel;
import io.forestall.risk.ModeModel.Curve;
import io.forestall.risk.ModeModel.Knot;
import io.forestall.risk.symptom.StandardSymptomEngine;
import io.forestall.risk.symptom.SymptomPolicy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Learns what evidence of failure modes is worth from fleets with planted faults, and measures it
 * on fleets that nothing was learned from. Pure and deterministic. Rows A9, A11.
 *
 * <p>A curve is how much likelier a step of evidence is with a failure than without, by isotonic
 * regression, with half an hour of each added so that no ratio is larger than the hours without a
 * failure can show. How far to trust it is one factor, at most 1, chosen on fleets of its own. And
 * it never says more than the symptoms state: a simulated fleet is calmer than a real one, so it
 * can show that evidence is worth less, not that it is worth more. Nor does it take an alarm away
 * where few alarms of the calibration fleets are false: it would only come later. How often things
 * fail cannot be learned from planted faults at all: the base rates are those of the policy.
 */
public final class ModeTraining {
  /** Name of the model family. */
  public static final String MODEL = "node-modes";

  /** Version of the model. */
  public static final int VERSION = 1;

  /** Faults below which nothing is learned; count. */
  public static final int LEAST_FAULTS = 20;

  /** False alarms a node-week at which recall is told. */
  public static final double FALSE_ALARMS = 0.1;

  /** Probability at which an alarm begins; that of tier WARNING. */
  public static final double ALARM = FaultTrial.ALARM;

  private static final double EXAMPLES_AN_HOUR = 3_600_000.0 / ModeTrial.EXAMPLE_MILLIS;
  private static final double HALF_AN_HOUR = 0.5;

  /** So close below an alarm a curve is still what was learned; nats. */
  private static final double BRINK = 0.001;

  private static final int RESAMPLES = 500;
  private static final int TENTHS = 10;

  /** What a fleet was simulated for. */
  public enum Part {
    /** Shapes the curves. */
    TRAINING,
    /** Chooses how far they are trusted, and thresholds. */
    CALIBRATION,
    /** Only measures. */
    TEST
  }

  /**
   * A value with the middle 95 % of a bootstrap over fleets.
   *
   * @param value of all fleets
   * @param low end of the interval
   * @param high end of the interval
   */
  public record Interval(double value, double low, double high) {}

  /**
   * A tenth of the examples that had evidence, by what the model says of them.
   *
   * @param examples count
   * @param failures examples with a failure; count
   * @param expected failures that the model expects, and that the symptoms state, when the base
   *     rate is that of the test fleets; count
   * @param stated the same by the weights that are stated with the symptoms; count
   */
  public record Tenth(long examples, long failures, double expected, double stated) {}

  /**
   * What was learned of one mode of one kind of thing.
   *
   * @param training what the curve was learned from
   * @param test what it was measured on
   * @param curve the curve, null when there were too few faults to learn from
   * @param factor how far the curve was trusted, 0 to 1
   * @param auc how well evidence tells failing from well; that of a coin is 0.5
   * @param recall faults found at {@link #FALSE_ALARMS}, by a threshold of the calibration fleets
   * @param falseAlarms what that threshold came to on the test fleets; a node-week
   * @param recallAtAlarm faults found at {@link #ALARM}
   * @param falseAlarmsAtAlarm what that came to; a node-week
   * @param tenths examples of the test fleets by what the model says
   */
  public record Lesson(
      EvidenceTally training,
      EvidenceTally test,
      @Nullable Curve curve,
      double factor,
      Interval auc,
      Interval recall,
      Interval falseAlarms,
      Interval recallAtAlarm,
      Interval falseAlarmsAtAlarm,
      List<Tenth> tenths) {
    public Lesson {
      tenths = List.copyOf(tenths);
    }
  }

  private final SymptomPolicy policy;
  private final long seed;
  private final Map<Part, List<List<EvidenceTally>>> fleets = new TreeMap<>();

  /**
   * A training without fleets yet.
   *
   * @param policy weights, base rates and horizons under which evidence was told
   * @param seed of the bootstrap
   */
  public ModeTraining(SymptomPolicy policy, long seed) {
    this.policy = policy;
    this.seed = seed;
    for (Part part : Part.values()) {
      fleets.put(part, new ArrayList<>());
    }
  }

  /**
   * Takes what a fleet showed in; the order of fleets of one part changes nothing of the curves.
   */
  public void add(Part part, List<EvidenceTally> fleet) {
    of(part).add(List.copyOf(fleet));
  }

  private List<List<EvidenceTally>> of(Part part) {
    return fleets.getOrDefault(part, List.of());
  }

  /** What was learned, one lesson for each kind of thing and mode that was seen. */
  public List<Lesson> lessons() {
    List<Lesson> lessons = new ArrayList<>();
    for (ModeModel.Subject subject : ModeModel.Subject.values()) {
      for (FailureMode mode : FailureMode.values()) {
        EvidenceTally training = sum(of(Part.TRAINING), subject, mode);
        if (training.withoutCount() > 0) {
          lessons.add(lesson(training, subject, mode));
        }
      }
    }
    return lessons;
  }

  /** The model of all curves that were learned. */
  public static ModeModel model(List<Lesson> lessons, Map<String, String> properties) {
    List<Curve> curves = new ArrayList<>();
    for (Lesson lesson : lessons) {
      Curve curve = lesson.curve();
      if (curve != null) {
        curves.add(curve);
      }
    }
    return new ModeModel(
        MODEL,
        VERSION,
        StandardSymptomEngine.MODEL,
        StandardSymptomEngine.MODEL_VERSION,
        properties,
        curves);
  }

  private static EvidenceTally sum(
      List<List<EvidenceTally>> fleets, ModeModel.Subject subject, FailureMode mode) {
    EvidenceTally sum = new EvidenceTally(subject, mode);
    for (List<EvidenceTally> fleet : fleets) {
      for (EvidenceTally each : fleet) {
        if (each.subject() == subject && each.mode() == mode) {
          sum.add(each);
        }
      }
    }
    return sum;
  }

  private Lesson lesson(EvidenceTally training, ModeModel.Subject subject, FailureMode mode) {
    EvidenceTally calibration = sum(of(Part.CALIBRATION), subject, mode);
    EvidenceTally test = sum(of(Part.TEST), subject, mode);
    Curve curve = null;
    double factor = 0;
    if (training.faultCount() >= LEAST_FAULTS && calibration.faultCount() > 0) {
      List<Span> shape = shape(training);
      factor = factor(shape, calibration, mode);
      curve = curve(subject, mode, shape, factor);
      double alarm = alarmEvidence(curve);
      if (calibration.falseAlarmsFrom(EvidenceTally.step(alarm)) <= FALSE_ALARMS) {
        curve = keepingAlarms(curve, alarm);
      }
    }
    Curve judged = curve == null ? curve(subject, mode, List.of(), 0) : curve;
    int threshold = threshold(calibration);
    int alarm = alarmStep(judged);
    return new Lesson(
        training,
        test,
        curve,
        factor,
        over(subject, mode, ModeTraining::auc),
        over(subject, mode, tally -> recall(tally, threshold)),
        over(subject, mode, tally -> tally.falseAlarmsFrom(threshold)),
        over(subject, mode, tally -> recall(tally, alarm)),
        over(subject, mode, tally -> tally.falseAlarmsFrom(alarm)),
        tenths(test, judged));
  }

  // The curve.

  /** Pooled steps of evidence. */
  private static final class Block {
    final double from;
    double to;
    double with;
    double without;

    Block(EvidenceTally tally, int step) {
      with = tally.with[step] / EXAMPLES_AN_HOUR;
      without = tally.without[step] / EXAMPLES_AN_HOUR;
      from = EvidenceTally.middle(step);
      to = from;
    }

    void pool(Block next) {
      with += next.with;
      without += next.without;
      to = next.to;
    }

    /** How much likelier it is with a failure than without. */
    double ratio(double allWith, double allWithout) {
      double share = (with + HALF_AN_HOUR * allWith / allWithout) / allWith;
      return share / ((without + HALF_AN_HOUR) / allWithout);
    }
  }

  private static double hours(long[] examples) {
    return Math.max(1, Arrays.stream(examples).sum()) / EXAMPLES_AN_HOUR;
  }

  /** Evidence from and to which it is worth the same. */
  private record Span(double from, double to, double added) {}

  /** What each amount of evidence is worth, never falling: pool adjacent violators. */
  private static List<Span> shape(EvidenceTally tally) {
    double allWith = hours(tally.with);
    double allWithout = hours(tally.without);
    List<Block> blocks = new ArrayList<>();
    for (int step = 1; step < EvidenceTally.STEPS; step++) {
      if (tally.with[step] + tally.without[step] == 0) {
        continue;
      }
      blocks.add(new Block(tally, step));
      for (int last = blocks.size() - 1;
          last > 0
              && blocks.get(last - 1).ratio(allWith, allWithout)
                  >= blocks.get(last).ratio(allWith, allWithout);
          last--) {
        blocks.get(last - 1).pool(blocks.remove(last));
      }
    }
    return blocks.stream()
        .map(
            block ->
                new Span(
                    block.from, block.to, Math.max(0, Math.log(block.ratio(allWith, allWithout)))))
        .toList();
  }

  /** The curve of a shape that is trusted so far, and never above what is stated. */
  private Curve curve(
      ModeModel.Subject subject, FailureMode mode, List<Span> shape, double factor) {
    List<Knot> knots = new ArrayList<>();
    knots.add(new Knot(0, 0));
    for (Span span : shape) {
      double added = factor * span.added();
      knot(knots, span.from(), Math.min(span.from(), added));
      if (added > span.from() && added < span.to()) {
        knot(knots, added, added);
      }
      knot(knots, span.to(), Math.min(span.to(), added));
    }
    return new Curve(subject, mode, policy.horizonMillisOf(mode), policy.priorOf(mode), knots);
  }

  /** Evidence from which on the symptoms state an alarm; nats. */
  private static double alarmEvidence(Curve curve) {
    return Math.ceil(ModeModel.evidence(curve.baseRate(), ALARM) * 10_000) / 10_000;
  }

  /**
   * The curve, but an alarm stays one: where few are false, a later alarm would cost more than a
   * better probability is worth.
   */
  private static Curve keepingAlarms(Curve curve, double alarm) {
    List<Knot> knots = new ArrayList<>();
    for (Knot knot : curve.knots()) {
      if (knot.evidence() < alarm - BRINK) {
        knots.add(knot);
      }
    }
    knots.add(new Knot(alarm - BRINK, curve.added(alarm - BRINK)));
    knots.add(new Knot(alarm, alarm));
    for (Knot knot : curve.knots()) {
      if (knot.evidence() > alarm) {
        knots.add(new Knot(knot.evidence(), Math.max(alarm, knot.added())));
      }
    }
    return new Curve(curve.subject(), curve.mode(), curve.horizonMillis(), curve.baseRate(), knots);
  }

  private static void knot(List<Knot> knots, double evidence, double added) {
    Knot knot = new Knot(rounded(evidence), rounded(added));
    if (knot.evidence() > knots.get(knots.size() - 1).evidence()) {
      knots.add(knot);
    }
  }

  /** Four decimals, downwards: knots that people can read. */
  private static double rounded(double nats) {
    return Math.floor(nats * 10_000) / 10_000;
  }

  /** How far to trust a shape: what makes the calibration fleets likeliest. */
  private double factor(List<Span> shape, EvidenceTally calibration, FailureMode mode) {
    double best = 0;
    double bestLikelihood = Double.NEGATIVE_INFINITY;
    for (int percent = 5; percent <= 100; percent += 5) {
      Curve curve = curve(calibration.subject(), mode, shape, percent / 100.0);
      double base = baseOf(calibration, curve);
      double likelihood = 0;
      for (int step = 0; step < EvidenceTally.STEPS; step++) {
        double p = 1 / (1 + Math.exp(-(base + curve.added(EvidenceTally.middle(step)))));
        likelihood +=
            calibration.with[step] * Math.log(p) + calibration.without[step] * Math.log1p(-p);
      }
      if (likelihood >= bestLikelihood) {
        best = percent / 100.0;
        bestLikelihood = likelihood;
      }
    }
    return best;
  }

  /** Log-odds without evidence at which a curve expects as many failures as there were. */
  private static double baseOf(EvidenceTally tally, Curve curve) {
    return baseOf(tally, step -> curve.added(EvidenceTally.middle(step)));
  }

  /** What a step of evidence adds to the log-odds. */
  private interface Added {
    double of(int step);
  }

  private static double baseOf(EvidenceTally tally, Added added) {
    double low = -30;
    double high = 30;
    for (int i = 0; i < 100; i++) {
      double middle = (low + high) / 2;
      double expected = 0;
      for (int step = 0; step < EvidenceTally.STEPS; step++) {
        expected +=
            (tally.with[step] + tally.without[step]) / (1 + Math.exp(-(middle + added.of(step))));
      }
      if (expected < tally.withCount()) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return (low + high) / 2;
  }

  // The measures.

  /** A figure of a tally. */
  private interface Figure {
    double of(EvidenceTally tally);
  }

  /** A figure of all test fleets, and of fleets drawn from them with replacement. */
  private Interval over(ModeModel.Subject subject, FailureMode mode, Figure figure) {
    List<EvidenceTally> tests = new ArrayList<>();
    for (List<EvidenceTally> fleet : of(Part.TEST)) {
      tests.add(sum(List.of(fleet), subject, mode));
    }
    SplittableRandom random =
        new SplittableRandom(Noise.mix(seed ^ (subject.ordinal() * 31L + mode.ordinal())));
    double[] values = new double[RESAMPLES];
    int known = 0;
    for (int i = 0; i < RESAMPLES && !tests.isEmpty(); i++) {
      EvidenceTally drawn = new EvidenceTally(subject, mode);
      for (int k = 0; k < tests.size(); k++) {
        drawn.add(tests.get(random.nextInt(tests.size())));
      }
      double value = figure.of(drawn);
      if (Double.isFinite(value)) {
        values[known++] = value;
      }
    }
    double all = figure.of(sum(of(Part.TEST), subject, mode));
    if (known == 0) {
      return new Interval(all, Double.NaN, Double.NaN);
    }
    Arrays.sort(values, 0, known);
    return new Interval(all, values[(int) (0.025 * known)], values[(int) (0.975 * (known - 1))]);
  }

  private static double auc(EvidenceTally tally) {
    double all = (double) tally.withCount() * tally.withoutCount();
    double below = 0;
    double won = 0;
    for (int step = 0; step < EvidenceTally.STEPS; step++) {
      won += tally.with[step] * (below + 0.5 * tally.without[step]);
      below += tally.without[step];
    }
    return won / all;
  }

  private static double recall(EvidenceTally tally, int step) {
    return (double) tally.faultsFrom(step) / tally.faultCount();
  }

  /** The least evidence that keeps the false alarms of these fleets within the budget. */
  private static int threshold(EvidenceTally tally) {
    int step = EvidenceTally.STEPS - 1;
    while (step > 1 && tally.falseAlarmsFrom(step - 1) <= FALSE_ALARMS) {
      step--;
    }
    return step;
  }

  /** The first step at which the probability is one of an alarm. */
  private static int alarmStep(Curve curve) {
    int step = 1;
    while (step < EvidenceTally.STEPS - 1
        && curve.probability(EvidenceTally.middle(step)) < ALARM) {
      step++;
    }
    return step;
  }

  /** Examples with any evidence, lowest first, in tenths as equal as the steps allow. */
  private static List<Tenth> tenths(EvidenceTally tally, Curve curve) {
    double base = baseOf(tally, curve);
    double baseStated = baseOf(tally, EvidenceTally::middle);
    long all = 0;
    for (int step = 1; step < EvidenceTally.STEPS; step++) {
      all += tally.with[step] + tally.without[step];
    }
    List<Tenth> tenths = new ArrayList<>();
    tenths.add(
        new Tenth(
            tally.with[0] + tally.without[0],
            tally.with[0],
            (tally.with[0] + tally.without[0]) / (1 + Math.exp(-base)),
            (tally.with[0] + tally.without[0]) / (1 + Math.exp(-baseStated))));
    long examples = 0;
    long failures = 0;
    double expected = 0;
    double stated = 0;
    long seen = 0;
    for (int step = 1; step < EvidenceTally.STEPS && all > 0; step++) {
      long here = tally.with[step] + tally.without[step];
      double evidence = EvidenceTally.middle(step);
      examples += here;
      failures += tally.with[step];
      expected += here / (1 + Math.exp(-(base + curve.added(evidence))));
      stated += here / (1 + Math.exp(-(baseStated + evidence)));
      if (examples > 0
          && ((seen + examples) * TENTHS >= all * tenths.size() || seen + examples == all)) {
        tenths.add(new Tenth(examples, failures, expected, stated));
        seen += examples;
        examples = 0;
        failures = 0;
        expected = 0;
        stated = 0;
      }
    }
    return tenths;
  }
}
