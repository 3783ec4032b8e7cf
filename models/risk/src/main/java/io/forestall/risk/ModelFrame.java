package io.forestall.risk;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * What the formats of models have in common: the format's name in front, the same header, and a
 * CRC32C of all before it at the end.
 */
final class ModelFrame {
  private static final int CHECKSUM_BYTES = 4;
  private static final int MAXIMUM_PROPERTIES = 1000;
  private static final int MAXIMUM_DRIVE_MODELS = 100_000;

  private ModelFrame() {}

  /** Writes what follows the header. */
  interface Writer {
    void write(DataOutputStream out) throws IOException;
  }

  /** Reads what lies between the format's name and the checksum. */
  interface Reader<T> {
    T read(DataInputStream in) throws IOException;
  }

  /**
   * The header.
   *
   * @param id identifier of the model family
   * @param version version within the family
   * @param mode failure mode that it scores
   * @param horizonMillis horizon of its probability; milliseconds
   * @param hazards failure rates of drive models
   * @param properties what else is known; no unit
   */
  record Header(
      String id,
      int version,
      FailureMode mode,
      long horizonMillis,
      DriveModelHazards hazards,
      Map<String, String> properties) {}

  /** Whether these bytes begin with the name of a format. */
  static boolean begins(byte[] bytes, String format) {
    byte[] magic = format.getBytes(StandardCharsets.US_ASCII);
    if (bytes.length < magic.length) {
      return false;
    }
    for (int i = 0; i < magic.length; i++) {
      if (bytes[i] != magic[i]) {
        return false;
      }
    }
    return true;
  }

  /** A model as bytes; the same model always gives the same bytes. */
  static byte[] write(StoredModel model, Writer rest) {
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      DataOutputStream out = new DataOutputStream(bytes);
      out.write(model.format().getBytes(StandardCharsets.US_ASCII));
      out.writeUTF(model.id());
      out.writeInt(model.version());
      out.writeUTF(model.mode().name());
      out.writeLong(model.horizonMillis());
      out.writeInt(model.properties().size());
      for (Map.Entry<String, String> property : new TreeMap<>(model.properties()).entrySet()) {
        out.writeUTF(property.getKey());
        out.writeUTF(property.getValue());
      }
      out.writeDouble(model.hazards().fleetRate());
      out.writeInt(model.hazards().rates().size());
      for (Map.Entry<String, Double> rate : model.hazards().sorted().entrySet()) {
        out.writeUTF(rate.getKey());
        out.writeDouble(rate.getValue());
      }
      rest.write(out);
      CRC32C crc = new CRC32C();
      crc.update(bytes.toByteArray());
      out.writeInt((int) crc.getValue());
      return bytes.toByteArray();
    } catch (
        IOException
            impossible) { // memory does not fail to be written; a text too long for its length does
      throw new UncheckedIOException(
          "Model " + model.id() + " cannot be written: " + impossible.getMessage(), impossible);
    }
  }

  /**
   * Reads a model from exactly these bytes.
   *
   * @throws ModelFormatException when the bytes are cut short, damaged, of another format, or of
   *     impossible shape or value
   */
  static <T extends StoredModel> T read(byte[] bytes, String format, Reader<T> body)
      throws ModelFormatException {
    if (bytes.length > StoredModel.MAXIMUM_BYTES) {
      throw new ModelFormatException(
          "Model is larger than " + StoredModel.MAXIMUM_BYTES + " bytes");
    }
    if (!begins(bytes, format)) {
      throw new ModelFormatException(
          "These " + bytes.length + " bytes are no model: they do not begin with " + format);
    }
    int begin = format.length();
    int end = bytes.length - CHECKSUM_BYTES;
    if (end < begin) {
      throw new ModelFormatException("Model of " + bytes.length + " bytes is cut short");
    }
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, end);
    if ((int) crc.getValue() != ByteBuffer.wrap(bytes, end, CHECKSUM_BYTES).getInt()) {
      throw new ModelFormatException(
          "Model of " + bytes.length + " bytes is cut short or damaged: its checksum does not fit");
    }
    try {
      ByteArrayInputStream left = new ByteArrayInputStream(bytes, begin, end - begin);
      T model = body.read(new DataInputStream(left));
      if (left.available() > 0) {
        throw new ModelFormatException(
            "Model " + model.id() + " has " + left.available() + " bytes after its weights");
      }
      return model;
    } catch (EOFException shorter) {
      throw new ModelFormatException(
          "Model of " + bytes.length + " bytes ends before its weights do");
    } catch (IOException | IllegalArgumentException wrong) {
      throw new ModelFormatException(
          wrong.getMessage() == null ? wrong.toString() : wrong.getMessage());
    }
  }

  /** Reads the header. */
  static Header header(DataInputStream in) throws IOException {
    String id = in.readUTF();
    int version = in.readInt();
    FailureMode mode = FailureMode.valueOf(in.readUTF());
    long horizonMillis = in.readLong();
    Map<String, String> properties = new HashMap<>();
    for (int i = count(in, "properties", MAXIMUM_PROPERTIES); i > 0; i--) {
      properties.put(in.readUTF(), in.readUTF());
    }
    double fleetRate = in.readDouble();
    Map<String, Double> rates = new HashMap<>();
    for (int i = count(in, "drive models", MAXIMUM_DRIVE_MODELS); i > 0; i--) {
      rates.put(in.readUTF(), in.readDouble());
    }
    return new Header(
        id, version, mode, horizonMillis, new DriveModelHazards(fleetRate, rates), properties);
  }

  /** Reads a count that is 0 to {@code most}. */
  static int count(DataInputStream in, String what, int most) throws IOException {
    int count = in.readInt();
    if (count < 0 || count > most) {
      throw new ModelFormatException(
          "Model names " + count + " " + what + ", at most " + most + " are possible");
    }
    return count;
  }
}
