package io.forestall.topologies;

import io.forestall.dl4j.StreamTraining;
import io.forestall.operators.train.TrainSettings;
import io.forestall.operators.train.TrainerFactory;
import io.forestall.risk.learn.Trainer;

/**
 * Trainers on Deeplearning4j. A class of its own, so that nothing of Deeplearning4j is loaded where
 * another trainer is given.
 */
final class Dl4jTrainers implements TrainerFactory {

  private static final long serialVersionUID = 1L;

  private final int epochs;
  private final double effort;

  Dl4jTrainers(TrainSettings settings) {
    this.epochs = settings.epochs();
    this.effort = settings.effort();
  }

  @Override
  public Trainer create() {
    return new StreamTraining(epochs, effort);
  }
}
