package io.forestall.risk;

/**
 * How much each part of an ensemble is heard. Immutable: the arrays are never handed out to be
 * changed by those who keep to the rule that a carrier's arrays are read only.
 *
 * @param bias of the sum; nats
 * @param sequence weight of the sequence model's logit, 0 or more
 * @param trees weight of the trees' logit, 0 or more
 * @param detectors weights of {@link #DETECTOR_INPUTS}; nats per unit of the input
 * @param rules nats that each of {@link #RULE_INPUTS} adds when its counter is above zero
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier, never compared
public record EnsembleWeights(
    float bias, float sequence, float trees, float[] detectors, float[] rules) {
  /** Inputs that detectors of the disk's own course give. */
  private static final int[] DETECTOR_INPUTS = {
    FeatureExtractor.ERRORS_CUSUM,
    FeatureExtractor.ERRORS_DEVIATION,
    FeatureExtractor.CORRELATION,
    FeatureExtractor.TEMPERATURE_DEVIATION
  };

  /**
   * Inputs that a plain rule asks only whether they are above zero: SMART 5, 187, 188, 197, 198.
   */
  private static final int[] RULE_INPUTS = {
    FeatureExtractor.REALLOCATED_LEVEL,
    FeatureExtractor.UNCORRECTABLE_LEVEL,
    FeatureExtractor.TIMEOUTS_LEVEL,
    FeatureExtractor.PENDING_LEVEL,
    FeatureExtractor.OFFLINE_LEVEL
  };

  /** Number of detectors; count. */
  public static final int DETECTORS = DETECTOR_INPUTS.length;

  /** Number of rules; count. */
  public static final int RULES = RULE_INPUTS.length;

  /**
   * @throws IllegalArgumentException when a number is not finite, a model's weight is below 0, or
   *     the arrays are not as long as there are detectors and rules
   */
  public EnsembleWeights {
    if (detectors.length != DETECTORS || rules.length != RULES) {
      throw new IllegalArgumentException(
          "An ensemble has "
              + DETECTORS
              + " detectors and "
              + RULES
              + " rules, not "
              + detectors.length
              + " and "
              + rules.length);
    }
    if (!(sequence >= 0 && trees >= 0)) {
      throw new IllegalArgumentException(
          "Weights of an ensemble's models are 0 or more, not " + sequence + " and " + trees);
    }
    float sum = bias + sequence + trees;
    for (float weight : detectors) {
      sum += weight;
    }
    for (float weight : rules) {
      sum += weight;
    }
    if (!Float.isFinite(sum)) {
      throw new IllegalArgumentException("A weight of an ensemble is not a finite number");
    }
  }

  /** Indices of the inputs that detectors give; a copy. */
  public static int[] detectorInputs() {
    return DETECTOR_INPUTS.clone();
  }

  /** Indices of the inputs that rules ask; a copy. */
  public static int[] ruleInputs() {
    return RULE_INPUTS.clone();
  }

  /** What the detectors say of an input; nats. */
  public float detectors(float[] input) {
    float sum = 0;
    for (int i = 0; i < DETECTORS; i++) {
      sum += detectors[i] * input[DETECTOR_INPUTS[i]];
    }
    return sum;
  }

  /** What the rules say of an input; nats. */
  public float rules(float[] input) {
    float sum = 0;
    for (int i = 0; i < RULES; i++) {
      if (input[RULE_INPUTS[i]] > 0) {
        sum += rules[i];
      }
    }
    return sum;
  }
}
