package io.forestall.risk.learn;

import io.forestall.risk.DiskMetric;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;

/**
 * How what disks report is spread: for each metric a histogram by powers of two, and how far two
 * such spreads are apart (population stability index: under 0.1 alike, above 0.25 another fleet).
 * Row A14. For one thread.
 */
public final class InputDrift {

  /** Absent, zero or less, below 1, then one for each power of two up to 2^40, and the rest. */
  private static final int BINS = 44;

  /** What an empty bin counts, as a share, so that it does not make the index infinite. */
  private static final double EMPTY = 1e-4;

  private final long[][] counts = new long[DiskMetric.COUNT][BINS];
  private long disks;

  /** Adds what one disk reported, by {@link DiskMetric#ordinal()}, NaN where absent. */
  public void add(double[] values) {
    for (int i = 0; i < counts.length; i++) {
      counts[i][bin(values[i])]++;
    }
    disks++;
  }

  private static int bin(double value) {
    if (Double.isNaN(value)) {
      return 0;
    }
    if (value <= 0) {
      return 1;
    }
    return value < 1 ? 2 : Math.min(BINS - 1, 3 + Math.getExponent(value));
  }

  /** Disks that were added; count. */
  public long disks() {
    return disks;
  }

  /**
   * The population stability index of each metric that either knows, this against a former spread.
   *
   * @return by canonical metric name; empty when either has no disk
   */
  public Map<String, Double> since(InputDrift former) {
    Map<String, Double> drift = new TreeMap<>();
    if (disks == 0 || former.disks == 0) {
      return drift;
    }
    for (DiskMetric metric : DiskMetric.values()) {
      int i = metric.ordinal();
      if (counts[i][0] == disks && former.counts[i][0] == former.disks) {
        continue;
      }
      double index = 0;
      for (int bin = 0; bin < BINS; bin++) {
        double now = Math.max(EMPTY, (double) counts[i][bin] / disks);
        double before = Math.max(EMPTY, (double) former.counts[i][bin] / former.disks);
        index += (now - before) * Math.log(now / before);
      }
      drift.put(metric.metricName(), index);
    }
    return drift;
  }

  /** Writes it. */
  public void write(DataOutput out) throws IOException {
    out.writeLong(disks);
    out.writeByte(counts.length);
    for (long[] metric : counts) {
      for (long count : metric) {
        out.writeInt((int) Math.min(Integer.MAX_VALUE, count));
      }
    }
  }

  /** Reads what {@link #write} wrote. */
  public static InputDrift read(DataInput in) throws IOException {
    InputDrift drift = new InputDrift();
    drift.disks = in.readLong();
    int metrics = in.readUnsignedByte();
    for (int i = 0; i < metrics; i++) {
      for (int bin = 0; bin < BINS; bin++) {
        long count = in.readInt();
        if (i < drift.counts.length) {
          drift.counts[i][bin] = count;
        }
      }
    }
    for (int i = metrics; i < drift.counts.length; i++) {
      // A metric that the writer did not know was absent everywhere.
      drift.counts[i][0] = drift.disks;
    }
    return drift;
  }
}
