package io.forestall.topologies;

import io.forestall.operators.BaselineUpdate;
import io.forestall.operators.BlameFunction;
import io.forestall.operators.BlameInput;
import io.forestall.operators.DiskInput;
import io.forestall.operators.Engines;
import io.forestall.operators.EntityInput;
import io.forestall.operators.NodeInput;
import io.forestall.operators.NodeRiskFunction;
import io.forestall.operators.PathFunction;
import io.forestall.operators.PeerFunction;
import io.forestall.operators.PeerInput;
import io.forestall.operators.RiskUpdate;
import io.forestall.operators.SenseSettings;
import io.forestall.operators.SenseTags;
import io.forestall.operators.SignalFunction;
import io.forestall.operators.SignalInput;
import io.forestall.operators.SymptomFunction;
import io.forestall.operators.types.RecordFormat;
import io.forestall.risk.signal.PeerSummary;
import io.forestall.schemas.AnomalyRecord;
import io.forestall.schemas.DeadLetter;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamUtils;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;

/**
 * The steps of the sense job that deal with machines, disks under load and paths: signals, peers,
 * symptoms, paths, blame, nodes.
 *
 * @param signals what two samples that follow each other say
 * @param symptoms what the signals of machines mean; of disks under load by the side
 * @param paths what paths say
 * @param blame who is to blame for bad paths
 */
record MachineSteps(
    SingleOutputStreamOperator<SignalInput> signals,
    SingleOutputStreamOperator<NodeInput> symptoms,
    SingleOutputStreamOperator<NodeInput> paths,
    SingleOutputStreamOperator<NodeInput> blame,
    SenseSettings settings,
    Engines engines) {

  /** Defines the steps up to blame behind the two intakes. */
  static MachineSteps define(
      SingleOutputStreamOperator<DiskInput> telemetry,
      SingleOutputStreamOperator<DiskInput> fleet,
      SenseSettings settings,
      Engines engines) {
    SingleOutputStreamOperator<SignalInput> signals =
        both(telemetry, fleet, SenseTags.ENTITIES)
            .keyBy(EntityInput::entity)
            .process(new SignalFunction(settings, engines), SignalInput.type())
            .name("signals")
            .uid(SenseUids.SIGNALS);
    SingleOutputStreamOperator<PeerSummary> peers =
        signals
            .getSideOutput(SenseTags.PEER_MEANS)
            .keyBy(PeerInput::window)
            .process(new PeerFunction(settings), RecordFormat.PEER_SUMMARY.info(PeerSummary.class))
            .name("peers")
            .uid(SenseUids.PEERS);
    // The key is the same on both sides of this edge: no exchange.
    SingleOutputStreamOperator<NodeInput> symptoms =
        DataStreamUtils.reinterpretAsKeyedStream(signals, SignalInput::entity)
            .connect(peers.broadcast(SenseTags.PEERS))
            .process(new SymptomFunction(settings, engines), NodeInput.type())
            .name("symptoms")
            .uid(SenseUids.SYMPTOMS);
    SingleOutputStreamOperator<NodeInput> paths =
        both(telemetry, fleet, SenseTags.PATHS)
            .keyBy(EntityInput::pathGroup)
            .process(new PathFunction(settings, engines), NodeInput.type())
            .name("paths")
            .uid(SenseUids.PATHS);
    SingleOutputStreamOperator<NodeInput> blame =
        symptoms
            .getSideOutput(SenseTags.BLAME_INPUTS)
            .union(paths.getSideOutput(SenseTags.BLAME_INPUTS))
            .keyBy(BlameInput::endMillis)
            .process(new BlameFunction(settings, engines), NodeInput.type())
            .name("blame")
            .uid(SenseUids.BLAME);
    return new MachineSteps(signals, symptoms, paths, blame, settings, engines);
  }

  private static <T> DataStream<T> both(
      SingleOutputStreamOperator<?> telemetry,
      SingleOutputStreamOperator<?> fleet,
      org.apache.flink.util.OutputTag<T> tag) {
    return telemetry.getSideOutput(tag).union(fleet.getSideOutput(tag));
  }

  /** Defines the last step: the scores of machines, volumes and culprits. */
  SingleOutputStreamOperator<RiskUpdate> nodes(
      DataStream<NodeInput> diskShares, DataStream<NodeInput> wrongBytes) {
    return symptoms
        .union(paths, blame, diskShares, wrongBytes)
        .keyBy(NodeInput::entity)
        .process(new NodeRiskFunction(settings, engines), RiskUpdate.type())
        .name("nodes")
        .uid(SenseUids.NODES);
  }

  DataStream<DiskInput> driveFindings() {
    return symptoms.getSideOutput(SenseTags.DRIVE_FINDINGS);
  }

  DataStream<AnomalyRecord> anomalies() {
    return symptoms
        .getSideOutput(SenseTags.ANOMALIES)
        .union(paths.getSideOutput(SenseTags.ANOMALIES));
  }

  DataStream<BaselineUpdate> baselines() {
    return symptoms
        .getSideOutput(SenseTags.BASELINES)
        .union(paths.getSideOutput(SenseTags.BASELINES));
  }

  DataStream<DeadLetter> deadLetters() {
    return signals.getSideOutput(SenseTags.DEAD_LETTERS);
  }
}
