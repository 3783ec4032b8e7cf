package io.forestall.bench.failover;

import io.forestall.sim.protocol.Operation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Several clients that write and read the same few blocks at the same time, each one operation
 * after the other, and write down what they asked and what they were told, by one clock. A block
 * holds one number from end to end, another with each write, so a torn write shows too.
 * Thread-safe.
 */
final class Recorder implements AutoCloseable {

  /** How one client reaches the volume. Its calls are for one thread. */
  interface Blocks extends AutoCloseable {
    CompletableFuture<byte[]> read(long offset, int length);

    CompletableFuture<Void> write(long offset, byte[] bytes);

    @Override
    void close();
  }

  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /**
   * A write or read that ended.
   *
   * @param write false for a read
   */
  private record Took(boolean write, long beginNanos, long endNanos) {}

  private final String volume;
  private final long firstOffset;
  private final int blocks;
  private final int blockBytes;
  private final long everyNanos;
  private final List<Worker> workers = new ArrayList<>();
  private final AtomicLong values = new AtomicLong();
  private final List<String> errors = new ArrayList<>();
  private volatile boolean open = true;

  /**
   * Starts to work at once.
   *
   * @param volume name of the volume, for the history
   * @param firstOffset where the blocks begin in the volume; bytes
   * @param blocks how many blocks all clients share; few, so that they meet
   * @param everyMillis how long a client waits between the begin of two operations at least
   */
  Recorder(
      String volume,
      List<? extends Blocks> clients,
      long firstOffset,
      int blocks,
      int blockBytes,
      long everyMillis,
      long seed) {
    this.volume = volume;
    this.firstOffset = firstOffset;
    this.blocks = blocks;
    this.blockBytes = blockBytes;
    this.everyNanos = TimeUnit.MILLISECONDS.toNanos(everyMillis);
    for (int i = 0; i < clients.size(); i++) {
      workers.add(new Worker("c" + i, clients.get(i), new Random(seed + i)));
    }
    workers.forEach(Thread::start);
  }

  private final class Worker extends Thread {
    private final String client;
    private final Blocks target;
    private final Random random;
    private final List<Operation> history = new ArrayList<>();
    private final List<Took> took = new ArrayList<>();
    private volatile long openSinceNanos = -1;

    Worker(String client, Blocks target, Random random) {
      super("recorder-" + client);
      this.client = client;
      this.target = target;
      this.random = random;
      setDaemon(true);
    }

    @Override
    public void run() {
      try {
        while (open) {
          long beginNanos = System.nanoTime();
          one();
          long leftNanos = everyNanos - (System.nanoTime() - beginNanos);
          if (leftNanos > 0) {
            LockSupport.parkNanos(leftNanos);
          }
        }
      } catch (InterruptedException e) {
        // The trial ends.
        Thread.currentThread().interrupt();
      }
    }

    private void one() throws InterruptedException {
      int at = random.nextInt(blocks);
      long offset = firstOffset + (long) at * blockBytes;
      String block = volume + ":" + offset;
      boolean write = random.nextBoolean();
      long value = write ? values.incrementAndGet() : 0;
      byte[] bytes = write ? filled(value, blockBytes) : new byte[0];
      long beginNanos = System.nanoTime();
      openSinceNanos = beginNanos;
      CompletableFuture<byte[]> asked =
          write
              ? target.write(offset, bytes).thenApply(done -> bytes)
              : target.read(offset, blockBytes);
      byte[] answer;
      try {
        answer = await(asked);
      } catch (ExecutionException e) {
        // To a program this would be an I/O error, whatever the reason.
        error(client + (write ? " write " : " read ") + block + ": " + e.getCause());
        if (write) {
          record(Operation.openWrite(client, block, value, beginNanos), null);
        }
        openSinceNanos = -1;
        return;
      }
      long endNanos = System.nanoTime();
      openSinceNanos = -1;
      if (answer == null) {
        if (write) {
          record(Operation.openWrite(client, block, value, beginNanos), null);
        }
        return;
      }
      if (write) {
        record(
            Operation.write(client, block, value, beginNanos, endNanos),
            new Took(true, beginNanos, endNanos));
      } else {
        long read = ByteBuffer.wrap(answer).getLong();
        if (!java.util.Arrays.equals(answer, filled(read, blockBytes))) {
          error(client + " read a torn block from " + block);
        }
        record(
            Operation.read(client, block, read, beginNanos, endNanos),
            new Took(false, beginNanos, endNanos));
      }
    }

