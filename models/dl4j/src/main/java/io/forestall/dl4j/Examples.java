package io.forestall.dl4j;

import io.forestall.risk.FeatureExtractor;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Single days with what became of the drive: a table that grows, one row of inputs a day. Not
 * thread-safe.
 */
final class Examples {
  private final int columns;
  private float[] inputs = new float[1 << 12];
  private float[] labels = new float[1 << 8];
  private float[] weights = new float[1 << 8];
  private int rows;
  private long failing;

  /** A table of the feature extractor's inputs. */
  Examples() {
    this(FeatureExtractor.INPUTS);
  }

  /** A table of other inputs. */
  Examples(int columns) {
    this.columns = columns;
  }

  /**
   * Adds a day.
   *
   * @param row inputs, of which the first {@link #columns} count
   * @param fails whether the drive failed within the horizon
   * @param weight how many days it stands for
   */
  void add(float[] row, boolean fails, float weight) {
    if ((rows + 1) * columns > inputs.length) {
      inputs = Arrays.copyOf(inputs, 2 * Math.max(inputs.length, columns));
    }
    if (rows == labels.length) {
      labels = Arrays.copyOf(labels, 2 * rows);
      weights = Arrays.copyOf(weights, 2 * rows);
    }
    System.arraycopy(row, 0, inputs, rows * columns, columns);
    labels[rows] = fails ? 1 : 0;
    weights[rows++] = weight;
    failing += fails ? 1 : 0;
  }

  int rows() {
    return rows;
  }

  int columns() {
    return columns;
  }

  /** How many rows are of days before a failure. */
  long failing() {
    return failing;
  }

  float input(int row, int column) {
    return inputs[row * columns + column];
  }

  boolean fails(int row) {
    return labels[row] > 0;
  }

  float weight(int row) {
    return weights[row];
  }

  /** All inputs, row after row; a copy. */
  float[] inputs() {
    return Arrays.copyOf(inputs, rows * columns);
  }

  /** Labels, 1 for a failure; a copy. */
  float[] labels() {
    return Arrays.copyOf(labels, rows);
  }

  /** Weights; a copy. */
  float[] weights() {
    return Arrays.copyOf(weights, rows);
  }

  /** The same days and inputs, each with the label of another of them; for a canary. */
  Examples withShuffledLabels(long seed) {
    Examples shuffled = new Examples(columns);
    int[] order = new int[rows];
    for (int i = 0; i < rows; i++) {
      order[i] = i;
    }
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = rows - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      int swapped = order[i];
      order[i] = order[other];
      order[other] = swapped;
    }
    float[] row = new float[columns];
    for (int i = 0; i < rows; i++) {
      System.arraycopy(inputs, i * columns, row, 0, columns);
      // A label keeps its weight: it stands for as many days as before.
      shuffled.add(row, fails(order[i]), weights[order[i]]);
    }
    return shuffled;
  }
}
