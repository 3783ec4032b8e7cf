package io.forestall.risk;

/**
 * A sample whose features are taken and whose champion has still to step, for callers that step
 * many at once: put {@link #input} and {@link #lstmState} into a batch of {@link #model}, then pass
 * the logit to {@link DiskRiskEngine#conclude}. Until then no other sample of the same disk may be
 * prepared.
 */
public final class Prepared {
  private final SequenceModel model;
  private final float[] input;
  private final float[] lstmState;

  Prepared(SequenceModel model, float[] input, float[] lstmState) {
    this.model = model;
    this.input = input;
    this.lstmState = lstmState;
  }

  /** The model that has to step. */
  public SequenceModel model() {
    return model;
  }

  /** Its input; only to be read. */
  public float[] input() {
    return input;
  }

  /** Its state, a copy that the step moves on in place. */
  public float[] lstmState() {
    return lstmState;
  }
}
