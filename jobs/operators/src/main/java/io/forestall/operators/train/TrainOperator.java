package io.forestall.operators.train;

import io.forestall.operators.ModelInput;
import io.forestall.operators.train.TrialRecords.Champion;
import io.forestall.operators.types.RecordFormat;
import io.forestall.risk.ModelFormatException;
import io.forestall.risk.Recalibration;
import io.forestall.risk.StoredModel;
import io.forestall.risk.learn.DriveLog;
import io.forestall.risk.learn.InputDrift;
import io.forestall.risk.learn.ModelContest;
import io.forestall.risk.learn.Reservoir;
import io.forestall.risk.learn.Trainer;
import io.forestall.risk.learn.TrialPlan;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.ModelTrial;
import io.forestall.schemas.TrialReason;
import io.forestall.schemas.TrialVerdict;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.WireException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.operators.MailboxExecutor;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.BasicTypeInfo;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.VoidNamespaceSerializer;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.AbstractStreamOperatorFactory;
import org.apache.flink.streaming.api.operators.InternalTimer;
import org.apache.flink.streaming.api.operators.InternalTimerService;
import org.apache.flink.streaming.api.operators.StreamOperator;
import org.apache.flink.streaming.api.operators.StreamOperatorParameters;
import org.apache.flink.streaming.api.operators.Triggerable;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperator;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperatorFactory;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.tasks.mailbox.TaskMailbox;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the reservoir of one failure mode, and at each trial's time trains a challenger and lets it
 * meet the champion. Rows A4, A14. Event time; one instance.
 *
 * <p>Training runs in a thread of its own. What comes in meanwhile is set aside, so that a
 * checkpoint holds the very histories that are trained on: after a restore the same training begins
 * again, with the same seed. In a replay the operator may hold its input instead: it then serves
 * its mailbox alone, through which unaligned checkpoints go, until training is done.
 *
 * <p>Whatever goes wrong in a trial ends that trial with a record, and the champion stays.
 */
