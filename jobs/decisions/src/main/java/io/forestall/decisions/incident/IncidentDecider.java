package io.forestall.decisions.incident;

import io.forestall.decisions.Decider;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.incident.Incident.State;
import io.forestall.decisions.incident.Incident.Suspect;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes incidents of what the rules matched: sessions, inhibition, opened, updated, resolved (B5,
 * B6). One key is one pool; time is event time.
 *
 * <p>What is newer than the time reached waits for it, so that inputs are taken in the order of
 * their times and the same inputs give the same incidents in whatever order they arrived. Two
 * things do not wait: what is late joins what is still open, and a single critical event of the
 * key's own thing opens at once; when that thing had come back meanwhile, what was open ends by it
 * first.
 *
 * <p>The first record of an incident is OPENED, the last RESOLVED; between them UPDATED says at
 * once when severity, subject, recommendation, prediction or inhibition changed and at 2, 4, 8 and
 * so on events, and otherwise at most once a second of event time.
 */
public final class IncidentDecider implements Decider<IncidentState, IncidentInput, Incident> {

  /** Share of the evidence from which the first suspect is what the incident is about. */
  private static final double STANDS_OUT = 0.5;

  /** Longest chain of incidents that swallow each other. */
  private static final int MAX_CHAIN = 64;

  private final Supplier<RuleSet> rules;
  private final Suspects suspects;
  private @Nullable Known known;

  /** The rules in force, looked up. */
  private static final class Known {
    final RuleSet of;
    final Map<String, Rule> byId = new HashMap<>();
    final Map<String, Integer> order = new HashMap<>();

    /** Rules that swallow a rule, in the order of the file. */
    final Map<String, List<Rule>> larger = new HashMap<>();

    Known(RuleSet of) {
      this.of = of;
      for (Rule rule : of.rules()) {
        byId.put(rule.id(), rule);
        order.put(rule.id(), order.size());
      }
      for (Rule small : of.rules()) {
        List<Rule> found = new ArrayList<>();
        for (Rule rule : of.rules()) {
          if (rule.inhibits().stream().anyMatch(one -> names(one, rule.id(), small.id()))) {
            found.add(rule);
          }
        }
        larger.put(small.id(), found);
      }
    }
  }

  private static boolean names(Rule.Inhibition inhibition, String large, String small) {
    return !small.equals(large)
        && (inhibition.rule().equals(small) || inhibition.rule().equals("*"));
  }

  private Known known() {
    RuleSet now = rules.get();
    Known last = known;
    if (last == null || last.of != now) {
      last = new Known(now);
      known = last;
    }
    return last;
  }

  private @Nullable Rule rule(String id) {
    return known().byId.get(id);
  }

  /**
   * A decider.
   *
   * @param rules gives the rules in force, also after they changed
   */
  public IncidentDecider(Supplier<RuleSet> rules) {
    this(rules, Dependencies.NONE);
  }

  /**
   * A decider that knows more of what stands on what than the events say.
   *
   * @param rules gives the rules in force, also after they changed
   * @param dependencies added to what the events say
   */
  public IncidentDecider(Supplier<RuleSet> rules, Dependencies dependencies) {
    this.rules = rules;
    this.suspects = new Suspects(dependencies);
  }

  @Override
  public IncidentState empty(String pool) {
    return new IncidentState(pool);
  }

  @Override
  public void decide(
      IncidentState state, IncidentInput event, long nowMillis, Consumer<Incident> incidents) {
    if (event instanceof IncidentInput.Matched matched) {
      if (matched.symptoms().isEmpty()) {
        return;
      }
      if (firesOnArrival(matched)) {
        endBefore(state, matched, incidents);
        if (state.session(matched.rule(), matched.key()) == null) {
          catchUp(state, nowMillis, incidents);
          apply(state, matched, incidents);
          return;
        }
      }
    }
    state.await(event);
    catchUp(state, nowMillis, incidents);
    while (state.waiting() > IncidentState.MAX_WAITING) {
      // Time stands still: better out of order than out of memory.
      next(state, Objects.requireNonNull(state.firstWaiting()).timeMillis(), incidents);
    }
  }

  @Override
  public void wake(IncidentState state, long nowMillis, Consumer<Incident> incidents) {
    catchUp(state, nowMillis, incidents);
  }

  @Override
  public long alarmMillis(IncidentState state) {
    IncidentInput input = state.firstWaiting();
    IncidentSession session = state.firstDue();
    return Math.min(
        input == null ? NO_ALARM : input.timeMillis(),
        session == null ? NO_ALARM : session.dueMillis);
  }

