package io.forestall.decisions.shadow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.forestall.decisions.NodeTraits;
import io.forestall.decisions.Subject;
import io.forestall.decisions.shadow.FailureCorrelation.Peer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FailureCorrelationTest {

  private static final long HOUR = 3_600_000;
  private static final long DAY = 24 * HOUR;
  private static final long START = 20_000 * DAY;

  private final FailureCorrelation correlation = new FailureCorrelation();

  private static Peer peer(String name, String model, String firmware, String rack, String zone) {
    return new Peer(
        Subject.node(name), new NodeTraits(model, firmware, null, null, null), rack, zone);
  }

  private static Peer lone(String name) {
    return new Peer(Subject.node(name), NodeTraits.UNKNOWN, "r-" + name, "z-" + name);
  }

  @Test
  void beforeAnythingWasSeenWhatTheyShareCounts() {
    Peer owner = peer("a", "ST4", "SC60", "r1", "z1");
    assertThat(correlation.between(owner, peer("b", "WD8", "01", "r2", "z2")).lift()).isEqualTo(1);
    assertThat(correlation.between(owner, peer("b", "WD8", "01", "r2", "z1")).lift())
        .isCloseTo(1.3, within(1e-9));
    assertThat(correlation.between(owner, peer("b", "ST4", "SC61", "r2", "z2")).lift())
        .isCloseTo(1.5, within(1e-9));
    FailureCorrelation.Estimate batch =
        correlation.between(owner, peer("b", "ST4", "SC60", "r1", "z1"));
    assertThat(batch.lift()).isCloseTo(3 * 2, within(1e-9));
    assertThat(batch.text())
        .isEqualTo(
            "A failure of node/a multiplies its odds by 6.0: the same drive model and firmware"
                + " (x3.0), the same rack (x2.0).");
  }

  @Test
  void whatIsNotKnownIsNotShared() {
    Peer nameless = new Peer(Subject.node("a"), NodeTraits.UNKNOWN, "", "");
    Peer other = new Peer(Subject.node("b"), NodeTraits.UNKNOWN, "", "");
    assertThat(correlation.between(nameless, other).lift()).isEqualTo(1);
    assertThat(correlation.between(nameless, other).text()).contains("Nothing is known");
  }

  @Test
  void failuresTogetherRaiseItAndTheOldestAreForgotten() {
    Peer a = lone("a");
    Peer b = lone("b");
    Peer c = lone("c");
    List<Peer> all = new ArrayList<>(List.of(a, b, c));
    for (int i = 0; i < 12; i++) {
      all.add(lone("n" + i));
    }
    for (int month = 0; month < 20; month++) {
      long time = START + month * 30 * DAY;
      assertThat(correlation.failed(a, time, all)).isTrue();
      assertThat(correlation.failed(a, time + HOUR, all)).as("the same failure").isFalse();
      correlation.failed(b, time + 2 * DAY, all);
    }
    correlation.failed(c, START + 15 * DAY, all);
    double together = correlation.between(a, b).lift();
    assertThat(together).isGreaterThan(5);
    assertThat(correlation.between(b, a).lift()).isEqualTo(together);
    assertThat(correlation.between(a, c).lift()).isLessThan(1);
    FailureCorrelation.Trace trace = Objects.requireNonNull(correlation.trace(a.node()));
    assertThat(trace.failures()).hasSize(FailureCorrelation.MAX_FAILURES);
  }

  @Test
  void risksThatMoveTogetherRaiseItAndThoseThatDoNotDoNot() {
    Random random = new Random(7);
    double common = -5;
    for (int hour = 0; hour < 200; hour++) {
      common += random.nextGaussian();
      double alone = -5 + random.nextGaussian();
      correlation.risk(Subject.node("a"), START + hour * HOUR, probability(common));
      correlation.risk(Subject.node("b"), START + hour * HOUR + 5, probability(common + 0.5));
      correlation.risk(Subject.node("c"), START + hour * HOUR + 9, probability(alone));
    }
    double together = correlation.between(lone("a"), lone("b")).lift();
    assertThat(together).isGreaterThan(2.5).isLessThan(Math.exp(1.5));
    assertThat(correlation.between(lone("a"), lone("c")).lift()).isLessThan(1.5);
    assertThat(correlation.between(lone("a"), lone("b")).text()).contains("move together");
  }

  @Test
  void fewCommonHoursAndHolesSayLittle() {
    for (int hour : new int[] {0, 1, 2, 3, 90, 91}) {
      double p = 0.01 * (1 + hour % 4);
      correlation.risk(Subject.node("a"), START + hour * HOUR, p);
      correlation.risk(Subject.node("b"), START + hour * HOUR, p);
    }
    assertThat(correlation.between(lone("a"), lone("b")).lift()).isEqualTo(1);
  }

  @Test
  void onlyTheFirstRiskOfAnHourCountsAndAnOlderOneNever() {
    Subject a = Subject.node("a");
    assertThat(correlation.risk(a, START, 0.1)).isTrue();
    assertThat(correlation.risk(a, START + HOUR - 1, 0.9)).isFalse();
    assertThat(correlation.risk(a, START - HOUR, 0.9)).isFalse();
    assertThat(correlation.risk(a, START + HOUR, 0.9)).isTrue();
  }

  @Test
  void whatItRemembersIsBounded() {
    List<Peer> all = new ArrayList<>();
    for (int i = 0; i < 600; i++) {
      all.add(peer("n" + i, "m" + i / 2, "f", "r" + i / 3, "z"));
    }
    for (int i = 0; i < 600; i++) {
      correlation.failed(all.get(i), START + i * DAY, all);
    }
    assertThat(correlation.tallies().size()).isLessThanOrEqualTo(FailureCorrelation.MAX_TALLIES);
    assertThat(correlation.tallies()).containsKeys("BATCH", "RACK", "ZONE");
  }

  @Test
  void whatWasKeptSaysTheSame() {
    Random random = new Random(3);
    List<Peer> all = pool();
    for (int i = 0; i < 500; i++) {
      learn(correlation, random, all, START + i * 6 * HOUR);
    }
    FailureCorrelation other = new FailureCorrelation();
    for (Peer peer : all) {
      FailureCorrelation.Trace trace = correlation.trace(peer.node());
      if (trace != null) {
        other.put(peer.node(), trace);
      }
    }
    correlation.tallies().forEach(other::put);
    for (Peer left : all) {
      for (Peer right : all) {
        assertThat(other.between(left, right)).isEqualTo(correlation.between(left, right));
      }
    }
  }

  /** One batch of four fails in waves, the others by chance: it is found, and only it. */
  @Test
  void aBadBatchIsFoundInEveryWorld() {
    int found = 0;
    for (long seed = 1; seed <= 40; seed++) {
      FailureCorrelation learned = new FailureCorrelation();
      Random random = new Random(seed);
      List<Peer> all = pool();
      for (int week = 0; week < 150; week++) {
        long time = START + week * 7 * DAY;
        boolean wave = random.nextInt(12) == 0;
        for (int i = 0; i < all.size(); i++) {
          boolean bad = i % 4 == 1;
          if (random.nextDouble() < (wave && bad ? 0.4 : 0.008)) {
            learned.failed(all.get(i), time + random.nextInt((int) (2 * DAY)), all);
          }
        }
      }
      // the same owner beside one of its batch and beside one of another, nobody's own failures
      Peer owner = peer("new-1", "m1", "f1", "new-r1", "new-z1");
      double bad = learned.between(owner, peer("new-2", "m1", "f1", "new-r2", "new-z2")).lift();
      Peer sound = peer("new-3", "m2", "f2", "new-r3", "new-z3");
      double good = learned.between(sound, peer("new-4", "m2", "f2", "new-r4", "new-z4")).lift();
      assertThat(bad).as("seed %d", seed).isBetween(0.2, 50.0);
      found += bad > 2 * good && bad > 3 ? 1 : 0;
    }
    assertThat(found).isGreaterThanOrEqualTo(36);
  }

  private static List<Peer> pool() {
    List<Peer> all = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      all.add(peer("n" + i, "m" + i % 4, "f" + i % 4, "r" + i % 10, "z" + i % 5));
    }
    return all;
  }

  private static void learn(
      FailureCorrelation correlation, Random random, List<Peer> all, long timeMillis) {
    Peer peer = all.get(random.nextInt(all.size()));
    if (random.nextInt(4) == 0) {
      correlation.failed(peer, timeMillis, all);
    } else {
      correlation.risk(peer.node(), timeMillis, random.nextDouble());
    }
  }

  private static double probability(double logOdds) {
    return 1 / (1 + Math.exp(-logOdds));
  }
}
