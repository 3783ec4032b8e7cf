package io.forestall.risk.series;

import java.io.DataInput;
import java.io.IOException;

/**
 * Watches one series: level, trend and season by exponential smoothing, an autoregressive
 * forecaster, control charts and robust scores, combined into one calibrated score. One
 * configuration serves all series. One pass, bounded state, nothing later than the value at hand.
 * Row A6. Not thread-safe: one detector for each thread serves any number of series.
 */
public interface SeriesDetector {

  /** State of a series of which nothing is known yet. */
  SeriesState fresh();

  /**
   * Reads a state that this detector wrote.
   *
   * @throws IOException when the bytes are none of its states
   */
  SeriesState read(DataInput in) throws IOException;

  /**
   * Takes one value in.
   *
   * @param state what is remembered of the series; moved on
   * @param timeMillis event time, above that of the value before; epoch milliseconds
   * @param value finite value
   * @param out receives what is said of this value; overwritten
   */
  void observe(SeriesState state, long timeMillis, double value, Reading out);

  /** What a detector says of one value. Mutable, so that one serves a thread for ever. */
  final class Reading {
    /**
     * Calibrated anomaly score, 0 usual to 1 certain: how rare a value as surprising as this one is
     * in the history of the series itself, so that scores of different series can be compared. An
     * anomaly begins at 0.5.
     */
    public double score;

    /**
     * The score where something new begins, small while what has been told already goes on. For
     * alarms, of which one for each event is wanted.
     */
    public double onset;

    /** What was expected; unit of the series. */
    public double expected;

    /** Usual distance from it, above 0; unit of the series. */
    public double spread;

    /** (value - expected) / spread, positive for more than usual. */
    public double deviation;

    /** True while too few values have been seen for any score above 0. */
    public boolean warming;
  }
}
