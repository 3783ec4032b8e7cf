package io.forestall.decisions.failover;

/**
 * Limits of acts on shadows. Immutable.
 *
 * @param stallMillis how long a shadow that is built may come no further before it is given up;
 *     milliseconds
 * @param buildMillis longest time until it is in sync; milliseconds
 * @param maxDrainBytes most that the target of a switchover may have to read while nobody writes;
 *     bytes
 * @param maxPauseMillis longest pause of a switchover that may be expected; milliseconds
 * @param drainBytesPerSecond how fast a target reads what it lacks, for that expectation; bytes per
 *     second
 */
public record ShadowLimits(
    long stallMillis,
    long buildMillis,
    long maxDrainBytes,
    long maxPauseMillis,
    long drainBytesPerSecond) {

  private static final long MINUTE = 60_000;

  /**
   * Checks every value.
   *
   * @throws IllegalArgumentException when one makes no sense, with a sentence
   */
  public ShadowLimits {
    if (stallMillis < 1 || buildMillis < stallMillis) {
      throw new IllegalArgumentException(
          "a shadow may stall for 1 ms or longer, and not for longer than it may take");
    }
    if (maxDrainBytes < 0 || maxPauseMillis < 0 || drainBytesPerSecond < 1) {
      throw new IllegalArgumentException(
          "bytes and pause of a switchover are 0 or more, and it drains 1 byte per second or more");
    }
  }

  /** What holds where nothing is configured. */
  public static ShadowLimits standard() {
    return new ShadowLimits(10 * MINUTE, 24 * 60 * MINUTE, 256L << 20, 1_500, 256L << 20);
  }
}
