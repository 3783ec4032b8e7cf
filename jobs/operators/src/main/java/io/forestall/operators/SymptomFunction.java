package io.forestall.operators;

import io.forestall.operators.types.RecordFormat;
import io.forestall.risk.signal.PeerSummary;
import io.forestall.risk.signal.Scope;
import io.forestall.risk.signal.SignalSample;
import io.forestall.risk.symptom.Anomaly;
import io.forestall.risk.symptom.SymptomEngine;
import io.forestall.risk.symptom.SymptomState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.BroadcastState;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.ReadOnlyBroadcastState;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.functions.co.KeyedBroadcastProcessFunction;
import org.apache.flink.util.Collector;
import org.jspecify.annotations.Nullable;

/**
 * Watches the signals of machines and disks under load: loads what it remembers, asks the engine,
 * stores, emits findings, anomalies and baselines. Rows A6, A8, A11.
 *
 * <p>A sample is compared with the newest window of its peers that is certain to be closed when the
 * sample is on time. Where event time has not passed that window yet, because another partition is
 * behind, the sample waits, bounded in number: so the order of arrival never changes a finding.
 */
public final class SymptomFunction
    extends KeyedBroadcastProcessFunction<String, SignalInput, PeerSummary, NodeInput> {

  /** Name of the state of a thing; a name in savepoints, never to change. */
  public static final String MEMORY = "symptom-memory";

  /** Name of the state that says that samples wait; a name in savepoints, never to change. */
  public static final String WAIT = "symptom-wait";

  /** Name of the state of the samples that wait; a name in savepoints, never to change. */
  public static final String WAITING = "symptom-waiting";

  private static final long serialVersionUID = 1L;

  /** How often silent groups are looked for, in closed windows; a power of two. */
  private static final int PRUNE_EVERY = 1024;

  private final SenseSettings settings;
  private final Engines engines;

  private transient ValueState<SymptomMemory> memories;
  private transient ValueState<SymptomWait> waits;
  private transient ListState<SignalInput> waiting;
  private transient SymptomEngine engine;
  private transient DataOutputSerializer encoder;
  private transient DataInputDeserializer decoder;
  private transient EventProgress progress;
  private transient StateMeter<SymptomMemory> stateBytes;
  private transient Counter samplesScored;
  private transient Counter anomaliesBegun;
  private transient Counter anomaliesEnded;
  private transient Counter peersMissing;
  private transient Counter waitedForPeers;
  private transient Counter findings;
  private transient Counter ended;
  private transient long windows;

  /** A function over these settings, with these engines. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public SymptomFunction(SenseSettings settings, Engines engines) {
    this.settings = settings;
    this.engines = engines;
  }

  @Override
  public void open(OpenContext context) {
    memories =
        getRuntimeContext()
            .getState(
                settings.bounded(new ValueStateDescriptor<>(MEMORY, SymptomMemory.serializer())));
    waits =
        getRuntimeContext()
            .getState(settings.bounded(new ValueStateDescriptor<>(WAIT, SymptomWait.serializer())));
    waiting =
        getRuntimeContext()
            .getListState(
                settings.bounded(
                    new ListStateDescriptor<>(
                        WAITING, RecordFormat.SIGNAL_INPUT.serializer(SignalInput.class))));
    engine = engines.symptoms();
    encoder = new DataOutputSerializer(4096);
    decoder = new DataInputDeserializer();
    SenseMetrics metrics = new SenseMetrics(getRuntimeContext().getMetricGroup());
    progress = new EventProgress(metrics);
    stateBytes = new StateMeter<>(metrics, SymptomMemory.serializer());
    samplesScored = metrics.group().counter("samplesScored");
    anomaliesBegun = metrics.group().counter("anomaliesBegun");
    anomaliesEnded = metrics.group().counter("anomaliesEnded");
    peersMissing = metrics.group().counter("peersMissing");
    waitedForPeers = metrics.group().counter("waitedForPeers");
    findings = metrics.group().counter("findings");
    ended = metrics.group().counter("ended");
  }

  @Override
  public void processElement(SignalInput input, ReadOnlyContext context, Collector<NodeInput> out)
      throws Exception {
    if (input.sample() == null) {
      tombstone(input.entity(), context, out);
      return;
    }
    progress.sample(input.sample().timeMillis(), context.currentWatermark());
    SymptomWait wait = waits.value();
    if (wait == null && closed(input, context)) {
      observe(List.of(input), context, out);
      return;
    }
    waitedForPeers.inc();
    waiting.add(input);
    if (wait == null) {
      waits.update(new SymptomWait(setTimer(input, context), 1));
    } else if (wait.count() < settings.peerWaitLimit()) {
      waits.update(new SymptomWait(wait.timerMillis(), wait.count() + 1));
    } else {
      // One too many: the older half goes on without, so that a list is not read for each sample.
      context.timerService().deleteEventTimeTimer(wait.timerMillis());
      release(Math.max(1, (wait.count() + 1) / 2), context, out);
    }
  }

  private boolean closed(SignalInput input, ReadOnlyContext context) {
    return closedMillis(input) - 1 <= context.currentWatermark();
  }

  private long setTimer(SignalInput first, ReadOnlyContext context) {
    long millis = Math.max(closedMillis(first) - 1, context.currentWatermark() + 1);
    context.timerService().registerEventTimeTimer(millis);
    return millis;
  }

  /**
   * Lets samples go that wait, in the order of their times: those whose window is closed, and so
   * many in any case.
   */
  private void release(int atLeast, ReadOnlyContext context, Collector<NodeInput> out)
      throws Exception {
    List<SignalInput> all = new ArrayList<>();
    waiting.get().forEach(all::add);
    int count = Math.min(atLeast, all.size());
    while (count < all.size() && closed(all.get(count), context)) {
      count++;
    }
    observe(all.subList(0, count), context, out);
    if (count == all.size()) {
      waiting.clear();
      waits.clear();
    } else {
      List<SignalInput> rest = all.subList(count, all.size());
      waiting.update(rest);
      waits.update(new SymptomWait(setTimer(rest.get(0), context), rest.size()));
    }
  }

  private long closedMillis(SignalInput input) {
    return EventWindows.closedMillis(
        input.requireSample().timeMillis(),
        settings.peerWindowMillis(),
        settings.outOfOrdernessMillis());
  }

  /** Takes samples of one thing in: what is remembered is read and written once. */
  private void observe(List<SignalInput> inputs, ReadOnlyContext context, Collector<NodeInput> out)
      throws Exception {
    if (inputs.isEmpty()) {
      return;
    }
    SymptomMemory memory = memories.value();
    if (memory == null) {
      memory = new SymptomMemory();
    }
    SymptomState state = decode(memory);
    for (SignalInput input : inputs) {
      observe(memory, state, input, context, out);
    }
    encoder.clear();
    state.write(encoder);
    memory.symptoms = encoder.getCopyOfBuffer();
    memories.update(memory);
    stateBytes.measure(memory);
  }

  private void observe(
      SymptomMemory memory,
      SymptomState state,
      SignalInput input,
      ReadOnlyContext context,
      Collector<NodeInput> out)
      throws Exception {
    SignalSample sample = input.requireSample();
    String node = input.home().node();
    PeerSummary peers = peers(input, context.getBroadcastState(SenseTags.PEERS));
    SymptomEngine.Report report = engine.observe(state, sample, peers);
    samplesScored.inc();
    anomalies(report.begun(), false, input, node, context);
    anomalies(report.ended(), true, input, node, context);
    if (sample.scope() == Scope.DRIVE) {
      if (report.notable()) {
        findings.inc();
        context.output(
            SenseTags.DRIVE_FINDINGS,
            DiskInput.finding(
                input.entity().substring(input.entity().indexOf('/') + 1), report.finding()));
      }
    } else {
      findings.inc();
      out.collect(NodeInput.finding(report.finding(), node));
      long window = EventWindows.endMillis(sample.timeMillis(), settings.blameWindowMillis());
      if (input.entity().startsWith("node/")
          && (report.notable() || window != memory.blameWindowMillis)) {
        memory.blameWindowMillis = window;
        context.output(
            SenseTags.BLAME_INPUTS, new BlameInput(window, report.finding(), input.home().rack()));
      }
    }
    if (memory.baselineMillis == Long.MIN_VALUE
        || sample.timeMillis() - memory.baselineMillis >= settings.baselineIntervalMillis()) {
      memory.baselineMillis = sample.timeMillis();
      context.output(
          SenseTags.BASELINES,
          SymptomRecords.of(
              input.entity(),
              node,
              sample.timeMillis(),
              state.samples(),
              engine.baselines(state, peers)));
    }
  }

  private void anomalies(
      List<Anomaly> anomalies,
      boolean end,
      SignalInput input,
      String node,
      ReadOnlyContext context) {
    for (Anomaly anomaly : anomalies) {
      (end ? anomaliesEnded : anomaliesBegun).inc();
      context.output(
          SenseTags.ANOMALIES,
          SymptomRecords.of(
              input.entity(), node, input.requireSample().timeMillis(), anomaly, end));
    }
  }

  private @Nullable PeerSummary peers(
      SignalInput input, ReadOnlyBroadcastState<String, PeerHistory> histories) throws Exception {
    String group = input.home().peers();
    if (group.isEmpty()) {
      return null;
    }
    PeerHistory history = histories.get(group);
    PeerSummary peers =
        history == null ? null : history.at(closedMillis(input), settings.peerWindowMillis());
    if (peers == null) {
      peersMissing.inc();
    }
    return peers;
  }

  private SymptomState decode(SymptomMemory memory) throws IOException {
    byte[] bytes = memory.symptoms;
    if (bytes == null) {
      return engine.fresh();
    }
    decoder.setBuffer(bytes);
    return engine.read(decoder);
  }

  private void tombstone(String entity, ReadOnlyContext context, Collector<NodeInput> out)
      throws Exception {
    SymptomWait wait = waits.value();
    if (wait != null) {
      context.timerService().deleteEventTimeTimer(wait.timerMillis());
      waits.clear();
      waiting.clear();
    }
    memories.clear();
    ended.inc();
    context.output(SenseTags.BASELINES, new BaselineUpdate(entity, null));
    if (!entity.startsWith("disk/")) {
      out.collect(NodeInput.end(entity));
    }
  }

  @Override
  public void onTimer(long timeMillis, OnTimerContext context, Collector<NodeInput> out)
      throws Exception {
    SymptomWait wait = waits.value();
    if (wait != null && wait.timerMillis() == timeMillis) {
      release(0, context, out);
    }
  }

  @Override
  public void processBroadcastElement(PeerSummary window, Context context, Collector<NodeInput> out)
      throws Exception {
    BroadcastState<String, PeerHistory> histories = context.getBroadcastState(SenseTags.PEERS);
    PeerHistory history = histories.get(window.peers());
    histories.put(window.peers(), (history == null ? PeerHistory.EMPTY : history).with(window));
    if ((++windows & (PRUNE_EVERY - 1)) == 0) {
      prune(histories, window.endMillis());
    }
  }

  /** Forgets groups that were silent for so long that no sample can ask for them any more. */
  private void prune(BroadcastState<String, PeerHistory> histories, long newestMillis)
      throws Exception {
    long keepMillis = newestMillis - 1024 * settings.peerWindowMillis();
    List<String> silent = new ArrayList<>();
    for (Map.Entry<String, PeerHistory> entry : histories.immutableEntries()) {
      if (entry.getValue().newestMillis() < keepMillis) {
        silent.add(entry.getKey());
      }
    }
    for (String group : silent) {
      histories.remove(group);
    }
  }
}
