package io.forestall.decisions.alert;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Decider;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.alert.AlertState.Told;
import io.forestall.decisions.guard.PolicyRecord;
import io.forestall.decisions.incident.Incident;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells people of incidents: one alert for each, told again while it goes on and ended when it is
 * over. One key is one pool; time is the wall clock.
 *
 * <p>Nobody hears of an incident that a larger one swallows, that is silenced or in maintenance, or
 * that is below WARNING. An incident in which nothing has happened yet is a warning at most, so a
 * score alone pages nobody. Past the cap of the day one alert stands for all further incidents of
 * the pool; it is as severe as the worst of them.
 */
public final class AlertDecider implements Decider<AlertState, AlertInput, Alert> {

  private static final long DAY_MILLIS = 86_400_000;
  private static final int MAX_ANNOTATION_CHARS = 1000;

  private final AlertRules rules;

  /** A decider under these rules. */
  public AlertDecider(AlertRules rules) {
    this.rules = rules;
  }

  @Override
  public AlertState empty(String pool) {
    return new AlertState(pool);
  }

  @Override
  public void decide(AlertState state, AlertInput input, long nowMillis, Consumer<Alert> alerts) {
    turnDay(state, nowMillis, alerts);
    if (input instanceof AlertInput.SilencesChanged silences) {
      state.silences = silences.records();
      for (Told told : inOrder(state)) {
        // What is silent is judged again within a refresh; a new silence holds at once.
        if (told.said != null && !worthy(state, told, nowMillis)) {
          judge(state, told, nowMillis, alerts);
        }
      }
    } else if (input instanceof AlertInput.IncidentChanged changed) {
      change(state, changed.incident(), nowMillis, alerts);
    }
  }

  @Override
  public void wake(AlertState state, long nowMillis, Consumer<Alert> alerts) {
    turnDay(state, nowMillis, alerts);
    for (Told told = state.takeDue(nowMillis); told != null; told = state.takeDue(nowMillis)) {
      judge(state, told, nowMillis, alerts);
    }
    if (state.moreDueMillis <= nowMillis) {
      tellMore(state, nowMillis, alerts);
    }
  }

  @Override
  public long alarmMillis(AlertState state) {
    long dayEnd = state.day == Long.MIN_VALUE ? NO_ALARM : (state.day + 1) * DAY_MILLIS;
    return Math.min(dayEnd, Math.min(state.moreDueMillis, state.firstDueMillis()));
  }

  private void change(AlertState state, Incident incident, long nowMillis, Consumer<Alert> alerts) {
    Told told = state.incidents.get(incident.id());
    if (incident.state() == Incident.State.RESOLVED) {
      if (told != null) {
        told.summary = cut(incident.summary());
        told.eventCount = incident.eventCount();
        end(told, nowMillis, alerts);
        state.forget(told);
        if (told.more && state.incidents.values().stream().noneMatch(other -> other.more)) {
          endMore(state, nowMillis, alerts);
        }
      }
      return;
    }
    if (told != null && incident.revision() <= told.revision) {
      return;
    }
    boolean isNew = told == null;
    if (told == null) {
      if (state.incidents.size() >= AlertState.MAX_INCIDENTS) {
        beyond(state, incident.severity(), incident.predicted(), nowMillis, alerts);
        return;
      }
      told = new Told(incident.id(), incident.subject());
      state.put(told);
    }
    told.revision = incident.revision();
    told.severity = incident.severity();
    told.predicted = incident.predicted();
    told.summary = cut(incident.summary());
    told.subject = incident.subject();
    told.rule = incident.rule();
    told.key = incident.correlationKey();
    told.recommendation = incident.recommendation();
    told.reason = cut(incident.recommendationReason());
    told.eventCount = incident.eventCount();
    told.openedMillis = incident.openedMillis();
    told.inhibited = incident.inhibitedBy() != null;
    told.affected =
        incident.affected().size() <= AlertState.MAX_AFFECTED
            ? incident.affected()
            : incident.affected().subList(0, AlertState.MAX_AFFECTED);
    told.labels = incident.labels();
    if (isNew && rules.holdMillis() > 0) {
      state.schedule(told, nowMillis + rules.holdMillis());
      state.touch(told);
    } else if (isNew || told.said == null) {
      if (told.dueMillis == NO_ALARM || isNew) {
        judge(state, told, nowMillis, alerts);
      } else {
        state.touch(told);
      }
    } else if (!told.said.equals(labels(state, told)) || !worthy(state, told, nowMillis)) {
      judge(state, told, nowMillis, alerts);
    } else {
      // New words wait for the next time that it is told.
      state.touch(told);
    }
  }

