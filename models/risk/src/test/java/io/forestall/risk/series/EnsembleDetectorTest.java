package io.forestall.risk.series;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.forestall.risk.series.SeriesDetector.Reading;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import java.util.function.IntToLongFunction;
import org.junit.jupiter.api.Test;

class EnsembleDetectorTest {
  private static final long MINUTE = 60_000;
  private static final long START = 1_700_000_000_000L;

  private final EnsembleDetector detector = EnsembleDetector.standard();

  private double[] onsets(int count, IntToDoubleFunction values) {
    return onsets(count, values, row -> START + row * 5L * MINUTE);
  }

  private double[] onsets(int count, IntToDoubleFunction values, IntToLongFunction times) {
    SeriesState state = detector.fresh();
    Reading reading = new Reading();
    double[] onsets = new double[count];
    for (int row = 0; row < count; row++) {
      detector.observe(state, times.applyAsLong(row), values.applyAsDouble(row), reading);
      assertThat(reading.score).isBetween(0.0, 1.0);
      assertThat(reading.onset).isBetween(0.0, 1.0);
      assertThat(reading.spread).isPositive();
      assertThat(reading.expected).isFinite();
      assertThat(reading.deviation).isFinite();
      onsets[row] = reading.onset;
    }
    return onsets;
  }

  private static int alarms(double[] onsets, int from, int to) {
    int alarms = 0;
    for (int row = from; row < to; row++) {
      alarms += onsets[row] >= EnsembleDetector.threshold() ? 1 : 0;
    }
    return alarms;
  }

  private static IntToDoubleFunction noise(long seed) {
    double[] values = new Random(seed).doubles(20_000, -1, 1).toArray();
    return row -> 50 + 10 * Math.sin(2 * Math.PI * row / 288) + 2 * values[row];
  }

  @Test
  void aSpikeIsAnOnset() {
    IntToDoubleFunction usual = noise(1);
    double[] onsets = onsets(3000, row -> row == 2500 ? 120 : usual.applyAsDouble(row));
    assertThat(onsets[2500]).isGreaterThan(EnsembleDetector.threshold());
  }

  @Test
  void aStepIsToldOnceAndBecomesUsual() {
    IntToDoubleFunction usual = noise(2);
    double[] onsets = onsets(6000, row -> usual.applyAsDouble(row) + (row >= 2500 ? 60 : 0));
    assertThat(alarms(onsets, 2500, 2510)).isPositive();
    assertThat(alarms(onsets, 2500, 2700)).isLessThanOrEqualTo(3);
    assertThat(alarms(onsets, 4500, 6000)).isLessThanOrEqualTo(6);
  }

  @Test
  void aConstantNeverAlarmsUntilItChanges() {
    double[] onsets = onsets(3000, row -> row < 2900 ? 45 : 46);
    assertThat(alarms(onsets, 0, 2900)).isZero();
    assertThat(onsets[2900]).isGreaterThan(EnsembleDetector.threshold());
  }

  @Test
  void theFirstErrorOfACounterOfZerosIsAnOnset() {
    double[] onsets = onsets(3000, row -> row == 2900 ? 3 : 0);
    assertThat(alarms(onsets, 0, 2900)).isZero();
    assertThat(onsets[2900]).isGreaterThan(EnsembleDetector.threshold());
  }

  @Test
  void noiseAlarmsRarely() {
    for (long seed = 10; seed < 20; seed++) {
      double[] onsets = onsets(10_000, noise(seed));
      assertThat(alarms(onsets, 0, 10_000)).as("seed %d", seed).isLessThan(40);
    }
  }

  @Test
  void hugeTinyAndIrregularValuesAreTaken() {
    Random random = new Random(3);
    double[] scales = {1e300, 1e-300, 1e18, 1e-12, 1};
    for (double scale : scales) {
      long[] time = {START};
      onsets(
          2000,
          row -> scale * random.nextGaussian() * (row % 500 == 499 ? 1e6 : 1),
          row -> time[0] += 1 + random.nextInt(100_000_000));
    }
  }

  @Test
  void theScaleOfASeriesDoesNotMatter() {
    IntToDoubleFunction usual = noise(4);
    double[] plain = onsets(3000, usual);
    double[] scaled = onsets(3000, row -> 1024 * usual.applyAsDouble(row));
    assertThat(scaled).isEqualTo(plain);
  }

  @Test
  void warmingEndsAndGivesNoScoreBefore() {
    SeriesState state = detector.fresh();
    Reading reading = new Reading();
    int warm = 0;
    for (int row = 0; row < 500; row++) {
      detector.observe(state, START + row, row % 7, reading);
      if (reading.warming) {
        warm++;
        assertThat(reading.score).isZero();
        assertThat(reading.onset).isZero();
      }
    }
    assertThat(warm).isBetween(60, 200);
    assertThat(state.samples()).isEqualTo(500);
  }

