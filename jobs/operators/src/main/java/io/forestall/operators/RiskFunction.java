package io.forestall.operators;

import io.forestall.operators.types.DiskMemoryType;
import io.forestall.risk.Assessment;
import io.forestall.risk.DiskRiskEngine;
import io.forestall.risk.DiskSample;
import io.forestall.risk.DiskState;
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
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Histogram;
import org.apache.flink.runtime.metrics.DescriptiveStatisticsHistogram;
import org.apache.flink.streaming.api.functions.co.KeyedBroadcastProcessFunction;
import org.apache.flink.util.Collector;
import org.jspecify.annotations.Nullable;

/**
 * Scores disks: loads what it remembers of the disk, asks the risk engine, stores, emits. Rows A5,
 * A10, A12, A15.
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

  /** One in this many states is measured; a power of two. */
  private static final int MEASURED_ONE_IN = 256;

  private static final byte[] NO_PAYLOAD = {};

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
  private transient Counter silences;
  private transient Counter ended;
  private transient Counter predictedEvents;
  private transient Counter modelSwaps;
  private transient Histogram stateBytes;
  private transient DataOutputSerializer measure;
  private transient long measured;
  private transient long modelVersion;
  private transient long newestMillis;
  private transient long watermarkMillis;

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
            .getState(new ValueStateDescriptor<>(MEMORY, DiskMemoryType.serializer()));
    shelf = new ModelShelf(origin);
    modelsRestored = false;
    engine = new DiskRiskEngine(settings.policy(), shelf.models());
    letters = new DeadLetters("sense");
    metrics = new SenseMetrics(getRuntimeContext().getMetricGroup());
    samplesScored = metrics.group().counter("samplesScored");
    duplicates = metrics.group().counter("duplicates");
    late = metrics.group().counter("late");
    parked = metrics.group().counter("parked");
    released = metrics.group().counter("released");
    silences = metrics.group().counter("silences");
    ended = metrics.group().counter("ended");
    predictedEvents = metrics.group().counter("predictedEvents");
    modelSwaps = metrics.group().counter("modelSwaps");
    stateBytes = metrics.group().histogram("stateBytes", new DescriptiveStatisticsHistogram(1024));
    metrics.group().gauge("modelVersion", () -> modelVersion);
    metrics.group().gauge("newestSampleMillis", () -> newestMillis);
    metrics.group().gauge("watermarkLagMillis", this::watermarkLagMillis);
    measure = new DataOutputSerializer(4096);
    newestMillis = Long.MIN_VALUE;
    watermarkMillis = Long.MIN_VALUE;
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
    watermarkMillis = context.currentWatermark();
    DiskMemory memory = memories.value();
    switch (input.kind()) {
      case SAMPLE -> sample(memory == null ? new DiskMemory() : memory, input, context, out);
      case FLEET -> fleet(memory == null ? new DiskMemory() : memory, input, context, out);
      case TOMBSTONE -> tombstone(memory, input, context, out);
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
    if (memory.parkedCount() > 0) {
      clearTimer(memory, context);
      for (DiskInput waiting : memory.parked()) {
        score(memory, waiting, context, out);
        released.inc();
      }
      memory.parked().clear();
      arm(memory, context);
    }
    memories.update(memory);
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
    newestMillis = Math.max(newestMillis, sample.timeMillis());
    if ((++measured & (MEASURED_ONE_IN - 1)) == 0) {
      measure(memory);
    }
    lane(input, context);
    return true;
  }

  private void lane(DiskInput input, ReadOnlyContext context) {
    if (settings.lane() != SenseLane.OFF && inLane(input.disk(), settings.laneShare())) {
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
        refuse(
            waiting.remove(),
            DeadReason.UNKNOWN_ENTITY,
            text.unknown(settings.unknownEntityGraceMillis()),
            context);
      }
      if (waiting.isEmpty()) {
        memories.clear();
        return;
      }
      setTimer(memory, deadlineMillis(waiting.element()), context);
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
          SenseTags.PREDICTED_EVENTS, PredictedEvents.of(disk, memory.node(), assessment));
    }
    memory.tier(assessment.tier());
    if (!assessment.modes().isEmpty()) {
      modelVersion = assessment.modes().get(0).modelVersion();
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

  private long deadlineMillis(DiskInput waiting) {
    return waiting.timeMillis() + settings.unknownEntityGraceMillis();
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

  private void measure(DiskMemory memory) {
    measure.clear();
    try {
      DiskMemoryType.serializer().serialize(memory, measure);
    } catch (java.io.IOException e) {
      throw new IllegalStateException("memory cannot fail on I/O", e);
    }
    stateBytes.update(measure.length());
  }

  private long watermarkLagMillis() {
    return newestMillis == Long.MIN_VALUE || watermarkMillis == Long.MIN_VALUE
        ? 0
        : Math.max(0, newestMillis - watermarkMillis);
  }

  /** True when a disk is in the second lane: a stable hash of its name against the share. */
  public static boolean inLane(String disk, double share) {
    int mixed = disk.hashCode() * 0x9E3779B9;
    mixed ^= mixed >>> 15;
    return (mixed & 0xFFFF) < share * 0x10000;
  }
}
