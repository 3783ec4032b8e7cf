package io.forestall.nodes.client;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts and latencies of one volume's requests, in a histogram of eighths of powers of two. Safe
 * for threads.
 */
public final class LatencyBook {
  private static final int EIGHTHS = 8;
  private static final int SLOTS = 64 * EIGHTHS;

  private final String volume;
  private final LongAdder operations = new LongAdder();
  private final LongAdder errors = new LongAdder();
  private final LongAdder bytes = new LongAdder();
  private final AtomicLongArray slots = new AtomicLongArray(SLOTS);
  private final LongAdder sumNanos = new LongAdder();

  /**
   * What was counted.
   *
   * @param operations since the start, failed ones included; count
   * @param errors since the start; count
   * @param bytes read and written since the start; bytes
   * @param recent operations since the page before; count
   * @param meanSeconds mean latency since the page before, 0 without any; seconds
   * @param p99Seconds 99th percentile since the page before, at most an eighth too large; seconds
   */
  public record Page(
      String volume,
      long operations,
      long errors,
      long bytes,
      long recent,
      double meanSeconds,
      double p99Seconds) {}

  LatencyBook(String volume) {
    this.volume = volume;
  }

  void ended(long nanos, long moved, boolean failed) {
    operations.increment();
    bytes.add(moved);
    if (failed) {
      errors.increment();
      return;
    }
    sumNanos.add(nanos);
    slots.incrementAndGet(slot(nanos));
  }

  /** The page since the last call. */
  Page turn() {
    long[] counts = new long[SLOTS];
    long recent = 0;
    for (int i = 0; i < SLOTS; i++) {
      counts[i] = slots.getAndSet(i, 0);
      recent += counts[i];
    }
    long sum = sumNanos.sumThenReset();
    double p99 = 0;
    long seen = 0;
    for (int i = 0; i < SLOTS && recent > 0; i++) {
      seen += counts[i];
      if (seen * 100 >= recent * 99) {
        p99 = upperNanos(i) / 1e9;
        break;
      }
    }
    return new Page(
        volume,
        operations.sum(),
        errors.sum(),
        bytes.sum(),
        recent,
        recent == 0 ? 0 : sum / 1e9 / recent,
        p99);
  }

  static int slot(long nanos) {
    long value = Math.max(1, nanos);
    int power = 63 - Long.numberOfLeadingZeros(value);
    int eighth = power < 3 ? 0 : (int) (value >>> (power - 3)) & 7;
    return power * EIGHTHS + eighth;
  }

  static double upperNanos(int slot) {
    return Math.scalb(1.0 + (slot % EIGHTHS + 1) / (double) EIGHTHS, slot / EIGHTHS);
  }
}
