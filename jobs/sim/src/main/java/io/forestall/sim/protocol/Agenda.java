package io.forestall.sim.protocol;

import java.util.PriorityQueue;

/** Simulated time: what is due happens in order of time. For one thread. */
final class Agenda {
  private final PriorityQueue<Due> queue = new PriorityQueue<>(256);
  private long nowMicros;
  private long scheduled;
  private long steps;

  /** The time reached; microseconds since the world began. */
  long nowMicros() {
    return nowMicros;
  }

  /** Steps taken; count. */
  long steps() {
    return steps;
  }

  /** Does this at that time, or now when that is past. */
  void at(long atMicros, Runnable step) {
    queue.add(new Due(Math.max(atMicros, nowMicros), scheduled++, step));
  }

  /** Does this after so long. */
  void after(long delayMicros, Runnable step) {
    at(nowMicros + delayMicros, step);
  }

  /** When the next step is due, {@code Long.MAX_VALUE} when none is. */
  long nextMicros() {
    Due due = queue.peek();
    return due == null ? Long.MAX_VALUE : due.atMicros;
  }

  /** Takes the next step, which must exist. */
  void step() {
    Due due = queue.remove();
    nowMicros = due.atMicros;
    steps++;
    due.step.run();
  }

  private record Due(long atMicros, long order, Runnable step) implements Comparable<Due> {
    @Override
    public int compareTo(Due other) {
      int byTime = Long.compare(atMicros, other.atMicros);
      return byTime != 0 ? byTime : Long.compare(order, other.order);
    }
  }
}
