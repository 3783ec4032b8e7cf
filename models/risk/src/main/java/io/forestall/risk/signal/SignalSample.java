package io.forestall.risk.signal;

import java.util.Arrays;

/**
 * The signals of one thing at one time; what could not be derived is NaN. Immutable by convention.
 *
 * @param entity key of the thing, {@code kind/id}; of a path {@code pair/volume@client} or {@code
 *     edge/from>to}
 * @param scope which signals it has
 * @param peers name of its group of peers (same kind, model and rack), empty when it has none
 * @param timeMillis event time; epoch milliseconds
 * @param values values by {@link Signal#ordinal()}, NaN where absent
 */
@SuppressWarnings("ArrayRecordComponent") // made for every record of the stream; never compared
public record SignalSample(
    String entity, Scope scope, String peers, long timeMillis, double[] values) {

  /** The signal's value, NaN when absent. */
  public double value(Signal signal) {
    return values[signal.ordinal()];
  }

  /** True when the signal is there. */
  public boolean has(Signal signal) {
    return !Double.isNaN(values[signal.ordinal()]);
  }

  /** A fresh array in which every signal is absent. */
  public static double[] absentValues() {
    double[] values = new double[Signal.COUNT];
    Arrays.fill(values, Double.NaN);
    return values;
  }
}
