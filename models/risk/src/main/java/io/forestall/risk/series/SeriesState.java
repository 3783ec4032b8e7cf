package io.forestall.risk.series;

import java.io.DataOutput;
import java.io.IOException;

/**
 * What is remembered of one series. Bounded; its encoding carries a version and only grows. A
 * detector reads back what it wrote with {@code read(DataInput)} of its own class.
 */
public interface SeriesState {

  /** Values seen so far; count. */
  long samples();

  /** Writes the state. */
  void write(DataOutput out) throws IOException;
}
