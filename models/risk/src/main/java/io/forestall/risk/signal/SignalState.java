package io.forestall.risk.signal;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * What one thing reported last, metric by metric: several sources may report of one thing in turns,
 * so each metric has a time of its own. Mutable; its encoding carries a version and only grows. A
 * metric is named in it by the hash of its name, which Java fixes for ever.
 */
public final class SignalState {
  static final long NONE = Long.MIN_VALUE;
  private static final int VERSION = 1;
  private static final Map<Integer, FleetMetric> BY_HASH = new HashMap<>();

  static {
    for (FleetMetric metric : FleetMetric.values()) {
      FleetMetric other = BY_HASH.put(metric.metricName().hashCode(), metric);
      if (other != null) {
        throw new IllegalStateException(
            "metrics " + other + " and " + metric + " have names of the same hash: rename one");
      }
    }
  }

  long timeMillis = NONE;

  /** Newest value by metric ordinal, NaN for none. */
  final double[] values = EntitySample.absentValues();

  /** When it was reported, by metric ordinal; meaningless where there is no value. */
  final long[] times = new long[FleetMetric.COUNT];

  private SignalState() {}

  /** Nothing is known yet. */
  public static SignalState fresh() {
    return new SignalState();
  }

  /** Event time of the last sample, {@link Long#MIN_VALUE} before the first; epoch milliseconds. */
  public long timeMillis() {
    return timeMillis;
  }

  /** Writes the state; some 20 bytes a metric. */
  public void write(DataOutput out) throws IOException {
    out.writeByte(VERSION);
    out.writeLong(timeMillis);
    int present = 0;
    for (double value : values) {
      present += Double.isNaN(value) ? 0 : 1;
    }
    out.writeShort(present);
    for (FleetMetric metric : FleetMetric.values()) {
      double value = values[metric.ordinal()];
      if (!Double.isNaN(value)) {
        out.writeInt(metric.metricName().hashCode());
        out.writeLong(times[metric.ordinal()]);
        out.writeDouble(value);
      }
    }
  }

  /**
   * Reads what {@link #write} wrote; metrics that are no longer known are left out.
   *
   * @throws IOException with a clear message when it is of a later version
   */
  public static SignalState read(DataInput in) throws IOException {
    int version = in.readUnsignedByte();
    if (version != VERSION) {
      throw new IOException("signal state has version " + version + ", known is " + VERSION);
    }
    SignalState state = new SignalState();
    state.timeMillis = in.readLong();
    Arrays.fill(state.values, Double.NaN);
    for (int count = in.readUnsignedShort(); count > 0; count--) {
      FleetMetric metric = BY_HASH.get(in.readInt());
      long time = in.readLong();
      double value = in.readDouble();
      if (metric != null) {
        state.values[metric.ordinal()] = value;
        state.times[metric.ordinal()] = time;
      }
    }
    return state;
  }
}
