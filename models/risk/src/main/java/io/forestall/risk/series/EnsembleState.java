package io.forestall.risk.series;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * State of {@link EnsembleDetector}: three flat arrays that its parts share out among themselves,
 * and the first values until the scale of the series is known. Not thread-safe.
 */
final class EnsembleState implements SeriesState {
  private static final int VERSION = 1;

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

  /** Of a series of which nothing is known, not even how many first values it will keep. */
  EnsembleState(Layout layout) {
    numbers = new float[layout.numbers()];
    counts = new short[layout.counts()];
    bits = new long[layout.bits()];
    firstValues = NO_VALUES;
    firstTimes = NO_TIMES;
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
    // In one piece: a write for each number costs ten times as much as the step itself.
    int bytes = 2 * Double.BYTES + 3 * Short.BYTES;
    bytes += numbers.length * Float.BYTES + counts.length * Short.BYTES + bits.length * Long.BYTES;
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    buffer.putDouble(center).putDouble(unit).putShort((short) numbers.length);
    buffer.asFloatBuffer().put(numbers);
    buffer.position(buffer.position() + numbers.length * Float.BYTES);
    buffer.putShort((short) counts.length).asShortBuffer().put(counts);
    buffer.position(buffer.position() + counts.length * Short.BYTES);
    buffer.putShort((short) bits.length).asLongBuffer().put(bits);
    out.write(buffer.array());
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
      firstValues = new double[warmUp];
      firstTimes = new long[warmUp];
      for (int i = 0; i < age; i++) {
        firstTimes[i] = in.readLong();
        firstValues[i] = in.readDouble();
      }
      return;
    }
    center = in.readDouble();
    unit = in.readDouble();
    int length = length(in, numbers.length, "numbers");
    bytes(in, length * Float.BYTES).asFloatBuffer().get(numbers, 0, length);
    length = length(in, counts.length, "counts");
    bytes(in, length * Short.BYTES).asShortBuffer().get(counts, 0, length);
    length = length(in, bits.length, "words");
    bytes(in, length * Long.BYTES).asLongBuffer().get(bits, 0, length);
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
    if (length > known) {
      throw new IOException(
          "state of a series has " + length + " " + what + ", this program knows " + known);
    }
    return length;
  }

  private static ByteBuffer bytes(DataInput in, int count) throws IOException {
    byte[] bytes = new byte[count];
    in.readFully(bytes);
    return ByteBuffer.wrap(bytes);
  }

  private static final double[] NO_VALUES = {};
  private static final long[] NO_TIMES = {};
}
