package io.forestall.decisions.guard;

/**
 * Names of the parameters of policy records. Durations are like {@code 30 s}, {@code 15 min},
 * {@code 8 h}, {@code 7 d}; shares are 0 to 1; sizes are like {@code 64 mb}.
 */
public final class PolicyParameters {

  /** MODE: {@code advise} or {@code act}. */
  public static final String MODE = "mode";

  /**
   * BUDGET: acts in flight at once; count. For a pool or {@code all}: predicted acts; for a zone,
   * or with a kind of act: all acts of it.
   */
  public static final String ACTS_IN_FLIGHT = "acts-in-flight";

  /** BUDGET of a pool or {@code all}: acts in flight at once, predicted and real; count. */
  public static final String ALL_ACTS_IN_FLIGHT = "all-acts-in-flight";

  /** BUDGET: acts within {@link #RATE_WINDOW} in the scope; count. */
  public static final String RATE_ACTS = "rate-acts";

  /** BUDGET: length of the window of {@link #RATE_ACTS}; duration. */
  public static final String RATE_WINDOW = "rate-window";

  /** BUDGET: share of the nodes of a pool that acts may touch a day. */
  public static final String NODES_PER_DAY = "nodes-per-day";

  /** APPROVAL as a rule: largest cost that it approves; size. */
  public static final String MAX_COST = "max-cost";

  /** APPROVAL as a rule: hours of the day, UTC, in which it approves, for example {@code 08-18}. */
  public static final String HOURS = "hours";

  /** MODE in act: {@code true} when each act needs an approval. */
  public static final String APPROVAL = "approval";

  /** OVERRIDE: {@code healthy}, {@code watch}, {@code warning} or {@code critical}. */
  public static final String TIER = "tier";

  /** PIN: the only target that may be chosen, the key of an entity; absent: nothing moves. */
  public static final String TARGET = "target";

  /** MAINTENANCE of a node: {@code true} when its units shall have other owners first. */
  public static final String EVACUATE = "evacuate";

  /** CANCEL: identifier of the admission that ends. */
  public static final String ADMISSION = "admission";

  /** WRITE_MODE: {@code synchronous} or {@code asynchronous}. */
  public static final String WRITE_MODE = "write-mode";

  /** WRITE_MODE {@code asynchronous}: how old an answered write may be that is not in the log. */
  public static final String ASYNC_BOUND = "async-bound";

  private PolicyParameters() {}
}
