package io.forestall.dl4j;

import io.forestall.risk.DriveModelHazards;
import io.forestall.risk.FailureMode;
import io.forestall.risk.LstmLayer;
import io.forestall.risk.ModelFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Models with random weights from a seed. */
final class TestingModels {
  private TestingModels() {}

  static ModelFile random(long seed, int inputs, int... hidden) {
    SplittableRandom random = new SplittableRandom(seed);
    List<LstmLayer> layers = new ArrayList<>();
    int before = inputs;
    for (int units : hidden) {
      layers.add(
          new LstmLayer(
              before,
              units,
              uniform(random, before * 4 * units, 0.4),
              uniform(random, units * 4 * units, 0.4),
              uniform(random, 4 * units, 1)));
      before = units;
    }
    return new ModelFile(
        "testing",
        1,
        FailureMode.DISK,
        30L * 24 * 3600 * 1000,
        layers,
        uniform(random, before, 2),
        -0.3f,
        1.3f,
        -0.2f,
        DriveModelHazards.NONE,
        Map.of("seed", Long.toString(seed)));
  }

  static float[] uniform(SplittableRandom random, int length, double bound) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) random.nextDouble(-bound, bound);
    }
    return values;
  }

  /**
   * One step of the textbook formulas in double precision; state is h then c, layer after layer.
   */
  static double referenceStep(ModelFile file, float[] input, double[] state) {
    double[] x = new double[input.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = input[i];
    }
    int at = 0;
    for (LstmLayer layer : file.layers()) {
      int units = layer.hidden();
      double[] z = new double[4 * units];
      for (int k = 0; k < z.length; k++) {
        z[k] = layer.bias()[k];
        for (int i = 0; i < x.length; i++) {
          z[k] += x[i] * layer.inputWeights()[i * 4 * units + k];
        }
        for (int i = 0; i < units; i++) {
          z[k] += state[at + i] * layer.recurrentWeights()[i * 4 * units + k];
        }
      }
      double[] h = new double[units];
      for (int k = 0; k < units; k++) {
        double a = Math.tanh(z[k]);
        double f = sigmoid(z[units + k]);
        double o = sigmoid(z[2 * units + k]);
        double g = sigmoid(z[3 * units + k]);
        double c = f * state[at + units + k] + a * g;
        state[at + units + k] = c;
        h[k] = o * Math.tanh(c);
        state[at + k] = h[k];
      }
      x = h;
      at += 2 * units;
    }
    double logit = file.outputBias();
    for (int i = 0; i < x.length; i++) {
      logit += x[i] * file.outputWeights()[i];
    }
    return logit;
  }

  private static double sigmoid(double z) {
    return 1 / (1 + Math.exp(-z));
  }
}
