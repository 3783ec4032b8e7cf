package io.forestall.operators;

/** Tumbling windows of event time, aligned to 1970. Stateless. */
final class EventWindows {

  private EventWindows() {}

  /** End, exclusive, of the window that holds a time; epoch milliseconds. */
  static long endMillis(long timeMillis, long windowMillis) {
    return (Math.floorDiv(timeMillis, windowMillis) + 1) * windowMillis;
  }

  /**
   * End of the newest window of peers that a sample may look at: it is closed for certain when the
   * sample is on time, wherever the other partitions are, because event time stays behind by the
   * out-of-orderness, and one window more is left for partitions that run ahead.
   *
   * @param timeMillis event time of the sample; epoch milliseconds
   */
  static long closedMillis(long timeMillis, long windowMillis, long outOfOrdernessMillis) {
    return Math.floorDiv(timeMillis - outOfOrdernessMillis - windowMillis, windowMillis)
        * windowMillis;
  }
}
