package io.forestall.risk.series;

/**
 * Control charts over standardised forecast errors: the exponentially weighted mean (Roberts 1959)
 * and two one-sided cumulative sums (Page 1954). They see small errors that last, which no single
 * value shows.
 */
final class Charts {
  private static final double MOST_SPREADS = 6;
  private static final double MOST_SUM = 100;
  private static final int MEAN = 0;
  private static final int UP = 1;
  private static final int DOWN = 2;

  private final int at;
  private final double share;
  private final double slack;

  /**
   * @param layout gives the place
   * @param share part of each error that the mean takes over, 0 to 1
   * @param slack errors up to this many usual errors do not add up
   */
  Charts(Layout layout, double share, double slack) {
    this.at = layout.numbers(3);
    this.share = share;
    this.slack = slack;
  }

  /** Takes an error in; in usual errors. */
  void add(EnsembleState state, double error) {
    float[] numbers = state.numbers;
    double cut = Math.max(-MOST_SPREADS, Math.min(MOST_SPREADS, error));
    numbers[at + MEAN] += (float) (share * (cut - numbers[at + MEAN]));
    numbers[at + UP] = (float) Math.max(0, Math.min(MOST_SUM, numbers[at + UP] + cut - slack));
    numbers[at + DOWN] = (float) Math.max(0, Math.min(MOST_SUM, numbers[at + DOWN] - cut - slack));
  }

  /** Size of the weighted mean; usual errors. */
  double mean(EnsembleState state) {
    return Math.abs(state.numbers[at + MEAN]);
  }

  /** The larger of both sums; usual errors. */
  double sum(EnsembleState state) {
    return Math.max(state.numbers[at + UP], state.numbers[at + DOWN]);
  }
}
