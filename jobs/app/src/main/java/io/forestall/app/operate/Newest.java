package io.forestall.app.operate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.ToLongFunction;

/** Keeps the newest of what goes by, at most so many. Not thread-safe. */
public final class Newest<T> {
  private final int most;
  private final Comparator<T> byTime;
  private final PriorityQueue<T> kept;
  private long seen;

  /**
   * Keeps so many.
   *
   * @param most count
   * @param timeMillis by what they are compared
   */
  public Newest(int most, ToLongFunction<T> timeMillis) {
    this.most = most;
    this.byTime = Comparator.comparingLong(timeMillis);
    this.kept = new PriorityQueue<>(byTime);
  }

  /** Looks at the next. */
  public void add(T one) {
    seen++;
    kept.add(one);
    if (kept.size() > most) {
      kept.poll();
    }
  }

  /** How many went by. */
  public long seen() {
    return seen;
  }

  /** What was kept, the newest first. */
  public List<T> newestFirst() {
    List<T> all = new ArrayList<>(kept);
    all.sort(byTime.reversed());
    return all;
  }
}
