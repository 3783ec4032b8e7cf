package io.forestall.wire.sources;

import io.forestall.risk.DiskMetric;

/** What values a metric can have: the same as the frame decoder believes, as a test says. */
final class MetricRange {

  /** Highest value: a counter of 64 bits, read as a double. */
  static final double HIGHEST = 18_446_744_073_709_551_615d;

  /** A cold aisle in winter; degrees Celsius. */
  private static final double LOWEST_TEMPERATURE = -64;

  private MetricRange() {}

  /** Lowest value of a metric by its canonical name. */
  static double lowest(String metricName) {
    DiskMetric metric = DiskMetric.byName(metricName);
    if (metric == null) {
      return -HIGHEST;
    }
    return metric == DiskMetric.TEMPERATURE || metric == DiskMetric.AIRFLOW_TEMPERATURE
        ? LOWEST_TEMPERATURE
        : 0;
  }
}
