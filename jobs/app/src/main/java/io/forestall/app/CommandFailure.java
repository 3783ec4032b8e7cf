package io.forestall.app;

import org.jspecify.annotations.Nullable;

/**
 * A failure the user can act on: one line that says what, where and what to do, and an exit code.
 * The command prints the line and no stack trace, unless {@code --debug} is given.
 */
public final class CommandFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  /**
   * @param exitCode one of {@link ExitCodes}
   * @param message one line for the user
   * @param cause what was underneath, shown by {@code --debug} only
   */
  public CommandFailure(int exitCode, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
  }

  /** As the other constructor, without a cause. */
  public CommandFailure(int exitCode, String message) {
    this(exitCode, message, null);
  }

  /** A broker, cluster or port that could not be reached. */
  public static CommandFailure unreachable(String message, @Nullable Throwable cause) {
    return new CommandFailure(ExitCodes.UNREACHABLE, message, cause);
  }

  /** A command line or an input that makes no sense. */
  public static CommandFailure usage(String message) {
    return new CommandFailure(ExitCodes.USAGE, message);
  }

  /** What the process should exit with. */
  public int exitCode() {
    return exitCode;
  }
}
