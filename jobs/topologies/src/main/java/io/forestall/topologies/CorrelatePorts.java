package io.forestall.topologies;

import io.forestall.decisions.incident.Incident;
import io.forestall.operators.correlate.CorrelateInput;
import io.forestall.operators.correlate.RouteControl;
import io.forestall.schemas.DeadLetter;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * What the correlate job reads and writes, so that its topology does not know whether that is
 * Kafka, a simulation or a list in a test. Sources come with their event time; sources and sinks
 * carry the uids of {@link CorrelateUids}.
 */
public interface CorrelatePorts {

  /** What happened, and dead letters in its place. */
  DataStream<CorrelateInput> events(StreamExecutionEnvironment env);

  /** What is expected to happen, and dead letters in its place. */
  DataStream<CorrelateInput> predictedEvents(StreamExecutionEnvironment env);

  /** What behaves unusually, as events, and dead letters in its place. */
  DataStream<CorrelateInput> anomalies(StreamExecutionEnvironment env);

  /** Where nodes, event processors and head nodes stand. */
  DataStream<RouteControl> fleet(StreamExecutionEnvironment env);

  /** Policy records, with one reader. */
  DataStream<RouteControl> policies(StreamExecutionEnvironment env);

  /** Takes the incidents. */
  void incidents(DataStream<Incident> incidents);

  /** Takes what could not be taken in. */
  void deadLetters(DataStream<DeadLetter> letters);
}
