package io.forestall.sim.world;

import io.forestall.decisions.Decider;
import io.forestall.decisions.DeciderState;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * The states of one decider by key, kept as its carrier in the product keeps them: the object in
 * memory, its rows in checkpoints, nothing of a key whose state is empty. For one thread.
 *
 * @param <S> state of the decider
 * @param <E> what happens
 * @param <D> what is decided
 */
final class Keep<S extends DeciderState, E, D> {
  private final Decider<S, E, D> decider;
  private final UnaryOperator<Map<String, byte[]>> changesTaken;
  private final Map<String, S> states = new TreeMap<>();
  private final Map<String, Map<String, byte[]>> rows = new TreeMap<>();

  Keep(Decider<S, E, D> decider, UnaryOperator<Map<String, byte[]>> changesTaken) {
    this.decider = decider;
    this.changesTaken = changesTaken;
  }

  /** Another keep of the same decider that knows nothing but these rows. */
  Keep<S, E, D> restored(Map<String, Map<String, byte[]>> from) {
    Keep<S, E, D> keep = new Keep<>(decider, changesTaken);
    from.forEach(
        (key, named) -> {
          keep.rows.put(key, new HashMap<>(named));
          S state = decider.empty(key);
          // In a fixed order: a state must not depend on it, and a run must be repeatable.
          new TreeMap<>(named).forEach(state::restore);
          keep.states.put(key, state);
        });
    return keep;
  }

  void decide(String key, E event, long nowMillis, Consumer<D> decisions) {
    S state = states.get(key);
    if (state == null) {
      state = decider.empty(key);
      states.put(key, state);
    }
    decider.decide(state, event, nowMillis, decisions);
  }

  /** After a key was spoken to: when its state is empty nothing of it stays. */
  void settle(String key) {
    S state = states.get(key);
    if (state != null) {
      forget(key, state);
    }
  }

  /** Does what is due under each key; a bound keeps a decider that never rests from hanging. */
  void wake(long nowMillis, BiConsumer<String, D> decisions) {
    for (String key : states.keySet().toArray(String[]::new)) {
      S state = states.get(key);
      int turns = 0;
      while (state != null && decider.alarmMillis(state) <= nowMillis) {
        if (++turns > 1_000) {
          throw new IllegalStateException("the alarm of key '" + key + "' stays due for ever");
        }
        decider.wake(state, nowMillis, decision -> decisions.accept(key, decision));
        forget(key, state);
        state = states.get(key);
      }
    }
  }

  private void forget(String key, S state) {
    if (state.isEmpty()) {
      state.takeChanges();
      states.remove(key);
      rows.remove(key);
    }
  }

  /** The earliest alarm of all keys. */
  long alarmMillis() {
    long earliest = Decider.NO_ALARM;
    for (S state : states.values()) {
      earliest = Math.min(earliest, decider.alarmMillis(state));
    }
    return earliest;
  }

  /** True when something is remembered under the key. */
  boolean holds(String key) {
    return states.containsKey(key);
  }

  /** Names of the keys and rows there are, for a message. */
  String rest() {
    StringBuilder text = new StringBuilder();
    states.keySet().forEach(key -> text.append(" state of '").append(key).append("'"));
    rows.forEach((key, named) -> text.append(" rows of '" + key + "' " + named.keySet()));
    return text.toString().strip();
  }

  /** The rows as a checkpoint holds them. */
  Map<String, Map<String, byte[]>> snapshot() {
    states.forEach(this::taken);
    Map<String, Map<String, byte[]>> copy = new TreeMap<>();
    rows.forEach((key, named) -> copy.put(key, new HashMap<>(named)));
    return copy;
  }

  private void taken(String key, S state) {
    Map<String, byte[]> named = rows.computeIfAbsent(key, absent -> new HashMap<>());
    changesTaken
        .apply(state.takeChanges())
        .forEach(
            (row, body) -> {
              if (body.length == 0) {
                named.remove(row);
              } else {
                named.put(row, body);
              }
            });
    if (named.isEmpty()) {
      rows.remove(key);
    }
  }
}
