package io.forestall.app.score;

import io.forestall.risk.CompiledLstm;
import io.forestall.risk.DiskRiskEngine;
import io.forestall.risk.DriveModelHazards;
import io.forestall.risk.FailureMode;
import io.forestall.risk.FeatureExtractor;
import io.forestall.risk.LstmLayer;
import io.forestall.risk.ModelFile;
import io.forestall.risk.ModelSet;
import io.forestall.risk.RiskPolicy;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** A model of the shipped shape with weights from a seed. */
public final class TestingModel {

  private TestingModel() {}

  /** Another engine over the same weights. */
  public static DiskRiskEngine engine() {
    return new DiskRiskEngine(RiskPolicy.defaults(), ModelSet.of(new CompiledLstm(file(7))));
  }

  static ModelFile file(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    return new ModelFile(
        "testing-lstm",
        1,
        FailureMode.DISK,
        30L * 86_400_000,
        List.of(layer(random, FeatureExtractor.INPUTS, 64), layer(random, 64, 32)),
        floats(random, 32, 2),
        -1f,
        1.25f,
        -3f,
        new DriveModelHazards(0.02, Map.of("SYNTH MODEL A", 0.06)),
        Map.of("seed", Long.toString(seed)));
  }

  private static LstmLayer layer(SplittableRandom random, int inputs, int hidden) {
    return new LstmLayer(
        inputs,
        hidden,
        floats(random, inputs * 4 * hidden, 1.5 / Math.sqrt(inputs)),
        floats(random, hidden * 4 * hidden, 1.5 / Math.sqrt(hidden)),
        floats(random, 4 * hidden, 0.5));
  }

  private static float[] floats(SplittableRandom random, int count, double scale) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (random.nextDouble(-1, 1) * scale);
    }
    return values;
  }
}
