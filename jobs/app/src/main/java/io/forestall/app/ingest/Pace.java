package io.forestall.app.ingest;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Holds a feed back: to a multiple of event time, and to a number of rows a second. Not safe for
 * threads.
 */
final class Pace {

  /** As fast as it goes. */
  static final double UNLIMITED = Double.POSITIVE_INFINITY;

  private final double speed;
  private final double rowsPerSecond;
  private final LongSupplier nanos;
  private long startNanos;
  private long firstEventMillis;
  private boolean started;
  private long rows;

  /**
   * @param speed event time that passes in a unit of time, {@link #UNLIMITED} for no limit
   * @param rowsPerSecond most rows a second, {@link #UNLIMITED} for no limit
   * @param nanos a clock that never goes back; nanoseconds
   */
  Pace(double speed, double rowsPerSecond, LongSupplier nanos) {
    this.speed = speed;
    this.rowsPerSecond = rowsPerSecond;
    this.nanos = nanos;
  }

  /**
   * Waits until an event time is due; the first one is due at once.
   *
   * @return false when told to stop
   */
  boolean awaitEvent(long eventMillis, StopSignal stop) throws InterruptedException {
    if (!started) {
      started = true;
      startNanos = nanos.getAsLong();
      firstEventMillis = eventMillis;
    }
    return await((eventMillis - firstEventMillis) / speed, stop);
  }

  /**
   * Counts rows, and waits until they are allowed.
   *
   * @return false when told to stop
   */
  boolean awaitRows(int more, StopSignal stop) throws InterruptedException {
    rows += more;
    return await(rows * 1000 / rowsPerSecond, stop);
  }

  private boolean await(double afterMillis, StopSignal stop) throws InterruptedException {
    while (!stop.stopped()) {
      double passed = (nanos.getAsLong() - startNanos) / (double) TimeUnit.MILLISECONDS.toNanos(1);
      if (passed >= afterMillis) {
        return true;
      }
      if (stop.await((long) Math.min(60_000, Math.ceil(afterMillis - passed)))) {
        return false;
      }
    }
    return false;
  }
}
