package io.forestall.risk.learn;

import io.forestall.risk.DiskMetric;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one disk reported while it was watched, as compact as it goes, and how that ended. Row A4.
 *
 * <p>A row is kept when a counter of errors changed, and once a week for what changes all the time
 * (temperature, rates, hours), so a row holds until the next one; beside the rows stands on which
 * days the disk was heard of. Of several samples of a day the last counts. Days are epoch days
 * (days since 1970-01-01, UTC).
 *
 * <p>What happens to a history that is not as it should be:
 *
 * <ul>
 *   <li>A sample of a day before the newest one is late and changes nothing. But if the newest days
 *       lie ahead of event time, a clock was wrong: they are taken back.
 *   <li>A day without a sample is a gap; nothing is made up for it.
 *   <li>A failure that is told before the disk's last samples have come waits for them. Samples
 *       from the day of failure on are no part of the history.
 *   <li>A failure of a day after which the disk reported for longer than {@value #GRACE_DAYS} days
 *       is contradicted, and not believed.
 *   <li>A disk that reports again after its failure, later than these days, begins a new history:
 *       what became of the old one is not known.
 * </ul>
 *
 * <p>For one thread.
 */
public final class DriveLog {

  /** Stands for "no failure is known"; also for "no day". */
  public static final int NEVER = Integer.MAX_VALUE;

  /** How long a disk may go on reporting around the day of its failure; days. */
  public static final int GRACE_DAYS = 3;

  /** How old what changes all the time may get in a row; days. */
  static final int REFRESH_DAYS = 7;

  private static final int VERSION = 1;
  private static final int WORD = Long.SIZE;
  private static final double HOURS_A_DAY = 24;
  private static final int HOURS = DiskMetric.POWER_ON_HOURS.ordinal();
  private static final int LEFT = 1;
  private static final int TOLD = 2;

  /** What changes all the time, and is no sign when it does. */
  private static final boolean[] FLOWING = flowing();

  /** What became of something that was said of a disk. */
  public enum Taken {
    /** A new day. */
    DAY,
    /** A day that was known, with another or the same content. */
    SAME_DAY,
    /** The first of a new history after a failure. */
    CAME_BACK,
    /** A new day; days ahead of it were taken back. */
    TOOK_BACK,
    /** Of a day before the newest: not taken. */
    LATE,
    /** Of the day of failure or the days of grace: not taken. */
    AFTER_FAILURE,
    /** The failure is believed. */
    FAILED,
    /** The failure was known. */
    KNOWN,
    /** The disk reported for long after that day: the failure is not believed. */
    CONTRADICTED
  }

  /**
   * How much is kept of a disk.
   *
   * @param days newest days that are kept, at least 30; up to 64 more are
   * @param rows newest rows that are kept, at least 2; with the older rows their days go
   */
  public record Bounds(int days, int rows) {
    /**
     * @throws IllegalArgumentException when a bound is too small
     */
    public Bounds {
      if (days < 30 || rows < 2) {
        throw new IllegalArgumentException(
            "a history has at least 30 days and 2 rows, not " + days + " and " + rows);
      }
    }
  }

  private final String serial;
  private @Nullable String model;
  private int failureDay = NEVER;
  private boolean left;
  private boolean failureTold;

  /** First day of the history; without a sample {@link #NEVER}. */
  private int firstDay = NEVER;

  private int lastDay = Integer.MIN_VALUE;

  /** Day of the lowest bit in {@link #seen}, a multiple of 64. */
  private int seenBase;

  private long[] seen = {};
  private int rowCount;
  private int[] rowDays = {};

  /** Rows are replaced and never written to, so that copies may share them. */
  private double[][] rows = {};

  /** An empty history of a disk, its serial number. */
  public DriveLog(String serial) {
    this.serial = serial;
  }

  private static boolean[] flowing() {
    boolean[] flowing = new boolean[DiskMetric.COUNT];
    for (DiskMetric metric :
        List.of(
            DiskMetric.READ_ERROR_RATE,
            DiskMetric.SEEK_ERROR_RATE,
            DiskMetric.POWER_ON_HOURS,
            DiskMetric.AIRFLOW_TEMPERATURE,
            DiskMetric.LOAD_CYCLES,
            DiskMetric.TEMPERATURE,
            DiskMetric.BLOCKS_WRITTEN,
            DiskMetric.BLOCKS_READ)) {
      flowing[metric.ordinal()] = true;
    }
    return flowing;
  }

  // ---- what is told

  /**
   * Takes a sample in.
   *
   * @param day epoch day of the sample
   * @param driveModel drive model, null when unknown
   * @param values by {@link DiskMetric#ordinal()}, NaN where absent; not kept, copied
   * @param eventDay epoch day that event time has reached; whatever is later may be taken back
   */
  public Taken take(
      int day, @Nullable String driveModel, double[] values, int eventDay, Bounds bounds) {
    Taken taken = Taken.DAY;
    if (failureDay != NEVER && day >= failureDay) {
      if (day <= failureDay + GRACE_DAYS) {
        return Taken.AFTER_FAILURE;
      }
      restart();
      taken = Taken.CAME_BACK;
    }
    if (!isEmpty() && day < lastDay) {
      if (day < eventDay || lastDay <= eventDay) {
        return Taken.LATE;
      }
      takeBack(day);
      taken = Taken.TOOK_BACK;
    }
    if (driveModel != null) {
      model = driveModel;
    }
    left = false;
    if (isEmpty()) {
      firstDay = day;
      seenBase = day & -WORD;
    } else if (day == lastDay && taken == Taken.DAY) {
      taken = Taken.SAME_DAY;
    }
    lastDay = day;
    see(day);
    keep(day, values);
    trim(bounds);
    return taken;
  }

  /**
   * Says that the disk failed.
   *
   * @param day epoch day
   */
  public Taken fail(int day) {
    if (failureDay != NEVER) {
      return Taken.KNOWN;
    }
    if (!isEmpty() && (lastDay > day + GRACE_DAYS || day < firstDay)) {
      return Taken.CONTRADICTED;
    }
    failureDay = day;
    failureTold = false;
    if (!isEmpty() && lastDay >= day) {
      takeBack(day - 1);
    }
    return Taken.FAILED;
  }

  /** Says that the fleet has the disk no more, until it reports again. */
  public void leave() {
    left = true;
  }

  /** Names the drive model where no sample does. */
  public void describe(String driveModel) {
    if (model == null) {
      model = driveModel;
    }
  }

  /** Notes that somebody was told of the failure. */
  public void tellFailure() {
    failureTold = true;
  }

  private void restart() {
    failureDay = NEVER;
    failureTold = false;
    clear();
  }

  private void clear() {
    firstDay = NEVER;
    lastDay = Integer.MIN_VALUE;
    seen = new long[0];
    rowCount = 0;
    rows = new double[0][];
    rowDays = new int[0];
  }

  private void see(int day) {
    int word = (day - seenBase) / WORD;
    if (word >= seen.length) {
      seen = Arrays.copyOf(seen, word + 1);
    }
    seen[word] |= 1L << (day - seenBase);
  }

  private void keep(int day, double[] values) {
    if (rowCount > 0) {
      double[] last = rows[rowCount - 1];
      boolean counters = differs(values, last, false);
      boolean stale = day - rowDays[rowCount - 1] >= REFRESH_DAYS && differs(values, last, true);
      if (rowDays[rowCount - 1] == day) {
        rows[rowCount - 1] = values.clone();
        return;
      }
      if (!counters && !stale) {
        return;
      }
    }
    if (rowCount == rows.length) {
      int room = Math.max(4, rowCount + rowCount / 2);
      rows = Arrays.copyOf(rows, room);
      rowDays = Arrays.copyOf(rowDays, room);
    }
    rowDays[rowCount] = day;
    rows[rowCount++] = values.clone();
  }

  /**
   * A number that stays the same while no counter of errors changes.
   *
   * @param values by {@link DiskMetric#ordinal()}, NaN where absent
   */
  public static int counters(double[] values) {
    int hash = 1;
    for (int i = 0; i < values.length; i++) {
      if (!FLOWING[i]) {
        hash = 31 * hash + Double.hashCode(values[i]);
      }
    }
    return hash;
  }

  private static boolean differs(double[] one, double[] other, boolean flowing) {
    for (int i = 0; i < one.length; i++) {
      // Hours go by themselves: a row's hours and the days since say them.
      if (FLOWING[i] == flowing && i != HOURS && Double.compare(one[i], other[i]) != 0) {
        return true;
      }
    }
    return false;
  }

  /** Forgets all days after one. */
  private void takeBack(int day) {
    int newest = lastSeen(day);
    if (newest == NEVER) {
      clear();
      return;
    }
    for (int later = newest + 1; later <= lastDay; later++) {
      seen[(later - seenBase) / WORD] &= ~(1L << (later - seenBase));
    }
    lastDay = newest;
    while (rowCount > 0 && rowDays[rowCount - 1] > newest) {
      rows[--rowCount] = new double[0];
    }
  }

  private int lastSeen(int day) {
    for (int each = Math.min(day, lastDay); each >= firstDay; each--) {
      if (isSeen(each)) {
        return each;
      }
    }
    return NEVER;
  }

  private void trim(Bounds bounds) {
    int drop = 0;
    // Whole words of days go at once, so that a day costs nothing most of the time.
    while (seenBase + WORD * (drop + 1) <= lastDay - bounds.days() + 1) {
      drop++;
    }
    if (drop > 0) {
      seen = Arrays.copyOfRange(seen, Math.min(drop, seen.length), seen.length);
      seenBase += WORD * drop;
      firstDay = Math.max(firstDay, seenBase);
    }
    int gone = Math.max(0, rowCount - bounds.rows());
    if (gone > 0) {
      firstDay = Math.max(firstDay, rowDays[gone]);
    }
    while (gone + 1 < rowCount && rowDays[gone + 1] <= firstDay) {
      gone++;
    }
    if (gone > 0) {
      rows = Arrays.copyOfRange(rows, gone, rowCount);
      rowDays = Arrays.copyOfRange(rowDays, gone, rowCount);
      rowCount -= gone;
    }
    // The first day is one on which the disk was heard of.
    while (firstDay < lastDay && !isSeen(firstDay)) {
      firstDay++;
    }
  }

  // ---- what is known

  /** The disk. Groups and splits; never a feature. */
  public String serial() {
    return serial;
  }

  /** Its drive model, null when unknown. */
  public @Nullable String model() {
    return model;
  }

  /** True without any day. */
  public boolean isEmpty() {
    return rowCount == 0;
  }

  /** First epoch day with a sample, {@link #NEVER} without any. */
  public int firstDay() {
    return firstDay;
  }

  /** Last epoch day with a sample, {@code Integer.MIN_VALUE} without any. */
  public int lastDay() {
    return lastDay;
  }

  /** Epoch day of failure, {@link #NEVER} when none is known: a label, never a feature. */
  public int failureDay() {
    return failureDay;
  }

  /** True once the fleet has it no more. */
  public boolean left() {
    return left;
  }

  /** True once somebody was told of the failure. */
  public boolean failureTold() {
    return failureTold;
  }

  /** Rows that are kept; count. */
  public int rowCount() {
    return rowCount;
  }

  /** True when it was heard of on an epoch day. */
  public boolean isSeen(int day) {
    int word = (day - seenBase) / WORD;
    return day >= firstDay
        && day <= lastDay
        && word < seen.length
        && (seen[word] & (1L << (day - seenBase))) != 0;
  }

  /** Days on which it was heard of, ascending. */
  public int[] days() {
    int[] days = new int[isEmpty() ? 0 : lastDay - firstDay + 1];
    int count = 0;
    for (int day = firstDay; count < days.length && day <= lastDay; day++) {
      if (isSeen(day)) {
        days[count++] = day;
      }
    }
    return Arrays.copyOf(days, count);
  }

  /** Epoch day of a row. A first row of a day before {@link #firstDay()} holds on it. */
  public int rowDay(int row) {
    return rowDays[row];
  }

  /** Values of a row by {@link DiskMetric#ordinal()}, NaN where absent; do not write to it. */
  public double[] row(int row) {
    return rows[row];
  }

  /**
   * The values that were known on a day: those of the newest row that is not later, its power-on
   * hours counted on.
   *
   * @param day from {@link #firstDay()} to {@link #lastDay()}
   */
  public double[] values(int day) {
    int row = 0;
    while (row + 1 < rowCount && rowDays[row + 1] <= day) {
      row++;
    }
    double[] values = rows[row].clone();
    values[HOURS] += HOURS_A_DAY * (day - rowDays[row]);
    return values;
  }

  /** The label of a day. */
  public Label label(int day, int horizonDays) {
    return Label.of(day, lastDay, failureDay, horizonDays);
  }

  /**
   * The history as it was known at the end of a day: nothing later is in it, not even that a
   * failure was to come.
   *
   * @param day epoch day
   * @return null when there was no sample yet
   */
  public @Nullable DriveLog cut(int day) {
    DriveLog cut = copy();
    if (failureDay != NEVER && failureDay > day) {
      cut.failureDay = NEVER;
    }
    if (!isEmpty() && lastDay > day) {
      cut.takeBack(day);
    }
    return cut.isEmpty() ? null : cut;
  }

  /** The same history with the failure unknown: how it ended is masked. */
  public DriveLog censored() {
    DriveLog censored = copy();
    censored.failureDay = NEVER;
    return censored;
  }

  private DriveLog copy() {
    DriveLog copy = new DriveLog(serial);
    copy.model = model;
    copy.failureDay = failureDay;
    copy.left = left;
    copy.failureTold = failureTold;
    copy.firstDay = firstDay;
    copy.lastDay = lastDay;
    copy.seenBase = seenBase;
    copy.seen = seen.clone();
    copy.rowCount = rowCount;
    copy.rowDays = Arrays.copyOf(rowDays, rowCount);
    copy.rows = Arrays.copyOf(rows, rowCount);
    return copy;
  }

  /** About what it takes on the heap; bytes. */
  public long heapBytes() {
    return 160 + 2L * serial.length() + 8L * seen.length + rowCount * (24L + 8 * DiskMetric.COUNT);
  }

  // ---- bytes

  /** Writes it. */
  public void write(DataOutput out) throws IOException {
    out.writeByte(VERSION);
    out.writeUTF(serial);
    out.writeUTF(model == null ? "" : model);
    out.writeInt(failureDay);
    out.writeByte((left ? LEFT : 0) | (failureTold ? TOLD : 0));
    out.writeInt(firstDay);
    out.writeInt(lastDay);
    out.writeInt(seenBase);
    out.writeShort(seen.length);
    for (long word : seen) {
      out.writeLong(word);
    }
    out.writeByte(DiskMetric.COUNT);
    out.writeShort(rowCount);
    double[] before = new double[DiskMetric.COUNT];
    Arrays.fill(before, Double.NaN);
    for (int row = 0; row < rowCount; row++) {
      out.writeInt(rowDays[row]);
      int changed = 0;
      for (int i = 0; i < before.length; i++) {
        changed |= Double.compare(before[i], rows[row][i]) != 0 ? 1 << i : 0;
      }
      out.writeInt(changed);
      for (int i = 0; i < before.length; i++) {
        if ((changed & (1 << i)) != 0) {
          out.writeDouble(rows[row][i]);
        }
      }
      before = rows[row];
    }
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws IOException when it is of a newer release
   */
  public static DriveLog read(DataInput in) throws IOException {
    int version = in.readUnsignedByte();
    if (version != VERSION) {
      throw new IOException(
          "history of a disk: format "
              + version
              + " is unknown to this build; start the release that wrote it, or a newer one");
    }
    DriveLog log = new DriveLog(in.readUTF());
    String model = in.readUTF();
    log.model = model.isEmpty() ? null : model;
    log.failureDay = in.readInt();
    int flags = in.readUnsignedByte();
    log.left = (flags & LEFT) != 0;
    log.failureTold = (flags & TOLD) != 0;
    log.firstDay = in.readInt();
    log.lastDay = in.readInt();
    log.seenBase = in.readInt();
    log.seen = new long[in.readUnsignedShort()];
    for (int i = 0; i < log.seen.length; i++) {
      log.seen[i] = in.readLong();
    }
    int metrics = in.readUnsignedByte();
    log.rowCount = in.readUnsignedShort();
    log.rowDays = new int[log.rowCount];
    List<double[]> rows = new ArrayList<>(log.rowCount);
    double[] before = new double[DiskMetric.COUNT];
    Arrays.fill(before, Double.NaN);
    for (int row = 0; row < log.rowCount; row++) {
      log.rowDays[row] = in.readInt();
      int changed = in.readInt();
      double[] values = before.clone();
      for (int i = 0; i < metrics; i++) {
        if ((changed & (1 << i)) != 0) {
          double value = in.readDouble();
          if (i < values.length) {
            values[i] = value;
          }
        }
      }
      rows.add(values);
      before = values;
    }
    log.rows = rows.toArray(new double[0][]);
    return log;
  }

  @Override
  public String toString() {
    return serial
        + " days "
        + firstDay
        + " to "
        + lastDay
        + (failureDay == NEVER ? "" : ", failed on day " + failureDay)
        + ", "
        + rowCount
        + " rows";
  }
}
