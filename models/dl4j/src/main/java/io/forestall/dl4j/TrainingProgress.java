package io.forestall.dl4j;

/** Hears how training goes. Called from the training thread only. */
@FunctionalInterface
public interface TrainingProgress {
  /**
   * One line of news, complete in itself.
   *
   * @param line text without a line break
   */
  void say(String line);

  /** A progress that keeps silent. */
  static TrainingProgress silent() {
    return line -> {};
  }
}
