package io.forestall.decisions.incident;

import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.risk.FailureMode;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What happened to one thing of the fleet, or is expected to (B1). Immutable.
 *
 * @param id identifier; a repeat of the same event has the same
 * @param type dotted words, for example {@code disk.failed}
 * @param severity how bad it is
 * @param predicted true when it is expected and has not happened
 * @param entity what it happened to, or will
 * @param related other things it concerns
 * @param timeMillis when it happened or was predicted; milliseconds since 1970-01-01 UTC
 * @param endMillis when it was over, null while it goes on or when it has no length
 * @param confidence 0 to 1, 1 for what was observed
 * @param horizonMillis time ahead within which a predicted event is expected, 0 for a real one
 * @param probability that it happens within the horizon, 0 to 1; null for a real one
 * @param mode failure mode it speaks of, null when none
 * @param score failure score of the entity, 0 to 100; null when there is none
 * @param model model that predicted it, null for a real one
 * @param modelVersion version of that model, null for a real one
 * @param source who wrote it
 * @param summary the event as a sentence
 * @param values measurements by canonical name, finite
 * @param labels further words of the source
 */
public record FleetEvent(
    String id,
    String type,
    Severity severity,
    boolean predicted,
    Subject entity,
    List<Subject> related,
    long timeMillis,
    @Nullable Long endMillis,
    double confidence,
    long horizonMillis,
    @Nullable Double probability,
    @Nullable FailureMode mode,
    @Nullable Double score,
    @Nullable String model,
    @Nullable Integer modelVersion,
    String source,
    String summary,
    Map<String, Double> values,
    Map<String, String> labels) {

  /** Copies the collections. */
  public FleetEvent {
    related = List.copyOf(related);
    values = Map.copyOf(values);
    labels = Map.copyOf(labels);
  }
}
