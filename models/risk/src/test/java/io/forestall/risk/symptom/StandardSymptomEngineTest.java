package io.forestall.risk.symptom;

import static io.forestall.risk.symptom.TestingSamples.HOUR;
import static io.forestall.risk.symptom.TestingSamples.MINUTE;
import static io.forestall.risk.symptom.TestingSamples.START;
import static io.forestall.risk.symptom.TestingSamples.mode;
import static io.forestall.risk.symptom.TestingSamples.probability;
import static io.forestall.risk.symptom.TestingSamples.reasons;
import static io.forestall.risk.symptom.TestingSamples.season;
import static io.forestall.risk.symptom.TestingSamples.with;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeAssessment;
import io.forestall.risk.ReasonPart;
import io.forestall.risk.signal.PeerSummary;
import io.forestall.risk.signal.Scope;
import io.forestall.risk.signal.Signal;
import io.forestall.risk.signal.SignalSample;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.LongFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class StandardSymptomEngineTest {
  /** Probability at which a score reaches tier WATCH. */
  private static final double WATCH = 0.02;

  private static final double WARNING = 0.06;

  private final StandardSymptomEngine engine =
      StandardSymptomEngine.standard(SymptomPolicy.defaults());
  private final SymptomState state = engine.fresh();
  private final List<SymptomEngine.Report> reports = new ArrayList<>();
  private long now = START;

  /** Lives on, a sample a minute, and gives the last report. */
  private SymptomEngine.Report live(long minutes, LongFunction<SignalSample> samples) {
    return live(minutes, samples, null);
  }

  private SymptomEngine.Report live(
      long minutes, LongFunction<SignalSample> samples, @Nullable PeerSummary peers) {
    for (long end = now + minutes * MINUTE; now < end; ) {
      now += MINUTE;
      reports.add(engine.observe(state, samples.apply(now), peers));
    }
    return last();
  }

  private SymptomEngine.Report last() {
    return reports.get(reports.size() - 1);
  }

  private LongFunction<SignalSample> machine(long seed, Map<Signal, Double> changes) {
    TestingSamples samples = new TestingSamples(seed);
    return time -> with(samples.machine("node/n", time), changes);
  }

  private LongFunction<SignalSample> machine(long seed) {
    return machine(seed, Map.of());
  }

  private LongFunction<SignalSample> drive(long seed, double slower) {
    TestingSamples samples = new TestingSamples(seed);
    return time -> samples.drive("disk/d", time, season(time), slower);
  }

  // Healthy things stay quiet.

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void aHealthyMachineIsQuietForWeeks(long seed) {
    TestingSamples samples = new TestingSamples(seed);
    int begun = 0;
    for (int i = 0; i < 21 * 24 * 12; i++) { // three weeks, a sample every 5 minutes
      now += 5 * MINUTE;
      SymptomEngine.Report report = engine.observe(state, samples.machine("node/n", now), null);
      for (ModeAssessment mode : report.finding().modes()) {
        assertThat(mode.probability())
            .as("%s on day %s of seed %s: %s", mode.mode(), i / 288, seed, mode.reasons())
            .isLessThan(WATCH);
      }
      begun += report.begun().size();
    }
    assertThat(begun).as("anomalies in three weeks of seed %s", seed).isLessThanOrEqualTo(10);
  }

  @Test
  void aLongHistoryStillLetsAnAnomalyBegin() {
    live(9 * 24 * 60, machine(5)); // more values than a detector ranks a new one among
    reports.clear();
    live(60, machine(5, Map.of(Signal.CPU_BUSY, 0.97)));
    assertThat(reports.stream().flatMap(report -> report.begun().stream()))
        .anySatisfy(
            anomaly -> {
              assertThat(anomaly.signal()).isEqualTo(Signal.CPU_BUSY);
              assertThat(anomaly.byPeers()).isFalse();
              assertThat(anomaly.worse()).isTrue();
            });
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void aHealthyDriveIsQuietForWeeksThroughBackupsAndIdleHours(long seed) {
    TestingSamples samples = new TestingSamples(seed);
    int begun = 0;
    for (int i = 0; i < 21 * 24 * 12; i++) {
      now += 5 * MINUTE;
      boolean backup = now % (24 * HOUR) < HOUR;
      boolean idle = i / 288 % 7 == 6;
      double load = backup ? 2.2 : idle ? 0.1 : season(now);
      SymptomEngine.Report report =
          engine.observe(state, samples.drive("disk/d", now, load, 1), null);
      assertThat(probability(report.finding(), FailureMode.FAIL_SLOW))
          .as("day %s of seed %s: %s", i / 288, seed, report.finding())
          .isLessThan(WATCH);
      begun += report.begun().size();
    }
    assertThat(begun).as("anomalies in three weeks of seed %s", seed).isLessThanOrEqualTo(20);
  }

  @Test
  void aMaintenanceRebootIsNoFailure() {
    live(24 * 60, machine(1));
    now += 10 * MINUTE; // silent while it boots
    live(
        1,
        machine(1, Map.of(Signal.RESTARTS, 6.0, Signal.REBOOTS, 6.0, Signal.LINK_CHANGES, 12.0)));
    // Caches are cold for a while.
    SymptomEngine.Report report =
        live(8, machine(1, Map.of(Signal.REQUEST_LATENCY, 0.02, Signal.ERROR_LOGS, 2.0)));
    for (ModeAssessment mode : report.finding().modes()) {
      assertThat(mode.probability()).as("%s", mode).isLessThan(WATCH);
    }
    assertThat(live(60, machine(1)).anomalies()).isEmpty();
  }

  // Planted faults are found, with their reasons.

  @Test
  void aDyingNetworkCardIsModeNetwork() {
    live(24 * 60, machine(2));
    SymptomEngine.Report report =
        live(
            10,
            machine(
                2,
                Map.of(
                    Signal.NETWORK_ERROR_RATE, 0.001,
                    Signal.NETWORK_DROP_RATE, 0.004,
                    Signal.RETRANSMITS, 0.03)));
    assertThat(probability(report.finding(), FailureMode.NETWORK)).isGreaterThan(WARNING);
    assertThat(reasons(report.finding(), FailureMode.NETWORK)).startsWith("[network_error_ratio,");
    assertThat(mode(report.finding(), FailureMode.NETWORK).reasons().get(0).text())
        .startsWith("0.1 % of packets are in error, usually 0");
    assertThat(probability(report.finding(), FailureMode.SOFTWARE)).isLessThan(WATCH);
    assertThat(probability(report.finding(), FailureMode.FAIL_SLOW)).isLessThan(WATCH);
    assertThat(report.anomalies())
        .extracting(Anomaly::signal)
        .contains(Signal.NETWORK_ERROR_RATE, Signal.RETRANSMITS);
    assertThat(report.anomalies()).allMatch(anomaly -> anomaly.sinceMillis() <= now);

    report = live(90, machine(2));
    assertThat(probability(report.finding(), FailureMode.NETWORK)).as("it fades").isLessThan(0.001);
    assertThat(report.anomalies()).isEmpty();
    assertThat(reports.stream().flatMap(each -> each.ended().stream()).map(Anomaly::signal))
        .contains(Signal.NETWORK_ERROR_RATE, Signal.RETRANSMITS);
  }

  @Test
  void aFlappingLinkIsModeNetworkAndOneChangeIsNot() {
    live(24 * 60, machine(3));
    SymptomEngine.Report once = live(1, machine(3, Map.of(Signal.LINK_CHANGES, 120.0)));
    assertThat(probability(once.finding(), FailureMode.NETWORK)).isLessThan(0.001);
    SymptomEngine.Report often = live(4, machine(3, Map.of(Signal.LINK_CHANGES, 120.0)));
    assertThat(probability(often.finding(), FailureMode.NETWORK)).isGreaterThan(WARNING);
    assertThat(mode(often.finding(), FailureMode.NETWORK).reasons().get(0).text())
        .isEqualTo("the link went up or down about 10 times lately");
  }

  @Test
  void failedRequestsUnderOverloadAreNoFailureOfTheNetwork() {
    live(24 * 60, machine(4));
    SymptomEngine.Report overloaded =
        live(
            20,
            machine(
                4, Map.of(Signal.REQUEST_FAILURES, 0.1, Signal.CPU_BUSY, 0.99, Signal.LOAD, 6.0)));
    assertThat(mode(overloaded.finding(), FailureMode.NETWORK).reasons()).isEmpty();
    live(120, machine(4));
    SymptomEngine.Report idle = live(20, machine(4, Map.of(Signal.REQUEST_FAILURES, 0.1)));
    assertThat(reasons(idle.finding(), FailureMode.NETWORK)).contains("request_failure_ratio");
  }

  @Test
  void aCrashLoopIsModeSoftwareAndAnUpgradeIsNot() {
    live(24 * 60, machine(5));
    SymptomEngine.Report upgraded = live(1, machine(5, Map.of(Signal.RESTARTS, 60.0)));
    assertThat(probability(upgraded.finding(), FailureMode.SOFTWARE)).isLessThan(0.001);
    for (int i = 0; i < 4; i++) {
      live(2, machine(5));
      live(1, machine(5, Map.of(Signal.RESTARTS, 60.0)));
    }
    assertThat(probability(last().finding(), FailureMode.SOFTWARE)).isGreaterThan(WARNING);
    assertThat(mode(last().finding(), FailureMode.SOFTWARE).reasons().get(0).text())
        .isEqualTo("the process was restarted about 5 times in the last hours");
    assertThat(last().anomalies()).extracting(Anomaly::signal).contains(Signal.RESTARTS);
    SymptomEngine.Report later = live(24 * 60, machine(5));
    assertThat(probability(later.finding(), FailureMode.SOFTWARE)).isLessThan(0.001);
    assertThat(later.anomalies()).isEmpty();
  }

  @Test
  void aLeakIsFoundBeforeMemoryRunsOutAndAStepIsNoLeak() {
    live(24 * 60, machine(6));
    TestingSamples stepped = new TestingSamples(6);
    live(
        4 * 60,
        time -> {
          SignalSample sample = stepped.machine("node/n", time);
          return with(
              sample,
              Map.of(
                  Signal.PROCESS_MEMORY, sample.value(Signal.PROCESS_MEMORY) + 15e9,
                  Signal.MEMORY_USED, sample.value(Signal.MEMORY_USED) + 0.15));
        });
    for (SymptomEngine.Report report : reports) {
      assertThat(probability(report.finding(), FailureMode.SOFTWARE)).isLessThan(WATCH);
    }
    long from = now;
    TestingSamples leaking = new TestingSamples(6);
    live(
        4 * 60,
        time -> {
          SignalSample sample = leaking.machine("node/n", time);
          double hours = (time - from) / (double) HOUR;
          return with(
              sample,
              Map.of(
                  Signal.PROCESS_MEMORY,
                  sample.value(Signal.PROCESS_MEMORY) + 15e9 + hours * 5e9,
                  Signal.MEMORY_USED,
                  Math.min(1, sample.value(Signal.MEMORY_USED) + 0.15 + hours * 0.05)));
        });
    assertThat(probability(last().finding(), FailureMode.SOFTWARE)).isGreaterThan(WARNING);
    ReasonPart reason = mode(last().finding(), FailureMode.SOFTWARE).reasons().get(0);
    assertThat(reason.metric()).isEqualTo("memory_exhaustion_hours");
    assertThat(reason.value()).as("hours left of the memory").isBetween(1.0, 8.0);
  }

  @Test
  void aQueueThatGrowsWhileLessIsDoneIsModeSoftwareAndMoreWorkIsNot() {
    live(24 * 60, machine(7));
    SymptomEngine.Report busy =
        live(45, machine(7, Map.of(Signal.QUEUE, 900.0, Signal.PROCESSED_RATE, 4000.0)));
    assertThat(reasons(busy.finding(), FailureMode.SOFTWARE)).doesNotContain("queue_length");
    live(120, machine(7));
    SymptomEngine.Report stuck =
        live(45, machine(7, Map.of(Signal.QUEUE, 900.0, Signal.PROCESSED_RATE, 90.0)));
    assertThat(probability(stuck.finding(), FailureMode.SOFTWARE)).isGreaterThan(WATCH);
    assertThat(reasons(stuck.finding(), FailureMode.SOFTWARE)).contains("queue_length");
  }

  @Test
  void wrongChecksumsAndMissingRaidDisksAreModeDisk() {
    live(60, machine(8));
    SymptomEngine.Report one = live(1, machine(8, Map.of(Signal.CHECKSUM_MISMATCHES, 60.0)));
    SymptomEngine.Report many = live(1, machine(8, Map.of(Signal.CHECKSUM_MISMATCHES, 1200.0)));
    assertThat(probability(many.finding(), FailureMode.DISK))
        .isGreaterThan(WATCH)
        .isGreaterThan(probability(one.finding(), FailureMode.DISK));
    SymptomEngine.Report raid = live(20, machine(8, Map.of(Signal.RAID_DEGRADED, 1.0)));
    assertThat(reasons(raid.finding(), FailureMode.DISK))
        .contains("checksum_mismatches", "raid_degraded_disks");
    assertThat(probability(raid.finding(), FailureMode.DISK)).isGreaterThan(0.5);
  }

  @Test
  void aClockThatIsOffIsNamed() {
    live(60, machine(9));
    SymptomEngine.Report report = live(20, machine(9, Map.of(Signal.CLOCK_OFFSET, 900.0)));
    assertThat(probability(report.finding(), FailureMode.SOFTWARE)).isGreaterThan(WATCH);
    assertThat(mode(report.finding(), FailureMode.SOFTWARE).reasons().get(0).text())
        .isEqualTo("the clock is off by 900 s");
  }

  @Test
  void aSlowDriveIsFoundAgainstItsOwnPastAndStaysFoundForHours() {
    live(48 * 60, drive(10, 1));
    assertThat(probability(last().finding(), FailureMode.FAIL_SLOW)).isLessThan(0.001);
    SymptomEngine.Report report = live(40, drive(10, 3));
    assertThat(probability(report.finding(), FailureMode.FAIL_SLOW)).isGreaterThan(WATCH);
    assertThat(reasons(report.finding(), FailureMode.FAIL_SLOW)).contains("disk_latency_seconds");
    report = live(12 * 60, drive(10, 3));
    assertThat(probability(report.finding(), FailureMode.FAIL_SLOW))
        .as("it does not become what is usual")
        .isGreaterThan(WATCH);
    report = live(4 * 60, drive(10, 1));
    assertThat(probability(report.finding(), FailureMode.FAIL_SLOW)).as("healed").isLessThan(WATCH);
  }

  @Test
  void slowUnderHighLoadIsNotSlow() {
    live(48 * 60, drive(11, 1));
    TestingSamples samples = new TestingSamples(11);
    SymptomEngine.Report report = live(3 * 60, time -> samples.drive("disk/d", time, 2.3, 1));
    assertThat(report.finding().modes().get(0).probability())
        .as("latency %s", report.finding())
        .isLessThan(WATCH);
  }

  @Test
  void aDriveThatWasAlwaysSlowIsFoundAgainstItsPeersOnly() {
    PeerSummary peers = TestingSamples.drivePeers(START, 0.012, 40);
    TestingSamples samples = new TestingSamples(12);
    LongFunction<SignalSample> slow = time -> samples.drive("disk/d", time, 0.8, 2);
    live(24 * 60, slow, peers);
    assertThat(reasons(last().finding(), FailureMode.FAIL_SLOW))
        .isEqualTo("[disk_latency_against_peers]");
    assertThat(mode(last().finding(), FailureMode.FAIL_SLOW).reasons().get(0).text())
        .contains("with its peers under like load 12 ms");
    assertThat(probability(last().finding(), FailureMode.FAIL_SLOW))
        .as("peers alone are no alarm: some drives are different")
        .isBetween(0.001, WATCH);
  }

  @Test
  void bothOwnPastAndPeersMakeItCertain() {
    PeerSummary peers = TestingSamples.drivePeers(START, 0.014, 45);
    live(48 * 60, drive(13, 1), peers);
    double alone = probability(last().finding(), FailureMode.FAIL_SLOW);
    live(60, drive(13, 3), peers);
    assertThat(alone).isLessThan(0.001);
    assertThat(probability(last().finding(), FailureMode.FAIL_SLOW)).isGreaterThan(0.2);
  }

  @Test
  void aPairIsJudgedBySlownessAndErrorsAnEdgeAsNetworkOnly() {
    TestingSamples samples = new TestingSamples(14);
    live(24 * 60, time -> samples.path("edge/a>b", time));
    assertThat(last().finding().modes())
        .extracting(ModeAssessment::mode)
        .containsExactly(FailureMode.NETWORK);
    assertThat(last().finding().modes().get(0).probability()).isLessThan(0.001);
    live(15, time -> with(samples.path("edge/a>b", time), Map.of(Signal.PATH_LOSS, 0.05)));
    assertThat(probability(last().finding(), FailureMode.NETWORK)).isGreaterThan(WATCH);

    SymptomState pair = engine.fresh();
    long time = START;
    SymptomEngine.Report report = null;
    for (int i = 0; i < 26 * 60; i++, time += MINUTE) {
      SignalSample sample = samples.path("pair/v@c", time);
      double slower = i < 25 * 60 ? 1 : 4;
      report =
          engine.observe(
              pair,
              with(
                  sample,
                  Map.of(
                      Signal.PATH_LATENCY, slower * sample.value(Signal.PATH_LATENCY),
                      Signal.PATH_LATENCY_P99, slower * sample.value(Signal.PATH_LATENCY_P99))),
              null);
      if (i == 25 * 60 - 1) {
        assertThat(probability(report.finding(), FailureMode.FAIL_SLOW)).isLessThan(0.001);
      }
    }
    assertThat(probability(requireNonNull(report).finding(), FailureMode.FAIL_SLOW))
        .isGreaterThan(WATCH);
  }

  // Confidence.

  @Test
  void confidenceGrowsWithHistoryAndFallsWithWhatIsMissing() {
    double first = live(1, machine(15)).finding().confidence();
    double hour = live(60, machine(15)).finding().confidence();
    double day = live(24 * 60, machine(15)).finding().confidence();
    assertThat(first).isBetween(0.1, 0.4);
    assertThat(hour).isGreaterThan(first);
    assertThat(day).isEqualTo(1);
    Map<Signal, Double> half = new HashMap<>();
    for (Signal signal : Signal.values()) {
      if (signal.scope() == Scope.MACHINE && signal.ordinal() % 2 == 0) {
        half.put(signal, Double.NaN);
      }
    }
    live(15, machine(15, half));
    assertThat(last().finding().confidence()).as("a short gap is none").isEqualTo(1);
    live(30, machine(15, half));
    assertThat(last().finding().confidence()).isBetween(0.3, 0.7);
    assertThat(last().finding().modes().get(0).reasons())
        .anySatisfy(
            reason -> {
              assertThat(reason.metric()).isEqualTo(StandardSymptomEngine.MISSING);
              assertThat(reason.contribution()).isZero();
              assertThat(reason.text()).contains("signals are no longer reported: ");
            });
    live(8 * 24 * 60, machine(15, half));
    assertThat(last().finding().confidence())
        .as("what is gone for a week is no longer expected")
        .isGreaterThan(0.7);
  }

  // Reports.

  @Test
  void aReportIsNotableWhenSomethingMovedOrTheLastOneIsOld() {
    int notable = 0;
    for (int i = 0; i < 24 * 60; i++) {
      notable += live(1, drive(16, 1)).notable() ? 1 : 0;
    }
    assertThat(notable).as("one in ten minutes and a few").isBetween(140, 200);
    int later = 0;
    for (int i = 0; i < 20; i++) {
      later += live(1, drive(16, 8)).notable() ? 1 : 0;
    }
    assertThat(later).as("%s", last()).isGreaterThan(3);
  }

  @Test
  void baselinesSayWhatIsUsual() {
    live(48 * 60, drive(17, 1));
    PeerSummary peers = TestingSamples.drivePeers(now, 0.012, 45);
    Map<Signal, Baseline> baselines = new HashMap<>();
    for (Baseline baseline : engine.baselines(state, peers)) {
      baselines.put(baseline.signal(), baseline);
    }
    Baseline latency = requireNonNull(baselines.get(Signal.DISK_LATENCY));
    assertThat(latency.level()).isBetween(0.006, 0.03);
    assertThat(latency.spread()).isPositive();
    assertThat(latency.samples()).isEqualTo(48 * 60);
    assertThat(latency.peerMedian()).isEqualTo(0.012);
    assertThat(baselines).containsKey(Signal.DISK_UTILISATION);
    assertThat(baselines).doesNotContainKey(Signal.DISK_IO_ERRORS);
  }

  @Test
  void aSampleThatIsNotNewerIsRefused() {
    live(1, machine(18));
    SignalSample old = new TestingSamples(18).machine("node/n", now);
    assertThatThrownBy(() -> engine.observe(state, old, null))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not newer");
  }

  // State.

  @ParameterizedTest
  @EnumSource(Scope.class)
  void theStateIsSmall(Scope scope) throws IOException {
    TestingSamples samples = new TestingSamples(19);
    for (int i = 0; i < 60 * 60; i++, now += 2 * MINUTE) {
      SignalSample sample =
          switch (scope) {
            case MACHINE ->
                with(
                    samples.machine("node/n", now),
                    Map.of(
                        Signal.LINK_CHANGES, 30.0,
                        Signal.RESTARTS, i % 2 == 0 ? 30.0 : 0.0,
                        Signal.CHECKSUM_MISMATCHES, 30.0));
            case DRIVE -> samples.drive("disk/d", now, season(now), i % 500 > 400 ? 5 : 1);
            case PATH -> samples.path("pair/v@c", now);
          };
      engine.observe(state, sample, null);
    }
    assertThat(bytes(state))
        .hasSizeLessThanOrEqualTo(
            switch (scope) {
              case MACHINE -> 18 * 1024;
              case DRIVE, PATH -> 3 * 1024;
            });
  }

  @ParameterizedTest
  @ValueSource(longs = {31, 32, 33})
  void anyWorldKeepsTheInvariantsAndStoringChangesNothing(long seed) throws IOException {
    for (Scope scope : Scope.values()) {
      SplittableRandom random = new SplittableRandom(seed);
      TestingSamples samples = new TestingSamples(seed);
      SymptomState kept = engine.fresh();
      SymptomState stored = engine.fresh();
      UnaryOperator<SignalSample> wild = sample -> wild(sample, random);
      long time = START;
      for (int i = 0; i < 400; i++) {
        time += random.nextInt(20) == 0 ? random.nextLong(1, 10 * HOUR) : MINUTE;
        SignalSample sample =
            wild.apply(
                switch (scope) {
                  case MACHINE -> samples.machine("node/n", time);
                  case DRIVE -> samples.drive("disk/d", time);
                  case PATH -> samples.path("pair/v@c", time);
                });
        PeerSummary peers = random.nextBoolean() ? TestingSamples.drivePeers(time, 0.01, 40) : null;
        if (i % 3 == 0) {
          stored = engine.read(new DataInputStream(new ByteArrayInputStream(bytes(stored))));
        }
        SymptomEngine.Report report = engine.observe(kept, sample, peers);
        assertThat(engine.observe(stored, sample, peers))
            .as("%s, sample %s of seed %s", scope, i, seed)
            .isEqualTo(report);
        assertSound(report, seed);
      }
      assertThat(bytes(stored)).isEqualTo(bytes(kept));
    }
  }

  private static SignalSample wild(SignalSample sample, SplittableRandom random) {
    Map<Signal, Double> changes = new HashMap<>();
    for (Signal signal : Signal.values()) {
      if (signal.scope() == sample.scope()) {
        switch (random.nextInt(30)) {
          case 0 -> changes.put(signal, Double.NaN);
          case 1 -> changes.put(signal, 0.0);
          case 2 ->
              changes.put(
                  signal, signal.signalName().endsWith("_ratio") ? 1 : random.nextDouble(0, 1e12));
          default -> {}
        }
      }
    }
    return with(sample, changes);
  }

  private static void assertSound(SymptomEngine.Report report, long seed) {
    Finding finding = report.finding();
    assertThat(finding.confidence()).as("seed %s", seed).isBetween(0.0, 1.0);
    assertThat(finding.modes()).isNotEmpty();
    for (ModeAssessment mode : finding.modes()) {
      assertThat(mode.probability()).as("%s of seed %s", mode, seed).isBetween(1e-5, 1.0);
      for (ReasonPart reason : mode.reasons()) {
        assertThat(reason.value()).as("%s of seed %s", reason, seed).isFinite();
        assertThat(reason.contribution())
            .as("%s of seed %s", reason, seed)
            .isFinite()
            .isNotNegative();
        assertThat(reason.text()).isNotBlank().doesNotContain("NaN", "Infinity");
      }
    }
    List<Anomaly> all = new ArrayList<>(report.anomalies());
    all.addAll(report.ended());
    for (Anomaly anomaly : all) {
      assertThat(anomaly.spread()).as("%s of seed %s", anomaly, seed).isFinite().isPositive();
      assertThat(anomaly.expected()).as("%s of seed %s", anomaly, seed).isFinite();
      assertThat(anomaly.score()).as("%s of seed %s", anomaly, seed).isBetween(0.0, 1.0);
      assertThat(anomaly.sinceMillis()).isLessThanOrEqualTo(finding.timeMillis());
    }
    assertThat(report.anomalies().containsAll(report.begun())).isTrue();
    assertThat(report.anomalies().stream().anyMatch(report.ended()::contains)).isFalse();
  }

  private static byte[] bytes(SymptomState state) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    state.write(new DataOutputStream(bytes));
    return bytes.toByteArray();
  }
}
