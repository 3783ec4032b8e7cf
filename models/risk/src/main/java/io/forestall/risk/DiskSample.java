package io.forestall.risk;

import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one disk reported at one time. An absent metric is NaN, which is not 0. Immutable by
 * convention: the array is handed over, not copied, because a sample is made for every record of
 * the stream.
 */
public final class DiskSample {
  private final String disk;
  private final @Nullable String model;
  private final long timeMillis;
  private final double[] values;

  /**
   * Takes the array over.
   *
   * @param disk identifier of the disk, its serial number
   * @param model drive model, null when unknown
   * @param timeMillis event time; epoch milliseconds
   * @param values raw values by {@link DiskMetric#ordinal()}, NaN where absent
   * @throws IllegalArgumentException when the array has another length than {@link
   *     DiskMetric#COUNT}
   */
  public DiskSample(String disk, @Nullable String model, long timeMillis, double[] values) {
    if (values.length != DiskMetric.COUNT) {
      throw new IllegalArgumentException(
          "A disk sample has "
              + DiskMetric.COUNT
              + " values, not "
              + values.length
              + ": use DiskSample.absentValues()");
    }
    this.disk = disk;
    this.model = model;
    this.timeMillis = timeMillis;
    this.values = values;
  }

  /** A sample from named values; metrics that are not in the map are absent. */
  public static DiskSample of(
      String disk, @Nullable String model, long timeMillis, Map<DiskMetric, Double> present) {
    double[] values = absentValues();
    present.forEach((metric, value) -> values[metric.ordinal()] = value);
    return new DiskSample(disk, model, timeMillis, values);
  }

  /** A fresh array in which every metric is absent. */
  public static double[] absentValues() {
    double[] values = new double[DiskMetric.COUNT];
    Arrays.fill(values, Double.NaN);
    return values;
  }

  /** Identifier of the disk; never used by a model. */
  public String disk() {
    return disk;
  }

  /** Drive model, null when unknown. */
  public @Nullable String model() {
    return model;
  }

  /** Event time; epoch milliseconds. */
  public long timeMillis() {
    return timeMillis;
  }

  /** Raw value of a metric, NaN when absent. */
  public double value(DiskMetric metric) {
    return values[metric.ordinal()];
  }

  /** True when the sample holds a finite value of the metric. */
  public boolean has(DiskMetric metric) {
    return Double.isFinite(values[metric.ordinal()]);
  }

  /** The values by ordinal, not a copy; do not write to it. */
  public double[] values() {
    return values;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(disk).append('@').append(timeMillis);
    for (DiskMetric metric : DiskMetric.values()) {
      if (has(metric)) {
        text.append(' ').append(metric.metricName()).append('=').append(value(metric));
      }
    }
    return text.toString();
  }
}
