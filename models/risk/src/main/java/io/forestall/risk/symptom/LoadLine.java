package io.forestall.risk.symptom;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * How one thing's own latency follows its own load: a streaming regression of log latency on log
 * rate and on one more regressor (size of an operation, CPU in use), with a half-life of days.
 * Robust to the slow side: a value that is slower than the line expects counts the less the further
 * it is away, so that hours of slowness do not become what is usual. Latency never falls with load
 * here: a slope below 0 is taken as 0. Rows A11.
 */
final class LoadLine {
  private static final double HALF_LIFE_MILLIS = 3 * 86_400_000.0;
  private static final double HUBER = 1.5;
  private static final int FREE_SAMPLES = 10;
  private static final double RIDGE = 0.02;
  private static final double MAXIMUM_SLOPE = 3;
  private static final double LEAST_SPREAD = 0.08;
  private static final double TO_SIGMA = 1.2533;

  private int count;
  private double weight;
  private double meanX;
  private double meanZ;
  private double meanY;
  private double xx;
  private double xz;
  private double zz;
  private double xy;
  private double zy;
  private double deviation;

  /** Points so far; count. */
  int count() {
    return count;
  }

  /** Usual distance of the log latency from the line. */
  double spread() {
    return Math.max(LEAST_SPREAD, TO_SIGMA * deviation);
  }

  /**
   * Log latency to expect.
   *
   * @param x log rate
   * @param z other regressor
   */
  double expected(double x, double z) {
    if (weight <= 0) {
      return meanY;
    }
    double a = xx / weight + RIDGE;
    double b = xz / weight;
    double c = zz / weight + RIDGE;
    double p = xy / weight;
    double q = zy / weight;
    double determinant = a * c - b * b;
    double slopeX = (p * c - q * b) / determinant;
    double slopeZ = (q * a - p * b) / determinant;
    if (slopeX < 0) {
      slopeX = 0;
      slopeZ = q / c;
    }
    if (slopeZ < 0) {
      slopeZ = 0;
      slopeX = Math.max(0, p / a);
    }
    slopeX = Math.min(MAXIMUM_SLOPE, slopeX);
    slopeZ = Math.min(MAXIMUM_SLOPE, slopeZ);
    return meanY + slopeX * (x - meanX) + slopeZ * (z - meanZ);
  }

  /** How unusually high a load is, in sigmas of this thing's own; negative for a low one. */
  double loadDeviation(double x) {
    return weight <= 0 ? 0 : (x - meanX) / Math.sqrt(xx / weight + 0.04);
  }

  /**
   * Takes a point in.
   *
   * @param trust how far it can be trusted, 0 to 1: a mean of few operations less
   */
  void take(double x, double z, double y, double trust, long millisSince) {
    double away = y - expected(x, z);
    double w = trust;
    if (count >= FREE_SAMPLES) {
      double limit = HUBER * spread();
      if (away > limit) {
        w *= limit / away;
      }
      double clipped = Math.min(Math.abs(away), 2 * limit);
      double gain = Decay.gain(millisSince, HALF_LIFE_MILLIS, count, 300);
      deviation += gain * trust * (clipped - deviation);
    } else if (count > 0) {
      deviation += (Math.abs(away) - deviation) / (count + 1);
    }
    double left = Decay.left(Math.min(millisSince, Decay.LONGEST_STEP_MILLIS), HALF_LIFE_MILLIS);
    weight *= left;
    xx *= left;
    xz *= left;
    zz *= left;
    xy *= left;
    zy *= left;
    if (w > 0) {
      double all = weight + w;
      double share = w / all;
      double dx = x - meanX;
      double dz = z - meanZ;
      double dy = y - meanY;
      meanX += share * dx;
      meanZ += share * dz;
      meanY += share * dy;
      double rest = w * (1 - share);
      xx += rest * dx * dx;
      xz += rest * dx * dz;
      zz += rest * dz * dz;
      xy += rest * dx * dy;
      zy += rest * dz * dy;
      weight = all;
    }
    if (count < Integer.MAX_VALUE) {
      count++;
    }
  }

  void write(DataOutput out) throws IOException {
    out.writeInt(count);
    out.writeDouble(weight);
    out.writeDouble(meanX);
    out.writeDouble(meanZ);
    out.writeDouble(meanY);
    out.writeDouble(xx);
    out.writeDouble(xz);
    out.writeDouble(zz);
    out.writeDouble(xy);
    out.writeDouble(zy);
    out.writeDouble(deviation);
  }

  static LoadLine read(DataInput in) throws IOException {
    LoadLine line = new LoadLine();
    line.count = in.readInt();
    line.weight = in.readDouble();
    line.meanX = in.readDouble();
    line.meanZ = in.readDouble();
    line.meanY = in.readDouble();
    line.xx = in.readDouble();
    line.xz = in.readDouble();
    line.zz = in.readDouble();
    line.xy = in.readDouble();
    line.zy = in.readDouble();
    line.deviation = in.readDouble();
    return line;
  }
}
