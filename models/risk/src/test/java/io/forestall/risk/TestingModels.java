package io.forestall.risk;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Small models with weights from a seed, and the plain forward pass that the compiled one is held
 * against.
 */
final class TestingModels {
  static final long MONTH_MILLIS = 30L * 86_400_000;

  private TestingModels() {}

  static ModelFile file(long seed, String id, int version, int... widths) {
    SplittableRandom random = new SplittableRandom(seed);
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
    int last = widths[widths.length - 1];
    return new ModelFile(
        id,
        version,
        FailureMode.DISK,
        MONTH_MILLIS,
        layers,
        floats(random, last, 2.0),
        -1f,
        1.25f,
        -3f,
        new DriveModelHazards(0.02, Map.of("SYNTH MODEL A", 0.06)),
        Map.of("seed", Long.toString(seed)));
  }

  /** The shape that ships: 24 inputs, 64 and 32 hidden. */
  static ModelFile shippedShape(long seed, int version) {
    return file(seed, "disk-lstm", version, FeatureExtractor.INPUTS, 64, 32);
  }

  private static float[] floats(SplittableRandom random, int n, double scale) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) (random.nextDouble(-1, 1) * scale);
    }
    return values;
  }

  /**
   * The forward pass written down as in the textbook, in double with the exact functions; state as
   * in CompiledLstm.
   */
  static double referenceStep(ModelFile file, float[] input, double[] state) {
    double[] x = new double[input.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = input[i];
    }
    int at = 0;
    for (LstmLayer layer : file.layers()) {
      int hidden = layer.hidden();
      double[] z = new double[4 * hidden];
      for (int j = 0; j < z.length; j++) {
        z[j] = layer.bias()[j];
        for (int i = 0; i < x.length; i++) {
          z[j] += x[i] * layer.inputWeights()[i * 4 * hidden + j];
        }
        for (int i = 0; i < hidden; i++) {
          z[j] += state[at + i] * layer.recurrentWeights()[i * 4 * hidden + j];
        }
      }
      x = new double[hidden];
      for (int j = 0; j < hidden; j++) {
        double cell =
            sigmoid(z[hidden + j]) * state[at + hidden + j]
                + StrictMath.tanh(z[j]) * sigmoid(z[3 * hidden + j]);
        state[at + hidden + j] = cell;
        x[j] = sigmoid(z[2 * hidden + j]) * StrictMath.tanh(cell);
      }
      System.arraycopy(x, 0, state, at, hidden);
      at += 2 * hidden;
    }
    double logit = file.outputBias();
    for (int j = 0; j < x.length; j++) {
      logit += x[j] * file.outputWeights()[j];
    }
    return logit;
  }

  private static double sigmoid(double z) {
    return 1 / (1 + StrictMath.exp(-z));
  }
}
