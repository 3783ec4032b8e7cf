package io.forestall.operators;

import io.forestall.risk.BatchSequenceModel;
import io.forestall.risk.StoredModel;
import java.io.Serializable;

/** Makes a model that can score out of a model file; each operator instance makes its own. */
@FunctionalInterface
public interface ModelFactory extends Serializable {

  /**
   * A model of this file, for one thread.
   *
   * @throws RuntimeException when the file is no model that this implementation can run
   */
  BatchSequenceModel create(StoredModel file);
}
