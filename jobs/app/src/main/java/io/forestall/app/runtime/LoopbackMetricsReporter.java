package io.forestall.app.runtime;

import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.HTTPServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.metrics.prometheus.AbstractPrometheusReporter;

/**
 * Flink's metrics for Prometheus on the loopback interface. Thread-safe as Flink's own reporter is.
 * Row G19.
 */
public final class LoopbackMetricsReporter extends AbstractPrometheusReporter {
  private final HTTPServer server;

  LoopbackMetricsReporter(int port) {
    try {
      server =
          new HTTPServer(
              new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
              registryOf(this),
              true);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "metrics: cannot listen on port " + port + ": choose another with --metrics-port", e);
    }
  }

  /**
   * Adds this reporter to settings of Flink, unless they name reporters of their own.
   *
   * @param flink changed in place
   * @param port loopback port to listen on, above 0: see {@link Ports#firstFree}
   * @return whether it was added
   */
  public static boolean configure(Configuration flink, int port) {
    if (flink.containsKey("metrics.reporters")) {
      return false;
    }
    flink.setString("metrics.reporters", "loopback");
    flink.setString(
        "metrics.reporter.loopback.factory.class", LoopbackMetricsReporterFactory.class.getName());
    flink.setString(
        "metrics.reporter.loopback." + LoopbackMetricsReporterFactory.PORT, Integer.toString(port));
    return true;
  }

  @Override
  public void close() {
    server.stop();
    super.close();
  }

  /**
   * What Flink's reporter registers in. It keeps it for its own package, and the reporter that may
   * see it binds to every interface without an option: so it is taken by name, and a test fails
   * when a release of Flink calls it otherwise.
   */
  private static CollectorRegistry registryOf(AbstractPrometheusReporter reporter) {
    try {
      var field = AbstractPrometheusReporter.class.getDeclaredField("registry");
      field.setAccessible(true);
      return (CollectorRegistry) field.get(reporter);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(
          "this release of Flink keeps its metrics elsewhere: build with the one the pom names", e);
    }
  }
}
