package io.forestall.risk.signal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PeerScoreTest {
  private final PeerScore score = new PeerScore();

  @ParameterizedTest
  @CsvSource({
    // members, deviation, least and most score
    "4, 0, 0, 0",
    "4, 6, 0, 0",
    "4, 20, 0.1, 0.3",
    "8, 6, 0.05, 0.3",
    "21, 3, 0, 0",
    "21, 6, 0.3, 0.45",
    "21, 10, 0.6, 0.8",
    "500, 10, 0.6, 0.8",
    "500, 100, 1, 1",
  })
  void scoreGrowsWithDeviationAndMembers(int members, double deviation, double least, double most) {
    assertThat(PeerScore.calibrate(deviation, members)).isBetween(least, most);
    assertThat(PeerScore.calibrate(-deviation, members))
        .isEqualTo(PeerScore.calibrate(deviation, members));
  }

  @Test
  void comparesWithTheMedianAndSaysTheDirection() {
    PeerSummary peers = peers(21, 10, 1, Double.NaN, Double.NaN, Double.NaN, Double.NaN);
    assertThat(score.against(peers, Signal.DISK_LATENCY, 20, 1e-6)).isTrue();
    assertThat(score.expected).isEqualTo(10);
    assertThat(score.spread).isEqualTo(1);
    assertThat(score.deviation).isEqualTo(10);
    assertThat(score.score).isBetween(0.6, 0.8);
    assertThat(score.against(peers, Signal.DISK_LATENCY, 4, 1e-6)).isTrue();
    assertThat(score.deviation).isEqualTo(-6);
  }

  @Test
  void peersThatAreAllAlikeHaveTheLeastSpread() {
    PeerSummary peers = peers(21, 0, 0, Double.NaN, Double.NaN, Double.NaN, Double.NaN);
    score.against(peers, Signal.DISK_LATENCY, 0.002, 0.001);
    assertThat(score.deviation).isEqualTo(2);
    assertThat(score.score).isZero();
    PeerSummary high = peers(21, 100, 0, Double.NaN, Double.NaN, Double.NaN, Double.NaN);
    score.against(high, Signal.DISK_LATENCY, 110, 0.001);
    assertThat(score.spread).as("a share of the median").isCloseTo(5, within(1e-9));
  }

  @Test
  void slowOnlyForItsLoadIsFoundAndSlowForItsLoadIsNot() {
    // 4 ms at no load and 10 ms more at 1,000 operations a second; spread 0.2 ms.
    PeerSummary peers = peers(40, 0.006, 0.002, 0.004, 0.00001, 0.0002, 200);
    score.againstLoad(peers, Signal.DISK_LATENCY, 0.0102, 600, 1e-6);
    assertThat(score.expected).isCloseTo(0.010, within(1e-9));
    assertThat(score.score).as("busy and as slow as busy peers").isZero();
    score.againstLoad(peers, Signal.DISK_LATENCY, 0.0102, 150, 1e-6);
    assertThat(score.score).as("idle and as slow as busy peers").isGreaterThan(0.9);
    score.against(peers, Signal.DISK_LATENCY, 0.0102, 1e-6);
    assertThat(score.score).as("the median alone does not see it").isZero();
  }

  @Test
  void farFromThePeersLoadsTheLineIsTrustedLess() {
    PeerSummary peers = peers(40, 0.006, 0.002, 0.004, 0.00001, 0.0002, 200);
    score.againstLoad(peers, Signal.DISK_LATENCY, 0.03, 200, 1e-6);
    double near = score.spread;
    score.againstLoad(peers, Signal.DISK_LATENCY, 0.03, 5_000, 1e-6);
    assertThat(score.spread).isGreaterThan(100 * near);
    assertThat(score.score).isZero();
  }

  @Test
  void withoutLineOrLoadTheMedianIsTaken() {
    PeerSummary flat = peers(21, 10, 1, Double.NaN, Double.NaN, Double.NaN, Double.NaN);
    assertThat(score.againstLoad(flat, Signal.DISK_LATENCY, 20, 100, 1e-6)).isTrue();
    assertThat(score.deviation).isEqualTo(10);
    PeerSummary lined = peers(21, 10, 1, 0, 1, 1, 10);
    assertThat(score.againstLoad(lined, Signal.DISK_LATENCY, 20, Double.NaN, 1e-6)).isTrue();
    assertThat(score.deviation).isEqualTo(10);
  }

  @Test
  void fewPeersNoPeersAndNoValueAreNotKnown() {
    PeerSummary three = peers(3, 10, 1, 0, 1, 1, 10);
    unknown(score.against(three, Signal.DISK_LATENCY, 90, 1e-6));
    unknown(score.againstLoad(three, Signal.DISK_LATENCY, 90, 1, 1e-6));
    PeerSummary none = null;
    unknown(score.against(none, Signal.DISK_LATENCY, 90, 1e-6));
    unknown(score.againstLoad(none, Signal.DISK_LATENCY, 90, 1, 1e-6));
    PeerSummary many = peers(30, 10, 1, 0, 1, 1, 10);
    unknown(score.against(many, Signal.DISK_LATENCY, Double.NaN, 1e-6));
    unknown(score.against(many, Signal.DISK_IO_ERRORS, 5, 1e-6));
  }

  @Test
  void fewMembersOfAHealthyGroupScoreHigh() {
    long seed = 5;
    Random random = new Random(seed);
    for (int members : new int[] {4, 6, 12, 40}) {
      int high = 0;
      int groups = 20_000 / members;
      for (int group = 0; group < groups; group++) {
        PeerWindow window = PeerWindow.empty();
        double[] values = new double[members];
        for (int i = 0; i < members; i++) {
          values[i] = 100 + 20 * random.nextGaussian();
          double[] signals = SignalSample.absentValues();
          signals[Signal.DISK_LATENCY.ordinal()] = values[i];
          window.add("disk/" + i, new SignalSample("disk/" + i, Scope.DRIVE, "p", 0, signals));
        }
        PeerSummary summary = window.close("p", 0, 1);
        for (double value : values) {
          score.against(summary, Signal.DISK_LATENCY, value, 1e-6);
          high += score.score > 0.5 ? 1 : 0;
        }
      }
      assertThat(high).as("of 20,000 in groups of %d, seed %d", members, seed).isLessThan(20);
    }
  }

  private void unknown(boolean known) {
    assertThat(known).isFalse();
    assertThat(score.known).isFalse();
    assertThat(score.score).isZero();
    assertThat(score.deviation).isZero();
    assertThat(score.expected).isNaN();
  }

  private static PeerSummary peers(
      int members,
      double median,
      double spread,
      double intercept,
      double slope,
      double lineSpread,
      double medianLoad) {
    int[] counts = new int[Signal.COUNT];
    double[] medians = SignalSample.absentValues();
    double[] spreads = SignalSample.absentValues();
    counts[Signal.DISK_LATENCY.ordinal()] = members;
    medians[Signal.DISK_LATENCY.ordinal()] = median;
    spreads[Signal.DISK_LATENCY.ordinal()] = spread;
    if (!Double.isNaN(medianLoad)) {
      counts[Signal.DISK_IOPS.ordinal()] = members;
      medians[Signal.DISK_IOPS.ordinal()] = medianLoad;
      spreads[Signal.DISK_IOPS.ordinal()] = 150;
    }
    return new PeerSummary("p", 0, 1, counts, medians, spreads, intercept, slope, lineSpread);
  }
}
