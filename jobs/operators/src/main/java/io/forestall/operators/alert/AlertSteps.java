package io.forestall.operators.alert;

import io.forestall.decisions.alert.Alert;
import io.forestall.operators.PoolOperator;
import io.forestall.operators.decide.DecideInput;
import io.forestall.operators.decide.GuardKeys;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.datastream.DataStream;

/** The steps from incidents to alerts, part of the decide job. */
public final class AlertSteps {

  private AlertSteps() {}

  /**
   * Adds them.
   *
   * @param incidents incidents, each for its pool; other inputs are passed over
   * @param policies policies that have passed the gate, of which silences and maintenance count
   * @param uid of the operator
   * @return alerts to be told
   */
  public static DataStream<Alert> define(
      DataStream<DecideInput> incidents,
      DataStream<DecideInput> policies,
      AlertSettings settings,
      GuardKeys keys,
      String uid) {
    return incidents
        .keyBy(DecideInput::key, Types.STRING)
        .connect(policies.broadcast())
        .transform(
            "alerts",
            AlertFormat.type(),
            PoolOperator.processingTime(AlertBrain.factory(settings, keys)))
        .uid(uid);
  }
}
