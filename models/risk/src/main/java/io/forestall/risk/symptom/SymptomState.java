package io.forestall.risk.symptom;

import java.io.DataOutput;
import java.io.IOException;

/**
 * What is remembered of the signals of one thing. Bounded; its encoding carries a version and only
 * grows.
 */
public interface SymptomState {

  /** Samples seen so far; count. */
  long samples();

  /** Event time of the last sample; epoch milliseconds. */
  long lastTimeMillis();

  /** Writes the state. */
  void write(DataOutput out) throws IOException;
}
