package io.forestall.risk.signal;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;

/**
 * Counters of the last sample of one thing. Mutable; its encoding carries a version and only grows.
 */
public final class SignalState {
  static final long NONE = Long.MIN_VALUE;
  private static final int VERSION = 1;

  long timeMillis = NONE;
  final double[] values = EntitySample.absentValues();

  private SignalState() {}

  /** Nothing is known yet. */
  public static SignalState fresh() {
    return new SignalState();
  }

  /** Event time of the last sample, {@link Long#MIN_VALUE} before the first; epoch milliseconds. */
  public long timeMillis() {
    return timeMillis;
  }

  /** Writes the state. */
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
        out.writeUTF(metric.metricName());
        out.writeDouble(value);
      }
    }
  }

  /** Reads what {@link #write} wrote; metrics that are no longer known are left out. */
  public static SignalState read(DataInput in) throws IOException {
    int version = in.readUnsignedByte();
    if (version != VERSION) {
      throw new IOException("signal state has version " + version + ", known is " + VERSION);
    }
    SignalState state = new SignalState();
    state.timeMillis = in.readLong();
    Arrays.fill(state.values, Double.NaN);
    for (int count = in.readUnsignedShort(); count > 0; count--) {
      FleetMetric metric = FleetMetric.byName(in.readUTF());
      double value = in.readDouble();
      if (metric != null) {
        state.values[metric.ordinal()] = value;
      }
    }
    return state;
  }
}
