package io.forestall.operators.move;

import io.forestall.decisions.shadow.ShadowStanding;
import io.forestall.operators.types.AvroType;
import io.forestall.operators.types.Wired;
import io.forestall.schemas.ShadowStatus;
import io.forestall.wire.StandingRecords;
import java.io.IOException;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * How a shadow stands, as the record of its topic. It flows, and does not lie in state.
 *
 * @param key key of the record
 * @param status null when the shadow is none any more
 */
public record StandingUpdate(String key, @Nullable ShadowStatus status) {

  private static final int VERSION = 1;

  /** The update of a standing. */
  public static StandingUpdate of(ShadowStanding standing) {
    return new StandingUpdate(StandingRecords.key(standing), StandingRecords.of(standing));
  }

  /** Writes it. */
  public void write(DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    out.writeUTF(key);
    ShadowStatus record = status;
    out.writeBoolean(record != null);
    if (record != null) {
      AvroType.of(ShadowStatus.class).serialize(record, out);
    }
  }

  /** Reads what {@link #write} wrote. */
  public static StandingUpdate read(DataInputView in) throws IOException {
    Wired.version(in, VERSION, "standing of a shadow");
    return new StandingUpdate(
        in.readUTF(), in.readBoolean() ? AvroType.of(ShadowStatus.class).deserialize(in) : null);
  }
}
