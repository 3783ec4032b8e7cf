package io.forestall.operators;

import io.forestall.operators.types.DiskMemoryType;
import io.forestall.risk.Assessment;
import io.forestall.risk.DiskRiskEngine;
import io.forestall.risk.DiskSample;
import io.forestall.risk.DiskState;
import io.forestall.risk.symptom.DiskShare;
import io.forestall.risk.symptom.Finding;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Topics;
import io.forestall.wire.DeadLetters;
import io.forestall.wire.Keys;
import io.forestall.wire.WireException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Map;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.BroadcastState;
import org.apache.flink.api.common.state.ReadOnlyBroadcastState;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.functions.co.KeyedBroadcastProcessFunction;
import org.apache.flink.util.Collector;
import org.jspecify.annotations.Nullable;

/**
 * Scores disks: loads what it remembers of the disk, asks the risk engine, stores, emits. What the
 * disk's symptoms under load say is part of the one score, and the node that holds the disk is told
 * when it changes. What a challenger says of the same samples leaves beside it and raises nothing.
 * Rows A5, A10, A11, A12, A13, A15.
 *
 * <p>A sample is scored when it arrives. Of a disk that the fleet topic has not described it waits,
 * bounded in number and in event time. One event-time timer a disk serves both that wait and the
 * disk's silence; it moves only when it fires, so that a sample costs no timer. A silence that fell
 * due before the sample at hand is spoken first: what is remembered does not depend on whether the
 * timer or the sample came first.
 */
