package io.forestall.operators;

import io.forestall.schemas.DeadReason;
import java.util.EnumMap;
import java.util.Map;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;

/** Dead letters counted by reason, under the group {@code forestall}. One thread. */
final class SenseMetrics {

  private final MetricGroup group;
  private final Map<DeadReason, Counter> deadLetters = new EnumMap<>(DeadReason.class);

  /**
   * Metrics of one operator.
   *
   * @param operator the operator's own group
   */
  SenseMetrics(MetricGroup operator) {
    this.group = operator.addGroup("forestall");
  }

  /** The group {@code forestall} of the operator. */
  MetricGroup group() {
    return group;
  }

  /** Counts a dead letter. */
  void deadLetter(DeadReason reason) {
    deadLetters
        .computeIfAbsent(
            reason, each -> group.addGroup("reason", each.name()).counter("deadLetters"))
        .inc();
  }
}
