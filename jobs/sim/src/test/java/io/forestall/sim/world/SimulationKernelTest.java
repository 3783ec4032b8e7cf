package io.forestall.sim.world;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Decider;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.decisions.guard.GuardOutput;
import io.forestall.decisions.incident.Incident;
import io.forestall.decisions.incident.IncidentDecider;
import io.forestall.decisions.incident.IncidentInput;
import io.forestall.decisions.incident.RuleSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The world without a guard: time, logs, carriers, restores, and the deciders of incidents. */
class SimulationKernelTest {
  private static final Product NO_GUARD =
      new Product() {
        @Override
        public Decider<?, GuardInput, GuardOutput> arbiter() {
          return new SilentArbiter();
        }

        @Override
        public Decider<?, IncidentInput, Incident> incidents(RuleSet rules) {
          return new IncidentDecider(() -> rules);
        }
      };

  private static final Scenario UNGUARDED =
      new Scenario(
          "unguarded",
          "Nobody proposes anything.",
          Map.of(
              Knob.PROPOSALS,
              0.0,
              Knob.CONTESTS,
              0.0,
              Knob.LOST_COPIES,
              0.0,
              Knob.CRASHES,
              3.0,
              Knob.LATE,
              0.2));

  @Test
  void theSameSeedIsTheSameWorld() {
    List<String> first = new ArrayList<>();
    List<String> second = new ArrayList<>();
    SimulationReport one = Simulation.run(7, UNGUARDED, Bug.NONE, NO_GUARD, first::add);
    SimulationReport two = Simulation.run(7, UNGUARDED, Bug.NONE, NO_GUARD, second::add);

    assertThat(second).isEqualTo(first);
    assertThat(two).isEqualTo(one);
    assertThat(Simulation.run(8, UNGUARDED, Bug.NONE, NO_GUARD, null).digest())
        .isNotEqualTo(one.digest());
  }

  @Test
  void noIncidentIsLostAndNothingStaysAcrossRestores() {
    long restores = 0;
    long opened = 0;
    for (long seed = 1; seed <= 20; seed++) {
      SimulationReport report = Simulation.run(seed, UNGUARDED, Bug.NONE, NO_GUARD, null);
      assertThat(report.invariant()).as("seed %d: %s", seed, report.message()).isNull();
      restores += report.count("restores");
      opened += report.count("incidents opened");
    }
    assertThat(restores).isPositive();
    assertThat(opened).isPositive();
  }

  @Test
  void everyBugNamesInvariantsThatExist() {
    assertThat(Invariants.lines()).hasSize(Invariants.all().size());
    assertThat(Bugs.all()).extracting(Bug::name).doesNotHaveDuplicates();
    List<String> names = Invariants.all().stream().map(Invariant::name).toList();
    for (Bug bug : Bugs.all()) {
      assertThat(names).as(bug.name()).containsAll(bug.caughtBy());
    }
  }
}
