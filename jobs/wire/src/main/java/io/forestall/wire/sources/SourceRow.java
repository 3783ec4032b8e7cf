package io.forestall.wire.sources;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One sample of one disk as a source gave it. The arrays are shared and must not be changed; apart
 * from that immutable.
 */
public final class SourceRow {

  /** Stands for an unknown capacity. */
  public static final long NO_CAPACITY = -1;

  private final String disk;
  private final @Nullable String model;
  private final long capacityBytes;
  private final long timeMillis;
  private final boolean failed;
  private final List<String> metrics;
  private final double[] values;
  private final String origin;
  private final long line;
  private final @Nullable SourceProblem problem;

  SourceRow(
      String disk,
      @Nullable String model,
      long capacityBytes,
      long timeMillis,
      boolean failed,
      List<String> metrics,
      double[] values,
      String origin,
      long line,
      @Nullable SourceProblem problem) {
    this.disk = disk;
    this.model = model;
    this.capacityBytes = capacityBytes;
    this.timeMillis = timeMillis;
    this.failed = failed;
    this.metrics = metrics;
    this.values = values;
    this.origin = origin;
    this.line = line;
    this.problem = problem;
  }

  /** Serial number of the disk. */
  public String disk() {
    return disk;
  }

  /** Model name as its maker writes it, or null when unknown. */
  public @Nullable String model() {
    return model;
  }

  /** Capacity in bytes, or {@link #NO_CAPACITY} when absent or nonsense. */
  public long capacityBytes() {
    return capacityBytes;
  }

  /** Event time; milliseconds since 1970-01-01 UTC. */
  public long timeMillis() {
    return timeMillis;
  }

  /** True when the source says that the disk failed on this day. Never a feature. */
  public boolean failed() {
    return failed;
  }

  /** Canonical names of {@link #values()}; the same list for all rows of a file. */
  public List<String> metrics() {
    return metrics;
  }

  /** Values in the order of {@link #metrics()}, NaN when absent. Not to be changed. */
  public double[] values() {
    return values;
  }

  /** File it came from. */
  public String origin() {
    return origin;
  }

  /** Line of the file, counted from 1. */
  public long line() {
    return line;
  }

  /**
   * Why this row is refused though its disk and time could be read, or null when it is accepted. A
   * refused row must not be given to a model as a sample.
   */
  public @Nullable SourceProblem problem() {
    return problem;
  }

  /** This row, refused. */
  public SourceRow refuse(SourceProblem why) {
    return new SourceRow(
        disk, model, capacityBytes, timeMillis, failed, metrics, values, origin, line, why);
  }

  /** Number of metrics that are present; count. */
  public int present() {
    int present = 0;
    for (double value : values) {
      if (!Double.isNaN(value)) {
        present++;
      }
    }
    return present;
  }

  /**
   * An order by content alone that puts the fuller row first, to choose among several rows of one
   * disk at one time whatever the order in which they were read. Failure flags play no part.
   */
  static int byContent(SourceRow a, SourceRow b) {
    int order = Integer.compare(b.present(), a.present());
    if (order == 0) {
      order = compare(a.values, b.values);
    }
    if (order == 0) {
      order = Long.compare(b.capacityBytes, a.capacityBytes);
    }
    if (order == 0) {
      order = String.valueOf(a.model).compareTo(String.valueOf(b.model));
    }
    return order;
  }

  private static int compare(double[] a, double[] b) {
    int order = Integer.compare(a.length, b.length);
    for (int i = 0; order == 0 && i < a.length; i++) {
      order = Double.compare(a[i], b[i]);
    }
    return order;
  }
}
