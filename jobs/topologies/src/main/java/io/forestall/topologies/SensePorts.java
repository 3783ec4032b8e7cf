package io.forestall.topologies;

import io.forestall.operators.BaselineUpdate;
import io.forestall.operators.ModelInput;
import io.forestall.operators.NodeInput;
import io.forestall.operators.RiskUpdate;
import io.forestall.operators.SenseInput;
import io.forestall.schemas.AnomalyRecord;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Event;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * What the sense job reads and writes, so that its topology does not know whether that is Kafka, a
 * simulation or a list in a test. Sources come with their event time; sources and sinks carry the
 * uids of {@link SenseUids}.
 */
public interface SensePorts {

  /** Samples of disks, machines and paths, and dead letters in their place. */
  DataStream<SenseInput> telemetry(StreamExecutionEnvironment env);

  /** Fleet entries and tombstones of disks and machines. */
  DataStream<SenseInput> fleet(StreamExecutionEnvironment env);

  /** Bytes of nodes that others found to be wrong. */
  DataStream<NodeInput> wrongBytes(StreamExecutionEnvironment env);

  /** Model records, with one reader. */
  DataStream<ModelInput> models(StreamExecutionEnvironment env);

  /** Takes the scores. */
  void risk(DataStream<RiskUpdate> updates);

  /** Takes the scores of the second lane; called only when there is one. */
  void lane(DataStream<RiskUpdate> updates);

  /** Takes what could not be taken in. */
  void deadLetters(DataStream<DeadLetter> letters);

  /** Takes the failures that are expected. */
  void predictedEvents(DataStream<Event> events);

  /** Takes what behaves unusually. */
  void anomalies(DataStream<AnomalyRecord> anomalies);

  /** Takes what is usual. */
  void baselines(DataStream<BaselineUpdate> baselines);
}
