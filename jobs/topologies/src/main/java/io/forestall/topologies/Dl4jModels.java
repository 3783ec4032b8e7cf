package io.forestall.topologies;

import io.forestall.dl4j.Dl4jSequenceModel;
import io.forestall.operators.ModelFactory;
import io.forestall.risk.BatchSequenceModel;
import io.forestall.risk.ModelFile;

/**
 * Models that Deeplearning4j runs. A class of its own, so that nothing of Deeplearning4j is loaded
 * where the second lane is off.
 */
final class Dl4jModels implements ModelFactory {

  private static final long serialVersionUID = 1L;

  @Override
  public BatchSequenceModel create(ModelFile file) {
    return new Dl4jSequenceModel(file);
  }
}
