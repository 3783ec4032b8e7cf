package io.forestall.risk.series;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * Exponentially weighted mean and variance of one series, and nothing else: the baseline that
 * better detectors are measured against. Not thread-safe.
 */
public final class EwmaDetector implements SeriesDetector {
  private static final int WARM_SAMPLES = 50;
  private static final double LEAST_VARIANCE = 1e-24;

  private final double share;

  /**
   * A detector.
   *
   * @param share part of each value that the mean takes over, above 0, at most 1
   * @throws IllegalArgumentException when it is not
   */
  public EwmaDetector(double share) {
    if (!(share > 0 && share <= 1)) {
      throw new IllegalArgumentException("the share is above 0 and at most 1, not " + share);
    }
    this.share = share;
  }

  @Override
  public SeriesState fresh() {
    return new State();
  }

  @Override
  public void observe(SeriesState state, long timeMillis, double value, Reading out) {
    State known = (State) state;
    if (known.samples == 0) {
      known.mean = value;
    }
    double away = value - known.mean;
    out.expected = known.mean;
    out.spread = Math.sqrt(known.variance + LEAST_VARIANCE);
    out.warming = known.samples < WARM_SAMPLES;
    out.deviation = known.variance > 0 && !out.warming ? away / out.spread : 0;
    double sigmas = Math.abs(out.deviation);
    out.score = sigmas / (1 + sigmas);
    out.onset = out.score;
    known.mean += share * away;
    known.variance = (1 - share) * (known.variance + share * away * away);
    known.samples++;
  }

  @Override
  public SeriesState read(DataInput in) throws IOException {
    int version = in.readUnsignedByte();
    if (version != State.VERSION) {
      throw new IOException("mean of a series has version " + version + ", known is 1");
    }
    State state = new State();
    state.samples = in.readLong();
    state.mean = in.readDouble();
    state.variance = in.readDouble();
    return state;
  }

  private static final class State implements SeriesState {
    static final int VERSION = 1;

    long samples;
    double mean;
    double variance;

    @Override
    public long samples() {
      return samples;
    }

    @Override
    public void write(DataOutput out) throws IOException {
      out.writeByte(VERSION);
      out.writeLong(samples);
      out.writeDouble(mean);
      out.writeDouble(variance);
    }
  }
}
