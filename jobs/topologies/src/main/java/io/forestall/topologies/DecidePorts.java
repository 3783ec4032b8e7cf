package io.forestall.topologies;

import io.forestall.decisions.alert.Alert;
import io.forestall.operators.decide.DecideInput;
import io.forestall.schemas.Ack;
import io.forestall.schemas.Admission;
import io.forestall.schemas.Command;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Decision;
import io.forestall.schemas.Event;
import io.forestall.schemas.Policy;
import io.forestall.schemas.Proposal;
import io.forestall.schemas.VolumeMap;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * What the decide job reads and writes, so that its topology does not know whether that is Kafka, a
 * simulation or a list in a test. Sources and sinks carry the uids of {@link DecideUids}. The
 * records of one pool's admissions must come in the order in which they stand in the log.
 */
public interface DecidePorts {

  /** Incidents. */
  DataStream<DecideInput> incidents(StreamExecutionEnvironment env);

  /** Proposals of other deciders. */
  DataStream<DecideInput> proposals(StreamExecutionEnvironment env);

  /** The log of admissions, each pool's in its order, signatures checked. */
  DataStream<DecideInput> admissions(StreamExecutionEnvironment env);

  /** Scores of nodes, event processors and head nodes. */
  DataStream<DecideInput> risk(StreamExecutionEnvironment env);

  /** Where those stand. */
  DataStream<DecideInput> fleet(StreamExecutionEnvironment env);

  /** Slices of the volumes' maps. */
  DataStream<DecideInput> maps(StreamExecutionEnvironment env);

  /** Answers to commands, and ends of acts. */
  DataStream<DecideInput> acks(StreamExecutionEnvironment env);

  /** The ownership log, each pool's in its order. */
  DataStream<DecideInput> ownership(StreamExecutionEnvironment env);

  /**
   * The log of admissions a second time, from its beginning, with its signatures: a job that is
   * restored from before it had sagas must know what is in force.
   */
  DataStream<DecideInput> sagaAdmissions(StreamExecutionEnvironment env);

  /** Slices of the volumes' maps a second time, all of them and whole. */
  DataStream<DecideInput> sagaMaps(StreamExecutionEnvironment env);

  /** How the shadows stand, by the move job. */
  DataStream<DecideInput> shadows(StreamExecutionEnvironment env);

  /** Failure zones, with one reader. */
  DataStream<DecideInput> zones(StreamExecutionEnvironment env);

  /** Models, with one reader. */
  DataStream<DecideInput> models(StreamExecutionEnvironment env);

  /** Policies as they came, with one reader. */
  DataStream<DecideInput> policies(StreamExecutionEnvironment env);

  /** Takes proposals of the guard and of the sagas. */
  void proposed(DataStream<Proposal> proposals);

  /** Takes how proposals ended. */
  void decisions(DataStream<Decision> decisions);

  /** Takes records for the log of admissions. */
  void admitted(DataStream<Admission> admissions);

  /** Takes the marks of a guard that has started. */
  void marks(DataStream<Policy> marks);

  /** Takes commands to nodes and clients. */
  void commands(DataStream<Command> commands);

  /** Takes ends of whole acts. */
  void ends(DataStream<Ack> acks);

  /** Takes new versions of slices of volumes' maps. */
  void mapped(DataStream<VolumeMap> maps);

  /** Takes notices to operators, and steps of sagas. */
  void notices(DataStream<Event> events);

  /** Takes alerts; a port that tells nobody leaves them. */
  default void alerts(DataStream<Alert> alerts) {}

  /** Takes what could not be taken in. */
  void deadLetters(DataStream<DeadLetter> letters);
}