    private byte @org.jspecify.annotations.Nullable [] await(CompletableFuture<byte[]> asked)
        throws InterruptedException, ExecutionException {
      while (true) {
        try {
          return asked.get(LOOK_NANOS, TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
          if (!open && System.nanoTime() > endNanos) {
            return null;
          }
        }
      }
    }

    private synchronized void record(
        Operation operation, @org.jspecify.annotations.Nullable Took one) {
      history.add(operation);
      if (one != null) {
        took.add(one);
      }
    }
  }

  private volatile long endNanos = Long.MAX_VALUE;

  private void error(String text) {
    synchronized (errors) {
      errors.add(text);
    }
  }

  private static byte[] filled(long value, int bytes) {
    ByteBuffer block = ByteBuffer.allocate(bytes);
    while (block.remaining() >= Long.BYTES) {
      block.putLong(value);
    }
    return block.array();
  }

  /** Ends the work; what is not answered within the patience has an end that nobody saw. */
  void finish(long patienceMillis) throws InterruptedException {
    endNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(patienceMillis);
    open = false;
    for (Worker each : workers) {
      each.join(patienceMillis + 5_000);
    }
  }

  /** All that was asked, by all. */
  List<Operation> history() {
    List<Operation> all = new ArrayList<>();
    for (Worker each : workers) {
      synchronized (each) {
        all.addAll(each.history);
      }
    }
    return all;
  }

  /** What a program would have been told as an I/O error, or has read torn. */
  List<String> errors() {
    synchronized (errors) {
      return List.copyOf(errors);
    }
  }

  int operations() {
    return history().size();
  }

  /** Writes that were acknowledged and ended after this time; count. */
  int acknowledgedSince(long nanos) {
    int count = 0;
    for (Worker each : workers) {
      synchronized (each) {
        for (int i = each.took.size() - 1; i >= 0; i--) {
          Took one = each.took.get(i);
          if (one.endNanos < nanos) {
            break;
          }
          count += one.write ? 1 : 0;
        }
      }
    }
    return count;
  }

  /** For each client the longest write that ended since this time; nanoseconds. */
  Quantiles longestWritesSince(long nanos) {
    Quantiles longest = new Quantiles();
    for (Worker each : workers) {
      long most = -1;
      synchronized (each) {
        for (int i = each.took.size() - 1; i >= 0; i--) {
          Took one = each.took.get(i);
          if (one.endNanos < nanos) {
            break;
          }
          if (one.write) {
            most = Math.max(most, one.endNanos - one.beginNanos);
          }
        }
      }
      long since = each.openSinceNanos;
      if (since >= 0) {
        most = Math.max(most, System.nanoTime() - since);
      }
      if (most >= 0) {
        longest.add(most);
      }
    }
    return longest;
  }

  /** When the first write that was asked for after this time was acknowledged; nanoseconds. */
  long firstAcknowledgedAfter(long nanos) {
    long first = Long.MAX_VALUE;
    for (Worker each : workers) {
      synchronized (each) {
        for (Took one : each.took) {
          if (one.write && one.endNanos > nanos) {
            first = Math.min(first, one.endNanos);
            break;
          }
        }
      }
    }
    return first;
  }

  @Override
  public void close() {
    open = false;
    endNanos = System.nanoTime();
    workers.forEach(each -> each.target.close());
  }
}
