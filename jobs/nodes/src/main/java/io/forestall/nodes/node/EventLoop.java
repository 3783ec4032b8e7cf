package io.forestall.nodes.node;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that does what is handed to it, in order, and wakes for what is due. What waits is
 * taken all at once. Handing over is safe for threads and never blocks.
 */
final class EventLoop implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EventLoop.class);

  /** What is due when. */
  interface Alarm {
    /** When {@link #due} must be called next, by {@link EventLoop#nowMillis}. */
    long atMillis();

    /** Does what is due. */
    void due();
  }

  private final Object lock = new Object();
  private List<Runnable> waiting = new ArrayList<>();
  private boolean asleep;
  private boolean closed;
  private final Thread thread;
  private final Alarm alarm;
  private final Runnable died;

  /**
   * A loop that is not started.
   *
   * @param died called once when a task throws: the thread ends, because its state is not to be
   *     trusted any more
   */
  EventLoop(String name, Alarm alarm, Runnable died) {
    this.alarm = alarm;
    this.died = died;
    this.thread = new Thread(this::run, name);
    this.thread.setDaemon(true);
  }

  /** Milliseconds of the monotonic clock. */
  static long nowMillis() {
    return System.nanoTime() / 1_000_000L;
  }

  void start() {
    thread.start();
  }

  /** Hands over a task. After the end of the loop it is dropped. */
  void execute(Runnable task) {
    boolean wake;
    synchronized (lock) {
      waiting.add(task);
      wake = asleep;
      asleep = false;
    }
    if (wake) {
      LockSupport.unpark(thread);
    }
  }

  /** Tasks that wait; count. */
  int waiting() {
    synchronized (lock) {
      return waiting.size();
    }
  }

  private void run() {
    List<Runnable> batch = new ArrayList<>();
    LongSupplier clock = EventLoop::nowMillis;
    try {
      while (true) {
        synchronized (lock) {
          if (waiting.isEmpty()) {
            if (closed) {
              return;
            }
            asleep = true;
          } else {
            asleep = false;
            List<Runnable> taken = waiting;
            waiting = batch;
            batch = taken;
          }
        }
        if (batch.isEmpty()) {
          long at = alarm.atMillis();
          long left = at == Long.MAX_VALUE ? 60_000 : at - clock.getAsLong();
          if (left > 0) {
            LockSupport.parkNanos(this, left * 1_000_000L);
          }
        }
        for (Runnable task : batch) {
          task.run();
        }
        batch.clear();
        if (alarm.atMillis() <= clock.getAsLong()) {
          alarm.due();
        }
      }
    } catch (RuntimeException | Error e) {
      LOG.error("{} met what it must not meet, and ends", thread.getName(), e);
      synchronized (lock) {
        closed = true;
      }
      died.run();
    }
  }

  /** Does what waits and ends; waits for it unless the loop itself calls. */
  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      asleep = false;
    }
    LockSupport.unpark(thread);
    if (Thread.currentThread() == thread) {
      return;
    }
    try {
      thread.join(10_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
