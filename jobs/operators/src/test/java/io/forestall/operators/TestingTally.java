package io.forestall.operators;

import io.forestall.decisions.Decider;
import io.forestall.decisions.DeciderState;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.flink.api.common.functions.RuntimeContext;
import org.apache.flink.metrics.MetricGroup;
import org.jspecify.annotations.Nullable;

/**
 * A decider that tells how often it heard each word, and forgets all of a pool ten milliseconds
 * after the last one. Inputs are {@code pool/time/word}; a word that ends with {@code !} must not
 * wait; {@code forget} empties the state.
 */
final class TestingTally implements Decider<TestingTally.State, String, String> {

  static final long QUIET_MILLIS = 10;

  /** Counts by word, one row each, and when the last word was heard. */
  static final class State implements DeciderState {
    private static final String LAST = "#last";
    private final String pool;
    private final Map<String, Integer> counts = new TreeMap<>();
    private final Map<String, byte[]> changes = new HashMap<>();
    private long lastMillis;

    State(String pool) {
      this.pool = pool;
    }

    @Override
    public void restore(String row, byte[] body) {
      long value = Long.parseLong(new String(body, StandardCharsets.UTF_8));
      if (row.equals(LAST)) {
        lastMillis = value;
      } else {
        counts.put(row, (int) value);
      }
    }

    private void changed(String row, @Nullable Long value) {
      changes.put(
          row, value == null ? new byte[0] : value.toString().getBytes(StandardCharsets.UTF_8));
    }

    private void clear() {
      counts.keySet().forEach(row -> changed(row, null));
      changed(LAST, null);
      counts.clear();
    }

    @Override
    public Map<String, byte[]> takeChanges() {
      Map<String, byte[]> taken = Map.copyOf(changes);
      changes.clear();
      return taken;
    }

    @Override
    public boolean isEmpty() {
      return counts.isEmpty();
    }
  }

  @Override
  public State empty(String key) {
    return new State(key);
  }

  @Override
  public void decide(State state, String event, long nowMillis, Consumer<String> decisions) {
    String word = event.split("/", 3)[2];
    if (word.equals("forget")) {
      state.clear();
      return;
    }
    int count = state.counts.merge(word, 1, Integer::sum);
    state.changed(word, (long) count);
    state.lastMillis = nowMillis;
    state.changed(State.LAST, nowMillis);
    decisions.accept(state.pool + " " + word + " " + count + " @" + nowMillis);
  }

  @Override
  public void wake(State state, long nowMillis, Consumer<String> decisions) {
    if (nowMillis >= alarmMillis(state)) {
      decisions.accept(state.pool + " quiet @" + nowMillis);
      state.clear();
    }
  }

  @Override
  public long alarmMillis(State state) {
    return state.isEmpty() ? NO_ALARM : state.lastMillis + QUIET_MILLIS;
  }

  /** What all pools share is the newest text; each pool hears of it, and of the start. */
  static final class Brain implements PoolBrain<State, String, String, String> {
    private final boolean greets;
    private String text = "none";

    Brain(boolean greets) {
      this.greets = greets;
    }

    static Brain silent(RuntimeContext context, MetricGroup metrics) {
      return new Brain(false);
    }

    static Brain greeting(RuntimeContext context, MetricGroup metrics) {
      return new Brain(true);
    }

    @Override
    public Decider<State, String, String> decider() {
      return new TestingTally();
    }

    @Override
    public void restoreShared(String row, byte[] body) {
      text = new String(body, StandardCharsets.UTF_8);
    }

    @Override
    public boolean share(String record, SharedRows rows) throws Exception {
      text = record;
      rows.put("text", record.getBytes(StandardCharsets.UTF_8));
      return greets;
    }

    @Override
    public List<String> greetings(String key) {
      return greets ? List.of("-/-/" + text, "-/-/started") : List.of();
    }

    @Override
    public List<String> news(String key) {
      return List.of("-/-/" + text);
    }
  }

  /** By the time in the input, then by the word. */
  static final class Order implements PoolTime<String> {
    private static final long serialVersionUID = 1L;

    @Override
    public long timeMillis(String input) {
      return Long.parseLong(input.split("/", 3)[1]);
    }

    @Override
    public int compareSameTime(String one, String other) {
      return one.compareTo(other);
    }

    @Override
    public boolean atOnce(String input) {
      return input.endsWith("!");
    }
  }

  static String pool(String input) {
    return input.substring(0, input.indexOf('/'));
  }
}
