package io.forestall.decisions.incident;

import io.forestall.decisions.Subject;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * Says what a thing stands on (what of it breaks when that breaks) and what it calls. A disk stands
 * on its node, a node on its rack, a rack on its zone; a client or a volume on the nodes that serve
 * it. What the events of an incident say of themselves (their place and related things) is added to
 * it. Implementations are immutable or safe for threads; each answer has at most some hundred
 * things.
 */
public interface Dependencies {

  /** Nothing beyond what the events themselves say. */
  Dependencies NONE = subject -> Set.of();

  /** The things that this thing stands on directly; empty when unknown. */
  Collection<Subject> grounds(Subject subject);

  /**
   * The things that stand on this thing directly, also those without symptoms, which speak against
   * it; empty when unknown.
   */
  default Collection<Subject> dependents(Subject subject) {
    return Set.of();
  }

  /**
   * The things that this thing calls, and waits for when they are slow; empty when unknown. Weaker
   * than standing on them: each caller has many.
   */
  default Collection<Subject> calls(Subject subject) {
    return Set.of();
  }

  /** Dependencies that are given one by one, for a map of services or of maintenance. */
  static Builder builder() {
    return new Builder();
  }

  /** Collects edges. For one thread. */
  final class Builder {
    private final Map<Subject, Set<Subject>> grounds = new LinkedHashMap<>();
    private final Map<Subject, Set<Subject>> dependents = new LinkedHashMap<>();
    private final Map<Subject, Set<Subject>> calls = new LinkedHashMap<>();

    private Builder() {}

    /** {@code subject} breaks when {@code ground} breaks. An edge onto itself is left out. */
    public Builder standsOn(Subject subject, Subject ground) {
      if (!subject.equals(ground)) {
        grounds.computeIfAbsent(subject, any -> new LinkedHashSet<>()).add(ground);
        dependents.computeIfAbsent(ground, any -> new LinkedHashSet<>()).add(subject);
      }
      return this;
    }

    /** {@code caller} waits for {@code called}. An edge onto itself is left out. */
    public Builder calls(Subject caller, Subject called) {
      if (!caller.equals(called)) {
        calls.computeIfAbsent(caller, any -> new LinkedHashSet<>()).add(called);
      }
      return this;
    }

    /** The collected edges. */
    public Dependencies build() {
      Map<Subject, Set<Subject>> standing = copy(grounds);
      Map<Subject, Set<Subject>> carrying = copy(dependents);
      Map<Subject, Set<Subject>> calling = copy(calls);
      return new Dependencies() {
        @Override
        public Collection<Subject> grounds(Subject subject) {
          return standing.getOrDefault(subject, Set.of());
        }

        @Override
        public Collection<Subject> dependents(Subject subject) {
          return carrying.getOrDefault(subject, Set.of());
        }

        @Override
        public Collection<Subject> calls(Subject subject) {
          return calling.getOrDefault(subject, Set.of());
        }
      };
    }

    private static Map<Subject, Set<Subject>> copy(Map<Subject, Set<Subject>> edges) {
      Map<Subject, Set<Subject>> copy = new LinkedHashMap<>();
      edges.forEach((subject, others) -> copy.put(subject, Set.copyOf(others)));
      return copy;
    }
  }
}
