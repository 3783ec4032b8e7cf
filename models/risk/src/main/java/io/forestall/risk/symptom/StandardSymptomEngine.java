package io.forestall.risk.symptom;

import io.forestall.risk.series.SeriesDetector;
import io.forestall.risk.signal.PeerSummary;
import io.forestall.risk.signal.SignalSample;
import java.io.DataInput;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The one {@link SymptomEngine}, for machines, drives and paths alike. */
public final class StandardSymptomEngine implements SymptomEngine {
  private final SymptomPolicy policy;
  private final SeriesDetector detector;

  /**
   * An engine.
   *
   * @param policy weights, horizons and limits
   * @param detector watches each signal; used by this engine alone
   */
  public StandardSymptomEngine(SymptomPolicy policy, SeriesDetector detector) {
    this.policy = policy;
    this.detector = detector;
  }

  @Override
  public SymptomState fresh() {
    throw new UnsupportedOperationException("" + policy + detector);
  }

  @Override
  public SymptomState read(DataInput in) throws IOException {
    throw new UnsupportedOperationException();
  }

  @Override
  public Report observe(SymptomState state, SignalSample sample, @Nullable PeerSummary peers) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<Baseline> baselines(SymptomState state, @Nullable PeerSummary peers) {
    throw new UnsupportedOperationException();
  }
}
