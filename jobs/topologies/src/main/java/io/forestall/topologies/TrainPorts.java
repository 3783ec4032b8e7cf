package io.forestall.topologies;

import io.forestall.operators.ModelInput;
import io.forestall.operators.train.TrainInput;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.ModelTally;
import io.forestall.schemas.ModelTrial;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * What the train job reads and writes, so that its topology does not know whether that is Kafka, a
 * simulation or a list in a test. Sources come with their event time; sources and sinks carry the
 * uids of {@link TrainUids}.
 */
public interface TrainPorts {

  /** Samples of disks. */
  DataStream<TrainInput> telemetry(StreamExecutionEnvironment env);

  /** Fleet entries of disks, and their ends. */
  DataStream<TrainInput> fleet(StreamExecutionEnvironment env);

  /** Failures of disks, and what was foretold of them. */
  DataStream<TrainInput> failures(StreamExecutionEnvironment env);

  /** Model records, with one reader. */
  DataStream<ModelInput> models(StreamExecutionEnvironment env);

  /** Takes models to publish. */
  void published(DataStream<ModelRecord> models);

  /** Takes what became of each trial. */
  void trials(DataStream<ModelTrial> trials);

  /** Takes how each version of a model keeps its word. */
  void tallies(DataStream<ModelTally> tallies);
}
