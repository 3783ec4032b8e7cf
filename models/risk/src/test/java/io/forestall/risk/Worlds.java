package io.forestall.risk;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Random histories of disks from a seed, tame or hostile, and short ways to write samples. */
final class Worlds {
  static final long DAY = 86_400_000L;

  /** 2015-01-01T00:00:00Z. */
  static final long START = 1_420_070_400_000L;

  private Worlds() {}

  static DiskSample sample(double day, Object... metricsAndValues) {
    return sample("SYNTH-1", "SYNTH MODEL A", day, metricsAndValues);
  }

  static DiskSample sample(
      String disk, @Nullable String model, double day, Object... metricsAndValues) {
    Map<DiskMetric, Double> values = new EnumMap<>(DiskMetric.class);
    for (int i = 0; i < metricsAndValues.length; i += 2) {
      values.put(
          (DiskMetric) metricsAndValues[i], ((Number) metricsAndValues[i + 1]).doubleValue());
    }
    return DiskSample.of(disk, model, START + (long) (day * DAY), values);
  }

  /**
   * A history as drives have it: mostly zeros, some counters that rise now and then, gaps, metrics
   * that come and go.
   */
  static List<DiskSample> history(long seed, int samples) {
    SplittableRandom random = new SplittableRandom(seed);
    List<DiskSample> history = new ArrayList<>();
    double[] level = new double[DiskMetric.COUNT];
    boolean sick = random.nextInt(3) > 0;
    double day = random.nextInt(400);
    double[] known = new double[DiskMetric.COUNT];
    for (int m = 0; m < known.length; m++) {
      known[m] = random.nextInt(4) == 0 ? 0 : 0.98;
    }
    level[DiskMetric.POWER_ON_HOURS.ordinal()] = random.nextInt(40_000);
    for (int i = 0; i < samples; i++) {
      double gap =
          random.nextInt(10) == 0 ? random.nextDouble(0.01, 40) : random.nextInt(5) == 0 ? 0.04 : 1;
      day += gap;
      double[] values = DiskSample.absentValues();
      for (DiskMetric metric : DiskMetric.values()) {
        int m = metric.ordinal();
        if (metric == DiskMetric.POWER_ON_HOURS) {
          level[m] += 24 * gap;
        } else if (metric == DiskMetric.TEMPERATURE || metric == DiskMetric.AIRFLOW_TEMPERATURE) {
          level[m] = 25 + random.nextInt(12);
        } else if (sick && random.nextInt(25) == 0) {
          level[m] = Math.max(0, level[m] + random.nextInt(-8, 40));
        }
        if (random.nextDouble() < known[m]) {
          values[m] = level[m];
        }
      }
      history.add(
          new DiskSample(
              "SYNTH-" + seed,
              seed % 2 == 0 ? "SYNTH MODEL A" : null,
              START + (long) (day * DAY),
              values));
    }
    return history;
  }

  /**
   * A history of any finite or not finite values at all, with gaps from a millisecond to decades.
   */
  static List<DiskSample> hostileHistory(long seed, int samples) {
    SplittableRandom random = new SplittableRandom(seed);
    List<DiskSample> history = new ArrayList<>();
    long time = 1 + random.nextLong(START);
    for (int i = 0; i < samples; i++) {
      double[] values = DiskSample.absentValues();
      for (int m = 0; m < values.length; m++) {
        values[m] =
            switch (random.nextInt(9)) {
              case 0 -> Double.NaN;
              case 1 -> Double.MAX_VALUE;
              case 2 -> -Double.MAX_VALUE;
              case 3 -> Double.MIN_VALUE;
              case 4 -> random.nextLong();
              case 5 -> 0;
              case 6 -> Double.POSITIVE_INFINITY;
              case 7 -> random.nextDouble(1e6);
              default -> Double.longBitsToDouble(random.nextLong());
            };
      }
      history.add(new DiskSample("HOSTILE", "SYNTH MODEL B", time, values));
      time += random.nextInt(4) == 0 ? 1 : 1 + random.nextLong(1L << random.nextInt(1, 41));
    }
    return history;
  }
}
