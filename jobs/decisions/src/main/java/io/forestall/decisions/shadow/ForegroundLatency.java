package io.forestall.decisions.shadow;

/**
 * How long a node's own clients wait now, and how long when nobody fetches from it: what a holder
 * says with its answers so that {@link CopyPace} gives way to them. Means over windows of a second.
 * What is usual is learned in windows in which nothing was fetched; of a node that was fetched from
 * ever since it has clients, the first window stands for it, in which a pace is at its slowest.
 * Pure; for one thread.
 */
public final class ForegroundLatency {

  /** What a mean is taken over; milliseconds. */
  static final long WINDOW_MILLIS = 1_000;

  /** How much a new window weighs in what is usual. */
  private static final double WEIGHT = 0.2;

  private long windowMillis;
  private long sumMicros;
  private long many;
  private boolean fetched;
  private double lastMicros = -1;
  private double usualMicros = -1;

  /** Nothing is known yet. */
  public ForegroundLatency(long nowMillis) {
    windowMillis = nowMillis;
  }

  /** A client was answered after so long. */
  public void answered(long micros, long nowMillis) {
    turn(nowMillis);
    sumMicros += micros;
    many++;
  }

  /** Something was fetched from the node. */
  public void fetched(long nowMillis) {
    turn(nowMillis);
    fetched = true;
  }

  private void turn(long nowMillis) {
    long past = nowMillis - windowMillis;
    if (past < WINDOW_MILLIS) {
      return;
    }
    double mean = many == 0 ? -1 : (double) sumMicros / many;
    if (mean >= 0 && usualMicros < 0) {
      usualMicros = mean;
    } else if (mean >= 0 && !fetched) {
      usualMicros += (mean - usualMicros) * WEIGHT;
    }
    // a window that lies further back says nothing of now
    lastMicros = past < 2 * WINDOW_MILLIS ? mean : -1;
    windowMillis = nowMillis;
    sumMicros = 0;
    many = 0;
    fetched = false;
  }

  /** What clients waited in the last window, negative when there were none; microseconds. */
  public long latencyMicros(long nowMillis) {
    turn(nowMillis);
    return (long) lastMicros;
  }

  /** What they wait when nobody fetches, negative when it is not known; microseconds. */
  public long usualMicros(long nowMillis) {
    turn(nowMillis);
    return (long) usualMicros;
  }
}
