package io.forestall.risk;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** The models that ship with Forestall. */
public final class TrainedModels {
  /** Folder on the class path of the default disk model. */
  public static final String DEFAULT_DISK_MODEL = "io/forestall/trained/disk-ensemble/1/";

  /** Folder on the class path of the default model of the modes that symptoms tell. */
  public static final String NODE_MODES = "io/forestall/trained/node-modes/1/";

  private TrainedModels() {}

  /**
   * The default disk model, ready to score; each call gives one of its own.
   *
   * @throws IllegalStateException when the weights are not on the class path or damaged
   */
  public static BatchSequenceModel defaultDiskModel() {
    return defaultDiskModelFile().compile();
  }

  /**
   * The default disk model as a file.
   *
   * @throws IllegalStateException as {@link #defaultDiskModel}
   */
  public static StoredModel defaultDiskModelFile() {
    return modelFile(DEFAULT_DISK_MODEL);
  }

  /**
   * Card of the default disk model: what it was trained on, how good, what it cannot see; Markdown.
   *
   * @throws IllegalStateException as {@link #defaultDiskModel}
   */
  public static String defaultDiskModelCard() {
    return new String(resource(DEFAULT_DISK_MODEL + "card.md"), StandardCharsets.UTF_8);
  }

  /**
   * The default model of the modes that symptoms tell: network, software, fail-slow.
   *
   * @throws IllegalStateException as {@link #defaultDiskModel}
   */
  public static ModeModel nodeModes() {
    try {
      return ModeModel.fromBytes(resource(NODE_MODES + "model.txt"));
    } catch (ModelFormatException damaged) {
      throw new IllegalStateException(
          "Shipped model "
              + NODE_MODES
              + "model.txt is damaged ("
              + damaged.getMessage()
              + "): build the jar again",
          damaged);
    }
  }

  /**
   * Card of {@link #nodeModes}; Markdown.
   *
   * @throws IllegalStateException as {@link #defaultDiskModel}
   */
  public static String nodeModesCard() {
    return new String(resource(NODE_MODES + "card.md"), StandardCharsets.UTF_8);
  }

  static StoredModel modelFile(String folder) {
    try {
      return StoredModel.fromBytes(resource(folder + "model.bin"));
    } catch (ModelFormatException damaged) {
      throw new IllegalStateException(
          "Shipped model "
              + folder
              + "model.bin is damaged ("
              + damaged.getMessage()
              + "): build the jar again",
          damaged);
    }
  }

  private static byte[] resource(String path) {
    try (InputStream in = TrainedModels.class.getClassLoader().getResourceAsStream(path)) {
      if (in == null) {
        throw new IllegalStateException(
            "Shipped model file "
                + path
                + " is not on the class path: use the whole forestall.jar, or train one with"
                + " 'forestall train'");
      }
      return in.readAllBytes();
    } catch (IOException unreadable) {
      throw new IllegalStateException(
          "Shipped model file " + path + " cannot be read: " + unreadable.getMessage(), unreadable);
    }
  }
}
