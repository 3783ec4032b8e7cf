package io.forestall.risk;

import static io.forestall.risk.DiskMetric.COMMAND_TIMEOUTS;
import static io.forestall.risk.DiskMetric.OFFLINE_UNCORRECTABLE;
import static io.forestall.risk.DiskMetric.PENDING_SECTORS;
import static io.forestall.risk.DiskMetric.POWER_ON_HOURS;
import static io.forestall.risk.DiskMetric.REALLOCATED_SECTORS;
import static io.forestall.risk.DiskMetric.REPORTED_UNCORRECTABLE;
import static io.forestall.risk.DiskMetric.SPIN_RETRIES;
import static io.forestall.risk.Worlds.DAY;
import static io.forestall.risk.Worlds.START;
import static io.forestall.risk.Worlds.sample;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.forestall.risk.symptom.Finding;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DiskRiskEngineTest {
  private static final RiskPolicy POLICY = RiskPolicy.defaults();

  private static DiskRiskEngine engine() {
    return new DiskRiskEngine(
        POLICY, ModelSet.of(new CompiledLstm(TestingModels.shippedShape(1, 1))));
  }

  private static DiskSample full(double day, double pending) {
    return sample(
        day,
        REALLOCATED_SECTORS,
        0,
        PENDING_SECTORS,
        pending,
        REPORTED_UNCORRECTABLE,
        0,
        OFFLINE_UNCORRECTABLE,
        0,
        COMMAND_TIMEOUTS,
        0,
        SPIN_RETRIES,
        0,
        POWER_ON_HOURS,
        1000 + 24 * day);
  }

  private static List<Assessment> run(DiskRiskEngine engine, List<DiskSample> history) {
    DiskState state = DiskState.fresh();
    List<Assessment> assessments = new ArrayList<>();
    for (DiskSample sample : history) {
      assessments.add(engine.observe(state, sample));
    }
    return assessments;
  }

  // What must hold for any history.

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void anyHistoryKeepsTheInvariants(long seed) {
    for (List<DiskSample> history :
        List.of(Worlds.history(seed, 400), Worlds.hostileHistory(seed, 400))) {
      DiskRiskEngine engine = engine();
      DiskState state = DiskState.fresh();
      Tier tier = Tier.UNKNOWN;
      long samples = 0;
      for (DiskSample sample : history) {
        if (samples % 7 == 3) { // looks at silence in between, at any time, must not hurt
          Assessment silent = engine.silence(state, sample.timeMillis());
          if (silent != null) {
            assertSound(silent, samples, sample.timeMillis(), seed);
            assertThat(silent.stale()).isTrue();
            assertThat(silent.tierChanged()).isEqualTo(silent.tier() != tier);
            tier = silent.tier();
          }
        }
        assertThat(engine.check(state, sample)).isEqualTo(Verdict.ACCEPT);
        Assessment assessment = engine.observe(state, sample);
        assertSound(assessment, ++samples, sample.timeMillis(), seed);
        assertThat(assessment.stale()).isFalse();
        assertThat(assessment.modes()).hasSize(1);
        assertThat(assessment.tierChanged()).isEqualTo(assessment.tier() != tier);
        assertThat(assessment.score()).isEqualTo(POLICY.score(assessment.probability()));
        assertThat(state.toBytes()).hasSizeLessThanOrEqualTo(DiskState.MAXIMUM_BYTES);
        tier = assessment.tier();
      }
    }
  }

  private static void assertSound(Assessment assessment, long samples, long timeMillis, long seed) {
    assertThat(assessment.probability()).as("seed %s", seed).isBetween(0.0, 1.0);
    assertThat(assessment.score()).as("seed %s", seed).isBetween(0.0, 100.0);
    assertThat(assessment.confidence()).as("seed %s", seed).isBetween(0.0, 1.0);
    assertThat(assessment.samples()).isEqualTo(samples);
    assertThat(assessment.timeMillis()).isEqualTo(timeMillis);
    assertThat(assessment.tierSinceMillis()).isLessThanOrEqualTo(timeMillis);
    assertThat(assessment.horizonMillis()).isEqualTo(30 * DAY);
    for (ModeAssessment mode : assessment.modes()) {
      assertThat(mode.reasons()).hasSizeLessThanOrEqualTo(POLICY.maximumReasons());
      for (ReasonPart reason : mode.reasons()) {
        assertThat(reason.value()).as("%s of seed %s", reason, seed).isFinite();
        assertThat(reason.contribution())
            .as("%s of seed %s", reason, seed)
            .isFinite()
            .isNotNegative();
        assertThat(reason.text()).isNotBlank().doesNotContain("NaN");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {21, 22, 23, 24})
  void storingTheStateBetweenSamplesChangesNothing(long seed) throws IOException {
    List<DiskSample> history = Worlds.history(seed, 300);
    List<Assessment> expected = run(engine(), history);
    DiskState state = DiskState.fresh();
    for (int i = 0; i < history.size(); i++) {
      state = DiskState.fromBytes(state.toBytes());
      assertThat(engine().observe(state, history.get(i)))
          .as("seed %s", seed)
          .isEqualTo(expected.get(i));
    }
  }

  @Test
  void theOrderOfDisksWithinADayAndTheirNamesChangeNothing() {
    int disks = 20;
    List<List<DiskSample>> histories = new ArrayList<>();
    for (int disk = 0; disk < disks; disk++) {
      histories.add(Worlds.history(100 + disk, 60));
    }
    List<List<Assessment>> expected =
        histories.stream().map(history -> run(engine(), history)).toList();
    DiskRiskEngine shared = engine();
    Map<Integer, DiskState> states = new HashMap<>();
    List<Integer> order = new ArrayList<>();
    for (int disk = 0; disk < disks; disk++) {
      order.add(disk);
    }
    for (int i = 0; i < 60; i++) {
      Collections.shuffle(order, new Random(i));
      for (int disk : order) {
        DiskSample sample = histories.get(disk).get(i);
        DiskSample renamed =
            new DiskSample(
                "OTHER-" + disk * 31, sample.model(), sample.timeMillis(), sample.values().clone());
        DiskState state = states.computeIfAbsent(disk, key -> DiskState.fresh());
        assertThat(shared.observe(state, renamed)).isEqualTo(expected.get(disk).get(i));
      }
    }
  }

  @Test
  void whatComesLaterDoesNotChangeWhatWasSaid() {
    List<DiskSample> history = Worlds.history(31, 120);
    List<Assessment> all = run(engine(), history);
    for (int prefix : new int[] {1, 2, 7, 40, 119}) {
      assertThat(run(engine(), history.subList(0, prefix))).isEqualTo(all.subList(0, prefix));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {41, 42, 43})
  void theSplitFormInBatchesSaysTheSame(long seed) {
    int disks = 9;
    DiskRiskEngine engine = engine();
    List<DiskState> states = new ArrayList<>();
    List<List<DiskSample>> histories = new ArrayList<>();
    List<List<Assessment>> expected = new ArrayList<>();
    for (int disk = 0; disk < disks; disk++) {
      states.add(DiskState.fresh());
      histories.add(Worlds.history(seed * 100 + disk, 80));
      expected.add(run(engine(), histories.get(disk)));
    }
    for (int i = 0; i < 80; i++) {
      Prepared[] prepared = new Prepared[disks];
      float[][] inputs = new float[disks][];
      float[][] memories = new float[disks][];
      float[] logits = new float[disks];
      for (int disk = 0; disk < disks; disk++) {
        prepared[disk] = engine.prepare(states.get(disk), histories.get(disk).get(i));
        inputs[disk] = prepared[disk].input();
        memories[disk] = prepared[disk].lstmState();
      }
      ((BatchSequenceModel) prepared[0].model()).step(disks, inputs, memories, logits);
      for (int disk = disks - 1; disk >= 0; disk--) {
        assertThat(engine.conclude(states.get(disk), prepared[disk], logits[disk]))
            .isEqualTo(expected.get(disk).get(i));
      }
    }
  }

  @Test
  void aPreparedSampleIsConcludedOnce() {
    DiskRiskEngine engine = engine();
    DiskState state = DiskState.fresh();
    Prepared prepared = engine.prepare(state, full(0, 0));
    engine.conclude(state, prepared, 0);
    assertThatThrownBy(() -> engine.conclude(state, prepared, 0))
        .isInstanceOf(IllegalStateException.class);
  }

  // Time.

  @Test
  void repeatsAndLateSamplesAreToldApartAndChangeNothing() {
    DiskRiskEngine engine = engine();
    DiskState state = DiskState.fresh();
    assertThat(engine.check(state, full(5, 0))).isEqualTo(Verdict.ACCEPT);
    engine.observe(state, full(5, 0));
    byte[] before = state.toBytes();
    assertThat(engine.check(state, full(5, 9))).isEqualTo(Verdict.DUPLICATE);
    assertThat(engine.check(state, full(4, 9))).isEqualTo(Verdict.LATE);
    assertThat(engine.check(state, full(5.001, 9))).isEqualTo(Verdict.ACCEPT);
    assertThatThrownBy(() -> engine.observe(state, full(5, 9)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(state.toBytes()).isEqualTo(before);
  }

  @Test
  void hourlySamplesDoNotAgeADailyModel() {
    TestingScriptedModel model = new TestingScriptedModel(1);
    DiskRiskEngine engine = new DiskRiskEngine(POLICY, ModelSet.of(model));
    DiskState state = DiskState.fresh();
    for (int hour = 0; hour <= 240; hour++) {
      engine.observe(state, full(hour / 24.0, 0));
    }
    DiskState.Slot slot = state.slots.get(0);
    assertThat(slot.steps).as("one step each 20 hours").isEqualTo(13);
    assertThat(slot.memory[0]).as("the memory saw these steps only").isEqualTo(13f);
    assertThat(state.samples()).isEqualTo(241);
  }

  @Test
  void aSampleSoonerThanTheModelsPaceIsStillScoredAtOnce() {
    TestingScriptedModel model =
        new TestingScriptedModel(
            "m", 1, FailureMode.DISK, input -> input[FeatureExtractor.PENDING_LEVEL] - 5);
    DiskRiskEngine engine = new DiskRiskEngine(POLICY, ModelSet.of(model));
    DiskState state = DiskState.fresh();
    double calm = engine.observe(state, full(0, 0)).probability();
    assertThat(engine.observe(state, full(0.04, 500)).probability()).isGreaterThan(2 * calm);
  }

  // Score, tiers.

  /** Feeds probabilities day by day; the tiers after each. */
  private static List<Tier> tiers(RiskPolicy policy, double... probabilities) {
    TestingScriptedModel model = new TestingScriptedModel(1);
    DiskRiskEngine engine = new DiskRiskEngine(policy, ModelSet.of(model));
    DiskState state = DiskState.fresh();
    List<Tier> tiers = new ArrayList<>();
    for (int day = 0; day < probabilities.length; day++) {
      model.say(probabilities[day]);
      tiers.add(engine.observe(state, full(day, 0)).tier());
    }
    return tiers;
  }

  // Scores of the default policy: 0.001 healthy, 0.02 about 34 (inside WATCH's band), 0.05 about
  // 49, 0.08 about 56 (inside
  // WARNING's), 0.2 about 71 (inside CRITICAL's), 0.5 about 88.

  @Test
  void tiersAreEnteredAtOnceAndLeftAfterTheDwell() {
    assertThat(tiers(POLICY, 0.001, 0.5, 0.001, 0.001, 0.001, 0.001, 0.001))
        .containsExactly(
            Tier.HEALTHY,
            Tier.CRITICAL,
            Tier.CRITICAL,
            Tier.CRITICAL,
            Tier.CRITICAL,
            Tier.HEALTHY,
            Tier.HEALTHY);
  }

  @Test
  void aMomentAboveTheExitStartsTheDwellAgain() {
    assertThat(tiers(POLICY, 0.05, 0.001, 0.001, 0.02, 0.001, 0.001, 0.001, 0.001))
        .containsExactly(
            Tier.WATCH,
            Tier.WATCH,
            Tier.WATCH,
            Tier.WATCH,
            Tier.WATCH,
            Tier.WATCH,
            Tier.WATCH,
            Tier.HEALTHY);
  }

  @Test
  void aTierFallsOnlyAsFarAsTheBandsAllow() {
    // 0.08 scores 56: below CRITICAL's exit of 70, above WARNING's exit of 50 though below its
    // enter of 60
    assertThat(tiers(POLICY, 0.5, 0.08, 0.08, 0.08, 0.08))
        .containsExactly(Tier.CRITICAL, Tier.CRITICAL, Tier.CRITICAL, Tier.CRITICAL, Tier.WARNING);
  }

  @Test
  void insideTheBandNothingFlaps() {
    for (Tier tier : List.of(Tier.WATCH, Tier.WARNING, Tier.CRITICAL)) {
      RiskPolicy.Band band = requireNonNull(POLICY.band(tier));
      for (long seed = 0; seed < 20; seed++) {
        SplittableRandom random = new SplittableRandom(seed);
        double[] inside = new double[100];
        for (int i = 0; i < inside.length; i++) {
          inside[i] = probabilityOf(random.nextDouble(band.exit() + 0.01, band.enter() - 0.01));
        }
        double[] entered = inside.clone();
        entered[0] = probabilityOf(band.enter() + 0.01);
        assertThat(tiers(POLICY, entered)).as("seed %s: stays in", seed).containsOnly(tier);
        assertThat(tiers(POLICY, inside)).as("seed %s: stays out", seed).doesNotContain(tier);
      }
    }
  }

  /** The probability of a score, by bisection. */
  private static double probabilityOf(double score) {
    double low = 1e-6;
    double high = 1 - 1e-6;
    for (int i = 0; i < 100; i++) {
      double middle = (low + high) / 2;
      if (POLICY.score(middle) < score) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return high;
  }

  @Test
  void enterDwellHoldsATierBack() {
    RiskPolicy patient = policy(2 * DAY, 0);
    assertThat(tiers(patient, 0.001, 0.05, 0.5, 0.5, 0.001))
        .containsExactly(Tier.HEALTHY, Tier.HEALTHY, Tier.HEALTHY, Tier.CRITICAL, Tier.HEALTHY);
    assertThat(tiers(patient, 0.001, 0.05, 0.001, 0.05, 0.001)).containsOnly(Tier.HEALTHY);
  }

  @Test
  void wantingDownDoesNotCountAsWantingUp() {
    // low on the second day, high from the third: two days of wanting up end on the fifth
    assertThat(tiers(policy(2 * DAY, 3 * DAY), 0.05, 0.001, 0.5, 0.5, 0.5))
        .containsExactly(Tier.WATCH, Tier.WATCH, Tier.WATCH, Tier.WATCH, Tier.CRITICAL);
  }

  private static RiskPolicy policy(long enterDwellMillis, long exitDwellMillis) {
    return new RiskPolicy(
        POLICY.horizonMillis(),
        POLICY.anchors(),
        POLICY.watch(),
        POLICY.warning(),
        POLICY.critical(),
        enterDwellMillis,
        exitDwellMillis,
        POLICY.staleAfterMillis(),
        POLICY.unknownAfterMillis(),
        POLICY.unknownBelowConfidence(),
        POLICY.warmSteps(),
        POLICY.fullConfidenceMillis(),
        POLICY.reasonFloor(),
        POLICY.maximumReasons());
  }

  @Test
  void anotherHorizonIsScaledByConstantHazard() {
    TestingScriptedModel model = new TestingScriptedModel(1);
    model.say(0.19);
    RiskPolicy half =
        new RiskPolicy(
            15 * DAY,
            POLICY.anchors(),
            POLICY.watch(),
            POLICY.warning(),
            POLICY.critical(),
            0,
            0,
            POLICY.staleAfterMillis(),
            POLICY.unknownAfterMillis(),
            0.1,
            30,
            1,
            0.01,
            5);
    Assessment assessment =
        new DiskRiskEngine(half, ModelSet.of(model)).observe(DiskState.fresh(), full(0, 0));
    assertThat(assessment.probability()).isCloseTo(0.1, within(1e-6));
    assertThat(assessment.modes().get(0).probability()).isCloseTo(0.19, within(1e-6));
    assertThat(assessment.modes().get(0).horizonMillis()).isEqualTo(30 * DAY);
  }

  // Confidence.

  @Test
  void withNoMetricThereIsAProbabilityButNoTrust() {
    DiskRiskEngine engine = engine();
    DiskState state = DiskState.fresh();
    for (int day = 0; day < 40; day++) {
      Assessment assessment = engine.observe(state, sample(day));
      assertThat(assessment.probability()).isBetween(1e-9, 1.0);
      assertThat(assessment.confidence()).isZero();
      assertThat(assessment.tier()).isEqualTo(Tier.UNKNOWN);
    }
  }

  @Test
  void oneEmptySampleDoesNotBlindADiskButManyDo() {
    DiskRiskEngine engine = engine();
    DiskState state = DiskState.fresh();
    for (int day = 0; day < 30; day++) {
      engine.observe(state, full(day, 0));
    }
    assertThat(engine.observe(state, sample(30)).confidence()).isEqualTo(1.0);
    double before = 1;
    for (int day = 33; day < 80; day++) {
      double confidence = engine.observe(state, sample(day)).confidence();
      assertThat(confidence).isLessThanOrEqualTo(before);
      before = confidence;
    }
    assertThat(before).isZero();
    assertThat(state.tier).isEqualTo(Tier.UNKNOWN);
  }

  @Test
  void confidenceGrowsWithHistoryAndWithWhatIsKnown() {
    DiskRiskEngine engine = engine();
    DiskState state = DiskState.fresh();
    double before = 0;
    for (int day = 0; day < 30; day++) {
      double confidence = engine.observe(state, full(day, 0)).confidence();
      assertThat(confidence).isGreaterThanOrEqualTo(before);
      before = confidence;
    }
    assertThat(before).isEqualTo(1.0);
    DiskState poor = DiskState.fresh();
    double few = 0;
    for (int day = 0; day < 30; day++) {
      few =
          engine
              .observe(poor, sample(day, REALLOCATED_SECTORS, 0, PENDING_SECTORS, 0))
              .confidence();
    }
    assertThat(few).isCloseTo(0.7, within(1e-9));
  }

  // Silence.

  @Test
  void silenceIsStaleFirstThenUnknownAndNeverHealth() {
    TestingScriptedModel model = new TestingScriptedModel(1);
    model.say(0.08);
    DiskRiskEngine engine = new DiskRiskEngine(POLICY, ModelSet.of(model));
    DiskState state = DiskState.fresh();
    assertThat(engine.nextLookMillis(state)).isEqualTo(Long.MAX_VALUE);
    assertThat(engine.silence(state, START)).isNull();
    Assessment last = engine.observe(state, full(0, 0));
    for (int day = 1; day <= 30; day++) {
      last = engine.observe(state, full(day, 0));
    }
    long lastMillis = START + 30 * DAY;
    assertThat(engine.nextLookMillis(state)).isEqualTo(lastMillis + POLICY.staleAfterMillis());
    assertThat(engine.silence(state, engine.nextLookMillis(state) - 1)).isNull();

    Assessment stale = requireNonNull(engine.silence(state, engine.nextLookMillis(state)));
    assertThat(stale.stale()).isTrue();
    assertThat(stale.tier()).isEqualTo(Tier.WARNING);
    assertThat(stale.confidence()).isBetween(0.1, 0.5);
    assertThat(stale.probability()).isEqualTo(last.probability());
    assertThat(stale.samples()).isEqualTo(31);
    assertThat(stale.modes().get(0).reasons().get(0).text())
        .isEqualTo("no sample for 3 days; the score is that of the last sample");
    assertThat(engine.silence(state, engine.nextLookMillis(state) - 1)).as("said once").isNull();
    assertThat(engine.nextLookMillis(state)).isEqualTo(lastMillis + POLICY.unknownAfterMillis());

    Assessment unknown = requireNonNull(engine.silence(state, engine.nextLookMillis(state)));
    assertThat(unknown.tier()).isEqualTo(Tier.UNKNOWN);
    assertThat(unknown.tierChanged()).isTrue();
    assertThat(unknown.confidence()).isZero();
    assertThat(engine.nextLookMillis(state)).isEqualTo(Long.MAX_VALUE);
    assertThat(engine.silence(state, Long.MAX_VALUE)).isNull();

    Assessment back = engine.observe(state, full(100, 0));
    assertThat(back.stale()).isFalse();
    assertThat(back.tier()).isEqualTo(Tier.WARNING);
    assertThat(back.tierChanged()).isTrue();
    assertThat(engine.nextLookMillis(state))
        .isEqualTo(START + 100 * DAY + POLICY.staleAfterMillis());
  }

  @Test
  void aDiskWhoseLiveIoFallsSilentIsStaleWithinTheHour() {
    TestingScriptedModel model = new TestingScriptedModel(1);
    model.say(0.08);
    DiskRiskEngine engine = new DiskRiskEngine(POLICY, ModelSet.of(model));
    DiskState state = DiskState.fresh();
    engine.observe(state, full(0, 0));
    long hour = DAY / 24;
    assertThat(engine.nextLookMillis(state)).isEqualTo(START + POLICY.staleAfterMillis());
    assertThat(engine.finding(state, io(START + hour))).isNotNull();
    assertThat(engine.nextLookMillis(state)).isEqualTo(START + 2 * hour);
    assertThat(engine.silence(state, START + 2 * hour - 1)).isNull();

    Assessment stale = requireNonNull(engine.silence(state, START + 2 * hour));
    assertThat(stale.stale()).isTrue();
    assertThat(stale.tier()).isEqualTo(Tier.WARNING);
    assertThat(stale.confidence()).isLessThan(engine.observe(fresh(), full(0, 0)).confidence());
    assertThat(stale.modes().get(0).reasons().get(0).text()).contains("its I/O");
    assertThat(engine.nextLookMillis(state)).isEqualTo(START + POLICY.unknownAfterMillis());

    Assessment back = requireNonNull(engine.finding(state, io(START + 3 * hour)));
    assertThat(back.stale()).isFalse();
    assertThat(engine.nextLookMillis(state)).isEqualTo(START + 4 * hour);

    // Attributes without I/O since: its source sends none any more, and nobody waits for it.
    engine.observe(state, full(1, 0));
    assertThat(engine.nextLookMillis(state)).isEqualTo(START + DAY + POLICY.staleAfterMillis());
  }

  private static DiskState fresh() {
    return DiskState.fresh();
  }

  private static Finding io(long timeMillis) {
    return new Finding(
        "disk/S1",
        timeMillis,
        1,
        10,
        List.of(new ModeAssessment(FailureMode.FAIL_SLOW, 0.0002, DAY, "symptoms", 1, List.of())));
  }

  @Test
  void aModelSaysWhatSlownessIsWorthAndTheStateKeepsWhatWasStated() {
    ModeModel modes =
        new ModeModel(
            "node-modes",
            7,
            "symptoms",
            1,
            Map.of(),
            List.of(
                new ModeModel.Curve(
                    ModeModel.Subject.DRIVE,
                    FailureMode.FAIL_SLOW,
                    DAY,
                    0.0002,
                    List.of(new ModeModel.Knot(0, 0), new ModeModel.Knot(20, 10)))));
    Finding slow =
        new Finding(
            "disk/S1",
            START,
            1,
            10,
            List.of(new ModeAssessment(FailureMode.FAIL_SLOW, 0.5, DAY, "symptoms", 1, List.of())));
    DiskState state = DiskState.fresh();
    DiskRiskEngine learned = new DiskRiskEngine(POLICY, ModelSet.of(List.of()), modes);
    Assessment told = requireNonNull(learned.finding(state, slow));
    ModeAssessment mode = told.modes().get(0);
    assertThat(mode.model()).isEqualTo("node-modes");
    assertThat(mode.modelVersion()).isEqualTo(7);
    double base = Math.log(0.0002 / 0.9998);
    assertThat(mode.probability()).isCloseTo(1 / (1 + Math.exp(-base / 2)), within(1e-12));
    assertThat(told.probability()).isCloseTo(mode.probability(), within(1e-12));
    assertThat(requireNonNull(state.symptoms).slowProbability).isEqualTo(0.5);
    DiskState other = DiskState.fresh();
    assertThat(
            requireNonNull(new DiskRiskEngine(POLICY, ModelSet.of(List.of())).finding(other, slow))
                .modes()
                .get(0)
                .probability())
        .as("without a model as stated")
        .isEqualTo(0.5);
  }

  @Test
  void aLookThatComesVeryLateGoesStraightToUnknown() {
    DiskRiskEngine engine = engine();
    DiskState state = DiskState.fresh();
    engine.observe(state, full(0, 0));
    Assessment late = requireNonNull(engine.silence(state, START + 400 * DAY));
    assertThat(late.tier()).isEqualTo(Tier.UNKNOWN);
    assertThat(engine.nextLookMillis(state)).isEqualTo(Long.MAX_VALUE);
  }

  // Reasons.

  /** Gives every reason for every disk. */
  private static RiskPolicy talkative() {
    return new RiskPolicy(
        30 * DAY,
        POLICY.anchors(),
        POLICY.watch(),
        POLICY.warning(),
        POLICY.critical(),
        0,
        0,
        1,
        2,
        0,
        30,
        1,
        0,
        99);
  }

  /** A model that only adds up some inputs. */
  private static DiskRiskEngine adding(double base, int... inputs) {
    return new DiskRiskEngine(
        POLICY,
        ModelSet.of(
            new TestingScriptedModel(
                "sum",
                1,
                FailureMode.DISK,
                input -> {
                  double sum = base;
                  for (int i : inputs) {
                    sum += input[i];
                  }
                  return sum;
                })));
  }

  @Test
  void aReasonSaysWhichMetricHowMuchAndSinceWhen() {
    DiskRiskEngine engine =
        adding(
            -2,
            FeatureExtractor.PENDING_LEVEL,
            FeatureExtractor.PENDING_GROWTH_7,
            FeatureExtractor.OFFLINE_LEVEL);
    DiskState state = DiskState.fresh();
    for (int day = 0; day < 12; day++) {
      engine.observe(state, full(day, 0));
    }
    ModeAssessment mode = engine.observe(state, full(12, 16)).modes().get(0);
    assertThat(mode.model()).isEqualTo("sum");
    assertThat(mode.modelVersion()).isEqualTo(1);
    assertThat(mode.reasons()).hasSize(1);
    ReasonPart reason = mode.reasons().get(0);
    assertThat(reason.metric()).isEqualTo("smart_197_raw");
    assertThat(reason.value()).isEqualTo(16);
    assertThat(reason.text()).isEqualTo("pending sectors (smart_197) are 16, up 16 in 12 days");
    assertThat(reason.contribution())
        .isCloseTo(Math.log(17) / 3 + Math.log(17) / 2.5, within(1e-4));
  }

  @ParameterizedTest
  @ValueSource(longs = {61, 62, 63, 64, 65, 66})
  void contributionsAddUpToWhatTheDiskAdds(long seed) {
    // every reason that speaks for a failure, of a model in which all inputs raise the risk and
    // none stands for another
    DiskRiskEngine engine =
        new DiskRiskEngine(
            talkative(),
            ModelSet.of(
                new TestingScriptedModel(
                    "sum",
                    1,
                    FailureMode.DISK,
                    input -> {
                      double sum = -2;
                      for (int i = 0; i < input.length; i++) {
                        sum += i == FeatureExtractor.LAST_RISE ? input[i] : Math.abs(input[i]);
                      }
                      return sum * 0.25;
                    })));
    DiskState state = DiskState.fresh();
    for (DiskSample sample : Worlds.history(seed, 60)) {
      Assessment assessment = engine.observe(state, sample);
      double sum =
          assessment.modes().get(0).reasons().stream().mapToDouble(ReasonPart::contribution).sum();
      assertThat(sum)
          .as("seed %s at %s", seed, sample)
          .isCloseTo(RiskPolicy.logOdds(assessment.probability()) + 0.75, within(0.25));
    }
  }

  @Test
  void whatThePastAddsIsAReasonOfItsOwn() {
    CompiledLstm model = new CompiledLstm(TestingModels.shippedShape(3, 1));
    DiskRiskEngine engine = new DiskRiskEngine(talkative(), ModelSet.of(model));
    boolean seen = false;
    for (long seed = 1; seed < 20 && !seen; seed++) {
      DiskState state = DiskState.fresh();
      for (DiskSample sample : Worlds.history(seed, 60)) {
        seen |=
            engine.observe(state, sample).modes().get(0).reasons().stream()
                .anyMatch(
                    reason ->
                        reason.metric().equals("history")
                            && reason.text().startsWith("its course over"));
      }
    }
    assertThat(seen).isTrue();
  }

  @Test
  void withoutReasonsAllElseIsTheSame() {
    int reasons = 0;
    for (long seed = 71; seed < 76; seed++) {
      List<DiskSample> history = Worlds.history(seed, 100);
      List<Assessment> with = run(engine(), history);
      ModelSet models = ModelSet.of(new CompiledLstm(TestingModels.shippedShape(1, 1)));
      List<Assessment> without = run(new DiskRiskEngine(POLICY.withoutReasons(), models), history);
      for (int i = 0; i < history.size(); i++) {
        reasons += with.get(i).modes().get(0).reasons().size();
        assertThat(without.get(i).modes().get(0).reasons()).isEmpty();
        assertThat(without.get(i).probability()).isEqualTo(with.get(i).probability());
        assertThat(without.get(i).tier()).isEqualTo(with.get(i).tier());
        assertThat(without.get(i).confidence()).isEqualTo(with.get(i).confidence());
      }
    }
    assertThat(reasons).isPositive();
  }

  @Test
  void signsThatStandForEachOtherShareWhatTheyAdd() {
    DiskRiskEngine engine =
        new DiskRiskEngine(
            POLICY,
            ModelSet.of(
                new TestingScriptedModel(
                    "any",
                    1,
                    FailureMode.DISK,
                    input ->
                        -2
                            + Math.max(
                                input[FeatureExtractor.REALLOCATED_LEVEL],
                                Math.max(
                                    input[FeatureExtractor.PENDING_LEVEL],
                                    input[FeatureExtractor.OFFLINE_LEVEL])))));
    List<ReasonPart> reasons =
        engine
            .observe(
                DiskState.fresh(),
                sample(0, REALLOCATED_SECTORS, 99, PENDING_SECTORS, 99, OFFLINE_UNCORRECTABLE, 99))
            .modes()
            .get(0)
            .reasons();
    assertThat(reasons)
        .extracting(ReasonPart::metric)
        .containsExactlyInAnyOrder("smart_5_raw", "smart_197_raw", "smart_198_raw");
    for (ReasonPart reason : reasons) {
      assertThat(reason.contribution()).isCloseTo(Math.log(100) / 3 / 3, within(1e-4));
    }
  }

  @Test
  void aFallIsSaidToo() {
    DiskRiskEngine engine = adding(-1, FeatureExtractor.PENDING_LEVEL);
    DiskState state = DiskState.fresh();
    engine.observe(state, full(0, 20));
    for (int day = 1; day < 8; day++) {
      engine.observe(state, full(day, 20));
    }
    assertThat(engine.observe(state, full(8, 5)).modes().get(0).reasons().get(0).text())
        .isEqualTo("pending sectors (smart_197) are 5, down 15 in 8 days");
  }

  @Test
  void growthGoesWithTheCounterThatGrew() {
    DiskRiskEngine engine =
        adding(-1, FeatureExtractor.UNCORRECTABLE_GROWTH_7, FeatureExtractor.TIMEOUTS_GROWTH_7);
    DiskState state = DiskState.fresh();
    engine.observe(state, full(0, 0));
    List<ReasonPart> reasons =
        engine
            .observe(
                state, sample(1, OFFLINE_UNCORRECTABLE, 9, SPIN_RETRIES, 2, COMMAND_TIMEOUTS, 1))
            .modes()
            .get(0)
            .reasons();
    assertThat(reasons)
        .extracting(ReasonPart::metric)
        .containsExactly("smart_198_raw", "smart_10_raw");
  }

  @Test
  void aHealthyDiskCostsOneStepAndHasNoReasons() {
    int[] steps = {0};
    TestingScriptedModel model =
        new TestingScriptedModel("m", 1, FailureMode.DISK, input -> -8 + 0.0 * steps[0]++);
    DiskRiskEngine engine = new DiskRiskEngine(POLICY, ModelSet.of(model));
    assertThat(engine.observe(DiskState.fresh(), full(0, 16)).modes().get(0).reasons()).isEmpty();
    assertThat(steps[0]).isEqualTo(1);
  }

  @Test
  void everyDerivedReasonHasASentence() {
    TestingScriptedModel model =
        new TestingScriptedModel(
            "all",
            1,
            FailureMode.DISK,
            input -> {
              double sum = -3;
              for (float value : input) {
                sum += Math.abs(value);
              }
              return sum + input[FeatureExtractor.LAST_RISE];
            });
    DiskRiskEngine engine = new DiskRiskEngine(talkative(), ModelSet.of(model));
    DiskState state = DiskState.fresh();
    engine.observe(
        state,
        sample(0, REALLOCATED_SECTORS, 0, DiskMetric.POWER_CYCLES, 1, DiskMetric.TEMPERATURE, 20));
    List<ReasonPart> reasons =
        engine
            .observe(
                state,
                sample(
                    9,
                    REALLOCATED_SECTORS,
                    20,
                    DiskMetric.POWER_CYCLES,
                    4,
                    DiskMetric.TEMPERATURE,
                    41,
                    POWER_ON_HOURS,
                    40_000))
            .modes()
            .get(0)
            .reasons();
    assertThat(reasons)
        .extracting(ReasonPart::text)
        .contains(
            "reallocated sectors (smart_5) are 20, up 20 in 9 days",
            "an error counter last rose just now",
            "1 error counter is above 0: smart_5",
            "it has run for 4.6 years",
            "it was switched on about 3 times in the last month",
            "temperature is 41 C, not what is usual for this disk",
            "only 1 of 8 error counters are known",
            "no sample came for 9 days before this one");
    assertThat(reasons)
        .extracting(ReasonPart::contribution)
        .isSortedAccordingTo(Collections.reverseOrder());
  }

  // Models that change.

  private static ModelSet.Entry entry(
      TestingScriptedModel model, double published, double effective, double rollback) {
    return new ModelSet.Entry(
        model,
        START + (long) (published * DAY),
        START + (long) (effective * DAY),
        START + (long) (rollback * DAY));
  }

  private static int version(Assessment assessment) {
    return assessment.modes().get(0).modelVersion();
  }

  @Test
  void aNewChampionIsWarmedBeforeItScoresAndTheFormerIsKeptForRollback() {
    TestingScriptedModel one = new TestingScriptedModel(1);
    TestingScriptedModel two = new TestingScriptedModel(2);
    one.say(0.01);
    two.say(0.02);
    ModelSet set = ModelSet.of(one).with(entry(two, 50, 90, 120));
    DiskRiskEngine engine = new DiskRiskEngine(POLICY, set);
    DiskState state = DiskState.fresh();
    for (int day = 0; day < 130; day++) {
      Assessment assessment = engine.observe(state, full(day, 0));
      assertThat(version(assessment)).as("day %s", day).isEqualTo(day < 90 ? 1 : 2);
      assertThat(assessment.probability()).isCloseTo(day < 90 ? 0.01 : 0.02, within(1e-6));
      assertThat(assessment.samples()).isEqualTo(day + 1);
      assertThat(state.slots).as("day %s", day).hasSize(day < 50 ? 1 : day < 120 ? 2 : 1);
      if (day == 89) {
        DiskState.Slot warmed = requireNonNull(state.slot("scripted", 2));
        assertThat(warmed.steps).isEqualTo(40);
        assertThat(warmed.memory[0]).isEqualTo(40f);
      }
      if (day == 110) { // a rollback on this day would find the former champion warm
        DiskState rolled = copy(state);
        DiskRiskEngine back = new DiskRiskEngine(POLICY, set.without("scripted", 2));
        Assessment former = back.observe(rolled, full(111, 0));
        assertThat(version(former)).isEqualTo(1);
        assertThat(former.confidence()).isEqualTo(1.0);
        assertThat(rolled.slots).hasSize(1);
        assertThat(rolled.slots.get(0).memory[0]).as("every day was seen").isEqualTo(112f);
      }
    }
  }

  @Test
  void withoutTimeToWarmTheFormerChampionGoesOnScoring() {
    TestingScriptedModel one = new TestingScriptedModel(1);
    TestingScriptedModel two = new TestingScriptedModel(2);
    // published and effective at once, no rollback time at all
    DiskRiskEngine engine =
        new DiskRiskEngine(POLICY, ModelSet.of(one).with(entry(two, 50, 50, 50)));
    DiskState state = DiskState.fresh();
    for (int day = 0; day < 100; day++) {
      Assessment assessment = engine.observe(state, full(day, 0));
      assertThat(version(assessment))
          .as("day %s", day)
          .isEqualTo(day < 50 + POLICY.warmSteps() ? 1 : 2);
      if (day > 30) {
        assertThat(assessment.confidence()).as("never a cold start").isEqualTo(1.0);
      }
    }
    assertThat(state.slots).hasSize(1);
  }

  @Test
  void aDiskThatIsNewUsesTheChampionAtOnce() {
    DiskRiskEngine engine =
        new DiskRiskEngine(
            POLICY,
            ModelSet.of(new TestingScriptedModel(1))
                .with(entry(new TestingScriptedModel(2), 50, 60, 90)));
    DiskState state = DiskState.fresh();
    assertThat(version(engine.observe(state, full(70, 0)))).isEqualTo(2);
    assertThat(state.slots).hasSize(2);
  }

  @Test
  void aDiskThatSleptThroughTheSwapIsNotScoredCold() {
    TestingScriptedModel one = new TestingScriptedModel(1);
    TestingScriptedModel two = new TestingScriptedModel(2);
    DiskRiskEngine engine =
        new DiskRiskEngine(POLICY, ModelSet.of(one).with(entry(two, 50, 60, 70)));
    DiskState state = DiskState.fresh();
    for (int day = 0; day < 45; day++) {
      engine.observe(state, full(day, 0));
    }
    Assessment back = engine.observe(state, full(200, 0));
    assertThat(version(back)).isEqualTo(1);
    for (int day = 201; day < 201 + POLICY.warmSteps(); day++) {
      back = engine.observe(state, full(day, 0));
    }
    assertThat(version(back)).isEqualTo(2);
  }

  @Test
  void swapsInQuickSuccessionNeverLoseTheWarmOneAndNeverTakeMoreThanThreeSlots() {
    ModelSet set = ModelSet.of(new TestingScriptedModel(1));
    for (int version = 2; version <= 6; version++) {
      set =
          set.with(
              entry(new TestingScriptedModel(version), 40 + 3 * version, 41 + 3 * version, 400));
    }
    DiskRiskEngine engine = new DiskRiskEngine(POLICY, set);
    DiskState state = DiskState.fresh();
    int before = 1;
    for (int day = 0; day < 200; day++) {
      Assessment assessment = engine.observe(state, full(day, 0));
      assertThat(state.slots).hasSizeLessThanOrEqualTo(DiskState.MAXIMUM_SLOTS);
      assertThat(version(assessment)).isGreaterThanOrEqualTo(before);
      before = version(assessment);
      if (day > 30) {
        assertThat(assessment.confidence()).as("day %s", day).isEqualTo(1.0);
      }
    }
    assertThat(before).isEqualTo(6);
  }

  @Test
  void aModelOfTheSameNameAndAnotherShapeStartsAnew() {
    DiskState state = DiskState.fresh();
    new DiskRiskEngine(
            POLICY, ModelSet.of(new CompiledLstm(TestingModels.file(1, "m", 1, 24, 8, 4))))
        .observe(state, full(0, 0));
    assertThat(state.slots.get(0).memory).hasSize(24);
    new DiskRiskEngine(POLICY, ModelSet.of(new CompiledLstm(TestingModels.file(1, "m", 1, 24, 9))))
        .observe(state, full(1, 0));
    assertThat(state.slots).hasSize(1);
    assertThat(state.slots.get(0).memory).hasSize(18);
    assertThat(state.slots.get(0).steps).isEqualTo(1);
  }

  @Test
  void severalFailureModesAddUp() {
    TestingScriptedModel disk = new TestingScriptedModel("disk", 1, FailureMode.DISK, null);
    TestingScriptedModel slow = new TestingScriptedModel("slow", 1, FailureMode.FAIL_SLOW, null);
    disk.say(0.1);
    slow.say(0.2);
    ModelSet set = ModelSet.of(slow).with(new ModelSet.Entry(disk, 0, 0, 0));
    Assessment assessment = new DiskRiskEngine(POLICY, set).observe(DiskState.fresh(), full(0, 0));
    assertThat(assessment.modes())
        .extracting(ModeAssessment::mode)
        .containsExactly(FailureMode.DISK, FailureMode.FAIL_SLOW);
    assertThat(assessment.probability()).isCloseTo(1 - 0.9 * 0.8, within(1e-6));
  }

  @Test
  void modelsAreSwappedBetweenTwoSamples() {
    DiskRiskEngine engine = new DiskRiskEngine(POLICY, ModelSet.of(new TestingScriptedModel(1)));
    DiskState state = DiskState.fresh();
    engine.observe(state, full(0, 0));
    engine.use(ModelSet.of(new TestingScriptedModel(2)));
    assertThat(version(engine.observe(state, full(1, 0)))).isEqualTo(2);
    engine.use(ModelSet.of(List.of()));
    assertThatThrownBy(() -> engine.observe(state, full(2, 0)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("No model is effective");
    assertThat(state.samples()).as("nothing was counted").isEqualTo(2);
  }

  private static DiskState copy(DiskState state) {
    try {
      return DiskState.fromBytes(state.toBytes());
    } catch (IOException impossible) {
      throw new AssertionError(impossible);
    }
  }
}
