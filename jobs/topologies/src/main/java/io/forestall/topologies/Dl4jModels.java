package io.forestall.topologies;

import io.forestall.dl4j.Dl4jSequenceModel;
import io.forestall.operators.ModelFactory;
import io.forestall.risk.BatchSequenceModel;
import io.forestall.risk.EnsembleFile;
import io.forestall.risk.EnsembleModel;
import io.forestall.risk.ModelFile;
import io.forestall.risk.StoredModel;

/**
 * Models that Deeplearning4j runs. A class of its own, so that nothing of Deeplearning4j is loaded
 * where the second lane is off.
 */
final class Dl4jModels implements ModelFactory {

  private static final long serialVersionUID = 1L;

  @Override
  public BatchSequenceModel create(StoredModel file) {
    if (file instanceof EnsembleFile ensemble) {
      return new EnsembleModel(ensemble, new Dl4jSequenceModel(ensemble.sequence()));
    }
    return new Dl4jSequenceModel((ModelFile) file);
  }
}
