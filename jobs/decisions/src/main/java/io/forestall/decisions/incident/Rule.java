package io.forestall.decisions.incident;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.risk.FailureMode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which events are one incident (B2 to B5). Its shape (key, order, stages' number and counts,
 * windows and horizons) is fixed while a job runs; {@code enabled}, severities and thresholds
 * change live. Immutable.
 *
 * @param id name, {@code a-z0-9-}
 * @param version grows with each change
 * @param enabled false takes no part
 * @param description what it is for, a sentence
 * @param key kinds by which events belong together: one, or two for a pair; found in the event's
 *     entity, in its related things, or in the place where its entity stands
 * @param ordered true when the stages must begin in their order, false for any order
 * @param stages what must be seen, 1 to 8
 * @param windowMillis {@code correlationTimeWindow}: the longest time between the first and the
 *     last event that open an incident
 * @param horizonsMillis how long an event of a type keeps speaking, by type or by {@code prefix.*};
 *     an event whose type is listed may be that much older than the window allows, so that a daily
 *     prediction joins a burst of seconds
 * @param quietMillis the incident is resolved once no event of it came for this long
 * @param maxLengthMillis the incident is resolved this long after its first event at the latest
 * @param clearedBy resolves the incident at once, null when only silence does; an exit threshold
 *     lower than the enter threshold belongs here
 * @param severity of the incident; null for the highest of its events (B5)
 * @param recommendation the one act to recommend (B5)
 * @param recommendationText why this act, a sentence
 * @param inhibits which incidents this one swallows
 * @param labels further words for the incident
 */
public record Rule(
    String id,
    int version,
    boolean enabled,
    String description,
    List<Subject.Kind> key,
    boolean ordered,
    List<Stage> stages,
    long windowMillis,
    Map<String, Long> horizonsMillis,
    long quietMillis,
    long maxLengthMillis,
    @Nullable Condition clearedBy,
    @Nullable Severity severity,
    ActKind recommendation,
    String recommendationText,
    List<Inhibition> inhibits,
    Map<String, String> labels) {

  /** Most stages of a rule. */
  public static final int MAX_STAGES = 8;

  /** Copies the collections. */
  public Rule {
    key = List.copyOf(key);
    stages = List.copyOf(stages);
    horizonsMillis = Map.copyOf(horizonsMillis);
    inhibits = List.copyOf(inhibits);
    labels = Map.copyOf(labels);
  }

  /**
   * One thing that must be seen.
   *
   * @param name a sentence for people, for example {@code reads of the volume become slow}
   * @param when which events count
   * @param count how many, 1 to 1000
   * @param distinctBy kind of which each counted event must name another thing, for example three
   *     different nodes; null when any count
   */
  public record Stage(String name, Condition when, int count, Subject.@Nullable Kind distinctBy) {}

  /**
   * Which events count; every part that is given must hold.
   *
   * @param types event types, exact or {@code prefix.*}; never empty
   * @param kinds kinds of the entity; empty for all
   * @param minSeverity least severity, {@code UNKNOWN} for all
   * @param predicted true for predictions only, false for real ones only, null for both
   * @param modes failure modes; empty for all
   * @param thresholds limits on measurements
   */
  public record Condition(
      List<String> types,
      Set<Subject.Kind> kinds,
      Severity minSeverity,
      @Nullable Boolean predicted,
      Set<FailureMode> modes,
      List<Threshold> thresholds) {

    /** Copies the collections. */
    public Condition {
      types = List.copyOf(types);
      kinds = Set.copyOf(kinds);
      modes = Set.copyOf(modes);
      thresholds = List.copyOf(thresholds);
    }
  }

  /**
   * A limit on one measurement; an event without the measurement does not hold.
   *
   * @param field {@code confidence}, {@code probability}, {@code score}, {@code horizonMillis} or
   *     {@code values.NAME}
   * @param comparison how
   * @param value limit, in the unit of the field
   */
  public record Threshold(String field, Comparison comparison, double value) {}

  /** How a measurement is compared with a limit. */
  public enum Comparison {
    /** At least. */
    AT_LEAST,
    /** At most. */
    AT_MOST,
    /** More than. */
    ABOVE,
    /** Less than. */
    BELOW
  }

  /**
   * Which incidents are swallowed while one of this rule is open: they stay recorded, name the
   * larger one, and neither recommend nor page.
   *
   * @param rule the swallowed rule, or {@code *} for every other
   * @param same kind of the place or key that both must share, for example RACK
   */
  public record Inhibition(String rule, Subject.Kind same) {}
}
