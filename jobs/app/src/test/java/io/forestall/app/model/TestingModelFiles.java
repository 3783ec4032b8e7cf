package io.forestall.app.model;

import io.forestall.risk.DriveModelHazards;
import io.forestall.risk.FailureMode;
import io.forestall.risk.FeatureExtractor;
import io.forestall.risk.LstmLayer;
import io.forestall.risk.ModelFile;
import java.util.List;
import java.util.Map;

/** Small models without a thought in them. */
final class TestingModelFiles {
  private TestingModelFiles() {}

  static ModelFile disk(String id, int version) {
    return file(id, version, FailureMode.DISK, FeatureExtractor.INPUTS);
  }

  static ModelFile file(String id, int version, FailureMode mode, int inputs) {
    int hidden = 4;
    return new ModelFile(
        id,
        version,
        mode,
        30L * 86_400_000,
        List.of(
            new LstmLayer(
                inputs,
                hidden,
                new float[inputs * 4 * hidden],
                new float[hidden * 4 * hidden],
                new float[4 * hidden])),
        new float[hidden],
        -4f,
        1f,
        0f,
        DriveModelHazards.NONE,
        Map.of("training-last-day", "2015-05-01", "auc-30-days", "0.812", "seed", "7"));
  }
}
