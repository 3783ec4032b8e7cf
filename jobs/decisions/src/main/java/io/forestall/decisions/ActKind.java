package io.forestall.decisions;

/** What can be done about a risk. The constants are those of the contract. */
public enum ActKind {
  /** Not known here; never admitted. */
  UNKNOWN,
  /** Nothing is to be done. */
  NONE,
  /** A person should look. */
  INVESTIGATE,
  /** Fetch the metadata of what is at risk onto safe nodes; seconds. */
  PREFETCH,
  /** Build a copy that follows every write; minutes. */
  SHADOW,
  /** End a shadow that is no longer needed. */
  RETIRE_SHADOW,
  /** Move units away; hours. */
  MIGRATE,
  /** Hand the units to another owner now. */
  FAILOVER,
  /** Hand the units to their shadow. */
  SWITCHOVER,
  /** Hand the units back to a replaced or confirmed owner. */
  FAILBACK,
  /** Move everything off a node, for maintenance. */
  DRAIN,
  /** Let a node back in. */
  RETURN,
  /** Repair a copy. */
  REPAIR;

  /** True when the act changes who holds or owns data: what advise mode never lets through. */
  public boolean touchesData() {
    return this != UNKNOWN && this != NONE && this != INVESTIGATE;
  }

  /** True when units get another owner: what a takeover may stand on. */
  public boolean changesOwner() {
    return this == MIGRATE
        || this == FAILOVER
        || this == SWITCHOVER
        || this == FAILBACK
        || this == DRAIN;
  }
}
