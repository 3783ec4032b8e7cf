package io.forestall.operators;

import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.symptom.Anomaly;
import io.forestall.risk.symptom.Finding;
import io.forestall.risk.symptom.PathEngine;
import io.forestall.risk.symptom.PathGroup;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeutils.base.StringSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import org.jspecify.annotations.Nullable;

/**
 * Watches what clients see of volumes and nodes of each other: keyed by volume, or by the node
 * where an edge begins. Paths need no fleet entry; their number is bounded, and the least active is
 * forgotten. Row A8.
 */
public final class PathFunction extends KeyedProcessFunction<String, EntityInput, NodeInput> {

  /** Name of the state of a group; a name in savepoints, never to change. */
  public static final String GROUP = "path-group";

  /** Name of the state of its paths; a name in savepoints, never to change. */
  public static final String MEMBERS = "path-members";

  private static final long serialVersionUID = 1L;

  private final SenseSettings settings;
  private final Engines engines;

  private transient ValueState<PathMemory> groups;
  private transient MapState<String, PathMember> members;
  private transient PathEngine engine;
  private transient DataOutputSerializer encoder;
  private transient DataInputDeserializer decoder;
  private transient EventProgress progress;
  private transient StateMeter<PathMember> stateBytes;
  private transient Counter samplesScored;
  private transient Counter repeats;
  private transient Counter anomaliesBegun;
  private transient Counter anomaliesEnded;
  private transient Counter pairsEvicted;
  private transient Counter findings;

  /** A function over these settings, with these engines. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public PathFunction(SenseSettings settings, Engines engines) {
    this.settings = settings;
    this.engines = engines;
  }

  @Override
  public void open(OpenContext context) {
    groups =
        getRuntimeContext()
            .getState(settings.bounded(new ValueStateDescriptor<>(GROUP, PathMemory.serializer())));
    members =
        getRuntimeContext()
            .getMapState(
                settings.bounded(
                    new MapStateDescriptor<>(
                        MEMBERS, StringSerializer.INSTANCE, PathMember.serializer())));
    engine = engines.paths();
    encoder = new DataOutputSerializer(4096);
    decoder = new DataInputDeserializer();
    SenseMetrics metrics = new SenseMetrics(getRuntimeContext().getMetricGroup());
    progress = new EventProgress(metrics);
    stateBytes = new StateMeter<>(metrics, PathMember.serializer());
    samplesScored = metrics.group().counter("samplesScored");
    repeats = metrics.group().counter("duplicates");
    anomaliesBegun = metrics.group().counter("anomaliesBegun");
    anomaliesEnded = metrics.group().counter("anomaliesEnded");
    pairsEvicted = metrics.group().counter("pairsEvicted");
    findings = metrics.group().counter("findings");
  }

  @Override
  public void processElement(EntityInput input, Context context, Collector<NodeInput> out)
      throws Exception {
    switch (input.kind()) {
      case SAMPLE -> sample(input.requireSample(), context, out);
      case TOMBSTONE -> tombstone(context);
      case FLEET -> throw new IllegalStateException("fleet entries do not reach the paths");
    }
  }

  private void sample(EntitySample sample, Context context, Collector<NodeInput> out)
      throws Exception {
    progress.sample(sample.timeMillis(), context.timerService().currentWatermark());
    PathMemory memory = groups.value();
    if (memory == null) {
      memory = new PathMemory(PathGroup.fresh());
    }
    String path = sample.entity();
    PathMember before = members.get(path);
    PathEngine.PathReport said = engine.observe(memory.group, decode(before), sample);
    if (said == null) {
      // The same time again, or an older one: nothing has changed.
      repeats.inc();
      return;
    }
    samplesScored.inc();
    long timeMillis = sample.timeMillis();
    anomalies(said.report().begun(), false, path, timeMillis, context);
    anomalies(said.report().ended(), true, path, timeMillis, context);
    long blameWindowMillis = before == null ? Long.MIN_VALUE : before.blameWindowMillis();
    if (path.startsWith("edge/")) {
      long window = EventWindows.endMillis(timeMillis, settings.blameWindowMillis());
      if (said.report().notable() || window != blameWindowMillis) {
        blameWindowMillis = window;
        context.output(SenseTags.BLAME_INPUTS, new BlameInput(window, said.report().finding(), ""));
      }
    }
    Finding together = said.group();
    if (together != null) {
      findings.inc();
      out.collect(NodeInput.finding(together, ""));
    }
    long baselineMillis = before == null ? Long.MIN_VALUE : before.baselineMillis();
    if (baselineMillis == Long.MIN_VALUE
        || timeMillis - baselineMillis >= settings.baselineIntervalMillis()) {
      baselineMillis = timeMillis;
      context.output(
          SenseTags.BASELINES,
          SymptomRecords.of(
              path,
              "",
              timeMillis,
              said.report().finding().samples(),
              engine.baselines(said.member())));
    }
    encoder.clear();
    said.member().write(encoder);
    PathMember after = new PathMember(encoder.getCopyOfBuffer(), baselineMillis, blameWindowMillis);
    members.put(path, after);
    stateBytes.measure(after);
    for (String gone : said.evicted()) {
      forget(gone, context);
      pairsEvicted.inc();
    }
    groups.update(memory);
  }

  private io.forestall.risk.symptom.@Nullable PathMember decode(@Nullable PathMember member)
      throws Exception {
    if (member == null) {
      return null;
    }
    decoder.setBuffer(member.state());
    return engine.readMember(decoder);
  }

  private void anomalies(
      List<Anomaly> anomalies, boolean end, String path, long timeMillis, Context context) {
    for (Anomaly anomaly : anomalies) {
      (end ? anomaliesEnded : anomaliesBegun).inc();
      context.output(SenseTags.ANOMALIES, SymptomRecords.of(path, "", timeMillis, anomaly, end));
    }
  }

  private void forget(String path, Context context) throws Exception {
    members.remove(path);
    context.output(SenseTags.BASELINES, new BaselineUpdate(path, null));
  }

  /** A node has ended, and with it the paths that begin there. */
  private void tombstone(Context context) throws Exception {
    List<String> paths = new ArrayList<>();
    members.keys().forEach(paths::add);
    for (String path : paths) {
      forget(path, context);
    }
    groups.clear();
  }
}
