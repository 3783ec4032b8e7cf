package io.forestall.risk.symptom;

import java.util.List;
import java.util.Map;

/**
 * Explains the bad edges of one window by the fewest culprits: an edge, a node or a rack. Row A11:
 * blame falls on what is shared, not on both ends. Pure, immutable, deterministic: the order of
 * what was added changes nothing.
 */
public final class NetworkBlame {
  private final SymptomPolicy policy;

  /** Blame by this policy. */
  public NetworkBlame(SymptomPolicy policy) {
    this.policy = policy;
  }

  /** What kind of thing is to blame. */
  public enum Kind {
    EDGE,
    NODE,
    RACK
  }

  /**
   * What is to blame.
   *
   * @param kind edge, node or rack
   * @param entity its key, {@code kind/id}
   * @param probability of mode NETWORK within its horizon, 0 to 1
   * @param explained keys of the bad edges that it explains
   * @param observed edges of it that were seen in the window; count
   */
  public record Culprit(
      Kind kind, String entity, double probability, List<String> explained, int observed) {
    public Culprit {
      explained = List.copyOf(explained);
    }
  }

  /** A window to be filled, bounded by the policy. */
  public Window window() {
    return new Window();
  }

  /**
   * The culprits, most probable first.
   *
   * @param window what was seen
   * @param racks rack id by node id; a node that is not in it is in no rack
   */
  public List<Culprit> explain(Window window, Map<String, String> racks) {
    throw new UnsupportedOperationException("" + policy);
  }

  /** The culprits as findings of mode NETWORK with reasons. */
  public List<Finding> findings(Window window, Map<String, String> racks, long timeMillis) {
    throw new UnsupportedOperationException();
  }

  /** What was seen in one window. Mutable; not thread-safe. */
  public static final class Window {
    private Window() {}

    /**
     * Takes a finding in: of an edge its mode NETWORK; of a machine likewise, as the share that its
     * failed requests add. Of one thing the worst counts. Anything else is left out.
     */
    public void add(Finding finding) {
      throw new UnsupportedOperationException();
    }

    /** Findings left out because there were too many edges or nodes; count. */
    public long leftOut() {
      return 0;
    }
  }
}
