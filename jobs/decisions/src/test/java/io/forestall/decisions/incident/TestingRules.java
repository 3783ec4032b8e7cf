package io.forestall.decisions.incident;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Rules and events in few words. */
final class TestingRules {

  private TestingRules() {}

  static Rule.Condition types(String... types) {
    return new Rule.Condition(
        List.of(types), Set.of(), Severity.UNKNOWN, null, Set.of(), List.of());
  }

  static Rule.Stage stage(int count, String... types) {
    return new Rule.Stage(String.join(" or ", types), types(types), count, null);
  }

  static Rule rule(
      String id,
      List<Subject.Kind> key,
      boolean ordered,
      long windowMillis,
      Map<String, Long> horizonsMillis,
      Rule.Stage... stages) {
    return new Rule(
        id,
        1,
        true,
        "A rule of a test.",
        key,
        ordered,
        List.of(stages),
        windowMillis,
        horizonsMillis,
        10_000,
        100_000,
        null,
        null,
        ActKind.INVESTIGATE,
        "Because.",
        List.of(),
        Map.of());
  }

  static FleetEvent event(String id, String type, Subject entity, long timeMillis) {
    return event(id, type, entity, timeMillis, List.of());
  }

  static FleetEvent event(
      String id, String type, Subject entity, long timeMillis, List<Subject> related) {
    return new FleetEvent(
        id,
        type,
        Severity.WARNING,
        false,
        entity,
        related,
        timeMillis,
        null,
        1,
        0,
        null,
        null,
        null,
        null,
        null,
        "test",
        "",
        Map.of(),
        Map.of());
  }
}
