package io.forestall.decisions.guard;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.decisions.Decider;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What must hold, over random worlds. A failure names its seed; the seed replays it. */
class GuardWorldTest {

  private static final int STEPS = 400;

  @Test
  void budgetsLocksAndTheLogHoldInEveryWorld() {
    long first = Long.getLong("guard.seed", 1);
    int worlds = Integer.getInteger("guard.worlds", 40);
    int admitted = 0;
    int restores = 0;
    int refused = 0;
    int collisions = 0;
    for (long seed = first; seed < first + worlds; seed++) {
      TestingWorld world = run(seed, true);
      admitted += world.admitted;
      restores += world.restores;
      refused += world.refused;
      collisions += world.collisions;
    }
    // a world in which nothing happens proves nothing
    assertThat(admitted).isGreaterThan(10 * worlds);
    assertThat(refused).isGreaterThan(20 * worlds);
    assertThat(collisions).as("numbers that two guards took").isPositive();
    assertThat(restores).isGreaterThan(worlds);
  }

  @Test
  void adviseAdmitsNothingInAnyWorld() {
    int advised = 0;
    for (long seed = 1; seed <= 20; seed++) {
      TestingWorld world = run(seed, false);
      assertThat(world.admitted).isZero();
      advised += world.advised;
    }
    assertThat(advised).isGreaterThan(100);
  }

  @Test
  void theSameInterleavingGivesTheSameWords() {
    for (long seed = 1; seed <= 5; seed++) {
      assertThat(run(seed, true).heard).isEqualTo(run(seed, true).heard);
    }
  }

  @Test
  void whenAllIsOverNoRowAndNoAlarmRemainButTheNumberOfTheLog() {
    for (long seed = 100; seed < 115; seed++) {
      TestingWorld world = run(seed, seed % 3 != 0);
      Set<String> rows = world.endAll();
      assertThat(rows).as("seed %d", seed).isEqualTo(world.sequence() > 0 ? Set.of("h") : Set.of());
      assertThat(world.alarmMillis()).as("seed %d", seed).isEqualTo(Decider.NO_ALARM);
    }
  }

  private static TestingWorld run(long seed, boolean acting) {
    TestingWorld world = new TestingWorld(seed, acting);
    for (int step = 0; step < STEPS; step++) {
      try {
        world.step();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError(
            "seed " + seed + ", step " + step + ", acting " + acting + ": " + e.getMessage(), e);
      }
    }
    return world;
  }
}
