package io.forestall.topologies;

import io.forestall.operators.BaselineUpdate;
import io.forestall.operators.EventTime;
import io.forestall.operators.ModelInput;
import io.forestall.operators.NodeInput;
import io.forestall.operators.RiskUpdate;
import io.forestall.operators.SenseInput;
import io.forestall.operators.SenseSettings;
import io.forestall.operators.kafka.FleetReader;
import io.forestall.operators.kafka.KafkaPorts;
import io.forestall.operators.kafka.ModelReader;
import io.forestall.operators.kafka.TelemetryReader;
import io.forestall.operators.kafka.WrongBytesReader;
import io.forestall.schemas.AnomalyRecord;
import io.forestall.schemas.BaselineRecord;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Event;
import io.forestall.schemas.Risk;
import io.forestall.schemas.Topics;
import io.forestall.wire.Keys;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The sense job on Kafka. */
public final class KafkaSensePorts implements SensePorts {

  private final SenseSettings settings;
  private final KafkaPorts kafka;

  /** Ports under these settings. */
  public KafkaSensePorts(SenseSettings settings) {
    this.settings = settings;
    this.kafka = new KafkaPorts(settings);
  }

  @Override
  public DataStream<SenseInput> telemetry(StreamExecutionEnvironment env) {
    return env.fromSource(
            kafka.source(Topics.TELEMETRY, new TelemetryReader()),
            EventTime.telemetry(settings),
            "telemetry")
        .uid(SenseUids.TELEMETRY_SOURCE);
  }

  @Override
  public DataStream<SenseInput> fleet(StreamExecutionEnvironment env) {
    return env.fromSource(
            kafka.source(Topics.FLEET, new FleetReader()), EventTime.fleet(settings), "fleet")
        .uid(SenseUids.FLEET_SOURCE);
  }

  @Override
  public DataStream<NodeInput> wrongBytes(StreamExecutionEnvironment env) {
    return env.fromSource(
            kafka.source(Topics.EVENTS, new WrongBytesReader()), EventTime.findings(), "events")
        .uid(SenseUids.EVENT_SOURCE);
  }

  @Override
  public DataStream<ModelInput> models(StreamExecutionEnvironment env) {
    return env.fromSource(
            kafka.source(Topics.MODELS, new ModelReader()), EventTime.models(), "models")
        .setParallelism(1)
        .uid(SenseUids.MODEL_SOURCE);
  }

  @Override
  public void risk(DataStream<RiskUpdate> updates) {
    updates
        .sinkTo(kafka.sink(Topics.RISK, Risk.class, RiskUpdate::key, RiskUpdate::risk))
        .name("risk")
        .uid(SenseUids.RISK_SINK);
  }

  @Override
  public void lane(DataStream<RiskUpdate> updates) {
    updates
        .sinkTo(kafka.sink(Topics.RISK_LANE, Risk.class, RiskUpdate::key, RiskUpdate::risk))
        .name("risk of the second lane")
        .uid(SenseUids.LANE_SINK);
  }

  @Override
  public void deadLetters(DataStream<DeadLetter> letters) {
    letters
        .sinkTo(
            kafka.sink(
                Topics.DEAD_LETTERS, DeadLetter.class, DeadLetter::getOrigin, letter -> letter))
        .name("dead letters")
        .uid(SenseUids.DEAD_LETTER_SINK);
  }

  @Override
  public void predictedEvents(DataStream<Event> events) {
    events
        .sinkTo(
            kafka.sink(
                Topics.PREDICTED_EVENTS,
                Event.class,
                event -> Keys.of(event.getEntity()),
                event -> event))
        .name("predicted events")
        .uid(SenseUids.PREDICTED_EVENT_SINK);
  }

  @Override
  public void anomalies(DataStream<AnomalyRecord> anomalies) {
    anomalies
        .sinkTo(
            kafka.sink(
                Topics.ANOMALIES,
                AnomalyRecord.class,
                anomaly -> Keys.of(anomaly.getEntity()),
                anomaly -> anomaly))
        .name("anomalies")
        .uid(SenseUids.ANOMALY_SINK);
  }

  @Override
  public void baselines(DataStream<BaselineUpdate> baselines) {
    baselines
        .sinkTo(
            kafka.sink(
                Topics.BASELINES,
                BaselineRecord.class,
                BaselineUpdate::key,
                BaselineUpdate::baseline))
        .name("baselines")
        .uid(SenseUids.BASELINE_SINK);
  }
}
