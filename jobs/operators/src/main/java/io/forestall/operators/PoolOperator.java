package io.forestall.operators;

import io.forestall.decisions.Decider;
import io.forestall.decisions.DeciderState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.flink.api.common.state.BroadcastState;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.BasicTypeInfo;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.VoidNamespaceSerializer;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.InternalTimer;
import org.apache.flink.streaming.api.operators.InternalTimerService;
import org.apache.flink.streaming.api.operators.Triggerable;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.util.function.BiConsumerWithException;
import org.jspecify.annotations.Nullable;

/**
 * Carries a pure {@link Decider} in Flink, one state for each key, a pool. The first input is keyed
 * by pool, the second is broadcast: what all pools share, such as rules or policies.
 *
 * <p>The state of each key lives in memory. Flink's state holds its rows, written when a snapshot
 * is taken and never for an input; they are read when the operator opens. One timer for each key
 * stands for its alarm. A key whose state is empty leaves nothing behind: no row, no timer, no
 * memory.
 *
 * <p>In event time an input waits, unless it must not, until the watermark has passed it; then
 * inputs and alarms take their turns in the order of their times, with the time of each as {@code
 * now}: what is decided does not depend on how inputs arrived within the bound. In processing time
 * an input is taken at once and {@code now} is the wall clock, which never goes back for a key.
 *
 * @param <S> what the decider remembers under one key
 * @param <E> input of the decider
 * @param <B> input that every subtask gets
 * @param <D> decision
 */
