package io.forestall.operators;

/**
 * Two gauges of an operator: {@code newestSampleMillis}, and {@code watermarkLagMillis}, by how
 * much event time is behind it. One thread.
 */
final class EventProgress {

  private long newestMillis = Long.MIN_VALUE;
  private long watermarkMillis = Long.MIN_VALUE;

  EventProgress(SenseMetrics metrics) {
    metrics.group().gauge("newestSampleMillis", () -> newestMillis);
    metrics.group().gauge("watermarkLagMillis", this::lagMillis);
  }

  /** Notes the time of a sample, and where event time stands. */
  void sample(long timeMillis, long currentWatermarkMillis) {
    newestMillis = Math.max(newestMillis, timeMillis);
    watermarkMillis = currentWatermarkMillis;
  }

  private long lagMillis() {
    return newestMillis == Long.MIN_VALUE || watermarkMillis == Long.MIN_VALUE
        ? 0
        : Math.max(0, newestMillis - watermarkMillis);
  }
}
