package io.forestall.decisions.incident;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rules in force. Immutable.
 *
 * @param version of the newest policy record in it, 0 for the file alone
 * @param rules in the order of the file; identifiers are unique
 */
public record RuleSet(long version, List<Rule> rules) {

  /** Copies the list. */
  public RuleSet {
    rules = List.copyOf(rules);
  }

  /** The rule of this name, null when there is none. */
  public @Nullable Rule rule(String id) {
    for (Rule rule : rules) {
      if (rule.id().equals(id)) {
        return rule;
      }
    }
    return null;
  }
}