  /** A single critical event of the key's own thing: nobody waits for a watermark to hear of it. */
  private boolean firesOnArrival(IncidentInput.Matched matched) {
    Rule rule = rule(matched.rule());
    return rule != null
        && matched.symptoms().size() == 1
        && rule.firesOnArrival(matched.symptoms().get(0).event());
  }

  /** What came back before it failed again is a second incident: what ended the first is taken. */
  private void endBefore(
      IncidentState state, IncidentInput.Matched matched, Consumer<Incident> incidents) {
    for (IncidentInput earlier :
        state.takeUntilClear(matched.rule(), matched.key(), matched.timeMillis())) {
      apply(state, earlier, incidents);
    }
  }

  private void catchUp(IncidentState state, long nowMillis, Consumer<Incident> incidents) {
    boolean more = true;
    while (more) {
      more = next(state, nowMillis, incidents);
    }
  }

  /** Does the first of what is due until then: at the same time an input before a deadline. */
  private boolean next(IncidentState state, long nowMillis, Consumer<Incident> incidents) {
    IncidentInput input = state.firstWaiting();
    IncidentSession session = state.firstDue();
    long inputMillis = input == null ? NO_ALARM : input.timeMillis();
    long dueMillis = session == null ? NO_ALARM : session.dueMillis;
    if (input != null && inputMillis <= dueMillis && inputMillis <= nowMillis) {
      state.takeFirstWaiting();
      apply(state, input, incidents);
      return true;
    }
    if (session != null && dueMillis <= nowMillis && dueMillis != NO_ALARM) {
      if (session.closesMillis() <= dueMillis) {
        resolve(state, session, dueMillis, incidents);
      } else {
        record(state, session, State.UPDATED, dueMillis, null, incidents);
      }
      return true;
    }
    return false;
  }

  private void apply(IncidentState state, IncidentInput input, Consumer<Incident> incidents) {
    if (input instanceof IncidentInput.Matched matched) {
      match(state, matched, incidents);
    } else if (input instanceof IncidentInput.Seen seen) {
      see(state, seen.symptom(), incidents);
    }
  }

  private void match(
      IncidentState state, IncidentInput.Matched matched, Consumer<Incident> incidents) {
    Rule rule = rule(matched.rule());
    IncidentSession session = state.session(matched.rule(), matched.key());
    if (session != null) {
      boolean added = false;
      for (Symptom symptom : matched.symptoms()) {
        added |= session.add(symptom);
      }
      if (added) {
        changed(state, session, matched.timeMillis(), incidents);
      }
      return;
    }
    if (rule == null || !rule.enabled()) {
      return;
    }
    if (state.openIncidents() >= IncidentState.MAX_SESSIONS) {
      IncidentSession first = Objects.requireNonNull(state.firstDue());
      resolve(state, first, Math.max(first.newestMillis, matched.timeMillis()), incidents);
    }
    session = IncidentSession.open(rule, matched);
    for (Symptom symptom : matched.symptoms()) {
      session.add(symptom);
    }
    state.open(session);
    state.inhibit(session, inhibitor(state, session));
    while (session.nextCount <= session.count) {
      session.nextCount *= 2;
    }
    record(state, session, State.OPENED, matched.timeMillis(), null, incidents);
    inhibitOthers(state, session, matched.timeMillis(), incidents);
  }

  private void see(IncidentState state, Symptom symptom, Consumer<Incident> incidents) {
    IncidentSession session = state.session(symptom.rule(), symptom.key());
    if (session == null) {
      return;
    }
    Rule rule = rule(symptom.rule());
    long timeMillis = symptom.event().timeMillis();
    if (timeMillis < IncidentSession.plus(session.openedMillis, -reachMillis(rule, session))) {
      return;
    }
    boolean added = session.add(symptom);
    if (symptom.clears() && timeMillis >= session.lastSymptomMillis) {
      resolve(state, session, timeMillis, incidents);
    } else if (added) {
      changed(state, session, timeMillis, incidents);
    }
  }

  /** How much older than an incident's first event an event may be and still join. */
  private static long reachMillis(@Nullable Rule rule, IncidentSession session) {
    return rule == null
        ? session.quietMillis
        : Math.max(session.quietMillis, rule.longestHoldMillis());
  }

