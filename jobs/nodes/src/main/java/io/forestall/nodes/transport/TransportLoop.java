package io.forestall.nodes.transport;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.Iterator;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that reads for any number of connections. Writers write from their own threads as long
 * as the socket takes it, and leave the rest to this thread. Safe for threads.
 */
public final class TransportLoop implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TransportLoop.class);
  private static final int STAGING_BYTES = 256 * 1024;

  /** What is called when a channel can do something; on the loop's thread. */
  interface Ready {
    void ready(SelectionKey key);
  }

  private record Timer(long atNanos, long number, Runnable task) implements Comparable<Timer> {
    @Override
    public int compareTo(Timer other) {
      int byTime = Long.signum(atNanos - other.atNanos);
      return byTime != 0 ? byTime : Long.compare(number, other.number);
    }
  }

  private final Selector selector;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final PriorityQueue<Timer> timers = new PriorityQueue<>();
  private final AtomicLong timerNumbers = new AtomicLong();
  private final ByteBuffer staging = ByteBuffer.allocateDirect(STAGING_BYTES);
  private final Thread thread;
  private volatile boolean closed;

  private TransportLoop(String name) throws IOException {
    selector = Selector.open();
    thread = new Thread(this::run, name);
    thread.setDaemon(true);
  }

  /**
   * Starts the thread.
   *
   * @param name of the thread
   * @throws UncheckedIOException when the system has no more file handles
   */
  public static TransportLoop open(String name) {
    try {
      TransportLoop loop = new TransportLoop(name);
      loop.thread.start();
      return loop;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start " + name + ": " + e.getMessage(), e);
    }
  }

  Selector selector() {
    return selector;
  }

  /** The buffer that everything is read into; only for the loop's thread. */
  ByteBuffer staging() {
    return staging;
  }

  /** Runs something on the loop's thread, soon. */
  void execute(Runnable task) {
    tasks.add(task);
    selector.wakeup();
  }

  /** Runs something on the loop's thread, later. */
  public void later(long millis, Runnable task) {
    long at = System.nanoTime() + millis * 1_000_000L;
    execute(() -> timers.add(new Timer(at, timerNumbers.incrementAndGet(), task)));
  }

  private void run() {
    while (!closed) {
      try {
        Timer next = timers.peek();
        if (!tasks.isEmpty()) {
          selector.selectNow();
        } else if (next == null) {
          selector.select();
        } else {
          long millis = (next.atNanos() - System.nanoTime() + 999_999L) / 1_000_000L;
          if (millis <= 0) {
            selector.selectNow();
          } else {
            selector.select(millis);
          }
        }
        Runnable task;
        while ((task = tasks.poll()) != null) {
          guarded(task);
        }
        while ((next = timers.peek()) != null && next.atNanos() - System.nanoTime() <= 0) {
          timers.remove();
          guarded(next.task());
        }
        Iterator<SelectionKey> keys = selector.selectedKeys().iterator();
        while (keys.hasNext()) {
          SelectionKey key = keys.next();
          keys.remove();
          if (key.isValid()) {
            ((Ready) key.attachment()).ready(key);
          }
        }
      } catch (IOException | RuntimeException e) {
        LOG.error("The data plane met what it must not meet, and goes on", e);
      }
    }
    for (SelectionKey key : selector.keys()) {
      try {
        key.channel().close();
      } catch (IOException e) {
        LOG.debug("A channel did not close", e);
      }
    }
    try {
      selector.close();
    } catch (IOException e) {
      LOG.debug("The selector did not close", e);
    }
  }

  private static void guarded(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      LOG.error("A task of the data plane failed", e);
    }
  }

  /** Closes every connection and ends the thread. */
  @Override
  public void close() {
    closed = true;
    selector.wakeup();
    if (Thread.currentThread() == thread) {
      return;
    }
    try {
      thread.join(5_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
