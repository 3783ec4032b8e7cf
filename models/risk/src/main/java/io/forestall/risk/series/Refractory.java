package io.forestall.risk.series;

/**
 * Lets the beginning of an anomaly through and holds back what follows from it: after a surprise at
 * alarm level only a clearly larger one passes, and the bar sinks back for a while. The while grows
 * with the length of the history, for alarms ought to become rarer, not more frequent, as more is
 * known (the rest period of CAD OSE and KNN-CAD).
 */
final class Refractory {
  private static final int BAR = 0;
  private static final int LEFT = 1;
  private static final int LENGTH = 2;

  private final int at;
  private final double level;
  private final double margin;
  private final double share;
  private final int least;
  private final int most;

  /**
   * @param layout gives the place
   * @param level surprise at which an alarm begins
   * @param margin by which a surprise must be larger than the last alarm to pass during the rest
   * @param share length of the rest as part of the values seen
   * @param least shortest rest; values
   * @param most longest rest; values
   */
  Refractory(Layout layout, double level, double margin, double share, int least, int most) {
    this.at = layout.numbers(3);
    this.level = level;
    this.margin = margin;
    this.share = share;
    this.least = least;
    this.most = most;
  }

  /** The surprise when it begins something, else at most half the alarm level. */
  double onset(EnsembleState state, double surprise) {
    float[] numbers = state.numbers;
    double passed = surprise;
    if (numbers[at + LEFT] > 0) {
      numbers[at + LEFT]--;
      double higher = numbers[at + BAR] + margin - level;
      if (surprise < level + higher * numbers[at + LEFT] / numbers[at + LENGTH]) {
        passed = Math.min(surprise, level / 2);
      }
    }
    if (passed >= level) {
      numbers[at + BAR] = (float) passed;
      numbers[at + LENGTH] = (int) Math.max(least, Math.min(most, state.samples * share));
      numbers[at + LEFT] = numbers[at + LENGTH];
    }
    return passed;
  }
}
