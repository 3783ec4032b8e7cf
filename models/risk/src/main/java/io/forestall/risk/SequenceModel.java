package io.forestall.risk;

import java.util.List;

/**
 * Port of a model that reads one sample after another and keeps what it remembers outside of
 * itself. Rows A11, A12. Not thread-safe: one instance per thread.
 */
public interface SequenceModel {
  /** Identifier of the model family, for example {@code disk-ensemble}. */
  String id();

  /** Version within the family, growing. */
  int version();

  /** Failure mode that it scores. */
  FailureMode mode();

  /** Length of an input. */
  int inputs();

  /** Length of the state; a new state is all zeros. */
  int stateFloats();

  /** Length of the time ahead that its probability speaks of; milliseconds. */
  long horizonMillis();

  /**
   * One step: reads one input and moves the state on in place.
   *
   * @return the raw logit; {@link #probability} calibrates it
   */
  float step(float[] input, float[] state);

  /**
   * The same step where nobody looks at the logit: cheaper in models that have parts without a
   * memory.
   */
  default void warm(float[] input, float[] state) {
    var unused = step(input, state);
  }

  /**
   * Calibrated probability of failure within the horizon for a raw logit, 0 to 1, never falling
   * when the logit grows.
   */
  double probability(float logit);

  /**
   * Failure rates of drive models that the model was trained with; they fill the input {@link
   * FeatureExtractor#DRIVE_MODEL_HAZARD}.
   */
  default DriveModelHazards hazards() {
    return DriveModelHazards.NONE;
  }

  /**
   * What a model is made of, for those that are made of several parts; empty for the others. Row
   * G7.
   */
  default List<String> partNames() {
    return List.of();
  }

  /**
   * What each part of {@link #partNames} added to a logit; nats.
   *
   * @param input the input of the step
   * @param logit what the step gave
   */
  default float[] parts(float[] input, float logit) {
    return new float[0];
  }

  /**
   * Shortest time between two steps that are kept; milliseconds. A sample that comes sooner is
   * scored from the kept state, which stays as it is, so that hourly samples do not age a daily
   * model 24 times a day.
   */
  default long stepMillis() {
    return 20L * 3600 * 1000;
  }
}
