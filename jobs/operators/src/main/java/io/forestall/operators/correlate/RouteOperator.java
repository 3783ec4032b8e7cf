package io.forestall.operators.correlate;

import io.forestall.decisions.Place;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.IncidentInput;
import io.forestall.decisions.incident.Rule;
import io.forestall.decisions.incident.RuleMatcher;
import io.forestall.decisions.incident.RuleSet;
import io.forestall.decisions.incident.Symptom;
import io.forestall.decisions.incident.SymptomRouter;
import io.forestall.operators.types.RecordFormat;
import io.forestall.wire.WireException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.flink.api.common.state.BroadcastState;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.BasicTypeInfo;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
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
import org.apache.flink.util.OutputTag;

/**
 * Sends each event to the rules that can use it. Keyed by the identifier of the event's entity; the
 * second input is broadcast. Rows B3, B4.
 *
 * <p>An event waits until the watermark has passed it, then the events take their turns in the
 * order of (time, identifier): its place is looked up, and each rule that can use it gets a
 * symptom: by a side output for the rule's pattern, and by the main output for the incidents that
 * are open. A flood of one thing is thinned for the patterns, not for the incidents. A repeat is
 * dropped.
 *
 * <p>Two sorts do not wait: an event that alone is a critical incident of its own entity, or ends
 * one, and a late one, behind the watermark. A late one satisfies a rule that needs one event; else
 * it joins what is open, and while it still speaks it goes to the pattern with the time that was
 * reached.
 */
