package io.forestall.decisions.guard;

/** What policy records of kind WRITE_MODE say of a volume. Stateless. */
public final class WriteModes {

  /** The only identifier within the kind: a volume has one mode. */
  public static final String ID = "mode";

  /** A write is answered once it is in the log. */
  public static final String SYNCHRONOUS = "synchronous";

  /** A write may be answered once it is in its owner's journal, within a bound. */
  public static final String ASYNCHRONOUS = "asynchronous";

  /** Shortest and longest bound; milliseconds. */
  static final long MIN_BOUND_MILLIS = 10;

  static final long MAX_BOUND_MILLIS = 60_000;

  private WriteModes() {}

  /**
   * For how long writes may be answered before they are in the log, 0 in synchronous mode;
   * milliseconds.
   */
  public static long asyncBoundMillis(PolicyRecord record) {
    String bound = record.parameters().get(PolicyParameters.ASYNC_BOUND);
    return isAsynchronous(record) && bound != null ? (long) PolicyValues.durationMillis(bound) : 0;
  }

  /** True when the record lets writes be answered before they are in the log. */
  public static boolean isAsynchronous(PolicyRecord record) {
    return record.enabled()
        && ASYNCHRONOUS.equals(record.parameters().get(PolicyParameters.WRITE_MODE));
  }
}
