package io.forestall.risk.series;

/**
 * Whether the series moves more, or less, than it used to: the mean size of the steps from value to
 * value over short and over long memory, as a Levene-type chart of dispersion (Hawkins 1981).
 */
final class Swings {
  private static final double LEAST = 1e-6;
  private static final int SEEN = 0;
  private static final int LAST = 1;
  private static final int SHORT = 2;
  private static final int MIDDLE = 3;
  private static final int LONG = 4;

  /** Values before which nothing is said. */
  private static final int FEW = 20;

  private static final int MANY = 1_000_000;

  private final int at;
  private final double shortShare;
  private final double middleShare;
  private final double longShare;

  /**
   * @param layout gives the place
   * @param shortShare part of each step that the short mean takes over, 0 to 1
   * @param middleShare the same for the middle one
   * @param longShare the same for the long one
   */
  Swings(Layout layout, double shortShare, double middleShare, double longShare) {
    this.at = layout.numbers(5);
    this.shortShare = shortShare;
    this.middleShare = middleShare;
    this.longShare = longShare;
  }

  /** How many times the usual step the last steps were; 0 while little is known. */
  double rise(EnsembleState state) {
    float[] numbers = state.numbers;
    return numbers[at + SEEN] < FEW ? 0 : numbers[at + SHORT] / (numbers[at + LONG] + LEAST);
  }

  /** How far the last steps are from the usual in either direction, as |ln| of their ratio. */
  double change(EnsembleState state) {
    float[] numbers = state.numbers;
    return numbers[at + SEEN] < FEW
        ? 0
        : Math.abs(Math.log((numbers[at + MIDDLE] + LEAST) / (numbers[at + LONG] + LEAST)));
  }

  /** Mean size of the steps over long memory. */
  double usual(EnsembleState state) {
    return state.numbers[at + LONG];
  }

  /** Takes a value in. */
  void add(EnsembleState state, double value) {
    float[] numbers = state.numbers;
    float seen = Math.min(numbers[at + SEEN] + 1, MANY);
    double step = seen == 1 ? 0 : Math.abs(value - numbers[at + LAST]);
    numbers[at + SEEN] = seen;
    numbers[at + LAST] = (float) value;
    follow(numbers, at + SHORT, Math.max(shortShare, 1 / seen), step);
    follow(numbers, at + MIDDLE, Math.max(middleShare, 1 / seen), step);
    follow(numbers, at + LONG, Math.max(longShare, 1 / seen), step);
  }

  private static void follow(float[] numbers, int at, double share, double step) {
    numbers[at] += (float) (share * (step - numbers[at]));
  }
}
