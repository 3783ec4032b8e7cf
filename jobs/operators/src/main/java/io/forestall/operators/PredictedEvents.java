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
import org.jspecify.annotations.Nullable;

/** Events that are expected: a thing whose tier rose to WARNING or CRITICAL. Thread-safe. */
final class PredictedEvents {

  private PredictedEvents() {}

  /** True when a move between two tiers is worth an event. */
  static boolean rises(Tier from, Tier to) {
    return to.compareTo(Tier.WARNING) >= 0 && to.compareTo(from) > 0;
  }

  /** The event of an assessment; the same assessment gives the same identifier. */
  static Event of(EntityRef entity, String node, Assessment assessment) {
    String kind = entity.getKind().name().toLowerCase(Locale.ROOT);
    // The mode that speaks loudest; a disk without modes is expected to fail as disks do.
    ModeAssessment loudest = null;
    for (ModeAssessment mode : assessment.modes()) {
      if (loudest == null || mode.probability() > loudest.probability()) {
        loudest = mode;
      }
    }
    Event.Builder event =
        Event.newBuilder()
            .setId(
                "predicted/"
                    + Keys.of(entity)
                    + "/"
                    + assessment.tier().name().toLowerCase(Locale.ROOT)
                    + "/"
                    + assessment.timeMillis())
            // The same word as that of the event that is written when it has happened.
            .setType(kind + ".failed")
            .setSeverity(assessment.tier() == Tier.CRITICAL ? Severity.CRITICAL : Severity.WARNING)
            .setPredicted(true)
            .setEntity(entity)
            .setRelated(node.isEmpty() ? List.of() : List.of(new EntityRef(EntityKind.NODE, node)))
            .setTimeMillis(assessment.timeMillis())
            .setConfidence(assessment.confidence())
            .setHorizonMillis(assessment.horizonMillis())
            .setProbability(assessment.probability())
            .setMode(
                loudest == null
                    ? (entity.getKind() == EntityKind.DISK ? FailureMode.DISK : FailureMode.UNKNOWN)
                    : FailureMode.valueOf(loudest.mode().name()))
            .setScore(assessment.score())
            .setRiskSamples(assessment.samples())
            .setSource("sense")
            .setSummary(summary(kind, entity.getId(), assessment, loudest));
    if (loudest != null) {
      event.setModel(loudest.model()).setModelVersion(loudest.modelVersion());
    }
    return event.build();
  }

  private static String span(long millis) {
    return millis >= 2 * 86_400_000L ? millis / 86_400_000L + " days" : millis / 3_600_000L + " h";
  }

  private static String summary(
      String kind, String id, Assessment assessment, @Nullable ModeAssessment loudest) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%s %s is %s: score %.0f, %.1f %% to fail within %s",
            Character.toUpperCase(kind.charAt(0)) + kind.substring(1),
            id,
            assessment.tier(),
            assessment.score(),
            100 * assessment.probability(),
            span(assessment.horizonMillis())));
    if (loudest != null && !loudest.reasons().isEmpty()) {
      text.append("; ").append(loudest.reasons().get(0).text());
    }
    return text.toString();
  }
}
