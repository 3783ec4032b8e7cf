package io.forestall.topologies;

/**
 * Uids of the sense job's operators. They name state in savepoints: none is ever changed or used
 * again for something else.
 */
public final class SenseUids {

  public static final String TELEMETRY_SOURCE = "sense-telemetry-source";
  public static final String TELEMETRY_INTAKE = "sense-telemetry-intake";
  public static final String FLEET_SOURCE = "sense-fleet-source";
  public static final String FLEET_INTAKE = "sense-fleet-intake";
  public static final String EVENT_SOURCE = "sense-event-source";
  public static final String MODEL_SOURCE = "sense-model-source";
  public static final String MODEL_GATE = "sense-model-gate";
  public static final String RISK = "sense-risk";
  public static final String SIGNALS = "sense-signals";
  public static final String PEERS = "sense-peers";
  public static final String SYMPTOMS = "sense-symptoms";
  public static final String PATHS = "sense-paths";
  public static final String BLAME = "sense-blame";
  public static final String NODES = "sense-nodes";
  public static final String LANE = "sense-lane";
  public static final String RISK_SINK = "sense-risk-sink";
  public static final String LANE_SINK = "sense-lane-sink";
  public static final String DEAD_LETTER_SINK = "sense-dead-letter-sink";
  public static final String PREDICTED_EVENT_SINK = "sense-predicted-event-sink";

  public static final String ANOMALY_SINK = "sense-anomaly-sink";
  public static final String BASELINE_SINK = "sense-baseline-sink";

  private SenseUids() {}
}
