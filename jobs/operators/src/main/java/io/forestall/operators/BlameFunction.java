package io.forestall.operators;

import io.forestall.operators.types.RecordFormat;
import io.forestall.risk.symptom.Finding;
import io.forestall.risk.symptom.NetworkBlame;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Explains the bad paths of one window by the fewest culprits, when event time has passed its end.
 * Keyed by the window, because an explanation needs all paths of the fleet at once: the state of a
 * window is appended to, read once and gone. Row A11.
 */
public final class BlameFunction extends KeyedProcessFunction<Long, BlameInput, NodeInput> {

  /** Name of the one keyed state; a name in savepoints, never to change. */
  public static final String SEEN = "blame-seen";

  private static final long serialVersionUID = 1L;

  private final SenseSettings settings;
  private final Engines engines;

  private transient ListState<BlameInput> seen;
  private transient NetworkBlame blame;
  private transient Counter received;
  private transient Counter late;
  private transient Counter leftOut;
  private transient Counter blamedEdges;
  private transient Counter blamedNodes;
  private transient Counter blamedRacks;

  /** A function over these settings, with these engines. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public BlameFunction(SenseSettings settings, Engines engines) {
    this.settings = settings;
    this.engines = engines;
  }

  @Override
  public void open(OpenContext context) {
    seen =
        getRuntimeContext()
            .getListState(
                settings.bounded(
                    new ListStateDescriptor<>(
                        SEEN, RecordFormat.BLAME_INPUT.serializer(BlameInput.class))));
    blame = engines.blame();
    SenseMetrics metrics = new SenseMetrics(getRuntimeContext().getMetricGroup());
    received = metrics.group().counter("inputsReceived");
    late = metrics.group().counter("late");
    leftOut = metrics.group().counter("leftOut");
    blamedEdges = metrics.group().counter("blamedEdges");
    blamedNodes = metrics.group().counter("blamedNodes");
    blamedRacks = metrics.group().counter("blamedRacks");
  }

  @Override
  public void processElement(BlameInput input, Context context, Collector<NodeInput> out)
      throws Exception {
    received.inc();
    if (input.endMillis() - 1 <= context.timerService().currentWatermark()) {
      late.inc();
      return;
    }
    seen.add(input);
    context.timerService().registerEventTimeTimer(input.endMillis() - 1);
  }

  @Override
  public void onTimer(long timeMillis, OnTimerContext context, Collector<NodeInput> out)
      throws Exception {
    NetworkBlame.Window window = blame.window();
    Map<String, String> racks = new HashMap<>();
    for (BlameInput input : seen.get()) {
      window.add(input.finding());
      String entity = input.finding().entity();
      if (!input.rack().isEmpty() && entity.startsWith("node/")) {
        racks.put(entity.substring("node/".length()), input.rack());
      }
    }
    seen.clear();
    leftOut.inc(window.leftOut());
    for (Finding finding : blame.findings(window, racks, timeMillis + 1)) {
      String entity = finding.entity();
      if (entity.startsWith("rack/")) {
        blamedRacks.inc();
      } else if (entity.startsWith("edge/")) {
        blamedEdges.inc();
      } else {
        blamedNodes.inc();
      }
      out.collect(NodeInput.blame(finding));
    }
  }
}
