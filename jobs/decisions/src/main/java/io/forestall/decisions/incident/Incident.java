package io.forestall.decisions.incident;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Events that belong together, as one, with one recommendation (B5, B6). Immutable. Field by field
 * the record of topic {@code incidents}, which describes each.
 */
public record Incident(
    String id,
    int revision,
    State state,
    Severity severity,
    String summary,
    Subject subject,
    @Nullable String pool,
    boolean predicted,
    double confidence,
    long horizonMillis,
    ActKind recommendation,
    @Nullable String recommendationReason,
    String rule,
    int ruleVersion,
    String correlationKey,
    List<Suspect> suspects,
    List<Subject> affected,
    List<Original> events,
    long eventCount,
    long openedMillis,
    long updatedMillis,
    @Nullable Long resolvedMillis,
    @Nullable String inhibitedBy,
    Map<String, String> labels) {

  /** Most originals that an incident lists; {@code eventCount} counts all. */
  public static final int MAX_EVENTS = 1000;

  /** Copies the collections. */
  public Incident {
    suspects = List.copyOf(suspects);
    affected = List.copyOf(affected);
    events = List.copyOf(events);
    labels = Map.copyOf(labels);
  }

  /** Where an incident stands. */
  public enum State {
    /** The first record of it. */
    OPENED,
    /** Something of it changed. */
    UPDATED,
    /** It is over. */
    RESOLVED
  }

  /**
   * A possible cause.
   *
   * @param entity the thing
   * @param weight trust in it, 0 to 1; all weights of an incident sum to at most 1
   * @param text why, a sentence
   */
  public record Suspect(Subject entity, double weight, String text) {}

  /** One original event. */
  public record Original(
      String id, String type, Subject entity, long timeMillis, boolean predicted) {}
}