  /** Tells, tells again or ends the alert of an incident, whichever is right now. */
  private void judge(AlertState state, Told told, long nowMillis, Consumer<Alert> alerts) {
    long next = nowMillis + rules.refreshMillis();
    if (!worthy(state, told, nowMillis)) {
      end(told, nowMillis, alerts);
      // A silence may end; what is inhibited or too slight says so by a record of its own.
      state.schedule(told, tooSlight(told) || told.inhibited ? NO_ALARM : next);
      state.touch(told);
      return;
    }
    if (!told.counted) {
      countDay(state, nowMillis);
      if (state.toldToday >= rules.perDay()) {
        if (!told.more) {
          told.more = true;
          beyond(state, told.severity, told.predicted, nowMillis, alerts);
        } else if (worse(told) > 0 && worse(told) > rank(state.worstOfMore)) {
          state.worstOfMore = told.severity;
          tellMore(state, nowMillis, alerts);
        }
        state.schedule(told, NO_ALARM);
        state.touch(told);
        return;
      }
      told.counted = true;
      told.more = false;
      state.toldToday++;
      state.touchDay();
    }
    Map<String, String> labels = labels(state, told);
    if (told.said != null && !told.said.equals(labels)) {
      end(told, nowMillis, alerts);
    }
    told.said = labels;
    alerts.accept(
        new Alert(
            labels,
            annotations(told),
            told.openedMillis,
            nowMillis + AlertRules.REFRESHES_TO_LIVE * rules.refreshMillis(),
            false));
    state.schedule(told, next);
    state.touch(told);
  }

  private void end(Told told, long nowMillis, Consumer<Alert> alerts) {
    Map<String, String> said = told.said;
    if (said != null) {
      alerts.accept(
          new Alert(
              said, annotations(told), Math.min(told.openedMillis, nowMillis), nowMillis, true));
      told.said = null;
    }
  }

  private boolean tooSlight(Told told) {
    return told.severity.compareTo(rules.minSeverity()) < 0;
  }

  private boolean worthy(AlertState state, Told told, long nowMillis) {
    return !told.inhibited && !tooSlight(told) && !silenced(state, told, nowMillis);
  }

  private static boolean silenced(AlertState state, Told told, long nowMillis) {
    for (PolicyRecord record : state.silences) {
      if (record.holdsAt(nowMillis) && covers(state, record, told)) {
        return true;
      }
    }
    return false;
  }

  /**
   * True when a silence speaks of all of an incident: of everything, of its pool, of its subject,
   * or of the only thing of that kind that it affects. Silence for one node of a failing rack does
   * not hide the rack.
   */
  private static boolean covers(AlertState state, PolicyRecord record, Told told) {
    if (record.scope().equals("all") || record.scope().equals("pool/" + state.pool())) {
      return true;
    }
    Subject entity = record.entity();
    if (entity == null) {
      return false;
    }
    if (entity.equals(told.subject)) {
      return true;
    }
    boolean found = false;
    for (Subject affected : told.affected) {
      if (affected.kind() == entity.kind()) {
        if (!affected.equals(entity)) {
          return false;
        }
        found = true;
      }
    }
    return found;
  }

  // ---- beyond the cap

  private void countDay(AlertState state, long nowMillis) {
    if (state.day == Long.MIN_VALUE) {
      state.day = Math.floorDiv(nowMillis, DAY_MILLIS);
      state.touchDay();
    }
  }

  private void beyond(
      AlertState state,
      Severity severity,
      boolean predicted,
      long nowMillis,
      Consumer<Alert> alerts) {
    countDay(state, nowMillis);
    state.moreToday++;
    Severity effective = loudest(severity, predicted);
    boolean louder = rank(effective) > rank(state.worstOfMore);
    if (louder) {
      state.worstOfMore = effective;
    }
    if (louder || state.moreLabels == null) {
      tellMore(state, nowMillis, alerts);
    } else {
      state.touchDay();
    }
  }

  private void tellMore(AlertState state, long nowMillis, Consumer<Alert> alerts) {
    Map<String, String> labels = new TreeMap<>();
    labels.put(Alert.NAME, Alert.MORE_INCIDENTS);
    labels.put("pool", state.pool());
    labels.put("severity", word(state.worstOfMore));
    if (state.moreLabels == null) {
      state.moreStartsMillis = nowMillis;
    } else if (!state.moreLabels.equals(labels)) {
      Severity worst = state.worstOfMore;
      endMore(state, nowMillis, alerts);
      state.worstOfMore = worst;
    }
    state.moreLabels = labels;
    alerts.accept(
        new Alert(
            labels,
            Map.of(
                "summary",
                state.moreToday
                    + " more incidents in pool '"
                    + state.pool()
                    + "' today, beyond the "
                    + rules.perDay()
                    + " that were told one by one.",
                "runbook",
                "RUNBOOK.md#forestallmoreincidents",
                "action",
                "Look at all of them: forestall incidents list; one cause may be behind them."),
            state.moreStartsMillis,
            nowMillis + AlertRules.REFRESHES_TO_LIVE * rules.refreshMillis(),
            false));
    state.moreDueMillis = nowMillis + rules.refreshMillis();
    state.touchDay();
  }

