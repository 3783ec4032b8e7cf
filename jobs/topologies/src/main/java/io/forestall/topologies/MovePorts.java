package io.forestall.topologies;

import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.operators.move.MoveInput;
import io.forestall.operators.move.StandingUpdate;
import io.forestall.schemas.DeadLetter;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * What the move job reads and writes, so that its topology does not know whether that is Kafka, a
 * simulation or a list in a test. Sources and sinks carry the uids of {@link MoveUids}. The deltas
 * of a unit must come in the order in which they stand in the log, and the steps of a stream leave
 * in theirs.
 */
public interface MovePorts {

  /** The log of deltas, each partition in its order; one input for each of its records. */
  DataStream<MoveInput> deltas(StreamExecutionEnvironment env);

  /** What holders say of their copies. */
  DataStream<MoveInput> reports(StreamExecutionEnvironment env);

  /** Slices of the volumes' maps. */
  DataStream<MoveInput> maps(StreamExecutionEnvironment env);

  /** Takes the steps of the shadows' streams, each stream in its order. */
  void steps(DataStream<ShadowStep> steps);

  /** Takes how shadows stand. */
  void standings(DataStream<StandingUpdate> standings);

  /** Takes what is to be told to the fleet. */
  void events(DataStream<FleetEvent> events);

  /** Takes what could not be taken in. */
  void deadLetters(DataStream<DeadLetter> letters);
}
