package io.forestall.risk;

/**
 * A sequence model that can step many entities at once. Closing it frees what it holds outside the
 * heap.
 */
public interface BatchSequenceModel extends SequenceModel, AutoCloseable {
  /**
   * One step of each of the first {@code n} entities. No two of them may share a state array.
   *
   * @param inputs at least n inputs, each of length {@link #inputs()}
   * @param states at least n states, each moved on in place
   * @param logits receives n raw logits
   */
  void step(int n, float[][] inputs, float[][] states, float[] logits);

  @Override
  void close();
}
