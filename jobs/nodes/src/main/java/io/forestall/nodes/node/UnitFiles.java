package io.forestall.nodes.node;

import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.ownership.RequestMemory;
import io.forestall.decisions.ownership.UnitSpec;
import io.forestall.nodes.node.Medium.MediumException;
import io.forestall.nodes.node.Medium.MediumFile;
import io.forestall.nodes.node.ShadowFile.KeptShadow;
import io.forestall.nodes.transport.PayloadCodec;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The copy of one unit: its bytes in a sparse file, a checksum of each of its blocks in another,
 * and a checkpoint that says how far they go. A checkpoint is written only after the bytes are on
 * the medium; what was applied behind it is applied again from the log after a crash, which ends in
 * the same bytes. What is read is what was written, or is refused as damaged. For one thread.
 */
final class UnitFiles implements AutoCloseable {
  private static final int MAGIC = 0x46554e54;
  private static final int VERSION = 1;
  private static final int ZERO_CHUNK_BYTES = 256 * 1024;

  /** What is summed at once; a multiple of every block size. */
  private static final int SUM_CHUNK_BYTES = 1 << 20;

  private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(ZERO_CHUNK_BYTES);

  /**
   * How far a copy goes.
   *
   * @param deltaOffset first offset of the unit's partition of deltas that is not in the copy
   * @param epoch epoch of the last barrier that counted
   * @param lastSequence last sequence that counted
   * @param chain running hash over what counted, as the fold gives it
   * @param requests memory of the requests that counted
   */
  record Checkpoint(
      long deltaOffset,
      long epoch,
      long lastSequence,
      long chain,
      List<RequestMemory.Kept> requests) {}

  private final Medium medium;
  private final UnitSpec spec;
  private final Path folder;
  private final Path checkpointFile;
  private final MediumFile data;
  private final BlockSums sums;

  private UnitFiles(Medium medium, UnitSpec spec, Path folder, MediumFile data, BlockSums sums) {
    this.medium = medium;
    this.spec = spec;
    this.folder = folder;
    this.checkpointFile = folder.resolve("checkpoint");
    this.data = data;
    this.sums = sums;
  }

  /** The folder of a unit, whose name holds a slash. */
  static Path folder(Path units, String unit) {
    return units.resolve(URLEncoder.encode(unit, StandardCharsets.UTF_8));
  }

  /** Units of which a shadow is kept below a folder. */
  static List<String> shadows(Path units) throws MediumException {
    try (Stream<Path> folders = Files.list(units)) {
      return folders
          .filter(folder -> Files.exists(ShadowFile.path(folder)))
          .filter(folder -> !Files.exists(folder.resolve("checkpoint")))
          .map(folder -> URLDecoder.decode(folder.getFileName().toString(), StandardCharsets.UTF_8))
          .toList();
    } catch (IOException | UncheckedIOException e) {
      throw new MediumException("cannot list " + units + ": " + e.getMessage(), false, e);
    }
  }

  /** Opens the copy of a unit, an empty one when there is none. */
  static UnitFiles open(Medium medium, Path units, UnitSpec spec) throws MediumException {
    Path folder = folder(units, spec.unit());
    medium.makeFolder(folder);
    Path data = folder.resolve("data");
    Path sums = folder.resolve("sums");
    boolean unsummed = Files.exists(data) && !Files.exists(sums);
    UnitFiles files =
        new UnitFiles(
            medium,
            spec,
            folder,
            medium.open(data),
            new BlockSums(medium.open(sums), spec.blockBytes()));
    if (unsummed) {
      // a copy from before there were sums: what is there now is taken for what was written
      files.record(0, spec.bytes());
    }
    return files;
  }

  /** What a block was when it was written is not what it is now. */
  static final class DamagedException extends MediumException {
    private static final long serialVersionUID = 1L;
    private final long offset;

    DamagedException(UnitSpec spec, long offset) {
      super(
          "the block at "
              + offset
              + " of unit "
              + spec.unit()
              + " is not what was written there: the medium changed it",
          false);
      this.offset = offset;
    }

    /** First byte of the block within the unit; bytes. */
    long offset() {
      return offset;
    }
  }

