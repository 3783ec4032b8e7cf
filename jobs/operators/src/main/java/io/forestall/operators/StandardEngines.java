package io.forestall.operators;

import io.forestall.risk.ModeModel;
import io.forestall.risk.series.EnsembleDetector;
import io.forestall.risk.signal.SignalDeriver;
import io.forestall.risk.signal.Signals;
import io.forestall.risk.symptom.NetworkBlame;
import io.forestall.risk.symptom.NodeRiskEngine;
import io.forestall.risk.symptom.PathEngine;
import io.forestall.risk.symptom.StandardSymptomEngine;
import io.forestall.risk.symptom.SymptomEngine;
import io.forestall.risk.symptom.SymptomPolicy;

/** The engines of the sense job under its settings. */
public final class StandardEngines implements Engines {

  private static final long serialVersionUID = 1L;

  private final SenseSettings settings;

  /** Engines under these settings. */
  public StandardEngines(SenseSettings settings) {
    this.settings = settings;
  }

  @Override
  public SignalDeriver signals() {
    return new Signals();
  }

  @Override
  public SymptomEngine symptoms() {
    return new StandardSymptomEngine(SymptomPolicy.defaults(), EnsembleDetector.standard());
  }

  @Override
  public PathEngine paths() {
    return new PathEngine(SymptomPolicy.defaults(), symptoms(), signals());
  }

  @Override
  public NetworkBlame blame() {
    return new NetworkBlame(SymptomPolicy.defaults());
  }

  @Override
  public NodeRiskEngine nodes() {
    return new NodeRiskEngine(settings.nodePolicy(), settings.modes(), ModeModel.Subject.MACHINE);
  }

  @Override
  public NodeRiskEngine volumes() {
    return new NodeRiskEngine(settings.volumePolicy(), settings.modes(), ModeModel.Subject.VOLUME);
  }
}