public final class PoolOperator<S extends DeciderState, E, B, D> extends AbstractStreamOperator<D>
    implements TwoInputStreamOperator<E, B, D>, Triggerable<String, VoidNamespace> {

  /** Name of the rows of the deciders' states; a name in savepoints, never to change. */
  public static final String ROWS = "pool-rows";

  /** Name of the inputs that wait for the watermark; a name in savepoints, never to change. */
  public static final String WAITING = "pool-waiting";

  /** Name of the rows of what all keys share; a name in savepoints, never to change. */
  public static final String SHARED = "pool-shared";

  private static final String ALARMS = "pool-alarms";
  private static final long serialVersionUID = 1L;

  private final PoolBrain.Factory<S, E, B, D> factory;

  /** Null in processing time. */
  private final @Nullable PoolTime<E> order;

  /** Null in processing time, where nothing waits. */
  private final @Nullable TypeInformation<E> inputType;

  private transient MapState<String, byte[]> rows;
  private transient @Nullable ListState<E> waiting;
  private transient BroadcastState<String, byte[]> shared;
  private transient InternalTimerService<VoidNamespace> timers;
  private transient PoolBrain<S, E, B, D> brain;
  private transient Decider<S, E, D> decider;

  /** In the order of birth, so that what all keys hear leaves in the same order each time. */
  private transient Map<String, Held<S, E>> all;

  private transient StreamRecord<D> out;
  private transient Counter inputs;
  private transient Counter decisions;
  private transient Counter rowsWritten;
  private transient boolean greeted;
  private transient long watermarkMillis;

  /** What is in memory of one key. */
  private static final class Held<S, E> {
    final String key;
    final S state;
    final List<E> waiting = new ArrayList<>();
    boolean waitingStored;
    boolean stored;
    boolean greeted;
    long nowMillis = Long.MIN_VALUE;
    long timerMillis = Decider.NO_ALARM;

    Held(String key, S state) {
      this.key = key;
      this.state = state;
    }
  }

  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  private PoolOperator(
      PoolBrain.Factory<S, E, B, D> factory,
      @Nullable PoolTime<E> order,
      @Nullable TypeInformation<E> inputType) {
    this.factory = factory;
    this.order = order;
    this.inputType = inputType;
  }

  /**
   * An operator in event time.
   *
   * @param order how inputs follow each other
   * @param inputType of the inputs that wait for the watermark, which stand in checkpoints
   */
  public static <S extends DeciderState, E, B, D> PoolOperator<S, E, B, D> eventTime(
      PoolBrain.Factory<S, E, B, D> factory, PoolTime<E> order, TypeInformation<E> inputType) {
    return new PoolOperator<>(factory, order, inputType);
  }

  /** An operator in processing time. */
  public static <S extends DeciderState, E, B, D> PoolOperator<S, E, B, D> processingTime(
      PoolBrain.Factory<S, E, B, D> factory) {
    return new PoolOperator<>(factory, null, null);
  }

  @Override
  public void initializeState(StateInitializationContext context) throws Exception {
    super.initializeState(context);
    rows =
        context
            .getKeyedStateStore()
            .getMapState(
                new MapStateDescriptor<>(
                    ROWS,
                    BasicTypeInfo.STRING_TYPE_INFO,
                    PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO));
    if (inputType != null) {
      waiting =
          context.getKeyedStateStore().getListState(new ListStateDescriptor<>(WAITING, inputType));
    }
    shared =
        context
            .getOperatorStateStore()
            .getBroadcastState(
                new MapStateDescriptor<>(
                    SHARED,
                    BasicTypeInfo.STRING_TYPE_INFO,
                    PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO));
  }

  @Override
  public void open() throws Exception {
    super.open();
    MetricGroup group = getMetricGroup().addGroup("forestall");
    inputs = group.counter("poolInputs");
    decisions = group.counter("poolDecisions");
    rowsWritten = group.counter("poolRowsWritten");
    all = new LinkedHashMap<>();
    group.gauge("pools", () -> all.size());
    out = new StreamRecord<>(null);
    watermarkMillis = Long.MIN_VALUE;
    greeted = false;
    timers = getInternalTimerService(ALARMS, VoidNamespaceSerializer.INSTANCE, this);
    brain = factory.open(getRuntimeContext(), group);
    for (Map.Entry<String, byte[]> row : shared.immutableEntries()) {
      brain.restoreShared(row.getKey(), row.getValue());
    }
    decider = brain.decider();
    Map<String, Long> set = timersSet();
    Set<String> keys = keysKept();
    keys.addAll(set.keySet());
    for (String key : keys) {
      setCurrentKey(key);
      restore(key, set.getOrDefault(key, Decider.NO_ALARM));
    }
    if (!all.isEmpty()) {
      // Nobody may ever speak to a restored key again, yet it must hear that it was restarted.
      getProcessingTimeService()
          .registerTimer(getProcessingTimeService().getCurrentProcessingTime(), time -> greetAll());
    }
  }

  /** Where the timer of each key stands. */
  private Map<String, Long> timersSet() throws Exception {
    Map<String, Long> set = new HashMap<>();
    BiConsumerWithException<VoidNamespace, Long, Exception> each =
        (namespace, timeMillis) -> set.put((String) getCurrentKey(), timeMillis);
    if (order == null) {
      timers.forEachProcessingTimeTimer(each);
    } else {
      timers.forEachEventTimeTimer(each);
    }
    return set;
  }

  private Set<String> keysKept() {
    Set<String> keys = new TreeSet<>();
    for (String state : inputType == null ? List.of(ROWS) : List.of(ROWS, WAITING)) {
      try (Stream<String> each =
          this.<String>getKeyedStateBackend().getKeys(state, VoidNamespace.INSTANCE)) {
        each.forEach(keys::add);
      }
    }
    return keys;
  }

  private void restore(String key, long timerMillis) throws Exception {
    Held<S, E> held = new Held<>(key, decider.empty(key));
    held.timerMillis = timerMillis;
    for (Map.Entry<String, byte[]> row : rows.entries()) {
      held.state.restore(row.getKey(), row.getValue());
      held.stored = true;
    }
    if (waiting != null) {
      for (E input : waiting.get()) {
        held.waiting.add(input);
        held.waitingStored = true;
      }
    }
    all.put(key, held);
    alarm(held);
  }

  @Override
  public void processElement1(StreamRecord<E> element) throws Exception {
    greetAll();
    inputs.inc();
    E input = element.getValue();
    Held<S, E> held = held((String) getCurrentKey());
    if (order == null) {
      held.nowMillis =
          Math.max(held.nowMillis, getProcessingTimeService().getCurrentProcessingTime());
      decide(held, input, held.nowMillis);
    } else {
      long timeMillis = order.timeMillis(input);
      if (timeMillis > watermarkMillis && !order.atOnce(input)) {
        held.waiting.add(input);
        return;
      }
      // Before the first watermark there is no other time than the input's own.
      long nowMillis = watermarkMillis == Long.MIN_VALUE ? timeMillis : watermarkMillis;
      decide(held, input, Math.max(held.nowMillis, nowMillis));
    }
    settle(held);
  }

  @Override
  public void processElement2(StreamRecord<B> element) throws Exception {
    greetAll();
    boolean tell =
        brain.share(
            element.getValue(),
            (row, body) -> {
              if (body == null) {
                shared.remove(row);
              } else {
                shared.put(row, body);
              }
            });
    if (tell) {
      for (Held<S, E> held : List.copyOf(all.values())) {
        setCurrentKey(held.key);
        hear(held, brain.news(held.key));
        settle(held);
      }
    }
  }

  @Override
  public void processWatermark(Watermark mark) throws Exception {
    greetAll();
    watermarkMillis = mark.getTimestamp();
    if (order != null) {
      brain.timeReached(watermarkMillis);
      for (Held<S, E> held : List.copyOf(all.values())) {
        if (!held.waiting.isEmpty()) {
          setCurrentKey(held.key);
          takeDue(held, order);
          settle(held);
        }
      }
    }
    super.processWatermark(mark);
  }

  /** Takes what the watermark has passed, and the alarms before each, in the order of time. */
  private void takeDue(Held<S, E> held, PoolTime<E> time) {
    List<E> due = new ArrayList<>();
    List<E> later = new ArrayList<>();
    for (E input : held.waiting) {
      (time.timeMillis(input) <= watermarkMillis ? due : later).add(input);
    }
    if (due.isEmpty()) {
      return;
    }
    held.waiting.clear();
    held.waiting.addAll(later);
    due.sort(
        (one, other) -> {
          int byTime = Long.compare(time.timeMillis(one), time.timeMillis(other));
          return byTime != 0 ? byTime : time.compareSameTime(one, other);
        });
    for (E input : due) {
      long timeMillis = time.timeMillis(input);
      wakeUntil(held, timeMillis - 1);
      decide(held, input, Math.max(held.nowMillis, timeMillis));
    }
  }

  @Override
  public void onEventTime(InternalTimer<String, VoidNamespace> timer) throws Exception {
    ring(timer);
  }

  @Override
  public void onProcessingTime(InternalTimer<String, VoidNamespace> timer) throws Exception {
    ring(timer);
  }

  private void ring(InternalTimer<String, VoidNamespace> timer) throws Exception {
    greetAll();
    Held<S, E> held = all.get(timer.getKey());
    if (held == null) {
      return;
    }
    if (held.timerMillis == timer.getTimestamp()) {
      held.timerMillis = Decider.NO_ALARM;
    }
    setCurrentKey(held.key);
    settle(held);
  }

  /** What time it is for alarms; milliseconds. */
  private long reachedMillis() {
    return order == null ? getProcessingTimeService().getCurrentProcessingTime() : watermarkMillis;
  }

  /** Does what is due up to a time, each at its own time. */
  private void wakeUntil(Held<S, E> held, long reachedMillis) {
    long alarmMillis = decider.alarmMillis(held.state);
    while (alarmMillis <= reachedMillis && alarmMillis != Decider.NO_ALARM) {
      // In event time the alarm's own time; the wall clock may be long past it.
      held.nowMillis = Math.max(held.nowMillis, order == null ? reachedMillis : alarmMillis);
      decider.wake(held.state, held.nowMillis, this::say);
      long next = decider.alarmMillis(held.state);
      if (next <= alarmMillis) {
        // It waits for something else than time: again when time has moved on.
        return;
      }
      alarmMillis = next;
    }
  }

  private void decide(Held<S, E> held, E input, long nowMillis) {
    held.nowMillis = nowMillis;
    decider.decide(held.state, input, nowMillis, this::say);
  }

  private void say(D decision) {
    decisions.inc();
    output.collect(out.replace(decision));
  }

  /** After a key was spoken to: what is due is done, its timer stands right, or it is gone. */
  private void settle(Held<S, E> held) throws Exception {
    wakeUntil(held, reachedMillis());
    if (held.state.isEmpty() && held.waiting.isEmpty()) {
      held.state.takeChanges();
      if (held.stored) {
        rows.clear();
      }
      if (held.waitingStored && waiting != null) {
        waiting.clear();
      }
      unset(held);
      all.remove(held.key);
    } else {
      alarm(held);
    }
  }

  /**
   * Sets the timer of the current key. An earlier one is left to ring in vain: most alarms only
   * move on.
   */
  private void alarm(Held<S, E> held) {
    long alarmMillis = decider.alarmMillis(held.state);
    if (alarmMillis == Decider.NO_ALARM) {
      unset(held);
      return;
    }
    long atMillis = Math.max(alarmMillis, plusOne(reachedMillis()));
    if (held.timerMillis <= atMillis || atMillis == Long.MAX_VALUE) {
      return;
    }
    unset(held);
    held.timerMillis = atMillis;
    if (order == null) {
      timers.registerProcessingTimeTimer(VoidNamespace.INSTANCE, atMillis);
    } else {
      timers.registerEventTimeTimer(VoidNamespace.INSTANCE, atMillis);
    }
  }

  private static long plusOne(long millis) {
    return millis == Long.MAX_VALUE ? millis : millis + 1;
  }

  private void unset(Held<S, E> held) {
    if (held.timerMillis == Decider.NO_ALARM) {
      return;
    }
    if (order == null) {
      timers.deleteProcessingTimeTimer(VoidNamespace.INSTANCE, held.timerMillis);
    } else {
      timers.deleteEventTimeTimer(VoidNamespace.INSTANCE, held.timerMillis);
    }
    held.timerMillis = Decider.NO_ALARM;
  }

  private Held<S, E> held(String key) {
    Held<S, E> held = all.get(key);
    if (held == null) {
      held = new Held<>(key, decider.empty(key));
      all.put(key, held);
      greet(held);
    }
    return held;
  }

  private void greetAll() throws Exception {
    if (greeted) {
      return;
    }
    greeted = true;
    Object current = getCurrentKey();
    for (Held<S, E> held : List.copyOf(all.values())) {
      setCurrentKey(held.key);
      greet(held);
      settle(held);
    }
    if (current != null) {
      setCurrentKey(current);
    }
  }

  private void greet(Held<S, E> held) {
    if (!held.greeted) {
      held.greeted = true;
      hear(held, brain.greetings(held.key));
    }
  }

  private void hear(Held<S, E> held, List<E> said) {
    for (E input : said) {
      // In event time before the first watermark there is no time yet: the epoch.
      long nowMillis = Math.max(0, reachedMillis());
      decide(held, input, Math.max(held.nowMillis, nowMillis));
    }
  }

  @Override
  public void snapshotState(StateSnapshotContext context) throws Exception {
    for (Held<S, E> held : all.values()) {
      Map<String, byte[]> changes = held.state.takeChanges();
      boolean waits = !held.waiting.isEmpty() || held.waitingStored;
      if (changes.isEmpty() && !waits) {
        continue;
      }
      setCurrentKey(held.key);
      for (Map.Entry<String, byte[]> change : changes.entrySet()) {
        if (change.getValue().length == 0) {
          rows.remove(change.getKey());
        } else {
          rows.put(change.getKey(), change.getValue());
          held.stored = true;
        }
        rowsWritten.inc();
      }
      if (waits && waiting != null) {
        waiting.update(held.waiting);
        held.waitingStored = !held.waiting.isEmpty();
      }
    }
    super.snapshotState(context);
  }
}
