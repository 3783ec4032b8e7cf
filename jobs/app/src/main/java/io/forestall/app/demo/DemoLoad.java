package io.forestall.app.demo;

import io.forestall.nodes.client.Volume;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The demo's client at work: of each volume it writes a block five times and reads one seventy
 * times a second, one request of each kind at a time, and compares what it reads with what it
 * wrote. Blocks compress well, so that the log stays small. Ends when closed. Thread-safe.
 */
final class DemoLoad implements AutoCloseable {
  private static final long WRITE_EVERY_MILLIS = 200;
  private static final long READ_EVERY_MILLIS = 15;

  /** Blocks that are written in turn; a volume's first ones. */
  private static final int BLOCKS = 256;

  /**
   * What was seen since the start.
   *
   * @param writes writes that were acknowledged; count
   * @param reads reads that were answered; count
   * @param wrong reads of another block than was written; count
   * @param errors requests that ended with an error; count
   * @param longestMillis longest that a request took; milliseconds
   */
  record Figures(long writes, long reads, long wrong, long errors, long longestMillis) {}

  private final ScheduledExecutorService timer;
  private final List<Worker> workers = new ArrayList<>();
  private final AtomicLong writes = new AtomicLong();
  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong wrong = new AtomicLong();
  private final AtomicLong errors = new AtomicLong();
  private final AtomicLong longestNanos = new AtomicLong();

  private DemoLoad() {
    timer =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "forestall-demo-load");
              thread.setDaemon(true);
              return thread;
            });
  }

  /** Begins to read and write these volumes. */
  static DemoLoad start(List<Volume> volumes, int blockBytes) {
    DemoLoad load = new DemoLoad();
    for (Volume volume : volumes) {
      Worker worker = load.new Worker(volume, blockBytes);
      load.workers.add(worker);
      var unused =
          load.timer.scheduleAtFixedRate(
              worker::write, 0, WRITE_EVERY_MILLIS, TimeUnit.MILLISECONDS);
      unused =
          load.timer.scheduleAtFixedRate(
              worker::read, READ_EVERY_MILLIS, READ_EVERY_MILLIS, TimeUnit.MILLISECONDS);
    }
    return load;
  }

  Figures figures() {
    return new Figures(
        writes.get(),
        reads.get(),
        wrong.get(),
        errors.get(),
        TimeUnit.NANOSECONDS.toMillis(longestNanos.get()));
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }

  /** One volume. Its tasks run on the timer's thread, its answers on the client's. */
  private final class Worker {
    private final Volume volume;
    private final int blockBytes;
    private final byte[][] written = new byte[BLOCKS][];
    private long number;
    private boolean writing;
    private boolean reading;

    Worker(Volume volume, int blockBytes) {
      this.volume = volume;
      this.blockBytes = blockBytes;
    }

    synchronized void write() {
      if (writing) {
        return;
      }
      writing = true;
      int index = (int) (number % BLOCKS);
      byte[] block = block(volume.name() + " " + number++);
      long startNanos = System.nanoTime();
      // Until it is acknowledged, nobody can say what is there.
      written[index] = null;
      CompletableFuture<Void> done = volume.write((long) index * blockBytes, block);
      var unused =
          done.whenComplete(
              (nothing, problem) -> {
                synchronized (this) {
                  writing = false;
                  if (problem == null) {
                    written[index] = block;
                  }
                }
                ended(writes, startNanos, problem);
              });
    }

    synchronized void read() {
      // The newest block that is acknowledged and not written again.
      int index = (int) Math.floorMod(number - (writing ? 2 : 1), BLOCKS);
      byte[] expected = written[index];
      if (reading || expected == null) {
        return;
      }
      reading = true;
      long startNanos = System.nanoTime();
      var unused =
          volume
              .read((long) index * blockBytes, blockBytes)
              .whenComplete(
                  (buffers, problem) -> {
                    synchronized (this) {
                      reading = false;
                    }
                    if (problem == null && !same(buffers, expected)) {
                      wrong.incrementAndGet();
                    }
                    ended(reads, startNanos, problem);
                  });
    }

    private byte[] block(String text) {
      byte[] block = new byte[blockBytes];
      byte[] word = text.getBytes(StandardCharsets.UTF_8);
      for (int at = 0; at < blockBytes; at++) {
        block[at] = word[at % word.length];
      }
      return block;
    }
  }

  private void ended(AtomicLong counter, long startNanos, Throwable problem) {
    if (problem == null) {
      counter.incrementAndGet();
      longestNanos.accumulateAndGet(System.nanoTime() - startNanos, Math::max);
    } else if (!timer.isShutdown()) {
      errors.incrementAndGet();
    }
  }

  private static boolean same(List<ByteBuffer> buffers, byte[] expected) {
    ByteBuffer all = ByteBuffer.allocate(expected.length);
    for (ByteBuffer each : buffers) {
      if (each.remaining() > all.remaining()) {
        return false;
      }
      all.put(each.duplicate());
    }
    return ByteBuffer.wrap(expected).equals(all.flip());
  }
}
