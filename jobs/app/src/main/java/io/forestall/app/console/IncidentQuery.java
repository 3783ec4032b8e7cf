package io.forestall.app.console;

import io.forestall.schemas.Severity;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A question for the list of incidents. Immutable.
 *
 * @param open with those that are open
 * @param resolved with those that are over
 * @param severities only these, empty for all
 * @param pool only this pool
 * @param subject only with this subject, a key such as {@code node/n-0001}
 * @param entity only those that speak of it: subject, suspect or affected
 * @param rule only of this rule
 * @param predicted only predictions, or only what happened; null for both
 * @param swallowed only those that a larger one swallowed, or only the others; null for both
 * @param contains only those whose summary, subject, rule or id contains this text in lower case
 * @param sinceMillis only those with an event from then on
 */
record IncidentQuery(
    boolean open,
    boolean resolved,
    Set<Severity> severities,
    @Nullable String pool,
    @Nullable String subject,
    @Nullable String entity,
    @Nullable String rule,
    @Nullable Boolean predicted,
    @Nullable Boolean swallowed,
    @Nullable String contains,
    long sinceMillis,
    Sort sort,
    int offset,
    int limit) {

  /** What comes first. */
  enum Sort {
    SEVERITY(IncidentView.USUAL),
    UPDATED(
        Comparator.comparingLong(IncidentView.Row::updatedMillis)
            .reversed()
            .thenComparing(IncidentView.Row::id)),
    OPENED(
        Comparator.comparingLong(IncidentView.Row::openedMillis)
            .reversed()
            .thenComparing(IncidentView.Row::id)),
    EVENTS(
        Comparator.comparingLong(IncidentView.Row::eventCount)
            .reversed()
            .thenComparing(IncidentView.Row::id));

    private final Comparator<IncidentView.Row> order;

    Sort(Comparator<IncidentView.Row> order) {
      this.order = order;
    }
  }

  Comparator<IncidentView.Row> order() {
    return sort.order;
  }

  /**
   * Reads the parameters of a request.
   *
   * @throws IllegalArgumentException with a sentence for the caller when one makes no sense
   */
  static IncidentQuery parse(Map<String, String> given) {
    String state = given.getOrDefault("state", "open");
    if (!Set.of("open", "resolved", "all").contains(state)) {
      throw new IllegalArgumentException("state must be one of open, resolved, all");
    }
    Set<Severity> severities = EnumSet.noneOf(Severity.class);
    for (String word : Parameters.list(given, "severity")) {
      severities.add(Parameters.oneOf(Severity.class, "severity", word));
    }
    String text = given.get("q");
    String sort = given.get("sort");
    return new IncidentQuery(
        !state.equals("resolved"),
        !state.equals("open"),
        Set.copyOf(severities),
        given.get("pool"),
        Parameters.key(given, "subject"),
        Parameters.key(given, "entity"),
        given.get("rule"),
        Parameters.flag(given, "predicted"),
        Parameters.flag(given, "swallowed"),
        text == null ? null : text.toLowerCase(Locale.ROOT),
        Parameters.millis(given, "since"),
        sort == null ? Sort.SEVERITY : Parameters.oneOf(Sort.class, "sort", sort),
        Parameters.offset(given),
        Parameters.limit(given));
  }

  boolean matches(IncidentView.Row row) {
    return (row.open() ? open : resolved)
        && (severities.isEmpty() || severities.contains(row.severity()))
        && (swallowed == null || swallowed == (row.inhibitedBy() != null))
        && (predicted == null || predicted == row.predicted())
        && row.updatedMillis() >= sinceMillis
        && (pool == null || pool.equals(row.pool() == null ? "" : row.pool()))
        && (rule == null || rule.equals(row.rule()))
        && (subject == null || subject.equals(ConsoleJson.lower(row.kind()) + "/" + row.subject()))
        && (contains == null
            || has(row.subject())
            || has(row.summary())
            || has(row.rule())
            || has(row.id()));
  }

  private boolean has(String text) {
    return text.toLowerCase(Locale.ROOT).contains(String.valueOf(contains));
  }
}
