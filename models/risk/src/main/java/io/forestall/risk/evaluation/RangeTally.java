package io.forestall.risk.evaluation;

import io.forestall.risk.evaluation.Ranges.Range;
import java.util.List;

/**
 * Precision and recall of ranges (Tatbul et al., Precision and Recall for Time Series, 2018), over
 * all ranges of any number of series: each anomaly counts the same in recall and each alarm in
 * precision, however long. Mutable, not thread-safe.
 */
public final class RangeTally {

  /** Which points of a range count more. */
  public enum Bias {
    /** All the same. */
    FLAT,
    /** The first ones, linearly: an early alarm is worth more. */
    FRONT
  }

  /** What a range is worth that several ranges of the other side cut to pieces. */
  public enum Cardinality {
    /** As much as one that is covered in one piece. */
    ONE,
    /** One part for each piece: 1 / pieces. */
    RECIPROCAL
  }

  /**
   * What counts how much.
   *
   * @param existence how much of an anomaly's recall is won by being noticed at all, the rest by
   *     the overlap; 0 to 1
   * @param bias which points of an anomaly count more; in precision all points count the same
   * @param cardinality what pieces cost
   */
  public record Weights(double existence, Bias bias, Cardinality cardinality) {

    /** Overlap alone, all points the same, pieces cost: what is printed when nothing is said. */
    public static final Weights DEFAULT = new Weights(0, Bias.FLAT, Cardinality.RECIPROCAL);

    /**
     * Checks the weights.
     *
     * @throws IllegalArgumentException when existence is not 0 to 1
     */
    public Weights {
      if (!(existence >= 0 && existence <= 1)) {
        throw new IllegalArgumentException("existence is a share of 0 to 1, not " + existence);
      }
    }
  }

  private final Weights weights;
  private double recallSum;
  private long anomalies;
  private double precisionSum;
  private long alarms;

  /** Nothing added yet. */
  public RangeTally(Weights weights) {
    this.weights = weights;
  }

  /**
   * Adds one series.
   *
   * @throws IllegalArgumentException when the lengths differ
   */
  public void add(boolean[] labels, boolean[] raised) {
    Ranges.requireSameLength(labels, raised);
    List<Range> real = Ranges.of(labels);
    List<Range> predicted = Ranges.of(raised);
    anomalies += real.size();
    alarms += predicted.size();
    int from = 0;
    for (Range range : real) {
      from = skip(predicted, from, range);
      recallSum += worth(range, predicted, from, weights.existence, weights.bias);
    }
    from = 0;
    for (Range range : predicted) {
      from = skip(real, from, range);
      precisionSum += worth(range, real, from, 0, Bias.FLAT);
    }
  }

  /** The first of the others that does not end before the range. */
  private static int skip(List<Range> others, int from, Range range) {
    int at = from;
    while (at < others.size() && others.get(at).end() <= range.first()) {
      at++;
    }
    return at;
  }

  private double worth(Range range, List<Range> others, int from, double existence, Bias bias) {
    int pieces = 0;
    double covered = 0;
    for (int i = from; i < others.size() && others.get(i).first() < range.end(); i++) {
      pieces++;
      covered += share(range, others.get(i), bias);
    }
    if (pieces == 0) {
      return 0;
    }
    double factor = weights.cardinality == Cardinality.ONE ? 1 : 1.0 / pieces;
    return existence + (1 - existence) * factor * covered;
  }

  /** How much of the range the other covers; 0 to 1. */
  private static double share(Range range, Range other, Bias bias) {
    int first = Math.max(range.first(), other.first()) - range.first();
    int end = Math.min(range.end(), other.end()) - range.first();
    double n = range.length();
    if (bias == Bias.FLAT) {
      return (end - first) / n;
    }
    // The first of n points weighs n, the last 1.
    return (weightOfFirst(end, n) - weightOfFirst(first, n)) / weightOfFirst(n, n);
  }

  private static double weightOfFirst(double points, double n) {
    return points * (n + n - points + 1) / 2;
  }

  /** Precision and recall by ranges. */
  public Score score() {
    return new Score(
        alarms == 0 ? 0 : precisionSum / alarms, anomalies == 0 ? 0 : recallSum / anomalies);
  }
}
