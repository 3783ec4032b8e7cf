package io.forestall.nodes.node;

import io.forestall.nodes.node.Medium.MediumException;
import io.forestall.nodes.node.Medium.MediumFile;
import io.forestall.nodes.transport.PayloadCodec;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * What each block of a copy was when it was written: its CRC-32C, four bytes for each block, beside
 * the data (E5). A block that was never written counts as zeros, so a sparse copy has sparse sums.
 * After a crash a sum and its block may be of different times until the deltas behind the
 * checkpoint were applied again. For one thread.
 */
final class BlockSums implements AutoCloseable {
  private final MediumFile file;
  private final int blockBytes;

  /** CRC-32C of a block of zeros; sums are kept as the difference to it. */
  private final int zeros;

  BlockSums(MediumFile file, int blockBytes) {
    this.file = file;
    this.blockBytes = blockBytes;
    this.zeros = crc(ByteBuffer.allocate(blockBytes));
  }

  private static int crc(ByteBuffer block) {
    CRC32C crc = new CRC32C();
    crc.update(block);
    return (int) crc.getValue();
  }

  /** The sums of whole blocks, whatever was recorded of them. */
  int[] of(ByteBuffer blocks) {
    int[] sums = new int[blocks.remaining() / blockBytes];
    for (int i = 0; i < sums.length; i++) {
      sums[i] = crc(blocks.slice(blocks.position() + i * blockBytes, blockBytes));
    }
    return sums;
  }

  /** Records the sums of blocks. */
  void put(long firstBlock, int[] sums) throws MediumException {
    ByteBuffer bytes = ByteBuffer.allocate(sums.length * Integer.BYTES);
    for (int sum : sums) {
      bytes.putInt(sum ^ zeros);
    }
    file.write(new ByteBuffer[] {bytes.flip()}, firstBlock * Integer.BYTES);
  }

  /** Records that blocks are zeros. */
  void putZeros(long firstBlock, int many) throws MediumException {
    file.write(
        new ByteBuffer[] {ByteBuffer.allocate(many * Integer.BYTES)}, firstBlock * Integer.BYTES);
  }

  /** True when blocks are recorded as zeros. */
  boolean areZeros(long firstBlock, int many) throws MediumException {
    ByteBuffer bytes = ByteBuffer.allocate(many * Integer.BYTES);
    file.read(bytes, firstBlock * Integer.BYTES);
    return PayloadCodec.isZeros(bytes.flip());
  }

  /** All blocks from here on are zeros. */
  void cut(long firstBlock) throws MediumException {
    if (file.size() > firstBlock * Integer.BYTES) {
      file.truncate(firstBlock * Integer.BYTES);
    }
  }

  /** What is recorded of blocks. */
  int[] recorded(long firstBlock, int many) throws MediumException {
    ByteBuffer bytes = ByteBuffer.allocate(many * Integer.BYTES);
    file.read(bytes, firstBlock * Integer.BYTES);
    bytes.flip();
    int[] sums = new int[many];
    for (int i = 0; i < many; i++) {
      sums[i] = bytes.getInt() ^ zeros;
    }
    return sums;
  }

  /** Waits until all is on the medium. */
  void sync() throws MediumException {
    file.sync();
  }

  @Override
  public void close() throws MediumException {
    file.close();
  }
}
