package io.forestall.schemas;

import org.jspecify.annotations.NullMarked;

/** How the broker cleans a topic. */
@NullMarked
public enum Cleanup {
  /** For what happened: old records go after the retention. */
  DELETE("delete"),
  /** For what is: the newest record of each key stays. */
  COMPACT("compact"),
  /** The newest record of each key stays until the retention ends. */
  COMPACT_DELETE("compact,delete");

  private final String policy;

  Cleanup(String policy) {
    this.policy = policy;
  }

  /** The value of Kafka's {@code cleanup.policy}. */
  public String policy() {
    return policy;
  }

  /**
   * The cleanup of a {@code cleanup.policy}.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static Cleanup ofPolicy(String policy) {
    for (Cleanup cleanup : values()) {
      if (cleanup.policy.equals(policy)) {
        return cleanup;
      }
    }
    throw new IllegalArgumentException(
        "cleanup '" + policy + "' is unknown: use delete, compact or compact,delete");
  }
}
