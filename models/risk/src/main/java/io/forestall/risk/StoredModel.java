package io.forestall.risk;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;

/**
 * A trained model as it is stored and published: its bytes say themselves of which format they are.
 * Immutable.
 */
public sealed interface StoredModel permits ModelFile, EnsembleFile {
  /** Largest model that is read: far above any that fits a disk's state; bytes. */
  int MAXIMUM_BYTES = 16 * 1024 * 1024;

  /** Identifier of the model family; at most 64 bytes. */
  String id();

  /** Version within the family, above 0. */
  int version();

  /** Failure mode that it scores, not UNKNOWN. */
  FailureMode mode();

  /** Horizon of its probability; milliseconds, above 0. */
  long horizonMillis();

  /** Failure rates of drive models as last known to it. */
  DriveModelHazards hazards();

  /** What else is known, for example data, training time; no unit. */
  Map<String, String> properties();

  /** Name of the format, as in the models topic. */
  String format();

  /** The model as bytes; the same model always gives the same bytes. */
  byte[] toBytes();

  /** The model ready to score in plain Java; each call gives one for one thread. */
  BatchSequenceModel compile();

  /** The same model under another version: what a publication needs. */
  StoredModel withVersion(int newVersion);

  /** The same model with another property, replacing one of the same name. */
  StoredModel withProperty(String name, String value);

  /**
   * The same model with its log-odds moved: another level, the same order of disks.
   *
   * @param nats what is added; finite
   */
  StoredModel shifted(double nats);

  /** Writes the model. */
  default void write(OutputStream out) throws IOException {
    out.write(toBytes());
  }

  /**
   * Reads a model to the end of the stream.
   *
   * @throws ModelFormatException when the bytes are cut short, damaged, of an unknown format, or of
   *     impossible shape or value
   */
  static StoredModel read(InputStream in) throws IOException {
    return fromBytes(in.readNBytes(MAXIMUM_BYTES + 1));
  }

  /**
   * Reads a model from exactly these bytes.
   *
   * @throws ModelFormatException as {@link #read}
   */
  static StoredModel fromBytes(byte[] bytes) throws ModelFormatException {
    return ModelFrame.begins(bytes, EnsembleFile.FORMAT)
        ? EnsembleFile.fromBytes(bytes)
        : ModelFile.fromBytes(bytes);
  }
}
