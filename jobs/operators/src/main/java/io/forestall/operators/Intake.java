package io.forestall.operators;

import io.forestall.schemas.DeadLetter;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;

/** Sends the dead letters of a source to the side and counts what came. */
public final class Intake extends ProcessFunction<DiskInput, DiskInput> {

  private static final long serialVersionUID = 1L;

  private transient SenseMetrics metrics;
  private transient Counter received;

  /** An intake. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public Intake() {}

  @Override
  public void open(OpenContext context) {
    metrics = new SenseMetrics(getRuntimeContext().getMetricGroup());
    received = metrics.group().counter("inputsReceived");
  }

  @Override
  public void processElement(DiskInput input, Context context, Collector<DiskInput> out) {
    received.inc();
    if (input.kind() == DiskInput.Kind.DEAD) {
      DeadLetter letter = input.deadLetter();
      metrics.deadLetter(letter.getReason());
      context.output(SenseTags.DEAD_LETTERS, letter);
      return;
    }
    out.collect(input);
  }
}
