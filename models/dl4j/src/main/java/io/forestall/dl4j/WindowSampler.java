package io.forestall.dl4j;

import io.forestall.risk.DiskMetric;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Draws the windows of an epoch. Surviving drives are many and mostly without a sign, so each
 * stratum is drawn to a number of its own and each day carries as weight how many days it stands
 * for: the balance of what is drawn changes the noise, not what is learned. The weight of survivors
 * as a whole is lowered, which the calibration takes back.
 *
 * <p>Positions matter: a network could learn to count its steps. So the failing window's length is
 * uniform, which puts failures at every position alike, and a surviving window is cut at random
 * from the whole life.
 */
final class WindowSampler {
  /** Survivors weigh this much of their natural weight against failing days. */
  static final double SURVIVOR_SCALE = 0.04;

  private static final double FIVE_ATTRIBUTES_SHARE = 0.3;
  private static final double THINNED_SHARE = 0.3;
  private static final double HIDING = 0.4;
  private static final double UNKNOWN_MODEL_SHARE = 0.15;

  private static final Set<DiskMetric> SIGNS =
      EnumSet.of(
          DiskMetric.REALLOCATED_SECTORS,
          DiskMetric.REPORTED_UNCORRECTABLE,
          DiskMetric.PENDING_SECTORS,
          DiskMetric.OFFLINE_UNCORRECTABLE);
  private static final List<DiskMetric> THINNED =
      List.of(
          DiskMetric.SPIN_RETRIES,
          DiskMetric.POWER_CYCLES,
          DiskMetric.REPORTED_UNCORRECTABLE,
          DiskMetric.COMMAND_TIMEOUTS,
          DiskMetric.HIGH_FLY_WRITES,
          DiskMetric.REALLOCATION_EVENTS,
          DiskMetric.OFFLINE_UNCORRECTABLE);

  private final int lastDay;
  private final TrainingRecipe recipe;
  private final List<DriveHistory> failing = new ArrayList<>();
  private final Stratum quiet = new Stratum();
  private final Stratum marked = new Stratum();

  /**
   * A stretch of a history to train on.
   *
   * @param history whose
   * @param from first sample
   * @param to behind the last sample
   * @param survivorWeight weight of a day that is not followed by a failure
   * @param hidden metrics treated as absent
   * @param knowsModel whether the failure rate of the drive's model may be used
   */
  record Window(
      DriveHistory history,
      int from,
      int to,
      float survivorWeight,
      Set<DiskMetric> hidden,
      boolean knowsModel) {
    Window {
      hidden = Set.copyOf(hidden);
    }

    int length() {
      return to - from;
    }
  }

  /**
   * Sorts the drives into strata by what is known {@code horizonDays} after {@code lastDay}.
   *
   * @param drives to train on
   * @param lastDay last epoch day to train on
   */
  WindowSampler(List<DriveHistory> drives, int lastDay, TrainingRecipe recipe) {
    this.lastDay = lastDay;
    this.recipe = recipe;
    double[] values = new double[DiskMetric.COUNT];
    for (DriveHistory drive : drives) {
      int samples = usable(drive);
      if (samples == 0) {
        continue;
      }
      if (fails(drive, lastDay, recipe.horizonDays())) {
        failing.add(drive);
      } else {
        (everMarked(drive, samples, values) ? marked : quiet)
            .add(drive, samples + recipe.windowSteps() - 1L);
      }
    }
  }

  /** Whether it is known {@code horizonDays} after {@code lastDay} that the drive failed. */
  static boolean fails(DriveHistory drive, int lastDay, int horizonDays) {
    return drive.failureDay() != DriveHistory.NEVER && drive.failureDay() <= lastDay + horizonDays;
  }

  int failingDrives() {
    return failing.size();
  }

  int survivingDrives() {
    return quiet.drives.size() + marked.drives.size();
  }

  int markedDrives() {
    return marked.drives.size();
  }

