package io.forestall.dl4j;

import io.forestall.risk.DiskMetric;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Everything one drive reported, a sample a day, and how it ended. The end serves labels only:
 * nothing of it reaches a sample. Days are epoch days (days since 1970-01-01, UTC). Immutable after
 * building.
 */
public final class DriveHistory {
  /** Stands for "this drive did not fail while it was observed". */
  public static final int NEVER = Integer.MAX_VALUE;

  /** Power-on hours that a day adds, as far as anyone knows on that day. */
  static final double HOURS_PER_DAY = 24.0;

  private static final int POWER_ON_HOURS = DiskMetric.POWER_ON_HOURS.ordinal();

  private final String serial;
  private final @Nullable String model;
  private final int firstDay;
  private final int lastDay;
  private final int failureDay;
  private final double firstHours;
  private final int[] rowDays;
  private final double[][] rows;
  private final boolean everyDay;

  private DriveHistory(
      String serial,
      @Nullable String model,
      int firstDay,
      int lastDay,
      int failureDay,
      double firstHours,
      int[] rowDays,
      double[][] rows,
      boolean everyDay) {
    if (rowDays.length == 0 || rowDays.length != rows.length) {
      throw new IllegalArgumentException("drive " + serial + " has no rows");
    }
    this.serial = serial;
    this.model = model;
    this.firstDay = firstDay;
    this.lastDay = lastDay;
    this.failureDay = failureDay;
    this.firstHours = firstHours;
    this.rowDays = rowDays;
    this.rows = rows;
    this.everyDay = everyDay;
  }

  /**
   * From a change log: a row holds from its day until the next row's day, and each day between
   * gives a sample. The failure day gives none. Power-on hours of a day are the first day's hours
   * and 24 for each day since, so that nothing later than the day is used.
   *
   * @param serial the drive
   * @param model its model, if known
   * @param firstDay first day with a record
   * @param lastDay last day with a record, inclusive; the day of failure if it failed
   * @param failed whether it failed on {@code lastDay}
   * @param firstHours power-on hours on {@code firstDay}, NaN if unknown
   * @param rowDays ascending days of change; of several rows of a day the last holds
   * @param rows values by {@link DiskMetric#ordinal()}, NaN where absent
   */
  static DriveHistory ofChanges(
      String serial,
      @Nullable String model,
      int firstDay,
      int lastDay,
      boolean failed,
      double firstHours,
      int[] rowDays,
      double[][] rows) {
    return new DriveHistory(
        serial,
        model,
        firstDay,
        failed ? lastDay - 1 : lastDay,
        failed ? lastDay : NEVER,
        firstHours,
        rowDays,
        rows,
        true);
  }

  /**
   * From daily rows: one sample a row.
   *
   * @param serial the drive
   * @param model its model, if known
   * @param failureDay day of failure or {@link #NEVER}
   * @param rowDays strictly ascending days
   * @param rows values by {@link DiskMetric#ordinal()}, NaN where absent
   */
  static DriveHistory ofDays(
      String serial, @Nullable String model, int failureDay, int[] rowDays, double[][] rows) {
    if (rowDays.length == 0) {
      throw new IllegalArgumentException("drive " + serial + " has no rows");
    }
    return new DriveHistory(
        serial,
        model,
        rowDays[0],
        rowDays[rowDays.length - 1],
        failureDay,
        Double.NaN,
        rowDays,
        rows,
        false);
  }

  /**
   * What was known on a day: no later row, and no end.
   *
   * @param day of a sample
   */
  DriveHistory until(int day) {
    int kept = 1;
    while (kept < rowDays.length && rowDays[kept] <= day) {
      kept++;
    }
    return new DriveHistory(
        serial,
        model,
        firstDay,
        day,
        NEVER,
        firstHours,
        Arrays.copyOf(rowDays, kept),
        Arrays.copyOf(rows, kept),
        everyDay);
  }

  /** The drive. Used to group and to split, never as a feature. */
  public String serial() {
    return serial;
  }

  /** The drive's model, if known. */
  public @Nullable String model() {
    return model;
  }

  /** Number of daily samples, at least 0 (a drive that failed on its first day has none). */
  public int samples() {
    return everyDay ? Math.max(0, lastDay - firstDay + 1) : rowDays.length;
  }

  /**
   * Day of a sample.
   *
   * @param index from 0 to {@link #samples()} - 1
   */
  public int day(int index) {
    return everyDay ? firstDay + index : rowDays[index];
  }

  /**
   * Index of the first sample on or after a day, {@link #samples()} if there is none.
   *
   * @param day an epoch day
   */
  public int indexAtOrAfter(int day) {
    int samples = samples();
    if (everyDay) {
      return Math.max(0, Math.min(samples, day - firstDay));
    }
    int found = Arrays.binarySearch(rowDays, day);
    return found >= 0 ? found : -found - 1;
  }

  /** First day with a sample. */
  public int firstDay() {
    return firstDay;
  }

  /** Last day with a sample. */
  public int lastDay() {
    return lastDay;
  }

  /** Day of failure, or {@link #NEVER}: a label, never a feature. */
  public int failureDay() {
    return failureDay;
  }

  /**
   * The values of a sample: what was known on its day.
   *
   * @param index from 0 to {@link #samples()} - 1
   * @param values filled by {@link DiskMetric#ordinal()}, NaN where absent
   */
  public void values(int index, double[] values) {
    int day = day(index);
    int row = index;
    if (everyDay) {
      // The last of the rows whose day is not later; before the first row, the first.
      int low = 0;
      int high = rowDays.length - 1;
      while (low < high) {
        int middle = (low + high + 1) >>> 1;
        if (rowDays[middle] <= day) {
          low = middle;
        } else {
          high = middle - 1;
        }
      }
      row = low;
    }
    System.arraycopy(rows[row], 0, values, 0, values.length);
    if (everyDay) {
      values[POWER_ON_HOURS] = firstHours + HOURS_PER_DAY * (day - firstDay);
    }
  }

  /**
   * Whether the drive fails within a horizon after a day, as far as the record tells.
   *
   * @param day an epoch day
   * @param horizonDays at least 1
   * @return {@link Label#UNKNOWN} when the drive was not seen long enough to say no, and on the
   *     failure day itself
   */
  public Label label(int day, int horizonDays) {
    if (failureDay != NEVER) {
      int ahead = failureDay - day;
      if (ahead < 1) {
        return Label.UNKNOWN;
      }
      return ahead <= horizonDays ? Label.FAILS : Label.SURVIVES;
    }
    return day + horizonDays <= lastDay ? Label.SURVIVES : Label.UNKNOWN;
  }

  /** What became of a drive within the horizon. */
  public enum Label {
    /** It failed within the horizon. */
    FAILS,
    /** It was seen alive after the horizon. */
    SURVIVES,
    /** Nobody knows: observation ended first. Masked, never counted as alive. */
    UNKNOWN
  }
}
