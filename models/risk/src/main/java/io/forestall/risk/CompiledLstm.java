package io.forestall.risk;

import java.util.Arrays;

/**
 * Forward pass of stacked LSTM layers in plain Java, the default model. Rows A10, A12. Allocates
 * nothing per step. The same bits on every machine: no fused multiply-add, no library functions.
 *
 * <p>Not thread-safe; {@link #copy} gives another thread its own, with the same weights.
 */
public final class CompiledLstm implements BatchSequenceModel {
  /**
   * One layer's weights, its rows laid out so that the JIT compiler vectorises the sum over four of
   * them.
   */
  private static final class Layer {
    final int inputs;
    final int hidden;

    /** Rows of 4 x hidden: first those of the inputs, then those of the layer's own last output. */
    final float[][] rows;

    final float[] bias;

    Layer(LstmLayer layer) {
      inputs = layer.inputs();
      hidden = layer.hidden();
      int width = 4 * hidden;
      rows = new float[inputs + hidden][];
      for (int i = 0; i < inputs; i++) {
        rows[i] =
            halveGates(
                Arrays.copyOfRange(layer.inputWeights(), i * width, (i + 1) * width), hidden);
      }
      for (int i = 0; i < hidden; i++) {
        rows[inputs + i] =
            halveGates(
                Arrays.copyOfRange(layer.recurrentWeights(), i * width, (i + 1) * width), hidden);
      }
      bias = halveGates(layer.bias().clone(), hidden);
    }

    /**
     * Halves the three sigmoid blocks, because sigmoid(z) = 0.5 + 0.5 tanh(z / 2): one function for
     * all four blocks. Halving a float is exact.
     */
    private static float[] halveGates(float[] row, int hidden) {
      for (int j = hidden; j < row.length; j++) {
        row[j] *= 0.5f;
      }
      return row;
    }
  }

  /** What one step writes to, per layer. */
  private static final class Scratch {
    final float[] sums;
    final double[] gates;
    final double[] cells;

    Scratch(Layer layer) {
      sums = new float[4 * layer.hidden];
      gates = new double[4 * layer.hidden];
      cells = new double[layer.hidden];
    }
  }

  private final ModelFile file;
  private final Layer[] layers;
  private final Scratch[] scratches;
  private final int stateFloats;

  /** Compiles a model file. */
  public CompiledLstm(ModelFile file) {
    this(file, file.layers().stream().map(Layer::new).toArray(Layer[]::new));
  }

  private CompiledLstm(ModelFile file, Layer[] layers) {
    this.file = file;
    this.layers = layers;
    scratches = new Scratch[layers.length];
    int floats = 0;
    for (int i = 0; i < layers.length; i++) {
      scratches[i] = new Scratch(layers[i]);
      floats += 2 * layers[i].hidden;
    }
    stateFloats = floats;
  }

  /** The same model for another thread; shares the weights. */
  public CompiledLstm copy() {
    return new CompiledLstm(file, layers);
  }

  /** The file that it was compiled from. */
  public ModelFile file() {
    return file;
  }

  @Override
  public String id() {
    return file.id();
  }

  @Override
  public int version() {
    return file.version();
  }

  @Override
  public FailureMode mode() {
    return file.mode();
  }

  @Override
  public int inputs() {
    return layers[0].inputs;
  }

  @Override
  public int stateFloats() {
    return stateFloats;
  }

  @Override
  public long horizonMillis() {
    return file.horizonMillis();
  }

  @Override
  public DriveModelHazards hazards() {
    return file.hazards();
  }

  /**
   * {@inheritDoc}
   *
   * <p>The state holds, layer after layer, h then c.
   */
  @Override
  public float step(float[] input, float[] state) {
    requireLength("input", input.length, inputs());
    requireLength("state", state.length, stateFloats);
    float[] from = input;
    int fromStart = 0;
    int h = 0;
    for (int l = 0; l < layers.length; l++) {
      Layer layer = layers[l];
      step(layer, scratches[l], from, fromStart, state, h);
      from = state;
      fromStart = h;
      h += 2 * layer.hidden;
    }
    float logit = file.outputBias();
    float[] weights = file.outputWeights();
    for (int j = 0; j < weights.length; j++) {
      logit += weights[j] * state[fromStart + j];
    }
    return logit;
  }

  @Override
  public void step(int n, float[][] inputs, float[][] states, float[] logits) {
    for (int i = 0; i < n; i++) {
      logits[i] = step(inputs[i], states[i]);
    }
  }

