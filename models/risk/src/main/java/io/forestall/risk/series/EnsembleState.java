package io.forestall.risk.series;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;

/**
 * State of {@link EnsembleDetector}: three flat arrays that its parts share out among themselves,
 * and the first values until the scale of the series is known. Not thread-safe.
 */
final class EnsembleState implements SeriesState {
  private static final int VERSION = 1;

  /** Nothing that this program wrote is longer; a longer one is broken. */
  private static final int MOST = 4096;

  /** Values taken in so far. */
  long samples;

  /** Values taken in since the scale was last sought. */
  int age;

  /** Median of the first values; unit of the series. */
  double center;

  /** Usual distance from it, above 0; unit of the series. */
  double unit;

  /** What the parts remember; all 0 at first. */
  final float[] numbers;

  /** Histograms of the parts, each count 0 to 65,535. */
  final short[] counts;

  /** Sets of values seen. */
  final long[] bits;

  /** First values, until there are enough for a scale; then empty. */
  double[] firstValues;

  /** When they came; epoch milliseconds. */
  long[] firstTimes;

  EnsembleState(Layout layout, int warmUp) {
    numbers = new float[layout.numbers()];
    counts = new short[layout.counts()];
    bits = new long[layout.bits()];
    firstValues = new double[warmUp];
    firstTimes = new long[warmUp];
  }

  @Override
  public long samples() {
    return samples;
  }

  @Override
  public void write(DataOutput out) throws IOException {
    out.writeByte(VERSION);
    out.writeLong(samples);
    out.writeInt(age);
    if (age < firstValues.length) {
      for (int i = 0; i < age; i++) {
        out.writeLong(firstTimes[i]);
        out.writeDouble(firstValues[i]);
      }
      return;
    }
    out.writeDouble(center);
    out.writeDouble(unit);
    out.writeShort(numbers.length);
    for (float number : numbers) {
      out.writeFloat(number);
    }
    out.writeShort(counts.length);
    for (short count : counts) {
      out.writeShort(count);
    }
    out.writeShort(bits.length);
    for (long word : bits) {
      out.writeLong(word);
    }
  }

  /** Reads into a fresh state; what an older program did not write stays as it is. */
  void readFrom(DataInput in, int warmUp) throws IOException {
    int version = in.readUnsignedByte();
    if (version != VERSION) {
      throw new IOException("state of a series has version " + version + ", known is " + VERSION);
    }
    samples = in.readLong();
    age = in.readInt();
    if (age < 0 || samples < age) {
      throw new IOException("state of a series with " + age + " of " + samples + " values");
    }
    if (age < warmUp) {
      for (int i = 0; i < age; i++) {
        firstTimes[i] = in.readLong();
        firstValues[i] = in.readDouble();
      }
      return;
    }
    forgetFirst();
    center = in.readDouble();
    unit = in.readDouble();
    int length = length(in, numbers.length, "numbers");
    for (int i = 0; i < length; i++) {
      numbers[i] = in.readFloat();
    }
    length = length(in, counts.length, "counts");
    for (int i = 0; i < length; i++) {
      counts[i] = in.readShort();
    }
    length = length(in, bits.length, "words");
    for (int i = 0; i < length; i++) {
      bits[i] = in.readLong();
    }
  }

  /** Forgets all but the number of values. */
  void restart(int warmUp) {
    age = 0;
    Arrays.fill(numbers, 0);
    Arrays.fill(counts, (short) 0);
    Arrays.fill(bits, 0);
    firstValues = new double[warmUp];
    firstTimes = new long[warmUp];
  }

  /** Lets go of the first values. */
  void forgetFirst() {
    firstValues = NO_VALUES;
    firstTimes = NO_TIMES;
  }

  private static int length(DataInput in, int known, String what) throws IOException {
    int length = in.readUnsignedShort();
    if (length > known || length > MOST) {
      throw new IOException(
          "state of a series has " + length + " " + what + ", this program knows " + known);
    }
    return length;
  }

  private static final double[] NO_VALUES = {};
  private static final long[] NO_TIMES = {};
}