  /** Tells of added events, now or when the second is over. */
  private void changed(
      IncidentState state, IncidentSession session, long timeMillis, Consumer<Incident> incidents) {
    Rule rule = rule(session.rule);
    if (rule != null) {
      session.follow(rule);
    }
    boolean wider = session.breadth != session.judgedBreadth;
    if (wider) {
      state.inhibit(session, inhibitor(state, session));
    }
    boolean now =
        session.effectiveSeverity() != session.saidSeverity
            || session.predicted() != session.saidPredicted
            || session.effectiveRecommendation() != session.saidRecommendation
            || !Objects.equals(session.inhibitedBy, session.saidInhibitedBy)
            || session.count >= session.nextCount
            || timeMillis
                >= IncidentSession.plus(session.recordMillis, IncidentSession.COALESCE_MILLIS);
    while (session.nextCount <= session.count) {
      session.nextCount *= 2;
    }
    if (now) {
      record(state, session, State.UPDATED, timeMillis, null, incidents);
    } else {
      session.waits = true;
      state.touch(session);
    }
    if (wider) {
      inhibitOthers(state, session, timeMillis, incidents);
    }
  }

  private void resolve(
      IncidentState state, IncidentSession session, long timeMillis, Consumer<Incident> incidents) {
    record(state, session, State.RESOLVED, timeMillis, timeMillis, incidents);
    List<IncidentSession> freed = state.swallowedBy(session.id);
    state.close(session);
    for (IncidentSession other : freed) {
      judge(state, other, timeMillis, incidents);
    }
  }

  private void inhibitOthers(
      IncidentState state, IncidentSession session, long timeMillis, Consumer<Incident> incidents) {
    Rule rule = rule(session.rule);
    session.judgedBreadth = session.breadth;
    if (rule == null || rule.inhibits().isEmpty()) {
      return;
    }
    for (String small : state.openRules()) {
      for (Rule.Inhibition inhibition : rule.inhibits()) {
        if (names(inhibition, rule.id(), small)) {
          for (IncidentSession other :
              candidates(state, small, inhibition.same(), session.scope(inhibition.same()))) {
            if (!session.id.equals(other.inhibitedBy)) {
              judge(state, other, timeMillis, incidents);
            }
          }
        }
      }
    }
  }

  /** Open incidents of a rule that may stand for one of these names; more than do, never fewer. */
  private List<IncidentSession> candidates(
      IncidentState state, String ruleId, Subject.Kind kind, TreeSet<String> names) {
    Rule rule = rule(ruleId);
    if (rule == null || rule.key().size() != 1 || rule.key().get(0) != kind) {
      return state.sessions(ruleId);
    }
    List<IncidentSession> found = new ArrayList<>();
    for (String name : names) {
      IncidentSession session = state.session(ruleId, new Subject(kind, name).toString());
      if (session != null) {
        found.add(session);
      }
    }
    return found;
  }

  /** Says again whether a larger incident swallows this one. */
  private void judge(
      IncidentState state, IncidentSession session, long timeMillis, Consumer<Incident> incidents) {
    String inhibitor = inhibitor(state, session);
    if (!Objects.equals(inhibitor, session.inhibitedBy)) {
      state.inhibit(session, inhibitor);
      record(state, session, State.UPDATED, timeMillis, null, incidents);
    }
  }

  /** The open incident that swallows this one, null when none does. */
  private @Nullable String inhibitor(IncidentState state, IncidentSession session) {
    IncidentSession best = null;
    int bestOrder = Integer.MAX_VALUE;
    for (Rule rule : known().larger.getOrDefault(session.rule, List.of())) {
      int order = known().order.getOrDefault(rule.id(), Integer.MAX_VALUE);
      for (Rule.Inhibition inhibition : rule.inhibits()) {
        if (!names(inhibition, rule.id(), session.rule)) {
          continue;
        }
        TreeSet<String> within = session.scope(inhibition.same());
        if (within.isEmpty()) {
          continue;
        }
        for (IncidentSession other : candidates(state, rule.id(), inhibition.same(), within)) {
          if (other.scope(inhibition.same()).containsAll(within)
              && !swallows(session, other, order)
              && !leadsTo(state, other, session)
              && (best == null || better(other, order, best, bestOrder))) {
            best = other;
            bestOrder = order;
          }
        }
      }
    }
    return best == null ? null : best.id;
  }

