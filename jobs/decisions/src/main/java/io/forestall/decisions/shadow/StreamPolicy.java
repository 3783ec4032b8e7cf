package io.forestall.decisions.shadow;

/**
 * Limits of a {@link ShadowStream}. Immutable.
 *
 * @param lostMillis how long a holder may be ahead of the log as it is read, while its reader is at
 *     its end, before what is between is taken for lost; milliseconds
 * @param resyncMillis how long a RESYNC is waited for before a shadow that still asks for one gets
 *     it again; doubles with each, up to 32 times; milliseconds
 * @param standingMillis least time between two standings of one shadow; milliseconds
 * @param inSyncMillis age of the oldest write that a shadow lacks up to which it counts as in sync;
 *     milliseconds
 */
public record StreamPolicy(
    long lostMillis, long resyncMillis, long standingMillis, long inSyncMillis) {

  /** What holds when nobody says otherwise. */
  public static final StreamPolicy DEFAULTS = new StreamPolicy(60_000, 10_000, 1_000, 5_000);

  /** Refuses limits that are none. */
  public StreamPolicy {
    if (lostMillis < 1 || resyncMillis < 1 || standingMillis < 1 || inSyncMillis < 1) {
      throw new IllegalArgumentException("the limits of a stream are 1 ms or more");
    }
  }
}
