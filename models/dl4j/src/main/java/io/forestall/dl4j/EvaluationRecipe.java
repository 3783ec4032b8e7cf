package io.forestall.dl4j;

/**
 * How an evaluation is done.
 *
 * @param training how each model is trained
 * @param periods how many test periods of half a year at most, at least 1
 * @param folds parts of the drives; each is scored by models trained on the others; at least 2
 * @param replicates bootstrap replicates over drives, at least 1
 * @param threads models that are trained at one time, at least 1
 */
public record EvaluationRecipe(
    TrainingRecipe training, int periods, int folds, int replicates, int threads) {
  /**
   * @throws IllegalArgumentException if a value is out of its range
   */
  public EvaluationRecipe {
    if (periods < 1 || folds < 2 || replicates < 1 || threads < 1) {
      throw new IllegalArgumentException(
          "periods, replicates and threads are at least 1, folds at least 2");
    }
  }

  /** The published evaluation. */
  public static EvaluationRecipe standard() {
    return new EvaluationRecipe(TrainingRecipe.standard(), 3, 3, 500, 2);
  }
}
