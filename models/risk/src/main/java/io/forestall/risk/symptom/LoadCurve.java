package io.forestall.risk.symptom;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * How one thing's own latency follows its own load: a streaming regression in steps. The log rate
 * is cut into bins of a third more load each; each bin has a level of log latency, and between the
 * bins it is interpolated. What a queue does under high load has no form that a line could follow,
 * and nothing is said of loads that were never seen: above them a high latency is no sign, below
 * them latency should be no higher than at the lowest load that is known. One more regressor (size
 * of an operation, CPU in use) explains part of what is left. Robust with a half-life of days: a
 * value far off moves a level no more than one at the edge, so hours of slowness do not become what
 * is usual. Row A11.
 */
final class LoadCurve {
  private static final double HALF_LIFE_MILLIS = 3 * 86_400_000.0;
  private static final int BINS = 56;
  private static final double WIDTH = 0.3;

  /** Of so many values of a bin at first the mean is taken. */
  private static final int FIRST = 100;

  /** Values after which a bin's level is known. */
  private static final int KNOWN = 12;

  private static final int FREE_SAMPLES = 10;
  private static final double HUBER = 1.5;
  private static final double LEAST_SPREAD = 0.08;
  private static final double TO_SIGMA = 1.2533;
  private static final double RIDGE = 0.02;
  private static final double MAXIMUM_SLOPE = 3;

  private int count;
  private double deviation;
  private double meanZ;
  private double zz;
  private double zr;
  private final int[] counts = new int[BINS];
  private final double[] levels = new double[BINS];

  /** Points so far; count. */
  int count() {
    return count;
  }

  /** Usual distance of the log latency from the curve. */
  double spread() {
    return Math.max(LEAST_SPREAD, TO_SIGMA * deviation);
  }

  /**
   * Log latency to expect, NaN when nothing is known of such a load.
   *
   * @param x log rate
   * @param z other regressor
   */
  double expected(double x, double z) {
    double level = level(x);
    if (Double.isNaN(level)) {
      return level;
    }
    double slope = Math.max(0, Math.min(MAXIMUM_SLOPE, zr / (zz + RIDGE)));
    return level + slope * (z - meanZ);
  }

  /**
   * How far the other regressor is within what was seen: 1 within, 0 far above. What was never seen
   * explains anything.
   */
  double familiar(double z) {
    double away = (z - meanZ) / Math.sqrt(zz + RIDGE);
    return Math.max(0, Math.min(1, 1 - (away - 2.5) / 2));
  }

  private double level(double x) {
    double at = Math.max(0, Math.min(BINS - 1, x / WIDTH - 0.5)); // middles of bins are whole
    int low = (int) Math.floor(at);
    while (low >= 0 && counts[low] < KNOWN) {
      low--;
    }
    int high = (int) Math.ceil(at);
    while (high < BINS && counts[high] < KNOWN) {
      high++;
    }
    if (low < 0) {
      return high < BINS ? levels[high] : Double.NaN;
    }
    if (high == low) {
      return levels[low];
    }
    if (high == BINS) {
      // Half a bin above the last one that is known is still like it.
      return at - low <= 0.75 ? levels[low] : Double.NaN;
    }
    return levels[low] + (levels[high] - levels[low]) * (at - low) / (high - low);
  }

  /**
   * Takes a point in.
   *
   * @param y log latency
   * @param trust how far it can be trusted, 0 to 1: a mean of few operations less
   */
  void take(double x, double z, double y, double trust, long millisSince) {
    long step = Math.min(millisSince, Decay.LONGEST_STEP_MILLIS);
    if (count == 0) {
      meanZ = z;
    }
    double expected = expected(x, z);
    double away = y - expected;
    int bin = (int) Math.max(0, Math.min(BINS - 1, Math.floor(x / WIDTH)));
    if (counts[bin] == 0 && !Double.isNaN(expected)) {
      // A new load within or below what is known begins with what it lets expect: else a disk that
      // became so slow that it does less than ever would look usual there at once.
      levels[bin] = level(x);
      counts[bin] = KNOWN;
    }
    double limit = HUBER * spread();
    if (!Double.isNaN(away)) {
      boolean free = count < FREE_SAMPLES;
      double clipped = free ? away : Math.max(-2 * limit, Math.min(2 * limit, away));
      deviation +=
          Decay.gain(step, HALF_LIFE_MILLIS, count, 300) * trust * (Math.abs(clipped) - deviation);
      // A level follows what is faster at once and what is slower within limits.
      double within = free || counts[bin] < KNOWN ? away : Math.min(limit, away);
      double gain = trust * Decay.gain(step, HALF_LIFE_MILLIS, counts[bin], FIRST);
      beside(z, within, trust, step);
      levels[bin] += gain * within;
    } else {
      double gain = 1.0 / (counts[bin] + 1);
      levels[bin] += gain * (y - levels[bin]);
    }
    if (counts[bin] < FIRST) {
      counts[bin]++;
    }
    if (count < Integer.MAX_VALUE) {
      count++;
    }
  }

  /** Moves the other regressor on: the regression of what is left of the bin's level. */
  private void beside(double z, double away, double trust, long step) {
    double slope = Math.max(0, Math.min(MAXIMUM_SLOPE, zr / (zz + RIDGE)));
    double gain = trust * Decay.gain(step, HALF_LIFE_MILLIS, count, 300);
    double dz = z - meanZ;
    meanZ += gain * dz;
    zz += gain * (dz * dz - zz);
    zr += gain * (dz * (away + slope * dz) - zr);
  }

  void write(DataOutput out) throws IOException {
    out.writeInt(count);
    out.writeDouble(deviation);
    out.writeDouble(meanZ);
    out.writeDouble(zz);
    out.writeDouble(zr);
    int known = 0;
    for (int each : counts) {
      known += each > 0 ? 1 : 0;
    }
    out.writeByte(known);
    for (int bin = 0; bin < BINS; bin++) {
      if (counts[bin] > 0) {
        out.writeByte(bin);
        out.writeByte(counts[bin]);
        out.writeDouble(levels[bin]);
      }
    }
  }

  static LoadCurve read(DataInput in) throws IOException {
    LoadCurve curve = new LoadCurve();
    curve.count = in.readInt();
    curve.deviation = in.readDouble();
    curve.meanZ = in.readDouble();
    curve.zz = in.readDouble();
    curve.zr = in.readDouble();
    for (int known = in.readUnsignedByte(); known > 0; known--) {
      int bin = in.readUnsignedByte();
      int count = in.readUnsignedByte();
      double level = in.readDouble();
      if (bin >= BINS) {
        throw new IOException("load curve names bin " + bin + ", there are " + BINS);
      }
      curve.counts[bin] = count;
      curve.levels[bin] = level;
    }
    return curve;
  }
}
