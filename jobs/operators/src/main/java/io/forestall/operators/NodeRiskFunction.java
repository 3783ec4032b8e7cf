package io.forestall.operators;

import io.forestall.risk.Assessment;
import io.forestall.risk.symptom.NodeRiskEngine;
import io.forestall.risk.symptom.NodeRiskState;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import java.time.Instant;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import org.jspecify.annotations.Nullable;

/**
 * Scores machines, volumes and culprits of the network: own findings, blame, disks and wrong bytes
 * that others found become one record. Rows A11, A15, E5, G7, G18.
 *
 * <p>One event-time timer a thing serves its silence; it moves only when it fires. Volumes, edges
 * and racks have no fleet entry that could end them: when such a one has been silent until nothing
 * is known of it, it ends by itself.
 */
public final class NodeRiskFunction extends KeyedProcessFunction<String, NodeInput, RiskUpdate> {

  /** Name of the one keyed state; a name in savepoints, never to change. */
  public static final String MEMORY = "node-memory";

  private static final long serialVersionUID = 1L;

  private final SenseSettings settings;
  private final Engines engines;

  private transient ValueState<NodeMemory> memories;
  private transient NodeRiskEngine nodes;
  private transient NodeRiskEngine volumes;
  private transient StateMeter<NodeMemory> stateBytes;
  private transient Counter received;
  private transient Counter repeats;
  private transient Counter scores;
  private transient Counter silences;
  private transient Counter ended;
  private transient Counter wrongBytes;
  private transient Counter predictedEvents;

  /** A function over these settings, with these engines. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public NodeRiskFunction(SenseSettings settings, Engines engines) {
    this.settings = settings;
    this.engines = engines;
  }

  @Override
  public void open(OpenContext context) {
    memories =
        getRuntimeContext()
            .getState(
                settings.bounded(new ValueStateDescriptor<>(MEMORY, NodeMemory.serializer())));
    nodes = engines.nodes();
    volumes = engines.volumes();
    SenseMetrics metrics = new SenseMetrics(getRuntimeContext().getMetricGroup());
    stateBytes = new StateMeter<>(metrics, NodeMemory.serializer());
    received = metrics.group().counter("inputsReceived");
    repeats = metrics.group().counter("duplicates");
    scores = metrics.group().counter("scores");
    silences = metrics.group().counter("silences");
    ended = metrics.group().counter("ended");
    wrongBytes = metrics.group().counter("wrongBytesFound");
    predictedEvents = metrics.group().counter("predictedEvents");
  }

  @Override
  public void processElement(NodeInput input, Context context, Collector<RiskUpdate> out)
      throws Exception {
    received.inc();
    NodeMemory memory = memories.value();
    if (input.kind() == NodeInput.Kind.END) {
      end(memory, input.entity(), context, out);
      return;
    }
    if (memory == null) {
      if (input.kind() == NodeInput.Kind.DISK_GONE) {
        return;
      }
      memory = new NodeMemory(NodeRiskState.fresh());
    }
    if (!input.node().isEmpty()) {
      memory.node = input.node();
    }
    NodeRiskEngine engine = engine(input.entity());
    Assessment assessment;
    switch (input.kind()) {
      case FINDING -> {
        speakSilences(memory, input.entity(), input.timeMillis() - 1, context, out);
        assessment = engine.observe(memory.state, input.requireFinding());
        if (assessment == null) {
          repeats.inc();
        }
      }
      case BLAME -> assessment = engine.blame(memory.state, input.requireFinding());
      case DISK -> assessment = engine.disk(memory.state, input.requireShare());
      case DISK_GONE ->
          assessment = engine.diskGone(memory.state, input.about(), input.timeMillis());
      case WRONG_BYTES -> {
        wrongBytes.inc();
        assessment = engine.foundWrong(memory.state, input.about(), input.timeMillis());
      }
      default -> throw new IllegalStateException(input.kind() + " was dealt with before");
    }
    if (input.kind() == NodeInput.Kind.DISK_GONE && engine.knowsNothing(memory.state)) {
      // A disk may report once more after its node has ended, and only then end itself.
      end(memory, input.entity(), context, out);
      return;
    }
    if (assessment != null) {
      emit(memory, input.entity(), assessment, context, out);
    }
    arm(memory, input.entity(), context);
    memories.update(memory);
    stateBytes.measure(memory);
  }

  private void end(
      @Nullable NodeMemory memory, String entity, Context context, Collector<RiskUpdate> out) {
    if (memory != null) {
      if (memory.timerMillis != NodeMemory.NO_TIMER) {
        context.timerService().deleteEventTimeTimer(memory.timerMillis);
      }
      memories.clear();
    }
    ended.inc();
    // Without memory too: a score may stand in the topic from before.
    out.collect(new RiskUpdate(entity, null));
  }

  @Override
  public void onTimer(long timeMillis, OnTimerContext context, Collector<RiskUpdate> out)
      throws Exception {
    NodeMemory memory = memories.value();
    if (memory == null || memory.timerMillis != timeMillis) {
      return;
    }
    memory.timerMillis = NodeMemory.NO_TIMER;
    String entity = context.getCurrentKey();
    speakSilences(memory, entity, timeMillis, context, out);
    if ((ephemeral(entity) && engine(entity).nextLookMillis(memory.state) == Long.MAX_VALUE)
        || engine(entity).knowsNothing(memory.state)) {
      end(memory, entity, context, out);
      return;
    }
    arm(memory, entity, context);
    memories.update(memory);
  }

  private NodeRiskEngine engine(String entity) {
    return entity.startsWith("volume/") ? volumes : nodes;
  }

  /** True for what no fleet entry describes, so that no tombstone can end it. */
  private static boolean ephemeral(String entity) {
    return entity.startsWith("volume/") || entity.startsWith("edge/") || entity.startsWith("rack/");
  }

