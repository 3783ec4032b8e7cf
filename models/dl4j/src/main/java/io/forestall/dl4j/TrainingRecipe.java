package io.forestall.dl4j;

/**
 * Everything that decides what training gives besides the data: the same recipe on the same data,
 * with the same build of the native library, gives the same bytes.
 *
 * @param seed of every random choice
 * @param epochs passes over freshly drawn windows at most, at least 1
 * @param horizonDays the failure is looked for on 1 to this many days after a sample, at least 1
 * @param trainLastDay last epoch day whose sample may be trained or calibrated on; its label looks
 *     {@code horizonDays} further. {@link #WHOLE_PERIOD} places it from the data
 * @param testFirstDay first epoch day of the test period, {@link #WHOLE_PERIOD} to place it from
 *     the data
 * @param testLastDay last epoch day of the test period, {@link #WHOLE_PERIOD} to place it from the
 *     data
 * @param firstHidden units of the first LSTM layer
 * @param secondHidden units of the second LSTM layer
 * @param batch windows in a mini-batch, at least 1
 * @param truncationSteps steps that errors flow back through, at least 1
 * @param windowSteps longest window in samples, at least {@code truncationSteps}
 * @param quietWindows windows an epoch draws from surviving drives without any error sign, at most
 * @param markedWindows windows an epoch draws from surviving drives with an error sign, at most
 * @param failingRepeats windows an epoch draws from each failing drive
 * @param learningRate of Adam in the first epoch; falls by a cosine to a twentieth
 * @param calibrationStride every so many-th sample of held-out drives calibrates
 * @param patience training ends after so many epochs that did not lower the loss on held-out
 *     drives, at least 1
 * @param trees how the boosted trees are trained
 */
public record TrainingRecipe(
    long seed,
    int epochs,
    int horizonDays,
    int trainLastDay,
    int testFirstDay,
    int testLastDay,
    int firstHidden,
    int secondHidden,
    int batch,
    int truncationSteps,
    int windowSteps,
    int quietWindows,
    int markedWindows,
    int failingRepeats,
    double learningRate,
    int calibrationStride,
    int patience,
    TreeRecipe trees) {
  /** A day that is placed from the data: see {@link DiskTraining}. */
  public static final int WHOLE_PERIOD = Integer.MIN_VALUE;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if a value is out of its range
   */
  public TrainingRecipe {
    atLeastOne(epochs, "epochs");
    atLeastOne(horizonDays, "horizonDays");
    atLeastOne(firstHidden, "firstHidden");
    atLeastOne(secondHidden, "secondHidden");
    atLeastOne(batch, "batch");
    atLeastOne(truncationSteps, "truncationSteps");
    atLeastOne(windowSteps, "windowSteps");
    atLeastOne(failingRepeats, "failingRepeats");
    atLeastOne(calibrationStride, "calibrationStride");
    atLeastOne(patience, "patience");
    if (!(learningRate > 0)) {
      throw new IllegalArgumentException("learningRate must be above 0, not " + learningRate);
    }
  }

  /** The recipe of the shipped disk model. */
  public static TrainingRecipe standard() {
    return new TrainingRecipe(
        20_130_410L,
        3,
        30,
        WHOLE_PERIOD,
        WHOLE_PERIOD,
        WHOLE_PERIOD,
        64,
        32,
        128,
        40,
        120,
        5_000,
        1_500,
        2,
        8e-3,
        3,
        1,
        TreeRecipe.standard());
  }

  /** The same with another seed. */
  public TrainingRecipe withSeed(long newSeed) {
    return new TrainingRecipe(
        newSeed,
        epochs,
        horizonDays,
        trainLastDay,
        testFirstDay,
        testLastDay,
        firstHidden,
        secondHidden,
        batch,
        truncationSteps,
        windowSteps,
        quietWindows,
        markedWindows,
        failingRepeats,
        learningRate,
        calibrationStride,
        patience,
        trees);
  }

  /** The same with another number of epochs, at least 1. */
  public TrainingRecipe withEpochs(int newEpochs) {
    return new TrainingRecipe(
        seed,
        newEpochs,
        horizonDays,
        trainLastDay,
        testFirstDay,
        testLastDay,
        firstHidden,
        secondHidden,
        batch,
        truncationSteps,
        windowSteps,
        quietWindows,
        markedWindows,
        failingRepeats,
        learningRate,
        calibrationStride,
        patience,
        trees);
  }

  /** The same with stated periods (epoch days, inclusive). */
  public TrainingRecipe withPeriods(int newTrainLastDay, int newTestFirstDay, int newTestLastDay) {
    return new TrainingRecipe(
        seed,
        epochs,
        horizonDays,
        newTrainLastDay,
        newTestFirstDay,
        newTestLastDay,
        firstHidden,
        secondHidden,
        batch,
        truncationSteps,
        windowSteps,
        quietWindows,
        markedWindows,
        failingRepeats,
        learningRate,
        calibrationStride,
        patience,
        trees);
  }

  private static void atLeastOne(int value, String name) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " must be at least 1, not " + value);
    }
  }
}
