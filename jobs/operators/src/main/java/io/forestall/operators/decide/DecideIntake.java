package io.forestall.operators.decide;

import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import java.util.EnumMap;
import java.util.Map;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Sorts what a source of the decide job says: dead letters, where admissions stand, and what the
 * sagas must hear go aside.
 */
public final class DecideIntake extends ProcessFunction<DecideInput, DecideInput> {

  private static final long serialVersionUID = 1L;

  private transient MetricGroup group;
  private transient Counter received;
  private transient Map<DeadReason, Counter> deadLetters;

  /** An intake. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public DecideIntake() {}

  @Override
  public void open(OpenContext context) {
    group = getRuntimeContext().getMetricGroup().addGroup("forestall");
    received = group.counter("inputsReceived");
    deadLetters = new EnumMap<>(DeadReason.class);
  }

  @Override
  public void processElement(DecideInput input, Context context, Collector<DecideInput> out) {
    received.inc();
    if (input instanceof DecideInput.Dead dead) {
      DeadLetter letter = dead.letter();
      deadLetters
          .computeIfAbsent(
              letter.getReason(),
              reason -> group.addGroup("reason", reason.name()).counter("deadLetters"))
          .inc();
      context.output(DecideTags.DEAD_LETTERS, letter);
    } else if (input instanceof DecideInput.AdmissionSeen) {
      context.output(DecideTags.ADMISSIONS_SEEN, input);
    } else if (input instanceof DecideInput.ForSaga) {
      context.output(DecideTags.SAGAS, input);
    } else {
      out.collect(input);
    }
  }
}
