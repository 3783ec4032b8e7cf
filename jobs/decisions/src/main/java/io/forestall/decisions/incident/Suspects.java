package io.forestall.decisions.incident;

import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.Incident.Suspect;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Ranks the possible causes of an incident over what its things stand on. A thing is suspected for
 * its own symptoms, most for those that came first, and for those of what stands on it, less with
 * each step. Immutable and safe for threads.
 */
final class Suspects {

  /** Most causes that an incident lists. */
  static final int MAX_SUSPECTS = 5;

  /** What one step of dependency leaves of a symptom's weight: two that fail point lower. */
  private static final double STEP = 0.75;

  /** Longest way from a symptom to a cause; steps. */
  private static final int MAX_STEPS = 4;

  /** Most things that are weighed. */
  private static final int MAX_CANDIDATES = 4000;

  /** How fast a later symptom says less of the cause; milliseconds. */
  private static final double EARLY_MILLIS = 60_000;

  /** What is left of the score of a thing that explains no more than a likelier one. */
  private static final double NO_MORE = 0.5;

  private static final Comparator<Candidate> LIKELIEST =
      Comparator.comparingDouble((Candidate one) -> -one.score)
          .thenComparing(one -> one.subject, Evidence.BY_NAME);

  private final Dependencies dependencies;

  Suspects(Dependencies dependencies) {
    this.dependencies = dependencies;
  }

  private static final class Candidate {
    final Subject subject;
    double score;
    int explains;

    /** Stands for the set of what it explains: equal sets, equal sums. */
    long explained;

    Candidate(Subject subject) {
      this.subject = subject;
    }
  }

  /**
   * The likeliest causes, the likeliest first; the weights sum to at most 1.
   *
   * @param evidence what is known of each thing of the incident
   * @param openedMillis time of its first event
   */
  List<Suspect> rank(Collection<Evidence> evidence, long openedMillis) {
    Map<Subject, Candidate> candidates = new HashMap<>();
    List<Evidence> ordered = new ArrayList<>(evidence);
    ordered.sort(Comparator.comparing(one -> one.entity, Evidence.BY_NAME));
    Map<Subject, Evidence> bySubject = new HashMap<>();
    for (Evidence one : ordered) {
      bySubject.put(one.entity, one);
    }
    for (Evidence one : ordered) {
      spread(one, weight(one, openedMillis), bySubject, candidates);
    }
    List<Candidate> ranked = new ArrayList<>(candidates.values());
    ranked.sort(LIKELIEST);
    Set<Long> told = new HashSet<>();
    for (Candidate one : ranked) {
      if (!told.add(one.explained)) {
        one.score *= NO_MORE;
      }
    }
    ranked.sort(LIKELIEST);
    double sum = 0;
    for (Candidate one : ranked) {
      sum += one.score * one.score;
    }
    List<Suspect> suspects = new ArrayList<>();
    for (Candidate one : ranked) {
      if (suspects.size() == MAX_SUSPECTS || sum <= 0) {
        break;
      }
      suspects.add(
          new Suspect(
              one.subject,
              Math.floor(1000 * one.score * one.score / sum) / 1000,
              sentence(one, bySubject, openedMillis)));
    }
    return suspects;
  }

  private static long mixed(Subject subject) {
    long hash = subject.toString().hashCode() * 0x9e3779b97f4a7c15L;
    return (hash ^ (hash >>> 29)) * 0xbf58476d1ce4e5b9L;
  }

  private static double weight(Evidence one, long openedMillis) {
    double severity =
        switch (one.severity) {
          case CRITICAL -> 2;
          case ERROR -> 1.5;
          case WARNING -> 1;
          default -> 0.5;
        };
    double early = Math.exp(-Math.max(0, one.firstMillis - openedMillis) / EARLY_MILLIS);
    double trust = one.real ? 1 : one.confidence;
    return severity * trust * (1 + 0.5 * early) * (1 + Math.log1p(one.count - 1.0) / 4);
  }

