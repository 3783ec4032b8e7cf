package io.forestall.bench;

import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.Histogram;
import org.apache.flink.metrics.Metric;
import org.apache.flink.metrics.MetricConfig;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.reporter.MetricReporter;
import org.apache.flink.metrics.reporter.MetricReporterFactory;

/** Lets a benchmark read the metrics of the jobs that run in its own process. Thread-safe. */
public final class Gauges implements MetricReporter {

  /** One metric may have several names: of its operator, and of the task around it. */
  private static final Map<Metric, Set<String>> METRICS = new ConcurrentHashMap<>();

  /** Made by Flink. */
  public static final class Factory implements MetricReporterFactory {
    @Override
    public MetricReporter createMetricReporter(Properties properties) {
      return new Gauges();
    }
  }

  @Override
  public void open(MetricConfig config) {}

  @Override
  public void close() {}

  @Override
  public void notifyOfAddedMetric(Metric metric, String name, MetricGroup group) {
    String scope = group.getAllVariables().getOrDefault("<operator_name>", "");
    METRICS.computeIfAbsent(metric, each -> ConcurrentHashMap.newKeySet()).add(scope + "/" + name);
  }

  @Override
  public void notifyOfRemovedMetric(Metric metric, String name, MetricGroup group) {
    METRICS.remove(metric);
  }

  /** Sum of a counter over the instances of an operator. */
  static long sum(String operator, String counter) {
    String wanted = operator + "/" + counter;
    long sum = 0;
    for (Map.Entry<Metric, Set<String>> entry : METRICS.entrySet()) {
      if (entry.getValue().contains(wanted) && entry.getKey() instanceof Counter each) {
        sum += each.getCount();
      }
    }
    return sum;
  }

  /** Least value of a gauge over the instances of an operator; the lowest there is when none. */
  static long min(String operator, String gauge) {
    String wanted = operator + "/" + gauge;
    long min = Long.MAX_VALUE;
    for (Map.Entry<Metric, Set<String>> entry : METRICS.entrySet()) {
      if (entry.getValue().contains(wanted)
          && entry.getKey() instanceof Gauge<?> each
          && each.getValue() instanceof Number value) {
        min = Math.min(min, value.longValue());
      }
    }
    return min == Long.MAX_VALUE ? Long.MIN_VALUE : min;
  }

  /** Largest value of a gauge over the instances of an operator; the lowest there is when none. */
  static long max(String operator, String gauge) {
    String wanted = operator + "/" + gauge;
    long max = Long.MIN_VALUE;
    for (Map.Entry<Metric, Set<String>> entry : METRICS.entrySet()) {
      if (entry.getValue().contains(wanted)
          && entry.getKey() instanceof Gauge<?> each
          && each.getValue() instanceof Number value) {
        max = Math.max(max, value.longValue());
      }
    }
    return max;
  }

  /** Mean of a histogram over the instances of an operator; NaN when there is none. */
  static double mean(String operator, String histogram) {
    String wanted = operator + "/" + histogram;
    double sum = 0;
    int count = 0;
    for (Map.Entry<Metric, Set<String>> entry : METRICS.entrySet()) {
      if (entry.getValue().contains(wanted) && entry.getKey() instanceof Histogram each) {
        sum += each.getStatistics().getMean();
        count++;
      }
    }
    return count == 0 ? Double.NaN : sum / count;
  }
}
