package io.forestall.app;

/** What the {@code forestall} command tells the shell. */
public final class ExitCodes {
  /** Done, nothing to remark. */
  public static final int OK = 0;

  /** Done, and something was found; or it failed for a reason none of the others names. */
  public static final int FOUND = 1;

  /** The command line or its input makes no sense. */
  public static final int USAGE = 2;

  /** A broker, a cluster or a port could not be reached. */
  public static final int UNREACHABLE = 3;

  /** A safety rule refuses. */
  public static final int REFUSED = 4;

  private ExitCodes() {}
}
