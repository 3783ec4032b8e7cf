package io.forestall.wire;

/**
 * What a telemetry frame may be like. Immutable.
 *
 * @param maxFrameBytes longest record, bytes
 * @param maxSamples most samples in a frame
 * @param maxMetrics most metrics in a sample
 * @param futureAllowanceMillis how far a frame's time may be ahead of the broker's, milliseconds
 * @param earliestMillis first time that is believed, milliseconds since 1970-01-01 UTC
 */
public record FrameLimits(
    int maxFrameBytes,
    int maxSamples,
    int maxMetrics,
    long futureAllowanceMillis,
    long earliestMillis) {

  /** Longest identifier, characters. */
  public static final int MAX_ID_LENGTH = 256;

  /** Longest name of a metric or a hardware model, bytes. */
  public static final int MAX_NAME_BYTES = 256;

  /** 2000-01-01, milliseconds since 1970-01-01 UTC. */
  public static final long YEAR_2000_MILLIS = 946_684_800_000L;

  /** 2100-01-01, milliseconds since 1970-01-01 UTC; no time beyond it is believed. */
  public static final long YEAR_2100_MILLIS = 4_102_444_800_000L;

  /** 4 MiB, 4096 samples of 512 metrics, ten minutes ahead, nothing before the year 2000. */
  public static final FrameLimits DEFAULT =
      new FrameLimits(4 * 1024 * 1024, 4096, 512, 600_000L, YEAR_2000_MILLIS);

  /** Checks the ranges. */
  public FrameLimits {
    if (maxFrameBytes < 1 || maxSamples < 1 || maxMetrics < 1 || futureAllowanceMillis < 0) {
      throw new IllegalArgumentException("frame limits must be positive");
    }
  }

  /** The same limits with another allowance for clocks that are ahead, milliseconds. */
  public FrameLimits withFutureAllowanceMillis(long millis) {
    return new FrameLimits(maxFrameBytes, maxSamples, maxMetrics, millis, earliestMillis);
  }
}