public final class RiskFunction
    extends KeyedBroadcastProcessFunction<String, DiskInput, ModelInput, RiskUpdate> {

  /** Name of the one keyed state; a name in savepoints, never to change. */
  public static final String MEMORY = "disk-memory";

  private static final long serialVersionUID = 1L;

  private static final byte[] NO_PAYLOAD = {};

  /** A change of the score that its node is told of; points. */
  private static final double SHARE_STEP = 1;

  private final SenseSettings settings;
  private final ModelShelf.Origin origin;
  private final DeadLetterText text;

  private transient ValueState<DiskMemory> memories;
  private transient ModelShelf shelf;
  private transient boolean modelsRestored;
  private transient DiskRiskEngine engine;
  private transient DeadLetters letters;
  private transient SenseMetrics metrics;
  private transient Counter samplesScored;
  private transient Counter duplicates;
  private transient Counter late;
  private transient Counter parked;
  private transient Counter released;
  private transient Counter findings;
  private transient Counter silences;
  private transient Counter ended;
  private transient Counter predictedEvents;
  private transient Counter modelSwaps;
  private transient Counter advised;
  private transient StateMeter<DiskMemory> stateBytes;
  private transient EventProgress progress;
  private transient long modelVersion;

  /**
   * A function over these settings.
   *
   * @param settings the job's settings
   * @param shippedModel bytes of the model file that is champion from the beginning of time
   * @param factory which implementation scores
   */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public RiskFunction(SenseSettings settings, byte[] shippedModel, ModelFactory factory) {
    this.settings = settings;
    this.origin = new ModelShelf.Origin(shippedModel, factory);
    this.text = new DeadLetterText(Topics.TELEMETRY.name(settings.topicPrefix()));
  }

  @Override
  public void open(OpenContext context) {
    memories =
        getRuntimeContext()
            .getState(
                settings.bounded(new ValueStateDescriptor<>(MEMORY, DiskMemoryType.serializer())));
    shelf = new ModelShelf(origin);
    modelsRestored = false;
    boolean advise = settings.lane() == SenseLane.ADVISE;
    double share = settings.adviseShare();
    engine =
        new DiskRiskEngine(
            settings.policy(),
            shelf.models(),
            settings.modes(),
            disk -> advise && inLane(disk, share));
    letters = new DeadLetters("sense");
    metrics = new SenseMetrics(getRuntimeContext().getMetricGroup());
    samplesScored = metrics.group().counter("samplesScored");
    duplicates = metrics.group().counter("duplicates");
    late = metrics.group().counter("late");
    parked = metrics.group().counter("parked");
    released = metrics.group().counter("released");
    findings = metrics.group().counter("findings");
    silences = metrics.group().counter("silences");
    ended = metrics.group().counter("ended");
    predictedEvents = metrics.group().counter("predictedEvents");
    modelSwaps = metrics.group().counter("modelSwaps");
    advised = metrics.group().counter("advised");
    stateBytes = new StateMeter<>(metrics, DiskMemoryType.serializer());
    metrics.group().gauge("modelVersion", () -> modelVersion);
    progress = new EventProgress(metrics);
  }

  @Override
  public void close() {
    if (shelf != null) {
      shelf.close();
    }
  }

  @Override
  public void processElement(DiskInput input, ReadOnlyContext context, Collector<RiskUpdate> out)
      throws Exception {
    if (!modelsRestored) {
      restoreModels(context.getBroadcastState(SenseTags.MODELS));
    }
    DiskMemory memory = memories.value();
    switch (input.kind()) {
      case SAMPLE -> sample(memory == null ? new DiskMemory() : memory, input, context, out);
      case FLEET -> fleet(memory == null ? new DiskMemory() : memory, input, context, out);
      case TOMBSTONE -> tombstone(memory, input, context, out);
      case FINDING -> finding(memory == null ? new DiskMemory() : memory, input, context, out);
      case DEAD -> throw new IllegalStateException("dead letters leave before the shuffle");
    }
  }

  private void sample(
      DiskMemory memory, DiskInput input, ReadOnlyContext context, Collector<RiskUpdate> out)
      throws Exception {
    if (!memory.known()) {
      park(memory, input, context);
      if (memory.parkedCount() > 0) {
        memories.update(memory);
      }
      return;
    }
    if (score(memory, input, context, out)) {
      arm(memory, context);
      memories.update(memory);
    }
  }

  private void park(DiskMemory memory, DiskInput input, ReadOnlyContext context) {
    if (deadlineMillis(input) <= context.timerService().currentWatermark()) {
      // A timer for it would wait until event time moves again, and no sample may move it.
      giveUp(input, context);
      return;
    }
    ArrayDeque<DiskInput> waiting = memory.parked();
    waiting.add(input);
    parked.inc();
    if (waiting.size() > settings.unknownEntityLimit()) {
      refuse(
          waiting.remove(),
          DeadReason.UNKNOWN_ENTITY,
          text.tooManyWaiting(settings.unknownEntityLimit()),
          context);
    }
    if (memory.timerMillis() == DiskMemory.NO_TIMER && !waiting.isEmpty()) {
      setTimer(memory, deadlineMillis(waiting.element()), context);
    }
  }

  private void fleet(
      DiskMemory memory, DiskInput input, ReadOnlyContext context, Collector<RiskUpdate> out)
      throws Exception {
    if (memory.known()) {
      return;
    }
    memory.learn();
    memory.node(input.node());
    if (memory.parkedCount() > 0 || memory.waitingFinding() != null) {
      clearTimer(memory, context);
      for (DiskInput waiting : memory.parked()) {
        score(memory, waiting, context, out);
        released.inc();
      }
      memory.parked().clear();
      Finding waiting = memory.waitingFinding();
      if (waiting != null) {
        memory.waitingFinding(null);
        take(memory, input.disk(), waiting, context, out);
      }
      arm(memory, context);
    }
    memories.update(memory);
  }

  private void finding(
      DiskMemory memory, DiskInput input, ReadOnlyContext context, Collector<RiskUpdate> out)
      throws Exception {
    if (!memory.known()) {
      // Its fleet entry is on another way here, or has ended: wait as a sample does.
      memory.waitingFinding(input.finding());
      if (memory.timerMillis() == DiskMemory.NO_TIMER) {
        setTimer(memory, deadlineMillis(input.finding()), context);
      }
      memories.update(memory);
      return;
    }
    if (take(memory, input.disk(), input.finding(), context, out)) {
      arm(memory, context);
      memories.update(memory);
    }
  }

  /** Lets the engine know what the disk's symptoms say; false when nothing has changed. */
  private boolean take(
      DiskMemory memory,
      String disk,
      Finding finding,
      ReadOnlyContext context,
      Collector<RiskUpdate> out) {
    findings.inc();
    DiskState state = memory.stateOrFresh();
    speakSilences(memory, state, disk, finding.timeMillis() - 1, context, out);
    Assessment assessment = engine.finding(state, finding);
    if (assessment != null) {
      emit(memory, disk, assessment, context, out);
    }
    return true;
  }

  private void tombstone(
      @Nullable DiskMemory memory,
      DiskInput input,
      ReadOnlyContext context,
      Collector<RiskUpdate> out) {
    if (memory != null) {
      for (DiskInput waiting : memory.parked()) {
        refuse(waiting, DeadReason.UNKNOWN_ENTITY, text.ended(), context);
      }
      clearTimer(memory, context);
      if (!memory.shareNode().isEmpty()) {
        DiskState state = memory.state();
        context.output(
            SenseTags.DISK_SHARES,
            NodeInput.diskGone(
                Keys.node(memory.shareNode()),
                input.disk(),
                state == null ? Long.MIN_VALUE : state.lastTimeMillis()));
      }
      memories.clear();
    }
    ended.inc();
    lane(input, context);
    // Without memory too: a score may stand in the topic from before.
    out.collect(new RiskUpdate(Keys.disk(input.disk()), null));
  }

  /** Scores one sample; false when it was refused and nothing has changed. */
  private boolean score(
      DiskMemory memory, DiskInput input, ReadOnlyContext context, Collector<RiskUpdate> out) {
    DiskSample sample = input.sample();
    DiskState state = memory.stateOrFresh();
    switch (engine.check(state, sample)) {
      case ACCEPT -> {}
      case DUPLICATE -> {
        duplicates.inc();
        refuse(input, DeadReason.DUPLICATE, text.duplicate(), context);
        return false;
      }
      case LATE -> {
        late.inc();
        refuse(input, DeadReason.LATE, text.late(state.lastTimeMillis()), context);
        return false;
      }
    }
    speakSilences(memory, state, sample.disk(), sample.timeMillis() - 1, context, out);
    memory.node(input.node());
    Assessment assessment = engine.observe(state, sample);
    emit(memory, sample.disk(), assessment, context, out);
    samplesScored.inc();
    progress.sample(sample.timeMillis(), context.currentWatermark());
    stateBytes.measure(memory);
    lane(input, context);
    return true;
  }

  private void lane(DiskInput input, ReadOnlyContext context) {
    if (settings.lane() == SenseLane.DL4J && inLane(input.disk(), settings.laneShare())) {
      context.output(SenseTags.LANE, input);
    }
  }

  @Override
  public void onTimer(long timeMillis, OnTimerContext context, Collector<RiskUpdate> out)
      throws Exception {
    if (!modelsRestored) {
      restoreModels(context.getBroadcastState(SenseTags.MODELS));
    }
    DiskMemory memory = memories.value();
    if (memory == null || memory.timerMillis() != timeMillis) {
      return;
    }
    memory.timer(DiskMemory.NO_TIMER);
    if (memory.known()) {
      DiskState state = memory.state();
      if (state != null) {
        speakSilences(memory, state, context.getCurrentKey(), timeMillis, context, out);
        arm(memory, context);
      }
    } else {
      ArrayDeque<DiskInput> waiting = memory.parked();
      while (!waiting.isEmpty() && deadlineMillis(waiting.element()) <= timeMillis) {
        giveUp(waiting.remove(), context);
      }
      Finding finding = memory.waitingFinding();
      if (finding != null && deadlineMillis(finding) <= timeMillis) {
        finding = null;
        memory.waitingFinding(null);
      }
      if (waiting.isEmpty() && finding == null) {
        memories.clear();
        return;
      }
      setTimer(
          memory,
          Math.min(
              waiting.isEmpty() ? Long.MAX_VALUE : deadlineMillis(waiting.element()),
              finding == null ? Long.MAX_VALUE : deadlineMillis(finding)),
          context);
    }
    memories.update(memory);
  }

  /** Says what fell due up to a time, each at its own time. */
  private void speakSilences(
      DiskMemory memory,
      DiskState state,
      String disk,
      long untilMillis,
      ReadOnlyContext context,
      Collector<RiskUpdate> out) {
    long lookMillis = engine.nextLookMillis(state);
    while (lookMillis <= untilMillis) {
      Assessment assessment = engine.silence(state, lookMillis);
      if (assessment != null) {
        silences.inc();
        emit(memory, disk, assessment, context, out);
      }
      long nextMillis = engine.nextLookMillis(state);
      if (nextMillis <= lookMillis) {
        throw new IllegalStateException(
            "the risk engine looks at a silence twice at " + Instant.ofEpochMilli(lookMillis));
      }
      lookMillis = nextMillis;
    }
  }

  private void emit(
      DiskMemory memory,
      String disk,
      Assessment assessment,
      ReadOnlyContext context,
      Collector<RiskUpdate> out) {
    out.collect(new RiskUpdate(Keys.disk(disk), RiskRecords.of(disk, memory.node(), assessment)));
    if (PredictedEvents.rises(memory.tier(), assessment.tier())) {
      predictedEvents.inc();
      context.output(
          SenseTags.PREDICTED_EVENTS,
          PredictedEvents.of(new EntityRef(EntityKind.DISK, disk), memory.node(), assessment));
    }
    Assessment challenger = assessment.challenger();
    if (challenger != null) {
      advised.inc();
      context.output(
          SenseTags.ADVISED,
          new RiskUpdate(Keys.disk(disk), RiskRecords.of(disk, memory.node(), challenger)));
    }
    share(memory, disk, assessment, context);
    memory.tier(assessment.tier());
    if (!assessment.modes().isEmpty()) {
      modelVersion = assessment.modes().get(0).modelVersion();
    }
  }

  /**
   * Tells the node when the score has changed enough to matter, when the disk has moved, and often
   * enough that the node does not take an unchanged score for a stale one.
   */
  private void share(
      DiskMemory memory, String disk, Assessment assessment, ReadOnlyContext context) {
    String node = memory.node();
    boolean moved = !node.equals(memory.shareNode());
    if (!moved
        && !assessment.stale()
        && assessment.tier() == memory.shareTier()
        && Math.abs(assessment.score() - memory.shareScore()) < SHARE_STEP
        && assessment.timeMillis() - memory.shareMillis()
            < settings.tiers().staleAfterMillis() / 2) {
      return;
    }
    if (moved && !memory.shareNode().isEmpty()) {
      context.output(
          SenseTags.DISK_SHARES,
          NodeInput.diskGone(Keys.node(memory.shareNode()), disk, assessment.timeMillis()));
    }
    // After a silence whatever comes next is told: NaN is no score that another could be near.
    memory.share(
        node,
        assessment.stale() ? Double.NaN : assessment.score(),
        assessment.tier(),
        assessment.timeMillis());
    if (!node.isEmpty()) {
      context.output(
          SenseTags.DISK_SHARES, NodeInput.disk(Keys.node(node), DiskShare.of(disk, assessment)));
    }
  }

  /** Sets the timer for the next silence unless one is set that comes no later. */
  private void arm(DiskMemory memory, ReadOnlyContext context) {
    DiskState state = memory.state();
    if (state == null) {
      return;
    }
    long lookMillis = engine.nextLookMillis(state);
    if (lookMillis == Long.MAX_VALUE) {
      return;
    }
    if (memory.timerMillis() == DiskMemory.NO_TIMER) {
      setTimer(memory, lookMillis, context);
    } else if (lookMillis < memory.timerMillis()) {
      clearTimer(memory, context);
      setTimer(memory, lookMillis, context);
    }
  }

  private static void setTimer(DiskMemory memory, long millis, ReadOnlyContext context) {
    context.timerService().registerEventTimeTimer(millis);
    memory.timer(millis);
  }

  private static void clearTimer(DiskMemory memory, ReadOnlyContext context) {
    if (memory.timerMillis() != DiskMemory.NO_TIMER) {
      context.timerService().deleteEventTimeTimer(memory.timerMillis());
      memory.timer(DiskMemory.NO_TIMER);
    }
  }

  private long deadlineMillis(Finding waiting) {
    return waiting.timeMillis() + settings.unknownEntityGraceMillis();
  }

  private long deadlineMillis(DiskInput waiting) {
    return waiting.timeMillis() + settings.unknownEntityGraceMillis();
  }

  /** Its fleet entry did not come in the time that is given to it. */
  private void giveUp(DiskInput input, ReadOnlyContext context) {
    refuse(
        input,
        DeadReason.UNKNOWN_ENTITY,
        text.unknown(settings.unknownEntityGraceMillis()),
        context);
  }

  private void refuse(DiskInput input, DeadReason reason, String detail, ReadOnlyContext context) {
    metrics.deadLetter(reason);
    DeadLetter letter =
        letters.sample(
            text.topic(),
            input.partition(),
            input.offset(),
            input.index(),
            input.timeMillis(),
            reason,
            detail,
            new EntityRef(EntityKind.DISK, input.disk()),
            NO_PAYLOAD);
    context.output(SenseTags.DEAD_LETTERS, letter);
  }

  @Override
  public void processBroadcastElement(ModelInput input, Context context, Collector<RiskUpdate> out)
      throws Exception {
    BroadcastState<String, byte[]> state = context.getBroadcastState(SenseTags.MODELS);
    if (!modelsRestored) {
      restoreModels(state);
    }
    byte[] record = input.value();
    if (record == null) {
      state.remove(input.key());
      shelf.remove(input.key());
    } else {
      try {
        shelf.put(input.key(), record);
      } catch (WireException e) {
        // The gate upstream has written the dead letter; here it changes nothing.
        metrics.deadLetter(DeadReason.BAD_MODEL);
        return;
      }
      state.put(input.key(), record);
    }
    modelSwaps.inc();
    engine.use(shelf.models());
  }

  /** Broadcast state cannot be read in open(), thus before the first element. */
  private void restoreModels(ReadOnlyBroadcastState<String, byte[]> state) throws Exception {
    for (Map.Entry<String, byte[]> entry : state.immutableEntries()) {
      shelf.put(entry.getKey(), entry.getValue());
    }
    engine.use(shelf.models());
    modelsRestored = true;
  }

  /** True when a disk is in the second lane: a stable hash of its name against the share. */
  public static boolean inLane(String disk, double share) {
    int mixed = disk.hashCode() * 0x9E3779B9;
    mixed ^= mixed >>> 15;
    return (mixed & 0xFFFF) < share * 0x10000;
  }
}
