package io.forestall.risk.series;

/**
 * Forecast of a value from the last few by a linear filter whose weights follow the series:
 * normalised least mean squares (Nagumo and Noda 1967), the cheapest online AR model.
 */
final class Autoregression {
  private final int at;
  private final int order;
  private final double step;

  /**
   * @param layout gives the place
   * @param order values looked back on
   * @param step how fast weights follow, above 0 and below 2
   */
  Autoregression(Layout layout, int order, double step) {
    this.at = layout.numbers(2 * order);
    this.order = order;
    this.step = step;
  }

  /** What is expected next. */
  double forecast(EnsembleState state) {
    float[] numbers = state.numbers;
    double sum = 0;
    for (int i = 0; i < order; i++) {
      sum += numbers[at + i] * numbers[at + order + i];
    }
    return sum;
  }

  /** Takes a value in; one that is far off should be cut before. */
  void add(EnsembleState state, double value) {
    float[] numbers = state.numbers;
    double energy = 1e-6;
    for (int i = 0; i < order; i++) {
      energy += numbers[at + order + i] * numbers[at + order + i];
    }
    double gain = step * (value - forecast(state)) / energy;
    for (int i = 0; i < order; i++) {
      double weight = numbers[at + i] + gain * numbers[at + order + i];
      numbers[at + i] = (float) Math.max(-2, Math.min(2, weight));
    }
    for (int i = order - 1; i > 0; i--) {
      numbers[at + order + i] = numbers[at + order + i - 1];
    }
    numbers[at + order] = (float) value;
  }
}
