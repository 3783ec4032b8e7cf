package io.forestall.nodes.nbd;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Something with blocks that is read and written asynchronously. Requests may overlap in time and
 * end in any order; whoever needs an order waits for the end of the first. Offsets and lengths are
 * multiples of the block and lie within the device. A future that fails with a {@link
 * DeviceException} says why; any other failure is an I/O error. Safe for threads.
 */
public interface BlockDevice {

  /** Name under which it is exported. */
  String name();

  /** Size; bytes. */
  long bytes();

  /** Smallest unit of reading and writing, a power of two from 1 to 65,536; bytes. */
  int blockBytes();

  /** Length of a request that serves best, a power of two and at least a block; bytes. */
  int preferredBytes();

  /**
   * Reads.
   *
   * @return the bytes, in pieces that follow each other
   */
  CompletableFuture<List<ByteBuffer>> read(long offset, int length);

  /**
   * Writes. When the future is done the data is durable.
   *
   * @param data belongs to the device from now on
   */
  CompletableFuture<Void> write(long offset, byte[] data);

  /** Makes an extent read as zeros and keeps its space. Durable when done. */
  CompletableFuture<Void> zero(long offset, long length);

  /** Makes an extent read as zeros and gives its space back. Durable when done. */
  CompletableFuture<Void> trim(long offset, long length);

  /** Done when everything that was done before is durable. */
  CompletableFuture<Void> flush();
}
