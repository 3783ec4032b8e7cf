package io.forestall.topologies;

/**
 * Uids of the train job's operators. They name state in savepoints: none is ever changed or used
 * again for something else.
 */
public final class TrainUids {

  public static final String TELEMETRY_SOURCE = "train-telemetry-source";
  public static final String FLEET_SOURCE = "train-fleet-source";
  public static final String EVENT_SOURCE = "train-event-source";
  public static final String MODEL_SOURCE = "train-model-source";
  public static final String HISTORIES = "train-histories";
  public static final String TRAINER = "train-trainer";
  public static final String MODEL_SINK = "train-model-sink";
  public static final String TRIAL_SINK = "train-trial-sink";
  public static final String TIME = "train-event-time";
  public static final String LEDGER = "train-ledger";
  public static final String TALLY_SINK = "train-tally-sink";

  private TrainUids() {}
}
