package io.forestall.nodes.node;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A few threads that touch the copies: what is asked for one unit happens in the order it was asked
 * for, because a unit always has the same thread. Safe for threads.
 */
final class UnitThreads implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(UnitThreads.class);
  private final List<Lane> lanes = new ArrayList<>();

  UnitThreads(int count) {
    for (int i = 0; i < count; i++) {
      Lane lane = new Lane("forestall-unit-" + i);
      lanes.add(lane);
      lane.thread.start();
    }
  }

  /** Runs a task behind all that were given for the unit before. */
  void execute(String unit, Runnable task) {
    lanes.get(Math.floorMod(unit.hashCode(), lanes.size())).add(task);
  }

  /** Tasks that wait; count. */
  int waiting() {
    int sum = 0;
    for (Lane lane : lanes) {
      sum += lane.waiting();
    }
    return sum;
  }

  /** Ends once all that was given is done, or after ten seconds. */
  @Override
  public void close() {
    for (Lane lane : lanes) {
      lane.close();
    }
    for (Lane lane : lanes) {
      try {
        lane.thread.join(10_000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private static final class Lane {
    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
    private boolean closed;
    private final Thread thread;

    Lane(String name) {
      thread = new Thread(this::run, name);
      thread.setDaemon(true);
    }

    synchronized void add(Runnable task) {
      waiting.add(task);
      if (waiting.size() == 1) {
        notifyAll();
      }
    }

    synchronized int waiting() {
      return waiting.size();
    }

    synchronized void close() {
      closed = true;
      notifyAll();
    }

    private void run() {
      while (true) {
        Runnable task;
        synchronized (this) {
          while (waiting.isEmpty() && !closed) {
            try {
              wait();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
              return;
            }
          }
          task = waiting.poll();
          if (task == null) {
            return;
          }
        }
        try {
          task.run();
        } catch (RuntimeException e) {
          LOG.error("A task of {} failed", thread.getName(), e);
        }
      }
    }
  }
}
