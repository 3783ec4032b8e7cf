package io.forestall.risk;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;

/**
 * A trained model as bytes, format {@value #FORMAT}: header, properties, shapes, little-endian
 * float32, CRC32C. The raw logit is output bias + output weights x last hidden; the probability is
 * sigmoid(slope x logit + intercept).
 *
 * @param id identifier of the model family, for example disk-lstm
 * @param version version within the family, above 0
 * @param mode failure mode that it scores
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
    Map<String, String> properties) {
  /** Name of the format, as in the models topic. */
  public static final String FORMAT = "forestall-lstm-1";

  public ModelFile {
    layers = List.copyOf(layers);
    properties = Map.copyOf(properties);
  }

  /** Writes the model. */
  public void write(OutputStream out) throws IOException {
    out.write(toBytes());
  }

  /** The model as bytes. */
  public byte[] toBytes() {
    throw new UnsupportedOperationException();
  }

  /**
   * Reads a model to the end of the stream.
   *
   * @throws ModelFormatException when the bytes are cut short, damaged, of another format, or of
   *     impossible shape or value
   */
  public static ModelFile read(InputStream in) throws IOException {
    return fromBytes(in.readAllBytes());
  }

  /**
   * Reads a model from exactly these bytes.
   *
   * @throws ModelFormatException as {@link #read}
   */
  public static ModelFile fromBytes(byte[] bytes) throws ModelFormatException {
    throw new UnsupportedOperationException();
  }
}
