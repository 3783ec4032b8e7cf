package io.forestall.risk.signal;

/** Which kind of thing a metric or a signal belongs to. */
public enum Scope {
  /** A storage node, an event processor or a head node. Rows A1, A11. */
  MACHINE,
  /** A disk under load: its counters of I/O, beside the SMART attributes. */
  DRIVE,
  /** What one end sees of another: a client of a volume (A8), or a node of a peer node. */
  PATH
}