public final class RouteOperator extends AbstractStreamOperator<IncidentInput>
    implements TwoInputStreamOperator<FleetEvent, RouteControl, IncidentInput>,
        Triggerable<String, VoidNamespace> {

  /** Name of the memory of a thing's events; a name in savepoints, never to change. */
  public static final String MEMORY = "route-memory";

  /** Name of the events that wait; a name in savepoints, never to change. */
  public static final String PENDING = "route-pending";

  private static final MapStateDescriptor<String, Place> PLACES =
      new MapStateDescriptor<>(
          "route-places", BasicTypeInfo.STRING_TYPE_INFO, RecordFormat.PLACE.info(Place.class));
  private static final MapStateDescriptor<String, byte[]> POLICIES =
      new MapStateDescriptor<>(
          "route-policies",
          BasicTypeInfo.STRING_TYPE_INFO,
          PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO);

  /** The longest hold of a rule is cut into so many slices, each with a limit for one thing. */
  private static final int SLICES = 16;

  private static final Comparator<PendingEvent> IN_TIME =
      Comparator.comparingLong((PendingEvent each) -> each.event().timeMillis())
          .thenComparing(each -> each.event().id());

  private static final long serialVersionUID = 1L;

  private final CorrelateSettings settings;
  private final Rules submitted;

  private transient ValueState<RouteMemory> memories;
  private transient ListState<PendingEvent> pendingState;
  private transient BroadcastState<String, Place> placesState;
  private transient BroadcastState<String, byte[]> policiesState;
  private transient InternalTimerService<VoidNamespace> timers;
  private transient Places places;
  private transient RulesInForce rules;
  private transient SymptomRouter router;
  private transient Map<String, Target> targets;
  private transient List<PendingEvent> pending;

  /** Keys whose pending events stand in Flink's state since the last snapshot. */
  private transient List<String> pendingKeys;

  private transient List<Symptom> found;
  private transient StreamRecord<IncidentInput> out;
  private transient long watermarkMillis;
  private transient boolean begun;
  private transient Counter routed;
  private transient Counter unused;
  private transient Counter late;
  private transient Counter duplicates;
  private transient Counter thinned;
  private transient Counter policiesRefused;

  /** A rule as its symptoms find it. */
  private record Target(
      Rule rule,
      OutputTag<Symptom> tag,
      StreamRecord<Symptom> record,
      long sliceMillis,
      String[] stages) {
    /** True when a symptom alone satisfies the rule. */
    boolean alone(Symptom symptom) {
      return symptom.stages() != 0
          && rule.needsOneEvent()
          && RuleMatcher.satisfied(rule, List.of(symptom));
    }
  }

  /** An operator that routes to these rules. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public RouteOperator(CorrelateSettings settings, Rules submitted) {
    this.settings = settings;
    this.submitted = submitted;
  }

  @Override
  public void initializeState(StateInitializationContext context) throws Exception {
    super.initializeState(context);
    memories =
        context
            .getKeyedStateStore()
            .getState(
                new ValueStateDescriptor<>(
                    MEMORY, RecordFormat.ROUTE_MEMORY.serializer(RouteMemory.class)));
    pendingState =
        context
            .getKeyedStateStore()
            .getListState(
                new ListStateDescriptor<>(
                    PENDING, RecordFormat.PENDING_EVENT.serializer(PendingEvent.class)));
    placesState = context.getOperatorStateStore().getBroadcastState(PLACES);
    policiesState = context.getOperatorStateStore().getBroadcastState(POLICIES);
  }

  @Override
  public void open() throws Exception {
    super.open();
    MetricGroup group = getMetricGroup().addGroup("forestall");
    routed = group.counter("symptomsRouted");
    unused = group.counter("eventsUnused");
    late = group.counter("eventsLate");
    duplicates = group.counter("eventsDuplicate");
    thinned = group.counter("symptomsThinned");
    policiesRefused = group.counter("policiesRefused");
    pending = new ArrayList<>();
    pendingKeys = new ArrayList<>();
    group.gauge("eventsWaiting", () -> pending.size());
    found = new ArrayList<>();
    out = new StreamRecord<>(null);
    watermarkMillis = Long.MIN_VALUE;
    begun = false;
    timers = getInternalTimerService("forget", VoidNamespaceSerializer.INSTANCE, this);
    places = new Places();
    group.gauge("placesKnown", () -> places.size());
    for (Map.Entry<String, Place> each : placesState.immutableEntries()) {
      places.put(each.getKey(), each.getValue());
    }
    rules = new RulesInForce(submitted.set());
    for (Map.Entry<String, byte[]> each : policiesState.immutableEntries()) {
      policy(each.getKey(), each.getValue());
    }
    follow(rules.at(watermarkMillis));
    try (Stream<String> keys =
        this.<String>getKeyedStateBackend().getKeys(PENDING, VoidNamespace.INSTANCE)) {
      keys.forEach(pendingKeys::add);
    }
    for (String key : pendingKeys) {
      setCurrentKey(key);
      for (PendingEvent each : pendingState.get()) {
        pending.add(each);
      }
    }
  }

  private void follow(RuleSet now) {
    if (router != null && router.rules() == now) {
      return;
    }
    router = new SymptomRouter(now);
    Map<String, Target> made = new HashMap<>();
    for (Rule rule : now.rules()) {
      String[] stages = new String[rule.stages().size()];
      for (int i = 0; i < stages.length; i++) {
        stages[i] = rule.id() + "/" + i;
      }
      made.put(
          rule.id(),
          new Target(
              rule,
              CorrelateTags.symptoms(rule.id()),
              new StreamRecord<>(null),
              Math.max(1, rule.longestHoldMillis() / SLICES),
              stages));
    }
    targets = made;
  }

  @Override
  public void processElement1(StreamRecord<FleetEvent> element) throws Exception {
    FleetEvent event = element.getValue();
    RouteMemory memory = memory(event);
    if (!memory.first(event.id(), event.timeMillis(), settings.duplicatesLimit())) {
      duplicates.inc();
      return;
    }
    memories.update(memory);
    if (event.timeMillis() <= watermarkMillis) {
      late.inc();
      late(event);
      return;
    }
    pending.add(new PendingEvent(event, begun ? onArrival(event) : List.of()));
  }

  /** The memory of the current key; a new one ends by a timer. */
  private RouteMemory memory(FleetEvent event) throws Exception {
    RouteMemory memory = memories.value();
    if (memory == null) {
      memory = new RouteMemory();
      timers.registerEventTimeTimer(
          VoidNamespace.INSTANCE,
          Math.max(event.timeMillis(), watermarkMillis) + settings.duplicatesWithinMillis() + 1);
    }
    return memory;
  }

  /** Tells the rules that need not wait; the names of those that were told. */
  private List<String> onArrival(FleetEvent event) {
    if (!router.listensTo(event.type())) {
      return List.of();
    }
    List<String> told = List.of();
    for (Symptom symptom : symptoms(event)) {
      Target target = targets.get(symptom.rule());
      if (target == null) {
        continue;
      }
      IncidentInput input;
      if (target.alone(symptom) && target.rule.firesOnArrival(event)) {
        input = new IncidentInput.Matched(symptom.rule(), symptom.key(), List.of(symptom));
      } else if (symptom.stages() == 0 && target.rule.clearsOnArrival(event)) {
        input = new IncidentInput.Seen(symptom);
      } else {
        continue;
      }
      routed.inc();
      emit(input, event);
      if (told.isEmpty()) {
        told = new ArrayList<>(2);
      }
      told.add(symptom.rule());
    }
    return told;
  }

  private void late(FleetEvent event) {
    for (Symptom symptom : symptoms(event)) {
      routed.inc();
      Target target = targets.get(symptom.rule());
      if (target == null) {
        continue;
      }
      if (target.alone(symptom)) {
        emit(new IncidentInput.Matched(symptom.rule(), symptom.key(), List.of(symptom)), event);
        continue;
      }
      emit(new IncidentInput.Seen(symptom), event);
      if (symptom.stages() != 0
          && watermarkMillis - event.timeMillis() < target.rule.holdMillis(event.type())) {
        output.collect(target.tag, target.record.replace(symptom, watermarkMillis + 1));
      }
    }
  }

  /** An event whose time has come, in the order of the entity's events. */
  private void inTime(PendingEvent waited) throws Exception {
    FleetEvent event = waited.event();
    List<Symptom> symptoms = symptoms(event);
    if (symptoms.isEmpty()) {
      unused.inc();
      return;
    }
    RouteMemory memory = null;
    for (Symptom symptom : symptoms) {
      Target target = targets.get(symptom.rule());
      if (target == null || waited.told().contains(symptom.rule())) {
        continue;
      }
      routed.inc();
      emit(new IncidentInput.Seen(symptom), event);
      if (symptom.stages() == 0) {
        continue;
      }
      if (memory == null) {
        memory = memory(event);
      }
      if (room(memory, symptom, target)) {
        output.collect(target.tag, target.record.replace(symptom, event.timeMillis()));
      } else {
        thinned.inc();
      }
    }
    if (memory != null) {
      memories.update(memory);
    }
  }

  private static boolean room(RouteMemory memory, Symptom symptom, Target target) {
    boolean room = false;
    for (int stage = 0; stage < target.stages.length; stage++) {
      if ((symptom.stages() & (1 << stage)) != 0) {
        // No short cut: every stage that it counts for is given it.
        room |=
            memory.roomFor(
                target.stages[stage],
                symptom.event().timeMillis(),
                target.sliceMillis,
                target.rule.stages().get(stage).count() + 1);
      }
    }
    return room;
  }

  private List<Symptom> symptoms(FleetEvent event) {
    found.clear();
    if (router.listensTo(event.type())) {
      router.route(event, places.of(event), found::add);
    }
    return found;
  }

  private void emit(IncidentInput input, FleetEvent event) {
    output.collect(out.replace(input, event.timeMillis()));
  }

  @Override
  public void processElement2(StreamRecord<RouteControl> element) throws Exception {
    RouteControl control = element.getValue();
    switch (control.kind()) {
      case PLACE -> {
        Place place = control.place();
        places.put(control.key(), place);
        if (place == null) {
          placesState.remove(control.key());
        } else {
          placesState.put(control.key(), place);
        }
      }
      case POLICY -> {
        byte[] record = control.policy();
        if (!policy(control.key(), record)) {
          return;
        }
        if (record == null) {
          policiesState.remove(control.key());
        } else {
          policiesState.put(control.key(), record);
        }
        follow(rules.at(watermarkMillis));
      }
      case DEAD -> throw new IllegalStateException("dead letters leave before the broadcast");
    }
  }

  private boolean policy(String key, byte @org.jspecify.annotations.Nullable [] record) {
    try {
      return rules.take(key, record);
    } catch (WireException | IllegalArgumentException e) {
      // The gate told of it; the last good policy stays.
      policiesRefused.inc();
      return false;
    }
  }

  @Override
  public void processWatermark(Watermark mark) throws Exception {
    watermarkMillis = mark.getTimestamp();
    follow(rules.at(watermarkMillis));
    if (!begun && watermarkMillis > Long.MIN_VALUE + 1) {
      // Fleet and policies are read now: what arrived before them and cannot wait is told.
      begun = true;
      pending.replaceAll(
          each ->
              each.told().isEmpty() && each.event().timeMillis() > watermarkMillis
                  ? new PendingEvent(each.event(), onArrival(each.event()))
                  : each);
    }
    if (!pending.isEmpty()) {
      List<PendingEvent> due = new ArrayList<>();
      int kept = 0;
      for (PendingEvent each : pending) {
        if (each.event().timeMillis() <= watermarkMillis) {
          due.add(each);
        } else {
          pending.set(kept++, each);
        }
      }
      pending.subList(kept, pending.size()).clear();
      due.sort(IN_TIME);
      for (PendingEvent each : due) {
        setCurrentKey(each.event().entity().id());
        inTime(each);
      }
    }
    super.processWatermark(mark);
  }

  @Override
  public void onEventTime(InternalTimer<String, VoidNamespace> timer) throws Exception {
    RouteMemory memory = memories.value();
    if (memory == null) {
      return;
    }
    if (memory.forget(watermarkMillis, settings.duplicatesWithinMillis())) {
      memories.clear();
    } else {
      memories.update(memory);
      long next = memory.nextMillis(settings.duplicatesWithinMillis());
      timers.registerEventTimeTimer(
          VoidNamespace.INSTANCE,
          // Not for each event on its own: what is over by then goes together.
          Math.max(next, watermarkMillis + settings.duplicatesWithinMillis() / 4) + 1);
    }
  }

  @Override
  public void onProcessingTime(InternalTimer<String, VoidNamespace> timer) {
    throw new IllegalStateException("routing has no clock");
  }

  @Override
  public void snapshotState(StateSnapshotContext context) throws Exception {
    for (String key : pendingKeys) {
      setCurrentKey(key);
      pendingState.clear();
    }
    pendingKeys.clear();
    Map<String, List<PendingEvent>> byKey = new HashMap<>();
    for (PendingEvent each : pending) {
      byKey.computeIfAbsent(each.event().entity().id(), key -> new ArrayList<>()).add(each);
    }
    for (Map.Entry<String, List<PendingEvent>> each : byKey.entrySet()) {
      setCurrentKey(each.getKey());
      pendingState.update(each.getValue());
      pendingKeys.add(each.getKey());
    }
    super.snapshotState(context);
  }
}
