package io.forestall.nodes;

/** Something could not be handed over to Kafka; the message says what and what to do. */
public final class PublishException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With the reason as one line for a person. */
  public PublishException(String message, Throwable cause) {
    super(message, cause);
  }
}
