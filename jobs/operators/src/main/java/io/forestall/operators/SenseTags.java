package io.forestall.operators;

import io.forestall.operators.types.AvroType;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.Event;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeinfo.BasicTypeInfo;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.util.OutputTag;

/** Side outputs and broadcast state that the operators of the sense job share. */
public final class SenseTags {

  /** What could not be taken in. */
  public static final OutputTag<DeadLetter> DEAD_LETTERS =
      new OutputTag<>("dead-letters", AvroType.info(DeadLetter.class));

  /** Failures that are expected. */
  public static final OutputTag<Event> PREDICTED_EVENTS =
      new OutputTag<>("predicted-events", AvroType.info(Event.class));

  /**
   * Samples that were scored, and ends, for the second lane; in the order in which that happened.
   */
  public static final OutputTag<DiskInput> LANE = new OutputTag<>("lane", DiskInput.type());

  /** Model records by their keys, as they stand in the models topic. */
  public static final MapStateDescriptor<String, byte[]> MODELS =
      new MapStateDescriptor<>(
          "models",
          BasicTypeInfo.STRING_TYPE_INFO,
          PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO);

  private SenseTags() {}
}
