package io.forestall.risk.learn;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;

/**
 * Counts failures by day, and knows the weeks in which more of the fleet "failed" than can be true:
 * a broken exporter, a replayed file, a hand that slipped. Failures of such weeks are no labels.
 * Row A4. For one thread.
 */
public final class LabelWatch {

  /** So many failures a week are believed of any fleet. */
  public static final int BELIEVED = 20;

  private static final int WEEK_DAYS = 7;

  private final TreeMap<Integer, Integer> failures = new TreeMap<>();
  private long living;

  /** Counts a failure of an epoch day. */
  public void failed(int day) {
    failures.merge(day, 1, Integer::sum);
  }

  /** Says how many disks report now. */
  public void living(long disks) {
    living = disks;
  }

  /** How many disks reported when it was last said. */
  public long living() {
    return living;
  }

  /** Failures from one epoch day to another, both included; count. */
  public long failures(int fromDay, int toDay) {
    return fromDay > toDay
        ? 0
        : failures.subMap(fromDay, true, toDay, true).values().stream()
            .mapToLong(each -> each)
            .sum();
  }

  /**
   * Whether a day lies in a week with more failures than can be true.
   *
   * @param day epoch day
   * @param mostShare largest share of the disks that may fail in a week, 0 to 1
   */
  public boolean poisoned(int day, double mostShare) {
    for (int first = day - WEEK_DAYS + 1; first <= day; first++) {
      long week = failures(first, first + WEEK_DAYS - 1);
      if (week > BELIEVED && week > mostShare * (living + week)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Failures that lie in weeks with more than can be true.
   *
   * @param fromDay first epoch day
   * @param toDay last epoch day
   * @param mostShare as of {@link #poisoned}
   */
  public long poisonedFailures(int fromDay, int toDay, double mostShare) {
    long count = 0;
    if (fromDay <= toDay) {
      for (Map.Entry<Integer, Integer> each :
          failures.subMap(fromDay, true, toDay, true).entrySet()) {
        count += poisoned(each.getKey(), mostShare) ? each.getValue() : 0;
      }
    }
    return count;
  }

  /** Forgets days before an epoch day. */
  public void forget(int day) {
    failures.headMap(day).clear();
  }

  /** Writes it. */
  public void write(DataOutput out) throws IOException {
    out.writeLong(living);
    out.writeInt(failures.size());
    for (Map.Entry<Integer, Integer> each : failures.entrySet()) {
      out.writeInt(each.getKey());
      out.writeInt(each.getValue());
    }
  }

  /** Reads what {@link #write} wrote. */
  public static LabelWatch read(DataInput in) throws IOException {
    LabelWatch watch = new LabelWatch();
    watch.living = in.readLong();
    for (int i = in.readInt(); i > 0; i--) {
      watch.failures.put(in.readInt(), in.readInt());
    }
    return watch;
  }
}
