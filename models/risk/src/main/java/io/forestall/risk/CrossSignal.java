package io.forestall.risk;

/**
 * Signals that say little alone and much together: a disk whose I/O became slow while its error
 * counters rise is about to fail (it retries, remaps and gives up). Either alone raises nothing
 * here. Row A13. Pure.
 */
public final class CrossSignal {
  /** Metric of the reason. */
  public static final String METRIC = "latency_and_errors";

  /** Errors and slowness belong together within this time; milliseconds. */
  public static final long WITHIN_MILLIS = 86_400_000L;

  /** Slowness is remembered with this half-life; milliseconds. */
  static final double HALF_LIFE_MILLIS = 12 * 3_600_000.0;

  private static final double LEAST_NATS = 2;
  private static final double FULL_NATS = 5;
  private static final double MAXIMUM_LIFT = 2.5;

  /** Contribution of I/O errors from which on they count as rising; nats. */
  private static final double LEAST_ERROR_NATS = 0.2;

  private CrossSignal() {}

  /**
   * What slowness and errors together add to the log-odds of mode DISK.
   *
   * @param slowNats what slowness adds to the log-odds of mode FAIL_SLOW now; nats
   * @param errorNats what I/O errors add to them; nats
   * @param sinceRiseMillis time since a SMART error counter last rose, {@code Long.MAX_VALUE} for
   *     never; milliseconds
   * @return 0 to 2.5; nats
   */
  public static double lift(double slowNats, double errorNats, long sinceRiseMillis) {
    boolean rising = sinceRiseMillis <= WITHIN_MILLIS || errorNats >= LEAST_ERROR_NATS;
    return rising
        ? MAXIMUM_LIFT
            * Math.max(0, Math.min(1, (slowNats - LEAST_NATS) / (FULL_NATS - LEAST_NATS)))
        : 0;
  }

  /** What is left of slowness after a time; nats. */
  static double remembered(double slowNats, double millis) {
    return millis <= 0 ? slowNats : slowNats * Math.exp(-Math.log(2) * millis / HALF_LIFE_MILLIS);
  }
}
