package io.forestall.decisions.shadow;

/**
 * How fast a node fetches for its shadows (D14, G5): as fast as it may while those it fetches from
 * answer their own clients as quickly as they usually do. Additive increase, multiplicative
 * decrease, once a second; a token bucket of that rate that holds a quarter of a second. Pure; for
 * one thread.
 */
public final class CopyPace {

  /** How often the rate changes; milliseconds. */
  static final long TURN_MILLIS = 1_000;

  /** What the bucket holds, as a time at the present rate; milliseconds. */
  static final long BURST_MILLIS = 250;

  /** A zero that was asked for counts as this part of a byte that was sent. */
  static final int EMPTY_SHARE = 16;

  /**
   * What a pace is bound to. Immutable.
   *
   * @param minBytesPerSecond it never fetches slower, so that a copy comes to its end
   * @param maxBytesPerSecond it never fetches faster
   * @param stepBytesPerSecond by how much it gets faster each second
   * @param slowdown how many times its usual latency a holder's clients may see, above 1
   * @param toleranceMicros by how much their latency may grow anyway; microseconds
   */
  public record Bounds(
      long minBytesPerSecond,
      long maxBytesPerSecond,
      long stepBytesPerSecond,
      double slowdown,
      long toleranceMicros) {

    /** 4 MB/s to 1 GB/s by 8 MB/s each second, while latency stays below 1.5 times plus 2 ms. */
    public static final Bounds DEFAULT =
        new Bounds(4_000_000, 1_000_000_000, 8_000_000, 1.5, 2_000);

    /**
     * Checks them.
     *
     * @throws IllegalArgumentException when they allow nothing
     */
    public Bounds {
      if (minBytesPerSecond < 1
          || maxBytesPerSecond < minBytesPerSecond
          || stepBytesPerSecond < 1
          || !(slowdown > 1)
          || toleranceMicros < 0) {
        throw new IllegalArgumentException(
            "a pace needs 1 <= min <= max, a step of 1 or more, a slowdown above 1");
      }
    }
  }

  private final Bounds bounds;
  private double bytesPerSecond;
  private double tokens;
  private long filledMillis;
  private long turnMillis;
  private boolean slow;
  private boolean used;

  /** A pace that begins at its slowest. */
  public CopyPace(Bounds bounds, long nowMillis) {
    this.bounds = bounds;
    this.bytesPerSecond = bounds.minBytesPerSecond();
    this.filledMillis = nowMillis;
    this.turnMillis = nowMillis;
  }

  /** True when something may be asked for now, however large: what is too much is owed. */
  public boolean mayAsk(long nowMillis) {
    turn(nowMillis);
    return tokens > 0;
  }

  /** So many bytes were asked for. */
  public void asked(long bytes) {
    tokens -= bytes;
    used = true;
  }

  /**
   * So many bytes of those asked for were zeros, which nobody sent: they count for little, so that
   * a volume that is mostly empty is not copied at the pace of a full one.
   */
  public void empty(long bytes) {
    tokens += bytes - (double) bytes / EMPTY_SHARE;
  }

  /** When something may be asked for again. */
  public long nextMillis(long nowMillis) {
    turn(nowMillis);
    return tokens > 0 ? nowMillis : nowMillis + 1 + (long) (-tokens * 1_000 / bytesPerSecond);
  }

  /**
   * What a holder said with its answer.
   *
   * @param latencyMicros what its own clients see at the moment, negative when it has none
   * @param usualMicros what they see when nobody fetches, negative when it is not known
   */
  public void heard(long latencyMicros, long usualMicros) {
    slow |=
        latencyMicros >= 0
            && usualMicros >= 0
            && latencyMicros > usualMicros * bounds.slowdown() + bounds.toleranceMicros();
  }

  private void turn(long nowMillis) {
    if (nowMillis > filledMillis) {
      double most = bytesPerSecond * BURST_MILLIS / 1_000;
      tokens = Math.min(most, tokens + bytesPerSecond * (nowMillis - filledMillis) / 1_000);
      filledMillis = nowMillis;
    }
    if (nowMillis - turnMillis >= TURN_MILLIS) {
      turnMillis = nowMillis;
      if (slow) {
        bytesPerSecond = Math.max(bounds.minBytesPerSecond(), bytesPerSecond / 2);
      } else if (used) {
        // a rate that nobody needed is not known to do no harm
        bytesPerSecond =
            Math.min(bounds.maxBytesPerSecond(), bytesPerSecond + bounds.stepBytesPerSecond());
      }
      slow = false;
      used = false;
    }
  }

  /** The present rate. */
  public long bytesPerSecond() {
    return (long) bytesPerSecond;
  }
}
