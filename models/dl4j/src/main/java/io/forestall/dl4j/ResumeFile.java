package io.forestall.dl4j;

import io.forestall.risk.FeatureExtractor;
import io.forestall.risk.ModelFile;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UTFDataFormatException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What is needed to go on with a training behind its last whole epoch: the network with its
 * updater, the course of the losses, the best weights. One file, replaced at once; it names the
 * recipe and the data, and those of another training are refused.
 */
final class ResumeFile {
  private static final String FORMAT = "forestall-training-1";

  private final Path file;
  private final String training;

  /** How far a training is. */
  static final class Progress {
    final List<Double> losses = new ArrayList<>();
    final List<Double> heldOutLosses = new ArrayList<>();
    final float[] lowest;
    final float[] highest;
    int bestEpoch;
    @Nullable ModelFile best;

    Progress(int inputs) {
      lowest = new float[inputs];
      highest = new float[inputs];
      Arrays.fill(lowest, Float.POSITIVE_INFINITY);
      Arrays.fill(highest, Float.NEGATIVE_INFINITY);
    }

    /** Names of the inputs that never varied. */
    List<String> unusedInputs() {
      List<String> unused = new ArrayList<>();
      for (int i = 0; i < lowest.length; i++) {
        if (!(highest[i] > lowest[i])) {
          unused.add(FeatureExtractor.NAMES.get(i));
        }
      }
      return unused;
    }
  }

  /**
   * @param file the file, written after each epoch
   * @param training what is trained from what: recipe, data, periods
   */
  ResumeFile(Path file, String training) {
    this.file = file;
    this.training = training;
  }

  /**
   * Reads how far the training is and puts the network there.
   *
   * @return null when there is no file
   * @throws TrainingException when the file is of another training or damaged
   */
  @Nullable Progress read(MultiLayerNetwork network) throws TrainingException {
    if (!Files.exists(file)) {
      return null;
    }
    try (InputStream raw = Files.newInputStream(file);
        DataInputStream in = new DataInputStream(raw)) {
      String format = in.readUTF();
      if (!format.equals(FORMAT)) {
        throw new UTFDataFormatException("it begins with " + format);
      }
      if (!in.readUTF().equals(training)) {
        throw new TrainingException(
            file
                + " is of a training with other data or options: delete it to begin anew, or give"
                + " the same options");
      }
      Progress progress = new Progress(FeatureExtractor.INPUTS);
      int epochs = in.readInt();
      for (int i = 0; i < epochs; i++) {
        progress.losses.add(in.readDouble());
        progress.heldOutLosses.add(in.readDouble());
      }
      for (int i = 0; i < progress.lowest.length; i++) {
        progress.lowest[i] = in.readFloat();
        progress.highest[i] = in.readFloat();
      }
      progress.bestEpoch = in.readInt();
      progress.best = ModelFile.fromBytes(bytes(in));
      Path archive = Files.createTempFile("forestall-training", ".zip");
      try {
        Files.write(archive, bytes(in));
        MultiLayerNetwork stored = ModelSerializer.restoreMultiLayerNetwork(archive.toFile(), true);
        network.setParams(stored.params());
        INDArray updater = stored.getUpdater().getStateViewArray();
        network.getUpdater().setStateViewArray(network, updater.dup(), false);
        network.setIterationCount(stored.getIterationCount());
        network.setEpochCount(stored.getEpochCount());
        stored.close();
      } finally {
        Files.deleteIfExists(archive);
      }
      return progress;
    } catch (IOException | RuntimeException e) {
      throw new TrainingException(
          file + " cannot be read (" + e.getMessage() + "): delete it to begin anew", e);
    }
  }

  private static byte[] bytes(DataInputStream in) throws IOException {
    int length = in.readInt();
    byte[] bytes = in.readNBytes(Math.max(0, length));
    if (bytes.length != length) {
      throw new EOFException("it is cut short");
    }
    return bytes;
  }

  /** Replaces the file by how far the training is now. */
  void write(MultiLayerNetwork network, Progress progress) throws IOException {
    Path beside = Path.of(file + ".new");
    Path zip = Path.of(file + ".network");
    try {
      // The library closes streams that it is given before it has written all: a file it is.
      File archive = zip.toFile();
      ModelSerializer.writeModel(network, archive, true);
      try (OutputStream raw = Files.newOutputStream(beside);
          DataOutputStream out = new DataOutputStream(raw)) {
        out.writeUTF(FORMAT);
        out.writeUTF(training);
        out.writeInt(progress.losses.size());
        for (int i = 0; i < progress.losses.size(); i++) {
          out.writeDouble(progress.losses.get(i));
          out.writeDouble(progress.heldOutLosses.get(i));
        }
        for (int i = 0; i < progress.lowest.length; i++) {
          out.writeFloat(progress.lowest[i]);
          out.writeFloat(progress.highest[i]);
        }
        out.writeInt(progress.bestEpoch);
        ModelFile best = progress.best;
        byte[] weights = best == null ? new byte[0] : best.toBytes();
        out.writeInt(weights.length);
        out.write(weights);
        byte[] whole = Files.readAllBytes(zip);
        out.writeInt(whole.length);
        out.write(whole);
      }
      Files.move(beside, file, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(beside);
      Files.deleteIfExists(zip);
    }
  }

  /** Deletes the file: the training is over. */
  void delete() throws IOException {
    Files.deleteIfExists(file);
  }
}