  /** Says what fell due up to a time, each at its own time. */
  private void speakSilences(
      NodeMemory memory,
      String entity,
      long untilMillis,
      Context context,
      Collector<RiskUpdate> out) {
    NodeRiskEngine engine = engine(entity);
    long lookMillis = engine.nextLookMillis(memory.state);
    while (lookMillis <= untilMillis) {
      Assessment assessment = engine.silence(memory.state, lookMillis);
      if (assessment != null) {
        silences.inc();
        emit(memory, entity, assessment, context, out);
      }
      long nextMillis = engine.nextLookMillis(memory.state);
      if (nextMillis <= lookMillis) {
        throw new IllegalStateException(
            "the node engine looks at a silence twice at " + Instant.ofEpochMilli(lookMillis));
      }
      lookMillis = nextMillis;
    }
  }

  private void emit(
      NodeMemory memory,
      String entity,
      Assessment assessment,
      Context context,
      Collector<RiskUpdate> out) {
    EntityRef reference = SymptomRecords.entity(entity);
    out.collect(new RiskUpdate(entity, RiskRecords.of(reference, memory.node, assessment)));
    scores.inc();
    if (reference.getKind() != EntityKind.EDGE
        && PredictedEvents.rises(memory.tier, assessment.tier())) {
      predictedEvents.inc();
      context.output(
          SenseTags.PREDICTED_EVENTS, PredictedEvents.of(reference, memory.node, assessment));
    }
    memory.tier = assessment.tier();
  }

  /** Sets the timer for the next silence unless one is set that comes no later. */
  private void arm(NodeMemory memory, String entity, Context context) {
    long lookMillis = engine(entity).nextLookMillis(memory.state);
    if (lookMillis == Long.MAX_VALUE) {
      return;
    }
    if (memory.timerMillis != NodeMemory.NO_TIMER) {
      if (lookMillis >= memory.timerMillis) {
        return;
      }
      context.timerService().deleteEventTimeTimer(memory.timerMillis);
    }
    context.timerService().registerEventTimeTimer(lookMillis);
    memory.timerMillis = lookMillis;
  }
}
