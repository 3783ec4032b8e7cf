package io.forestall.decisions.incident;

import io.forestall.decisions.ActKind;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.Incident.Suspect;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An incident in a few sentences for a person: who, what, how many, since when, what to do. */
final class IncidentSummary {

  /** Types that are named; of more, the number. */
  private static final int NAMED_TYPES = 3;

  private IncidentSummary() {}

  static String of(
      IncidentSession session,
      Subject subject,
      List<Suspect> suspects,
      boolean standsOut,
      @Nullable Long resolvedMillis) {
    StringBuilder text = new StringBuilder(256);
    if (resolvedMillis != null) {
      text.append("Over after ").append(span(resolvedMillis - session.openedMillis)).append(". ");
    }
    text.append(name(subject)).append(where(session, subject)).append(": ");
    if (session.predicted()) {
      text.append("predicted");
      if (session.horizonMillis > 0) {
        text.append(" within ").append(span(session.horizonMillis));
      }
      text.append(String.format(Locale.ROOT, " (confidence %.2f): ", session.confidence));
    }
    text.append(types(session)).append(things(session, subject));
    text.append(" since ").append(Instant.ofEpochMilli(session.openedMillis / 1000 * 1000));
    text.append('.');
    if (standsOut && !suspects.isEmpty()) {
      text.append(" Likely cause: ").append(name(suspects.get(0).entity())).append('.');
    } else if (suspects.size() > 1) {
      text.append(" No single cause stands out; first is ")
          .append(name(suspects.get(0).entity()))
          .append('.');
    }
    String inhibitedBy = session.inhibitedBy;
    if (inhibitedBy != null) {
      text.append(" Part of ").append(inhibitedBy).append(", which speaks for it.");
    } else if (session.recommendation == ActKind.NONE
        || session.recommendation == ActKind.UNKNOWN) {
      text.append(" Nothing is recommended.");
    } else {
      text.append(" Recommended: ").append(words(session.recommendation)).append('.');
    }
    return text.toString();
  }

  /** A thing as people say it. */
  static String name(Subject subject) {
    return subject.kind().name().toLowerCase(Locale.ROOT) + " " + subject.id();
  }

  private static String words(ActKind kind) {
    return kind.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static String where(IncidentSession session, Subject subject) {
    Evidence own = session.evidence.get(subject);
    Place place = own == null ? null : own.place;
    if (place == null) {
      return "";
    }
    List<String> parts = new ArrayList<>();
    if (subject.kind() != Subject.Kind.NODE && !place.node().isEmpty()) {
      parts.add("node " + place.node());
    }
    if (!place.rack().isEmpty()) {
      parts.add("rack " + place.rack());
    }
    if (!place.zone().isEmpty()) {
      parts.add("zone " + place.zone());
    }
    return parts.isEmpty() ? "" : " (" + String.join(", ", parts) + ")";
  }

  private static String types(IncidentSession session) {
    List<Map.Entry<String, Long>> types = new ArrayList<>(session.types.entrySet());
    types.sort(
        Comparator.comparing((Map.Entry<String, Long> type) -> -type.getValue())
            .thenComparing(Map.Entry::getKey));
    StringBuilder text = new StringBuilder();
    text.append(session.symptoms).append(session.symptoms == 1 ? " event, " : " events, ");
    int named = Math.min(NAMED_TYPES, types.size());
    for (int i = 0; i < named; i++) {
      text.append(i == 0 ? "" : ", ");
      if (types.size() > 1) {
        text.append(types.get(i).getValue()).append(" x ");
      }
      text.append(types.get(i).getKey());
    }
    if (types.size() > named) {
      text.append(" and ").append(types.size() - named).append(" more types");
    }
    return text.toString();
  }

  private static String things(IncidentSession session, Subject subject) {
    Map<Subject.Kind, Integer> kinds = new EnumMap<>(Subject.Kind.class);
    for (Subject one : session.evidence.keySet()) {
      if (!one.equals(subject)) {
        kinds.merge(one.kind(), 1, Integer::sum);
      }
    }
    if (kinds.isEmpty()) {
      return "";
    }
    List<String> parts = new ArrayList<>();
    kinds.forEach(
        (kind, count) ->
            parts.add(
                count + " " + kind.name().toLowerCase(Locale.ROOT) + (count == 1 ? "" : "s")));
    return " at " + String.join(", ", parts);
  }

  /** A length of time as people say it: {@code 90 s}, {@code 12 min}, {@code 5 h}, {@code 3 d}. */
  static String span(long millis) {
    long seconds = Math.max(0, millis) / 1000;
    if (seconds < 120) {
      return seconds + " s";
    }
    if (seconds < 7200) {
      return seconds / 60 + " min";
    }
    return seconds < 172_800 ? seconds / 3600 + " h" : seconds / 86_400 + " d";
  }
}
