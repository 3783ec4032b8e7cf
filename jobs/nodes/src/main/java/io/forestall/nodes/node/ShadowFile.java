package io.forestall.nodes.node;

import io.forestall.decisions.ownership.UnitSpec;
import io.forestall.decisions.shadow.ShadowCopy.Kept;
import io.forestall.decisions.shadow.ShadowCopy.KeptFold;
import io.forestall.nodes.node.Medium.MediumException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * How far a shadow is, beside its bytes: what a new process goes on from. Its being there is what
 * tells a shadow from a copy that follows the log of deltas by itself, which has a checkpoint.
 */
final class ShadowFile {
  private static final int MAGIC = 0x46534844;
  private static final int VERSION = 1;

  /** More missing chunks, or steps known again, than any unit has; count. */
  private static final int MAX_WORDS = 1 << 20;

  /**
   * What is kept.
   *
   * @param streamOffset first offset of its partition of steps that was not taken
   */
  record KeptShadow(Kept kept, long streamOffset) {}

  private ShadowFile() {}

  /** The file in the folder of a unit. */
  static Path path(Path folder) {
    return folder.resolve("shadow");
  }

  /** Puts it in place of what was kept before, durably. */
  static void write(Medium medium, Path path, UnitSpec spec, KeptShadow shadow)
      throws MediumException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      Kept kept = shadow.kept();
      out.writeInt(MAGIC);
      out.writeInt(VERSION);
      out.writeUTF(spec.unit());
      out.writeLong(shadow.streamOffset());
      out.writeLong(kept.epoch());
      out.writeLong(kept.lastSequence());
      out.writeLong(kept.wholeAt());
      KeptFold fold = kept.fold();
      out.writeBoolean(fold != null);
      if (fold != null) {
        CheckpointBytes.write(
            out,
            new UnitFiles.Checkpoint(
                fold.deltaOffset(),
                fold.epoch(),
                fold.lastSequence(),
                fold.chain(),
                fold.requests()));
      }
      out.writeInt(kept.missing().length);
      for (long word : kept.missing()) {
        out.writeLong(word);
      }
      out.writeInt(kept.resyncs().size());
      for (long each : kept.resyncs()) {
        out.writeLong(each);
      }
      byte[] soFar = bytes.toByteArray();
      out.writeInt(crc(soFar, soFar.length));
    } catch (IOException e) {
      throw new IllegalStateException("memory cannot fail", e);
    }
    medium.replace(path, bytes.toByteArray());
  }

  /**
   * What was kept, null when there is no shadow.
   *
   * @throws MediumException when there is one and it is damaged: it is worth nothing
   */
  static @Nullable KeptShadow read(Medium medium, Path path, UnitSpec spec) throws MediumException {
    if (!Files.exists(path)) {
      return null;
    }
    byte[] bytes = medium.readAll(path);
    if (bytes.length < 8
        || crc(bytes, bytes.length - 4) != ByteBuffer.wrap(bytes).getInt(bytes.length - 4)) {
      throw new MediumException(path + " is damaged", false);
    }
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      if (in.readInt() != MAGIC || in.readInt() != VERSION) {
        throw new MediumException(
            path + " was written by a release that this one does not know", false);
      }
      String unit = in.readUTF();
      if (!unit.equals(spec.unit())) {
        throw new MediumException(
            path + " belongs to unit " + unit + " and not to " + spec.unit(), false);
      }
      long streamOffset = in.readLong();
      long epoch = in.readLong();
      long lastSequence = in.readLong();
      long wholeAt = in.readLong();
      KeptFold fold = null;
      if (in.readBoolean()) {
        UnitFiles.Checkpoint place = CheckpointBytes.read(in);
        fold =
            new KeptFold(
                place.epoch(),
                place.lastSequence(),
                place.chain(),
                place.requests(),
                place.deltaOffset());
      }
      long[] missing = new long[count(in)];
      for (int i = 0; i < missing.length; i++) {
        missing[i] = in.readLong();
      }
      int many = count(in);
      List<Long> resyncs = new ArrayList<>();
      for (int i = 0; i < many; i++) {
        resyncs.add(in.readLong());
      }
      return new KeptShadow(
          new Kept(epoch, lastSequence, fold, missing, wholeAt, resyncs), streamOffset);
    } catch (MediumException e) {
      throw e;
    } catch (IOException e) {
      throw new MediumException(path + " cannot be read", false, e);
    }
  }

  private static int count(DataInputStream in) throws IOException {
    int count = in.readInt();
    if (count < 0 || count > MAX_WORDS) {
      throw new IOException("a count of " + count);
    }
    return count;
  }

  private static int crc(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }
}
