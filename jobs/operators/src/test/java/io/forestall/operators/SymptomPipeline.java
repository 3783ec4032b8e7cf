package io.forestall.operators;

import io.forestall.operators.types.RecordFormat;
import io.forestall.risk.signal.PeerSummary;
import java.util.List;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.jspecify.annotations.Nullable;

/** Signals, peers and symptoms behind each other, as the job wires them. */
final class SymptomPipeline implements AutoCloseable {

  final KeyedHarness<String, EntityInput, Void, SignalInput> signals;
  final KeyedHarness<String, PeerInput, Void, PeerSummary> peers;
  final KeyedHarness<String, SignalInput, PeerSummary, NodeInput> symptoms;
  private int meansTaken;

  SymptomPipeline(SenseSettings settings) throws Exception {
    this(settings, RiskHarness.Backend.HEAP, List.of());
  }

  /** From three states, in the order of the fields. */
  SymptomPipeline(
      SenseSettings settings, RiskHarness.Backend backend, List<OperatorSubtaskState> from)
      throws Exception {
    Engines engines = new StandardEngines(settings);
    signals =
        KeyedHarness.of(
            new SignalFunction(settings, engines),
            EntityInput::entity,
            Types.STRING,
            SignalInput.type(),
            backend,
            at(from, 0));
    peers =
        KeyedHarness.of(
            new PeerFunction(settings),
            PeerInput::window,
            Types.STRING,
            RecordFormat.PEER_SUMMARY.info(PeerSummary.class),
            backend,
            at(from, 1));
    symptoms = symptoms(settings, engines, backend, at(from, 2));
  }

  static KeyedHarness<String, SignalInput, PeerSummary, NodeInput> symptoms(
      SenseSettings settings,
      Engines engines,
      RiskHarness.Backend backend,
      @Nullable OperatorSubtaskState from)
      throws Exception {
    return KeyedHarness.of(
        new SymptomFunction(settings, engines),
        List.of(SenseTags.PEERS),
        SignalInput::entity,
        Types.STRING,
        NodeInput.type(),
        backend,
        from);
  }

  private static @Nullable OperatorSubtaskState at(List<OperatorSubtaskState> states, int index) {
    return states.isEmpty() ? null : states.get(index);
  }

  SymptomPipeline send(EntityInput input) throws Exception {
    signals.send(input);
    flow();
    return this;
  }

  /** Event time reaches a time: at signals first, then behind each of them. */
  SymptomPipeline reach(long millis) throws Exception {
    signals.reach(millis);
    flow();
    peers.reach(millis);
    for (PeerSummary window : peers.news()) {
      symptoms.broadcast(window);
    }
    symptoms.reach(millis);
    return this;
  }

  private void flow() throws Exception {
    for (SignalInput input : signals.news()) {
      symptoms.send(input);
    }
    List<PeerInput> means = signals.side(SenseTags.PEER_MEANS);
    for (PeerInput input : means.subList(meansTaken, means.size())) {
      peers.send(input);
    }
    meansTaken = means.size();
  }

  List<OperatorSubtaskState> snapshot() throws Exception {
    return List.of(signals.snapshot(), peers.snapshot(), symptoms.snapshot());
  }

  @Override
  public void close() throws Exception {
    symptoms.close();
    peers.close();
    signals.close();
  }
}
