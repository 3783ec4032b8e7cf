package io.forestall.risk.learn;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * The disks of one failure mode that train and those that judge, bounded. Row A4.
 *
 * <p>Disks that failed are kept before all others, and the newest failures replace the oldest.
 * Healthy disks are those with the lowest number by their serial, so that the choice is the same in
 * any order of arrival. Disks that judge are told apart by another number of their serial: a disk
 * of one part never comes into the other. Of a disk the newest history counts. For one thread.
 */
public final class Reservoir {

  /**
   * How many disks are kept.
   *
   * @param failing that train and failed, at least 1
   * @param healthy that train and did not, at least 1
   * @param heldOutFailing that judge and failed, at least 1
   * @param heldOutHealthy that judge and did not, at least 1
   * @param heldOutShare of all disks that judge, above 0, below 1
   */
  public record Bounds(
      int failing, int healthy, int heldOutFailing, int heldOutHealthy, double heldOutShare) {
    /**
     * @throws IllegalArgumentException when a bound is out of its range
     */
    public Bounds {
      if (failing < 1 || healthy < 1 || heldOutFailing < 1 || heldOutHealthy < 1) {
        throw new IllegalArgumentException("a reservoir has room for one disk of each class");
      }
      if (!(heldOutShare > 0 && heldOutShare < 1)) {
        throw new IllegalArgumentException(
            "the share of disks that judge is above 0 and below 1, not " + heldOutShare);
      }
    }
  }

  private final Bounds bounds;
  private final Consumer<String> evicted;
  private final Map<String, DriveLog> all = new HashMap<>();
  private final Part training;
  private final Part heldOut;
  private long heapBytes;

  /** Disks of one part by the order in which they are kept. */
  private final class Part {
    private final TreeSet<DriveLog> failing =
        new TreeSet<>(
            Comparator.comparingInt((DriveLog log) -> -log.failureDay())
                .thenComparingLong(log -> SerialHash.rank(log.serial()))
                .thenComparing(DriveLog::serial));
    private final TreeSet<DriveLog> healthy =
        new TreeSet<>(
            Comparator.comparingLong((DriveLog log) -> SerialHash.rank(log.serial()))
                .thenComparing(DriveLog::serial));

    private final int mostFailing;
    private final int mostHealthy;

    Part(int mostFailing, int mostHealthy) {
      this.mostFailing = mostFailing;
      this.mostHealthy = mostHealthy;
    }

    TreeSet<DriveLog> of(DriveLog log) {
      return log.failureDay() != DriveLog.NEVER ? failing : healthy;
    }

    void bound() {
      while (failing.size() > mostFailing) {
        drop(failing.last());
      }
      while (healthy.size() > mostHealthy) {
        drop(healthy.last());
      }
    }

    private void drop(DriveLog log) {
      remove(log);
      evicted.accept(log.serial());
    }
  }

  /**
   * An empty reservoir.
   *
   * @param evicted hears the serial of each disk that gives way
   */
  public Reservoir(Bounds bounds, Consumer<String> evicted) {
    this.bounds = bounds;
    this.evicted = evicted;
    this.training = new Part(bounds.failing(), bounds.healthy());
    this.heldOut = new Part(bounds.heldOutFailing(), bounds.heldOutHealthy());
  }

  /**
   * Takes a disk's history in, in place of its former one.
   *
   * @param log not empty; kept, and not to be written to from now on
   * @return false when it found no room
   */
  public boolean put(DriveLog log) {
    DriveLog former = all.get(log.serial());
    if (former != null) {
      remove(former);
    }
    Part part = part(log.serial());
    all.put(log.serial(), log);
    part.of(log).add(log);
    heapBytes += log.heapBytes();
    part.bound();
    return all.containsKey(log.serial());
  }

  /** Forgets disks that were last heard of before an epoch day. */
  public void expire(int day) {
    List<DriveLog> old = new ArrayList<>();
    for (DriveLog log : all.values()) {
      if (log.lastDay() < day) {
        old.add(log);
      }
    }
    for (DriveLog log : old) {
      part(log.serial()).drop(log);
    }
  }

  private void remove(DriveLog log) {
    part(log.serial()).of(log).remove(log);
    all.remove(log.serial());
    heapBytes -= log.heapBytes();
  }

  private Part part(String serial) {
    return isHeldOut(serial) ? heldOut : training;
  }

  /** True when a disk judges, false when it trains. */
  public boolean isHeldOut(String serial) {
    return SerialHash.heldOut(serial, bounds.heldOutShare());
  }

  /** All disks, in no order; a view. */
  public Collection<DriveLog> disks() {
    return all.values();
  }

  /** Number of disks. */
  public int size() {
    return all.size();
  }

  /** About what all of it takes on the heap; bytes. */
  public long heapBytes() {
    return heapBytes;
  }
}
