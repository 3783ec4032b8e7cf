package io.forestall.risk.series;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * What is remembered of the metrics of one server: {@link #bytesPerMetric} bytes for each, and a
 * few hundred for all together. Its encoding carries a version and only grows.
 */
public final class MultiSeriesState {
  /** Most metrics of one server. */
  public static final int MAXIMUM_METRICS = 4_096;

  static final int SEASON_BINS = 24;
  static final long NEVER = Long.MIN_VALUE;

  /** Numbers of a metric: the season's bins, then these. */
  static final int OFFSET = SEASON_BINS;

  static final int RECENT = SEASON_BINS + 1;
  static final int SEASON_SPREAD = SEASON_BINS + 2;
  static final int RECENT_SPREAD = SEASON_BINS + 3;
  static final int MEAN = SEASON_BINS + 4;
  static final int VARIANCE = SEASON_BINS + 5;
  static final int NUMBERS = SEASON_BINS + 6;

  /** Counts of a metric: distances from the season, then from the recent level. */
  static final int COUNTS = 2 * SizeCounts.BINS;

  private static final int VERSION = 1;

  final int metrics;
  final boolean[] seen;
  final double[] numbers;
  final short[] counts;
  final int[] visits = new int[SEASON_BINS];
  final double[] lasting;
  final short[] lastingCounts;
  AlarmHold hold = new AlarmHold();
  long samples;
  long firstMillis = NEVER;
  long lastMillis = NEVER;

  MultiSeriesState(int metrics) {
    if (metrics < 1 || metrics > MAXIMUM_METRICS) {
      throw new IllegalArgumentException(
          "a server has 1 to " + MAXIMUM_METRICS + " metrics, not " + metrics);
    }
    this.metrics = metrics;
    seen = new boolean[metrics];
    numbers = new double[NUMBERS * metrics];
    counts = new short[COUNTS * metrics];
    lasting = new double[MultiSeriesDetector.LASTING_SCALES];
    lastingCounts = new short[SizeCounts.BINS * MultiSeriesDetector.LASTING_SCALES];
  }

  /** Metrics of the server; count. */
  public int metrics() {
    return metrics;
  }

  /** Rows seen so far, gaps aside; count. */
  public long samples() {
    return samples;
  }

  /** Size of the encoding for each metric; bytes. */
  public static int bytesPerMetric() {
    return 1 + 8 * NUMBERS + 2 * COUNTS;
  }

  /** Writes the state. */
  public void write(DataOutput out) throws IOException {
    out.writeByte(VERSION);
    out.writeShort(metrics);
    out.writeLong(samples);
    out.writeLong(firstMillis);
    out.writeLong(lastMillis);
    hold.write(out);
    for (boolean there : seen) {
      out.writeBoolean(there);
    }
    for (double number : numbers) {
      out.writeDouble(number);
    }
    for (short count : counts) {
      out.writeShort(count);
    }
    for (int count : visits) {
      out.writeInt(count);
    }
    for (double number : lasting) {
      out.writeDouble(number);
    }
    for (short count : lastingCounts) {
      out.writeShort(count);
    }
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws IOException with a clear message when it is of a later version or no state
   */
  public static MultiSeriesState read(DataInput in) throws IOException {
    int version = in.readUnsignedByte();
    if (version != VERSION) {
      throw new IOException("state of metrics has version " + version + ", known is " + VERSION);
    }
    int metrics = in.readUnsignedShort();
    if (metrics < 1 || metrics > MAXIMUM_METRICS) {
      throw new IOException("state of metrics names " + metrics + " metrics");
    }
    MultiSeriesState state = new MultiSeriesState(metrics);
    state.samples = in.readLong();
    state.firstMillis = in.readLong();
    state.lastMillis = in.readLong();
    state.hold = AlarmHold.read(in);
    for (int i = 0; i < state.seen.length; i++) {
      state.seen[i] = in.readBoolean();
    }
    for (int i = 0; i < state.numbers.length; i++) {
      state.numbers[i] = in.readDouble();
    }
    for (int i = 0; i < state.counts.length; i++) {
      state.counts[i] = in.readShort();
    }
    for (int i = 0; i < state.visits.length; i++) {
      state.visits[i] = in.readInt();
    }
    for (int i = 0; i < state.lasting.length; i++) {
      state.lasting[i] = in.readDouble();
    }
    for (int i = 0; i < state.lastingCounts.length; i++) {
      state.lastingCounts[i] = in.readShort();
    }
    return state;
  }
}
