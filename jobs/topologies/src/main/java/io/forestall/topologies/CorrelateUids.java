package io.forestall.topologies;

import io.forestall.decisions.incident.Rule;

/**
 * Uids of the correlate job's operators. They name state in savepoints: none is ever changed or
 * used again for something else.
 */
public final class CorrelateUids {

  public static final String EVENT_SOURCE = "correlate-event-source";
  public static final String EVENT_INTAKE = "correlate-event-intake";
  public static final String PREDICTED_SOURCE = "correlate-predicted-source";
  public static final String PREDICTED_INTAKE = "correlate-predicted-intake";
  public static final String ANOMALY_SOURCE = "correlate-anomaly-source";
  public static final String ANOMALY_INTAKE = "correlate-anomaly-intake";
  public static final String FLEET_SOURCE = "correlate-fleet-source";
  public static final String POLICY_SOURCE = "correlate-policy-source";
  public static final String POLICY_GATE = "correlate-policy-gate";
  public static final String ROUTE = "correlate-route";
  public static final String INCIDENTS = "correlate-incidents";
  public static final String INCIDENT_SINK = "correlate-incident-sink";
  public static final String DEAD_LETTER_SINK = "correlate-dead-letter-sink";

  private CorrelateUids() {}

  /**
   * Uid of the pattern of a rule: a rule whose shape has changed begins with no state, and every
   * other goes on with its own.
   */
  public static String pattern(Rule rule) {
    return "cep-" + rule.id() + "-" + rule.shapeHash();
  }
}