  /**
   * The last checkpoint, null for a copy that has none.
   *
   * @throws MediumException when there is one and it is damaged: the copy is worth nothing
   */
  @Nullable Checkpoint checkpoint() throws MediumException {
    if (!Files.exists(checkpointFile)) {
      return null;
    }
    byte[] bytes = medium.readAll(checkpointFile);
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      if (bytes.length < 8 || crc(bytes, bytes.length - 4) != lastInt(bytes)) {
        throw new MediumException(checkpointFile + " is damaged", false);
      }
      if (in.readInt() != MAGIC || in.readInt() != VERSION) {
        throw new MediumException(
            checkpointFile + " was written by a release that this one does not know", false);
      }
      String unit = in.readUTF();
      if (!unit.equals(spec.unit())) {
        throw new MediumException(
            checkpointFile + " belongs to unit " + unit + " and not to " + spec.unit(), false);
      }
      return CheckpointBytes.read(in);
    } catch (MediumException e) {
      throw e;
    } catch (IOException e) {
      throw new MediumException(checkpointFile + " cannot be read", false, e);
    }
  }

  /**
   * How far the shadow is that is kept here, null when it is no shadow.
   *
   * @throws MediumException when it is one and that is damaged: it is worth nothing
   */
  @Nullable KeptShadow shadow() throws MediumException {
    return ShadowFile.read(medium, ShadowFile.path(folder), spec);
  }

  /** Writes how far the shadow is, after its bytes are on the medium. */
  void keep(KeptShadow shadow) throws MediumException {
    data.sync();
    sums.sync();
    ShadowFile.write(medium, ShadowFile.path(folder), spec, shadow);
  }

  /** Makes it an empty shadow, whatever it was before. */
  void beginShadow(KeptShadow nothing) throws MediumException {
    medium.delete(checkpointFile);
    ShadowFile.write(medium, ShadowFile.path(folder), spec, nothing);
    data.truncate(0);
    sums.cut(0);
  }

  /** Makes a shadow a copy that follows the log of deltas by itself. */
  void endShadow(Checkpoint checkpoint) throws MediumException {
    checkpoint(checkpoint);
    forgetShadow();
  }

  /** It is no shadow: where there is a checkpoint too, that holds. */
  void forgetShadow() throws MediumException {
    medium.delete(ShadowFile.path(folder));
  }

  /** Removes what is kept of a unit; what says that it is a shadow goes last but the folder. */
  static void remove(Medium medium, Path units, String unit) throws MediumException {
    Path folder = folder(units, unit);
    medium.delete(folder.resolve("checkpoint"));
    medium.delete(folder.resolve("data"));
    medium.delete(folder.resolve("sums"));
    medium.delete(ShadowFile.path(folder));
    medium.delete(folder);
  }

  /** Writes how far the copy goes, after its bytes are on the medium. */
  void checkpoint(Checkpoint checkpoint) throws MediumException {
    data.sync();
    sums.sync();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(MAGIC);
      out.writeInt(VERSION);
      out.writeUTF(spec.unit());
      CheckpointBytes.write(out, checkpoint);
      byte[] soFar = bytes.toByteArray();
      out.writeInt(crc(soFar, soFar.length));
    } catch (IOException e) {
      throw new IllegalStateException("memory cannot fail", e);
    }
    medium.replace(checkpointFile, bytes.toByteArray());
  }

  /**
   * Applies what counts.
   *
   * @throws MediumException when the medium refuses, or the payload is not what its checksum says
   */
  void apply(Delta delta) throws MediumException {
    switch (delta.kind()) {
      case WRITE -> write(delta.offset(), ByteBuffer.wrap(plain(delta)));
      case ZERO, TRIM -> zero(delta.offset(), delta.length());
      case BARRIER, VERIFY -> {
        return;
      }
    }
  }

  /** Writes bytes that another holder has at the same place, but for some blocks. */
  void fill(long offset, ByteBuffer bytes, BitSet keep) throws MediumException {
    int begin = bytes.position();
    runs(
        bytes.remaining(),
        keep,
        (from, length) -> write(offset + from, bytes.slice(begin + from, length)));
  }

  /** Writes zeros, which another holder has at the same place, but for some blocks. */
  void fillZeros(long offset, int length, BitSet keep) throws MediumException {
    runs(
        length,
        keep,
        (from, many) -> {
          // What takes no space must not begin to: a unit may be much larger than its medium.
          long at = offset + from;
          boolean written = at < data.size() && !PayloadCodec.isZeros(raw(at, many));
          if (written) {
            zero(at, many);
          }
          int blocks = (many + spec.blockBytes() - 1) / spec.blockBytes();
          if (!sums.areZeros(at / spec.blockBytes(), blocks)) {
            sums.putZeros(at / spec.blockBytes(), blocks);
          }
        });
  }

  private interface Run {
    void of(int from, int length) throws MediumException;
  }

  /** Every run of blocks of an extent that is not kept. */
  private void runs(int length, BitSet keep, Run run) throws MediumException {
    int block = spec.blockBytes();
    int blocks = (length + block - 1) / block;
    for (int from = keep.nextClearBit(0); from < blocks; from = keep.nextClearBit(from)) {
      int kept = keep.nextSetBit(from);
      int to = kept < 0 || kept > blocks ? blocks : kept;
      run.of(from * block, Math.min(length, to * block) - from * block);
      from = to;
    }
  }

  private void write(long offset, ByteBuffer bytes) throws MediumException {
    int length = bytes.remaining();
    data.write(new ByteBuffer[] {bytes.duplicate()}, offset);
    int block = spec.blockBytes();
    if (offset % block == 0 && length % block == 0) {
      sums.put(offset / block, sums.of(bytes));
    } else {
      record(offset, length);
    }
  }

  /** Records the sums of all blocks that an extent touches, from what stands there. */
  private void record(long offset, long length) throws MediumException {
    int block = spec.blockBytes();
    long end = Math.min(Math.min(offset + length, spec.bytes()), data.size());
    long at = offset / block * block;
    while (at < end) {
      int many = (int) ((Math.min(end - at, SUM_CHUNK_BYTES) + block - 1) / block);
      sums.put(at / block, sums.of(raw(at, many * block)));
      at += (long) many * block;
    }
  }

  private ByteBuffer raw(long offset, int length) throws MediumException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    data.read(bytes, offset);
    return bytes.flip();
  }

  private static byte[] plain(Delta delta) throws MediumException {
    try {
      return PayloadCodec.decode(delta.codec(), delta.payload(), delta.length(), delta.plainCrc());
    } catch (IOException e) {
      throw new MediumException(
          "delta "
              + delta.sequence()
              + " of epoch "
              + delta.epoch()
              + " of unit "
              + delta.unit()
              + " cannot be applied: "
              + e.getMessage(),
          false,
          e);
    }
  }

  private void zero(long offset, long length) throws MediumException {
    long size = data.size();
    if (offset >= size) {
      return;
    }
    if (offset + length >= size) {
      // Behind the end of the file everything reads as zeros, and takes no space.
      data.truncate(offset);
      sums.cut((offset + spec.blockBytes() - 1) / spec.blockBytes());
      if (offset % spec.blockBytes() != 0) {
        record(offset - 1, 1);
      }
      return;
    }
    long at = offset;
    long left = length;
    while (left > 0) {
      ByteBuffer zeros = ZEROS.duplicate();
      zeros.limit((int) Math.min(ZERO_CHUNK_BYTES, left));
      int many = zeros.remaining();
      data.write(new ByteBuffer[] {zeros}, at);
      at += many;
      left -= many;
    }
    int block = spec.blockBytes();
    if (offset % block == 0 && length % block == 0) {
      sums.putZeros(offset / block, (int) (length / block));
    } else {
      record(offset, length);
    }
  }

  /**
   * Bytes of the copy; what was never written reads as zeros.
   *
   * @throws DamagedException when a block is not what was written
   */
  ByteBuffer read(long offset, int length) throws MediumException {
    int block = spec.blockBytes();
    long first = offset / block;
    int many = (int) ((offset + length + block - 1) / block - first);
    ByteBuffer bytes = raw(first * block, many * block);
    int[] are = sums.of(bytes);
    int[] were = sums.recorded(first, many);
    for (int i = 0; i < many; i++) {
      if (are[i] != were[i]) {
        throw new DamagedException(spec, (first + i) * block);
      }
    }
    return bytes.slice((int) (offset - first * block), length);
  }

  /**
   * The digests of a range: of its blocks as they are, and as they were when they were written.
   *
   * @param is SHA-256 over the CRC-32C of each block as read from the medium
   * @param was the same over what was recorded when the blocks were written
   */
  record Digests(byte[] is, byte[] was) {}

  /** Takes the digests of whole blocks. */
  Digests digests(long offset, long length) throws MediumException {
    int block = spec.blockBytes();
    MessageDigest is = sha256();
    MessageDigest was = sha256();
    long end = Math.min(offset + length, spec.bytes());
    long at = offset / block * block;
    while (at < end) {
      int many = (int) ((Math.min(end - at, SUM_CHUNK_BYTES) + block - 1) / block);
      update(is, sums.of(raw(at, many * block)));
      update(was, sums.recorded(at / block, many));
      at += (long) many * block;
    }
    return new Digests(is.digest(), was.digest());
  }

  /** Blocks of a range that are not what was written. */
  List<DamagedException> damaged(long offset, long length) throws MediumException {
    int block = spec.blockBytes();
    List<DamagedException> damaged = new ArrayList<>();
    long end = Math.min(offset + length, spec.bytes());
    for (long at = offset / block * block; at < end; at += block) {
      if (sums.of(raw(at, block))[0] != sums.recorded(at / block, 1)[0]) {
        damaged.add(new DamagedException(spec, at));
      }
    }
    return damaged;
  }

  private static void update(MessageDigest digest, int[] sums) {
    ByteBuffer bytes = ByteBuffer.allocate(sums.length * Integer.BYTES);
    for (int sum : sums) {
      bytes.putInt(sum);
    }
    digest.update(bytes.flip());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** The unit. */
  UnitSpec spec() {
    return spec;
  }

  private static int crc(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }

  private static int lastInt(byte[] bytes) {
    return ByteBuffer.wrap(bytes).getInt(bytes.length - 4);
  }

  @Override
  public void close() throws MediumException {
    try {
      data.close();
    } finally {
      sums.close();
    }
  }
}
