package io.forestall.risk.series;

/**
 * What is usual at this time of day: one mean for each slot of the day, in event time (UTC), each
 * moved by exponential smoothing (Winters 1960, the seasonal part). A slot that never saw a value
 * expects the level given to it.
 */
final class DailySeason {
  private static final long DAY_MILLIS = 86_400_000L;

  private final int at;
  private final int slots;
  private final int memory;

  /**
   * @param layout gives the place
   * @param slots of a day; divides it
   * @param memory values of a slot after which the older fade; count
   */
  DailySeason(Layout layout, int slots, int memory) {
    this.slots = slots;
    this.memory = memory;
    this.at = layout.numbers(2 * slots);
  }

  /** True when values of this time of day have been seen. */
  boolean known(EnsembleState state, long timeMillis) {
    return state.numbers[at + slots + slot(timeMillis)] > 0;
  }

  /** What is usual now; 0 when nothing is known. */
  double usual(EnsembleState state, long timeMillis) {
    return state.numbers[at + slot(timeMillis)];
  }

  /** Takes a value in. */
  void add(EnsembleState state, long timeMillis, double value) {
    int slot = at + slot(timeMillis);
    float[] numbers = state.numbers;
    float seen = Math.min(numbers[slot + slots] + 1, memory);
    numbers[slot + slots] = seen;
    numbers[slot] += (float) ((value - numbers[slot]) / seen);
  }

  private int slot(long timeMillis) {
    return (int) (Math.floorMod(timeMillis, DAY_MILLIS) / (DAY_MILLIS / slots));
  }
}
