package io.forestall.risk;

import java.util.List;

/**
 * Turns samples of one disk into the inputs of a sequence model, by time and not by count. Row A5.
 * Not thread-safe.
 */
public final class FeatureExtractor {
  /** Length of an input. */
  public static final int INPUTS = 24;

  /** Index of the input that each model fills from its own failure rates. */
  public static final int DRIVE_MODEL_HAZARD = 23;

  /** Names of the inputs, by index. */
  public static final List<String> NAMES = List.of();

  /** Extractor that knows no drive model: the input {@link #DRIVE_MODEL_HAZARD} is 0. */
  public FeatureExtractor() {
    this(DriveModelHazards.NONE);
  }

  /** Extractor that fills the input {@link #DRIVE_MODEL_HAZARD} from the given rates. */
  public FeatureExtractor(DriveModelHazards hazards) {
    throw new UnsupportedOperationException();
  }

  /**
   * Moves the state's statistics on by one sample and writes its inputs.
   *
   * @param out receives {@link #INPUTS} values, each finite and within about -3 to 3
   */
  public void extract(DiskState state, DiskSample sample, float[] out) {
    throw new UnsupportedOperationException();
  }
}
