package io.forestall.risk;

import org.jspecify.annotations.Nullable;

/**
 * A sample whose features are taken and whose disk model has still to step, for callers that step
 * many at once: put {@link #input} and {@link #lstmState} into a batch of {@link #model}, then pass
 * the logit to {@link DiskRiskEngine#conclude}. Until then no other sample of the same disk may be
 * prepared.
 */
public final class Prepared {
  /** One mode's part: who scores it, from which memory. */
  static final class Part {
    @Nullable SequenceModel model;
    DiskState.@Nullable Slot slot;

    /** The inputs, with the failure rate of the drive model as this model knows it. */
    final float[] input = new float[FeatureExtractor.INPUTS];

    /** A copy of the slot's memory, moved on by the step. */
    float[] memory = new float[0];

    /**
     * Whether the step is kept, or only looked at because it is sooner than the model's own pace.
     */
    boolean kept;

    float logit;

    SequenceModel model() {
      if (model == null) {
        throw new IllegalStateException("No sample was prepared");
      }
      return model;
    }

    DiskState.Slot slot() {
      if (slot == null) {
        throw new IllegalStateException("No sample was prepared");
      }
      return slot;
    }
  }

  final Part[] parts = new Part[DiskState.MAXIMUM_SLOTS];
  int count;

  /** The challenger's part, already stepped, and whose place among the parts it takes. */
  final Part challenger = new Part();

  /** Index of the part that the challenger stands beside, -1 when none is asked. */
  int besidePart = -1;

  @Nullable String driveModel;
  boolean open;

  Prepared() {
    for (int i = 0; i < parts.length; i++) {
      parts[i] = new Part();
    }
  }

  /** The model that has to step. */
  public SequenceModel model() {
    return parts[0].model();
  }

  /** Its input; only to be read. */
  public float[] input() {
    return parts[0].input;
  }

  /** Its state, a copy that the step moves on in place. */
  public float[] lstmState() {
    return parts[0].memory;
  }
}
