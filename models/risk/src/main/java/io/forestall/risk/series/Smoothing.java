package io.forestall.risk.series;

/**
 * Level and damped trend by exponential smoothing (Holt 1957; damping after Gardner and McKenzie
 * 1985). A single extreme value moves the level no further than a usual large one would, for its
 * error is cut at {@link #MOST_SPREADS} usual errors (Gelper, Fried and Croux 2010).
 */
final class Smoothing {
  private static final double DAMPING = 0.9;
  private static final double MOST_SPREADS = 3;
  private static final double LEAST_SPREAD = 1e-6;
  private static final int LEVEL = 0;
  private static final int TREND = 1;
  private static final int SPREAD = 2;
  private static final int SEEN = 3;

  private final int at;
  private final double levelShare;
  private final double trendShare;
  private final double spreadShare;

  /**
   * @param layout gives the place
   * @param levelShare part of an error that the level takes over, 0 to 1
   * @param trendShare part of an error that the trend takes over, 0 to 1
   * @param spreadShare part of an error that the usual error takes over, 0 to 1
   */
  Smoothing(Layout layout, double levelShare, double trendShare, double spreadShare) {
    this.at = layout.numbers(4);
    this.levelShare = levelShare;
    this.trendShare = trendShare;
    this.spreadShare = spreadShare;
  }

  /** What is expected next. */
  double forecast(EnsembleState state) {
    return state.numbers[at + LEVEL] + DAMPING * state.numbers[at + TREND];
  }

  /** Usual distance from the forecast, above 0. */
  double spread(EnsembleState state) {
    return state.numbers[at + SPREAD] + LEAST_SPREAD;
  }

  /** Takes a value in. */
  void add(EnsembleState state, double value) {
    float[] numbers = state.numbers;
    if (numbers[at + SEEN] == 0) {
      numbers[at + SEEN] = 1;
      numbers[at + LEVEL] = (float) value;
      return;
    }
    double expected = forecast(state);
    double error = value - expected;
    double seen = numbers[at + SEEN] + 1;
    numbers[at + SEEN] = (float) Math.min(seen, 1e6);
    double spread = spread(state);
    double cut = MOST_SPREADS * spread;
    // The first errors make the usual error; nothing is known to cut them by.
    double calm = seen < 10 ? error : Math.max(-cut, Math.min(cut, error));
    numbers[at + LEVEL] = (float) (expected + Math.max(levelShare, 1 / seen) * calm);
    numbers[at + TREND] = (float) (DAMPING * numbers[at + TREND] + trendShare * calm);
    double wider = seen < 10 ? Math.abs(error) : Math.min(Math.abs(error), 2 * cut);
    numbers[at + SPREAD] +=
        (float) (Math.max(spreadShare, 1 / seen) * (wider - numbers[at + SPREAD]));
  }
}
