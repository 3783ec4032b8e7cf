package io.forestall.operators.move;

import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import java.util.EnumMap;
import java.util.Map;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;

/** Counts dead letters by their reason. For one thread. */
final class DeadLetterCounts {

  private final MetricGroup group;
  private final Map<DeadReason, Counter> counters = new EnumMap<>(DeadReason.class);

  DeadLetterCounts(MetricGroup group) {
    this.group = group;
  }

  void count(DeadLetter letter) {
    counters
        .computeIfAbsent(
            letter.getReason(),
            reason -> group.addGroup("reason", reason.name()).counter("deadLetters"))
        .inc();
  }
}