  @Test
  void valuesThatAreNotNumbersAreRefused() {
    SeriesState state = detector.fresh();
    assertThatThrownBy(() -> detector.observe(state, START, Double.NaN, new Reading()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(state.samples()).isZero();
  }

  @Test
  void aStateReadBackGoesOnAsIfNothingHadHappened() throws IOException {
    long seed = 77;
    IntToDoubleFunction usual = noise(seed);
    for (int broken : new int[] {0, 1, 63, 64, 65, 200, 1500}) {
      SeriesState undisturbed = detector.fresh();
      SeriesState disturbed = detector.fresh();
      Reading expected = new Reading();
      Reading actual = new Reading();
      for (int row = 0; row < 2000; row++) {
        if (row == broken) {
          disturbed = readBack(disturbed);
        }
        long time = START + row * 5L * MINUTE;
        detector.observe(undisturbed, time, usual.applyAsDouble(row), expected);
        detector.observe(disturbed, time, usual.applyAsDouble(row), actual);
        assertThat(actual).usingRecursiveComparison().isEqualTo(expected);
      }
      assertThat(bytes(disturbed)).isEqualTo(bytes(undisturbed));
    }
  }

  @Test
  void theStateStaysSmall() throws IOException {
    SeriesState state = detector.fresh();
    Reading reading = new Reading();
    IntToDoubleFunction usual = noise(5);
    int most = 0;
    for (int row = 0; row < 5000; row++) {
      detector.observe(state, START + row * MINUTE, usual.applyAsDouble(row), reading);
      most = Math.max(most, bytes(state).length);
    }
    assertThat(most).isLessThanOrEqualTo(1100);
    assertThat(bytes(state)).hasSizeLessThanOrEqualTo(1024);
  }

  @Test
  void aNewerVersionIsRefused() throws IOException {
    byte[] bytes = bytes(detector.fresh());
    bytes[0] = 99;
    assertThatThrownBy(() -> detector.read(new DataInputStream(new ByteArrayInputStream(bytes))))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("99");
  }

  @Test
  void aStateOfVersion1IsReadByAllLaterPrograms() throws IOException {
    byte[] golden;
    try (var in = EnsembleDetectorTest.class.getResourceAsStream("series-state-1.hex")) {
      String text = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
      golden = HexFormat.of().parseHex(text.replaceAll("\\s", ""));
    }
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(golden));
    SeriesState state = detector.read(in);
    assertThat(in.read()).isEqualTo(-1);
    assertThat(state.samples()).isEqualTo(1000);
    // As long as this is the newest version, it is also what is written.
    assertThat(bytes(state)).isEqualTo(golden);
    Reading reading = new Reading();
    detector.observe(state, START + 1000 * 5 * MINUTE, golden(1000), reading);
    assertThat(reading.warming).isFalse();
    assertThat(reading.score).isLessThan(0.3);
    assertThat(reading.expected).isCloseTo(golden(1000), within(25.0));
    detector.observe(state, START + 1001 * 5 * MINUTE, 1e6, reading);
    assertThat(reading.score).isGreaterThan(EnsembleDetector.threshold());
  }

  /** A saw tooth with a wobble, from whole numbers only. */
  private static double golden(int row) {
    return 100 + row % 24 + row * 7919L % 13 / 8.0;
  }

  /** Prints the bytes to keep when the version rises. */
  public static void main(String[] args) throws IOException {
    EnsembleDetector detector = EnsembleDetector.standard();
    SeriesState state = detector.fresh();
    for (int row = 0; row < 1000; row++) {
      detector.observe(state, START + row * 5L * MINUTE, golden(row), new Reading());
    }
    System.out.println(HexFormat.of().formatHex(bytes(state)).replaceAll("(.{100})", "$1\n"));
  }

  @Test
  void aSeriesThatMovedFarAwayBeginsAnew() {
    long seed = 6;
    Random random = new Random(seed);
    SeriesState state = detector.fresh();
    Reading reading = new Reading();
    int warm = 0;
    for (int row = 0; row < 30_000; row++) {
      double value = random.nextGaussian() + (row < 5_000 ? 0 : 1e6);
      detector.observe(state, START + row * MINUTE, value, reading);
      warm += reading.warming ? 1 : 0;
    }
    // Units of the first values would not show a change of 20 around a million.
    assertThat(warm).as("seed %d", seed).isBetween(200, 300);
    detector.observe(state, START + 30_000 * MINUTE, 1e6 + 20, reading);
    assertThat(reading.score).isGreaterThan(EnsembleDetector.threshold());
  }

  @Test
  void nothingLaterThanTheValueChangesItsScore() {
    IntToDoubleFunction usual = noise(8);
    double[] whole = onsets(3000, row -> row < 2000 ? usual.applyAsDouble(row) : 1e6 * row);
    double[] first = onsets(2000, usual);
    assertThat(Arrays.copyOf(whole, 2000)).isEqualTo(first);
  }

  @Test
  void gapsAndRepeatedTimesAreTaken() {
    IntToDoubleFunction usual = noise(9);
    double[] onsets =
        onsets(3000, usual, row -> START + (row < 1500 ? row / 2 : row + 100_000) * MINUTE);
    assertThat(alarms(onsets, 0, 3000)).isLessThan(20);
  }

  @Test
  void tinyJitterOnAConstantIsNoAnomaly() {
    Random random = new Random(10);
    double[] onsets =
        onsets(3000, row -> 45 + 1e-9 * random.nextGaussian() + (row == 2900 ? 1 : 0));
    assertThat(alarms(onsets, 0, 2900)).isLessThan(10);
    assertThat(onsets[2900]).isGreaterThan(EnsembleDetector.threshold());
  }

  @Test
  void aPartCanBeLeftOut() {
    for (EnsembleDetector.Part part : EnsembleDetector.Part.values()) {
      SeriesDetector without = EnsembleDetector.without(part);
      SeriesState state = without.fresh();
      Reading reading = new Reading();
      IntToDoubleFunction usual = noise(11);
      for (int row = 0; row < 1000; row++) {
        without.observe(state, START + row * MINUTE, usual.applyAsDouble(row), reading);
      }
      without.observe(state, START + 1000 * MINUTE, 1e4, reading);
      assertThat(reading.score).as(part.name()).isGreaterThan(EnsembleDetector.threshold());
    }
  }

  private SeriesState readBack(SeriesState state) throws IOException {
    return detector.read(new DataInputStream(new ByteArrayInputStream(bytes(state))));
  }

  private static byte[] bytes(SeriesState state) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    state.write(new DataOutputStream(bytes));
    return bytes.toByteArray();
  }
}