  private void spread(
      Evidence one,
      double weight,
      Map<Subject, Evidence> bySubject,
      Map<Subject, Candidate> candidates) {
    Map<Subject, Integer> steps = new HashMap<>();
    ArrayDeque<Subject> queue = new ArrayDeque<>();
    steps.put(one.entity, 0);
    queue.add(one.entity);
    while (!queue.isEmpty()) {
      Subject subject = queue.remove();
      int step = steps.getOrDefault(subject, 0);
      Candidate candidate = candidates.get(subject);
      if (candidate == null) {
        if (candidates.size() >= MAX_CANDIDATES) {
          continue;
        }
        candidate = new Candidate(subject);
        candidates.put(subject, candidate);
      }
      candidate.score += weight * Math.pow(STEP, step);
      candidate.explained += mixed(one.entity);
      if (step > 0) {
        candidate.explains++;
      }
      if (step < MAX_STEPS) {
        for (Subject ground : grounds(subject, one, bySubject.get(subject))) {
          if (steps.putIfAbsent(ground, step + 1) == null) {
            queue.add(ground);
          }
        }
      }
    }
  }

  /** What a thing stands on: what the map says, and what its own events say. */
  private Set<Subject> grounds(Subject subject, Evidence symptom, @Nullable Evidence own) {
    Set<Subject> grounds = new LinkedHashSet<>(dependencies.of(subject));
    Place place = own != null && own.place != null ? own.place : symptom.place;
    if (place != null) {
      switch (subject.kind()) {
        case RACK -> add(grounds, Subject.Kind.ZONE, place.zone());
        case NODE -> {
          if (subject.id().equals(place.node())) {
            add(grounds, Subject.Kind.RACK, place.rack());
          }
        }
        case ZONE, REGION, POOL -> {}
        default -> {
          if (own != null) {
            add(grounds, Subject.Kind.NODE, place.node());
          }
        }
      }
    }
    if (own != null) {
      for (Subject related : own.related) {
        if (depth(related.kind()) > depth(subject.kind())) {
          grounds.add(related);
        }
      }
    }
    grounds.remove(subject);
    return grounds;
  }

  private static void add(Set<Subject> grounds, Subject.Kind kind, String id) {
    if (!id.isEmpty()) {
      grounds.add(new Subject(kind, id));
    }
  }

  /** The order in which kinds stand on each other; larger is deeper, equal says nothing. */
  private static int depth(Subject.Kind kind) {
    return switch (kind) {
      case CLIENT, PAIR -> 0;
      case VOLUME -> 1;
      case SEGMENT, PARTITION, SHARD -> 2;
      case EDGE -> 3;
      case PROCESSOR, HEAD, DISK -> 4;
      case NODE -> 5;
      case RACK -> 6;
      case ZONE -> 7;
      case REGION -> 8;
      // A pool is an owner of things, not what they stand on.
      case POOL -> -1;
    };
  }

  private static String sentence(
      Candidate one, Map<Subject, Evidence> bySubject, long openedMillis) {
    Evidence own = bySubject.get(one.subject);
    StringBuilder text = new StringBuilder();
    if (own == null) {
      text.append("has no symptom of its own");
    } else {
      text.append(own.count)
          .append(own.count == 1 ? " event of its own, " : " events of its own, mostly ")
          .append(own.mainType());
      if (own.severity.compareTo(Severity.WARNING) > 0) {
        text.append(" (").append(own.severity.name().toLowerCase(Locale.ROOT)).append(')');
      }
      long after = own.firstMillis - openedMillis;
      text.append(
          after <= 0
              ? ", the first of all"
              : ", first " + IncidentSummary.span(after) + " after the first of all");
    }
    if (one.explains > 0) {
      text.append("; ")
          .append(one.explains)
          .append(
              one.explains == 1 ? " other affected thing stands" : " other affected things stand")
          .append(" on it");
    }
    return text.append('.').toString();
  }
}
