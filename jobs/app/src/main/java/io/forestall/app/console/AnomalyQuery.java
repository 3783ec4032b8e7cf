package io.forestall.app.console;

import io.forestall.schemas.EntityKind;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A question for the list of anomalies. Immutable.
 *
 * @param open with those that last
 * @param ended with those that are over
 * @param where kind, place and text to look for; its order is not used
 * @param signal only this signal, null for all
 * @param worse only deviations to the bad side
 * @param strongest the most certain first, not the newest
 */
record AnomalyQuery(
    boolean open,
    boolean ended,
    RiskQuery where,
    @Nullable String signal,
    boolean worse,
    boolean strongest,
    int offset,
    int limit) {

  private static final Comparator<AnomalyView> BY_NAME =
      Comparator.comparing(AnomalyView::id)
          .thenComparing(AnomalyView::signal)
          .thenComparing(AnomalyView::sinceMillis);

  private static final Comparator<AnomalyView> NEWEST =
      Comparator.comparing(AnomalyView::ended)
          .thenComparing(Comparator.comparingLong(AnomalyView::timeMillis).reversed())
          .thenComparing(Comparator.comparingDouble(AnomalyView::score).reversed())
          .thenComparing(BY_NAME);

  private static final Comparator<AnomalyView> STRONGEST =
      Comparator.comparing(AnomalyView::ended)
          .thenComparing(Comparator.comparingDouble(AnomalyView::score).reversed())
          .thenComparing(Comparator.comparingLong(AnomalyView::timeMillis).reversed())
          .thenComparing(BY_NAME);

  /** Those that last before those that are over; among them as was asked for. */
  Comparator<AnomalyView> order() {
    return strongest ? STRONGEST : NEWEST;
  }

  /**
   * Reads the parameters of a request.
   *
   * @throws IllegalArgumentException with a sentence for the caller when one makes no sense
   */
  static AnomalyQuery parse(Map<String, String> parameters) {
    Map<String, String> rest = new java.util.LinkedHashMap<>(parameters);
    String state = rest.remove("state");
    boolean open = state == null || state.equals("open") || state.equals("all");
    boolean ended = state != null && (state.equals("ended") || state.equals("all"));
    if (!open && !ended) {
      throw new IllegalArgumentException("state must be one of open, ended, all");
    }
    String signal = rest.remove("signal");
    String worse = rest.remove("worse");
    if (worse != null && !worse.equals("true") && !worse.equals("false")) {
      throw new IllegalArgumentException("worse must be true or false");
    }
    String sort = rest.remove("sort");
    if (sort != null && !sort.equals("time") && !sort.equals("score")) {
      throw new IllegalArgumentException("sort must be time or score");
    }
    RiskQuery where = RiskQuery.parse(rest);
    return new AnomalyQuery(
        open,
        ended,
        where,
        signal,
        "true".equals(worse),
        "score".equals(sort),
        where.offset(),
        where.limit());
  }

  boolean matches(AnomalyView anomaly, @Nullable EntityRisk entity) {
    if (signal != null && !signal.equals(anomaly.signal())) {
      return false;
    }
    if (worse && !anomaly.worse()) {
      return false;
    }
    EntityKind kind = where.kind();
    if (kind != null && kind != anomaly.kind()) {
      return false;
    }
    String contains = where.contains();
    if (contains != null
        && !anomaly.id().toLowerCase(Locale.ROOT).contains(contains)
        && !anomaly.signal().contains(contains)
        && !anomaly.text().toLowerCase(Locale.ROOT).contains(contains)) {
      return false;
    }
    return !where.narrows() || (entity != null && where.placed(entity));
  }
}
