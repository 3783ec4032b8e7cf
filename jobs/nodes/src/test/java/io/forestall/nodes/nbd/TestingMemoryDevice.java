package io.forestall.nodes.nbd;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A device in memory that takes space only where something was written, and answers on several
 * threads, out of order. What breaks in it is set by the test.
 */
final class TestingMemoryDevice implements BlockDevice, AutoCloseable {
  private static final int CHUNK = 64 * 1024;

  private final long bytes;
  private final int block;
  private final ConcurrentHashMap<Long, byte[]> chunks = new ConcurrentHashMap<>();
  private final ExecutorService threads =
      Executors.newFixedThreadPool(
          4,
          task -> {
            Thread thread = new Thread(task, "testing-memory-device");
            thread.setDaemon(true);
            return thread;
          });

  /** Requests under way and the most there were at once. */
  final AtomicInteger open = new AtomicInteger();

  final AtomicInteger mostOpen = new AtomicInteger();
  final AtomicLong flushes = new AtomicLong();
  final AtomicLong trimmed = new AtomicLong();
  volatile boolean full;
  volatile boolean broken;

  /** While there is one, requests wait for it. */
  volatile CompletableFuture<Void> gate = CompletableFuture.completedFuture(null);

  TestingMemoryDevice(long bytes, int block) {
    this.bytes = bytes;
    this.block = block;
  }

  @Override
  public String name() {
    return "v-1";
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public int blockBytes() {
    return block;
  }

  @Override
  public int preferredBytes() {
    return Math.max(block, 65536);
  }

  private <T> CompletableFuture<T> later(java.util.function.Supplier<T> work) {
    mostOpen.accumulateAndGet(open.incrementAndGet(), Math::max);
    return gate.thenApplyAsync(
        ready -> {
          try {
            if (broken) {
              throw new IllegalStateException("planted");
            }
            return work.get();
          } finally {
            open.decrementAndGet();
          }
        },
        threads);
  }

  @Override
  public CompletableFuture<List<ByteBuffer>> read(long offset, int length) {
    return later(
        () -> {
          List<ByteBuffer> pieces = new ArrayList<>();
          each(
              offset,
              length,
              (chunk, from, many, at) -> {
                byte[] copy = new byte[many];
                byte[] stored = chunks.get(chunk);
                if (stored != null) {
                  System.arraycopy(stored, from, copy, 0, many);
                }
                pieces.add(ByteBuffer.wrap(copy));
              });
          return pieces;
        });
  }

  @Override
  public CompletableFuture<Void> write(long offset, byte[] data) {
    return later(
        () -> {
          if (full) {
            throw new DeviceException(DeviceException.Code.ENOSPC, "planted");
          }
          each(
              offset,
              data.length,
              (chunk, from, many, at) ->
                  System.arraycopy(
                      data,
                      at,
                      chunks.computeIfAbsent(chunk, ignored -> new byte[CHUNK]),
                      from,
                      many));
          return null;
        });
  }

  @Override
  public CompletableFuture<Void> zero(long offset, long length) {
    return later(
        () -> {
          each(
              offset,
              length,
              (chunk, from, many, at) -> {
                if (many == CHUNK) {
                  chunks.remove(chunk);
                } else {
                  byte[] stored = chunks.get(chunk);
                  if (stored != null) {
                    java.util.Arrays.fill(stored, from, from + many, (byte) 0);
                  }
                }
              });
          return null;
        });
  }

  @Override
  public CompletableFuture<Void> trim(long offset, long length) {
    trimmed.addAndGet(length);
    return zero(offset, length);
  }

  @Override
  public CompletableFuture<Void> flush() {
    flushes.incrementAndGet();
    return later(() -> null);
  }

  private interface Piece {
    void take(long chunk, int from, int many, int at);
  }

  private static void each(long offset, long length, Piece piece) {
    long at = offset;
    while (at < offset + length) {
      int from = (int) (at % CHUNK);
      int many = (int) Math.min(CHUNK - from, offset + length - at);
      piece.take(at / CHUNK, from, many, (int) (at - offset));
      at += many;
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
