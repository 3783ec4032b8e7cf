package io.forestall.operators;

import io.forestall.operators.types.AvroType;
import io.forestall.operators.types.RecordFormat;
import io.forestall.schemas.BaselineRecord;
import java.io.IOException;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * One record for the baselines topic: what is usual for a thing, or that it is forgotten.
 *
 * @param key key of the topic, {@code kind/id}
 * @param baseline what is usual, null when the thing has ended
 */
public record BaselineUpdate(String key, @Nullable BaselineRecord baseline) {

  /** Type information with a serializer of its own. */
  public static TypeInformation<BaselineUpdate> type() {
    return RecordFormat.BASELINE_UPDATE.info(BaselineUpdate.class);
  }

  /** Writes it. */
  public void write(DataOutputView out) throws IOException {
    out.writeUTF(key);
    out.writeBoolean(baseline != null);
    if (baseline != null) {
      AvroType.of(BaselineRecord.class).serialize(baseline, out);
    }
  }

  /** Reads what {@link #write} wrote. */
  public static BaselineUpdate read(DataInputView in) throws IOException {
    return new BaselineUpdate(
        in.readUTF(), in.readBoolean() ? AvroType.of(BaselineRecord.class).deserialize(in) : null);
  }
}
