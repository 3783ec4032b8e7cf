package io.forestall.dl4j;

import io.forestall.dl4j.EvaluationReport.Interval;

/**
 * Figures of one scorer in one period, with intervals over drives.
 *
 * @param auc area under the ROC curve
 * @param auprc average precision
 * @param recallPerMilleWeek recall when 0.1 % of healthy drives are flagged a week
 * @param recallPercentWeek recall when 1 % are
 * @param failingDrives drives that count in recall
 */
record PeriodFigures(
    Interval auc,
    Interval auprc,
    Interval recallPerMilleWeek,
    Interval recallPercentWeek,
    int failingDrives) {
  private static final int FIGURES = 4;

  /**
   * Measures.
   *
   * @param drives how many drives there are in all; the numbers in the period are below
   */
  static PeriodFigures of(
      ScoredPeriod period, int scorer, int horizonDays, int drives, int replicates, long seed) {
    BudgetRanking budgets = new BudgetRanking(period, scorer, horizonDays);
    AreaRanking areas = new AreaRanking(period, scorer, horizonDays);
    double[] values = figures(budgets, areas, Bootstrap.once(drives));
    double[][] drawn = new double[FIGURES][replicates];
    for (int r = 0; r < replicates; r++) {
      double[] replicate = figures(budgets, areas, Bootstrap.weights(seed, r, drives));
      for (int i = 0; i < FIGURES; i++) {
        drawn[i][r] = replicate[i];
      }
    }
    return new PeriodFigures(
        Bootstrap.interval(values[0], drawn[0]),
        Bootstrap.interval(values[1], drawn[1]),
        Bootstrap.interval(values[2], drawn[2]),
        Bootstrap.interval(values[3], drawn[3]),
        budgets.failingDrives());
  }

  private static double[] figures(BudgetRanking budgets, AreaRanking areas, double[] weights) {
    AreaRanking.Areas both = areas.areas(weights);
    return new double[] {
      both.auc(),
      both.auprc(),
      budgets.aWeek(0.001, weights).recall(),
      budgets.aWeek(0.01, weights).recall()
    };
  }
}
