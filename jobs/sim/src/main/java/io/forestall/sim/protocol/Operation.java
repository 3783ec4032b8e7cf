package io.forestall.sim.protocol;

/**
 * One operation of a client on one block, as the client saw it. Immutable.
 *
 * @param client who asked; one client may have many operations open at once
 * @param block the block, for example {@code v-1/0:8192}; every block is judged by itself
 * @param kind what was asked
 * @param value what was written or read, as a number that stands for the content; {@value #INITIAL}
 *     is what a block holds before anybody writes (zeros)
 * @param invokedNanos when the client asked, by the one clock of the history; nanoseconds
 * @param completedNanos when the client had the answer, {@link #INDETERMINATE} when it never had
 *     one; nanoseconds. An operation that certainly did not happen is left out of a history
 */
public record Operation(
    String client, String block, Kind kind, long value, long invokedNanos, long completedNanos) {

  /** What a block holds before anybody writes. */
  public static final long INITIAL = 0;

  /** In place of a completion: nobody knows whether it happened, or it may happen still. */
  public static final long INDETERMINATE = Long.MAX_VALUE;

  /** What was asked. */
  public enum Kind {
    /** The content of the block. */
    READ,
    /** To put content into the block. */
    WRITE
  }

  /**
   * Refuses what no client can see.
   *
   * @throws IllegalArgumentException when it ends before it began
   */
  public Operation {
    if (completedNanos < invokedNanos) {
      throw new IllegalArgumentException(
          "an operation on "
              + block
              + " ended at "
              + completedNanos
              + " ns, before it began at "
              + invokedNanos
              + " ns");
    }
  }

  /** A write whose end the client saw. */
  public static Operation write(
      String client, String block, long value, long invokedNanos, long completedNanos) {
    return new Operation(client, block, Kind.WRITE, value, invokedNanos, completedNanos);
  }

  /** A write whose end the client never saw. */
  public static Operation openWrite(String client, String block, long value, long invokedNanos) {
    return new Operation(client, block, Kind.WRITE, value, invokedNanos, INDETERMINATE);
  }

  /** A read. */
  public static Operation read(
      String client, String block, long value, long invokedNanos, long completedNanos) {
    return new Operation(client, block, Kind.READ, value, invokedNanos, completedNanos);
  }

  /** True when the client never saw the end. */
  public boolean indeterminate() {
    return completedNanos == INDETERMINATE;
  }

  /** True when this one surely ended before the other began. */
  public boolean precedes(Operation other) {
    return completedNanos < other.invokedNanos;
  }

  /** The operation as people read it. */
  @Override
  public String toString() {
    return client
        + (kind == Kind.READ ? " read " : " wrote ")
        + value
        + (kind == Kind.READ ? " from " : " to ")
        + block
        + " between "
        + invokedNanos
        + " ns and "
        + (indeterminate() ? "no known end" : completedNanos + " ns");
  }
}
