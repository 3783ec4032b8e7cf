package io.forestall.sim.world;

import java.util.PriorityQueue;

/**
 * Simulated time: what is due happens in order of time, and in a thrown order at the same
 * millisecond. For one thread.
 */
final class Timeline {
  private final PriorityQueue<Due> queue = new PriorityQueue<>();
  private final Dice dice;
  private long nowMillis;
  private long scheduled;

  Timeline(long startMillis, Dice dice) {
    this.nowMillis = startMillis;
    this.dice = dice;
  }

  /** The time reached; milliseconds since 1970-01-01 UTC. */
  long nowMillis() {
    return nowMillis;
  }

  /** Does this at that time, or now when that is past. */
  void at(long atMillis, Runnable step) {
    queue.add(new Due(Math.max(atMillis, nowMillis), dice.next(), scheduled++, step));
  }

  /** Does this after so long. */
  void after(long delayMillis, Runnable step) {
    at(nowMillis + delayMillis, step);
  }

  /** When the next step is due, {@code Long.MAX_VALUE} when none is. */
  long nextMillis() {
    Due due = queue.peek();
    return due == null ? Long.MAX_VALUE : due.atMillis;
  }

  /** Takes the next step, which must exist. */
  void step() {
    Due due = queue.remove();
    nowMillis = due.atMillis;
    due.step.run();
  }

  private record Due(long atMillis, long lot, long order, Runnable step)
      implements Comparable<Due> {
    @Override
    public int compareTo(Due other) {
      int byTime = Long.compare(atMillis, other.atMillis);
      if (byTime != 0) {
        return byTime;
      }
      int byLot = Long.compare(lot, other.lot);
      return byLot != 0 ? byLot : Long.compare(order, other.order);
    }
  }
}
