package io.forestall.risk.symptom;

import io.forestall.risk.signal.PeerSummary;
import io.forestall.risk.signal.SignalSample;
import java.io.DataInput;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Watches the signals of one thing and says what they mean: anomalies, and by failure mode a
 * probability within a horizon, with reasons. Rows A6, A8, A11, G7. Pure. Not thread-safe: one
 * engine for each thread serves any number of things.
 */
public interface SymptomEngine {

  /** State of a thing of which nothing is known yet. */
  SymptomState fresh();

  /**
   * Reads a state that this engine wrote; signals that are no longer known are left out.
   *
   * @throws IOException when the bytes are none of its states
   */
  SymptomState read(DataInput in) throws IOException;

  /**
   * Takes one sample in.
   *
   * @param state what is remembered of the thing; moved on
   * @param sample its signals; newer than the one before
   * @param peers what its peers did in the last closed window, null when nothing is known of them
   */
  Report observe(SymptomState state, SignalSample sample, @Nullable PeerSummary peers);

  /** What is usual for the thing, one entry for each signal that is known. */
  List<Baseline> baselines(SymptomState state, @Nullable PeerSummary peers);

  /**
   * What one sample said.
   *
   * @param finding modes with probability, horizon and reasons; all modes of the scope, however low
   * @param anomalies signals that behave unusually now, worst first; empty when all is usual
   * @param begun anomalies that began, or got clearly worse, with this sample
   * @param ended anomalies that ended with this sample
   * @param notable true when a mode's probability has moved enough since the last notable report to
   *     matter to a score, or that report is old: what flows on need be no more than these
   */
  record Report(
      Finding finding,
      List<Anomaly> anomalies,
      List<Anomaly> begun,
      List<Anomaly> ended,
      boolean notable) {
    public Report {
      anomalies = List.copyOf(anomalies);
      begun = List.copyOf(begun);
      ended = List.copyOf(ended);
    }
  }
}
