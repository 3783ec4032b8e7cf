package io.forestall.dl4j;

import io.forestall.risk.EnsembleWeights;
import java.util.Arrays;

/**
 * The parts of an ensemble as columns of a table, to learn how much each is heard. The order is
 * sequence, trees, detectors, rules.
 */
final class EnsembleParts {
  /** Inputs of the detectors, as {@link EnsembleWeights} hears them. */
  static final int[] DETECTOR_INPUTS = EnsembleWeights.detectorInputs();

  private static final int[] RULE_INPUTS = EnsembleWeights.ruleInputs();

  static final int COLUMNS = 2 + EnsembleWeights.DETECTORS + EnsembleWeights.RULES;

  /** What is thought of the two models before the data speaks. */
  private static final double SEQUENCE_GUESS = 0.4;

  private static final double TREES_GUESS = 0.6;

  private EnsembleParts() {}

  static void fill(float[] row, float sequence, float trees, float[] input) {
    row[0] = sequence;
    row[1] = trees;
    int at = 2;
    for (int i : DETECTOR_INPUTS) {
      row[at++] = input[i];
    }
    for (int i : RULE_INPUTS) {
      row[at++] = input[i] > 0 ? 1 : 0;
    }
  }

  /** Weights by logistic regression; a model that would count against itself is not heard. */
  static EnsembleWeights weigh(Examples parts, double pull) {
    double[] guess = new double[COLUMNS];
    guess[0] = SEQUENCE_GUESS;
    guess[1] = TREES_GUESS;
    LogisticRegression fit = LogisticRegression.fit(parts, guess, pull);
    int silent = fit.weight(0) < 0 ? 0 : fit.weight(1) < 0 ? 1 : -1;
    if (silent >= 0) {
      Examples without = new Examples(COLUMNS);
      float[] row = new float[COLUMNS];
      for (int i = 0; i < parts.rows(); i++) {
        for (int k = 0; k < COLUMNS; k++) {
          row[k] = k == silent ? 0 : parts.input(i, k);
        }
        without.add(row, parts.fails(i), parts.weight(i));
      }
      guess[silent] = 0;
      fit = LogisticRegression.fit(without, guess, pull);
    }
    float[] weights = new float[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
      weights[i] = (float) fit.weight(i);
    }
    return new EnsembleWeights(
        (float) fit.bias(),
        Math.max(0, weights[0]),
        Math.max(0, weights[1]),
        Arrays.copyOfRange(weights, 2, 2 + EnsembleWeights.DETECTORS),
        Arrays.copyOfRange(weights, 2 + EnsembleWeights.DETECTORS, COLUMNS));
  }

  /** The ensemble's logit of a row. */
  static float logit(Examples parts, int row, EnsembleWeights weights) {
    float sum =
        weights.bias()
            + weights.sequence() * parts.input(row, 0)
            + weights.trees() * parts.input(row, 1);
    for (int i = 0; i < EnsembleWeights.DETECTORS; i++) {
      sum += weights.detectors()[i] * parts.input(row, 2 + i);
    }
    for (int i = 0; i < EnsembleWeights.RULES; i++) {
      sum += weights.rules()[i] * parts.input(row, 2 + EnsembleWeights.DETECTORS + i);
    }
    return sum;
  }
}
