package io.forestall.risk.series;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.forestall.risk.evaluation.EventTally;
import io.forestall.risk.series.MultiSeriesDetector.Reading;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MultiSeriesDetectorTest {
  private static final long STEP_MILLIS = 300_000;
  private static final int DAY = 288;
  private static final int METRICS = 12;

  private final MultiSeriesDetector detector = new MultiSeriesDetector();
  private final Reading reading = new Reading();

  @Test
  void noticesPlantedTroubleAndLittleElse() {
    EventTally tally = new EventTally();
    for (long seed = 1; seed <= 6; seed++) {
      Random random = new Random(seed);
      int rows = 24 * DAY;
      double[][] server = server(random, rows);
      boolean[] labels = new boolean[rows];
      // A burst on half of the metrics for one row, and a shift of some for eight hours.
      trouble(server, labels, 16 * DAY + 50, 1, 6, 12);
      trouble(server, labels, 19 * DAY + 100, 96, 5, 6);
      boolean[] alarms = new boolean[rows];
      MultiSeriesState state = detector.fresh(METRICS);
      for (int row = 0; row < rows; row++) {
        detector.observe(state, row * STEP_MILLIS, server[row], Double.NaN, reading);
        alarms[row] = reading.alarm;
      }
      tally.add(from(labels, 14 * DAY), from(alarms, 14 * DAY), STEP_MILLIS);
    }
    assertThat(tally.noticed()).as("of 12 planted, seeds 1 to 6").isGreaterThanOrEqualTo(11);
    assertThat(tally.falseAlarmsPerDay()).as("seeds 1 to 6").isLessThan(0.3);
  }

  @Test
  void unitsDoNotMatter() {
    long seed = 3;
    double[][] server = server(new Random(seed), 6 * DAY);
    trouble(server, new boolean[server.length], 5 * DAY, 60, 6, 8);
    MultiSeriesState plain = detector.fresh(METRICS);
    MultiSeriesState scaled = detector.fresh(METRICS);
    Reading other = new Reading();
    for (int row = 0; row < server.length; row++) {
      double[] inOtherUnits = server[row].clone();
      for (int metric = 0; metric < METRICS; metric++) {
        // Powers of two change no digit.
        inOtherUnits[metric] *= metric % 2 == 0 ? 1L << 30 : 1.0 / (1 << 10);
      }
      detector.observe(plain, row * STEP_MILLIS, server[row], Double.NaN, reading);
      detector.observe(scaled, row * STEP_MILLIS, inOtherUnits, Double.NaN, other);
      assertThat(other.alarm).as("row %d, seed %d", row, seed).isEqualTo(reading.alarm);
    }
  }

  @Test
  void nothingLaterIsLookedAtAndStateIsAllThereIs() throws IOException {
    long seed = 4;
    Random random = new Random(seed);
    double[][] server = server(random, 4 * DAY);
    MultiSeriesState whole = detector.fresh(METRICS);
    MultiSeriesState restored = detector.fresh(METRICS);
    Reading other = new Reading();
    for (int row = 0; row < server.length; row++) {
      double peers = row % 50 == 0 ? Double.NaN : random.nextDouble() * 2;
      detector.observe(whole, row * STEP_MILLIS, server[row], peers, reading);
      new MultiSeriesDetector().observe(restored, row * STEP_MILLIS, server[row], peers, other);
      assertThat(other.score).as("row %d, seed %d", row, seed).isEqualTo(reading.score);
      assertThat(other.alarm).isEqualTo(reading.alarm);
      assertThat(reading.score).isBetween(0.0, 1.0);
      if (random.nextInt(40) == 0) {
        restored = MultiSeriesState.read(in(bytes(restored)));
      }
    }
    assertThat(bytes(restored)).isEqualTo(bytes(whole));
    assertThat(bytes(whole).length).isLessThan(METRICS * MultiSeriesState.bytesPerMetric() + 600);
  }

  @Test
  void gapsChangeNothingAndAreSaid() throws IOException {
    double[][] server = server(new Random(5), 3 * DAY);
    MultiSeriesState state = detector.fresh(METRICS);
    for (int row = 0; row < server.length; row++) {
      detector.observe(state, row * STEP_MILLIS, server[row], Double.NaN, reading);
    }
    double before = reading.lasting;
    byte[] known = bytes(state);
    double[] zeros = new double[METRICS];
    double[] absent = new double[METRICS];
    Arrays.fill(absent, Double.NaN);
    for (double[] gap : new double[][] {zeros, absent}) {
      detector.observe(state, server.length * STEP_MILLIS, gap, Double.NaN, reading);
      assertThat(reading.gap).isTrue();
      assertThat(reading.sudden).isZero();
      assertThat(reading.lasting).isCloseTo(before, within(0.05));
      assertThat(bytes(state)).isEqualTo(known);
    }
  }

  @Test
  void absentMetricsAndConstantOnesAreHarmless() {
    double[][] server = server(new Random(6), 4 * DAY);
    MultiSeriesState state = detector.fresh(METRICS);
    for (int row = 0; row < server.length; row++) {
      server[row][0] = row % 3 == 0 ? Double.NaN : server[row][0];
      server[row][1] = 7;
      server[row][2] = Double.NaN;
      detector.observe(state, row * STEP_MILLIS, server[row], Double.NaN, reading);
      assertThat(reading.score).as("row %d", row).isBetween(0.0, 1.0);
    }
    assertThat(reading.warming).isFalse();
  }

  @Test
  void oneMetricAloneAtOneTimeIsNoAlarm() {
    double[][] server = server(new Random(7), 5 * DAY);
    MultiSeriesState state = detector.fresh(METRICS);
    for (int row = 0; row < server.length; row++) {
      detector.observe(state, row * STEP_MILLIS, server[row], Double.NaN, reading);
    }
    double[] spike = server[DAY].clone();
    spike[4] += 1e6;
    detector.observe(state, server.length * STEP_MILLIS, spike, Double.NaN, reading);
    assertThat(reading.worstMetric).isEqualTo(4);
    assertThat(reading.sudden).isBetween(0.3, 0.99);
  }

  @Test
  void peersInTroubleMakeOwnEvidenceWeighMore() {
    double[][] server = server(new Random(8), 3 * DAY);
    double[] scores = new double[4];
    double[] peers = {Double.NaN, 0.5, 1, 3};
    for (int i = 0; i < peers.length; i++) {
      MultiSeriesState state = detector.fresh(METRICS);
      for (int row = 0; row < server.length; row++) {
        double said = row == server.length - 1 ? peers[i] : Double.NaN;
        detector.observe(state, row * STEP_MILLIS, server[row], said, reading);
      }
      scores[i] = reading.score;
    }
    assertThat(scores[1]).as("peers that are well say nothing").isEqualTo(scores[0]);
    assertThat(scores[2]).isGreaterThan(scores[1]);
    assertThat(scores[3]).isGreaterThan(scores[2]);
  }

  @Test
  void refusesRowsThatDoNotFit() {
    MultiSeriesState state = detector.fresh(3);
    assertThatThrownBy(() -> detector.observe(state, 0, new double[2], Double.NaN, reading))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2 metrics for a server of 3");
    assertThatThrownBy(() -> detector.fresh(0)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void brokenStatesAreRefused() throws IOException {
    byte[] later = bytes(detector.fresh(2));
    later[0] = 9;
    assertThatThrownBy(() -> MultiSeriesState.read(in(later)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("version 9");
    byte[] none = bytes(detector.fresh(2));
    none[2] = 0;
    assertThatThrownBy(() -> MultiSeriesState.read(in(none)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("0 metrics");
  }

  @Test
  void alarmsAreHeldLongerTheLongerTheTroubleLasts() {
    assertThat(held("#......")).isEqualTo("###....");
    assertThat(held("##........")).isEqualTo("######....");
    assertThat(held("#..#.........................").replace(".", "")).hasSize(3 + 1 + 8);
    assertThat(held("#...#..")).isEqualTo("###.###");
    AlarmHold hold = new AlarmHold();
    for (int i = 0; i < 500; i++) {
      assertThat(hold.observe(true)).isTrue();
    }
    int left = 0;
    while (hold.observe(false)) {
      left++;
    }
    assertThat(left).isEqualTo(62);
  }

  @Test
  void movingMeanKnowsTheDistanceInSigmas() {
    EwmaDetector plain = new EwmaDetector(0.05);
    SeriesState state = plain.fresh();
    SeriesDetector.Reading said = new SeriesDetector.Reading();
    Random random = new Random(9);
    for (int i = 0; i < 2_000; i++) {
      plain.observe(state, i, 100 + 5 * random.nextGaussian(), said);
    }
    plain.observe(state, 2_000, 150, said);
    assertThat(said.deviation).isBetween(7.0, 14.0);
    assertThat(said.expected).isBetween(95.0, 105.0);
    assertThat(state.samples()).isEqualTo(2_001);
  }

  private static String held(String above) {
    AlarmHold hold = new AlarmHold();
    StringBuilder alarms = new StringBuilder();
    for (int i = 0; i < above.length(); i++) {
      alarms.append(hold.observe(above.charAt(i) == '#') ? '#' : '.');
    }
    return alarms.toString();
  }

  /** Half of the metrics with a day's season, all with noise of their own scale. */
  private static double[][] server(Random random, int rows) {
    double[][] server = new double[rows][METRICS];
    double[] slow = new double[METRICS];
    for (int row = 0; row < rows; row++) {
      double day = Math.sin(2 * Math.PI * row / DAY);
      for (int metric = 0; metric < METRICS; metric++) {
        double scale = Math.pow(10, metric % 4);
        slow[metric] = 0.9 * slow[metric] + random.nextGaussian();
        server[row][metric] =
            scale * (20 + (metric % 2 == 0 ? 5 * day : 0) + slow[metric] + random.nextGaussian());
      }
    }
    return server;
  }

  private static void trouble(
      double[][] server, boolean[] labels, int first, int rows, int metrics, double sigmas) {
    for (int row = first; row < first + rows; row++) {
      labels[row] = true;
      for (int metric = 0; metric < metrics; metric++) {
        server[row][metric] += sigmas * 2.5 * Math.pow(10, metric % 4);
      }
    }
  }

  private static boolean[] from(boolean[] points, int first) {
    return Arrays.copyOfRange(points, first, points.length);
  }

  private static byte[] bytes(MultiSeriesState state) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    state.write(new DataOutputStream(out));
    return out.toByteArray();
  }

  private static DataInputStream in(byte[] bytes) {
    return new DataInputStream(new ByteArrayInputStream(bytes));
  }
}
