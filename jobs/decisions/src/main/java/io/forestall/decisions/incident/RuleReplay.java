package io.forestall.decisions.incident;

import io.forestall.decisions.Place;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What the correlate job does with events, without Flink: sorts them within a bound, drops repeats,
 * routes, matches, and makes incidents. For tests of rules. For one thread.
 */
public final class RuleReplay {

  /** Most identifiers remembered to drop repeats. */
  private static final int MAX_IDS = 100_000;

  private final RuleSet rules;
  private final SymptomRouter router;
  private final IncidentDecider decider;
  private final long boundMillis;
  private final PriorityQueue<Arrival> waiting = new PriorityQueue<>(Arrival::compareTo);
  private final Set<String> ids = new LinkedHashSet<>();
  private final Map<String, RuleMatcher> matchers = new HashMap<>();
  private final Map<String, IncidentState> pools = new TreeMap<>();
  // Single critical events, and what clears them, are said at once; when their turn comes, not
  // again.
  private final Set<String> said = new HashSet<>();
  private long watermarkMillis = Long.MIN_VALUE;
  private long late;

  private record Arrival(FleetEvent event, @Nullable Place place) implements Comparable<Arrival> {
    @Override
    public int compareTo(Arrival other) {
      int byTime = Long.compare(event.timeMillis(), other.event.timeMillis());
      return byTime != 0 ? byTime : event.id().compareTo(other.event.id());
    }
  }

  /**
   * A replay.
   *
   * @param boundMillis how much later than a newer one an event may arrive and still be sorted in;
   *     milliseconds
   */
  public RuleReplay(RuleSet rules, long boundMillis) {
    this.rules = rules;
    this.router = new SymptomRouter(rules);
    this.decider = new IncidentDecider(() -> rules);
    this.boundMillis = boundMillis;
  }

  /**
   * Takes the event that arrives next.
   *
   * @param place where its entity stands, null when unknown
   * @param incidents hears of what became known by it
   */
  public void take(FleetEvent event, @Nullable Place place, Consumer<Incident> incidents) {
    if (!ids.add(event.id())) {
      return;
    }
    if (ids.size() > MAX_IDS) {
      Iterator<String> oldest = ids.iterator();
      oldest.next();
      oldest.remove();
    }
    boolean isLate = event.timeMillis() <= watermarkMillis;
    List<Symptom> symptoms = new ArrayList<>();
    router.route(event, place, symptoms::add);
    for (Symptom symptom : symptoms) {
      Rule rule = rules.rule(symptom.rule());
      if (rule != null && symptom.stages() != 0) {
        if (rule.firesOnArrival(event) || (isLate && rule.needsOneEvent())) {
          said.add(symptom.rule() + " " + symptom.key() + " " + event.id());
          decide(
              symptom,
              new IncidentInput.Matched(symptom.rule(), symptom.key(), List.of(symptom)),
              incidents);
        }
      } else if (rule != null && !isLate && rule.clearsOnArrival(event)) {
        said.add(symptom.rule() + " " + symptom.key() + " " + event.id());
        decide(symptom, new IncidentInput.Seen(symptom), incidents);
      }
    }
    if (isLate) {
      late++;
      for (Symptom symptom : symptoms) {
        decide(symptom, new IncidentInput.Seen(symptom), incidents);
      }
    } else {
      waiting.add(new Arrival(event, place));
    }
    advance(event.timeMillis() - boundMillis - 1, incidents);
  }

  /**
   * Says that nothing older comes any more.
   *
   * @param timeMillis event time reached; milliseconds since 1970-01-01 UTC
   */
  public void advance(long timeMillis, Consumer<Incident> incidents) {
    if (timeMillis <= watermarkMillis) {
      return;
    }
    while (!waiting.isEmpty() && waiting.peek().event().timeMillis() <= timeMillis) {
      Arrival next = waiting.remove();
      router.route(next.event(), next.place(), symptom -> match(symptom, incidents));
    }
    watermarkMillis = timeMillis;
    for (IncidentState state : pools.values()) {
      while (decider.alarmMillis(state) <= watermarkMillis) {
        decider.wake(state, watermarkMillis, incidents);
      }
    }
    pools.values().removeIf(IncidentState::isEmpty);
  }

  /** Events that arrived behind the bound; count. */
  public long late() {
    return late;
  }

  private void match(Symptom symptom, Consumer<Incident> incidents) {
    Rule rule = rules.rule(symptom.rule());
    String key = symptom.rule() + " " + symptom.key();
    if (rule == null || said.remove(key + " " + symptom.event().id())) {
      return;
    }
    decide(symptom, new IncidentInput.Seen(symptom), incidents);
    RuleMatcher matcher = matchers.computeIfAbsent(key, unused -> new RuleMatcher(rule));
    matcher.take(symptom, matched -> decide(symptom, matched, incidents));
    if (matcher.held() == 0) {
      matchers.remove(key);
    }
  }

  private void decide(Symptom symptom, IncidentInput input, Consumer<Incident> incidents) {
    String pool = CorrelationKey.pool(symptom.event(), symptom.place());
    IncidentState state = pools.computeIfAbsent(pool, decider::empty);
    decider.decide(state, input, watermarkMillis, incidents);
  }
}
