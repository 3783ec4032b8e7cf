package io.forestall.risk;

import java.util.List;

/**
 * An ensemble that scores: one LSTM step, a walk over the trees, two short sums. Rows A7, A9, A12.
 * Its memory of a disk is that of its sequence model. Allocates nothing per step.
 *
 * <p>Not thread-safe.
 */
public final class EnsembleModel implements BatchSequenceModel {
  private static final List<String> PARTS = List.of("sequences", "trees", "detectors", "rules");

  private final EnsembleFile file;
  private final BatchSequenceModel sequence;

  /** Compiles an ensemble's file. */
  public EnsembleModel(EnsembleFile file) {
    this(file, file.sequence().compile());
  }

  /**
   * An ensemble whose sequence model runs in another way.
   *
   * @param sequence an implementation of the file's sequence model; closed with this one
   */
  public EnsembleModel(EnsembleFile file, BatchSequenceModel sequence) {
    this.file = file;
    this.sequence = sequence;
  }

  /** The file that it was compiled from. */
  public EnsembleFile file() {
    return file;
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
    return sequence.inputs();
  }

  @Override
  public int stateFloats() {
    return sequence.stateFloats();
  }

  @Override
  public long horizonMillis() {
    return file.horizonMillis();
  }

  @Override
  public DriveModelHazards hazards() {
    return file.hazards();
  }

  @Override
  public float step(float[] input, float[] state) {
    return sum(sequence.step(input, state), input);
  }

  @Override
  public void warm(float[] input, float[] state) {
    sequence.warm(input, state);
  }

  @Override
  public void step(int n, float[][] inputs, float[][] states, float[] logits) {
    sequence.step(n, inputs, states, logits);
    for (int i = 0; i < n; i++) {
      logits[i] = sum(logits[i], inputs[i]);
    }
  }

  private float sum(float sequenceLogit, float[] input) {
    EnsembleWeights weights = file.weights();
    return weights.bias()
        + weights.sequence() * sequenceLogit
        + weights.trees() * file.trees().logit(input)
        + weights.detectors(input)
        + weights.rules(input);
  }

  @Override
  public double probability(float logit) {
    return file.calibration().probability(logit);
  }

  /**
   * {@inheritDoc}
   *
   * <p>What the sequence model says is what is left of the logit, so that its memory need not be
   * stepped again.
   */
  @Override
  public float[] parts(float[] input, float logit) {
    EnsembleWeights weights = file.weights();
    float trees = weights.trees() * file.trees().logit(input);
    float detectors = weights.detectors(input);
    float rules = weights.rules(input);
    return new float[] {
      logit - weights.bias() - trees - detectors - rules, trees, detectors, rules
    };
  }

  @Override
  public List<String> partNames() {
    return PARTS;
  }

  @Override
  public void close() {
    sequence.close();
  }
}