  private int usable(DriveHistory drive) {
    return drive.indexAtOrAfter(lastDay + 1);
  }

  private static boolean everMarked(DriveHistory drive, int samples, double[] values) {
    // Error counts hardly ever fall, and a week between looks is enough to choose a stratum.
    for (int i = samples - 1; i >= 0; i -= 7) {
      drive.values(i, values);
      for (DiskMetric sign : SIGNS) {
        if (values[sign.ordinal()] > 0) {
          return true;
        }
      }
    }
    return false;
  }

  /** The windows of one epoch, in random order. */
  List<Window> draw(SplittableRandom random) {
    List<Window> windows = new ArrayList<>();
    int longest = recipe.windowSteps();
    for (DriveHistory drive : failing) {
      int end = usable(drive);
      float weight = (float) (SURVIVOR_SCALE * Math.max(1, 2.0 * end / longest));
      for (int i = 0; i < recipe.failingRepeats(); i++) {
        int length = 1 + random.nextInt(longest);
        windows.add(window(drive, Math.max(0, end - length), end, weight, random));
      }
    }
    drawSurvivors(quiet, recipe.quietWindows(), random, windows);
    drawSurvivors(marked, recipe.markedWindows(), random, windows);
    for (int i = windows.size() - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      Window swapped = windows.get(i);
      windows.set(i, windows.get(other));
      windows.set(other, swapped);
    }
    return windows;
  }

  private void drawSurvivors(
      Stratum stratum, int count, SplittableRandom random, List<Window> windows) {
    if (stratum.drives.isEmpty() || count == 0) {
      return;
    }
    int longest = recipe.windowSteps();
    float weight = (float) (SURVIVOR_SCALE * stratum.total / ((double) longest * count));
    long[] cumulative = stratum.cumulative();
    for (int i = 0; i < count; i++) {
      long at = random.nextLong(stratum.total);
      int found = Arrays.binarySearch(cumulative, at);
      DriveHistory drive = stratum.drives.get(found >= 0 ? found + 1 : -found - 1);
      int samples = usable(drive);
      int start = random.nextInt(samples + longest - 1) - (longest - 1);
      windows.add(
          window(drive, Math.max(0, start), Math.min(samples, start + longest), weight, random));
    }
  }

  private static Window window(
      DriveHistory drive, int from, int to, float survivorWeight, SplittableRandom random) {
    boolean thinned = random.nextDouble() < FIVE_ATTRIBUTES_SHARE + THINNED_SHARE;
    Set<DiskMetric> hidden = thinned ? hidden(random) : Set.of();
    return new Window(
        drive, from, to, survivorWeight, hidden, random.nextDouble() >= UNKNOWN_MODEL_SHARE);
  }

  /** What a fleet that reports little may not show: all but five metrics, or a few counters. */
  static Set<DiskMetric> hidden(SplittableRandom random) {
    EnumSet<DiskMetric> hidden = EnumSet.noneOf(DiskMetric.class);
    if (random.nextDouble() < FIVE_ATTRIBUTES_SHARE / (FIVE_ATTRIBUTES_SHARE + THINNED_SHARE)) {
      hidden.addAll(HistoryEncoder.allBut(HistoryEncoder.FIVE_ATTRIBUTES));
    } else {
      for (DiskMetric metric : THINNED) {
        if (random.nextDouble() < HIDING) {
          hidden.add(metric);
        }
      }
    }
    return hidden;
  }

  /** Drives that are drawn in proportion to their length. */
  private static final class Stratum {
    private final List<DriveHistory> drives = new ArrayList<>();
    private final List<Long> ends = new ArrayList<>();
    private long total;

    void add(DriveHistory drive, long share) {
      drives.add(drive);
      total += share;
      ends.add(total);
    }

    long[] cumulative() {
      return ends.stream().mapToLong(Long::longValue).toArray();
    }
  }
}
