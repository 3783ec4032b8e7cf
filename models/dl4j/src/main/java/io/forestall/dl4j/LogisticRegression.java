package io.forestall.dl4j;

import java.util.Arrays;

/**
 * Weighted logistic regression with a ridge towards given weights, fitted by Newton steps. The same
 * examples give the same weights. Immutable.
 */
final class LogisticRegression {
  private static final int MOST_STEPS = 30;

  private final double[] weights;

  private LogisticRegression(double[] weights) {
    this.weights = weights;
  }

  /**
   * Fits.
   *
   * @param towards weights that are taken for likely before the data speaks, one a column
   * @param pull how many units of information speak for them, 0 or more
   */
  static LogisticRegression fit(Examples examples, double[] towards, double pull) {
    int n = examples.columns();
    double[] fitted = Arrays.copyOf(towards, n + 1);
    double all = 0;
    double failing = 0;
    for (int row = 0; row < examples.rows(); row++) {
      all += examples.weight(row);
      failing += examples.fails(row) ? examples.weight(row) : 0;
    }
    fitted[n] = Math.log((failing + 0.5) / (all - failing + 0.5));
    double[] values = new double[n + 1];
    values[n] = 1;
    double loss = Double.POSITIVE_INFINITY;
    double[] step = new double[n + 1];
    for (int round = 0; round < MOST_STEPS; round++) {
      double[][] information = new double[n + 1][n + 1];
      double[] gradient = new double[n + 1];
      double now = 0;
      for (int row = 0; row < examples.rows(); row++) {
        double z = fitted[n];
        for (int i = 0; i < n; i++) {
          values[i] = examples.input(row, i);
          z += fitted[i] * values[i];
        }
        double p = 1 / (1 + Math.exp(-z));
        double weight = examples.weight(row);
        now -= weight * Math.log(Math.max(1e-300, examples.fails(row) ? p : 1 - p));
        double error = ((examples.fails(row) ? 1 : 0) - p) * weight;
        double curvature = p * (1 - p) * weight;
        for (int i = 0; i <= n; i++) {
          if (values[i] == 0) {
            continue;
          }
          gradient[i] += error * values[i];
          double scaled = curvature * values[i];
          for (int j = 0; j <= i; j++) {
            information[i][j] += scaled * values[j];
          }
        }
      }
      for (int i = 0; i < n; i++) {
        double off = fitted[i] - towards[i];
        now += pull * off * off / 2;
        gradient[i] -= pull * off;
        information[i][i] += pull + 1e-9;
      }
      information[n][n] += 1e-9;
      if (!(now < loss)) {
        // Too far: half of the step back, until it is better.
        for (int i = 0; i <= n; i++) {
          step[i] /= 2;
          fitted[i] -= step[i];
        }
        continue;
      }
      boolean done = loss - now < 1e-9 * Math.abs(now);
      loss = now;
      if (done) {
        break;
      }
      step = solve(information, gradient);
      for (int i = 0; i <= n; i++) {
        fitted[i] += step[i];
      }
    }
    return new LogisticRegression(fitted);
  }

  /** Solves by Cholesky; only the lower half of the matrix is read. */
  private static double[] solve(double[][] lower, double[] right) {
    int n = right.length;
    double[] x = right.clone();
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        double sum = lower[i][j];
        for (int k = 0; k < j; k++) {
          sum -= lower[i][k] * lower[j][k];
        }
        lower[i][j] = i == j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / lower[j][j];
      }
    }
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < i; k++) {
        x[i] -= lower[i][k] * x[k];
      }
      x[i] /= lower[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
      for (int k = i + 1; k < n; k++) {
        x[i] -= lower[k][i] * x[k];
      }
      x[i] /= lower[i][i];
    }
    return x;
  }

  /** Weight of a column. */
  double weight(int column) {
    return weights[column];
  }

  /** What is added to the weighted inputs. */
  double bias() {
    return weights[weights.length - 1];
  }

  /** Log-odds of a row. */
  float logit(float[] row) {
    double z = bias();
    for (int i = 0; i < weights.length - 1; i++) {
      z += weights[i] * row[i];
    }
    return (float) z;
  }
}
