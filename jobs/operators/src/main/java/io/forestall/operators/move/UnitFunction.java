package io.forestall.operators.move;

import io.forestall.decisions.shadow.StreamInput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
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
 * Takes the units with shadows out of the slices of the volumes' maps and lets pass those whose
 * place in the map changed, and the ends of those that have no shadow any more. One key is one
 * slice.
 */
public final class UnitFunction extends KeyedProcessFunction<String, MoveInput, MoveInput> {

  /** Name of the units that were passed on; a name in savepoints, never to change. */
  public static final String UNITS = "mapped-units";

  /** Name of the slice's version; a name in savepoints, never to change. */
  public static final String VERSION = "mapped-version";

  private static final long serialVersionUID = 1L;

  private transient MapState<String, byte[]> units;
  private transient ValueState<Long> versions;
  private transient DataOutputSerializer buffer;

  /** A step. */
  @SuppressWarnings("NullAway.Init") // open() is Flink's constructor
  public UnitFunction() {}

  @Override
  public void open(OpenContext context) {
    units =
        getRuntimeContext()
            .getMapState(
                new MapStateDescriptor<>(
                    UNITS, Types.STRING, PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO));
    versions = getRuntimeContext().getState(new ValueStateDescriptor<>(VERSION, Types.LONG));
    buffer = new DataOutputSerializer(256);
  }

  @Override
  public void processElement(MoveInput input, Context context, Collector<MoveInput> out)
      throws Exception {
    MoveInput.SliceRead slice = (MoveInput.SliceRead) input;
    Long version = versions.value();
    if (version != null && slice.version() < version) {
      return;
    }
    Set<String> seen = new HashSet<>();
    for (MoveInput.Unit unit : slice.units()) {
      seen.add(unit.unit());
    }
    List<String> gone = new ArrayList<>();
    for (Map.Entry<String, byte[]> kept : units.entries()) {
      if (!seen.contains(kept.getKey())) {
        gone.add(kept.getKey());
      }
    }
    for (String unit : gone) {
      units.remove(unit);
      out.collect(new MoveInput.UnitMapped(unit, null));
    }
    for (MoveInput.Unit unit : slice.units()) {
      StreamInput.Mapped mapped =
          new StreamInput.Mapped(
              slice.volume(),
              slice.pool(),
              slice.version(),
              unit.owner(),
              unit.bytes(),
              slice.blockBytes(),
              unit.shadows());
      byte[] bytes = bytes(mapped);
      if (!Arrays.equals(bytes, units.get(unit.unit()))) {
        units.put(unit.unit(), bytes);
        out.collect(new MoveInput.UnitMapped(unit.unit(), mapped));
      }
    }
    if (slice.version() == Long.MAX_VALUE) {
      // The slice has ended: nothing of it remains, and a volume of the same name begins anew.
      versions.clear();
    } else if (version == null || version != slice.version()) {
      versions.update(slice.version());
    }
  }

  /** What matters of it; a version by which nothing changed is nothing new. */
  private byte[] bytes(StreamInput.Mapped mapped) throws IOException {
    buffer.clear();
    MoveInputFormat.writeMapped(
        new StreamInput.Mapped(
            mapped.volume(),
            mapped.pool(),
            0,
            mapped.owner(),
            mapped.bytes(),
            mapped.blockBytes(),
            mapped.shadows()),
        buffer);
    return buffer.getCopyOfBuffer();
  }
}
