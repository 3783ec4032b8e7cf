package io.forestall.operators.move;

import io.forestall.decisions.Decider;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.decisions.shadow.ShadowStream;
import io.forestall.decisions.shadow.StreamInput;
import io.forestall.decisions.shadow.StreamOutput;
import io.forestall.decisions.shadow.StreamState;
import io.forestall.wire.StandingRecords;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.BasicTypeInfo;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.tasks.ProcessingTimeService;

/**
 * Carries {@link ShadowStream} in Flink, one state for each unit with shadows (E4). Processing
 * time.
 *
 * <p>The states of the units that were spoken of last live on the heap, at most so many; all others
 * lie in keyed state alone, as rows, which are written when a snapshot is taken or a unit gives
 * way, and never for a delta. Deltas of units without shadows are passed over without a look at the
 * state: the names of those with shadows are always known. A unit whose last shadow is gone leaves
 * nothing behind.
 *
 * <p>Alarms are looked for ten times a second, because all of them are standings, which may be
 * late.
 */
public final class StreamOperator extends AbstractStreamOperator<ShadowStep>
    implements OneInputStreamOperator<MoveInput, ShadowStep> {

  /** Name of the rows of the streams' states; a name in savepoints, never to change. */
  public static final String ROWS = "stream-rows";

  private static final long serialVersionUID = 1L;

  /** How often alarms are looked for; milliseconds. */
  private static final long TICK_MILLIS = 100;

  /** How often figures over all hot units are made, in ticks. */
  private static final int FIGURES_TICKS = 10;

  /**
   * Age of a delta when it is read, by the broker's clock, from which on the job is behind its log;
   * and how long it counts as behind after the last one. Milliseconds.
   */
  private static final long BEHIND_MILLIS = 5_000;

  private final MoveSettings settings;

  private transient ShadowStream stream;
  private transient int hotUnits;
  private transient MapState<String, byte[]> rows;

  /** Units with shadows, hot or not. */
  private transient Set<String> units;

  /** The hot ones, the one spoken of longest ago first. */
  private transient LinkedHashMap<String, Held> hot;

  /** Alarms of units that are not hot. */
  private transient Map<String, Long> alarms;

  private transient StreamRecord<ShadowStep> out;
  private transient MoveFigures figures;
  private transient long nowMillis;
  private transient long lastBehindMillis;
  private transient int ticks;

  /** A unit's state on the heap. */
  private static final class Held {
    final StreamState state;
    boolean changed;

    Held(StreamState state) {
      this.state = state;
    }
  }

  /** An operator under these settings. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public StreamOperator(MoveSettings settings) {
    this.settings = settings;
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
  }

  @Override
  public void open() throws Exception {
    super.open();
    stream = settings.stream();
    hotUnits = settings.hotUnits();
    out = new StreamRecord<>(null);
    units = new HashSet<>();
    hot = new LinkedHashMap<>(1024, 0.75f, true);
    alarms = new HashMap<>();
    figures = new MoveFigures(getMetricGroup().addGroup("forestall"));
    try (Stream<String> kept =
        this.<String>getKeyedStateBackend().getKeys(ROWS, VoidNamespace.INSTANCE)) {
      kept.forEach(units::add);
    }
    figures.units(units.size());
    ProcessingTimeService clock = getProcessingTimeService();
    nowMillis = clock.getCurrentProcessingTime();
    // Nobody knows yet how far behind the log it is.
    lastBehindMillis = nowMillis;
    var unused = clock.registerTimer(nowMillis + TICK_MILLIS, this::tick);
  }

  // ---- inputs

  @Override
  public void processElement(StreamRecord<MoveInput> element) throws Exception {
    MoveInput input = element.getValue();
    nowMillis = Math.max(nowMillis, getProcessingTimeService().getCurrentProcessingTime());
    if (input instanceof MoveInput.DeltaRead read) {
      if (nowMillis - read.appendedMillis() > BEHIND_MILLIS) {
        lastBehindMillis = nowMillis;
      }
      if (units.contains(read.key())) {
        figures.deltas.inc();
        take(
            read.key(),
            new StreamInput.Read(read.delta(), read.partition(), read.offset(), read.run()));
      } else {
        figures.passedOver.inc();
      }
    } else if (input instanceof MoveInput.Reported reported) {
      if (units.contains(input.key())) {
        figures.reports.inc();
        boolean behind = nowMillis - lastBehindMillis < BEHIND_MILLIS;
        take(input.key(), new StreamInput.Reported(reported.report(), behind));
      }
    } else if (input instanceof MoveInput.UnitMapped unit) {
      StreamInput.Mapped mapped = unit.mapped();
      if (mapped != null) {
        take(unit.unit(), mapped);
      } else if (units.contains(unit.unit())) {
        take(unit.unit(), new StreamInput.Unmapped(Long.MAX_VALUE));
      }
    } else if (input instanceof MoveInput.Unreadable bad && units.contains(bad.unit())) {
      take(bad.unit(), new StreamInput.Damaged(bad.partition(), bad.offset(), bad.run()));
    }
  }

  /** Tells a unit's stream something; the current key is the unit. */
  private void take(String unit, StreamInput input) throws Exception {
    Held held = hot.get(unit);
    boolean cold = held == null && units.contains(unit);
    if (held == null) {
      held = warm(unit);
    }
    stream.decide(held.state, input, nowMillis, this::say);
    if (cold) {
      // Its rows do not say when its alarm rings, and it may be cold again before the next tick.
      stream.wake(held.state, nowMillis, this::say);
    }
    held.changed = true;
    if (held.state.isEmpty()) {
      forget(unit);
    } else if (hot.size() > hotUnits) {
      cool(unit);
    }
  }

  private void say(StreamOutput said) {
    if (said instanceof StreamOutput.Sent sent) {
      figures.sent(sent.step());
      output.collect(out.replace(sent.step()));
    } else if (said instanceof StreamOutput.Stood stood) {
      aside(StandingUpdate.of(stood.standing()));
    } else if (said instanceof StreamOutput.Ended ended) {
      aside(new StandingUpdate(StandingRecords.key(ended.unit(), ended.shadow()), null));
    } else if (said instanceof StreamOutput.Noted noted) {
      figures.noted(noted.event());
      output.collect(MoveTags.EVENTS, new StreamRecord<>(noted.event()));
    }
  }

  private void aside(StandingUpdate update) {
    output.collect(MoveTags.STANDINGS, new StreamRecord<>(update));
  }

  // ---- hot and cold

  /** Brings a unit onto the heap; the current key is the unit. */
  private Held warm(String unit) throws Exception {
    Held held = new Held(stream.empty(unit));
    if (units.add(unit)) {
      figures.units(units.size());
    } else {
      figures.warmed.inc();
      for (Map.Entry<String, byte[]> row : rows.entries()) {
        held.state.restore(row.getKey(), row.getValue());
      }
    }
    alarms.remove(unit);
    hot.put(unit, held);
    return held;
  }

  /** The unit that was quiet longest gives way; the current key is another and stays. */
  private void cool(String current) throws Exception {
    Iterator<Map.Entry<String, Held>> oldest = hot.entrySet().iterator();
    Map.Entry<String, Held> first = oldest.next();
    oldest.remove();
    String unit = first.getKey();
    Held held = first.getValue();
    setCurrentKey(unit);
    keep(held);
    setCurrentKey(current);
    long alarmMillis = stream.alarmMillis(held.state);
    if (alarmMillis != Decider.NO_ALARM) {
      alarms.put(unit, alarmMillis);
    }
    figures.cooled.inc();
  }

  /** Writes what changed of a unit's state; the current key is the unit. */
  private void keep(Held held) throws Exception {
    if (!held.changed) {
      return;
    }
    held.changed = false;
    for (Map.Entry<String, byte[]> change : held.state.takeChanges().entrySet()) {
      if (change.getValue().length == 0) {
        rows.remove(change.getKey());
      } else {
        rows.put(change.getKey(), change.getValue());
      }
      figures.rowsWritten.inc();
    }
  }

  /** A unit has no shadow any more; the current key is the unit. */
  private void forget(String unit) {
    rows.clear();
    hot.remove(unit);
    units.remove(unit);
    figures.units(units.size());
  }

  @Override
  public void snapshotState(StateSnapshotContext context) throws Exception {
    Object current = getCurrentKey();
    for (Map.Entry<String, Held> each : hot.entrySet()) {
      if (each.getValue().changed) {
        setCurrentKey(each.getKey());
        keep(each.getValue());
      }
    }
    if (current != null) {
      setCurrentKey(current);
    }
    super.snapshotState(context);
  }

  // ---- time

  private void tick(long timeMillis) throws Exception {
    nowMillis = Math.max(nowMillis, getProcessingTimeService().getCurrentProcessingTime());
    for (Map.Entry<String, Held> each : hot.entrySet()) {
      Held held = each.getValue();
      if (stream.alarmMillis(held.state) <= nowMillis) {
        stream.wake(held.state, nowMillis, this::say);
        held.changed = true;
      }
    }
    List<String> due = new ArrayList<>(0);
    for (Map.Entry<String, Long> alarm : alarms.entrySet()) {
      if (alarm.getValue() <= nowMillis) {
        due.add(alarm.getKey());
      }
    }
    for (String unit : due) {
      setCurrentKey(unit);
      Held held = warm(unit);
      stream.wake(held.state, nowMillis, this::say);
      held.changed = true;
      if (hot.size() > hotUnits) {
        cool(unit);
      }
    }
    if (ticks++ % FIGURES_TICKS == 0) {
      figures.look(hot.size(), hot.values().stream().map(each -> each.state), nowMillis);
    }
    var unused = getProcessingTimeService().registerTimer(nowMillis + TICK_MILLIS, this::tick);
  }
}
