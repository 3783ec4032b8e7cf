package io.forestall.operators.decide;

import io.forestall.decisions.failover.SagaInput;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Brings the slices of the volumes' maps to the sagas of their pool, and the ends of those that are
 * gone, whose record names no pool any more. One key is one slice.
 */
public final class SagaSliceFunction
    extends KeyedProcessFunction<String, DecideInput, DecideInput> {

  /** Name of the slice's pool; a name in savepoints, never to change. */
  public static final String POOL = "saga-slice-pool";

  private static final long serialVersionUID = 1L;

  private transient ValueState<String> pools;

  /** A step. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public SagaSliceFunction() {}

  @Override
  public void open(OpenContext context) {
    pools = getRuntimeContext().getState(new ValueStateDescriptor<>(POOL, Types.STRING));
  }

  @Override
  public void processElement(DecideInput input, Context context, Collector<DecideInput> out)
      throws Exception {
    DecideInput.MapRead read = (DecideInput.MapRead) input;
    SagaInput.MapSlice map = read.map();
    String before = pools.value();
    if (before != null && (map == null || !before.equals(map.pool()))) {
      int slash = read.slice().lastIndexOf('/');
      out.collect(
          new DecideInput.ForSaga(
              before,
              new SagaInput.SliceLeft(
                  read.slice().substring(0, slash),
                  Integer.parseInt(read.slice().substring(slash + 1))),
              null));
    }
    if (map == null) {
      pools.clear();
      return;
    }
    if (!map.pool().equals(before)) {
      pools.update(map.pool());
    }
    out.collect(new DecideInput.ForSaga(map.pool(), new SagaInput.MapRead(map), null));
  }
}
