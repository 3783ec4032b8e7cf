package io.forestall.decisions;

/** How bad an event or incident is, the worst last. The constants are those of the contract. */
public enum Severity {
  /** Not said. */
  UNKNOWN,
  /** Worth a line in a timeline. */
  INFO,
  /** Something is about to go wrong. */
  WARNING,
  /** Something went wrong. */
  ERROR,
  /** Data or service are in danger now. */
  CRITICAL
}
