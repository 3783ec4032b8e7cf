package io.forestall.decisions.incident;

import io.forestall.decisions.Subject;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Says when the symptoms under one key of one rule satisfy it: the meaning of a rule, in plain
 * Java. The correlate job finds the same by Flink CEP; a test holds both against each other. Used
 * by {@code forestall rules test} and by the simulator. For one thread.
 *
 * <p>The meaning: a symptom is held for {@link Rule#holdMillis} of its type. When a symptom
 * arrives, those whose hold has passed are forgotten. The rule is satisfied when the held symptoms
 * and the new one can be dealt out to the stages, each to one stage that it counts for, so that
 * each stage has as many as it counts, naming different things where it asks for that; in an
 * ordered rule each stage must also have its last symptom before the next one has its first. The
 * match then takes everything that was held, and holding begins anew: no symptom takes part in two
 * matches of a rule.
 */
public final class RuleMatcher {

  /** Most symptoms held under one key; past it the oldest is forgotten. */
  public static final int MAX_HELD = 2048;

  private final Rule rule;
  private final int symptomsNeeded;
  private final Deque<Symptom> held = new ArrayDeque<>();

  /** A matcher of one rule under one key. */
  public RuleMatcher(Rule rule) {
    this.rule = rule;
    this.symptomsNeeded = rule.symptoms();
  }

  /** Its rule. */
  public Rule rule() {
    return rule;
  }

  /**
   * Takes the next symptom.
   *
   * @param symptom in the order of (time, event id), each event once; one that only clears is
   *     ignored
   * @param matches hears of a match when this symptom completes one; the symptoms of a match take
   *     part in no other
   */
  public void take(Symptom symptom, Consumer<IncidentInput.Matched> matches) {
    if (symptom.stages() == 0) {
      return;
    }
    forget(symptom.event().timeMillis());
    if (held.size() == MAX_HELD) {
      held.removeFirst();
    }
    held.addLast(symptom);
    if (held.size() < symptomsNeeded) {
      return;
    }
    List<Symptom> candidates = List.copyOf(held);
    if (satisfied(rule, candidates)) {
      held.clear();
      matches.accept(new IncidentInput.Matched(symptom.rule(), symptom.key(), candidates));
    }
  }

  /** Symptoms held; at most {@value #MAX_HELD}. */
  public int held() {
    return held.size();
  }

  /**
   * Forgets what no later symptom can be joined with.
   *
   * @param nowMillis no symptom older than this comes any more; milliseconds since 1970-01-01 UTC
   */
  public void forget(long nowMillis) {
    for (Iterator<Symptom> all = held.iterator(); all.hasNext(); ) {
      FleetEvent event = all.next().event();
      if (nowMillis - event.timeMillis() > rule.holdMillis(event.type())) {
        all.remove();
      }
    }
  }

  /**
   * Those of the symptoms that still speak when the last of them happens.
   *
   * @param symptoms in the order of (time, event id)
   * @return the same order; always with the last
   */
  public static List<Symptom> live(Rule rule, List<Symptom> symptoms) {
    long last = symptoms.get(symptoms.size() - 1).event().timeMillis();
    List<Symptom> live = new ArrayList<>(symptoms.size());
    for (Symptom symptom : symptoms) {
      FleetEvent event = symptom.event();
      if (last - event.timeMillis() <= rule.holdMillis(event.type())) {
        live.add(symptom);
      }
    }
    return live;
  }

  /**
   * True when these symptoms satisfy the rule.
   *
   * @param symptoms all of which still speak, in the order of (time, event id)
   */
  public static boolean satisfied(Rule rule, List<Symptom> symptoms) {
    if (symptoms.size() < rule.symptoms()) {
      return false;
    }
    return rule.ordered() ? inOrder(rule, symptoms) : inAnyOrder(rule, symptoms);
  }

  // A stage that ends as early as it can leaves the most to those after it.
  private static boolean inOrder(Rule rule, List<Symptom> symptoms) {
    int next = 0;
    for (int number = 0; number < rule.stages().size(); number++) {
      Rule.Stage stage = rule.stages().get(number);
      Set<Subject> seen = new HashSet<>();
      int count = 0;
      while (count < stage.count()) {
        if (next == symptoms.size()) {
          return false;
        }
        Symptom symptom = symptoms.get(next++);
        if ((symptom.stages() & (1 << number)) == 0) {
          continue;
        }
        if (stage.distinctBy() != null) {
          Subject thing =
              CorrelationKey.thing(symptom.event(), symptom.place(), stage.distinctBy());
          if (thing == null || !seen.add(thing)) {
            continue;
          }
        }
        count++;
      }
    }
    return true;
  }

  private static boolean inAnyOrder(Rule rule, List<Symptom> symptoms) {
    int stages = rule.stages().size();
    if (stages == 1) {
      // Order means nothing to a single stage.
      return inOrder(rule, symptoms);
    }
    // What each symptom can count for, and as which thing; -1 where the stage asks for none.
    int[] counts = new int[stages];
    int[][] things = new int[stages][];
    int[] usable = new int[stages];
    boolean shared = false;
    int[] masks = new int[symptoms.size()];
    for (int number = 0; number < stages; number++) {
      Rule.Stage stage = rule.stages().get(number);
      counts[number] = stage.count();
      things[number] = new int[symptoms.size()];
      Arrays.fill(things[number], -1);
      Map<Subject, Integer> names = new HashMap<>();
      for (int i = 0; i < symptoms.size(); i++) {
        Symptom symptom = symptoms.get(i);
        if ((symptom.stages() & (1 << number)) == 0) {
          continue;
        }
        if (stage.distinctBy() == null) {
          usable[number]++;
        } else {
          Subject thing =
              CorrelationKey.thing(symptom.event(), symptom.place(), stage.distinctBy());
          if (thing == null) {
            continue;
          }
          things[number][i] = names.computeIfAbsent(thing, unused -> names.size());
        }
        shared |= masks[i] != 0;
        masks[i] |= 1 << number;
      }
      if (stage.distinctBy() != null) {
        usable[number] = names.size();
      }
      if (usable[number] < stage.count()) {
        return false;
      }
    }
    return !shared || new Dealing(counts, things, masks).complete();
  }

  /** Deals symptoms that count for several stages out to them: augmenting paths over places. */
  private static final class Dealing {
    private final int[] counts;
    private final int[][] things;
    private final int[] masks;
    // By stage: which symptoms it has; and where it must name different things, who names each.
    private final List<List<Integer>> taken = new ArrayList<>();
    private final List<Map<Integer, Integer>> names = new ArrayList<>();
    private final int[] stageOf;

    Dealing(int[] counts, int[][] things, int[] masks) {
      this.counts = counts;
      this.things = things;
      this.masks = masks;
      this.stageOf = new int[masks.length];
      Arrays.fill(stageOf, -1);
      for (int i = 0; i < counts.length; i++) {
        taken.add(new ArrayList<>());
        names.add(new HashMap<>());
      }
    }

    boolean complete() {
      int open = 0;
      for (int count : counts) {
        open += count;
      }
      for (int i = 0; i < masks.length && open > 0; i++) {
        if (masks[i] != 0 && place(i)) {
          open--;
        }
      }
      return open == 0;
    }

    // Breadth first over symptoms: who can be moved to make room for the new one?
    private boolean place(int symptom) {
      int[] from = new int[masks.length];
      int[] to = new int[masks.length];
      boolean[] visited = new boolean[masks.length];
      Deque<Integer> queue = new ArrayDeque<>();
      queue.add(symptom);
      visited[symptom] = true;
      from[symptom] = -1;
      while (!queue.isEmpty()) {
        int mover = queue.remove();
        for (int stage = 0; stage < counts.length; stage++) {
          if ((masks[mover] & (1 << stage)) == 0 || stageOf[mover] == stage) {
            continue;
          }
          int thing = things[stage][mover];
          Integer namesake = thing < 0 ? null : names.get(stage).get(thing);
          if (namesake != null) {
            if (!visited[namesake]) {
              visited[namesake] = true;
              from[namesake] = mover;
              to[namesake] = stage;
              queue.add(namesake);
            }
          } else if (taken.get(stage).size() < counts[stage]) {
            move(mover, stage, from, to);
            return true;
          } else {
            for (int other : taken.get(stage)) {
              if (!visited[other]) {
                visited[other] = true;
                from[other] = mover;
                to[other] = stage;
                queue.add(other);
              }
            }
          }
        }
      }
      return false;
    }

    // The last of the chain takes the free place; each before it takes the place of the next.
    private void move(int last, int free, int[] from, int[] to) {
      int mover = last;
      int stage = free;
      while (mover >= 0) {
        int before = from[mover];
        int left = before < 0 ? -1 : to[mover];
        leave(mover);
        enter(mover, stage);
        stage = left;
        mover = before;
      }
    }

    private void leave(int symptom) {
      int stage = stageOf[symptom];
      if (stage >= 0) {
        taken.get(stage).remove((Integer) symptom);
        if (things[stage][symptom] >= 0) {
          names.get(stage).remove(things[stage][symptom], symptom);
        }
        stageOf[symptom] = -1;
      }
    }

    private void enter(int symptom, int stage) {
      taken.get(stage).add(symptom);
      stageOf[symptom] = stage;
      if (things[stage][symptom] >= 0) {
        names.get(stage).put(things[stage][symptom], symptom);
      }
    }
  }
}
