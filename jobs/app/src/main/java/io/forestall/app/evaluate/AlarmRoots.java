package io.forestall.app.evaluate;

import io.forestall.app.TextTable;
import io.forestall.app.evaluate.AlarmStream.Alarm;
import io.forestall.app.evaluate.AlarmStream.TypeRoot;
import io.forestall.decisions.Subject;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which type of alarm causes the others of a set, learnt from which type comes before which on the
 * same device or one next to it. One pass over the alarms; the known roots are read for the score
 * alone.
 */
final class AlarmRoots {

  /** How long before an alarm another one counts as coming before it; milliseconds. */
  private static final long BEFORE_MILLIS = 60_000;

  private final Map<String, Map<String, Integer>> before = new HashMap<>();
  private final Map<String, Integer> counts = new HashMap<>();

  private AlarmRoots() {}

  /**
   * How many roots were named.
   *
   * @param sets sets of types with a known root; count
   * @param first root named first
   * @param three root among the first three
   * @param frequentFirst the same for the most frequent type
   * @param frequentThree the same for the three most frequent types
   */
  record Result(int sets, int first, int three, int frequentFirst, int frequentThree) {
    Map<String, Object> asMap() {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("sets", sets);
      map.put("top1", (double) first / sets);
      map.put("top3", (double) three / sets);
      map.put("mostFrequentTop1", (double) frequentFirst / sets);
      map.put("mostFrequentTop3", (double) frequentThree / sets);
      return map;
    }

    void print(PrintWriter out) {
      TextTable table = new TextTable("ROOT OF A SET OF ALARM TYPES", ">SETS", ">TOP-1", ">TOP-3");
      table.add("comes before the others", Integer.toString(sets), percent(first), percent(three));
      table.add(
          "most frequent", Integer.toString(sets), percent(frequentFirst), percent(frequentThree));
      table.print(out);
      out.println();
    }

    private String percent(int part) {
      return String.format(Locale.ROOT, "%.0f %%", 100.0 * part / sets);
    }
  }

  /** Learns from a stream and scores its known roots; null when it knows none. */
  static @Nullable Result of(AlarmStream stream) {
    if (stream.roots().isEmpty()) {
      return null;
    }
    AlarmRoots learnt = new AlarmRoots();
    Map<Subject, Map<String, Long>> last = new HashMap<>();
    for (Alarm alarm : stream.alarms()) {
      learnt.learn(alarm, stream.neighbours().getOrDefault(alarm.entity(), Set.of()), last);
    }
    int first = 0;
    int three = 0;
    int frequentFirst = 0;
    int frequentThree = 0;
    for (TypeRoot set : stream.roots()) {
      int at = learnt.ranked(set).indexOf(set.root());
      int frequent = learnt.frequent(set).indexOf(set.root());
      first += at == 0 ? 1 : 0;
      three += at < 3 ? 1 : 0;
      frequentFirst += frequent == 0 ? 1 : 0;
      frequentThree += frequent < 3 ? 1 : 0;
    }
    return new Result(stream.roots().size(), first, three, frequentFirst, frequentThree);
  }

  private void learn(Alarm alarm, Set<Subject> neighbours, Map<Subject, Map<String, Long>> last) {
    counts.merge(alarm.signal(), 1, Integer::sum);
    List<Subject> around = new ArrayList<>(neighbours);
    around.add(alarm.entity());
    Map<String, Boolean> seen = new HashMap<>();
    for (Subject device : around) {
      last.getOrDefault(device, Map.of())
          .forEach(
              (type, timeMillis) -> {
                long passed = alarm.timeMillis() - timeMillis;
                if (passed > 0 && passed < BEFORE_MILLIS && !type.equals(alarm.signal())) {
                  seen.put(type, true);
                }
              });
    }
    for (String type : seen.keySet()) {
      before.computeIfAbsent(type, any -> new HashMap<>()).merge(alarm.signal(), 1, Integer::sum);
    }
    last.computeIfAbsent(alarm.entity(), any -> new HashMap<>())
        .put(alarm.signal(), alarm.timeMillis());
  }

  /** Those that come before the others more often than after them, in standard deviations. */
  private List<String> ranked(TypeRoot set) {
    Map<String, Double> scores = new HashMap<>();
    for (String one : set.types()) {
      double score = 0;
      for (String other : set.types()) {
        double ahead = ahead(one, other);
        double behind = ahead(other, one);
        score += (ahead - behind) / Math.sqrt(ahead + behind + 1);
      }
      scores.put(one, score);
    }
    List<String> ranked = new ArrayList<>(set.types());
    ranked.sort(
        Comparator.comparing((String type) -> -scores.getOrDefault(type, 0.0))
            .thenComparing(Comparator.naturalOrder()));
    return ranked;
  }

  private List<String> frequent(TypeRoot set) {
    List<String> ranked = new ArrayList<>(set.types());
    ranked.sort(
        Comparator.comparing((String type) -> -counts.getOrDefault(type, 0))
            .thenComparing(Comparator.naturalOrder()));
    return ranked;
  }

  private int ahead(String one, String other) {
    return before.getOrDefault(one, Map.of()).getOrDefault(other, 0);
  }
}
