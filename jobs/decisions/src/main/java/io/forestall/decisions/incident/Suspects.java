package io.forestall.decisions.incident;

import io.forestall.decisions.Place;
import io.forestall.decisions.Severity;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.Incident.Suspect;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Ranks the possible causes of an incident over what its things stand on and call. Three things
 * speak for a cause. Its own symptoms: each signal by its weight, more when it was there at the
 * onset, less when many things elsewhere show the same. What stands on it: the more so the larger
 * the share of it that has symptoms, also those that are known and have none; and what is explained
 * by a common ground is the less suspected itself. What calls it: the symptoms of callers, for a
 * thing that has some of its own. Immutable and safe for threads.
 */
final class Suspects {

  /** Most causes that an incident lists. */
  static final int MAX_SUSPECTS = 5;

  /** Most things that are weighed. */
  private static final int MAX_CANDIDATES = 4000;

  /** Longest way from a symptom to a cause; steps of standing. */
  private static final int MAX_STEPS = 4;

  /** Most that the signals of one type add up to: many of a kind say little more than some. */
  private static final double TYPE_CAP = 8;

  /** Time after the onset in which a symptom counts in full; milliseconds. */
  private static final double PROMPT_MILLIS = 60_000;

  /** How fast a later symptom says less; milliseconds. */
  private static final double LATE_MILLIS = 90_000;

  /** What is left of a symptom that comes very late. */
  private static final double LATE_SHARE = 0.2;

  /** How much less a signal says that many things show at once; 0 not at all, 1 its share only. */
  private static final double COMMON_POWER = 0.4;

  /** Weight of own symptoms at which a thing counts as affected to two thirds. */
  private static final double AFFECTED = 2.5;

  /** Own symptoms of a thing on which others stand, against those of one that carries nothing. */
  private static final double GROUND_OWN = 1.2;

  /** How much what stands on a thing speaks for it. */
  private static final double CARRIED = 1.8;

  /** How steeply that falls with the share of it that is affected. */
  private static final double CARRIED_POWER = 1.5;

  /** How much of its own symptoms a common ground takes from a thing, at most. */
  private static final double EXPLAINED = 0.8;

  /** What a thing without symptoms gets of a single one that stands on it. */
  private static final double SINGLE = 0.3;

  /** How much a caller's symptoms speak for what it calls. */
  private static final double CALLED = 0.3;

  private static final double CALLED_HALF = 3;

  private final Dependencies dependencies;

  Suspects(Dependencies dependencies) {
    this.dependencies = dependencies;
  }

  private static final class Candidate {
    final Subject subject;
    final @Nullable Evidence evidence;
    final @Nullable Place place;
    final int step;
    final Set<Candidate> grounds = new LinkedHashSet<>();
    final Set<Candidate> carried = new LinkedHashSet<>();
    final Map<String, Double> carriedSignals = new HashMap<>();
    int known;
    double own;
    double strength = -1;
    double explained;
    double score;
    double called;
    int affectedCarried;
    int affectedCallers;

    Candidate(Subject subject, @Nullable Evidence evidence, @Nullable Place place, int step) {
      this.subject = subject;
      this.evidence = evidence;
      this.place = place;
      this.step = step;
    }

    double affected() {
      return 1 - Math.exp(-Math.max(0, strength) / AFFECTED);
    }
  }

