package io.forestall.risk.signal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PeerWindowTest {
  private static final double LATENCY_SECONDS = 0.004;
  private static final double SLOPE = 0.00002;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "7          | 7   | 0",
        "1 2 3      | 2   | 1.4826",
        "1 2 3 4    | 2.5 | 1.4826",
        "5 5 5 5 90 | 5   | 0",
        "0 0 0 8 8  | 0   | 0",
        "-3 0 1 3   | 0.5 | 2.2239",
      })
  void medianAndSpreadOfMembers(String values, double median, double spread) {
    PeerWindow window = PeerWindow.empty();
    int member = 0;
    for (String value : values.split(" ")) {
      window.add("disk/" + member++, disk(Double.parseDouble(value), Double.NaN));
    }
    PeerSummary summary = window.close("peers", 10, 20);
    assertThat(summary.peers()).isEqualTo("peers");
    assertThat(summary.startMillis()).isEqualTo(10);
    assertThat(summary.endMillis()).isEqualTo(20);
    assertThat(summary.members()[Signal.DISK_LATENCY.ordinal()]).isEqualTo(member);
    assertThat(summary.medians()[Signal.DISK_LATENCY.ordinal()]).isEqualTo(median);
    assertThat(summary.spreads()[Signal.DISK_LATENCY.ordinal()]).isCloseTo(spread, within(1e-9));
    assertThat(summary.members()[Signal.DISK_IOPS.ordinal()]).isZero();
    assertThat(summary.medians()[Signal.DISK_IOPS.ordinal()]).isNaN();
    assertThat(summary.latencySlope()).isNaN();
  }

  @Test
  void memberIsItsMeanHoweverOftenItReports() {
    PeerWindow window = PeerWindow.empty();
    for (int i = 0; i < 100; i++) {
      window.add("disk/often", disk(9, 1));
    }
    window.add("disk/a", disk(1, 1));
    window.add("disk/b", disk(1, 1));
    window.add("disk/b", disk(3, 1));
    PeerSummary summary = window.close("peers", 0, 1);
    assertThat(summary.members()[Signal.DISK_LATENCY.ordinal()]).isEqualTo(3);
    assertThat(summary.medians()[Signal.DISK_LATENCY.ordinal()]).isEqualTo(2);
  }

  @Test
  void valuesThatAreNoNumbersAreAbsent() {
    PeerWindow window = PeerWindow.empty();
    window.add("disk/a", disk(Double.POSITIVE_INFINITY, 5));
    window.add("disk/b", disk(Double.NaN, 5));
    window.add("disk/c", disk(1e300, 5));
    PeerSummary summary = window.close("peers", 0, 1);
    assertThat(summary.members()[Signal.DISK_LATENCY.ordinal()]).isEqualTo(1);
    assertThat(summary.medians()[Signal.DISK_LATENCY.ordinal()]).isEqualTo(PeerMeans.MAXIMUM_VALUE);
    assertThat(summary.members()[Signal.DISK_IOPS.ordinal()]).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(ints = {12, 40, 64, 65, 700})
  void lineOfLatencyAgainstLoadIsFoundThoughSomeAreSlow(int members) {
    long seed = 7;
    Random random = new Random(seed);
    PeerWindow window = PeerWindow.empty();
    for (int i = 0; i < members; i++) {
      double load = 20 + 400 * random.nextDouble();
      double latency = LATENCY_SECONDS + SLOPE * load + 0.0001 * random.nextGaussian();
      window.add("disk/" + i, disk(i % 8 == 7 ? 10 * latency : latency, load));
    }
    PeerSummary summary = window.close("peers", 0, 1);
    double atLoad = summary.latencyIntercept() + summary.latencySlope() * 200;
    assertThat(atLoad).isCloseTo(LATENCY_SECONDS + SLOPE * 200, within(0.0006));
    assertThat(summary.latencySlope()).isBetween(SLOPE / 2, SLOPE * 2);
    assertThat(summary.latencySpread()).isLessThan(0.001);
  }

  @Test
  void membersUnderTheSameLoadHaveAFlatLine() {
    PeerWindow window = PeerWindow.empty();
    double[] latencies = {0.004, 0.005, 0.006, 0.007, 0.008};
    for (int i = 0; i < latencies.length; i++) {
      window.add("disk/" + i, disk(latencies[i], 100 + 0.01 * i));
    }
    PeerSummary summary = window.close("peers", 0, 1);
    assertThat(summary.latencySlope()).isZero();
    assertThat(summary.latencyIntercept()).isCloseTo(0.006, within(1e-9));
  }

  @Test
  void latencyThatFallsWithLoadHasAFlatLine() {
    PeerWindow window = PeerWindow.empty();
    for (int i = 0; i < 20; i++) {
      window.add("disk/" + i, disk(0.02 - 0.0005 * i, 10 + 10 * i));
    }
    assertThat(window.close("peers", 0, 1).latencySlope()).isZero();
  }

  @Test
  void machinesHaveTheirOwnLine() {
    PeerWindow window = PeerWindow.empty();
    for (int i = 0; i < 9; i++) {
      double[] values = SignalSample.absentValues();
      values[Signal.REQUEST_RATE.ordinal()] = 100 * (i + 1);
      values[Signal.REQUEST_LATENCY.ordinal()] = 0.01 + 1e-5 * 100 * (i + 1);
      window.add("node/" + i, new SignalSample("node/" + i, Scope.MACHINE, "p", 0, values));
    }
    PeerSummary summary = window.close("peers", 0, 1);
    assertThat(summary.latencySlope()).isCloseTo(1e-5, within(1e-9));
    assertThat(summary.latencyIntercept()).isCloseTo(0.01, within(1e-9));
  }

  @Test
  void orderOfArrivalPartsAndRestoreDoNotChangeOneBit() throws IOException {
    for (long seed = 1; seed <= 40; seed++) {
      Random random = new Random(seed);
      List<SignalSample> samples = samples(random, 3 + random.nextInt(80), 600);
      byte[] whole = close(samples, 0);
      Collections.shuffle(samples, random);
      assertThat(close(samples, 0)).as("shuffled, seed %d", seed).isEqualTo(whole);
      assertThat(close(samples, 1 + random.nextInt(50)))
          .as("restored on the way, seed %d", seed)
          .isEqualTo(whole);
      PeerWindow left = PeerWindow.empty();
      PeerWindow right = PeerWindow.empty();
      for (SignalSample sample : samples) {
        (random.nextBoolean() ? left : right).add(sample.entity(), sample);
      }
      left.merge(right);
      assertThat(bytes(left.close("peers", 0, 1))).as("in parts, seed %d", seed).isEqualTo(whole);
    }
  }

  @Test
  void oneBadMemberDoesNotMoveTheSummary() {
    for (long seed = 1; seed <= 40; seed++) {
      Random random = new Random(seed);
      int members = 8 + random.nextInt(50);
      PeerWindow good = PeerWindow.empty();
      PeerWindow oneBad = PeerWindow.empty();
      for (int i = 0; i < members; i++) {
        double load = 50 + 100 * random.nextDouble();
        double latency = LATENCY_SECONDS + SLOPE * load + 0.0005 * random.nextGaussian();
        good.add("disk/" + i, disk(latency, load));
        oneBad.add("disk/" + i, i == 0 ? disk(1e6, load) : disk(latency, load));
      }
      PeerSummary before = good.close("peers", 0, 1);
      PeerSummary after = oneBad.close("peers", 0, 1);
      int at = Signal.DISK_LATENCY.ordinal();
      double spread = before.spreads()[at];
      assertThat(after.medians()[at])
          .as("median, seed %d", seed)
          .isCloseTo(before.medians()[at], within(2 * spread));
      assertThat(after.spreads()[at]).as("spread, seed %d", seed).isLessThan(3 * spread);
      assertThat(after.latencyIntercept() + 100 * after.latencySlope())
          .as("line, seed %d", seed)
          .isCloseTo(before.latencyIntercept() + 100 * before.latencySlope(), within(3 * spread));
    }
  }

  @Test
  void ofALargeGroupTheSameMembersAreKeptInAnyOrder() throws IOException {
    long seed = 11;
    Random random = new Random(seed);
    List<SignalSample> samples = new ArrayList<>();
    for (int i = 0; i < 3 * PeerWindow.MAXIMUM_MEMBERS; i++) {
      samples.add(sample("disk/" + i, i, 1 + random.nextInt(300)));
    }
    byte[] inOrder = close(samples, 0);
    Collections.shuffle(samples, random);
    PeerWindow window = PeerWindow.empty();
    samples.forEach(sample -> window.add(sample.entity(), sample));
    assertThat(window.members()).isEqualTo(PeerWindow.MAXIMUM_MEMBERS);
    PeerSummary summary = window.close("peers", 0, 1);
    assertThat(bytes(summary)).isEqualTo(inOrder);
    // A fair draw of 0 to 3 x 4096 has its median near the middle.
    assertThat(summary.medians()[Signal.DISK_LATENCY.ordinal()])
        .isCloseTo(1.5 * PeerWindow.MAXIMUM_MEMBERS, within(400.0));
  }

  @Test
  void statesOfALaterVersionAndBrokenOnesAreRefused() throws IOException {
    PeerWindow window = PeerWindow.empty();
    window.add("disk/a", disk(1, 2));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    window.write(new DataOutputStream(out));
    byte[] later = out.toByteArray();
    later[0] = 9;
    assertThatThrownBy(() -> PeerWindow.read(in(later)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("version 9");
    byte[] crowded = out.toByteArray();
    crowded[1] = (byte) 0xFF;
    assertThatThrownBy(() -> PeerWindow.read(in(crowded)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("at most 4096");
    byte[] scope = out.toByteArray();
    scope[12] = 77;
    assertThatThrownBy(() -> PeerWindow.read(in(scope)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("scope 77");
  }

  private static byte[] close(List<SignalSample> samples, int restoreEvery) throws IOException {
    PeerWindow window = PeerWindow.empty();
    int n = 0;
    for (SignalSample sample : samples) {
      window.add(sample.entity(), sample);
      if (restoreEvery > 0 && ++n % restoreEvery == 0) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        window.write(new DataOutputStream(out));
        window = PeerWindow.read(in(out.toByteArray()));
      }
    }
    return bytes(window.close("peers", 0, 1));
  }

  private static byte[] bytes(PeerSummary summary) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    summary.write(new DataOutputStream(out));
    ByteArrayOutputStream again = new ByteArrayOutputStream();
    PeerSummary.read(in(out.toByteArray())).write(new DataOutputStream(again));
    assertThat(again.toByteArray()).isEqualTo(out.toByteArray());
    return out.toByteArray();
  }

  private static DataInputStream in(byte[] bytes) {
    return new DataInputStream(new ByteArrayInputStream(bytes));
  }

  private static List<SignalSample> samples(Random random, int members, int count) {
    List<SignalSample> samples = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      double load = Math.exp(8 * random.nextDouble());
      samples.add(
          sample(
              "disk/" + random.nextInt(members),
              random.nextInt(9) == 0 ? Double.NaN : Math.exp(-9 * random.nextDouble()),
              random.nextInt(9) == 0 ? Double.NaN : load));
    }
    return samples;
  }

  private static SignalSample disk(double latencySeconds, double operationsPerSecond) {
    return sample("disk/any", latencySeconds, operationsPerSecond);
  }

  private static SignalSample sample(String entity, double latency, double operationsPerSecond) {
    double[] values = SignalSample.absentValues();
    values[Signal.DISK_LATENCY.ordinal()] = latency;
    values[Signal.DISK_IOPS.ordinal()] = operationsPerSecond;
    return new SignalSample(entity, Scope.DRIVE, "peers", 0, values);
  }
}
