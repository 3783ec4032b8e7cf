package io.forestall.nodes.node;

/** A node cannot start or go on; the message is one line: what, where, what to do. */
public final class NodeException extends Exception {
  private static final long serialVersionUID = 1L;

  /** Why a node stops. */
  public enum Reason {
    /** Wrong settings or folder. */
    USAGE,
    /** Kafka does not answer. */
    UNREACHABLE,
    /** A safety rule forbids it. */
    REFUSED,
    /** The medium fails. */
    MEDIUM
  }

  private final Reason reason;

  /** With its reason. */
  public NodeException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  /** With its reason and what caused it. */
  public NodeException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** Why the node stops. */
  public Reason reason() {
    return reason;
  }
}