  /**
   * The likeliest causes, the likeliest first; the weights sum to at most 1.
   *
   * @param evidence what is known of each thing of the incident
   * @param openedMillis time of its first event
   * @param onsetMillis time at which the rule was satisfied
   */
  List<Suspect> rank(Collection<Evidence> evidence, long openedMillis, long onsetMillis) {
    Map<Subject, Candidate> candidates = candidates(evidence);
    ownSymptoms(candidates.values(), onsetMillis);
    List<Candidate> all = new ArrayList<>(candidates.values());
    for (Candidate one : all) {
      strength(one, 0);
    }
    for (Candidate one : all) {
      explain(one);
    }
    for (Candidate one : all) {
      double own = one.carried.isEmpty() ? one.own : GROUND_OWN * one.own;
      one.score = own * (1 - EXPLAINED * Math.pow(one.explained, CARRIED_POWER)) + carried(one);
    }
    callers(candidates);
    all.sort(
        Comparator.comparingDouble((Candidate one) -> -one.score)
            .thenComparing(one -> one.subject, Evidence.BY_NAME));
    double sum = 0;
    for (Candidate one : all) {
      sum += trust(one);
    }
    List<Suspect> suspects = new ArrayList<>();
    for (Candidate one : all) {
      if (suspects.size() == MAX_SUSPECTS || one.score <= 0) {
        break;
      }
      suspects.add(
          new Suspect(
              one.subject,
              Math.floor(1000 * trust(one) / sum) / 1000,
              sentence(one, openedMillis)));
    }
    return suspects;
  }

  /** Cubed, so that many unlikely causes do not outweigh one that stands out. */
  private static double trust(Candidate one) {
    return one.score * one.score * one.score;
  }

  /** The things with symptoms and all that they stand on. */
  private Map<Subject, Candidate> candidates(Collection<Evidence> evidence) {
    List<Evidence> ordered = new ArrayList<>(evidence);
    ordered.sort(Comparator.comparing(one -> one.entity, Evidence.BY_NAME));
    Map<Subject, Candidate> candidates = new LinkedHashMap<>();
    List<Candidate> queue = new ArrayList<>();
    for (Evidence one : ordered) {
      Candidate candidate = new Candidate(one.entity, one, one.place, 0);
      candidates.put(one.entity, candidate);
      queue.add(candidate);
    }
    for (int next = 0; next < queue.size(); next++) {
      Candidate one = queue.get(next);
      if (one.step == MAX_STEPS) {
        continue;
      }
      for (Subject subject : grounds(one)) {
        Candidate ground = candidates.get(subject);
        if (ground == null) {
          if (candidates.size() >= MAX_CANDIDATES) {
            continue;
          }
          ground = new Candidate(subject, null, one.place, one.step + 1);
          candidates.put(subject, ground);
          queue.add(ground);
        }
        one.grounds.add(ground);
        ground.carried.add(one);
      }
    }
    for (Candidate one : queue) {
      one.known = Math.max(one.carried.size(), dependencies.dependents(one.subject).size());
    }
    return candidates;
  }

