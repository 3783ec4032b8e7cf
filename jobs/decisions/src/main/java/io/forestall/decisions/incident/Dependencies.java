package io.forestall.decisions.incident;

import io.forestall.decisions.Subject;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * Says what a thing stands on: what of it breaks when that breaks. A disk stands on its node, a
 * node on its rack, a rack on its zone; a client or a volume on the nodes that serve it. What the
 * events of an incident say of themselves (their place and related things) is added to it.
 * Implementations are immutable or safe for threads.
 */
public interface Dependencies {

  /** Nothing beyond what the events themselves say. */
  Dependencies NONE = subject -> Set.of();

  /**
   * The things that this thing stands on directly; empty when unknown. At most some hundred.
   *
   * @param subject any thing
   */
  Collection<Subject> of(Subject subject);

  /** Dependencies that are given one by one, for a map of services or of maintenance. */
  static Builder builder() {
    return new Builder();
  }

  /** Collects edges. For one thread. */
  final class Builder {
    private final Map<Subject, Set<Subject>> edges = new LinkedHashMap<>();

    private Builder() {}

    /** {@code subject} breaks when {@code ground} breaks. An edge onto itself is left out. */
    public Builder standsOn(Subject subject, Subject ground) {
      if (!subject.equals(ground)) {
        edges.computeIfAbsent(subject, any -> new LinkedHashSet<>()).add(ground);
      }
      return this;
    }

    /** The collected edges. */
    public Dependencies build() {
      Map<Subject, Set<Subject>> copy = new LinkedHashMap<>();
      edges.forEach((subject, grounds) -> copy.put(subject, Set.copyOf(grounds)));
      return subject -> copy.getOrDefault(subject, Set.of());
    }
  }
}
