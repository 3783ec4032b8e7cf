package io.forestall.operators;

import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.PeerMeans;
import io.forestall.risk.signal.SignalDeriver;
import io.forestall.risk.signal.SignalSample;
import io.forestall.risk.signal.SignalState;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Topics;
import io.forestall.wire.DeadLetters;
import io.forestall.wire.Keys;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.TimerService;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import org.jspecify.annotations.Nullable;

/**
 * Derives the signals of machines and disks under load from two samples that follow each other, and
 * sums them up for the window of the peers, so that one record a window and thing goes to them
 * instead of each sample. Rows A1, A3.
 *
 * <p>Of a thing that the fleet topic has not described samples wait, bounded in number and in event
 * time. One event-time timer a thing serves that wait and the window; it moves only when it fires.
 */
public final class SignalFunction extends KeyedProcessFunction<String, EntityInput, SignalInput> {

  /** Name of the one keyed state; a name in savepoints, never to change. */
  public static final String MEMORY = "signal-memory";

  private static final long serialVersionUID = 1L;
  private static final byte[] NO_PAYLOAD = {};

  private final SenseSettings settings;
  private final Engines engines;
  private final DeadLetterText text;

  private transient ValueState<SignalMemory> memories;
  private transient SignalDeriver deriver;
  private transient DeadLetters letters;
  private transient SenseMetrics metrics;
  private transient EventProgress progress;
  private transient Counter samplesDerived;
  private transient Counter duplicates;
  private transient Counter late;
  private transient Counter parked;
  private transient Counter released;
  private transient Counter ended;
  private transient Counter latePeers;
  private transient StateMeter<SignalMemory> stateBytes;

  /** A function over these settings, with these engines. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public SignalFunction(SenseSettings settings, Engines engines) {
    this.settings = settings;
    this.engines = engines;
    this.text = new DeadLetterText(Topics.TELEMETRY.name(settings.topicPrefix()));
  }

  @Override
  public void open(OpenContext context) {
    memories =
        getRuntimeContext()
            .getState(
                settings.bounded(new ValueStateDescriptor<>(MEMORY, SignalMemory.serializer())));
    deriver = engines.signals();
    letters = new DeadLetters("sense");
    metrics = new SenseMetrics(getRuntimeContext().getMetricGroup());
    progress = new EventProgress(metrics);
    samplesDerived = metrics.group().counter("samplesDerived");
    duplicates = metrics.group().counter("duplicates");
    late = metrics.group().counter("late");
    parked = metrics.group().counter("parked");
    released = metrics.group().counter("released");
    ended = metrics.group().counter("ended");
    latePeers = metrics.group().counter("latePeers");
    stateBytes = new StateMeter<>(metrics, SignalMemory.serializer());
  }

  @Override
  public void processElement(EntityInput input, Context context, Collector<SignalInput> out)
      throws Exception {
    SignalMemory memory = memories.value();
    switch (input.kind()) {
      case SAMPLE -> {
        progress.sample(input.timeMillis(), context.timerService().currentWatermark());
        sample(memory == null ? new SignalMemory() : memory, input, context, out);
      }
      case FLEET -> fleet(memory == null ? new SignalMemory() : memory, input, context, out);
      case TOMBSTONE -> tombstone(memory, input, context, out);
    }
  }

  private void sample(
      SignalMemory memory, EntityInput input, Context context, Collector<SignalInput> out)
      throws Exception {
    if (memory.home == null) {
      park(memory, input, context);
      if (!memory.parked.isEmpty()) {
        memories.update(memory);
      }
    } else if (derive(memory, memory.home, input, context, out)) {
      memories.update(memory);
      stateBytes.measure(memory);
    }
  }

  /** Derives one sample; false when it was refused and nothing has changed. */
  private boolean derive(
      SignalMemory memory,
      Home home,
      EntityInput input,
      Context context,
      Collector<SignalInput> out) {
    EntitySample sample = input.requireSample();
    SignalState state = memory.state;
    if (state == null) {
      state = SignalState.fresh();
      memory.state = state;
    }
    long lastMillis = state.timeMillis();
    SignalSample signals = deriver.derive(state, sample, home.peers());
    if (signals == null) {
      if (sample.timeMillis() == lastMillis) {
        duplicates.inc();
        refuse(input, DeadReason.DUPLICATE, text.duplicate(), context);
      } else {
        late.inc();
        refuse(input, DeadReason.LATE, text.late(lastMillis), context);
      }
      return false;
    }
    samplesDerived.inc();
    addToWindow(memory, home, signals, context);
    out.collect(SignalInput.sample(signals, home));
    return true;
  }

