package io.forestall.risk.series;

/** Exponentially weighted mean of the last values. */
final class MovingMean {
  private final int at;
  private final double share;

  /**
   * @param layout gives the place
   * @param share part of each value that the mean takes over, 0 to 1
   */
  MovingMean(Layout layout, double share) {
    this.at = layout.numbers(2);
    this.share = share;
  }

  /** Takes a value in and returns the mean. */
  double add(EnsembleState state, double value) {
    float[] numbers = state.numbers;
    if (numbers[at] == 0) {
      numbers[at] = 1;
      numbers[at + 1] = (float) value;
    } else {
      numbers[at + 1] += (float) (share * (value - numbers[at + 1]));
    }
    return numbers[at + 1];
  }

  double mean(EnsembleState state) {
    return state.numbers[at + 1];
  }
}
