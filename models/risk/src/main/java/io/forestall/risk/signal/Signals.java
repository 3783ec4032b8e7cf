package io.forestall.risk.signal;

import org.jspecify.annotations.Nullable;

/** The one {@link SignalDeriver}. */
public final class Signals implements SignalDeriver {
  /** Longest time between two samples over which a rate is taken by default; milliseconds. */
  public static final long MAXIMUM_GAP_MILLIS = 30 * 60_000L;

  private final long maximumGapMillis;

  /** With the default gap. */
  public Signals() {
    this(MAXIMUM_GAP_MILLIS);
  }

  /**
   * With another gap.
   *
   * @param maximumGapMillis longest time between two samples over which a rate is taken; above 0,
   *     milliseconds
   */
  public Signals(long maximumGapMillis) {
    if (maximumGapMillis <= 0) {
      throw new IllegalArgumentException("the gap must be above 0, not " + maximumGapMillis);
    }
    this.maximumGapMillis = maximumGapMillis;
  }

  @Override
  public @Nullable SignalSample derive(SignalState state, EntitySample sample, String peers) {
    throw new UnsupportedOperationException("gap " + maximumGapMillis);
  }
}