  private void addToWindow(SignalMemory memory, Home home, SignalSample signals, Context context) {
    if (home.peers().isEmpty()) {
      return;
    }
    long endMillis = EventWindows.endMillis(signals.timeMillis(), settings.peerWindowMillis());
    if (memory.window != null && memory.windowEndMillis != endMillis) {
      closeWindow(memory, home, context);
    }
    TimerService timers = context.timerService();
    if (endMillis - 1 <= timers.currentWatermark()) {
      latePeers.inc();
      return;
    }
    PeerMeans window = memory.window;
    if (window == null) {
      window = PeerMeans.empty(signals.scope());
      memory.window = window;
      memory.windowEndMillis = endMillis;
    }
    window.add(signals);
    if (memory.timerMillis == SignalMemory.NO_TIMER) {
      setTimer(memory, endMillis - 1, timers);
    }
  }

  private static void closeWindow(SignalMemory memory, Home home, Context context) {
    PeerMeans window = memory.window;
    if (window != null) {
      context.output(
          SenseTags.PEER_MEANS,
          new PeerInput(home.peers(), memory.windowEndMillis, context.getCurrentKey(), window));
      memory.window = null;
    }
  }

  private void park(SignalMemory memory, EntityInput input, Context context) {
    if (deadlineMillis(input) <= context.timerService().currentWatermark()) {
      // A timer for it would wait until event time moves again, and no sample may move it.
      giveUp(input, context);
      return;
    }
    memory.parked.add(input);
    parked.inc();
    if (memory.parked.size() > settings.unknownEntityLimit()) {
      refuse(
          memory.parked.remove(),
          DeadReason.UNKNOWN_ENTITY,
          text.tooManyWaiting(settings.unknownEntityLimit()),
          context);
    }
    if (memory.timerMillis == SignalMemory.NO_TIMER && !memory.parked.isEmpty()) {
      setTimer(memory, deadlineMillis(memory.parked.element()), context.timerService());
    }
  }

  private void fleet(
      SignalMemory memory, EntityInput input, Context context, Collector<SignalInput> out)
      throws Exception {
    Home home = input.requireHome();
    Home before = memory.home;
    if (home.equals(before)) {
      return;
    }
    if (before != null && !before.peers().equals(home.peers())) {
      closeWindow(memory, before, context);
    }
    memory.home = home;
    if (!memory.parked.isEmpty()) {
      clearTimer(memory, context.timerService());
      for (EntityInput waiting : memory.parked) {
        derive(memory, home, waiting, context, out);
        released.inc();
      }
      memory.parked.clear();
    }
    memories.update(memory);
  }

  private void tombstone(
      @Nullable SignalMemory memory,
      EntityInput input,
      Context context,
      Collector<SignalInput> out) {
    if (memory != null) {
      for (EntityInput waiting : memory.parked) {
        refuse(waiting, DeadReason.UNKNOWN_ENTITY, text.ended(), context);
      }
      clearTimer(memory, context.timerService());
      memories.clear();
    }
    ended.inc();
    // Without memory too: records may stand in the topics from before.
    out.collect(SignalInput.tombstone(input.entity()));
  }

  @Override
  public void onTimer(long timeMillis, OnTimerContext context, Collector<SignalInput> out)
      throws Exception {
    SignalMemory memory = memories.value();
    if (memory == null || memory.timerMillis != timeMillis) {
      return;
    }
    memory.timerMillis = SignalMemory.NO_TIMER;
    Home home = memory.home;
    if (home != null) {
      if (memory.window != null) {
        if (memory.windowEndMillis - 1 <= timeMillis) {
          closeWindow(memory, home, context);
        } else {
          setTimer(memory, memory.windowEndMillis - 1, context.timerService());
        }
      }
    } else {
      while (!memory.parked.isEmpty() && deadlineMillis(memory.parked.element()) <= timeMillis) {
        giveUp(memory.parked.remove(), context);
      }
      if (memory.parked.isEmpty()) {
        memories.clear();
        return;
      }
      setTimer(memory, deadlineMillis(memory.parked.element()), context.timerService());
    }
    memories.update(memory);
  }

  private static void setTimer(SignalMemory memory, long millis, TimerService timers) {
    timers.registerEventTimeTimer(millis);
    memory.timerMillis = millis;
  }

  private static void clearTimer(SignalMemory memory, TimerService timers) {
    if (memory.timerMillis != SignalMemory.NO_TIMER) {
      timers.deleteEventTimeTimer(memory.timerMillis);
      memory.timerMillis = SignalMemory.NO_TIMER;
    }
  }

  private long deadlineMillis(EntityInput waiting) {
    return waiting.timeMillis() + settings.unknownEntityGraceMillis();
  }

  /** Its fleet entry did not come in the time that is given to it. */
  private void giveUp(EntityInput input, Context context) {
    refuse(
        input,
        DeadReason.UNKNOWN_ENTITY,
        text.unknown(settings.unknownEntityGraceMillis()),
        context);
  }

  private void refuse(EntityInput input, DeadReason reason, String detail, Context context) {
    metrics.deadLetter(reason);
    EntityRef entity = Keys.parse(input.entity());
    context.output(
        SenseTags.DEAD_LETTERS,
        letters.sample(
            text.topic(),
            input.partition(),
            input.offset(),
            input.index(),
            input.timeMillis(),
            reason,
            detail,
            entity,
            NO_PAYLOAD));
  }
}
