package io.forestall.operators.move;

import io.forestall.decisions.incident.FleetEvent;
import io.forestall.decisions.ownership.Delta;
import io.forestall.decisions.shadow.ShadowStep;
import io.forestall.decisions.shadow.StreamState;
import java.util.stream.Stream;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;

/**
 * Figures of a subtask of the streams. Counters are counted by the task's thread; gauges over the
 * hot units are made once a second by it and read by the reporter's.
 */
final class MoveFigures {

  final Counter deltas;
  final Counter passedOver;
  final Counter reports;
  final Counter rowsWritten;
  final Counter warmed;
  final Counter cooled;
  private final Counter steps;
  private final Counter stepBytes;
  private final Counter resyncs;
  private final Counter wholeResyncs;
  private final Counter attributed;
  private final Counter unattributed;
  private final Counter losses;

  private volatile int units;
  private volatile int hot;
  private volatile int waiting;
  private volatile long lagRecords;
  private volatile long lagBytes;
  private volatile long lagMillis;

  MoveFigures(MetricGroup group) {
    deltas = group.counter("streamDeltas");
    passedOver = group.counter("deltasWithoutShadow");
    reports = group.counter("holderReports");
    rowsWritten = group.counter("streamRowsWritten");
    warmed = group.counter("unitsWarmed");
    cooled = group.counter("unitsCooled");
    steps = group.counter("stepsSent");
    stepBytes = group.counter("stepBytesSent");
    resyncs = group.counter("resyncsSent");
    wholeResyncs = group.counter("wholeResyncsSent");
    attributed = group.addGroup("attributed", "true").counter("copyDivergences");
    unattributed = group.addGroup("attributed", "false").counter("copyDivergences");
    losses = group.counter("streamLosses");
    group.gauge("unitsWithShadows", () -> units);
    group.gauge("unitsHot", () -> hot);
    group.gauge("streamsWaiting", () -> waiting);
    group.gauge("shadowLagRecords", () -> lagRecords);
    group.gauge("shadowLagBytes", () -> lagBytes);
    group.gauge("shadowLagMillis", () -> lagMillis);
  }

  void units(int count) {
    units = count;
  }

  void sent(ShadowStep step) {
    steps.inc();
    Delta delta = step.delta();
    if (delta != null) {
      stepBytes.inc(delta.payload().length);
      return;
    }
    resyncs.inc();
    if (step.previousSequence() < 0) {
      wholeResyncs.inc();
    }
  }

  void noted(FleetEvent event) {
    if (event.type().equals("copy.diverged")) {
      ("none".equals(event.labels().get("attributed")) ? unattributed : attributed).inc();
    } else if (event.type().equals("shadow.stream.lost")) {
      losses.inc();
    }
  }

  void look(int hotUnits, Stream<StreamState> states, long nowMillis) {
    int[] waits = {0};
    long[] lag = {0, 0, 0};
    states.forEach(
        state -> {
          waits[0] += state.waits() ? 1 : 0;
          lag[0] = Math.max(lag[0], state.lagRecords());
          lag[1] += state.lagBytes();
          lag[2] = Math.max(lag[2], state.lagMillis(nowMillis));
        });
    hot = hotUnits;
    waiting = waits[0];
    lagRecords = lag[0];
    lagBytes = lag[1];
    lagMillis = lag[2];
  }
}
