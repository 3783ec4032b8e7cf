package io.forestall.topologies;

import io.forestall.risk.DriveModelHazards;
import io.forestall.risk.FailureMode;
import io.forestall.risk.FeatureExtractor;
import io.forestall.risk.LstmLayer;
import io.forestall.risk.ModelFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Disk models with weights from a seed. */
final class TestingModels {

  private TestingModels() {}

  /** A model of the shape that ships; a low intercept makes a healthy fleet. */
  static ModelFile shippedShape(float intercept) {
    return file("disk-lstm", 1, intercept, FeatureExtractor.INPUTS, 64, 32);
  }

  static ModelFile file(String id, int version, float intercept, int... widths) {
    SplittableRandom random = new SplittableRandom(id.hashCode() * 31L + version);
    List<LstmLayer> layers = new ArrayList<>();
    for (int i = 0; i + 1 < widths.length; i++) {
      int inputs = widths[i];
      int hidden = widths[i + 1];
      layers.add(
          new LstmLayer(
              inputs,
              hidden,
              floats(random, inputs * 4 * hidden, 1.5 / Math.sqrt(inputs)),
              floats(random, hidden * 4 * hidden, 1.5 / Math.sqrt(hidden)),
              floats(random, 4 * hidden, 0.5)));
    }
    return new ModelFile(
        id,
        version,
        FailureMode.DISK,
        30L * 86_400_000,
        layers,
        floats(random, widths[widths.length - 1], 2.0),
        -1f,
        1f,
        intercept,
        DriveModelHazards.NONE,
        Map.of());
  }

  private static float[] floats(SplittableRandom random, int n, double scale) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) (random.nextDouble(-1, 1) * scale);
    }
    return values;
  }
}
