package io.forestall.operators.train;

import io.forestall.operators.types.RecordFormat;
import io.forestall.risk.learn.DriveLog;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Keeps the history of each disk, and hands it to the trainer before each trial. Row A4. Event
 * time; keyed by disk.
 *
 * <p>A disk that reports is handed over at the next trial's time, one that failed at the first
 * trial's time after its failure, both as they were known then. What the fleet has no more is
 * handed over a last time and forgotten. A disk that is silent for longer than a history is long is
 * forgotten, and so is a failure of a disk that nobody knows.
 */
public final class HistoryFunction extends KeyedProcessFunction<String, TrainInput, HandOver> {

  /** Name of the state of histories; a name in savepoints, never to change. */
  public static final String LOG = "train-drive-log";

  /** Name of the state of newest samples; a name in savepoints, never to change. */
  public static final String HEAD = "train-drive-head";

  private static final long serialVersionUID = 1L;
  private static final long DAY_MILLIS = TimeUnit.DAYS.toMillis(1);

  private final TrainSettings settings;

  private transient ValueState<DriveLog> logs;

  /** Day and counters of the newest sample: most samples say the same, and cost no more than it. */
  private transient ValueState<Long> heads;

  private transient DriveLog.Bounds bounds;
  private transient Map<DriveLog.Taken, Counter> taken;
  private transient Counter unknownDisks;
  private transient Counter handedOver;

  /** A function under these settings. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public HistoryFunction(TrainSettings settings) {
    this.settings = settings;
  }

  @Override
  public void open(OpenContext context) {
    logs =
        getRuntimeContext()
            .getState(new ValueStateDescriptor<>(LOG, RecordFormat.DRIVE_LOG.info(DriveLog.class)));
    heads = getRuntimeContext().getState(new ValueStateDescriptor<>(HEAD, Types.LONG));
    bounds = settings.logBounds();
    MetricGroup group = getRuntimeContext().getMetricGroup().addGroup("forestall");
    taken = new EnumMap<>(DriveLog.Taken.class);
    for (DriveLog.Taken each : DriveLog.Taken.values()) {
      taken.put(each, group.addGroup("taken", each.name()).counter("histories"));
    }
    unknownDisks = group.counter("failuresOfUnknownDisks");
    handedOver = group.counter("historiesHandedOver");
  }

  @Override
  public void processElement(TrainInput input, Context context, Collector<HandOver> out)
      throws Exception {
    switch (input.kind()) {
      case SAMPLE -> sample(input, context);
      case FAILED -> failed(input, context);
      case DESCRIBED -> described(input);
      case LEFT -> left(context);
      case NOTHING, ALARM -> {}
    }
  }

  private void sample(TrainInput input, Context context) throws Exception {
    int day = day(input.timeMillis());
    long head = ((long) day << 32) | (DriveLog.counters(input.measured()) & 0xffff_ffffL);
    Long newest = heads.value();
    if (newest != null && newest == head) {
      count(DriveLog.Taken.SAME_DAY);
      return;
    }
    DriveLog log = logs.value();
    boolean fresh = log == null;
    if (fresh) {
      log = new DriveLog(input.disk());
    }
    DriveLog.Taken became =
        log.take(day, input.model(), input.measured(), eventDay(context), bounds);
    count(became);
    if (became == DriveLog.Taken.LATE || became == DriveLog.Taken.AFTER_FAILURE) {
      return;
    }
    logs.update(log);
    heads.update(head);
    remind(context, input.timeMillis());
    if (fresh) {
      context.timerService().registerEventTimeTimer(endMillis(log));
    }
  }

  private void failed(TrainInput input, Context context) throws Exception {
    DriveLog log = logs.value();
    boolean fresh = log == null;
    if (fresh) {
      log = new DriveLog(context.getCurrentKey());
    }
    DriveLog.Taken became = log.fail(day(input.timeMillis()));
    count(became);
    if (became != DriveLog.Taken.FAILED) {
      return;
    }
    logs.update(log);
    // The next sample is not like the newest one: that may have been of the day of failure.
    heads.clear();
    remind(context, Math.max(input.timeMillis(), context.timerService().currentWatermark()));
    if (fresh) {
      context.timerService().registerEventTimeTimer(endMillis(log));
    }
  }

  private void described(TrainInput input) throws Exception {
    DriveLog log = logs.value();
    String model = input.model();
    if (log != null && model != null && log.model() == null) {
      log.describe(model);
      logs.update(log);
    }
  }

  private void left(Context context) throws Exception {
    DriveLog log = logs.value();
    if (log == null) {
      return;
    }
    log.leave();
    logs.update(log);
    heads.clear();
    remind(context, Math.max(lastMillis(log), context.timerService().currentWatermark()));
  }

  @Override
  public void onTimer(long timeMillis, OnTimerContext context, Collector<HandOver> out)
      throws Exception {
    DriveLog log = logs.value();
    if (log == null) {
      return;
    }
    boolean trial = timeMillis % settings.intervalMillis() == 0;
    if (trial && !log.isEmpty()) {
      handOver(log, timeMillis, out);
      if (log.left()) {
        if (lastMillis(log) < timeMillis) {
          forget();
          return;
        }
        remind(context, lastMillis(log));
      }
    }
    if (timeMillis >= endMillis(log)) {
      if (log.isEmpty()) {
        unknownDisks.inc();
      }
      forget();
    } else if (!trial) {
      context.timerService().registerEventTimeTimer(endMillis(log));
    }
  }

  private void handOver(DriveLog log, long trialMillis, Collector<HandOver> out) throws Exception {
    DriveLog known = log.cut(day(trialMillis - 1));
    if (known == null) {
      return;
    }
    boolean failed = known.failureDay() != DriveLog.NEVER;
    if (failed && log.failureTold()) {
      return;
    }
    out.collect(new HandOver(known, trialMillis, !failed && !log.left(), failed));
    handedOver.inc();
    if (failed) {
      log.tellFailure();
      logs.update(log);
    }
  }

  private void forget() {
    logs.clear();
    heads.clear();
  }

  /** Rings at the time of the first trial after a time. */
  private void remind(Context context, long timeMillis) {
    long interval = settings.intervalMillis();
    if (timeMillis < Long.MAX_VALUE - interval) {
      context
          .timerService()
          .registerEventTimeTimer((Math.floorDiv(timeMillis, interval) + 1) * interval);
    }
  }

  /** When a history is forgotten if nothing more is heard; never the time of a trial. */
  private long endMillis(DriveLog log) {
    long day =
        log.isEmpty()
            ? (long) log.failureDay() + DriveLog.GRACE_DAYS + 1
            : (long) log.lastDay() + settings.historyDays() + 1;
    return day * DAY_MILLIS + 1;
  }

  private static long lastMillis(DriveLog log) {
    return (log.isEmpty() ? log.failureDay() : log.lastDay()) * DAY_MILLIS;
  }

  private static int day(long timeMillis) {
    return (int) Math.floorDiv(timeMillis, DAY_MILLIS);
  }

  private static int eventDay(Context context) {
    long watermark = context.timerService().currentWatermark();
    return watermark == Long.MIN_VALUE ? Integer.MIN_VALUE : day(watermark);
  }

  private void count(DriveLog.Taken became) {
    Counter counter = taken.get(became);
    if (counter != null) {
      counter.inc();
    }
  }
}
