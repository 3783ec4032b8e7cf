package io.forestall.bench.failover;

import java.util.Arrays;
import java.util.Locale;

/** Durations measured one by one, and what is said of them. Not thread-safe. */
final class Quantiles {

  private long[] nanos = new long[64];
  private int count;

  /** Adds one duration. */
  void add(long durationNanos) {
    if (count == nanos.length) {
      nanos = Arrays.copyOf(nanos, count * 2);
    }
    nanos[count++] = durationNanos;
  }

  void addAll(Quantiles others) {
    for (int i = 0; i < others.count; i++) {
      add(others.nanos[i]);
    }
  }

  int count() {
    return count;
  }

  /** The smallest that at least this share of all do not exceed; milliseconds, NaN without any. */
  double millis(double share) {
    if (count == 0) {
      return Double.NaN;
    }
    long[] sorted = Arrays.copyOf(nanos, count);
    Arrays.sort(sorted);
    int at = (int) Math.ceil(share * count) - 1;
    return sorted[Math.max(0, Math.min(count - 1, at))] / 1e6;
  }

  /** p50, p99 and the longest, in milliseconds. */
  String words() {
    return count == 0
        ? "none"
        : String.format(
            Locale.ROOT,
            "p50 %s ms, p99 %s ms, longest %s ms",
            number(millis(0.5)),
            number(millis(0.99)),
            number(millis(1)));
  }

  static String number(double millis) {
    return millis < 10
        ? String.format(Locale.ROOT, "%.2f", millis)
        : String.format(Locale.ROOT, "%.0f", millis);
  }
}
