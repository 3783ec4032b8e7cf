package io.forestall.operators.decide;

import io.forestall.decisions.guard.GuardInput;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Takes the units out of the slices of the volumes' maps and lets pass those that changed, and the
 * ends of those that are gone. One key is one slice.
 */
public final class SliceFunction extends KeyedProcessFunction<String, DecideInput, DecideInput> {

  /** Name of the units that were passed on; a name in savepoints, never to change. */
  public static final String UNITS = "slice-units";

  /** Name of the slice's pool; a name in savepoints, never to change. */
  public static final String POOL = "slice-pool";

  private static final long serialVersionUID = 1L;

  private transient MapState<String, byte[]> units;
  private transient ValueState<String> pools;
  private transient DataOutputSerializer buffer;

  /** A step. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public SliceFunction() {}

  @Override
  public void open(OpenContext context) {
    units =
        getRuntimeContext()
            .getMapState(
                new MapStateDescriptor<>(
                    UNITS, Types.STRING, PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO));
    pools = getRuntimeContext().getState(new ValueStateDescriptor<>(POOL, Types.STRING));
    buffer = new DataOutputSerializer(256);
  }

  @Override
  public void processElement(DecideInput input, Context context, Collector<DecideInput> out)
      throws Exception {
    DecideInput.SliceRead slice = (DecideInput.SliceRead) input;
    String before = pools.value();
    String pool = slice.pool();
    boolean moved = before != null && !before.equals(pool);
    Set<String> seen = new HashSet<>();
    for (GuardInput.UnitChanged unit : slice.units()) {
      seen.add(unit.unit());
    }
    List<String> gone = new ArrayList<>();
    for (Map.Entry<String, byte[]> kept : units.entries()) {
      if (moved || !seen.contains(kept.getKey())) {
        gone.add(kept.getKey());
      }
    }
    for (String unit : gone) {
      units.remove(unit);
      if (before != null) {
        out.collect(new DecideInput.ForPool(before, new GuardInput.UnitLeft(unit)));
      }
    }
    for (GuardInput.UnitChanged unit : slice.units()) {
      byte[] bytes = bytes(unit);
      if (!java.util.Arrays.equals(bytes, units.get(unit.unit()))) {
        units.put(unit.unit(), bytes);
        out.collect(new DecideInput.ForPool(pool, unit));
      }
    }
    if (slice.units().isEmpty()) {
      units.clear();
      pools.clear();
    } else if (!pool.equals(before)) {
      pools.update(pool);
    }
  }

  private byte[] bytes(GuardInput.UnitChanged unit) throws java.io.IOException {
    buffer.clear();
    DecideInputFormat.writeUnit(unit, buffer);
    return buffer.getCopyOfBuffer();
  }
}
