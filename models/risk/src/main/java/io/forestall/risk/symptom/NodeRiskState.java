package io.forestall.risk.symptom;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * What is remembered of the score of one machine or volume. Mutable; its encoding carries a version
 * and only grows.
 */
public final class NodeRiskState {
  private NodeRiskState() {}

  /** Nothing is known yet. */
  public static NodeRiskState fresh() {
    return new NodeRiskState();
  }

  /** Event time of its own newest finding, {@link Long#MIN_VALUE} for none; epoch milliseconds. */
  public long lastTimeMillis() {
    return Long.MIN_VALUE;
  }

  /** Writes the state. */
  public void write(DataOutput out) throws IOException {
    throw new UnsupportedOperationException();
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws IOException when the bytes are no such state
   */
  public static NodeRiskState read(DataInput in) throws IOException {
    throw new UnsupportedOperationException();
  }
}
