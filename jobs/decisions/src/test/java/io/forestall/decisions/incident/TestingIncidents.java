package io.forestall.decisions.incident;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Makes rules, events and inputs of incidents, and runs a decider as a job of event time does. */
final class TestingIncidents {
  static final long SECOND = 1000;
  static final long MINUTE = 60 * SECOND;

  private final IncidentDecider decider;
  private IncidentState state;
  private final Map<String, byte[]> rows = new LinkedHashMap<>();
  final List<Incident> records = new ArrayList<>();

  TestingIncidents(Rule... rules) {
    RuleSet set = new RuleSet(0, List.of(rules));
    this.decider = new IncidentDecider(() -> set);
    this.state = decider.empty("p");
  }

  /** Takes inputs that arrive while the time reached is this. */
  TestingIncidents take(long watermarkMillis, IncidentInput... inputs) {
    for (IncidentInput input : inputs) {
      decider.decide(state, input, watermarkMillis, records::add);
    }
    return this;
  }

  /** Lets time reach this, waking as often as the decider asks. */
  TestingIncidents until(long watermarkMillis) {
    while (decider.alarmMillis(state) <= watermarkMillis) {
      decider.wake(state, decider.alarmMillis(state), records::add);
    }
    return this;
  }

  /** Ends all that is open. */
  TestingIncidents untilEnd() {
    while (decider.alarmMillis(state) != IncidentDecider.NO_ALARM) {
      decider.wake(state, decider.alarmMillis(state), records::add);
    }
    return this;
  }

  /** Keeps the changed rows, as a checkpoint does. */
  Map<String, byte[]> checkpoint() {
    state
        .takeChanges()
        .forEach(
            (row, body) -> {
              if (body.length == 0) {
                rows.remove(row);
              } else {
                rows.put(row, body);
              }
            });
    return rows;
  }

  /** Goes on from the rows of a checkpoint alone. */
  TestingIncidents restart() {
    Map<String, byte[]> kept = checkpoint();
    state = decider.empty("p");
    kept.forEach(state::restore);
    return this;
  }

  IncidentState state() {
    return state;
  }

  Incident last() {
    return records.get(records.size() - 1);
  }

  List<Incident> ofRule(String rule) {
    return records.stream().filter(one -> one.rule().equals(rule)).toList();
  }

  /** A rule of one stage over nodes, quiet after a minute, at most an hour long. */
  static Rule rule(String id, Subject.Kind... key) {
    return new Rule(
        id,
        1,
        true,
        "for tests",
        List.of(key),
        false,
        List.of(
            new Rule.Stage(
                "something happens",
                new Rule.Condition(
                    List.of("*"), Set.of(), Severity.UNKNOWN, null, Set.of(), List.of()),
                1,
                null)),
        MINUTE,
        Map.of(),
        MINUTE,
        60 * MINUTE,
        null,
        null,
        ActKind.MIGRATE,
        "what fails is to be emptied",
        List.of(),
        Map.of("team", "storage"));
  }

  static Rule with(Rule rule, @Nullable Severity severity, Rule.Inhibition... inhibits) {
    return new Rule(
        rule.id(),
        rule.version(),
        rule.enabled(),
        rule.description(),
        rule.key(),
        rule.ordered(),
        rule.stages(),
        rule.windowMillis(),
        rule.horizonsMillis(),
        rule.quietMillis(),
        rule.maxLengthMillis(),
        rule.clearedBy(),
        severity,
        rule.recommendation(),
        rule.recommendationText(),
        List.of(inhibits),
        rule.labels());
  }

  static Place place(int node) {
    return new Place("n-" + node, "r-" + node / 4, "z-" + node / 16, "region-1", "p");
  }

  static FleetEvent event(String id, String type, Severity severity, Subject entity, long time) {
    return new FleetEvent(
        id,
        type,
        severity,
        false,
        entity,
        List.of(),
        time,
        null,
        1,
        0,
        null,
        null,
        null,
        null,
        null,
        "test",
        "something happened",
        Map.of("x", 1.0),
        Map.of("l", "w"));
  }

  static FleetEvent predicted(
      String id, Subject entity, long time, double confidence, long horizonMillis) {
    return new FleetEvent(
        id,
        "disk.failure.predicted",
        Severity.WARNING,
        true,
        entity,
        List.of(),
        time,
        null,
        confidence,
        horizonMillis,
        confidence,
        io.forestall.risk.FailureMode.DISK,
        80.0,
        "m",
        3,
        "test",
        "it will fail",
        Map.of(),
        Map.of());
  }

  static Symptom symptom(String rule, String key, FleetEvent event, @Nullable Place place) {
    return new Symptom(rule, key, 1, false, event, place);
  }

  static IncidentInput matched(Symptom... symptoms) {
    return new IncidentInput.Matched(symptoms[0].rule(), symptoms[0].key(), List.of(symptoms));
  }

  static IncidentInput seen(Symptom symptom) {
    return new IncidentInput.Seen(symptom);
  }

  static IncidentInput clear(Symptom symptom) {
    return new IncidentInput.Seen(
        new Symptom(symptom.rule(), symptom.key(), 0, true, symptom.event(), symptom.place()));
  }
}
