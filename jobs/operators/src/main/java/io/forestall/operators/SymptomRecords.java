package io.forestall.operators;

import io.forestall.risk.symptom.Anomaly;
import io.forestall.risk.symptom.Baseline;
import io.forestall.schemas.AnomalyRecord;
import io.forestall.schemas.BaselineRecord;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.SignalBaseline;
import io.forestall.wire.Keys;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Turns what the symptom engine says into the records of the contract. Thread-safe. */
final class SymptomRecords {

  private SymptomRecords() {}

  /**
   * The record of an anomaly.
   *
   * @param entity key of the thing, {@code kind/id}
   * @param node node that holds it; empty for a node itself and when not stated
   * @param timeMillis event time of the sample; epoch milliseconds
   */
  static AnomalyRecord of(
      String entity, String node, long timeMillis, Anomaly anomaly, boolean ended) {
    AnomalyRecord record = new AnomalyRecord();
    record.setEntity(entity(entity));
    record.setNode(node.isEmpty() ? null : node);
    record.setTimeMillis(timeMillis);
    record.setSinceMillis(anomaly.sinceMillis());
    record.setEnded(ended);
    record.setSignal(anomaly.signal().signalName());
    record.setValue(anomaly.value());
    record.setExpected(anomaly.expected());
    record.setSpread(anomaly.spread());
    record.setScore(anomaly.score());
    record.setWorse(anomaly.worse());
    record.setByPeers(anomaly.byPeers());
    record.setText(text(anomaly, ended));
    return record;
  }

  private static String text(Anomaly anomaly, boolean ended) {
    String label = anomaly.signal().label();
    String subject = Character.toUpperCase(label.charAt(0)) + label.substring(1);
    return String.format(
        Locale.ROOT,
        ended ? "%s is back to usual: %s, %s expected%s" : "%s is %s; %s expected%s",
        subject,
        number(anomaly.value()),
        number(anomaly.expected()),
        anomaly.byPeers() ? " from peers" : " from its own past");
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.4g", value);
  }

  /** The record of what is usual for a thing. */
  static BaselineUpdate of(
      String entity, String node, long timeMillis, long samples, List<Baseline> baselines) {
    List<SignalBaseline> signals = new ArrayList<>(baselines.size());
    for (Baseline baseline : baselines) {
      SignalBaseline signal = new SignalBaseline();
      signal.setSignal(baseline.signal().signalName());
      signal.setSamples(baseline.samples());
      signal.setLevel(baseline.level());
      signal.setSpread(baseline.spread());
      signal.setLast(baseline.last());
      signal.setPeerMedian(Double.isNaN(baseline.peerMedian()) ? null : baseline.peerMedian());
      signals.add(signal);
    }
    BaselineRecord record = new BaselineRecord();
    record.setEntity(entity(entity));
    record.setNode(node.isEmpty() ? null : node);
    record.setTimeMillis(timeMillis);
    record.setSamples(samples);
    record.setSignals(signals);
    return new BaselineUpdate(entity, record);
  }

  /** The reference of a key. */
  static EntityRef entity(String key) {
    EntityRef parsed = Keys.parse(key);
    return parsed == null ? new EntityRef(EntityKind.UNKNOWN, key) : parsed;
  }
}
