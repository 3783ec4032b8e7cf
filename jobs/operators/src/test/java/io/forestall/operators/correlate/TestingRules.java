package io.forestall.operators.correlate;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.incident.Rule;
import io.forestall.decisions.incident.RuleSet;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Rules and events made for tests, plain ones and random ones from a seed. */
final class TestingRules {

  static final long NOON_MILLIS = 1_750_000_000_000L;

  private TestingRules() {}

  static Rule.Condition types(String... types) {
    return new Rule.Condition(
        List.of(types), Set.of(), Severity.UNKNOWN, null, Set.of(), List.of());
  }

  static Rule.Stage stage(String name, int count, String... types) {
    return new Rule.Stage(name, types(types), count, null);
  }

  static Rule rule(
      String id,
      boolean ordered,
      long windowMillis,
      Map<String, Long> horizonsMillis,
      List<Rule.Stage> stages) {
    return new Rule(
        id,
        1,
        true,
        "a rule of a test",
        List.of(Subject.Kind.NODE),
        ordered,
        stages,
        windowMillis,
        horizonsMillis,
        60_000,
        horizonsMillis.values().stream().mapToLong(Long::longValue).max().orElse(0) + 600_000,
        null,
        null,
        ActKind.INVESTIGATE,
        "a person should look",
        List.of(),
        Map.of());
  }

  static Rule with(Rule rule, @Nullable Severity severity, Rule.@Nullable Condition clearedBy) {
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
        clearedBy,
        severity,
        rule.recommendation(),
        rule.recommendationText(),
        rule.inhibits(),
        rule.labels());
  }

  static FleetEvent event(String id, String type, Subject entity, long timeMillis) {
    return event(id, type, entity, Severity.WARNING, timeMillis);
  }

  static FleetEvent event(
      String id, String type, Subject entity, Severity severity, long timeMillis) {
    return new FleetEvent(
        id,
        type,
        severity,
        false,
        entity,
        entity.kind() == Subject.Kind.DISK ? List.of(Subject.node("n-1")) : List.of(),
        NOON_MILLIS + timeMillis,
        null,
        1,
        0,
        null,
        null,
        null,
        null,
        null,
        "test",
        type + " happened to " + entity,
        Map.of(),
        Map.of());
  }

  static Place place(String node) {
    return new Place(node, "r-1", "z-1", "eu", "p-1");
  }

  /** A rule of up to four stages, whose types may overlap, over types a to e. */
  static Rule random(Random random, String id) {
    int count = 1 + random.nextInt(4);
    List<Rule.Stage> stages = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      List<String> types = new ArrayList<>();
      for (String type : List.of("t.a", "t.b", "t.c", "t.d", "t.e")) {
        if (random.nextInt(3) == 0) {
          types.add(type);
        }
      }
      if (types.isEmpty()) {
        types.add("t." + (char) ('a' + random.nextInt(5)));
      }
      int needed = 1 + random.nextInt(3);
      stages.add(
          new Rule.Stage(
              "stage " + i + " of " + String.join(" or ", types),
              types(types.toArray(String[]::new)),
              needed,
              needed > 1 && random.nextInt(3) == 0 ? Subject.Kind.DISK : null));
    }
    long windowMillis = 1000L * (1 + random.nextInt(20));
    Map<String, Long> horizons = new HashMap<>();
    for (String type : List.of("t.a", "t.b")) {
      boolean used = stages.stream().anyMatch(stage -> stage.when().types().contains(type));
      if (used && random.nextInt(3) == 0) {
        horizons.put(type, windowMillis + 1000L * (1 + random.nextInt(60)));
      }
    }
    boolean ordered = stages.size() > 1 && random.nextBoolean();
    return rule(id, ordered, windowMillis, horizons, stages);
  }

  /** Events of a few nodes' disks in the order of (time, identifier), some at the same time. */
  static List<FleetEvent> randomEvents(Random random, int count, int stepMillis) {
    List<FleetEvent> events = new ArrayList<>();
    long timeMillis = 0;
    for (int i = 0; i < count; i++) {
      timeMillis += random.nextInt(stepMillis);
      events.add(
          event(
              String.format("e%05d", i),
              "t." + (char) ('a' + random.nextInt(5)),
              Subject.disk("d-" + random.nextInt(4)),
              timeMillis));
    }
    return events;
  }

  static Rules rules(Rule... rules) {
    return Rules.of(new RuleSet(0, List.of(rules)));
  }
}
