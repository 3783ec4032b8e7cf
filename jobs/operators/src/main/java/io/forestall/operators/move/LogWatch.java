package io.forestall.operators.move;

import io.forestall.schemas.DeadLetter;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Watches the log where it is read: names the unbroken stretches of each partition, so that streams
 * know when something may have been lost between two deltas (retention that overtook the job, a
 * topic made anew), and sends dead letters. Stands in one chain with its source, as parallel as
 * that.
 *
 * <p>Offsets of the log follow each other: it is not compacted, and nobody writes it in
 * transactions.
 */
public final class LogWatch extends ProcessFunction<MoveInput, MoveInput>
    implements CheckpointedFunction {

  /** Name of what was read of each partition; a name in savepoints, never to change. */
  public static final String READ = "log-read";

  private static final long serialVersionUID = 1L;

  private transient ListState<long[]> kept;

  /** What was read of a partition: where it goes on, and in which stretch. */
  private static final class Partition {
    long next;
    long run;
  }

  private transient Map<Integer, Partition> partitions;
  private transient Partition last;
  private transient int lastNumber;
  private transient MetricGroup group;
  private transient Counter deltasRead;
  private transient Counter breaks;
  private transient DeadLetterCounts deadLetters;

  /** A watch. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public LogWatch() {}

  @Override
  public void initializeState(FunctionInitializationContext context) throws Exception {
    kept =
        context
            .getOperatorStateStore()
            .getUnionListState(
                new ListStateDescriptor<>(
                    READ, PrimitiveArrayTypeInfo.LONG_PRIMITIVE_ARRAY_TYPE_INFO));
    partitions = new HashMap<>();
    lastNumber = -1;
    // Who read a partition may change: everybody knows all, and the latest word of each counts.
    for (long[] each : kept.get()) {
      Partition partition = partitions.computeIfAbsent((int) each[0], number -> new Partition());
      if (each[2] > partition.run || (each[2] == partition.run && each[1] > partition.next)) {
        partition.next = each[1];
        partition.run = each[2];
      }
    }
  }

  @Override
  @SuppressWarnings("NullAway.Init") // what is kept was set by initializeState, before
  public void open(OpenContext context) {
    group = getRuntimeContext().getMetricGroup().addGroup("forestall");
    deltasRead = group.counter("deltasRead");
    breaks = group.counter("logBreaks");
    deadLetters = new DeadLetterCounts(group);
  }

  @Override
  public void processElement(MoveInput input, Context context, Collector<MoveInput> out) {
    if (input instanceof MoveInput.DeltaRead read) {
      deltasRead.inc();
      long run = run(read.partition(), read.offset(), context);
      out.collect(
          new MoveInput.DeltaRead(
              read.delta(), read.partition(), read.offset(), run, read.appendedMillis()));
    } else if (input instanceof MoveInput.Unreadable unreadable) {
      long run = run(unreadable.partition(), unreadable.offset(), context);
      DeadLetter letter = unreadable.letter();
      if (letter != null) {
        deadLetters.count(letter);
        context.output(MoveTags.DEAD_LETTERS, letter);
      }
      if (!unreadable.unit().isEmpty()) {
        out.collect(
            new MoveInput.Unreadable(
                unreadable.unit(), unreadable.partition(), unreadable.offset(), run, null));
      }
    }
  }

  private long run(int number, long offset, Context context) {
    Partition partition = last;
    if (number != lastNumber) {
      partition = partitions.computeIfAbsent(number, any -> new Partition());
      last = partition;
      lastNumber = number;
    }
    if (partition.run == 0 || offset != partition.next) {
      if (partition.run != 0) {
        breaks.inc();
      }
      // The time names it: no other stretch of the partition was ever called so.
      partition.run = Math.max(partition.run + 1, context.timerService().currentProcessingTime());
    }
    partition.next = offset + 1;
    return partition.run;
  }

  @Override
  public void snapshotState(FunctionSnapshotContext context) throws Exception {
    kept.clear();
    for (Map.Entry<Integer, Partition> each : partitions.entrySet()) {
      kept.add(new long[] {each.getKey(), each.getValue().next, each.getValue().run});
    }
  }
}