  @Override
  public double probability(float logit) {
    return 1
        / (1 + Math.exp(-((double) file.calibrationSlope() * logit + file.calibrationIntercept())));
  }

  /** Nothing to free. */
  @Override
  public void close() {}

  private static void step(
      Layer layer, Scratch scratch, float[] from, int fromStart, float[] state, int h) {
    float[] sums = scratch.sums;
    double[] gates = scratch.gates;
    double[] cells = scratch.cells;
    int hidden = layer.hidden;
    System.arraycopy(layer.bias, 0, sums, 0, sums.length);
    addRows(sums, layer.rows, 0, layer.inputs, from, fromStart);
    addRows(sums, layer.rows, layer.inputs, hidden, state, h);
    // Functions in double: their error is then the rounding to float, so that long histories stay
    // with the reference. The loops
    // are kept apart because a loop that mixes float and double is not vectorised.
    for (int j = 0; j < sums.length; j++) {
      gates[j] = within(sums[j]);
    }
    tanh(gates);
    int c = h + hidden;
    for (int j = 0; j < hidden; j++) {
      double forget = 0.5 + 0.5 * gates[hidden + j];
      double add = 0.5 + 0.5 * gates[3 * hidden + j];
      float cell = (float) (forget * state[c + j] + gates[j] * add);
      state[c + j] = cell;
      cells[j] = within(cell);
    }
    tanh(cells);
    for (int j = 0; j < hidden; j++) {
      state[h + j] = (float) ((0.5 + 0.5 * gates[2 * hidden + j]) * cells[j]);
    }
  }

  /**
   * Adds n rows, from firstRow on, each times its value. Rows of a healthy disk's inputs are often
   * all zero and are skipped.
   */
  private static void addRows(
      float[] sums, float[][] rows, int firstRow, int n, float[] values, int start) {
    int i = 0;
    for (; i + 3 < n; i += 4) {
      float v0 = values[start + i];
      float v1 = values[start + i + 1];
      float v2 = values[start + i + 2];
      float v3 = values[start + i + 3];
      if (v0 != 0 || v1 != 0 || v2 != 0 || v3 != 0) {
        int row = firstRow + i;
        addFour(sums, rows[row], rows[row + 1], rows[row + 2], rows[row + 3], v0, v1, v2, v3);
      }
    }
    for (; i < n; i++) {
      addOne(sums, rows[firstRow + i], values[start + i]);
    }
  }

  private static void addFour(
      float[] sums,
      float[] r0,
      float[] r1,
      float[] r2,
      float[] r3,
      float v0,
      float v1,
      float v2,
      float v3) {
    for (int j = 0; j < sums.length; j++) {
      sums[j] += v0 * r0[j] + v1 * r1[j] + v2 * r2[j] + v3 * r3[j];
    }
  }

  private static void addOne(float[] sums, float[] row, float value) {
    for (int j = 0; j < sums.length; j++) {
      sums[j] += value * row[j];
    }
  }

  // tanh(x) = x P(x^2) / Q(x^2), fitted to the least largest error on -9 to 9: 1.2e-9. Beyond 9 it
  // is 1 to 3e-8.
  private static final double TANH_LIMIT = 9;
  private static final double P0 = 0.99999999389065532;
  private static final double P1 = 0.13676352628348073;
  private static final double P2 = 0.0038639403557252628;
  private static final double P3 = 2.7923499188046524e-5;
  private static final double P4 = 3.0401160737711358e-8;
  private static final double P5 = -1.2083170110835908e-11;
  private static final double Q1 = 0.47009683312572759;
  private static final double Q2 = 0.027229584847862578;
  private static final double Q3 = 0.00039310588109617765;
  private static final double Q4 = 1.2817419598559572e-6;

  private static double within(float x) {
    return x > TANH_LIMIT ? TANH_LIMIT : x < -TANH_LIMIT ? -TANH_LIMIT : x;
  }

  /** Hyperbolic tangent of each value, all within -9 to 9, in place. */
  static void tanh(double[] values) {
    for (int j = 0; j < values.length; j++) {
      double x = values[j];
      double u = x * x;
      double p = ((((P5 * u + P4) * u + P3) * u + P2) * u + P1) * u + P0;
      double q = (((Q4 * u + Q3) * u + Q2) * u + Q1) * u + 1;
      values[j] = x * p / q;
    }
  }

  private static void requireLength(String what, int length, int expected) {
    if (length != expected) {
      throw new IllegalArgumentException(
          "The " + what + " of a step has " + length + " values, the model needs " + expected);
    }
  }
}
