package io.forestall.risk;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A trained model as bytes, format {@value #FORMAT}. The raw logit is output bias + output weights
 * x last hidden; the probability is sigmoid(slope x logit + intercept).
 *
 * <p>Layout: 16 ASCII bytes of the format name; then, numbers big-endian and texts as two length
 * bytes and modified UTF-8: id, version, mode, horizon, count of properties and each as two texts,
 * fleet failure rate, count of drive models and each as text and rate, count of layers and each as
 * inputs and hidden; then all weights as little-endian float32 (for each layer input weights,
 * recurrent weights, bias; then output weights, output bias, slope, intercept); last the CRC32C of
 * all before it, 4 bytes.
 *
 * @param id identifier of the model family, for example disk-lstm; at most 64 bytes
 * @param version version within the family, above 0
 * @param mode failure mode that it scores, not UNKNOWN
 * @param horizonMillis horizon of its probability; milliseconds, above 0
 * @param layers LSTM layers, first to last; the input of each is as long as the output of the one
 *     before
 * @param outputWeights one weight for each output of the last layer
 * @param outputBias bias of the logit
 * @param calibrationSlope Platt slope, above 0
 * @param calibrationIntercept Platt intercept
 * @param hazards failure rates of drive models in the training period
 * @param properties what else is known, for example data, training time; no unit
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of weights, never compared
public record ModelFile(
    String id,
    int version,
    FailureMode mode,
    long horizonMillis,
    List<LstmLayer> layers,
    float[] outputWeights,
    float outputBias,
    float calibrationSlope,
    float calibrationIntercept,
    DriveModelHazards hazards,
    Map<String, String> properties)
    implements StoredModel {
  /** Name of the format, as in the models topic. */
  public static final String FORMAT = "forestall-lstm-1";

  private static final int MAXIMUM_LAYERS = 8;
  private static final int MAXIMUM_WIDTH = 1024;

  /**
   * @throws IllegalArgumentException when shapes do not fit each other, a weight is not a finite
   *     number, or the memory of a disk would be larger than a disk state has room for
   */
  public ModelFile {
    layers = List.copyOf(layers);
    properties = Map.copyOf(properties);
    require(!id.isBlank(), "has no id");
    require(
        id.getBytes(StandardCharsets.UTF_8).length <= DiskState.MAXIMUM_MODEL_ID_BYTES,
        "has an id longer than " + DiskState.MAXIMUM_MODEL_ID_BYTES + " bytes");
    require(version > 0, "has version " + version + ", it must be above 0");
    require(mode != FailureMode.UNKNOWN, "has mode UNKNOWN");
    require(horizonMillis > 0, "has horizon " + horizonMillis + " ms, it must be above 0");
    require(
        !layers.isEmpty() && layers.size() <= MAXIMUM_LAYERS,
        "has " + layers.size() + " layers, not 1 to " + MAXIMUM_LAYERS);
    int width = layers.get(0).inputs();
    int memory = 0;
    for (int i = 0; i < layers.size(); i++) {
      LstmLayer layer = layers.get(i);
      require(
          layer.inputs() == width,
          "has layer "
              + (i + 1)
              + " with "
              + layer.inputs()
              + " inputs where "
              + width
              + " come in");
      width = layer.hidden();
      memory += 2 * width;
      requireFinite("input weights of layer " + (i + 1), layer.inputWeights());
      requireFinite("recurrent weights of layer " + (i + 1), layer.recurrentWeights());
      requireFinite("bias of layer " + (i + 1), layer.bias());
    }
    require(
        memory <= DiskState.MAXIMUM_MODEL_FLOATS,
        "remembers "
            + memory
            + " floats a disk, at most "
            + DiskState.MAXIMUM_MODEL_FLOATS
            + " have room");
    require(
        outputWeights.length == width,
        "has " + outputWeights.length + " output weights for " + width + " outputs");
    requireFinite("output weights", outputWeights);
    requireFinite(
        "output bias, slope and intercept", outputBias, calibrationSlope, calibrationIntercept);
    require(
        calibrationSlope > 0, "has calibration slope " + calibrationSlope + ", it must be above 0");
  }

  @Override
  public String format() {
    return FORMAT;
  }

  @Override
  public CompiledLstm compile() {
    return new CompiledLstm(this);
  }

  @Override
  public ModelFile withVersion(int newVersion) {
    return copy(newVersion, calibrationIntercept, properties);
  }

  @Override
  public ModelFile withProperty(String name, String value) {
    Map<String, String> more = new HashMap<>(properties);
    more.put(name, value);
    return copy(version, calibrationIntercept, more);
  }

  @Override
  public ModelFile shifted(double nats) {
    return copy(version, calibrationIntercept + (float) nats, properties);
  }

  private ModelFile copy(int newVersion, float newIntercept, Map<String, String> newProperties) {
    return new ModelFile(
        id,
        newVersion,
        mode,
        horizonMillis,
        layers,
        outputWeights,
        outputBias,
        calibrationSlope,
        newIntercept,
        hazards,
        newProperties);
  }

  @Override
  public byte[] toBytes() {
    return ModelFrame.write(this, this::writeRest);
  }

  private void writeRest(DataOutputStream out) throws IOException {
    out.writeInt(layers.size());
    for (LstmLayer layer : layers) {
      out.writeInt(layer.inputs());
      out.writeInt(layer.hidden());
    }
    for (LstmLayer layer : layers) {
      writeFloats(out, layer.inputWeights());
      writeFloats(out, layer.recurrentWeights());
      writeFloats(out, layer.bias());
    }
    writeFloats(out, outputWeights);
    writeFloats(out, outputBias, calibrationSlope, calibrationIntercept);
  }

  /**
   * Reads a model from exactly these bytes.
   *
   * @throws ModelFormatException when the bytes are cut short, damaged, of another format, or of
   *     impossible shape or value
   */
  public static ModelFile fromBytes(byte[] bytes) throws ModelFormatException {
    return ModelFrame.read(bytes, FORMAT, ModelFile::parse);
  }

  private static ModelFile parse(DataInputStream in) throws IOException {
    ModelFrame.Header header = ModelFrame.header(in);
    int layerCount = ModelFrame.count(in, "layers", MAXIMUM_LAYERS);
    int[] inputs = new int[layerCount];
    int[] hidden = new int[layerCount];
    for (int i = 0; i < layerCount; i++) {
      inputs[i] = ModelFrame.count(in, "inputs of a layer", MAXIMUM_WIDTH);
      hidden[i] = ModelFrame.count(in, "outputs of a layer", MAXIMUM_WIDTH);
    }
    List<LstmLayer> layers = new ArrayList<>();
    for (int i = 0; i < layerCount; i++) {
      layers.add(
          new LstmLayer(
              inputs[i],
              hidden[i],
              readFloats(in, inputs[i] * 4 * hidden[i]),
              readFloats(in, hidden[i] * 4 * hidden[i]),
              readFloats(in, 4 * hidden[i])));
    }
    float[] outputWeights = readFloats(in, layerCount == 0 ? 0 : hidden[layerCount - 1]);
    float[] last = readFloats(in, 3);
    return new ModelFile(
        header.id(),
        header.version(),
        header.mode(),
        header.horizonMillis(),
        layers,
        outputWeights,
        last[0],
        last[1],
        last[2],
        header.hazards(),
        header.properties());
  }

  private static void writeFloats(DataOutputStream out, float... values) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    out.write(bytes.array());
  }

  private static float[] readFloats(DataInputStream in, int n) throws IOException {
    if (in.available() < 4L * n) {
      throw new EOFException(); // before the array is made: a damaged shape must not take memory
    }
    float[] values = new float[n];
    ByteBuffer.wrap(in.readNBytes(4 * n))
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(values);
    return values;
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalArgumentException("Model " + what);
    }
  }

  private static void requireFinite(String what, float... values) {
    for (float value : values) {
      if (!Float.isFinite(value)) {
        throw new IllegalArgumentException("Model has " + value + " among the " + what);
      }
    }
  }
}