  /** What a thing stands on: what the map says, and what its own events say. */
  private Set<Subject> grounds(Candidate one) {
    Subject subject = one.subject;
    Set<Subject> grounds = new LinkedHashSet<>(dependencies.grounds(subject));
    Place place = one.place;
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
          if (one.evidence != null) {
            add(grounds, Subject.Kind.NODE, place.node());
          }
        }
      }
    }
    // What a link or a pair is made of is written in its name.
    int at = subject.id().indexOf(subject.kind() == Subject.Kind.PAIR ? '@' : '>');
    if (at > 0 && at + 1 < subject.id().length()) {
      switch (subject.kind()) {
        case PAIR -> add(grounds, Subject.Kind.VOLUME, subject.id().substring(0, at));
        case EDGE -> {
          add(grounds, Subject.Kind.NODE, subject.id().substring(0, at));
          add(grounds, Subject.Kind.NODE, subject.id().substring(at + 1));
        }
        default -> {}
      }
    }
    if (one.evidence != null) {
      for (Subject related : one.evidence.related) {
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

  private static void ownSymptoms(Collection<Candidate> candidates, long onsetMillis) {
    Map<String, Double> common = new HashMap<>();
    for (Candidate one : candidates) {
      if (one.evidence != null) {
        one.evidence.signals.forEach(
            (name, signal) -> {
              double weight = prompt(signal, onsetMillis);
              common.merge(name, weight, Double::sum);
              for (Candidate ground : one.grounds) {
                ground.carriedSignals.merge(name, weight, Double::sum);
              }
            });
      }
    }
    for (Candidate one : candidates) {
      if (one.evidence == null) {
        continue;
      }
      Map<String, Double> types = new HashMap<>();
      one.evidence.signals.forEach(
          (name, signal) -> {
            double weight = prompt(signal, onsetMillis);
            if (weight > 0) {
              // What its neighbours on a common ground show speaks for the ground, not against it.
              double neighbours = weight;
              for (Candidate ground : one.grounds) {
                neighbours = Math.max(neighbours, ground.carriedSignals.getOrDefault(name, 0.0));
              }
              double others = common.getOrDefault(name, weight) - neighbours;
              double share = weight / (weight + Math.max(0, others));
              types.merge(signal.type, weight * Math.pow(share, COMMON_POWER), Double::sum);
            }
          });
      for (double weight : types.values()) {
        one.own += TYPE_CAP * (1 - Math.exp(-weight / TYPE_CAP));
      }
    }
  }

  /** The weight of a signal, less when it was not there at the onset. */
  private static double prompt(Evidence.Signal signal, long onsetMillis) {
    double lateMillis = Math.max(0, signal.firstMillis - onsetMillis - PROMPT_MILLIS);
    return signal.weight * (LATE_SHARE + (1 - LATE_SHARE) * Math.exp(-lateMillis / LATE_MILLIS));
  }

  /** How much a thing is affected, by itself and by what stands on it. */
  private static double strength(Candidate one, int depth) {
    if (one.strength < 0) {
      // Set first: a circle of dependencies then ends here.
      one.strength = one.own;
      if (depth <= MAX_STEPS) {
        for (Candidate carried : one.carried) {
          strength(carried, depth + 1);
        }
        one.strength = one.own + carried(one);
      }
    }
    return one.strength;
  }

  /** How much what stands on a thing speaks for it. */
  private static double carried(Candidate one) {
    if (one.carried.isEmpty()) {
      return 0;
    }
    double sum = 0;
    double affected = 0;
    for (Candidate carried : one.carried) {
      sum += Math.max(0, carried.strength);
      affected += carried.affected();
    }
    if (one.known == 1) {
      return SINGLE * sum;
    }
    return CARRIED * sum / one.known * Math.pow(affected / one.known, CARRIED_POWER);
  }

  /** Tells each thing on a common ground how many of the others are affected as it is. */
  private static void explain(Candidate ground) {
    if (ground.known < 2) {
      return;
    }
    double affected = 0;
    for (Candidate carried : ground.carried) {
      affected += carried.affected();
      if (carried.affected() > 0.5) {
        ground.affectedCarried++;
      }
    }
    for (Candidate carried : ground.carried) {
      carried.explained =
          Math.max(carried.explained, (affected - carried.affected()) / (ground.known - 1));
    }
  }

  private void callers(Map<Subject, Candidate> candidates) {
    for (Candidate caller : candidates.values()) {
      if (caller.own <= 0) {
        continue;
      }
      for (Subject subject : dependencies.calls(caller.subject)) {
        Candidate called = candidates.get(subject);
        if (called != null && called.score > 0) {
          called.called += CALLED * caller.own * called.score / (called.score + CALLED_HALF);
          called.affectedCallers++;
        }
      }
    }
    for (Candidate one : candidates.values()) {
      one.score += one.called;
    }
  }

  private static String sentence(Candidate one, long openedMillis) {
    Evidence own = one.evidence;
    StringBuilder text = new StringBuilder();
    if (own == null) {
      text.append("no symptom of its own");
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
    if (one.known > 1) {
      text.append("; ")
          .append(one.affectedCarried)
          .append(" of ")
          .append(one.known)
          .append(" things that stand on it are affected");
    } else if (one.known == 1) {
      text.append("; one affected thing stands on it");
    }
    if (one.affectedCallers > 0) {
      text.append("; ")
          .append(one.affectedCallers)
          .append(
              one.affectedCallers == 1 ? " affected thing calls it" : " affected things call it");
    }
    return text.append('.').toString();
  }
}
