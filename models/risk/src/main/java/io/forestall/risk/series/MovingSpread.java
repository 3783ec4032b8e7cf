package io.forestall.risk.series;

/** Exponentially weighted mean and deviation of the last values. */
final class MovingSpread {
  private final int at;
  private final double share;

  /**
   * @param layout gives the place
   * @param share part of each value that the mean takes over, 0 to 1
   */
  MovingSpread(Layout layout, double share) {
    this.at = layout.numbers(3);
    this.share = share;
  }

  /** Takes a value in. */
  void add(EnsembleState state, double value) {
    float[] numbers = state.numbers;
    if (numbers[at] == 0) {
      numbers[at] = 1;
      numbers[at + 1] = (float) value;
      return;
    }
    double away = value - numbers[at + 1];
    numbers[at + 1] += (float) (share * away);
    numbers[at + 2] += (float) (share * (away * away - numbers[at + 2]));
  }

  double mean(EnsembleState state) {
    return state.numbers[at + 1];
  }

  double deviation(EnsembleState state) {
    return Math.sqrt(Math.max(0, state.numbers[at + 2]));
  }
}
