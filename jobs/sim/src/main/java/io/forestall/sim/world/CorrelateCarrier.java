package io.forestall.sim.world;

import io.forestall.decisions.Decider;
import io.forestall.decisions.DeciderState;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.guard.GuardInput;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.Incident;
import io.forestall.decisions.incident.IncidentInput;
import io.forestall.decisions.incident.Rule;
import io.forestall.decisions.incident.RuleMatcher;
import io.forestall.decisions.incident.RuleSet;
import io.forestall.decisions.incident.Symptom;
import io.forestall.decisions.incident.SymptomRouter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One instance of the correlate job: routes events to rules, matches them in the order of event
 * time behind a watermark, and makes incidents of the matches. The matcher stands where the product
 * has Flink CEP.
 *
 * @param <S> state of the incident decider
 */
final class CorrelateCarrier<S extends DeciderState> extends Carrier {
  static final String JOB = "correlate";

  /** How much later than a younger event one may come and still be in order; milliseconds. */
  static final long BOUND_MILLIS = 10_000;

  private static final long IDLE_MILLIS = 60_000;
  private static final List<Topic> SOURCES = List.of(Topic.EVENTS, Topic.PREDICTED, Topic.FLEET);
  private static final Comparator<FleetEvent> ORDER =
      Comparator.comparingLong(FleetEvent::timeMillis).thenComparing(FleetEvent::id);

  private final SymptomRouter router;
  private final RuleSet rules;
  private final Map<String, Bug.Mouth> mouths = new TreeMap<>();
  private Keep<S, IncidentInput, Incident> keep;
  private final Map<String, Place> places = new HashMap<>();
  private final TreeSet<FleetEvent> waiting = new TreeSet<>(ORDER);
  private final Set<String> seen = new HashSet<>();
  private final Map<String, History> histories = new TreeMap<>();
  private final Map<String, long[]> clocks = new TreeMap<>();
  private long watermarkMillis = Long.MIN_VALUE;

  CorrelateCarrier(
      Simulation world, int start, RuleSet rules, Decider<S, IncidentInput, Incident> decider) {
    super(world, JOB, start, SOURCES);
    this.rules = rules;
    this.router = new SymptomRouter(rules);
    this.keep = new Keep<>(decider, world.bug::kept);
    for (Topic topic : List.of(Topic.EVENTS, Topic.PREDICTED)) {
      for (int partition = 0; partition < topic.partitions(); partition++) {
        // Who has not spoken holds the time back until it counts as idle.
        clocks.put(topic + "-" + partition, new long[] {Long.MIN_VALUE, nowMillis()});
      }
    }
  }

  /** All symptoms under one key of one rule, and the matcher that has taken them. */
  private static final class History {
    private final RuleMatcher matcher;
    private final List<Symptom> taken = new ArrayList<>();

    private History(Rule rule) {
      matcher = new RuleMatcher(rule);
    }
  }

  private static final class Saved extends Checkpoint {
    private final Map<String, Map<String, byte[]>> rows;
    private final Map<String, Place> places;
    private final List<FleetEvent> waiting;
    private final Set<String> seen;
    private final Map<String, List<Symptom>> histories = new TreeMap<>();

    private Saved(CorrelateCarrier<?> of) {
      super(of);
      rows = of.keep.snapshot();
      places = new HashMap<>(of.places);
      waiting = List.copyOf(of.waiting);
      seen = new HashSet<>(of.seen);
      of.histories.forEach((key, history) -> histories.put(key, List.copyOf(history.taken)));
    }
  }

  @Override
  Checkpoint checkpoint() {
    return new Saved(this);
  }

  void restore(Checkpoint from) {
    Saved saved = (Saved) from;
    seek(saved);
    keep = keep.restored(saved.rows);
    places.putAll(saved.places);
    waiting.addAll(saved.waiting);
    seen.addAll(saved.seen);
    saved.histories.forEach(
        (key, taken) -> {
          // A matcher is what it has taken; its matches were heard before.
          for (Symptom symptom : taken) {
            history(key, symptom).matcher.take(symptom, match -> {});
            history(key, symptom).taken.add(symptom);
          }
        });
    // Flink's watermarks are not in a checkpoint: they begin anew, with what is read next.
    watermarkMillis = Long.MIN_VALUE;
  }

