package io.forestall.operators.decide;

import io.forestall.decisions.guard.GuardInput;
import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.Wired;
import java.io.IOException;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;
import org.jspecify.annotations.Nullable;

/**
 * Finds the pool of the end of an act that does not name it. One key is one admission. An end that
 * is told before its admission was read waits for it, for a bounded time.
 */
public final class ActFunction extends KeyedProcessFunction<String, DecideInput, DecideInput> {

  /** Name of the state; a name in savepoints, never to change. */
  public static final String MEMORY = "act-memory";

  private static final long serialVersionUID = 1L;

  private final long graceMillis;

  private transient ValueState<Memory> memories;

  /**
   * What is remembered of one admission. Immutable; it lies in state.
   *
   * @param pool its pool, null while the log has not told of it
   * @param ended the end that waits for it, null when none does
   * @param untilMillis when what waits is dropped, 0 when nothing waits; milliseconds
   */
  public record Memory(
      @Nullable String pool, DecideInput.@Nullable ActRead ended, long untilMillis) {
    private static final int VERSION = 1;

    /** Writes it. */
    public void write(DataOutputView out) throws IOException {
      out.writeByte(VERSION);
      Wired.writeText(pool, out);
      out.writeBoolean(ended != null);
      if (ended != null) {
        DecideInputFormat.writeAct(ended, out);
      }
      out.writeLong(untilMillis);
    }

    /** Reads what {@link #write} wrote. */
    public static Memory read(DataInputView in) throws IOException {
      Wired.version(in, VERSION, "memory of an act's end");
      return new Memory(
          Wired.readText(in),
          in.readBoolean() ? DecideInputFormat.readAct(in) : null,
          in.readLong());
    }

    static TypeInformation<Memory> type() {
      return RecordFormat.ACT_MEMORY.info(Memory.class);
    }
  }

  /**
   * A step.
   *
   * @param graceMillis how long, by the wall clock, an end waits for its admission
   */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public ActFunction(long graceMillis) {
    this.graceMillis = graceMillis;
  }

  @Override
  public void open(OpenContext context) {
    memories = getRuntimeContext().getState(new ValueStateDescriptor<>(MEMORY, Memory.type()));
  }

  @Override
  public void processElement(DecideInput input, Context context, Collector<DecideInput> out)
      throws Exception {
    if (input instanceof DecideInput.ForPool) {
      // The ack named its pool.
      out.collect(input);
      return;
    }
    Memory memory = memories.value();
    if (input instanceof DecideInput.AdmissionSeen seen) {
      if (memory != null && memory.untilMillis() != 0) {
        context.timerService().deleteProcessingTimeTimer(memory.untilMillis());
      }
      if (seen.ended()) {
        memories.clear();
        return;
      }
      DecideInput.ActRead waiting = memory == null ? null : memory.ended();
      if (waiting != null) {
        out.collect(ended(seen.pool(), waiting));
      }
      memories.update(new Memory(seen.pool(), null, 0));
    } else if (input instanceof DecideInput.ActRead act) {
      String pool = memory == null ? null : memory.pool();
      if (pool != null) {
        out.collect(ended(pool, act));
      } else if (memory == null) {
        long untilMillis = context.timerService().currentProcessingTime() + graceMillis;
        context.timerService().registerProcessingTimeTimer(untilMillis);
        memories.update(new Memory(null, act, untilMillis));
      }
    } else {
      throw new IllegalStateException("no input of this step: " + input.getClass());
    }
  }

  private static DecideInput ended(String pool, DecideInput.ActRead act) {
    return new DecideInput.ForPool(
        pool, new GuardInput.ActEnded(act.admission(), act.state(), act.text()));
  }

  @Override
  public void onTimer(long timeMillis, OnTimerContext context, Collector<DecideInput> out)
      throws Exception {
    Memory memory = memories.value();
    if (memory != null && memory.pool() == null) {
      memories.clear();
    }
  }
}
