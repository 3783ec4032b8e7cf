package io.forestall.risk.signal;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SignalsTest {
  private static final long START = 1_700_000_000_000L;
  private static final long MINUTE = 60_000L;

  private final Signals signals = new Signals();
  private final SignalState state = SignalState.fresh();

  private @Nullable SignalSample take(
      Scope scope, double minutes, Map<FleetMetric, Double> present) {
    return signals.derive(
        state,
        EntitySample.of("thing/x", scope, null, START + Math.round(minutes * MINUTE), present),
        "peers");
  }

  private SignalSample machine(double minutes, Map<FleetMetric, Double> present) {
    return requireNonNull(take(Scope.MACHINE, minutes, present));
  }

  private SignalSample drive(double minutes, Map<FleetMetric, Double> present) {
    return requireNonNull(take(Scope.DRIVE, minutes, present));
  }

  @Test
  void ratesRatiosAndLevelsHaveTheUnitsOfTheirSignals() {
    machine(
        0,
        Map.of(
            FleetMetric.CPU_COUNT, 4.0,
            FleetMetric.CPU_BUSY_SECONDS, 100.0,
            FleetMetric.REQUESTS, 1000.0,
            FleetMetric.REQUESTS_FAILED, 10.0,
            FleetMetric.REQUEST_SECONDS, 50.0,
            FleetMetric.NETWORK_LINK_CHANGES, 1.0));
    SignalSample sample =
        machine(
            1,
            Map.of(
                FleetMetric.CPU_COUNT, 4.0,
                FleetMetric.CPU_BUSY_SECONDS, 220.0,
                FleetMetric.REQUESTS, 1600.0,
                FleetMetric.REQUESTS_FAILED, 16.0,
                FleetMetric.REQUEST_SECONDS, 56.0,
                FleetMetric.NETWORK_LINK_CHANGES, 3.0));
    assertThat(sample.value(Signal.CPU_BUSY)).isCloseTo(0.5, within(1e-9));
    assertThat(sample.value(Signal.REQUEST_RATE)).isCloseTo(10, within(1e-9));
    assertThat(sample.value(Signal.REQUEST_FAILURES)).isCloseTo(0.01, within(1e-9));
    assertThat(sample.value(Signal.REQUEST_LATENCY)).isCloseTo(0.01, within(1e-9));
    assertThat(sample.value(Signal.LINK_CHANGES)).as("an hour").isCloseTo(120, within(1e-9));
    assertThat(sample.has(Signal.MEMORY_USED)).isFalse();
    assertThat(sample.peers()).isEqualTo("peers");
  }

  @Test
  void levelsNeedNoSampleBefore() {
    SignalSample first =
        machine(
            0,
            Map.of(
                FleetMetric.CPU_COUNT, 8.0,
                FleetMetric.LOAD1, 4.0,
                FleetMetric.MEMORY_TOTAL_BYTES, 100.0,
                FleetMetric.MEMORY_AVAILABLE_BYTES, 25.0,
                FleetMetric.CLOCK_OFFSET_SECONDS, -0.5,
                FleetMetric.REQUESTS, 7.0,
                FleetMetric.START_TIME_SECONDS, START / 1000.0 - 5));
    assertThat(first.value(Signal.LOAD)).isEqualTo(0.5);
    assertThat(first.value(Signal.MEMORY_USED)).isEqualTo(0.75);
    assertThat(first.value(Signal.CLOCK_OFFSET)).isEqualTo(0.5);
    assertThat(first.has(Signal.REQUEST_RATE)).as("no rate of one sample").isFalse();
    assertThat(first.has(Signal.RESTARTS)).as("nor a restart").isFalse();
  }

  @Test
  void aCounterThatFellGivesNoRateOnceAndDisturbsNoOther() {
    machine(0, Map.of(FleetMetric.REQUESTS, 500.0, FleetMetric.PROCESSED, 500.0));
    SignalSample reset =
        machine(1, Map.of(FleetMetric.REQUESTS, 60.0, FleetMetric.PROCESSED, 560.0));
    assertThat(reset.has(Signal.REQUEST_RATE)).isFalse();
    assertThat(reset.value(Signal.PROCESSED_RATE)).isEqualTo(1);
    SignalSample after =
        machine(2, Map.of(FleetMetric.REQUESTS, 120.0, FleetMetric.PROCESSED, 620.0));
    assertThat(after.value(Signal.REQUEST_RATE)).isEqualTo(1);
  }

  @Test
  void afterARestartTheProcessHasNoRatesEvenWhereACounterOvertookItself() {
    double started = START / 1000.0 - 9_000;
    machine(
        0,
        Map.of(
            FleetMetric.START_TIME_SECONDS, started,
            FleetMetric.REQUESTS, 5.0,
            FleetMetric.NETWORK_PACKETS, 100.0,
            FleetMetric.NETWORK_ERRORS, 0.0));
    SignalSample restarted =
        machine(
            1,
            Map.of(
                FleetMetric.START_TIME_SECONDS, START / 1000.0 + 30,
                FleetMetric.REQUESTS, 600.0,
                FleetMetric.NETWORK_PACKETS, 700.0,
                FleetMetric.NETWORK_ERRORS, 6.0));
    assertThat(restarted.value(Signal.RESTARTS)).isCloseTo(60, within(1e-9));
    assertThat(restarted.has(Signal.REQUEST_RATE)).isFalse();
    assertThat(restarted.value(Signal.NETWORK_ERROR_RATE))
        .as("the machine's counters went on")
        .isCloseTo(0.01, within(1e-9));
    SignalSample after = machine(2, Map.of(FleetMetric.START_TIME_SECONDS, START / 1000.0 + 30.4));
    assertThat(after.value(Signal.RESTARTS)).as("jitter is no restart").isZero();
  }

  @Test
  void aRebootSilencesEveryCounterAndIsTold() {
    machine(
        0,
        Map.of(
            FleetMetric.BOOT_TIME_SECONDS,
            START / 1000.0 - 90_000,
            FleetMetric.NETWORK_RECEIVED_BYTES,
            10.0));
    SignalSample rebooted =
        machine(
            50,
            Map.of(
                FleetMetric.BOOT_TIME_SECONDS,
                START / 1000.0 + 49 * 60,
                FleetMetric.NETWORK_RECEIVED_BYTES,
                500.0));
    assertThat(rebooted.value(Signal.REBOOTS)).as("told across a gap").isGreaterThan(0);
    assertThat(rebooted.has(Signal.NETWORK_THROUGHPUT)).isFalse();
  }

  @Test
  void aClockThatJumpsMovesTheBootTimeAndIsNoReboot() {
    machine(0, Map.of(FleetMetric.BOOT_TIME_SECONDS, START / 1000.0 - 90_000));
    SignalSample jumped =
        machine(31, Map.of(FleetMetric.BOOT_TIME_SECONDS, START / 1000.0 - 90_000 + 1800));
    assertThat(jumped.value(Signal.REBOOTS)).isZero();
  }

  @Test
  void overAGapThereIsNoRate() {
    drive(0, Map.of(FleetMetric.DISK_READS, 0.0));
    assertThat(drive(30, Map.of(FleetMetric.DISK_READS, 1800.0)).value(Signal.DISK_IOPS))
        .isEqualTo(1);
    assertThat(drive(61, Map.of(FleetMetric.DISK_READS, 3600.0)).has(Signal.DISK_IOPS)).isFalse();
    assertThat(drive(62, Map.of(FleetMetric.DISK_READS, 3660.0)).value(Signal.DISK_IOPS))
        .isEqualTo(1);
  }

  @Test
  void sourcesThatReportInTurnsDoNotDisturbEachOther() {
    machine(0, Map.of(FleetMetric.REQUESTS, 0.0));
    machine(0.5, Map.of(FleetMetric.NETWORK_PACKETS, 0.0, FleetMetric.NETWORK_ERRORS, 0.0));
    assertThat(machine(1, Map.of(FleetMetric.REQUESTS, 60.0)).value(Signal.REQUEST_RATE))
        .isEqualTo(1);
    SignalSample network =
        machine(1.5, Map.of(FleetMetric.NETWORK_PACKETS, 600.0, FleetMetric.NETWORK_ERRORS, 6.0));
    assertThat(network.value(Signal.NETWORK_ERROR_RATE)).isCloseTo(0.01, within(1e-12));
    assertThat(network.has(Signal.REQUEST_RATE)).isFalse();
  }

  @Test
  void ratiosOfNothingAreAbsentUnlessTheyMeanSomething() {
    machine(
        0,
        Map.of(
            FleetMetric.REQUESTS, 5.0,
            FleetMetric.REQUESTS_FAILED, 1.0,
            FleetMetric.NETWORK_PACKETS, 5.0,
            FleetMetric.NETWORK_ERRORS, 0.0,
            FleetMetric.NETWORK_DROPS, 0.0));
    SignalSample idle =
        machine(
            1,
            Map.of(
                FleetMetric.REQUESTS, 5.0,
                FleetMetric.REQUESTS_FAILED, 1.0,
                FleetMetric.NETWORK_PACKETS, 5.0,
                FleetMetric.NETWORK_ERRORS, 12.0,
                FleetMetric.NETWORK_DROPS, 0.0));
    assertThat(idle.value(Signal.REQUEST_RATE)).isZero();
    assertThat(idle.has(Signal.REQUEST_FAILURES)).isFalse();
    assertThat(idle.value(Signal.NETWORK_ERROR_RATE)).as("errors and no packet").isEqualTo(1);
    assertThat(idle.has(Signal.NETWORK_DROP_RATE)).isFalse();
  }

  @Test
  void aDiskThatIsBusyAndCompletesNothingIsSlow() {
    Map<FleetMetric, Double> before =
        Map.of(
            FleetMetric.DISK_READS, 5.0,
            FleetMetric.DISK_READ_SECONDS, 1.0,
            FleetMetric.DISK_BUSY_SECONDS, 1.0);
    drive(0, before);
    SignalSample stuck =
        drive(
            1,
            Map.of(
                FleetMetric.DISK_READS, 5.0,
                FleetMetric.DISK_READ_SECONDS, 1.0,
                FleetMetric.DISK_BUSY_SECONDS, 61.0));
    assertThat(stuck.value(Signal.DISK_LATENCY)).isCloseTo(60, within(1e-9));
    SignalSample idle =
        drive(
            2,
            Map.of(
                FleetMetric.DISK_READS, 5.0,
                FleetMetric.DISK_READ_SECONDS, 1.0,
                FleetMetric.DISK_BUSY_SECONDS, 61.0));
    assertThat(idle.has(Signal.DISK_LATENCY)).isFalse();
    assertThat(idle.value(Signal.DISK_IOPS)).isZero();
  }

  @Test
  void aPathWithoutOperationsHasNoLatency() {
    take(
        Scope.PATH,
        0,
        Map.of(FleetMetric.PATH_OPERATIONS, 9.0, FleetMetric.PATH_LATENCY_SECONDS, 0.01));
    SignalSample idle =
        requireNonNull(
            take(
                Scope.PATH,
                1,
                Map.of(FleetMetric.PATH_OPERATIONS, 9.0, FleetMetric.PATH_LATENCY_SECONDS, 0.01)));
    assertThat(idle.has(Signal.PATH_LATENCY)).isFalse();
    SignalSample busy =
        requireNonNull(
            take(
                Scope.PATH,
                2,
                Map.of(FleetMetric.PATH_OPERATIONS, 69.0, FleetMetric.PATH_LATENCY_SECONDS, 0.02)));
    assertThat(busy.value(Signal.PATH_LATENCY)).isEqualTo(0.02);
  }

  @Test
  void whatIsNotNewerChangesNothing() throws IOException {
    machine(5, Map.of(FleetMetric.REQUESTS, 100.0));
    byte[] before = bytes(state);
    assertThat(take(Scope.MACHINE, 5, Map.of(FleetMetric.REQUESTS, 900.0))).isNull();
    assertThat(take(Scope.MACHINE, 4, Map.of(FleetMetric.REQUESTS, 900.0))).isNull();
    assertThat(bytes(state)).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void anySamplesGiveSoundSignalsAndStoringChangesNothing(long seed) throws IOException {
    for (Scope scope : Scope.values()) {
      SplittableRandom random = new SplittableRandom(seed);
      SignalState kept = SignalState.fresh();
      SignalState stored = SignalState.fresh();
      List<List<Double>> keptSays = new ArrayList<>();
      List<List<Double>> storedSays = new ArrayList<>();
      long time = START;
      for (int i = 0; i < 300; i++) {
        time += random.nextInt(0, 3) == 0 ? random.nextLong(1, 3_600_000) : 60_000;
        double[] values = EntitySample.absentValues();
        for (FleetMetric metric : FleetMetric.values()) {
          if (metric.scope() == scope && random.nextInt(10) > 0) {
            values[metric.ordinal()] =
                random.nextInt(20) == 0
                    ? random.nextDouble(-1e18, 1e18)
                    : i * random.nextDouble(1, 1.1);
          }
        }
        EntitySample sample = new EntitySample("thing/x", scope, null, time, values);
        keptSays.add(said(kept, sample));
        stored = SignalState.read(new DataInputStream(new ByteArrayInputStream(bytes(stored))));
        storedSays.add(said(stored, sample));
      }
      assertThat(storedSays).as("seed %s", seed).isEqualTo(keptSays);
      for (List<Double> said : keptSays) {
        for (Signal signal : Signal.values()) {
          double value = said.get(signal.ordinal());
          assertThat(Double.isNaN(value) || (value >= 0 && Double.isFinite(value)))
              .as("%s is %s, seed %s", signal, value, seed)
              .isTrue();
          assertThat(Double.isNaN(value) || signal.scope() == scope).isTrue();
          if (signal.signalName().endsWith("_ratio")) {
            assertThat(value > 1).as("%s is %s, seed %s", signal, value, seed).isFalse();
          }
        }
      }
      assertThat(bytes(kept)).hasSizeLessThanOrEqualTo(700);
    }
  }

  @Test
  void aStateOfALaterVersionIsRefused() throws IOException {
    byte[] bytes = bytes(state);
    bytes[0] = 9;
    assertThatThrownBy(() -> SignalState.read(new DataInputStream(new ByteArrayInputStream(bytes))))
        .isInstanceOf(IOException.class)
        .hasMessage("signal state has version 9, known is 1");
  }

  @Test
  void theGapMustBeAboveZero() {
    assertThatThrownBy(() -> new Signals(0)).isInstanceOf(IllegalArgumentException.class);
  }

  private List<Double> said(SignalState state, EntitySample sample) {
    return Arrays.stream(requireNonNull(signals.derive(state, sample, "")).values())
        .boxed()
        .toList();
  }

  private static byte[] bytes(SignalState state) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    state.write(new DataOutputStream(bytes));
    return bytes.toByteArray();
  }
}
