package io.forestall.app.console;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The last values of some columns of one entity, at common times: a ring that grows to its limit
 * and then forgets its oldest point. A value that was absent is NaN. Not thread-safe.
 */
final class EntitySeries {
  /** Columns at most; what comes after that is left out. */
  static final int MAX_COLUMNS = 160;

  private static final int FIRST_CAPACITY = 8;

  private int limit;
  private int[] seconds = new int[FIRST_CAPACITY];
  private int[] columns = new int[0];
  private float[][] values = new float[0][];
  private int start;
  private int size;

  EntitySeries(int limit) {
    this.limit = Math.max(limit, FIRST_CAPACITY);
  }

  /** Lets the ring grow further; never shrinks it. */
  void allow(int points) {
    limit = Math.max(limit, points);
  }

  int size() {
    return size;
  }

  /** Values that fit without growing: what costs memory. */
  int cells() {
    return seconds.length * (1 + columns.length);
  }

  /** Event time of the newest point; milliseconds since 1970-01-01 UTC, 0 for none. */
  long newestMillis() {
    return size == 0 ? 0 : seconds[(start + size - 1) % seconds.length] * 1000L;
  }

  /**
   * Adds a point. One that is not later than the newest by a second at least changes nothing.
   *
   * @param numbers columns, each at most once
   * @param point values of those columns
   * @param count how many of both are meant
   */
  void add(long timeMillis, int[] numbers, double[] point, int count) {
    int second = (int) Math.floorDiv(timeMillis, 1000L);
    if (size > 0 && second <= seconds[(start + size - 1) % seconds.length]) {
      return;
    }
    if (size == seconds.length && size < limit) {
      grow(Math.min(limit, size * 2));
    }
    int at;
    if (size < seconds.length) {
      at = (start + size) % seconds.length;
      size++;
    } else {
      at = start;
      start = (start + 1) % seconds.length;
    }
    seconds[at] = second;
    for (float[] column : values) {
      column[at] = Float.NaN;
    }
    for (int i = 0; i < count; i++) {
      int column = column(numbers[i]);
      if (column >= 0) {
        values[column][at] = (float) point[i];
      }
    }
  }

  private int column(int number) {
    for (int i = 0; i < columns.length; i++) {
      if (columns[i] == number) {
        return i;
      }
    }
    if (columns.length >= MAX_COLUMNS) {
      return -1;
    }
    columns = Arrays.copyOf(columns, columns.length + 1);
    columns[columns.length - 1] = number;
    values = Arrays.copyOf(values, values.length + 1);
    float[] fresh = new float[seconds.length];
    Arrays.fill(fresh, Float.NaN);
    values[values.length - 1] = fresh;
    return columns.length - 1;
  }

  private void grow(int capacity) {
    int[] order = new int[size];
    Arrays.setAll(order, i -> (start + i) % seconds.length);
    int[] newSeconds = new int[capacity];
    for (int i = 0; i < size; i++) {
      newSeconds[i] = seconds[order[i]];
    }
    for (int c = 0; c < values.length; c++) {
      float[] column = new float[capacity];
      Arrays.fill(column, Float.NaN);
      for (int i = 0; i < size; i++) {
        column[i] = values[c][order[i]];
      }
      values[c] = column;
    }
    seconds = newSeconds;
    start = 0;
  }

  /** The columns that hold something, as copies that stay as they are. */
  Copy copy() {
    long[] times = new long[size];
    for (int i = 0; i < size; i++) {
      times[i] = seconds[(start + i) % seconds.length] * 1000L;
    }
    List<Column> copies = new ArrayList<>();
    for (int c = 0; c < columns.length; c++) {
      float[] points = new float[size];
      boolean any = false;
      for (int i = 0; i < size; i++) {
        points[i] = values[c][(start + i) % seconds.length];
        any |= !Float.isNaN(points[i]);
      }
      if (any) {
        copies.add(new Column(columns[c], points));
      }
    }
    return new Copy(times, copies);
  }

  /** Times and columns, oldest first. */
  @SuppressWarnings("ArrayRecordComponent") // written once as JSON; never compared
  record Copy(long[] timesMillis, List<Column> columns) {
    static final Copy EMPTY = new Copy(new long[0], List.of());
  }

  /** One column by the number its caller gave it. */
  @SuppressWarnings("ArrayRecordComponent") // written once as JSON; never compared
  record Column(int number, float[] values) {}
}
