package io.forestall.dl4j;

/** Training cannot go on; the message is one line that says what, where and what to do. */
public final class TrainingException extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * Without a deeper cause.
   *
   * @param message one line: what, where, what to do
   */
  public TrainingException(String message) {
    super(message);
  }

  /**
   * With the failure that led here.
   *
   * @param message one line: what, where, what to do
   * @param cause what went wrong below
   */
  public TrainingException(String message, Throwable cause) {
    super(message, cause);
  }
}
