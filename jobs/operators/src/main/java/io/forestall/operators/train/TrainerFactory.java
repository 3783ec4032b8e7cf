package io.forestall.operators.train;

import io.forestall.risk.learn.Trainer;
import java.io.Serializable;

/** Makes the trainer where the job runs; it travels with the job. */
@FunctionalInterface
public interface TrainerFactory extends Serializable {

  /** A trainer, for one thread at a time. */
  Trainer create();
}
