package io.forestall.risk.symptom;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;

/**
 * Whether memory grows steadily, and when it runs out: the slope of Theil and Sen (median over all
 * pairs) over means of buckets of time, at two scales, one of 10 minutes over 3 hours and one of an
 * hour over 2 days. A step is no leak: growth must go on in most buckets, and no bucket may hold
 * half of it. Bounded: 18 and 48 buckets of two floats.
 */
final class MemoryTrend {
  private static final long[] BUCKET_MILLIS = {10 * 60_000L, 60 * 60_000L};
  private static final int[] BUCKETS = {18, 48};
  private static final int[] LEAST_BUCKETS = {9, 12};

  /** Share of neighbouring buckets that must grow. */
  private static final double STEADY = 0.7;

  /** Largest share of the whole growth that one bucket may hold. */
  private static final double STEP = 0.4;

  /** One scale. */
  private static final class Scale {
    final float[] process;
    final float[] used;
    int filled;
    long bucket = Long.MIN_VALUE;
    float processSum;
    float usedSum;
    int processCount;
    int usedCount;

    /** Hours until memory runs out, infinite when it does not; of the closed buckets. */
    float hoursLeft = Float.POSITIVE_INFINITY;

    /** Growth of the process over the buckets, as a share of what it had at their start. */
    float growth;

    Scale(int buckets) {
      process = new float[buckets];
      used = new float[buckets];
    }
  }

  private final Scale[] scales = {new Scale(BUCKETS[0]), new Scale(BUCKETS[1])};

  /** Hours until memory runs out at the pace of now, infinite when it does not. */
  double hoursLeft() {
    return Math.min(scales[0].hoursLeft, scales[1].hoursLeft);
  }

  /** Growth of the process's memory over the window that says so; ratio. */
  double growth() {
    return scales[scales[0].hoursLeft <= scales[1].hoursLeft ? 0 : 1].growth;
  }

  /** Begins again: the process was restarted, and with it what it had. */
  void clear() {
    scales[0] = new Scale(BUCKETS[0]);
    scales[1] = new Scale(BUCKETS[1]);
  }

  /**
   * Takes one sample in.
   *
   * @param process memory of the process, NaN when absent; bytes
   * @param used memory in use, NaN when absent; ratio
   */
  void take(long timeMillis, double process, double used) {
    for (int s = 0; s < scales.length; s++) {
      Scale scale = scales[s];
      long bucket = Math.floorDiv(timeMillis, BUCKET_MILLIS[s]);
      if (bucket != scale.bucket) {
        close(scale, s, bucket);
      }
      if (!Double.isNaN(process)) {
        scale.processSum += (float) process;
        scale.processCount++;
      }
      if (!Double.isNaN(used)) {
        scale.usedSum += (float) used;
        scale.usedCount++;
      }
    }
  }

  private static void close(Scale scale, int s, long bucket) {
    if (scale.bucket != Long.MIN_VALUE) {
      if (bucket - scale.bucket > 2) { // a hole: the slope across it would be a guess
        scale.filled = 0;
      } else {
        if (scale.filled == scale.process.length) {
          System.arraycopy(scale.process, 1, scale.process, 0, scale.filled - 1);
          System.arraycopy(scale.used, 1, scale.used, 0, scale.filled - 1);
          scale.filled--;
        }
        scale.process[scale.filled] =
            scale.processCount == 0 ? Float.NaN : scale.processSum / scale.processCount;
        scale.used[scale.filled] =
            scale.usedCount == 0 ? Float.NaN : scale.usedSum / scale.usedCount;
        scale.filled++;
      }
      look(scale, s);
    }
    scale.bucket = bucket;
    scale.processSum = 0;
    scale.usedSum = 0;
    scale.processCount = 0;
    scale.usedCount = 0;
  }

  private static void look(Scale scale, int s) {
    scale.hoursLeft = Float.POSITIVE_INFINITY;
    scale.growth = 0;
    if (scale.filled < LEAST_BUCKETS[s]) {
      return;
    }
    double hours = BUCKET_MILLIS[s] / 3_600_000.0;
    double process = slope(scale.process, scale.filled);
    double used = slope(scale.used, scale.filled);
    boolean known = !Double.isNaN(process);
    if (!steady(known ? scale.process : scale.used, scale.filled, known ? process : used)) {
      return;
    }
    double last = scale.used[scale.filled - 1];
    if (used > 0) {
      scale.hoursLeft = (float) (Math.max(0, 1 - last) / used * hours);
    } else if (Double.isNaN(used)) {
      // Nothing is known of what is available: doubling stands for running out.
      scale.hoursLeft = (float) (scale.process[scale.filled - 1] / process * hours);
    }
    double first = scale.process[0];
    scale.growth = first > 0 ? (float) Math.max(0, scale.process[scale.filled - 1] / first - 1) : 0;
  }

  /** Median growth a bucket over all pairs, NaN when a value is not there. */
  private static double slope(float[] values, int n) {
    double[] slopes = new double[n * (n - 1) / 2];
    int at = 0;
    for (int i = 0; i < n; i++) {
      for (int j = i + 1; j < n; j++) {
        slopes[at++] = ((double) values[j] - values[i]) / (j - i);
      }
    }
    Arrays.sort(slopes); // NaN last
    return Double.isNaN(slopes[at - 1]) ? Double.NaN : slopes[at / 2];
  }

  private static boolean steady(float[] values, int n, double slope) {
    int rising = 0;
    double largest = 0;
    for (int i = 1; i < n; i++) {
      double step = values[i] - values[i - 1];
      rising += step > 0 ? 1 : 0;
      largest = Math.max(largest, step);
    }
    return slope > 0 && rising >= STEADY * (n - 1) && largest <= STEP * slope * (n - 1);
  }

  void write(DataOutput out) throws IOException {
    for (Scale scale : scales) {
      out.writeByte(scale.filled);
      for (int i = 0; i < scale.filled; i++) {
        out.writeFloat(scale.process[i]);
        out.writeFloat(scale.used[i]);
      }
      out.writeLong(scale.bucket);
      out.writeFloat(scale.processSum);
      out.writeFloat(scale.usedSum);
      out.writeInt(scale.processCount);
      out.writeInt(scale.usedCount);
      out.writeFloat(scale.hoursLeft);
      out.writeFloat(scale.growth);
    }
  }

  static MemoryTrend read(DataInput in) throws IOException {
    MemoryTrend trend = new MemoryTrend();
    for (Scale scale : trend.scales) {
      int filled = in.readUnsignedByte();
      if (filled > scale.process.length) {
        throw new IOException("memory trend has " + filled + " buckets, too many");
      }
      scale.filled = filled;
      for (int i = 0; i < filled; i++) {
        scale.process[i] = in.readFloat();
        scale.used[i] = in.readFloat();
      }
      scale.bucket = in.readLong();
      scale.processSum = in.readFloat();
      scale.usedSum = in.readFloat();
      scale.processCount = in.readInt();
      scale.usedCount = in.readInt();
      scale.hoursLeft = in.readFloat();
      scale.growth = in.readFloat();
    }
    return trend;
  }
}