  private static boolean better(
      IncidentSession one, int order, IncidentSession best, int bestOrder) {
    boolean free = one.inhibitedBy == null;
    boolean bestFree = best.inhibitedBy == null;
    if (free != bestFree) {
      return free;
    }
    if (order != bestOrder) {
      return order < bestOrder;
    }
    return one.openedMillis != best.openedMillis
        ? one.openedMillis < best.openedMillis
        : one.id.compareTo(best.id) < 0;
  }

  /** Whether the small one swallows the large one as well and its rule is the first of the file. */
  private boolean swallows(IncidentSession small, IncidentSession large, int largeOrder) {
    Rule rule = rule(small.rule);
    if (rule == null || known().order.getOrDefault(rule.id(), Integer.MAX_VALUE) > largeOrder) {
      return false;
    }
    for (Rule.Inhibition inhibition : rule.inhibits()) {
      if (names(inhibition, small.rule, large.rule)) {
        TreeSet<String> within = large.scope(inhibition.same());
        if (!within.isEmpty() && small.scope(inhibition.same()).containsAll(within)) {
          return true;
        }
      }
    }
    return false;
  }

  /** Whether an incident is swallowed, through others, by this one: nobody would speak then. */
  private static boolean leadsTo(
      IncidentState state, IncidentSession from, IncidentSession session) {
    IncidentSession next = from;
    for (int i = 0; i < MAX_CHAIN; i++) {
      String inhibitor = next.inhibitedBy;
      next = inhibitor == null ? null : state.session(inhibitor);
      if (next == null) {
        return false;
      }
      if (next == session) {
        return true;
      }
    }
    return true;
  }

  private void record(
      IncidentState state,
      IncidentSession session,
      State as,
      long timeMillis,
      @Nullable Long resolvedMillis,
      Consumer<Incident> incidents) {
    List<Suspect> causes =
        suspects.rank(session.evidence.values(), session.openedMillis, session.onsetMillis);
    boolean standsOut = !causes.isEmpty() && causes.get(0).weight() >= STANDS_OUT;
    Subject subject = standsOut ? causes.get(0).entity() : subjectOfKey(session);
    session.revision++;
    session.waits = false;
    session.recordMillis =
        session.revision == 1 ? timeMillis : Math.max(session.recordMillis, timeMillis);
    session.saidSeverity = session.effectiveSeverity();
    session.saidPredicted = session.predicted();
    session.saidRecommendation = session.effectiveRecommendation();
    session.saidInhibitedBy = session.inhibitedBy;
    session.saidSubject = subject;
    String inhibitedBy = session.inhibitedBy;
    incidents.accept(
        new Incident(
            session.id,
            session.revision,
            as,
            session.effectiveSeverity(),
            IncidentSummary.of(session, subject, causes, standsOut, resolvedMillis),
            subject,
            pool(state, session),
            session.predicted(),
            session.confidence,
            session.horizonMillis,
            session.effectiveRecommendation(),
            inhibitedBy == null
                ? session.recommendationText
                : "Incident " + inhibitedBy + " is larger and recommends for this one too.",
            session.rule,
            session.ruleVersion,
            session.key,
            causes,
            List.copyOf(session.affected),
            List.copyOf(session.originals),
            session.count,
            session.openedMillis,
            session.newestMillis,
            resolvedMillis,
            inhibitedBy,
            session.labels));
    if (as != State.RESOLVED) {
      state.touch(session);
    }
  }

  private static @Nullable String pool(IncidentState state, IncidentSession session) {
    if (!state.pool().isEmpty()) {
      return state.pool();
    }
    TreeSet<String> pools = new TreeSet<>();
    for (Evidence one : session.evidence.values()) {
      Place place = one.place;
      if (place != null && !place.pool().isEmpty()) {
        pools.add(place.pool());
      }
    }
    return pools.isEmpty() ? null : pools.first();
  }

  /** What the correlation key names: one thing, or a volume as one client sees it. */
  private static Subject subjectOfKey(IncidentSession session) {
    List<Subject> parts = new ArrayList<>(IncidentSession.keyParts(session.key));
    if (parts.size() == 2
        && parts.get(0).kind() == Subject.Kind.VOLUME
        && parts.get(1).kind() == Subject.Kind.CLIENT) {
      String pair = parts.get(0).id() + "@" + parts.get(1).id();
      if (pair.length() <= Subject.MAX_ID_CHARS) {
        return new Subject(Subject.Kind.PAIR, pair);
      }
    }
    if (!parts.isEmpty()) {
      return parts.get(0);
    }
    return session.originals.first().entity();
  }
}