public final class TrainOperator extends AbstractStreamOperator<ModelTrial>
    implements TwoInputStreamOperator<HandOver, ModelInput, ModelTrial>,
        Triggerable<String, VoidNamespace> {

  /** Name of the state of the reservoir; a name in savepoints, never to change. */
  public static final String RESERVOIR = "train-reservoir";

  /** Name of the state of what came in during a training; a name in savepoints. */
  public static final String ASIDE = "train-aside";

  /** Name of the state of models; a name in savepoints, never to change. */
  public static final String MODELS = "train-models";

  /** Name of the state of the rest; a name in savepoints, never to change. */
  public static final String MEMORY = "train-memory";

  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(TrainOperator.class);
  private static final long DAY_MILLIS = TimeUnit.DAYS.toMillis(1);

  /** Models that are remembered; the oldest that is not champion gives way. */
  private static final int MOST_MODELS = 64;

  /** Largest model that is published: the topic takes 8 MiB a record; bytes. */
  private static final int MOST_MODEL_BYTES = 7 * 1024 * 1024;

  private final TrainSettings settings;
  private final ShippedModel shipped;
  private final TrainerFactory trainers;
  private final transient MailboxExecutor mailbox;

  private transient MapState<String, DriveLog> reservoirState;
  private transient MapState<String, HandOver> asideState;
  private transient MapState<String, byte[]> modelState;
  private transient ValueState<TrainMemory> memoryState;

  private transient Reservoir reservoir;
  private transient TrainMemory memory;
  private transient Map<String, ModelRecord> models;
  private transient AvroCodec<ModelRecord> codec;
  private transient TrainFigures figures;
  private transient InternalTimerService<VoidNamespace> timers;
  private transient List<String> evicted;
  private transient @Nullable Running running;
  private transient volatile boolean closed;

  /** A training that goes on. */
  private record Running(
      TrialPlan plan, ModelTrial trial, @Nullable Champion champion, Thread thread) {}

  /** What a training thread brings back: one of the three. */
  private record Ended(
      Trainer.@Nullable Trained trained,
      ModelContest.@Nullable Verdict verdict,
      @Nullable Throwable failure,
      long trainingMillis) {}

  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  private TrainOperator(
      StreamOperatorParameters<ModelTrial> parameters,
      TrainSettings settings,
      ShippedModel shipped,
      TrainerFactory trainers,
      MailboxExecutor mailbox) {
    super(parameters);
    this.settings = settings;
    this.shipped = shipped;
    this.trainers = trainers;
    this.mailbox = mailbox;
  }

  /** Makes the operator where it runs. */
  public static final class Factory extends AbstractStreamOperatorFactory<ModelTrial>
      implements TwoInputStreamOperatorFactory<HandOver, ModelInput, ModelTrial> {

    private static final long serialVersionUID = 1L;

    private final TrainSettings settings;
    private final ShippedModel shipped;
    private final TrainerFactory trainers;

    /**
     * A factory.
     *
     * @param settings the job's settings
     * @param shipped the model that is champion as long as no other is published
     * @param trainers makes the trainer where the job runs
     */
    public Factory(TrainSettings settings, ShippedModel shipped, TrainerFactory trainers) {
      this.settings = settings;
      this.shipped = shipped;
      this.trainers = trainers;
    }

    @Override
    @SuppressWarnings("unchecked") // the one operator that it makes
    public <T extends StreamOperator<ModelTrial>> T createStreamOperator(
        StreamOperatorParameters<ModelTrial> parameters) {
      return (T)
          new TrainOperator(
              parameters,
              settings,
              shipped,
              trainers,
              // That of the task, which serves barriers that have overtaken input too.
              parameters
                  .getContainingTask()
                  .getMailboxExecutorFactory()
                  .createExecutor(TaskMailbox.MIN_PRIORITY));
    }

    @Override
    public Class<? extends StreamOperator<?>> getStreamOperatorClass(ClassLoader loader) {
      return TrainOperator.class;
    }
  }

  // ---- state

  @Override
  public void initializeState(StateInitializationContext context) throws Exception {
    super.initializeState(context);
    var store = context.getKeyedStateStore();
    reservoirState =
        store.getMapState(
            new MapStateDescriptor<>(
                RESERVOIR,
                BasicTypeInfo.STRING_TYPE_INFO,
                RecordFormat.DRIVE_LOG.info(DriveLog.class)));
    asideState =
        store.getMapState(
            new MapStateDescriptor<>(
                ASIDE,
                BasicTypeInfo.STRING_TYPE_INFO,
                RecordFormat.HAND_OVER.info(HandOver.class)));
    modelState =
        store.getMapState(
            new MapStateDescriptor<>(
                MODELS,
                BasicTypeInfo.STRING_TYPE_INFO,
                PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO));
    memoryState =
        store.getState(
            new ValueStateDescriptor<>(MEMORY, RecordFormat.TRAIN_MEMORY.info(TrainMemory.class)));
  }

  @Override
  public void open() throws Exception {
    super.open();
    codec = AvroCodec.of(ModelRecord.class);
    figures = new TrainFigures(getMetricGroup().addGroup("forestall"));
    timers = getInternalTimerService("trials", VoidNamespaceSerializer.INSTANCE, this);
    evicted = new ArrayList<>();
    reservoir = new Reservoir(settings.reservoirBounds(), evicted::add);
    models = new TreeMap<>();
    setCurrentKey(HandOver.MODE);
    TrainMemory kept = memoryState.value();
    memory = kept == null ? new TrainMemory() : kept;
    memory.highestVersion = Math.max(memory.highestVersion, shipped.version());
    for (DriveLog log : reservoirState.values()) {
      reservoir.put(log);
    }
    forgetEvicted();
    Map<String, byte[]> known = new TreeMap<>();
    for (Map.Entry<String, byte[]> each : modelState.entries()) {
      known.put(each.getKey(), each.getValue());
    }
    for (Map.Entry<String, byte[]> each : known.entrySet()) {
      keep(each.getKey(), each.getValue());
    }
    figures.living(memory.watch.living());
    tellReservoir();
    if (memory.runningMillis != TrainMemory.NONE) {
      LOG.info("the training of {} begins again", Instant.ofEpochMilli(memory.runningMillis));
      begin(memory.runningMillis);
    }
  }

  @Override
  public void snapshotState(StateSnapshotContext context) throws Exception {
    setCurrentKey(HandOver.MODE);
    memoryState.update(memory);
    super.snapshotState(context);
  }

  // ---- inputs

  @Override
  public void processElement1(StreamRecord<HandOver> element) throws Exception {
    hold();
    HandOver handOver = element.getValue();
    if (running != null) {
      HandOver former = asideState.get(handOver.log().serial());
      asideState.put(
          handOver.log().serial(),
          former != null && former.newFailure()
              ? new HandOver(handOver.log(), handOver.trialMillis(), handOver.reports(), true)
              : handOver);
    } else {
      take(handOver);
    }
    if (handOver.trialMillis() > memory.lastTrialMillis) {
      timers.registerEventTimeTimer(VoidNamespace.INSTANCE, handOver.trialMillis());
    }
  }

  private void take(HandOver handOver) throws Exception {
    DriveLog log = handOver.log();
    if (handOver.trialMillis() > memory.countedMillis) {
      memory.countedMillis = handOver.trialMillis();
      memory.counted = 0;
    }
    if (handOver.reports() && handOver.trialMillis() == memory.countedMillis) {
      memory.counted++;
    }
    int failureDay = log.failureDay();
    if (handOver.newFailure() && failureDay != DriveLog.NEVER) {
      memory.watch.failed(failureDay);
      if (memory.watch.living() > 0
          && memory.watch.poisoned(failureDay, settings.mostFailedShare())) {
        // It must not push true failures out. That it was there shows in the counts.
        log = log.censored();
      }
    }
    if (reservoir.put(log)) {
      reservoirState.put(log.serial(), log);
    }
    forgetEvicted();
    tellReservoir();
  }

  private void forgetEvicted() throws Exception {
    for (String serial : evicted) {
      reservoirState.remove(serial);
    }
    evicted.clear();
  }

  private void tellReservoir() {
    figures.reservoir(reservoir.size(), reservoir.heapBytes());
  }

  @Override
  public void processElement2(StreamRecord<ModelInput> element) throws Exception {
    ModelInput input = element.getValue();
    byte[] record = input.value();
    if (record == null) {
      models.remove(input.key());
      modelState.remove(input.key());
    } else {
      keep(input.key(), record);
    }
  }

  private void keep(String key, byte[] bytes) throws Exception {
    try {
      ModelRecord record = codec.decode(bytes);
      if (record.getMode() != FailureMode.DISK || record.getVersion() < 1) {
        return;
      }
      memory.highestVersion = Math.max(memory.highestVersion, record.getVersion());
      models.put(key, record);
      modelState.put(key, bytes);
      forgetModels();
    } catch (WireException e) {
      // The job that scores writes the dead letter.
      figures.unreadableModels.inc();
    }
  }

  private void forgetModels() throws Exception {
    while (models.size() > MOST_MODELS) {
      Champion champion = champion();
      String oldest =
          models.entrySet().stream()
              .filter(each -> champion == null || !each.getKey().equals(champion.key()))
              .min(Comparator.comparingLong(each -> each.getValue().getPublishedMillis()))
              .orElseThrow()
              .getKey();
      models.remove(oldest);
      modelState.remove(oldest);
    }
  }

  @Override
  public void processWatermark1(Watermark mark) throws Exception {
    hold();
    super.processWatermark1(mark);
  }

  /** Serves the mailbox alone until training is done, where that is asked for. */
  private void hold() throws Exception {
    while (running != null && settings.holdWhileTraining()) {
      mailbox.yield();
    }
    setCurrentKey(HandOver.MODE);
  }

  @Override
  public void finish() throws Exception {
    while (running != null) {
      mailbox.yield();
    }
    super.finish();
  }

  @Override
  public void close() throws Exception {
    closed = true;
    Running left = running;
    if (left != null) {
      left.thread().interrupt();
    }
    super.close();
  }

  // ---- trials

  @Override
  public void onEventTime(InternalTimer<String, VoidNamespace> timer) throws Exception {
    long trialMillis = timer.getTimestamp();
    if (trialMillis <= memory.lastTrialMillis) {
      return;
    }
    if (running != null) {
      figures.skipped.inc();
      LOG.warn(
          "no trial for {}: the training before still goes on; give a longer {}",
          Instant.ofEpochMilli(trialMillis),
          TrainOptions.MODEL_UPDATE_INTERVAL.key());
      return;
    }
    memory.watch.living(memory.counted);
    figures.living(memory.watch.living());
    int oldest = day(trialMillis) - settings.historyDays();
    memory.watch.forget(oldest);
    reservoir.expire(oldest);
    forgetEvicted();
    tellReservoir();
    begin(trialMillis);
    hold();
  }

  @Override
  public void onProcessingTime(InternalTimer<String, VoidNamespace> timer) {
    throw new IllegalStateException("trials are by event time");
  }

  private void begin(long trialMillis) throws Exception {
    int knownDay = day(trialMillis - 1);
    int formerDay =
        memory.lastTrialMillis == TrainMemory.NONE
            ? Integer.MIN_VALUE
            : day(memory.lastTrialMillis - 1);
    TrialPlan plan =
        TrialPlan.of(
            reservoir,
            settings.reservoirBounds(),
            memory.watch,
            settings.planRules(),
            knownDay,
            formerDay);
    long seed = settings.seed() * 31 + trialMillis / settings.intervalMillis();
    @Nullable Champion champion = champion();
    InputDrift spread = spread(plan);
    if (memory.reference == null && spread.disks() > 0) {
      memory.reference = spread;
    }
    ModelTrial trial =
        TrialRecords.begun(
            plan,
            settings,
            trialMillis,
            champion,
            memory.reference == null ? Map.of() : spread.since(memory.reference),
            seed);
    TrialPlan.Refusal refusal = plan.refusal();
    if (refusal != null) {
      end(TrialRecords.refused(trial, refusal, plan.text()));
      return;
    }
    memory.runningMillis = trialMillis;
    Trainer.Task task =
        new Trainer.Task(
            plan,
            settings.horizonDays(),
            champion == null ? null : bytes(champion),
            memory.highestVersion + 1,
            seed);
    int sinceDay =
        formerDay == Integer.MIN_VALUE
            ? plan.testFirstDay()
            : Math.max(plan.testFirstDay(), formerDay - settings.horizonDays() + 1);
    ModelContest.Rules rules = settings.contestRules(plan, sinceDay, seed);
    Thread thread = new Thread(() -> train(task, rules), "forestall-training");
    thread.setDaemon(true);
    running = new Running(plan, trial, champion, thread);
    figures.running(true);
    thread.start();
  }

  /** In the training thread: nothing of the operator but what never changes is touched. */
  private void train(Trainer.Task task, ModelContest.Rules rules) {
    long startedNanos = System.nanoTime();
    Trainer.@Nullable Trained trained = null;
    ModelContest.@Nullable Verdict verdict = null;
    @Nullable Throwable failure = null;
    try {
      trained = trainers.create().train(task, this::news);
      verdict = ModelContest.judge(trained.scored(), rules);
    } catch (Throwable e) { // also what a native library throws: the job must go on
      failure = e;
    }
    Ended ended =
        new Ended(
            trained,
            verdict,
            failure,
            TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNanos));
    if (!closed) {
      try {
        mailbox.execute(() -> ended(ended), "end of a training");
      } catch (RuntimeException e) {
        LOG.debug("the task ended before its training", e);
      }
    }
  }

  private void news(String line) {
    if (closed || Thread.currentThread().isInterrupted()) {
      throw new CancellationException("the task ends");
    }
    LOG.info("{}", line);
  }

  private void ended(Ended ended) throws Exception {
    Running was = Objects.requireNonNull(running);
    running = null;
    memory.runningMillis = TrainMemory.NONE;
    figures.running(false);
    setCurrentKey(HandOver.MODE);
    ModelTrial trial = was.trial();
    Throwable failure = ended.failure();
    Trainer.Trained trained = ended.trained();
    ModelContest.Verdict verdict = ended.verdict();
    if (failure instanceof Trainer.RefusedException refused) {
      end(
          TrialRecords.ended(
              trial,
              TrialVerdict.REFUSED,
              refused.badChampion() ? TrialReason.BAD_MODEL : TrialReason.ONE_CLASS,
              "Nothing was trained: " + refused.getMessage() + "."));
    } else if (failure != null || trained == null || verdict == null) {
      LOG.warn("training failed", failure);
      end(
          TrialRecords.ended(
              trial,
              TrialVerdict.FAILED,
              TrialReason.TRAINING_FAILED,
              "Training failed: " + failure + "."));
    } else {
      TrialRecords.judged(trial, was.plan(), trained, verdict, ended.trainingMillis());
      // A version that a trial has named is never another model's.
      memory.highestVersion = Math.max(memory.highestVersion, trained.version());
      remember(was.champion(), trial, verdict.champion());
      if (verdict.accepted()) {
        accept(was, trial, trained);
      } else {
        recalibrate(was.champion(), trial);
      }
      end(trial);
    }
    for (HandOver each : List.copyOf(asideNow())) {
      take(each);
    }
    asideState.clear();
  }

  private List<HandOver> asideNow() throws Exception {
    List<HandOver> all = new ArrayList<>();
    for (HandOver each : asideState.values()) {
      all.add(each);
    }
    return all;
  }

  private void accept(Running was, ModelTrial trial, Trainer.Trained trained) throws Exception {
    if (!Objects.equals(was.champion(), champion())) {
      TrialRecords.ended(
          trial,
          TrialVerdict.REFUSED,
          TrialReason.CHAMPION_CHANGED,
          "It was better than the champion of then, but another has become champion meanwhile: it"
              + " meets that one next time.");
      return;
    }
    if (trained.model().length > MOST_MODEL_BYTES) {
      TrialRecords.ended(
          trial,
          TrialVerdict.REFUSED,
          TrialReason.BAD_MODEL,
          "The challenger has "
              + trained.model().length
              + " bytes, at most "
              + MOST_MODEL_BYTES
              + " are published.");
      return;
    }
    long effectiveFromMillis =
        settings.promote() ? trial.getTimeMillis() + settings.warmUpMillis() : Long.MAX_VALUE;
    if (settings.promote()) {
      trial.setEffectiveFromMillis(effectiveFromMillis);
    }
    ModelRecord record = TrialRecords.model(trial, trained, settings, effectiveFromMillis);
    // It will come back from the topic; until then it is known already.
    String key = TrialRecords.key(record);
    keep(key, codec.encode(record));
    memory.reference = spread(was.plan());
    output.collect(TrainTags.MODELS, new StreamRecord<>(record, trial.getTimeMillis()));
  }

  /** What the champion expected of the days whose labels are new, and what came. */
  private void remember(
      @Nullable Champion champion, ModelTrial trial, ModelContest.Figures figures) {
    if (champion == null) {
      return;
    }
    String name = TrainMemory.name(champion.id(), champion.version());
    if (!name.equals(memory.recalibrated)) {
      memory.recalibrated = name;
      memory.recalibration = new Recalibration();
    }
    memory.recalibration.add(
        (double) trial.getTimeMillis() / DAY_MILLIS,
        figures.expectedSince(),
        figures.observedSince());
  }

  /**
   * Publishes the champion with its probabilities moved, when failures have become more or fewer
   * than it expects. Row A9. As a version of its own, warmed like any other: a version stands for
   * the same bytes for ever, and no record of an operator's is written over. Never while one still
   * waits to become champion: only one is warmed at a time.
   */
  private void recalibrate(@Nullable Champion champion, ModelTrial trial) throws Exception {
    double nats = memory.recalibration.nats();
    if (champion == null
        || !settings.promote()
        || Math.abs(nats) < Math.log(settings.recalibrationBound())
        || !champion.equals(champion())
        || waits(champion, trial.getTimeMillis())) {
      return;
    }
    StoredModel moved;
    try {
      moved = StoredModel.fromBytes(bytes(champion));
    } catch (ModelFormatException e) {
      LOG.warn("the champion cannot be calibrated anew: {}", e.getMessage());
      return;
    }
    int version = memory.highestVersion + 1;
    byte[] model =
        moved
            .shifted(nats)
            .withVersion(version)
            .withProperty("recalibrated-from", Integer.toString(champion.version()))
            .toBytes();
    ModelRecord record =
        TrialRecords.recalibrated(
            trial,
            moved,
            models.get(champion.key()),
            version,
            model,
            nats,
            trial.getTimeMillis() + settings.warmUpMillis(),
            settings);
    keep(TrialRecords.key(record), codec.encode(record));
    memory.recalibrated = TrainMemory.name(record.getId(), version);
    memory.recalibration.moved(nats);
    output.collect(TrainTags.MODELS, new StreamRecord<>(record, trial.getTimeMillis()));
  }

  private boolean waits(Champion champion, long timeMillis) {
    ModelRecord record = models.get(champion.key());
    return record != null && record.getEffectiveFromMillis() > timeMillis;
  }

  private void end(ModelTrial trial) {
    memory.lastTrialMillis = trial.getTimeMillis();
    figures.ended(trial);
    LOG.info("trial {}: {} {}", trial.getId(), trial.getVerdict(), trial.getText());
    output.collect(new StreamRecord<>(trial, trial.getTimeMillis()));
  }

  /**
   * Whom a challenger must beat: the published model that is or will be champion by itself, newest
   * first, else the shipped one; null when a count stands in for it.
   */
  private @Nullable Champion champion() {
    Champion best = null;
    long from = Long.MIN_VALUE;
    long published = Long.MIN_VALUE;
    for (Map.Entry<String, ModelRecord> each : models.entrySet()) {
      ModelRecord record = each.getValue();
      long effective = record.getEffectiveFromMillis();
      if (effective == Long.MAX_VALUE || record.getWithdrawn() || isAside(record)) {
        continue;
      }
      if (best == null
          || effective > from
          || (effective == from && record.getPublishedMillis() >= published)) {
        best = new Champion(each.getKey(), record.getId(), record.getVersion());
        from = effective;
        published = record.getPublishedMillis();
      }
    }
    if (best != null || !settings.shippedChampion()) {
      return best;
    }
    return new Champion("", shipped.id(), shipped.version());
  }

  /** Of the shipped model there is a record as soon as anything is said of it. */
  private boolean isAside(ModelRecord record) {
    return !settings.shippedChampion()
        && record.getId().equals(shipped.id())
        && record.getVersion() == shipped.version();
  }

  private byte[] bytes(Champion champion) {
    ModelRecord record = models.get(champion.key());
    if (record == null) {
      return shipped.bytes();
    }
    byte[] bytes = new byte[record.getWeights().remaining()];
    record.getWeights().duplicate().get(bytes);
    return bytes;
  }

  private static InputDrift spread(TrialPlan plan) {
    InputDrift spread = new InputDrift();
    for (List<DriveLog> part : List.of(plan.training(), plan.heldOut())) {
      for (DriveLog log : part) {
        if (log.failureDay() == DriveLog.NEVER) {
          spread.add(log.values(log.lastDay()));
        }
      }
    }
    return spread;
  }

  private static int day(long timeMillis) {
    return (int) Math.floorDiv(timeMillis, DAY_MILLIS);
  }
}