  private static void endMore(AlertState state, long nowMillis, Consumer<Alert> alerts) {
    if (state.moreLabels != null) {
      alerts.accept(
          new Alert(
              state.moreLabels,
              Map.of("summary", "No further incident stands behind the cap of the day."),
              state.moreStartsMillis,
              nowMillis,
              true));
      state.moreLabels = null;
    }
    state.worstOfMore = Severity.UNKNOWN;
    state.moreDueMillis = NO_ALARM;
    state.touchDay();
  }

  /** At midnight UTC the count begins anew, and those that stood behind the cap get their turn. */
  private void turnDay(AlertState state, long nowMillis, Consumer<Alert> alerts) {
    if (state.day == Long.MIN_VALUE || nowMillis < (state.day + 1) * DAY_MILLIS) {
      return;
    }
    endMore(state, nowMillis, alerts);
    state.day = Long.MIN_VALUE;
    state.toldToday = 0;
    state.moreToday = 0;
    state.touchDay();
    List<Told> behind = new ArrayList<>();
    for (Told told : inOrder(state)) {
      if (told.more) {
        told.more = false;
        behind.add(told);
      }
    }
    behind.sort(Comparator.comparing((Told told) -> told.severity).reversed());
    for (Told told : behind) {
      judge(state, told, nowMillis, alerts);
    }
  }

  private static List<Told> inOrder(AlertState state) {
    List<Told> all = new ArrayList<>(state.incidents.values());
    all.sort(
        Comparator.<Told>comparingLong(told -> told.openedMillis).thenComparing(told -> told.id));
    return all;
  }

  // ---- words

  /** A prediction is a warning at most: a score alone pages nobody. */
  private static Severity loudest(Severity severity, boolean predicted) {
    return predicted && severity.compareTo(Severity.WARNING) > 0 ? Severity.WARNING : severity;
  }

  /** What Alertmanager routes by: critical wakes somebody, a warning is looked at the same day. */
  private static String word(Severity severity) {
    return severity == Severity.CRITICAL ? "critical" : "warning";
  }

  private static int rank(Severity severity) {
    return severity == Severity.UNKNOWN ? -1 : severity == Severity.CRITICAL ? 1 : 0;
  }

  private static int worse(Told told) {
    return rank(loudest(told.severity, told.predicted));
  }

  private static Map<String, String> labels(AlertState state, Told told) {
    Map<String, String> labels = new TreeMap<>();
    for (Map.Entry<String, String> label : told.labels.entrySet()) {
      labels.put(label.getKey(), label.getValue());
    }
    // The words of the rule never hide these.
    labels.put(Alert.NAME, Alert.INCIDENT);
    labels.put("incident", told.id);
    labels.put("rule", told.rule);
    labels.put("entity", told.key);
    labels.put("severity", word(loudest(told.severity, told.predicted)));
    labels.put("predicted", Boolean.toString(told.predicted));
    if (!state.pool().isEmpty()) {
      labels.put("pool", state.pool());
    }
    return labels;
  }

  private Map<String, String> annotations(Told told) {
    Map<String, String> annotations = new TreeMap<>();
    annotations.put("summary", told.summary);
    annotations.put("subject", told.subject.toString());
    annotations.put("incident_severity", told.severity.name().toLowerCase(Locale.ROOT));
    annotations.put("events", Long.toString(told.eventCount));
    if (told.recommendation != ActKind.NONE && told.recommendation != ActKind.UNKNOWN) {
      annotations.put(
          "action",
          told.recommendation.name().toLowerCase(Locale.ROOT).replace('_', '-')
              + (told.reason.isEmpty() ? "" : ": " + told.reason));
    }
    if (!rules.consoleUrl().isEmpty()) {
      annotations.put("link", rules.consoleUrl() + "/#/incidents/" + escaped(told.id));
    }
    return annotations;
  }

  private static String escaped(String id) {
    return URLEncoder.encode(id, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private static String cut(@Nullable String text) {
    if (text == null) {
      return "";
    }
    return text.length() <= MAX_ANNOTATION_CHARS
        ? text
        : text.substring(0, MAX_ANNOTATION_CHARS - 3) + "...";
  }
}
