package io.forestall.topologies;

import io.forestall.operators.EventTime;
import io.forestall.operators.ModelInput;
import io.forestall.operators.kafka.KafkaPorts;
import io.forestall.operators.kafka.ModelReader;
import io.forestall.operators.train.TrainInput;
import io.forestall.operators.train.TrainReader;
import io.forestall.operators.train.TrainSettings;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.ModelTally;
import io.forestall.schemas.ModelTrial;
import io.forestall.schemas.Topics;
import io.forestall.wire.Keys;
import java.util.Locale;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The train job on Kafka. What it writes is transactional: a model is published once or never. */
public final class KafkaTrainPorts implements TrainPorts {

  /** Silence after which a partition of telemetry is quiet; milliseconds. */
  private static final long QUIET_MILLIS = 5_000;

  /** How long a topic's first record is waited for; milliseconds. */
  private static final long START_WAIT_MILLIS = 10_000;

  private final TrainSettings settings;
  private final KafkaPorts kafka;

  /** Ports under these settings. */
  public KafkaTrainPorts(TrainSettings settings) {
    this.settings = settings;
    this.kafka = new KafkaPorts(settings.topicPrefix(), settings.kafka(), settings.groupId());
  }

  @Override
  public DataStream<TrainInput> telemetry(StreamExecutionEnvironment env) {
    return env.fromSource(
            kafka.source(Topics.TELEMETRY, TrainReader.telemetry()),
            EventTime.samples(
                settings.outOfOrdernessMillis(),
                0,
                QUIET_MILLIS,
                START_WAIT_MILLIS,
                TrainInput::timeMillis),
            "telemetry")
        .uid(TrainUids.TELEMETRY_SOURCE);
  }

  @Override
  public DataStream<TrainInput> fleet(StreamExecutionEnvironment env) {
    return env.fromSource(kafka.source(Topics.FLEET, TrainReader.fleet()), once(), "fleet")
        .uid(TrainUids.FLEET_SOURCE);
  }

  @Override
  public DataStream<TrainInput> failures(StreamExecutionEnvironment env) {
    return env.fromSource(
            kafka.source(Topics.EVENTS, TrainReader.failures(settings.futureToleranceMillis())),
            once(),
            "failures")
        .uid(TrainUids.EVENT_SOURCE);
  }

  /** Event time waits until the topic was once read to its end. */
  private static WatermarkStrategy<TrainInput> once() {
    return EventTime.hold(QUIET_MILLIS, START_WAIT_MILLIS, TrainInput::timeMillis);
  }

  @Override
  public DataStream<ModelInput> models(StreamExecutionEnvironment env) {
    return env.fromSource(
            kafka.source(Topics.MODELS, new ModelReader()), EventTime.models(), "models")
        .setParallelism(1)
        .uid(TrainUids.MODEL_SOURCE);
  }

  @Override
  public void published(DataStream<ModelRecord> models) {
    models
        .sinkTo(
            kafka.transactionalSink(
                Topics.MODELS,
                ModelRecord.class,
                model -> Keys.model(model.getMode(), model.getId(), model.getVersion()),
                model -> model,
                "models"))
        .setParallelism(1)
        .name("models")
        .uid(TrainUids.MODEL_SINK);
  }

  @Override
  public void tallies(DataStream<ModelTally> tallies) {
    tallies
        .sinkTo(
            kafka.sink(
                Topics.MODEL_TALLIES,
                ModelTally.class,
                tally -> Keys.model(tally.getMode(), tally.getId(), tally.getVersion()),
                tally -> tally))
        .setParallelism(1)
        .name("tallies")
        .uid(TrainUids.TALLY_SINK);
  }

  @Override
  public void trials(DataStream<ModelTrial> trials) {
    trials
        .sinkTo(
            kafka.transactionalSink(
                Topics.MODEL_TRIALS,
                ModelTrial.class,
                trial -> trial.getMode().name().toLowerCase(Locale.ROOT),
                trial -> trial,
                "trials"))
        .setParallelism(1)
        .name("trials")
        .uid(TrainUids.TRIAL_SINK);
  }
}
