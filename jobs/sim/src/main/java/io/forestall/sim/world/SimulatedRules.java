package io.forestall.sim.world;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.Rule;
import io.forestall.decisions.incident.RuleSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A few rules of every shape, for the events of {@link StorageWorld}. */
final class SimulatedRules {
  private static final long MINUTE = 60_000;

  private SimulatedRules() {}

  static RuleSet rules() {
    return new RuleSet(
        0,
        List.of(
            rule(
                "node-failing-soon",
                Subject.Kind.NODE,
                false,
                List.of(stage("the node is expected to fail", "node.failure.predicted", 1, true)),
                Map.of(),
                null,
                Severity.CRITICAL,
                ActKind.MIGRATE,
                List.of()),
            rule(
                "node-down",
                Subject.Kind.NODE,
                false,
                List.of(stage("the node does not answer", "node.unreachable", 1, false)),
                Map.of(),
                null,
                Severity.CRITICAL,
                ActKind.FAILOVER,
                List.of()),
            rule(
                "disk-down",
                Subject.Kind.DISK,
                false,
                List.of(stage("the disk has failed", "disk.failed", 1, false)),
                Map.of(),
                null,
                Severity.CRITICAL,
                ActKind.REPAIR,
                List.of()),
            rule(
                "disk-slow-and-failing",
                Subject.Kind.DISK,
                false,
                List.of(
                    stage("the disk is expected to fail", "disk.failure.predicted", 1, true),
                    stage("the disk becomes slow", "disk.latency.high", 3, false)),
                Map.of("disk.failure.predicted", 24 * 60 * MINUTE),
                null,
                Severity.ERROR,
                ActKind.SHADOW,
                List.of()),
            rule(
                "volume-slow",
                Subject.Kind.VOLUME,
                true,
                List.of(
                    stage("reads of the volume become slow", "volume.read.slow", 2, false),
                    stage("a client gives up", "client.timeout", 1, false)),
                Map.of(),
                condition("volume.read.normal", false),
                null,
                ActKind.PREFETCH,
                List.of()),
            rule(
                "rack-down",
                Subject.Kind.RACK,
                false,
                List.of(
                    new Rule.Stage(
                        "nodes of the rack do not answer",
                        condition("node.unreachable", false),
                        2,
                        Subject.Kind.NODE)),
                Map.of("node.unreachable", 30 * MINUTE),
                null,
                Severity.CRITICAL,
                ActKind.INVESTIGATE,
                List.of(new Rule.Inhibition("*", Subject.Kind.RACK)))));
  }

  private static Rule rule(
      String id,
      Subject.Kind key,
      boolean ordered,
      List<Rule.Stage> stages,
      Map<String, Long> horizons,
      Rule.@Nullable Condition clearedBy,
      @Nullable Severity severity,
      ActKind recommendation,
      List<Rule.Inhibition> inhibits) {
    return new Rule(
        id,
        1,
        true,
        id + " in a simulated world",
        List.of(key),
        ordered,
        stages,
        MINUTE,
        horizons,
        20 * MINUTE,
        3 * 60 * MINUTE,
        clearedBy,
        severity,
        recommendation,
        "the rule " + id + " asks for it",
        inhibits,
        Map.of());
  }

  private static Rule.Stage stage(String name, String type, int count, boolean predicted) {
    return new Rule.Stage(name, condition(type, predicted), count, null);
  }

  private static Rule.Condition condition(String type, boolean predicted) {
    return new Rule.Condition(
        List.of(type), Set.of(), Severity.UNKNOWN, predicted, Set.of(), List.of());
  }
}
