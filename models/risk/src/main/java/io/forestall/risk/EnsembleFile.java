package io.forestall.risk;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A calibrated ensemble as bytes, format {@value #FORMAT}: a sequence model, boosted trees, the
 * disk's own detectors and plain rules, each heard by a weight that held-out drives gave it. Rows
 * A7, A9, A11.
 *
 * <p>Layout: the format's name in ASCII; then, numbers big-endian and texts as two length bytes and
 * modified UTF-8: id, version, mode, horizon, count of properties and each as two texts, fleet
 * failure rate, count of drive models and each as text and rate, length and bytes of the sequence
 * model ({@link ModelFile}), count of trees and of each its splits (input, threshold, left, right)
 * and leaves, bias, weight of the sequence model and of the trees, weights of detectors and rules,
 * count of knots and each as logit and log-odds; last the CRC32C of all before it, 4 bytes.
 *
 * @param id identifier of the model family, for example disk; at most 64 bytes
 * @param version version within the family, above 0
 * @param mode failure mode that it scores, not UNKNOWN
 * @param horizonMillis horizon of its probability; milliseconds, above 0
 * @param sequence the sequence model; its own calibration and hazards are not used
 * @param trees the boosted trees
 * @param weights how much each part is heard
 * @param calibration from the sum of the parts to log-odds
 * @param hazards failure rates of drive models
 * @param properties what else is known, for example data, training time; no unit
 */
public record EnsembleFile(
    String id,
    int version,
    FailureMode mode,
    long horizonMillis,
    ModelFile sequence,
    TreeEnsemble trees,
    EnsembleWeights weights,
    LogitCalibration calibration,
    DriveModelHazards hazards,
    Map<String, String> properties)
    implements StoredModel {
  /** Name of the format, as in the models topic. */
  public static final String FORMAT = "forestall-ensemble-1";

  /**
   * @throws IllegalArgumentException when a value is out of its range or the parts do not fit each
   *     other
   */
  public EnsembleFile {
    properties = Map.copyOf(properties);
    require(!id.isBlank(), "has no id");
    require(
        id.getBytes(StandardCharsets.UTF_8).length <= DiskState.MAXIMUM_MODEL_ID_BYTES,
        "has an id longer than " + DiskState.MAXIMUM_MODEL_ID_BYTES + " bytes");
    require(version > 0, "has version " + version + ", it must be above 0");
    require(mode != FailureMode.UNKNOWN, "has mode UNKNOWN");
    require(horizonMillis > 0, "has horizon " + horizonMillis + " ms, it must be above 0");
    require(
        sequence.mode() == mode, "scores " + mode + " with a sequence model of " + sequence.mode());
    require(
        sequence.layers().get(0).inputs() == FeatureExtractor.INPUTS,
        "has a sequence model that reads "
            + sequence.layers().get(0).inputs()
            + " inputs, there are "
            + FeatureExtractor.INPUTS);
  }

  @Override
  public String format() {
    return FORMAT;
  }

  @Override
  public EnsembleModel compile() {
    return new EnsembleModel(this);
  }

  @Override
  public EnsembleFile withVersion(int newVersion) {
    return new EnsembleFile(
        id,
        newVersion,
        mode,
        horizonMillis,
        sequence,
        trees,
        weights,
        calibration,
        hazards,
        properties);
  }

  @Override
  public EnsembleFile withProperty(String name, String value) {
    Map<String, String> more = new HashMap<>(properties);
    more.put(name, value);
    return new EnsembleFile(
        id, version, mode, horizonMillis, sequence, trees, weights, calibration, hazards, more);
  }

  /** The same weights with another calibration and other failure rates of drive models. */
  public EnsembleFile recalibrated(LogitCalibration newCalibration, DriveModelHazards newHazards) {
    return new EnsembleFile(
        id,
        version,
        mode,
        horizonMillis,
        sequence,
        trees,
        weights,
        newCalibration,
        newHazards,
        properties);
  }

  @Override
  public EnsembleFile shifted(double nats) {
    return recalibrated(calibration.shifted(nats), hazards);
  }

  @Override
  public byte[] toBytes() {
    return ModelFrame.write(this, this::writeRest);
  }

  private void writeRest(DataOutputStream out) throws IOException {
    byte[] inner = sequence.toBytes();
    out.writeInt(inner.length);
    out.write(inner);
    out.writeInt(trees.trees().size());
    for (TreeEnsemble.Tree tree : trees.trees()) {
      out.writeInt(tree.inputs().length);
      for (int i = 0; i < tree.inputs().length; i++) {
        out.writeShort(tree.inputs()[i]);
        out.writeFloat(tree.thresholds()[i]);
        out.writeShort(tree.left()[i]);
        out.writeShort(tree.right()[i]);
      }
      for (float leaf : tree.leaves()) {
        out.writeFloat(leaf);
      }
    }
    out.writeFloat(weights.bias());
    out.writeFloat(weights.sequence());
    out.writeFloat(weights.trees());
    for (float weight : weights.detectors()) {
      out.writeFloat(weight);
    }
    for (float weight : weights.rules()) {
      out.writeFloat(weight);
    }
    float[] knots = calibration.logits();
    float[] logOdds = calibration.logOdds();
    out.writeInt(knots.length);
    for (int i = 0; i < knots.length; i++) {
      out.writeFloat(knots[i]);
      out.writeFloat(logOdds[i]);
    }
  }

  /**
   * Reads a model from exactly these bytes.
   *
   * @throws ModelFormatException when the bytes are cut short, damaged, of another format, or of
   *     impossible shape or value
   */
  public static EnsembleFile fromBytes(byte[] bytes) throws ModelFormatException {
    return ModelFrame.read(bytes, FORMAT, EnsembleFile::parse);
  }

  private static EnsembleFile parse(DataInputStream in) throws IOException {
    ModelFrame.Header header = ModelFrame.header(in);
    int innerBytes = ModelFrame.count(in, "bytes of its sequence model", MAXIMUM_BYTES);
    byte[] inner = in.readNBytes(innerBytes);
    if (inner.length < innerBytes) {
      throw new EOFException();
    }
    ModelFile sequence = ModelFile.fromBytes(inner);
    List<TreeEnsemble.Tree> trees = new ArrayList<>();
    for (int i = ModelFrame.count(in, "trees", TreeEnsemble.MAXIMUM_TREES); i > 0; i--) {
      trees.add(tree(in));
    }
    EnsembleWeights weights =
        new EnsembleWeights(
            in.readFloat(),
            in.readFloat(),
            in.readFloat(),
            floats(in, EnsembleWeights.DETECTORS),
            floats(in, EnsembleWeights.RULES));
    int knots = ModelFrame.count(in, "knots", LogitCalibration.MAXIMUM_KNOTS);
    float[] logits = new float[knots];
    float[] logOdds = new float[knots];
    for (int i = 0; i < knots; i++) {
      logits[i] = in.readFloat();
      logOdds[i] = in.readFloat();
    }
    return new EnsembleFile(
        header.id(),
        header.version(),
        header.mode(),
        header.horizonMillis(),
        sequence,
        new TreeEnsemble(trees),
        weights,
        new LogitCalibration(logits, logOdds),
        header.hazards(),
        header.properties());
  }

  private static TreeEnsemble.Tree tree(DataInputStream in) throws IOException {
    int splits = ModelFrame.count(in, "splits of a tree", Short.MAX_VALUE);
    if (in.available() < 10L * splits) {
      throw new EOFException(); // before the arrays are made: a damaged shape must not take memory
    }
    int[] inputs = new int[splits];
    float[] thresholds = new float[splits];
    int[] left = new int[splits];
    int[] right = new int[splits];
    for (int i = 0; i < splits; i++) {
      inputs[i] = in.readShort();
      thresholds[i] = in.readFloat();
      left[i] = in.readShort();
      right[i] = in.readShort();
    }
    return new TreeEnsemble.Tree(inputs, thresholds, left, right, floats(in, splits + 1));
  }

  private static float[] floats(DataInputStream in, int n) throws IOException {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = in.readFloat();
    }
    return values;
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalArgumentException("Model " + what);
    }
  }
}
