package io.forestall.decisions.incident;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.risk.FailureMode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
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
 * @param ordered true when each stage must be complete before the next one begins, false for any
 *     order
 * @param stages what must be seen, 1 to 8
 * @param windowMillis {@code correlationTimeWindow}: the longest time between the first and the
 *     last event that open an incident
 * @param horizonsMillis how long an event of a type keeps speaking, by type or by {@code prefix.*};
 *     an event whose type is listed may be that much older than the one that completes a match
 *     although the window is shorter, so that a daily prediction joins a burst of seconds
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

  /** Most symptoms that all stages of a rule count together. */
  public static final int MAX_SYMPTOMS = 1000;

  /** Copies the collections. */
  public Rule {
    key = List.copyOf(key);
    stages = List.copyOf(stages);
    horizonsMillis = Map.copyOf(horizonsMillis);
    inhibits = List.copyOf(inhibits);
    labels = Map.copyOf(labels);
  }

  /** How many symptoms all stages count together. */
  public int symptoms() {
    int symptoms = 0;
    for (Stage stage : stages) {
      symptoms += stage.count();
    }
    return symptoms;
  }

  /**
   * How long an event of this type can wait for those that complete a match: the window or, when
   * longer, the horizon of its type; milliseconds. The exact type goes before a prefix, a longer
   * prefix before a shorter one.
   */
  public long holdMillis(String type) {
    if (horizonsMillis.isEmpty()) {
      return windowMillis;
    }
    Long horizon = horizonsMillis.get(type);
    for (int dot = type.lastIndexOf('.'); horizon == null && dot > 0; ) {
      horizon = horizonsMillis.get(type.substring(0, dot) + ".*");
      dot = type.lastIndexOf('.', dot - 1);
    }
    if (horizon == null) {
      horizon = horizonsMillis.get(Condition.EVERY_TYPE);
    }
    return horizon == null ? windowMillis : Math.max(windowMillis, horizon);
  }

  /** The longest {@link #holdMillis} of any type; milliseconds. */
  public long longestHoldMillis() {
    long longest = windowMillis;
    for (long horizon : horizonsMillis.values()) {
      longest = Math.max(longest, horizon);
    }
    return longest;
  }

  /** True when one event alone satisfies the rule. */
  public boolean needsOneEvent() {
    return stages.size() == 1 && stages.get(0).count() == 1;
  }

  /**
   * True when this event, which satisfies the rule alone, need not wait for others that may have
   * happened before it: the rule needs one event, the incident is critical, and the key is the
   * event's own entity.
   */
  public boolean firesOnArrival(FleetEvent event) {
    return needsOneEvent()
        && (severity == null ? event.severity() : severity) == Severity.CRITICAL
        && key.size() == 1
        && event.entity().kind() == key.get(0);
  }

  /**
   * True when this event, which clears an incident of the rule, must not wait for others that may
   * have happened before it: the rule may fire on arrival, and what fires next would join what this
   * event ended.
   */
  public boolean clearsOnArrival(FleetEvent event) {
    return needsOneEvent()
        && (severity == null || severity == Severity.CRITICAL)
        && key.size() == 1
        && event.entity().kind() == key.get(0);
  }

  /**
   * A hash of what cannot change while a job runs: key, order, stages with their names and counts,
   * window and horizons. Part of the uid of the operator that matches the rule.
   *
   * @return 12 characters, {@code 0-9a-f}
   */
  public String shapeHash() {
    StringBuilder shape = new StringBuilder();
    for (Subject.Kind kind : key) {
      shape.append(kind).append('\n');
    }
    shape.append(ordered).append('\n');
    for (Stage stage : stages) {
      shape
          .append(stage.name().length())
          .append(':')
          .append(stage.name())
          .append('\n')
          .append(stage.count())
          .append('\n')
          .append(stage.distinctBy())
          .append('\n');
    }
    shape.append(windowMillis).append('\n').append(new TreeMap<>(horizonsMillis));
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest(shape.toString().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, 6);
    } catch (NoSuchAlgorithmException absent) {
      throw new IllegalStateException("every Java has SHA-256", absent);
    }
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
   * @param types event types, exact or {@code prefix.*}, or {@code *} for every; never empty
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

    /** Stands for every type of event. */
    public static final String EVERY_TYPE = "*";

    /** Copies the collections. */
    public Condition {
      types = List.copyOf(types);
      kinds = Set.copyOf(kinds);
      modes = Set.copyOf(modes);
      thresholds = List.copyOf(thresholds);
    }

    /** True when this event counts. */
    public boolean holds(FleetEvent event) {
      if ((predicted != null && predicted != event.predicted())
          || event.severity().compareTo(minSeverity) < 0
          || (!kinds.isEmpty() && !kinds.contains(event.entity().kind()))
          || (!modes.isEmpty() && (event.mode() == null || !modes.contains(event.mode())))
          || !speaksOf(event.type())) {
        return false;
      }
      for (Threshold threshold : thresholds) {
        if (!threshold.holds(event)) {
          return false;
        }
      }
      return true;
    }

    private boolean speaksOf(String type) {
      for (String wanted : types) {
        if (wanted.equals(type) || wanted.equals(EVERY_TYPE)) {
          return true;
        }
        // "disk.*" stands for disk.failed and disk.errors.high, not for disks.failed or disk.
        int prefix = wanted.length() - 1;
        if (wanted.endsWith(".*")
            && type.length() > prefix
            && type.regionMatches(0, wanted, 0, prefix)) {
          return true;
        }
      }
      return false;
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
  public record Threshold(String field, Comparison comparison, double value) {

    /** What a field that names a measurement begins with. */
    public static final String VALUES = "values.";

    /** Fields of the event itself; any other begins with {@link #VALUES}. */
    public static final List<String> FIELDS =
        List.of("confidence", "probability", "score", "horizonMillis");

    /** True when the event has the measurement, and it is within the limit. */
    public boolean holds(FleetEvent event) {
      Double measured =
          switch (field) {
            case "confidence" -> (Double) event.confidence();
            case "probability" -> event.probability();
            case "score" -> event.score();
            case "horizonMillis" -> (Double) (double) event.horizonMillis();
            default ->
                field.startsWith(VALUES)
                    ? event.values().get(field.substring(VALUES.length()))
                    : null;
          };
      return measured != null && comparison.holds(measured, value);
    }
  }

  /** How a measurement is compared with a limit. */
  public enum Comparison {
    /** At least. */
    AT_LEAST,
    /** At most. */
    AT_MOST,
    /** More than. */
    ABOVE,
    /** Less than. */
    BELOW;

    boolean holds(double measured, double limit) {
      return switch (this) {
        case AT_LEAST -> measured >= limit;
        case AT_MOST -> measured <= limit;
        case ABOVE -> measured > limit;
        case BELOW -> measured < limit;
      };
    }
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