  @Override
  void read(Entry entry, long nowMillis) {
    Object body = entry.body();
    if (body instanceof Entry.Poison) {
      world.deadLetter(this, entry, "cannot be decoded");
      return;
    }
    if (entry.topic() == Topic.FLEET) {
      if (body instanceof GuardInput.MemberChanged changed) {
        places.put(entry.key(), changed.member().place());
      } else if (body == null) {
        places.remove(entry.key());
      }
      return;
    }
    if (!(body instanceof FleetEvent event)) {
      return;
    }
    String partition = entry.topic() + "-" + entry.partition();
    long[] clock = Objects.requireNonNull(clocks.get(partition));
    clock[0] = Math.max(clock[0], event.timeMillis());
    clock[1] = nowMillis;
    if (!seen.add(event.id())) {
      return;
    }
    boolean late = event.timeMillis() <= watermarkMillis;
    Place place = place(event);
    router.route(
        event,
        place,
        symptom -> {
          Rule rule = rules.rule(symptom.rule());
          if (rule == null || symptom.stages() == 0) {
            return;
          }
          if (single(rule) && (late || rule.firesOnArrival(symptom.event()))) {
            hear(
                new IncidentInput.Matched(symptom.rule(), symptom.key(), List.of(symptom)),
                place,
                late);
          }
        });
    if (late) {
      router.route(event, place, symptom -> hear(new IncidentInput.Seen(symptom), place, true));
    } else {
      waiting.add(event);
    }
  }

  private static boolean single(Rule rule) {
    return rule.stages().size() == 1 && rule.stages().get(0).count() == 1;
  }

  private boolean unread(String partition) {
    int dash = partition.lastIndexOf('-');
    return unread(
        Topic.valueOf(partition.substring(0, dash)),
        Integer.parseInt(partition.substring(dash + 1)));
  }

  @Override
  void turn(long nowMillis) {
    long reached = Long.MAX_VALUE;
    for (Map.Entry<String, long[]> each : clocks.entrySet()) {
      long[] clock = each.getValue();
      // Who has something to say that was not read yet is not idle, however long we slept.
      if (nowMillis - clock[1] < IDLE_MILLIS || unread(each.getKey())) {
        reached =
            Math.min(
                reached, clock[0] == Long.MIN_VALUE ? Long.MIN_VALUE : clock[0] - BOUND_MILLIS);
      }
    }
    if (reached == Long.MAX_VALUE || reached <= watermarkMillis) {
      return;
    }
    watermarkMillis = reached;
    while (!waiting.isEmpty() && waiting.first().timeMillis() <= watermarkMillis) {
      FleetEvent event = waiting.first();
      waiting.remove(event);
      wake(event.timeMillis() - 1);
      Place place = place(event);
      router.route(
          event,
          place,
          symptom -> {
            Rule rule = rules.rule(symptom.rule());
            if (rule == null) {
              return;
            }
            if (symptom.stages() != 0 && !(single(rule) && rule.firesOnArrival(symptom.event()))) {
              History history = history(symptom.rule() + "|" + symptom.key(), symptom);
              history.taken.add(symptom);
              history.matcher.take(symptom, match -> hear(match, place, false));
            }
            hear(new IncidentInput.Seen(symptom), place, false);
          });
    }
    wake(watermarkMillis);
  }

  private History history(String key, Symptom symptom) {
    History history = histories.get(key);
    if (history == null) {
      Rule rule = rules.rule(symptom.rule());
      if (rule == null) {
        throw new IllegalStateException("no rule '" + symptom.rule() + "'");
      }
      history = new History(rule);
      histories.put(key, history);
    }
    return history;
  }

  private void hear(IncidentInput input, @Nullable Place place, boolean late) {
    String pool = place == null ? "" : place.pool();
    // Before the first watermark there is no other time than the input's own.
    long now = watermarkMillis == Long.MIN_VALUE ? input.timeMillis() : watermarkMillis;
    for (IncidentInput heard : world.bug.heard(input, late)) {
      try {
        keep.decide(pool, heard, now, incident -> utter(pool, incident));
        keep.settle(pool);
      } catch (RuntimeException e) {
        throw world.stumbled(this, pool + " reads " + heard, e);
      }
    }
  }

  private void wake(long untilMillis) {
    if (keep.alarmMillis() > untilMillis) {
      return;
    }
    try {
      keep.wake(untilMillis, this::utter);
    } catch (RuntimeException e) {
      throw world.stumbled(this, "wakes at " + untilMillis, e);
    }
  }

  @Override
  long alarmMillis() {
    // Its alarms are in event time: they ring with the records that bring the time.
    return Long.MAX_VALUE;
  }

  private @Nullable Place place(FleetEvent event) {
    Place own = places.get(event.entity().toString());
    if (own != null) {
      return own;
    }
    for (Subject related : event.related()) {
      if (related.kind() == Subject.Kind.NODE) {
        return places.get(related.toString());
      }
    }
    return null;
  }

  /** What it still remembers, for the end. */
  String rest() {
    return keep.rest();
  }

  /** Its rows, for the end. */
  Map<String, Map<String, byte[]>> rows() {
    return keep.snapshot();
  }

  private void utter(String pool, Incident incident) {
    Bug.Mouth mouth = mouths.computeIfAbsent(pool, p -> new Bug.Mouth(p, incarnation));
    for (Incident said : world.bug.said(incident, mouth)) {
      world.said(this, said);
      writer.send(Topic.INCIDENTS, said.id(), said.pool() == null ? "" : said.pool(), said);
    }
  }
}
