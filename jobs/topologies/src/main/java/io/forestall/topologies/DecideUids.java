package io.forestall.topologies;

/**
 * Uids of the decide job's operators. They name state in savepoints: none is ever changed or used
 * again for something else.
 */
public final class DecideUids {

  public static final String INCIDENT_SOURCE = "decide-incident-source";
  public static final String INCIDENT_INTAKE = "decide-incident-intake";
  public static final String PROPOSAL_SOURCE = "decide-proposal-source";
  public static final String PROPOSAL_INTAKE = "decide-proposal-intake";
  public static final String ADMISSION_SOURCE = "decide-admission-source";
  public static final String ADMISSION_INTAKE = "decide-admission-intake";
  public static final String RISK_SOURCE = "decide-risk-source";
  public static final String RISK_INTAKE = "decide-risk-intake";
  public static final String FLEET_SOURCE = "decide-fleet-source";
  public static final String FLEET_INTAKE = "decide-fleet-intake";
  public static final String MAP_SOURCE = "decide-map-source";
  public static final String MAP_INTAKE = "decide-map-intake";
  public static final String ACK_SOURCE = "decide-ack-source";
  public static final String ACK_INTAKE = "decide-ack-intake";
  public static final String ZONE_SOURCE = "decide-zone-source";
  public static final String ZONE_INTAKE = "decide-zone-intake";
  public static final String MODEL_SOURCE = "decide-model-source";
  public static final String MODEL_INTAKE = "decide-model-intake";
  public static final String POLICY_SOURCE = "decide-policy-source";
  public static final String POLICY_GATE = "decide-policy-gate";
  public static final String ENTITIES = "decide-entities";
  public static final String SLICES = "decide-slices";
  public static final String ACTS = "decide-acts";
  public static final String GUARD = "decide-guard";
  public static final String SAID = "decide-said";
  public static final String ALERTS = "decide-alerts";
  public static final String ALERT_SINK = "decide-alert-sink";
  public static final String PROPOSAL_SINK = "decide-proposal-sink";
  public static final String DECISION_SINK = "decide-decision-sink";
  public static final String ADMISSION_SINK = "decide-admission-sink";
  public static final String POLICY_SINK = "decide-policy-sink";
  public static final String NOTICE_SINK = "decide-notice-sink";
  public static final String OWNERSHIP_SOURCE = "decide-ownership-source";
  public static final String OWNERSHIP_INTAKE = "decide-ownership-intake";
  public static final String SAGA_ADMISSION_SOURCE = "decide-saga-admission-source";
  public static final String SAGA_ADMISSION_INTAKE = "decide-saga-admission-intake";
  public static final String SAGA_MAP_SOURCE = "decide-saga-map-source";
  public static final String SAGA_MAP_INTAKE = "decide-saga-map-intake";
  public static final String SHADOW_SOURCE = "decide-shadow-source";
  public static final String SHADOW_INTAKE = "decide-shadow-intake";
  public static final String SAGA_SLICES = "decide-saga-slices";
  public static final String SAGAS = "decide-sagas";
  public static final String SAGA_SAID = "decide-saga-said";
  public static final String COMMAND_SINK = "decide-command-sink";
  public static final String ACK_SINK = "decide-ack-sink";
  public static final String MAP_SINK = "decide-map-sink";
  public static final String DEAD_LETTER_SINK = "decide-dead-letter-sink";

  private DecideUids() {}
}
