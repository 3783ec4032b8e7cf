package io.forestall.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import io.forestall.risk.DiskMetric;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class WindowSamplerTest {
  private final List<DriveHistory> fleet = TestingFleet.histories(5, 300);
  private final int lastDay = TestingFleet.FIRST_DAY + 400;

  @Test
  void noWindowReachesBehindTheTrainingPeriod() {
    WindowSampler sampler = new WindowSampler(fleet, lastDay, TestingFleet.recipe(5, 1));
    List<WindowSampler.Window> windows = sampler.draw(new SplittableRandom(5));
    assertThat(windows)
        .isNotEmpty()
        .allSatisfy(
            window -> {
              assertThat(window.length()).isBetween(1, 90);
              assertThat(window.history().day(window.to() - 1)).isLessThanOrEqualTo(lastDay);
            });
  }

  @Test
  void aFailureNotYetKnownCountsAsSurvival() {
    WindowSampler sampler = new WindowSampler(fleet, lastDay, TestingFleet.recipe(5, 1));
    long known = fleet.stream().filter(d -> d.failureDay() <= lastDay + 30).count();
    assertThat(sampler.failingDrives()).isEqualTo((int) known);
    assertThat(sampler.survivingDrives()).isEqualTo(300 - (int) known);
    assertThat(known).isLessThan(100);
  }

  @Test
  void survivingDaysWeighWhatTheyStandFor() {
    WindowSampler sampler = new WindowSampler(fleet, lastDay, TestingFleet.recipe(5, 1));
    long natural =
        fleet.stream()
            .filter(d -> !WindowSampler.fails(d, lastDay, 30))
            .mapToLong(d -> d.indexAtOrAfter(lastDay + 1))
            .sum();
    SplittableRandom random = new SplittableRandom(51);
    double weighed = 0;
    int draws = 60;
    for (int i = 0; i < draws; i++) {
      for (WindowSampler.Window window : sampler.draw(random)) {
        if (!WindowSampler.fails(window.history(), lastDay, 30)) {
          weighed += window.survivorWeight() * window.length();
        }
      }
    }
    assertThat(weighed / draws / WindowSampler.SURVIVOR_SCALE / natural).isBetween(0.97, 1.03);
  }

  @Test
  void failuresStandAtEveryPositionOfAWindow() {
    WindowSampler sampler = new WindowSampler(fleet, lastDay, TestingFleet.recipe(5, 1));
    SplittableRandom random = new SplittableRandom(52);
    int[] thirds = new int[3];
    for (int i = 0; i < 30; i++) {
      for (WindowSampler.Window window : sampler.draw(random)) {
        if (WindowSampler.fails(window.history(), lastDay, 30) && window.from() > 0) {
          thirds[(window.length() - 1) / 30]++;
        }
      }
    }
    assertThat((double) thirds[0] / thirds[2]).isBetween(0.7, 1.5);
    assertThat((double) thirds[1] / thirds[2]).isBetween(0.7, 1.5);
  }

  @Test
  void someWindowsShowWhatLittleOldFleetsReport() {
    WindowSampler sampler = new WindowSampler(fleet, lastDay, TestingFleet.recipe(5, 1));
    List<WindowSampler.Window> windows = sampler.draw(new SplittableRandom(53));
    assertThat(windows).anyMatch(w -> w.hidden().isEmpty());
    assertThat(windows)
        .anyMatch(
            w ->
                w.hidden().contains(DiskMetric.REPORTED_UNCORRECTABLE)
                    && w.hidden().contains(DiskMetric.POWER_CYCLES)
                    && !w.hidden().contains(DiskMetric.PENDING_SECTORS));
    assertThat(windows).anyMatch(w -> !w.knowsModel()).anyMatch(WindowSampler.Window::knowsModel);
  }
}
