package io.forestall.risk.symptom;

import io.forestall.risk.signal.SignalState;
import java.io.DataOutput;
import java.io.IOException;

/**
 * What is remembered of one path: its last counters and its symptoms. Mutable; read with {@link
 * PathEngine#readMember}.
 */
public final class PathMember {
  final SignalState signals;
  final SymptomState symptoms;

  PathMember(SignalState signals, SymptomState symptoms) {
    this.signals = signals;
    this.symptoms = symptoms;
  }

  /** Writes the member. */
  public void write(DataOutput out) throws IOException {
    signals.write(out);
    symptoms.write(out);
  }
}
