package io.forestall.operators;

import io.forestall.operators.types.ModelInputType;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.jspecify.annotations.Nullable;

/**
 * One record of the models topic as it came. Immutable by convention: the bytes are not copied.
 *
 * @param key key of the record, mode/id/version, as text
 * @param value single-object bytes of a ModelRecord, null when the model is retired
 * @param partition partition of the topic, -1 when there is none
 * @param offset offset in that partition, -1 when there is none
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of bytes, never compared
public record ModelInput(String key, byte @Nullable [] value, int partition, long offset) {

  /** Type information with a serializer of its own. */
  public static TypeInformation<ModelInput> type() {
    return ModelInputType.INFO;
  }
}
