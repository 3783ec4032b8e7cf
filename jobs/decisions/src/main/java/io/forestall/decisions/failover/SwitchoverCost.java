package io.forestall.decisions.failover;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a switchover costs, stated before it begins (E7). While the new owner reads what it has not
 * read yet, nobody writes: its pause is that of handing over, and of those bytes. Immutable.
 *
 * @param drainBytes what the target has still to read; bytes
 * @param pauseMillis pause that is expected; milliseconds
 */
public record SwitchoverCost(long drainBytes, long pauseMillis) {

  /** Pause of a switchover that has nothing to drain: fence, barrier, read back; milliseconds. */
  static final long HANDOVER_MILLIS = 150;

  /** The cost of draining so many bytes. */
  static SwitchoverCost of(long drainBytes, ShadowLimits limits) {
    double drainMillis = 1000.0 * drainBytes / limits.drainBytesPerSecond();
    return new SwitchoverCost(drainBytes, HANDOVER_MILLIS + (long) Math.ceil(drainMillis));
  }

  /** Why it is too much, a sentence; null when it is not. */
  @Nullable String refusal(ShadowLimits limits) {
    if (drainBytes > limits.maxDrainBytes()) {
      return said() + " At most " + mebibytes(limits.maxDrainBytes()) + " may be to drain.";
    }
    if (pauseMillis > limits.maxPauseMillis()) {
      return said() + " At most " + limits.maxPauseMillis() + " ms are allowed.";
    }
    return null;
  }

  /** The cost as a sentence. */
  String said() {
    return mebibytes(drainBytes) + " are to drain, a pause of " + pauseMillis + " ms is expected.";
  }

  private static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1L << 20));
  }
}
