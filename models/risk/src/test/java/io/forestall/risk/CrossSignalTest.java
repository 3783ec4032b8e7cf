package io.forestall.risk;

import static io.forestall.risk.DiskMetric.PENDING_SECTORS;
import static io.forestall.risk.DiskMetric.REALLOCATED_SECTORS;
import static io.forestall.risk.Worlds.DAY;
import static io.forestall.risk.Worlds.START;
import static io.forestall.risk.Worlds.sample;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.forestall.risk.symptom.Evidence;
import io.forestall.risk.symptom.Finding;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CrossSignalTest {
  private static final long HOUR = 3_600_000L;
  private static final RiskPolicy POLICY = RiskPolicy.defaults();

  private final DiskRiskEngine engine =
      new DiskRiskEngine(POLICY, ModelSet.of(new CompiledLstm(TestingModels.shippedShape(1, 1))));
  private final DiskState state = DiskState.fresh();

  @ParameterizedTest
  @CsvSource({
    // slow nats, error nats, hours since a SMART counter rose (-1 never), lift
    "0, 0, -1, 0",
    "8, 0, -1, 0", // slow alone
    "8, 0, 25, 0", // and an old rise
    "0, 3, 1, 0", // errors alone
    "2, 3, 1, 0", // hardly slow
    "8, 0, 1, 2.5",
    "8, 3, -1, 2.5",
    "3.5, 0, 24, 1.25",
  })
  void onlyBothTogetherLift(double slow, double errors, long hours, double lift) {
    assertThat(CrossSignal.lift(slow, errors, hours < 0 ? Long.MAX_VALUE : hours * HOUR))
        .isCloseTo(lift, within(1e-9));
  }

  private static Finding finding(double day, double probability, double slow, double errors) {
    List<ReasonPart> reasons = new ArrayList<>();
    if (slow > 0) {
      reasons.add(
          new ReasonPart(
              Evidence.SLOW_IO.metric(), 0.1, slow, "an I/O takes 100 ms, usually 8 ms"));
    }
    if (errors > 0) {
      reasons.add(new ReasonPart(Evidence.IO_ERRORS.metric(), 9, errors, "about 9 I/O errors"));
    }
    return new Finding(
        "disk/d",
        START + Math.round(day * DAY),
        0.9,
        500,
        List.of(
            new ModeAssessment(
                FailureMode.FAIL_SLOW, probability, 24 * HOUR, "symptoms", 1, reasons)));
  }

  private Assessment smart(double day, double pending) {
    return engine.observe(state, sample(day, REALLOCATED_SECTORS, 0, PENDING_SECTORS, pending));
  }

  private static @Nullable ModeAssessment mode(Assessment assessment, FailureMode mode) {
    return assessment.modes().stream().filter(m -> m.mode() == mode).findFirst().orElse(null);
  }

  private static double disk(Assessment assessment) {
    return requireNonNull(mode(assessment, FailureMode.DISK)).probability();
  }

  private static List<String> metrics(Assessment assessment, FailureMode mode) {
    return requireNonNull(mode(assessment, mode)).reasons().stream()
        .map(ReasonPart::metric)
        .toList();
  }

  @Test
  void slownessAddsAModeAndLeavesModeDiskAlone() {
    Assessment before = smart(0, 0);
    Assessment after = requireNonNull(engine.finding(state, finding(0.5, 0.3, 6, 0)));
    assertThat(disk(after)).isEqualTo(before.probability());
    assertThat(requireNonNull(mode(after, FailureMode.FAIL_SLOW)).probability()).isEqualTo(0.3);
    assertThat(metrics(after, FailureMode.FAIL_SLOW)).containsExactly("disk_latency_seconds");
    assertThat(after.probability()).isCloseTo(1 - (1 - before.probability()) * 0.7, within(1e-12));
    assertThat(after.score()).isEqualTo(POLICY.score(after.probability()));
    assertThat(after.samples()).isEqualTo(1);
    assertThat(after.timeMillis()).isEqualTo(START + DAY / 2);
  }

  @Test
  void slownessWithRisingCountersRaisesModeDiskWithTheReasonNamed() {
    smart(0, 0);
    Assessment risen = smart(1, 0);
    DiskState alone = stored(state);
    Assessment erring =
        engine.observe(alone, sample(2, REALLOCATED_SECTORS, 0, PENDING_SECTORS, 8));
    assertThat(engine.finding(state, finding(1.9, 0.3, 6, 0))).isNotNull();
    Assessment both = smart(2, 8);
    assertThat(RiskPolicy.logOdds(disk(both)))
        .isGreaterThan(RiskPolicy.logOdds(disk(erring)) + 2)
        .isLessThan(RiskPolicy.logOdds(disk(erring)) + 2.6);
    assertThat(metrics(both, FailureMode.DISK)).contains(CrossSignal.METRIC);
    assertThat(disk(risen)).isLessThan(disk(both));

    Assessment later = requireNonNull(engine.finding(state, finding(2.1, 0.001, 0, 0)));
    assertThat(disk(later)).as("slowness is remembered for a while").isGreaterThan(disk(erring));
    assertThat(metrics(later, FailureMode.DISK)).contains(CrossSignal.METRIC);
    Assessment nextDays = smart(5, 8);
    assertThat(metrics(nextDays, FailureMode.DISK)).doesNotContain(CrossSignal.METRIC);
    assertThat(mode(nextDays, FailureMode.FAIL_SLOW)).as("its horizon is over").isNull();
  }

  @Test
  void slownessWithErrorsOfItsOwnInputAndOutputRaisesModeDiskToo() {
    Assessment before = smart(0, 0);
    Assessment after = requireNonNull(engine.finding(state, finding(0.5, 0.3, 6, 1)));
    assertThat(disk(after)).isGreaterThan(2 * before.probability());
    assertThat(metrics(after, FailureMode.DISK)).contains(CrossSignal.METRIC);
  }

  @Test
  void whatIsNotNewerOrTellsNoSlownessSaysNothing() {
    smart(0, 0);
    assertThat(engine.finding(state, finding(0.5, 0.3, 6, 0))).isNotNull();
    byte[] before = state.toBytes();
    assertThat(engine.finding(state, finding(0.5, 0.9, 6, 0))).isNull();
    assertThat(engine.finding(state, finding(0.4, 0.9, 6, 0))).isNull();
    assertThat(engine.finding(state, new Finding("disk/d", START + 3 * DAY, 1, 1, List.of())))
        .isNull();
    assertThat(state.toBytes()).isEqualTo(before);
  }

  @Test
  void aDiskWhoseSmartIsNotReadIsScoredByItsInputAndOutput() {
    Assessment first = requireNonNull(engine.finding(state, finding(0, 0.3, 6, 0)));
    assertThat(first.samples()).isZero();
    assertThat(first.modes())
        .extracting(ModeAssessment::mode)
        .containsExactly(FailureMode.FAIL_SLOW);
    assertThat(first.probability()).isCloseTo(0.3, within(1e-12));
    assertThat(first.confidence()).isBetween(0.3, 0.7);
    assertThat(first.tier()).isEqualTo(Tier.CRITICAL);
    long staleMillis = engine.nextLookMillis(state);
    assertThat(staleMillis).isEqualTo(START + POLICY.staleAfterMillis());
    assertThat(requireNonNull(engine.silence(state, staleMillis)).stale()).isTrue();
    Assessment unknown = requireNonNull(engine.silence(state, START + POLICY.unknownAfterMillis()));
    assertThat(unknown.tier()).isEqualTo(Tier.UNKNOWN);
    Assessment back = requireNonNull(engine.finding(state, finding(20, 0.0002, 0, 0)));
    assertThat(back.stale()).isFalse();
    assertThat(back.tier()).isEqualTo(Tier.HEALTHY);
  }

  @Test
  void reasonsOfTheCountersSurviveAFinding() {
    smart(0, 0);
    Assessment smart = smart(1, 400);
    List<String> before = metrics(smart, FailureMode.DISK);
    DiskState other = stored(state);
    assertThat(engine.finding(other, finding(1.2, 0.01, 0, 0))).isNotNull();
    assertThat(engine.observe(other, sample(2, REALLOCATED_SECTORS, 0, PENDING_SECTORS, 400)))
        .isNotNull();
    Assessment after = requireNonNull(engine.finding(other, finding(2.2, 0.01, 0, 0)));
    if (before.isEmpty()) {
      assertThat(metrics(after, FailureMode.DISK)).isEmpty();
    } else {
      assertThat(metrics(after, FailureMode.DISK)).isNotEmpty();
    }
  }

  @Test
  void aSilentDiskStaysUnknownWhateverItsInputAndOutputSay() {
    smart(0, 0);
    engine.silence(state, START + POLICY.unknownAfterMillis());
    Assessment after = requireNonNull(engine.finding(state, finding(15, 0.5, 6, 0)));
    assertThat(after.tier()).isEqualTo(Tier.UNKNOWN);
    assertThat(after.stale()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void anyMixKeepsTheInvariantsAndStoringChangesNothing(long seed) throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    DiskState kept = DiskState.fresh();
    DiskState stored = DiskState.fresh();
    double pending = 0;
    double day = 0;
    for (int i = 0; i < 400; i++) {
      day += random.nextDouble(0.01, 1.2);
      stored = stored(stored);
      Assessment one;
      Assessment other;
      if (random.nextInt(3) == 0) {
        pending += random.nextInt(5) == 0 ? random.nextInt(50) : 0;
        DiskSample sample = sample(day, REALLOCATED_SECTORS, 0, PENDING_SECTORS, pending);
        one = engine.observe(kept, sample);
        other = engine.observe(stored, sample);
      } else {
        Finding finding =
            finding(day, random.nextDouble(), random.nextDouble(9), random.nextDouble(3));
        one = requireNonNull(engine.finding(kept, finding));
        other = requireNonNull(engine.finding(stored, finding));
      }
      assertThat(other).as("seed %s", seed).isEqualTo(one);
      assertThat(kept.toBytes()).hasSizeLessThanOrEqualTo(DiskState.MAXIMUM_BYTES);
      assertThat(one.probability()).as("seed %s", seed).isBetween(0.0, 1.0);
      assertThat(one.score()).isBetween(0.0, 100.0);
      for (ModeAssessment mode : one.modes()) {
        assertThat(mode.probability()).isBetween(0.0, 1.0);
        assertThat(one.probability()).isGreaterThanOrEqualTo(mode.probability() - 1e-12);
        assertThat(mode.reasons()).hasSizeLessThanOrEqualTo(POLICY.maximumReasons());
      }
    }
  }

  private static DiskState stored(DiskState state) {
    try {
      return DiskState.fromBytes(state.toBytes());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
