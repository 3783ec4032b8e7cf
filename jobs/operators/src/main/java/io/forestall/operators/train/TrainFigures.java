package io.forestall.operators.train;

import io.forestall.schemas.ModelTrial;
import io.forestall.schemas.TrialFigures;
import io.forestall.schemas.TrialVerdict;
import java.util.EnumMap;
import java.util.Map;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;

/** Figures of the trainer; written by the task's thread, read by the reporter's. */
final class TrainFigures {

  private final Map<TrialVerdict, Counter> trials = new EnumMap<>(TrialVerdict.class);
  final Counter skipped;
  final Counter unreadableModels;

  private volatile int disks;
  private volatile long bytes;
  private volatile long living;
  private volatile int training;
  private volatile long lastTrialMillis;
  private volatile long trainingMillis;
  private volatile double championCalibration = Double.NaN;
  private volatile double drift = Double.NaN;

  TrainFigures(MetricGroup group) {
    for (TrialVerdict verdict : TrialVerdict.values()) {
      if (verdict != TrialVerdict.UNKNOWN) {
        trials.put(verdict, group.addGroup("verdict", verdict.name()).counter("trials"));
      }
    }
    skipped = group.counter("trialsSkipped");
    unreadableModels = group.counter("modelsUnreadable");
    group.gauge("reservoirDisks", () -> disks);
    group.gauge("reservoirBytes", () -> bytes);
    group.gauge("disksReporting", () -> living);
    group.gauge("trainingRuns", () -> training);
    group.gauge("lastTrialMillis", () -> lastTrialMillis);
    group.gauge("lastTrainingMillis", () -> trainingMillis);
    group.gauge("championObservedOverExpected", () -> championCalibration);
    group.gauge("inputDriftMax", () -> drift);
  }

  void reservoir(int count, long heapBytes) {
    disks = count;
    bytes = heapBytes;
  }

  void living(long count) {
    living = count;
  }

  void running(boolean runs) {
    training = runs ? 1 : 0;
  }

  void ended(ModelTrial trial) {
    Counter counter = trials.get(trial.getVerdict());
    if (counter != null) {
      counter.inc();
    }
    lastTrialMillis = trial.getTimeMillis();
    trainingMillis = trial.getTrainingMillis();
    TrialFigures champion = trial.getChampion();
    if (champion != null) {
      Double since = champion.getObservedOverExpectedSince();
      championCalibration = since == null ? Double.NaN : since;
    }
    drift = trial.getDrift().values().stream().mapToDouble(each -> each).max().orElse(Double.NaN);
  }
}
