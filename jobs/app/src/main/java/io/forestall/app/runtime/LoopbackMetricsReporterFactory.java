package io.forestall.app.runtime;

import java.util.Properties;
import org.apache.flink.metrics.reporter.MetricReporter;
import org.apache.flink.metrics.reporter.MetricReporterFactory;

/**
 * Makes the demo's Prometheus endpoint: Flink's own reporter listens on every interface of the
 * machine, this one on loopback only. Names and labels are those of Flink's reporter. Row G19.
 */
public final class LoopbackMetricsReporterFactory implements MetricReporterFactory {
  /** Property that names the port; there is no default. */
  static final String PORT = "port";

  /** For the service loader. */
  public LoopbackMetricsReporterFactory() {}

  @Override
  public MetricReporter createMetricReporter(Properties properties) {
    return new LoopbackMetricsReporter(Integer.parseInt(properties.getProperty(PORT)));
  }
}
