package io.forestall.operators.decide;

import io.forestall.decisions.failover.Command;
import io.forestall.decisions.failover.CommandAck;
import io.forestall.decisions.failover.SagaOutput;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;

/**
 * Counters and gauges of the sagas of one subtask. The task counts; the reporter's thread reads.
 */
final class SagaFigures {

  private final MetricGroup metrics;
  private final Map<String, Counter> commands = new HashMap<>();
  private final Map<String, Counter> acks = new HashMap<>();
  private final Map<String, Counter> ends = new HashMap<>();
  private final Counter maps;
  private final Counter withoutAdmission;
  private final Map<String, Integer> byPool = new HashMap<>();
  private volatile int open;
  private volatile long lastPauseMillis = -1;
  private volatile long longestPauseMillis = -1;

  SagaFigures(MetricGroup metrics) {
    this.metrics = metrics;
    maps = metrics.counter("mapsWritten");
    withoutAdmission = metrics.counter("commandsWithoutAdmission");
    metrics.gauge("sagasOpen", () -> open);
    metrics.gauge("lastPauseMillis", () -> lastPauseMillis);
    metrics.gauge("longestPauseMillis", () -> longestPauseMillis);
  }

  void ordered(Command.Kind kind) {
    commands
        .computeIfAbsent(
            kind.name(), name -> metrics.addGroup("kind", name).counter("commandsGiven"))
        .inc();
  }

  void orderedWithoutAdmission() {
    withoutAdmission.inc();
  }

  void acked(CommandAck ack) {
    String status = ack.status().name();
    String code = ack.code().name();
    acks.computeIfAbsent(
            status + "/" + code,
            each -> metrics.addGroup("status", status).addGroup("code", code).counter("acksHeard"))
        .inc();
  }

  void ended(SagaOutput.Ended ended) {
    ends.computeIfAbsent(
            ended.state().name(), name -> metrics.addGroup("state", name).counter("actsEnded"))
        .inc();
    if (ended.pauseMillis() >= 0) {
      lastPauseMillis = ended.pauseMillis();
      longestPauseMillis = Math.max(longestPauseMillis, ended.pauseMillis());
    }
  }

  void mapped() {
    maps.inc();
  }

  /** Looks at a pool that has just decided. */
  void look(SagaMemory memory) {
    int now = memory.sagas().open();
    Integer before = now == 0 ? byPool.remove(memory.pool()) : byPool.put(memory.pool(), now);
    int sum = open + now - (before == null ? 0 : before);
    open = sum;
  }
}
