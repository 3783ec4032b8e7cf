package io.forestall.operators.correlate;

import io.forestall.decisions.incident.Rule;
import io.forestall.decisions.incident.RuleMatcher;
import io.forestall.decisions.incident.Symptom;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the conditions of one rule's pattern ask: may a run begin with this symptom, and is the rule
 * satisfied by it?
 *
 * <p>A pattern of CEP would begin a run with every symptom, and each would hold all that follow. It
 * is enough that runs begin at least one longest hold apart and live for two: the run before the
 * newest, or the newest, holds every symptom that still speaks. When the last run began is noted
 * here, in memory only: where nothing is noted, as after a restore, a run too many begins, never
 * one too few.
 *
 * <p>For one subtask; the two conditions of a pattern share it.
 */
final class RuleRuns implements Serializable {

  private static final long serialVersionUID = 1L;
  private static final long NEVER = Long.MIN_VALUE;

  private static final Comparator<Symptom> IN_TIME =
      Comparator.comparingLong((Symptom each) -> each.event().timeMillis())
          .thenComparing(each -> each.event().id());

  /** The rule's text: rules travel as YAML. */
  private final Rules text;

  private final String id;
  private transient @Nullable Rule rule;
  private transient @Nullable Map<String, Noted> notedByKey;
  private transient int sweepAt;

  /** What is noted of one key. */
  private static final class Noted {
    /** Time of the symptom that began the newest run. */
    long beganMillis = NEVER;

    /** The newest symptom that was asked about, and whether a run may begin with it. */
    String newest = "";

    boolean begins;

    /** Notes are whole from here on. */
    long sinceMillis;

    long newestMillis;

    /** When each stage was last given a symptom. */
    final long[] stageMillis;

    Noted(int stages, long sinceMillis) {
      this.stageMillis = new long[stages];
      java.util.Arrays.fill(stageMillis, NEVER);
      this.sinceMillis = sinceMillis;
    }
  }

  RuleRuns(Rules text, String id) {
    this.text = text;
    this.id = id;
  }

  Rule rule() {
    Rule known = rule;
    if (known == null) {
      known = text.set().rule(id);
      if (known == null) {
        throw new IllegalStateException("rule " + id + " is not among those of its own file");
      }
      rule = known;
    }
    return known;
  }

  /**
   * True when a run may begin with this symptom.
   *
   * @param atMillis its time in the pattern
   */
  boolean begins(Symptom symptom, long atMillis) {
    return noted(symptom, atMillis).begins;
  }

  /**
   * True when a symptom completes a match with those before it.
   *
   * @param before what its run holds, asked for only when it can matter
   */
  boolean satisfied(Symptom symptom, long atMillis, Iterable<Symptom> before) {
    Noted noted = noted(symptom, atMillis);
    long holdMillis = rule().longestHoldMillis();
    if (noted.sinceMillis < atMillis - holdMillis) {
      for (long millis : noted.stageMillis) {
        if (millis == NEVER || millis < atMillis - holdMillis) {
          // A stage has had nothing for longer than anything speaks.
          return false;
        }
      }
    }
    List<Symptom> held = new ArrayList<>();
    for (Symptom each : before) {
      held.add(each);
    }
    held.add(symptom);
    if (!RuleMatcher.satisfied(rule(), live(held, atMillis))) {
      return false;
    }
    // CEP drops every run that overlaps the match; no run may begin with its last symptom.
    noted.beganMillis = NEVER;
    noted.begins = false;
    return true;
  }

  /** What still speaks at a time, in the order of (time, identifier). */
  List<Symptom> live(List<Symptom> held, long atMillis) {
    List<Symptom> live = new ArrayList<>(held.size());
    boolean sorted = true;
    for (Symptom each : held) {
      long timeMillis = each.event().timeMillis();
      if (atMillis - timeMillis <= rule().holdMillis(each.event().type())) {
        sorted &= live.isEmpty() || IN_TIME.compare(live.get(live.size() - 1), each) <= 0;
        live.add(each);
      }
    }
    if (!sorted) {
      // A late one stands where it arrived.
      live.sort(IN_TIME);
    }
    return live;
  }

  /** Notes a symptom, once, whichever condition asks first. */
  private Noted noted(Symptom symptom, long atMillis) {
    Map<String, Noted> all = notedByKey;
    if (all == null) {
      all = new HashMap<>();
      notedByKey = all;
      sweepAt = 1024;
    }
    Noted noted = all.get(symptom.key());
    if (noted == null) {
      if (all.size() >= sweepAt) {
        sweep(all, atMillis);
      }
      noted = new Noted(rule().stages().size(), atMillis);
      all.put(symptom.key(), noted);
    }
    if (noted.newest.equals(symptom.event().id()) && noted.newestMillis == atMillis) {
      return noted;
    }
    noted.newest = symptom.event().id();
    noted.newestMillis = atMillis;
    for (int stage = 0; stage < noted.stageMillis.length; stage++) {
      if ((symptom.stages() & (1 << stage)) != 0) {
        noted.stageMillis[stage] = atMillis;
      }
    }
    noted.begins =
        noted.beganMillis == NEVER || atMillis - noted.beganMillis >= rule().longestHoldMillis();
    if (noted.begins) {
      noted.beganMillis = atMillis;
    }
    return noted;
  }

  private void sweep(Map<String, Noted> all, long atMillis) {
    long overMillis = atMillis - 2 * rule().longestHoldMillis() - 1;
    all.values().removeIf(each -> each.newestMillis < overMillis);
    sweepAt = Math.max(1024, 2 * all.size());
  }
}
