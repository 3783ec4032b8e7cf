package io.forestall.operators;

import io.forestall.risk.Assessment;
import io.forestall.risk.ModeAssessment;
import io.forestall.risk.Tier;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.Event;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.Severity;
import io.forestall.wire.Keys;
import java.util.List;
import java.util.Locale;

/** Events that are expected: a disk whose tier rose to WARNING or CRITICAL. Thread-safe. */
final class PredictedEvents {

  /** Type of the event; the same word as the one that is written when it has happened. */
  static final String DISK_FAILED = "disk.failed";

  private PredictedEvents() {}

  /** True when a move between two tiers is worth an event. */
  static boolean rises(Tier from, Tier to) {
    return to.compareTo(Tier.WARNING) >= 0 && to.compareTo(from) > 0;
  }

  /** The event of an assessment; the same assessment gives the same identifier. */
  static Event of(String disk, String node, Assessment assessment) {
    EntityRef entity = new EntityRef(EntityKind.DISK, disk);
    Event.Builder event =
        Event.newBuilder()
            .setId(
                "predicted/"
                    + Keys.of(entity)
                    + "/"
                    + assessment.tier().name().toLowerCase(Locale.ROOT)
                    + "/"
                    + assessment.timeMillis())
            .setType(DISK_FAILED)
            .setSeverity(assessment.tier() == Tier.CRITICAL ? Severity.CRITICAL : Severity.WARNING)
            .setPredicted(true)
            .setEntity(entity)
            .setRelated(node.isEmpty() ? List.of() : List.of(new EntityRef(EntityKind.NODE, node)))
            .setTimeMillis(assessment.timeMillis())
            .setConfidence(assessment.confidence())
            .setHorizonMillis(assessment.horizonMillis())
            .setProbability(assessment.probability())
            .setMode(FailureMode.DISK)
            .setScore(assessment.score())
            .setRiskSamples(assessment.samples())
            .setSource("sense")
            .setSummary(summary(disk, assessment));
    if (!assessment.modes().isEmpty()) {
      ModeAssessment mode = assessment.modes().get(0);
      event.setModel(mode.model()).setModelVersion(mode.modelVersion());
    }
    return event.build();
  }

  private static String summary(String disk, Assessment assessment) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "Disk %s is %s: score %.0f, %.1f %% to fail within %d days",
            disk,
            assessment.tier(),
            assessment.score(),
            100 * assessment.probability(),
            assessment.horizonMillis() / 86_400_000L));
    if (!assessment.modes().isEmpty() && !assessment.modes().get(0).reasons().isEmpty()) {
      text.append("; ").append(assessment.modes().get(0).reasons().get(0).text());
    }
    return text.toString();
  }
}
