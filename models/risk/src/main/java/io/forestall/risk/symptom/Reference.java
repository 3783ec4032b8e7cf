package io.forestall.risk.symptom;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * What has long been usual for one signal: a level and a spread with a half-life of days, robust
 * because a value far outside moves them no more than one at the edge. Detectors follow a lasting
 * change within the hour; this is what remembers that it was different before. Daily seasons are
 * part of its spread.
 */
final class Reference {
  private static final double HALF_LIFE_MILLIS = 2 * 86_400_000.0;

  /** Of so many values at first the mean is taken; then the half-life rules. */
  private static final int FIRST = 500;

  private static final int FREE_SAMPLES = 10;
  private static final double CLIP = 2.5;

  /** Mean absolute deviation of a normal value, as a share of its standard deviation. */
  private static final double TO_SIGMA = 1.2533;

  private double level;
  private double deviation;
  private int count;

  /** Values so far; count. */
  int count() {
    return count;
  }

  double level() {
    return level;
  }

  /** Usual distance from the level, at least this. */
  double spread(double least) {
    return Math.max(least, TO_SIGMA * deviation);
  }

  void take(double value, long millisSince, double leastSpread) {
    if (count == 0) {
      level = value;
    }
    double gain =
        Decay.gain(
            Math.min(millisSince, Decay.LONGEST_STEP_MILLIS), HALF_LIFE_MILLIS, count, FIRST);
    double away = value - level;
    if (count >= FREE_SAMPLES) {
      double limit = CLIP * spread(leastSpread);
      away = Math.max(-limit, Math.min(limit, away));
    }
    level += gain * away;
    deviation += gain * (Math.abs(away) - deviation);
    if (count < Integer.MAX_VALUE) {
      count++;
    }
  }

  void write(DataOutput out) throws IOException {
    out.writeInt(count);
    out.writeDouble(level);
    out.writeDouble(deviation);
  }

  static Reference read(DataInput in) throws IOException {
    Reference reference = new Reference();
    reference.count = in.readInt();
    reference.level = in.readDouble();
    reference.deviation = in.readDouble();
    return reference;
  }
}
