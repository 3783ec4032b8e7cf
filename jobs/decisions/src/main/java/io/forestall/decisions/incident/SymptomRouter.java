package io.forestall.decisions.incident;

import io.forestall.decisions.Place;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sends an event only to the rules that can use it, under each rule's correlation key. Immutable
 * and thread-safe; a change of the rules makes a new one. Rows B3 and B4.
 */
public final class SymptomRouter {

  private static final int[] NONE = {};

  private final RuleSet rules;
  private final Rule[] all;
  // Positions of rules by exact type, and by the words of "prefix.*"; ascending.
  private final Map<String, int[]> byType = new HashMap<>();
  private final Map<String, int[]> byPrefix = new HashMap<>();
  private final int[] ofEveryType;

  /** A router of these rules; rules that are switched off get nothing. */
  public SymptomRouter(RuleSet rules) {
    this.rules = rules;
    this.all = rules.rules().toArray(new Rule[0]);
    int[] every = NONE;
    for (int position = 0; position < all.length; position++) {
      Rule rule = all[position];
      if (!rule.enabled()) {
        continue;
      }
      List<Rule.Condition> conditions = new ArrayList<>();
      for (Rule.Stage stage : rule.stages()) {
        conditions.add(stage.when());
      }
      if (rule.clearedBy() != null) {
        conditions.add(rule.clearedBy());
      }
      for (Rule.Condition condition : conditions) {
        for (String type : condition.types()) {
          if (type.equals(Rule.Condition.EVERY_TYPE)) {
            every = with(every, position);
          } else if (type.endsWith(".*")) {
            String prefix = type.substring(0, type.length() - 2);
            byPrefix.put(prefix, with(byPrefix.getOrDefault(prefix, NONE), position));
          } else {
            byType.put(type, with(byType.getOrDefault(type, NONE), position));
          }
        }
      }
    }
    this.ofEveryType = every;
  }

  private static int[] with(int[] positions, int position) {
    // Rules come in ascending order, so a repeat can only be the last.
    if (positions.length > 0 && positions[positions.length - 1] == position) {
      return positions;
    }
    int[] longer = Arrays.copyOf(positions, positions.length + 1);
    longer[positions.length] = position;
    return longer;
  }

  /** The rules it knows. */
  public RuleSet rules() {
    return rules;
  }

  /**
   * Routes an event.
   *
   * @param place where its entity stands, null when the fleet does not know it
   * @param symptoms hears of each rule and key that can use it, in the order of the rules; usually
   *     none
   */
  public void route(FleetEvent event, @Nullable Place place, Consumer<Symptom> symptoms) {
    int[] candidates = candidates(event.type());
    for (int position : candidates) {
      Rule rule = all[position];
      int stages = 0;
      for (int stage = 0; stage < rule.stages().size(); stage++) {
        if (rule.stages().get(stage).when().holds(event)) {
          stages |= 1 << stage;
        }
      }
      Rule.Condition clearedBy = rule.clearedBy();
      boolean clears = clearedBy != null && clearedBy.holds(event);
      if (stages == 0 && !clears) {
        continue;
      }
      for (String key : CorrelationKey.keys(event, place, rule.key())) {
        symptoms.accept(new Symptom(rule.id(), key, stages, clears, event, place));
      }
    }
  }

  /** True when a rule listens to this type of event. */
  public boolean listensTo(String type) {
    return candidates(type).length > 0;
  }

  private int[] candidates(String type) {
    int[] found = merge(ofEveryType, byType.getOrDefault(type, NONE));
    if (!byPrefix.isEmpty()) {
      for (int dot = type.indexOf('.'); dot > 0; dot = type.indexOf('.', dot + 1)) {
        found = merge(found, byPrefix.getOrDefault(type.substring(0, dot), NONE));
      }
    }
    return found;
  }

  private static int[] merge(int[] left, int[] right) {
    if (left.length == 0) {
      return right;
    }
    if (right.length == 0) {
      return left;
    }
    int[] both = new int[left.length + right.length];
    int count = 0;
    int l = 0;
    int r = 0;
    while (l < left.length || r < right.length) {
      int next;
      if (r == right.length || (l < left.length && left[l] <= right[r])) {
        next = left[l++];
      } else {
        next = right[r++];
      }
      if (count == 0 || both[count - 1] != next) {
        both[count++] = next;
      }
    }
    return Arrays.copyOf(both, count);
  }
}
