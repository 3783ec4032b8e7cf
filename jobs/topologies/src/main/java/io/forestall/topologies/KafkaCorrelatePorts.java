package io.forestall.topologies;

import io.forestall.decisions.incident.Incident;
import io.forestall.operators.correlate.CorrelateInput;
import io.forestall.operators.correlate.CorrelateSettings;
import io.forestall.operators.correlate.CorrelateTime;
import io.forestall.operators.correlate.RouteControl;
import io.forestall.operators.kafka.EventReader;
import io.forestall.operators.kafka.KafkaPorts;
import io.forestall.operators.kafka.PlaceReader;
import io.forestall.operators.kafka.PolicyReader;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Topics;
import io.forestall.wire.IncidentRecords;
import java.util.Map;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** The correlate job on Kafka. */
public final class KafkaCorrelatePorts implements CorrelatePorts {

  private final CorrelateSettings settings;
  private final KafkaPorts kafka;

  /** Ports under these settings. */
  public KafkaCorrelatePorts(CorrelateSettings settings) {
    this.settings = settings;
    this.kafka =
        new KafkaPorts(settings.topicPrefix(), settings.kafka(), settings.groupId())
            .preferring(
                // A client hands out what it fetched of one partition before the next: less of
                // each, so that none seems quiet meanwhile, nor runs far ahead of the others.
                Map.of("max.partition.fetch.bytes", "131072"),
                // Incidents are few: to wait for more of them only makes them late.
                Map.of("linger.ms", "1"));
  }

  @Override
  public DataStream<CorrelateInput> events(StreamExecutionEnvironment env) {
    return events(
        env,
        Topics.EVENTS,
        EventReader.events(settings.futureToleranceMillis()),
        "events",
        CorrelateUids.EVENT_SOURCE);
  }

  @Override
  public DataStream<CorrelateInput> predictedEvents(StreamExecutionEnvironment env) {
    return events(
        env,
        Topics.PREDICTED_EVENTS,
        EventReader.events(settings.futureToleranceMillis()),
        "predicted events",
        CorrelateUids.PREDICTED_SOURCE);
  }

  @Override
  public DataStream<CorrelateInput> anomalies(StreamExecutionEnvironment env) {
    return events(
        env,
        Topics.ANOMALIES,
        EventReader.anomalies(settings.futureToleranceMillis()),
        "anomalies",
        CorrelateUids.ANOMALY_SOURCE);
  }

  private DataStream<CorrelateInput> events(
      StreamExecutionEnvironment env, Topics topic, EventReader reader, String name, String uid) {
    return env.fromSource(kafka.source(topic, reader), CorrelateTime.events(settings), name)
        .uid(uid);
  }

  @Override
  public DataStream<RouteControl> fleet(StreamExecutionEnvironment env) {
    return env.fromSource(
            kafka.source(Topics.FLEET, new PlaceReader()),
            CorrelateTime.controls(settings),
            "fleet")
        .uid(CorrelateUids.FLEET_SOURCE)
        .setBufferTimeout(0);
  }

  @Override
  public DataStream<RouteControl> policies(StreamExecutionEnvironment env) {
    return env.fromSource(
            kafka.source(Topics.POLICIES, new PolicyReader()),
            CorrelateTime.controls(settings),
            "policies")
        .setParallelism(1)
        .uid(CorrelateUids.POLICY_SOURCE);
  }

  @Override
  public void incidents(DataStream<Incident> incidents) {
    incidents
        .sinkTo(
            kafka.sink(
                Topics.INCIDENTS,
                io.forestall.schemas.Incident.class,
                Incident::id,
                IncidentRecords::incident))
        .name("incidents")
        .uid(CorrelateUids.INCIDENT_SINK);
  }

  @Override
  public void deadLetters(DataStream<DeadLetter> letters) {
    letters
        .sinkTo(
            kafka.sink(
                Topics.DEAD_LETTERS, DeadLetter.class, DeadLetter::getOrigin, letter -> letter))
        .name("dead letters")
        .uid(CorrelateUids.DEAD_LETTER_SINK);
  }
}
