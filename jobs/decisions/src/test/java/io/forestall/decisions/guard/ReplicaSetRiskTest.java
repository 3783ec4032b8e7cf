package io.forestall.decisions.guard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ReplicaSetRiskTest {

  private static ReplicaSetRisk.Copy copy(double p, String rack, String zone) {
    return new ReplicaSetRisk.Copy(p, rack, zone);
  }

  @Test
  void copiesInOtherZonesFailOnTheirOwn() {
    assertThat(
            ReplicaSetRisk.allFail(
                List.of(copy(0.1, "a", "x"), copy(0.2, "b", "y"), copy(0.3, "c", "z")), 0.5, 0.5))
        .isCloseTo(0.006, within(1e-15));
  }

  @Test
  void aSharedRackAndASharedZoneMakeItWorse() {
    double apart =
        ReplicaSetRisk.allFail(List.of(copy(0.1, "a", "x"), copy(0.1, "b", "y")), 0.05, 0.02);
    double zone =
        ReplicaSetRisk.allFail(List.of(copy(0.1, "a", "x"), copy(0.1, "b", "x")), 0.05, 0.02);
    double rack =
        ReplicaSetRisk.allFail(List.of(copy(0.1, "a", "x"), copy(0.1, "a", "x")), 0.05, 0.02);
    assertThat(apart).isCloseTo(0.01, within(1e-15));
    assertThat(zone).isCloseTo(0.98 * 0.01 + 0.02 * 0.1, within(1e-15));
    assertThat(rack).isCloseTo(0.95 * 0.01 + 0.05 * 0.1, within(1e-15));
  }

  @Test
  void noCopyIsALostUnit() {
    assertThat(ReplicaSetRisk.allFail(List.of(), 0.05, 0.02)).isEqualTo(1);
  }

  @Test
  void anotherCopyNeverMakesItWorseAndAWorseCopyNeverBetter() {
    for (long seed = 1; seed <= 200; seed++) {
      Random random = new Random(seed);
      List<ReplicaSetRisk.Copy> copies = new ArrayList<>();
      double before = 1;
      for (int i = 0; i < 6; i++) {
        String rack = "r" + random.nextInt(4);
        copies.add(copy(random.nextDouble(), rack, "z" + rack.charAt(1) / 2));
        double now = ReplicaSetRisk.allFail(copies, 0.05, 0.02);
        assertThat(now).as("seed %d", seed).isBetween(0.0, before + 1e-12);
        before = now;
      }
      int worse = random.nextInt(6);
      ReplicaSetRisk.Copy was = copies.get(worse);
      copies.set(worse, copy(was.probability() + 0.1, was.rack(), was.zone()));
      assertThat(ReplicaSetRisk.allFail(copies, 0.05, 0.02))
          .as("seed %d", seed)
          .isGreaterThanOrEqualTo(before - 1e-12);
    }
  }

  @Test
  void aProbabilityOverAnotherTime() {
    assertThat(ReplicaSetRisk.within(0.19, 2, 1)).isCloseTo(0.1, within(1e-12));
    assertThat(ReplicaSetRisk.within(0.1, 1, 2)).isCloseTo(0.19, within(1e-12));
    assertThat(ReplicaSetRisk.within(0.5, 0, 7)).isEqualTo(0.5);
    assertThat(ReplicaSetRisk.within(1, 5, 1)).isEqualTo(1);
    assertThat(ReplicaSetRisk.within(0, 5, 1)).isZero();
  }
}
