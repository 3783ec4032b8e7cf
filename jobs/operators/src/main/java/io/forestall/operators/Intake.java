package io.forestall.operators;

import io.forestall.schemas.DeadLetter;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Sorts what a source says: SMART attributes of disks go straight on; machines, disks under load
 * and paths leave by the side, and so do dead letters.
 */
public final class Intake extends ProcessFunction<SenseInput, DiskInput> {

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
  public void processElement(SenseInput input, Context context, Collector<DiskInput> out) {
    received.inc();
    DiskInput disk = input.disk();
    if (disk != null) {
      if (disk.kind() == DiskInput.Kind.DEAD) {
        DeadLetter letter = disk.deadLetter();
        metrics.deadLetter(letter.getReason());
        context.output(SenseTags.DEAD_LETTERS, letter);
      } else {
        out.collect(disk);
      }
    }
    EntityInput entity = input.entity();
    if (entity != null) {
      if (entity.path()) {
        context.output(SenseTags.PATHS, entity);
      } else {
        context.output(SenseTags.ENTITIES, entity);
        if (entity.kind() == EntityInput.Kind.TOMBSTONE && entity.entity().startsWith("node/")) {
          context.output(SenseTags.PATHS, entity);
        }
      }
    }
  }
}
