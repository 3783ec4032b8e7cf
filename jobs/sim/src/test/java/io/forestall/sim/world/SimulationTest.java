package io.forestall.sim.world;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The deciders of the product keep every invariant, and each planted bug is caught. */
class SimulationTest {

  /** Seeds within which a planted bug must be caught. */
  private static final int SEEDS = 40;

  @Test
  void everyInvariantHoldsInEveryWorldAndMuchHappensThere() {
    Map<String, Long> sum = new TreeMap<>();
    for (long seed = 0; seed < 60; seed++) {
      SimulationReport report = Simulation.run(seed);
      assertThat(report.invariant())
          .as(
              "seed %d, scenario %s, step %d: %s",
              seed, report.scenario(), report.steps(), report.message())
          .isNull();
      report.counts().forEach((name, count) -> sum.merge(name, count, Long::sum));
    }
    // A simulator in which nothing is ever admitted proves nothing.
    assertThat(sum)
        .containsKeys(
            "log counted",
            "log ended",
            "log repeated",
            "acts done",
            "acts given_back",
            "acts expired",
            "acts cancelled",
            "restores",
            "old restores",
            "upgrades",
            "zombies",
            "dead letters",
            "forged",
            "code STORM",
            "code HALTED",
            "code UNIT_LOCKED",
            "code BUDGET_SPENT",
            "code BLIND_WATERMARK",
            "code STALE_MODEL",
            "code TARGET_IN_MAINTENANCE",
            "code TARGET_IN_ZONE",
            "code BELOW_REPLICATION_MINIMUM",
            "decisions advised",
            "decisions waiting",
            "act SHADOW done",
            "act SHADOW given_back",
            "act RETIRE_SHADOW done",
            "act SWITCHOVER done",
            "shadows by the plan",
            "shadows that gave way");
    assertThat(sum.get("log counted")).isGreaterThan(150);
  }

  @Test
  void theSameSeedIsTheSameHistory() {
    for (long seed = 0; seed < 10; seed++) {
      assertThat(Simulation.run(seed)).isEqualTo(Simulation.run(seed));
    }
  }

  @ParameterizedTest
  @MethodSource("bugs")
  void everyPlantedBugIsCaught(Bug bug) {
    for (long seed = 0; seed < SEEDS; seed++) {
      SimulationReport report = Simulation.run(seed, bug);
      if (!report.clean()) {
        assertThat(bug.caughtBy())
            .as("%s: %s", report.invariant(), report.message())
            .contains(report.invariant());
        return;
      }
    }
    assertThat(SEEDS).as("%s is not caught within so many seeds", bug.name()).isZero();
  }

  static Iterable<Bug> bugs() {
    return Bugs.all();
  }
}
