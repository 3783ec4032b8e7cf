package io.forestall.operators;

import io.forestall.operators.types.RecordFormat;
import io.forestall.risk.signal.PeerSummary;
import io.forestall.risk.signal.PeerWindow;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Sums up what a group of peers did in one window, when event time has passed its end. Keyed by
 * group and window, so that a window's state is appended to, read once and gone. Row A3.
 */
public final class PeerFunction extends KeyedProcessFunction<String, PeerInput, PeerSummary> {

  /** Name of the one keyed state; a name in savepoints, never to change. */
  public static final String MEMBERS = "peer-members";

  private static final long serialVersionUID = 1L;

  private final SenseSettings settings;

  private transient ListState<PeerInput> members;
  private transient Counter received;
  private transient Counter late;
  private transient Counter windows;

  /** A function over these settings. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public PeerFunction(SenseSettings settings) {
    this.settings = settings;
  }

  @Override
  public void open(OpenContext context) {
    members =
        getRuntimeContext()
            .getListState(
                settings.bounded(
                    new ListStateDescriptor<>(
                        MEMBERS, RecordFormat.PEER_INPUT.serializer(PeerInput.class))));
    SenseMetrics metrics = new SenseMetrics(getRuntimeContext().getMetricGroup());
    received = metrics.group().counter("inputsReceived");
    late = metrics.group().counter("late");
    windows = metrics.group().counter("peerWindows");
  }

  @Override
  public void processElement(PeerInput input, Context context, Collector<PeerSummary> out)
      throws Exception {
    received.inc();
    if (input.endMillis() - 1 <= context.timerService().currentWatermark()) {
      // Its window was summed up. Only a group that a thing has just joined sends so late.
      late.inc();
      return;
    }
    members.add(input);
    context.timerService().registerEventTimeTimer(input.endMillis() - 1);
  }

  @Override
  public void onTimer(long timeMillis, OnTimerContext context, Collector<PeerSummary> out)
      throws Exception {
    PeerWindow window = PeerWindow.empty();
    String peers = null;
    for (PeerInput input : members.get()) {
      peers = input.peers();
      window.add(input.member(), input.means());
    }
    members.clear();
    if (peers != null) {
      long endMillis = timeMillis + 1;
      out.collect(window.close(peers, endMillis - settings.peerWindowMillis(), endMillis));
      windows.inc();
    }
  }
}
