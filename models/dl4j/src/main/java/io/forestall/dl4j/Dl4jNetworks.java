package io.forestall.dl4j;

import io.forestall.risk.LstmLayer;
import io.forestall.risk.ModelFile;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * The networks: stacked LSTM layers and one logit, as DL4J sees them, and the way between them and
 * {@link ModelFile}. DL4J's gate blocks are those of {@link LstmLayer}: a, f, o, g.
 */
public final class Dl4jNetworks {
  private static final String INPUT_WEIGHTS = "W";
  private static final String RECURRENT_WEIGHTS = "RW";
  private static final String BIAS = "b";

  private Dl4jNetworks() {}

  /**
   * Keeps the native library to one thread in this process: with two it spins. For reproducible
   * bytes the environment must say OMP_NUM_THREADS=1 besides, before the library is loaded.
   */
  public static void singleThread() {
    Nd4j.getEnvironment().setMaxThreads(1);
    Nd4j.getEnvironment().setMaxMasterThreads(1);
    // The BLAS library has threads of its own.
    Nd4j.factory().blas().setMaxThreads(1);
  }

  /**
   * A fresh network to train: LSTM layers, then a sigmoid with cross entropy under a label mask.
   *
   * @param inputs length of an input
   * @param hidden units of each LSTM layer
   * @param seed of the initial weights
   * @param learningRate of Adam
   * @param truncationSteps steps that errors flow back through
   * @param outputBias first bias of the logit: the logit of the expected share of positives
   */
  public static MultiLayerNetwork training(
      int inputs,
      int[] hidden,
      long seed,
      double learningRate,
      int truncationSteps,
      double outputBias) {
    NeuralNetConfiguration.ListBuilder layers =
        new NeuralNetConfiguration.Builder()
            .seed(seed)
            .dataType(DataType.FLOAT)
            .weightInit(WeightInit.XAVIER)
            .updater(new Adam(learningRate))
            .l2(1e-6)
            .gradientNormalization(GradientNormalization.ClipL2PerLayer)
            .gradientNormalizationThreshold(5)
            .list();
    int before = inputs;
    for (int units : hidden) {
      layers.layer(lstm(before, units));
      before = units;
    }
    layers.layer(
        new RnnOutputLayer.Builder(LossFunction.XENT)
            .nIn(before)
            .nOut(1)
            .activation(Activation.SIGMOID)
            .biasInit(outputBias)
            .build());
    MultiLayerConfiguration configuration =
        layers.backpropType(BackpropType.TruncatedBPTT).tBPTTLength(truncationSteps).build();
    MultiLayerNetwork network = new MultiLayerNetwork(configuration);
    network.init();
    return network;
  }

  /**
   * The network of a model file for scoring: its output is the raw logit, since the sigmoid would
   * throw digits away.
   *
   * @param file the weights
   */
  public static MultiLayerNetwork scoring(ModelFile file) {
    NeuralNetConfiguration.ListBuilder layers =
        new NeuralNetConfiguration.Builder().dataType(DataType.FLOAT).updater(new NoOp()).list();
    for (LstmLayer layer : file.layers()) {
      layers.layer(lstm(layer.inputs(), layer.hidden()));
    }
    layers.layer(
        new RnnOutputLayer.Builder(LossFunction.MSE)
            .nIn(file.outputWeights().length)
            .nOut(1)
            .activation(Activation.IDENTITY)
            .build());
    MultiLayerNetwork network = new MultiLayerNetwork(layers.build());
    network.init();
    load(network, file);
    return network;
  }

  private static LSTM lstm(int inputs, int units) {
    return new LSTM.Builder()
        .nIn(inputs)
        .nOut(units)
        .activation(Activation.TANH)
        .gateActivationFunction(Activation.SIGMOID)
        .forgetGateBiasInit(1)
        .build();
  }

  /**
   * Copies a file's weights into a network of the same shape.
   *
   * @throws IllegalArgumentException if the shapes differ
   */
  static void load(MultiLayerNetwork network, ModelFile file) {
    if (network.getnLayers() != file.layers().size() + 1) {
      throw new IllegalArgumentException(
          "network has "
              + (network.getnLayers() - 1)
              + " LSTM layers, the model "
              + file.id()
              + " version "
              + file.version()
              + " has "
              + file.layers().size());
    }
    for (int i = 0; i < file.layers().size(); i++) {
      LstmLayer layer = file.layers().get(i);
      assign(network, i, INPUT_WEIGHTS, layer.inputWeights(), layer.inputs(), 4 * layer.hidden());
      assign(
          network,
          i,
          RECURRENT_WEIGHTS,
          layer.recurrentWeights(),
          layer.hidden(),
          4 * layer.hidden());
      assign(network, i, BIAS, layer.bias(), 1, 4 * layer.hidden());
    }
    int output = file.layers().size();
    assign(network, output, INPUT_WEIGHTS, file.outputWeights(), file.outputWeights().length, 1);
    assign(network, output, BIAS, new float[] {file.outputBias()}, 1, 1);
  }

  private static void assign(
      MultiLayerNetwork network,
      int layer,
      String parameter,
      float[] values,
      int rows,
      int columns) {
    INDArray array = network.getLayer(layer).getParam(parameter);
    if (array.rows() != rows || array.columns() != columns || values.length != rows * columns) {
      throw new IllegalArgumentException(
          "parameter " + layer + "_" + parameter + " does not fit " + rows + " x " + columns);
    }
    array.assign(Nd4j.create(values, new long[] {rows, columns}, 'c'));
  }

  /** The LSTM layers of a network as plain arrays, first to last. */
  static List<LstmLayer> layers(MultiLayerNetwork network) {
    List<LstmLayer> layers = new ArrayList<>();
    for (int i = 0; i < network.getnLayers() - 1; i++) {
      INDArray inputs = network.getLayer(i).getParam(INPUT_WEIGHTS);
      INDArray recurrent = network.getLayer(i).getParam(RECURRENT_WEIGHTS);
      layers.add(
          new LstmLayer(
              inputs.rows(),
              recurrent.rows(),
              rowMajor(inputs),
              rowMajor(recurrent),
              rowMajor(network.getLayer(i).getParam(BIAS))));
    }
    return List.copyOf(layers);
  }

  /** Weights from the last hidden layer to the logit. */
  static float[] outputWeights(MultiLayerNetwork network) {
    return rowMajor(network.getLayer(network.getnLayers() - 1).getParam(INPUT_WEIGHTS));
  }

  /** Bias of the logit. */
  static float outputBias(MultiLayerNetwork network) {
    return network.getLayer(network.getnLayers() - 1).getParam(BIAS).getFloat(0);
  }

  private static float[] rowMajor(INDArray array) {
    return array.dup('c').data().asFloat();
  }
}
