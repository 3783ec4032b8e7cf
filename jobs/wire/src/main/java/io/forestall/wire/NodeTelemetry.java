package io.forestall.wire;

import java.util.Map;

/**
 * One valid sample of a node itself.
 *
 * @param node identifier of the node
 * @param timeMillis event time, milliseconds since 1970-01-01 UTC
 * @param metrics finite values by canonical metric name
 */
public record NodeTelemetry(String node, long timeMillis, Map<String, Double> metrics) {
  /** Copies the map. */
  public NodeTelemetry {
    metrics = Map.copyOf(metrics);
  }
}
