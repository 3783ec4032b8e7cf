package io.forestall.nodes.client;

import io.forestall.decisions.ownership.NodeRequest;
import io.forestall.nodes.nbd.BlockDevice;
import io.forestall.nodes.nbd.DeviceException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A volume as its user sees it: a row of blocks. What is longer than {@value #PIECE_BYTES} bytes or
 * crosses units is split; the pieces of one request may happen in any order. A request ends when it
 * is done: through failovers, restarts and lost connections it waits and is never an I/O error, but
 * for a flush in asynchronous mode that finds a write lost. Safe for threads.
 */
public final class Volume implements BlockDevice {

  /** Longest read or write that is sent as one; bytes. */
  public static final int PIECE_BYTES = 1024 * 1024;

  private final VolumeClient client;
  private final VolumeShape shape;
  private final LatencyBook book;

  Volume(VolumeClient client, VolumeShape shape) {
    this.client = client;
    this.shape = shape;
    this.book = new LatencyBook(shape.volume());
  }

  VolumeShape shape() {
    return shape;
  }

  LatencyBook book() {
    return book;
  }

  @Override
  public String name() {
    return shape.volume();
  }

  @Override
  public long bytes() {
    return shape.bytes();
  }

  @Override
  public int blockBytes() {
    return shape.blockBytes();
  }

  @Override
  public int preferredBytes() {
    return Math.max(shape.blockBytes(), 64 * 1024);
  }

  @Override
  public CompletableFuture<List<ByteBuffer>> read(long offset, int length) {
    DeviceException wrong = wrong(offset, length);
    if (wrong != null) {
      return CompletableFuture.failedFuture(wrong);
    }
    if (!crosses(offset, length)) {
      return client
          .submit(this, NodeRequest.Kind.READ, offset, length, null)
          .thenApply(bytes -> List.of(ByteBuffer.wrap(bytes)));
    }
    List<CompletableFuture<byte[]>> pieces = new ArrayList<>();
    for (long at = offset; at < offset + length; ) {
      int many = piece(at, offset + length - at);
      pieces.add(client.submit(this, NodeRequest.Kind.READ, at, many, null));
      at += many;
    }
    return all(pieces)
        .thenApply(
            done -> {
              List<ByteBuffer> buffers = new ArrayList<>(pieces.size());
              for (CompletableFuture<byte[]> each : pieces) {
                buffers.add(ByteBuffer.wrap(each.join()));
              }
              return buffers;
            });
  }

  @Override
  public CompletableFuture<Void> write(long offset, byte[] data) {
    DeviceException wrong = wrong(offset, data.length);
    if (wrong != null) {
      return CompletableFuture.failedFuture(wrong);
    }
    if (!crosses(offset, data.length)) {
      return client
          .submit(this, NodeRequest.Kind.WRITE, offset, data.length, data)
          .thenApply(done -> null);
    }
    List<CompletableFuture<byte[]>> pieces = new ArrayList<>();
    for (int at = 0; at < data.length; ) {
      int many = piece(offset + at, data.length - at);
      pieces.add(
          client.submit(
              this,
              NodeRequest.Kind.WRITE,
              offset + at,
              many,
              Arrays.copyOfRange(data, at, at + many)));
      at += many;
    }
    return all(pieces);
  }

  @Override
  public CompletableFuture<Void> zero(long offset, long length) {
    return extent(NodeRequest.Kind.ZERO, offset, length);
  }

  @Override
  public CompletableFuture<Void> trim(long offset, long length) {
    return extent(NodeRequest.Kind.TRIM, offset, length);
  }

  /**
   * In synchronous mode every write is in the log before it is done, so there is nothing left to
   * flush; in asynchronous mode it waits for the log, and fails when what was done is lost.
   */
  @Override
  public CompletableFuture<Void> flush() {
    return client.flush(this);
  }

  private CompletableFuture<Void> extent(NodeRequest.Kind kind, long offset, long length) {
    DeviceException wrong = wrong(offset, length);
    if (wrong != null) {
      return CompletableFuture.failedFuture(wrong);
    }
    List<CompletableFuture<byte[]>> pieces = new ArrayList<>();
    for (long at = offset; at < offset + length; ) {
      long many = Math.min(offset + length - at, shape.unitBytes(at) - at % shape.segmentBytes());
      pieces.add(client.submit(this, kind, at, many, null));
      at += many;
    }
    return all(pieces);
  }

  private static CompletableFuture<Void> all(List<CompletableFuture<byte[]>> pieces) {
    return CompletableFuture.allOf(pieces.toArray(new CompletableFuture<?>[0]));
  }

  private boolean crosses(long offset, long length) {
    return length > PIECE_BYTES || piece(offset, length) < length;
  }

  /** Length of the piece that begins here. */
  private int piece(long offset, long left) {
    long toEnd = shape.segmentBytes() - offset % shape.segmentBytes();
    // Pieces begin at multiples of their length, so that a long row of requests splits alike.
    long inPiece = left <= PIECE_BYTES ? left : PIECE_BYTES - offset % PIECE_BYTES;
    return (int) Math.min(left, Math.min(toEnd, inPiece));
  }

  private @Nullable DeviceException wrong(long offset, long length) {
    int block = shape.blockBytes();
    if (offset >= 0
        && length > 0
        && offset % block == 0
        && length % block == 0
        && offset <= shape.bytes() - length) {
      return null;
    }
    return new DeviceException(
        DeviceException.Code.EINVAL,
        offset
            + "+"
            + length
            + " is no row of blocks of "
            + block
            + " bytes within volume "
            + shape.volume());
  }
}
