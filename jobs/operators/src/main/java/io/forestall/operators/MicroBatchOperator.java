package io.forestall.operators;

import io.forestall.operators.types.DiskMemoryType;
import io.forestall.risk.Assessment;
import io.forestall.risk.BatchSequenceModel;
import io.forestall.risk.DiskRiskEngine;
import io.forestall.risk.DiskState;
import io.forestall.risk.Prepared;
import io.forestall.risk.SequenceModel;
import io.forestall.risk.Verdict;
import io.forestall.schemas.DeadReason;
import io.forestall.wire.Keys;
import io.forestall.wire.WireException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ScheduledFuture;
import org.apache.flink.api.common.state.BroadcastState;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.jspecify.annotations.Nullable;

/**
 * Scores disks with a model that is only fast on many at once. Rows A11, A12.
 *
 * <p>Samples gather in a micro-batch; a sample's state is written when its batch has stepped. The
 * batch steps when it is full, before a second sample of a disk that is in it, before a checkpoint
 * barrier (so that nothing is in flight in a snapshot), before another model, at the flush
 * interval, and at the end of the input. The first input is keyed by disk and holds samples that
 * the first lane has scored, in that order; the second is broadcast.
 */
public final class MicroBatchOperator extends AbstractStreamOperator<RiskUpdate>
    implements TwoInputStreamOperator<DiskInput, ModelInput, RiskUpdate> {

  /** Name of the one keyed state; a name in savepoints, never to change. */
  public static final String MEMORY = "lane-memory";

  private static final long serialVersionUID = 1L;

  private final SenseSettings settings;
  private final ModelShelf.Origin origin;

  private transient ValueState<DiskMemory> memories;
  private transient BroadcastState<String, byte[]> published;
  private transient ModelShelf shelf;
  private transient DiskRiskEngine engine;
  private transient SenseMetrics metrics;
  private transient Counter samplesScored;
  private transient Counter batches;
  private transient Counter refused;
  private transient Set<String> waitingDisks;
  private transient Waiting[] waiting;
  private transient int count;
  private transient float[][] inputs;
  private transient float[][] states;
  private transient float[] logits;
  private transient @Nullable ScheduledFuture<?> flushTimer;

  private record Waiting(String disk, DiskMemory memory, DiskState state, Prepared prepared) {}

  /**
   * An operator over these settings.
   *
   * @param settings the job's settings
   * @param shippedModel bytes of the model file that is champion from the beginning of time
   * @param factory which implementation scores
   */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public MicroBatchOperator(SenseSettings settings, byte[] shippedModel, ModelFactory factory) {
    this.settings = settings;
    this.origin = new ModelShelf.Origin(shippedModel, factory);
  }

  @Override
  public void initializeState(StateInitializationContext context) throws Exception {
    super.initializeState(context);
    memories =
        context
            .getKeyedStateStore()
            .getState(new ValueStateDescriptor<>(MEMORY, DiskMemoryType.serializer()));
    published = context.getOperatorStateStore().getBroadcastState(SenseTags.MODELS);
  }

  @Override
  public void open() throws Exception {
    super.open();
    shelf = new ModelShelf(origin);
    for (Map.Entry<String, byte[]> entry : published.immutableEntries()) {
      shelf.put(entry.getKey(), entry.getValue());
    }
    engine = new DiskRiskEngine(settings.policy(), shelf.models(), settings.modes());
    metrics = new SenseMetrics(getMetricGroup());
    samplesScored = metrics.group().counter("samplesScored");
    batches = metrics.group().counter("batches");
    refused = metrics.group().counter("refused");
    metrics.group().gauge("waiting", () -> count);
    int size = settings.laneBatchSize();
    waitingDisks = new HashSet<>(2 * size);
    waiting = new Waiting[size];
    inputs = new float[size][];
    states = new float[size][];
    logits = new float[size];
    count = 0;
  }

  @Override
  public void processElement1(StreamRecord<DiskInput> element) throws Exception {
    DiskInput input = element.getValue();
    String disk = input.disk();
    if (waitingDisks.contains(disk)) {
      flush();
      setCurrentKey(disk);
    }
    switch (input.kind()) {
      case SAMPLE -> sample(input);
      case TOMBSTONE -> {
        memories.clear();
        output.collect(new StreamRecord<>(new RiskUpdate(Keys.disk(disk), null)));
      }
      case FLEET, DEAD, FINDING ->
          throw new IllegalStateException(input.kind() + " does not reach the second lane");
    }
  }

  private void sample(DiskInput input) throws Exception {
    DiskMemory memory = memories.value();
    if (memory == null) {
      memory = new DiskMemory();
      memory.learn();
    }
    DiskState state = memory.stateOrFresh();
    if (engine.check(state, input.sample()) != Verdict.ACCEPT) {
      // The first lane has told of it.
      refused.inc();
      return;
    }
    memory.node(input.node());
    waiting[count] =
        new Waiting(input.disk(), memory, state, engine.prepare(state, input.sample()));
    waitingDisks.add(input.disk());
    count++;
    if (count == waiting.length) {
      flush();
    } else if (flushTimer == null) {
      flushTimer =
          getProcessingTimeService()
              .registerTimer(
                  getProcessingTimeService().getCurrentProcessingTime()
                      + settings.laneFlushIntervalMillis(),
                  time -> {
                    flushTimer = null;
                    flush();
                  });
    }
  }

  @Override
  public void processElement2(StreamRecord<ModelInput> element) throws Exception {
    flush();
    ModelInput input = element.getValue();
    byte[] record = input.value();
    if (record == null) {
      published.remove(input.key());
      shelf.remove(input.key());
    } else {
      try {
        shelf.put(input.key(), record);
      } catch (WireException e) {
        metrics.deadLetter(DeadReason.BAD_MODEL);
        return;
      }
      published.put(input.key(), record);
    }
    engine.use(shelf.models());
  }

  @Override
  public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
    flush();
    super.prepareSnapshotPreBarrier(checkpointId);
  }

  @Override
  public void finish() throws Exception {
    flush();
    super.finish();
  }

  @Override
  public void close() throws Exception {
    if (flushTimer != null) {
      flushTimer.cancel(false);
      flushTimer = null;
    }
    if (shelf != null) {
      shelf.close();
    }
    super.close();
  }

  private void flush() throws Exception {
    if (flushTimer != null) {
      flushTimer.cancel(false);
      flushTimer = null;
    }
    if (count == 0) {
      return;
    }
    int from = 0;
    while (from < count) {
      from = step(from);
    }
    samplesScored.inc(count);
    batches.inc();
    for (int i = 0; i < count; i++) {
      Waiting done = waiting[i];
      setCurrentKey(done.disk());
      Assessment assessment = engine.conclude(done.state(), done.prepared(), logits[i]);
      done.memory().tier(assessment.tier());
      memories.update(done.memory());
      output.collect(
          new StreamRecord<>(
              new RiskUpdate(
                  Keys.disk(done.disk()),
                  RiskRecords.of(done.disk(), done.memory().node(), assessment))));
    }
    java.util.Arrays.fill(waiting, 0, count, null);
    waitingDisks.clear();
    count = 0;
  }

  /** Steps the run of samples from one place on that have the same model; returns its end. */
  private int step(int from) {
    SequenceModel model = waiting[from].prepared().model();
    int n = 0;
    while (from + n < count && waiting[from + n].prepared().model() == model) {
      Prepared prepared = waiting[from + n].prepared();
      inputs[n] = prepared.input();
      states[n] = prepared.lstmState();
      n++;
    }
    float[] results = from == 0 && n == count ? logits : new float[n];
    ((BatchSequenceModel) model).step(n, inputs, states, results);
    if (results != logits) {
      System.arraycopy(results, 0, logits, from, n);
    }
    return from + n;
  }
}
