package io.forestall.operators.move;

import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;

/** Lets pass what was read beside the log; dead letters go aside. */
public final class MoveIntake extends ProcessFunction<MoveInput, MoveInput> {

  private static final long serialVersionUID = 1L;

  private transient Counter received;
  private transient DeadLetterCounts deadLetters;

  /** An intake. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public MoveIntake() {}

  @Override
  public void open(OpenContext context) {
    MetricGroup group = getRuntimeContext().getMetricGroup().addGroup("forestall");
    received = group.counter("inputsReceived");
    deadLetters = new DeadLetterCounts(group);
  }

  @Override
  public void processElement(MoveInput input, Context context, Collector<MoveInput> out) {
    received.inc();
    if (input instanceof MoveInput.Dead dead) {
      deadLetters.count(dead.letter());
      context.output(MoveTags.DEAD_LETTERS, dead.letter());
    } else {
      out.collect(input);
    }
  }
}
