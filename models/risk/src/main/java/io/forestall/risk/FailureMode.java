package io.forestall.risk;

/**
 * How an entity fails; one sequence model per mode. Names equal those of the Risk schema. Row A11.
 */
public enum FailureMode {
  /** Not stated; never scored. */
  UNKNOWN,
  /** A disk stops working or loses data. */
  DISK,
  /** A link or network card fails. */
  NETWORK,
  /** Software on a node fails. */
  SOFTWARE,
  /** A part works but too slowly. */
  FAIL_SLOW
}
