package io.forestall.dl4j;

import io.forestall.risk.BatchSequenceModel;
import io.forestall.risk.DriveModelHazards;
import io.forestall.risk.FailureMode;
import io.forestall.risk.LstmLayer;
import io.forestall.risk.ModelFile;
import java.util.Map;
import java.util.Objects;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A model file run by Deeplearning4j, one step at a time, the state outside of the network. Rows
 * A10, A12. It agrees with the compiled forward pass to 1e-6 on the probability; it pays from some
 * tens of entities a batch on. Not thread-safe: one instance per thread, each about 1 MB outside
 * the heap.
 */
public final class Dl4jSequenceModel implements BatchSequenceModel {
  private static final String HIDDEN = "prevAct";
  private static final String MEMORY = "prevMem";

  private final ModelFile file;
  private final MultiLayerNetwork network;
  private final int[] units;
  private final int inputs;
  private final int stateFloats;

  /**
   * Builds the network and loads the weights.
   *
   * @param file a checked model file
   */
  public Dl4jSequenceModel(ModelFile file) {
    this.file = file;
    this.network = Dl4jNetworks.scoring(file);
    this.inputs = file.layers().get(0).inputs();
    this.units = file.layers().stream().mapToInt(LstmLayer::hidden).toArray();
    int floats = 0;
    for (int unit : units) {
      floats += 2 * unit;
    }
    this.stateFloats = floats;
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
    return inputs;
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

  @Override
  public float step(float[] input, float[] state) {
    float[] logit = new float[1];
    step(1, new float[][] {input}, new float[][] {state}, logit);
    return logit[0];
  }

  /**
   * {@inheritDoc}
   *
   * <p>The state holds, layer after layer, h then c, as that of the compiled forward pass: either
   * may continue the other's.
   *
   * @throws IllegalArgumentException if an array is too short
   */
  @Override
  public void step(int n, float[][] in, float[][] states, float[] logits) {
    if (n < 1) {
      if (n == 0) {
        return;
      }
      throw new IllegalArgumentException("a batch has at least 0 entities, not " + n);
    }
    float[] x = new float[n * inputs];
    for (int i = 0; i < n; i++) {
      System.arraycopy(in[i], 0, x, i * inputs, inputs);
      if (states[i].length < stateFloats) {
        throw new IllegalArgumentException(
            "state "
                + i
                + " has "
                + states[i].length
                + " floats, model "
                + id()
                + " needs "
                + stateFloats);
      }
    }
    int at = 0;
    for (int layer = 0; layer < units.length; layer++) {
      int size = units[layer];
      network.rnnSetPreviousState(
          layer,
          Map.of(HIDDEN, gather(states, n, at, size), MEMORY, gather(states, n, at + size, size)));
      at += 2 * size;
    }
    INDArray output = network.rnnTimeStep(Nd4j.create(x, new long[] {n, inputs}, 'c'));
    float[] values = output.dup('c').data().asFloat();
    System.arraycopy(values, 0, logits, 0, n);
    at = 0;
    for (int layer = 0; layer < units.length; layer++) {
      int size = units[layer];
      Map<String, INDArray> state = network.rnnGetPreviousState(layer);
      scatter(Objects.requireNonNull(state.get(HIDDEN)), states, n, at, size);
      scatter(Objects.requireNonNull(state.get(MEMORY)), states, n, at + size, size);
      at += 2 * size;
    }
  }

  private static INDArray gather(float[][] states, int n, int at, int size) {
    float[] flat = new float[n * size];
    for (int i = 0; i < n; i++) {
      System.arraycopy(states[i], at, flat, i * size, size);
    }
    return Nd4j.create(flat, new long[] {n, size}, 'c');
  }

  private static void scatter(INDArray array, float[][] states, int n, int at, int size) {
    float[] flat = array.dup('c').data().asFloat();
    for (int i = 0; i < n; i++) {
      System.arraycopy(flat, i * size, states[i], at, size);
    }
  }

  @Override
  public double probability(float logit) {
    // The same arithmetic as the compiled model, so that equal logits give equal probabilities.
    return 1
        / (1 + Math.exp(-((double) file.calibrationSlope() * logit + file.calibrationIntercept())));
  }

  @Override
  public void close() {
    network.close();
  }
}
