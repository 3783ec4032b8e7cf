package io.forestall.wire;

import io.forestall.schemas.DeadReason;

/** Bytes that are not the record they should be. Carries the reason for the dead letter. */
public final class WireException extends Exception {

  private static final long serialVersionUID = 1L;

  private final DeadReason reason;

  /**
   * A refusal.
   *
   * @param reason the reason as a code
   * @param message the reason as a sentence
   */
  public WireException(DeadReason reason, String message) {
    // Hostile input can cause one of these for each record: no stack trace, it would say nothing.
    super(message, null, false, false);
    this.reason = reason;
  }

  /** The reason as a code. */
  public DeadReason reason() {
    return reason;
  }
}
