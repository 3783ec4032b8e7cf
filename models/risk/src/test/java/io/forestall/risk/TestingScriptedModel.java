package io.forestall.risk;

import java.util.function.ToDoubleFunction;

/**
 * A model whose logit a test decides. It remembers how often it stepped, in the first float of its
 * memory.
 */
final class TestingScriptedModel implements BatchSequenceModel {
  private final String id;
  private final int version;
  private final FailureMode mode;
  private final ToDoubleFunction<float[]> logit;

  /** Logit of every step, unless a function of the inputs was given. */
  double next;

  boolean closed;

  TestingScriptedModel(int version) {
    this("scripted", version, FailureMode.DISK, null);
  }

  TestingScriptedModel(
      String id,
      int version,
      FailureMode mode,
      @org.jspecify.annotations.Nullable ToDoubleFunction<float[]> logit) {
    this.id = id;
    this.version = version;
    this.mode = mode;
    this.logit = logit == null ? input -> next : logit;
  }

  /** Makes every step give this probability. */
  void say(double probability) {
    next = RiskPolicy.logOdds(probability);
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public int version() {
    return version;
  }

  @Override
  public FailureMode mode() {
    return mode;
  }

  @Override
  public int inputs() {
    return FeatureExtractor.INPUTS;
  }

  @Override
  public int stateFloats() {
    return 4;
  }

  @Override
  public long horizonMillis() {
    return TestingModels.MONTH_MILLIS;
  }

  @Override
  public float step(float[] input, float[] state) {
    state[0]++;
    return (float) logit.applyAsDouble(input);
  }

  @Override
  public void step(int n, float[][] inputs, float[][] states, float[] logits) {
    for (int i = 0; i < n; i++) {
      logits[i] = step(inputs[i], states[i]);
    }
  }

  @Override
  public double probability(float logit) {
    return 1 / (1 + Math.exp(-logit));
  }

  @Override
  public void close() {
    closed = true;
  }
}
