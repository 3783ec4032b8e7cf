package io.forestall.nodes.node;

/**
 * Bytes that were read and are not applied yet: who reads waits while there are too many. Safe for
 * threads.
 */
final class Backlog {
  private final long maxBytes;
  private long bytes;
  private boolean closed;

  Backlog(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /**
   * Waits until there is room, and takes it.
   *
   * @return false when nobody applies any more
   */
  synchronized boolean add(long more) {
    while (bytes > maxBytes && !closed) {
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    bytes += more;
    return !closed;
  }

  /** So many are applied, or will not be. */
  synchronized void less(long fewer) {
    bytes -= fewer;
    if (bytes <= maxBytes) {
      notifyAll();
    }
  }

  /** Lets everybody go. */
  synchronized void close() {
    closed = true;
    notifyAll();
  }
}
