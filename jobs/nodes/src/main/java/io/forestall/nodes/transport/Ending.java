package io.forestall.nodes.transport;

/** How a connection ended: what a witness may conclude from it differs. */
public enum Ending {
  /** Nobody listens there: the process is gone, or was never there. */
  REFUSED,
  /** No way there, or no answer in time. */
  UNREACHABLE,
  /** An open connection was cut without a word. */
  CUT,
  /** The other side said why it leaves. */
  LEFT,
  /** What came made no sense. */
  DAMAGED,
  /** This side closed it. */
  CLOSED_HERE
}
