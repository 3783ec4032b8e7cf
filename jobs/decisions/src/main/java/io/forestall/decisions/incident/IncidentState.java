package io.forestall.decisions.incident;

import io.forestall.decisions.DeciderState;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The open incidents of one pool, one row each, and the inputs whose time has not come, one row
 * together. Bounded: at most {@value #MAX_SESSIONS} open incidents and {@value #MAX_WAITING}
 * inputs.
 */
public final class IncidentState implements DeciderState {

  /** Most open incidents of a pool; count. */
  public static final int MAX_SESSIONS = 10_000;

  /** Most inputs whose time has not come; count. */
  public static final int MAX_WAITING = 100_000;

  private static final String SESSION = "incident/";
  private static final String WAITING = "waiting";
  private static final byte WAITING_VERSION = 1;

  /** Rank of an input that clears. */
  private static final int CLEARS = 2;

  /** By time; at the same time a match opens before other events join, and clears come last. */
  private static final Comparator<IncidentInput> IN_TIME =
      Comparator.comparingLong(IncidentInput::timeMillis)
          .thenComparingInt(IncidentState::rank)
          .thenComparing(input -> first(input).rule())
          .thenComparing(input -> first(input).key())
          .thenComparing(input -> first(input).event().id());

  private static final Comparator<IncidentSession> BY_DUE =
      Comparator.comparingLong((IncidentSession session) -> session.dueMillis)
          .thenComparing(session -> session.rule)
          .thenComparing(session -> session.key);

  private final String pool;
  private final Map<String, IncidentSession> sessions = new HashMap<>();
  private final TreeSet<IncidentSession> due = new TreeSet<>(BY_DUE);
  private final PriorityQueue<IncidentInput> waiting = new PriorityQueue<>(IN_TIME);
  private final Map<String, TreeMap<String, IncidentSession>> byRule = new HashMap<>();
  private final Map<String, IncidentSession> byId = new HashMap<>();
  private final Map<String, Set<IncidentSession>> swallowed = new HashMap<>();
  private final Set<String> changed = new HashSet<>();
  private final Set<String> kept = new HashSet<>();

  /** How many inputs wait that clear an incident, by the row of the incident; count. */
  private final Map<String, Integer> clearsWaiting = new HashMap<>();

  private boolean waitingChanged;

  IncidentState(String pool) {
    this.pool = pool;
  }

  /** The pool, empty for what stands in none. */
  public String pool() {
    return pool;
  }

  /** Number of open incidents. */
  public int openIncidents() {
    return sessions.size();
  }

  @Override
  public void restore(String row, byte[] body) {
    try {
      if (row.equals(WAITING)) {
        readWaiting(body);
      } else if (row.startsWith(SESSION)) {
        IncidentSession session = IncidentSession.read(body);
        if (!row.equals(row(session.rule, session.key))) {
          throw new IllegalArgumentException(
              "row " + row + " holds the incident of " + row(session.rule, session.key));
        }
        index(row, session);
        schedule(session);
      } else {
        throw new IllegalArgumentException("'" + row + "' is no row of open incidents");
      }
    } catch (IOException e) {
      throw new IllegalArgumentException("row " + row + " cannot be read: " + e.getMessage(), e);
    }
    kept.add(row);
  }

  @Override
  public Map<String, byte[]> takeChanges() {
    Map<String, byte[]> changes = new LinkedHashMap<>();
    for (String row : changed) {
      IncidentSession session = sessions.get(row);
      if (session != null) {
        changes.put(row, session.bytes());
        kept.add(row);
      } else if (kept.remove(row)) {
        changes.put(row, new byte[0]);
      }
    }
    changed.clear();
    if (waitingChanged) {
      waitingChanged = false;
      if (!waiting.isEmpty()) {
        changes.put(WAITING, waitingBytes());
        kept.add(WAITING);
      } else if (kept.remove(WAITING)) {
        changes.put(WAITING, new byte[0]);
      }
    }
    return changes;
  }

  @Override
  public boolean isEmpty() {
    return sessions.isEmpty() && waiting.isEmpty();
  }

  @Nullable IncidentSession session(String rule, String key) {
    return sessions.get(row(rule, key));
  }

  @Nullable IncidentSession session(String id) {
    return byId.get(id);
  }

  /** The open sessions of a rule, in the order of their keys. */
  List<IncidentSession> sessions(String rule) {
    TreeMap<String, IncidentSession> sessions = byRule.get(rule);
    return sessions == null ? List.of() : new ArrayList<>(sessions.values());
  }

  /** Rules of which an incident is open, in the order of their names. */
  List<String> openRules() {
    return byRule.keySet().stream().sorted().toList();
  }

  void open(IncidentSession session) {
    index(row(session.rule, session.key), session);
    touch(session);
  }

  private void index(String row, IncidentSession session) {
    sessions.put(row, session);
    byRule.computeIfAbsent(session.rule, any -> new TreeMap<>()).put(session.key, session);
    byId.put(session.id, session);
    String inhibitor = session.inhibitedBy;
    if (inhibitor != null) {
      swallowed.computeIfAbsent(inhibitor, any -> new LinkedHashSet<>()).add(session);
    }
  }

  /** Says that a larger incident swallows this one, or with null that none does. */
  void inhibit(IncidentSession session, @Nullable String inhibitor) {
    String before = session.inhibitedBy;
    if (before != null) {
      Set<IncidentSession> others = swallowed.get(before);
      if (others != null && others.remove(session) && others.isEmpty()) {
        swallowed.remove(before);
      }
    }
    session.inhibitedBy = inhibitor;
    if (inhibitor != null) {
      swallowed.computeIfAbsent(inhibitor, any -> new LinkedHashSet<>()).add(session);
    }
  }

  /** The sessions that this incident swallows, in the order of rule and key. */
  List<IncidentSession> swallowedBy(String id) {
    List<IncidentSession> found = new ArrayList<>(swallowed.getOrDefault(id, Set.of()));
    found.sort(
        Comparator.comparing((IncidentSession session) -> session.rule)
            .thenComparing(session -> session.key));
    return found;
  }

  /** To be called after each change of a session. */
  void touch(IncidentSession session) {
    due.remove(session);
    schedule(session);
    changed.add(row(session.rule, session.key));
  }

  void close(IncidentSession session) {
    due.remove(session);
    inhibit(session, null);
    sessions.remove(row(session.rule, session.key));
    byId.remove(session.id);
    TreeMap<String, IncidentSession> ofRule = byRule.get(session.rule);
    if (ofRule != null && ofRule.remove(session.key) != null && ofRule.isEmpty()) {
      byRule.remove(session.rule);
    }
    changed.add(row(session.rule, session.key));
  }

  private void schedule(IncidentSession session) {
    session.dueMillis = session.nextDueMillis();
    due.add(session);
  }

  /** The session that is due first, null when none is open. */
  @Nullable IncidentSession firstDue() {
    return due.isEmpty() ? null : due.first();
  }

  void await(IncidentInput input) {
    waits(input);
    waitingChanged = true;
  }

  private void waits(IncidentInput input) {
    waiting.add(input);
    if (rank(input) == CLEARS) {
      clearsWaiting.merge(row(first(input).rule(), first(input).key()), 1, Integer::sum);
    }
  }

  private void waitsNoMore(IncidentInput input) {
    if (rank(input) == CLEARS) {
      clearsWaiting.computeIfPresent(
          row(first(input).rule(), first(input).key()), (row, n) -> n == 1 ? null : n - 1);
    }
  }

  /**
   * Takes what waits for an incident up to the newest input that clears it and is older than this,
   * in the order of time; nothing when there is none.
   */
  List<IncidentInput> takeUntilClear(String rule, String key, long beforeMillis) {
    String row = row(rule, key);
    if (!clearsWaiting.containsKey(row)) {
      return List.of();
    }
    IncidentInput clear = null;
    List<IncidentInput> its = new ArrayList<>();
    for (IncidentInput input : waiting) {
      if (row.equals(row(first(input).rule(), first(input).key()))) {
        its.add(input);
        if (rank(input) == CLEARS
            && input.timeMillis() < beforeMillis
            && (clear == null || IN_TIME.compare(input, clear) > 0)) {
          clear = input;
        }
      }
    }
    if (clear == null) {
      return List.of();
    }
    IncidentInput last = clear;
    its.removeIf(input -> IN_TIME.compare(input, last) > 0);
    its.sort(IN_TIME);
    // By identity: two that are equal both wait.
    Set<IncidentInput> taken = Collections.newSetFromMap(new IdentityHashMap<>());
    taken.addAll(its);
    waiting.removeIf(taken::contains);
    its.forEach(this::waitsNoMore);
    waitingChanged = true;
    return its;
  }

  @Nullable IncidentInput firstWaiting() {
    return waiting.peek();
  }

  int waiting() {
    return waiting.size();
  }

  void takeFirstWaiting() {
    waitsNoMore(waiting.remove());
    waitingChanged = true;
  }

  private static String row(String rule, String key) {
    return SESSION + rule + "/" + key;
  }

  private static int rank(IncidentInput input) {
    if (input instanceof IncidentInput.Seen seen) {
      return seen.symptom().clears() ? CLEARS : 1;
    }
    return 0;
  }

  private static Symptom first(IncidentInput input) {
    if (input instanceof IncidentInput.Matched matched) {
      return matched.symptoms().get(0);
    }
    return ((IncidentInput.Seen) input).symptom();
  }

  private byte[] waitingBytes() {
    List<IncidentInput> inputs = new ArrayList<>(waiting);
    inputs.sort(IN_TIME);
    return Rows.bytes(
        out -> {
          out.writeByte(WAITING_VERSION);
          out.writeInt(inputs.size());
          for (IncidentInput input : inputs) {
            if (input instanceof IncidentInput.Matched matched) {
              out.writeBoolean(true);
              Rows.text(out, matched.rule());
              Rows.text(out, matched.key());
              out.writeInt(matched.symptoms().size());
              for (Symptom symptom : matched.symptoms()) {
                Rows.symptom(out, symptom);
              }
            } else {
              out.writeBoolean(false);
              Rows.symptom(out, first(input));
            }
          }
        });
  }

  private void readWaiting(byte[] body) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(body));
    byte version = in.readByte();
    if (version != WAITING_VERSION) {
      throw new IOException(
          "version " + version + " is not known; this one writes " + WAITING_VERSION);
    }
    int size = Rows.size(in);
    for (int i = 0; i < size; i++) {
      if (in.readBoolean()) {
        String rule = Rows.text(in);
        String key = Rows.text(in);
        int count = Rows.size(in);
        List<Symptom> symptoms = new ArrayList<>();
        for (int j = 0; j < count; j++) {
          symptoms.add(Rows.symptom(in));
        }
        waits(new IncidentInput.Matched(rule, key, symptoms));
      } else {
        waits(new IncidentInput.Seen(Rows.symptom(in)));
      }
    }
  }
}
