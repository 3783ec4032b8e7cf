package io.forestall.operators.decide;

import io.forestall.decisions.guard.GuardInput;
import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.Wired;
import java.io.IOException;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * What the join of places and scores remembers of one thing. Immutable; it lies in state.
 *
 * @param pool its pool, null while no fleet entry describes it
 * @param described hash of the description that was passed on
 * @param risk its newest score, null while there is none
 * @param told true when that score was passed on
 * @param untilMillis when what nobody described is dropped, 0 when described; milliseconds
 */
public record EntityMemory(
    @Nullable String pool,
    int described,
    GuardInput.@Nullable RiskChanged risk,
    boolean told,
    long untilMillis) {

  private static final int VERSION = 1;

  /** Nothing is known. */
  static final EntityMemory NOTHING = new EntityMemory(null, 0, null, false, 0);

  /** Type information with a serializer of its own. */
  public static TypeInformation<EntityMemory> type() {
    return RecordFormat.ENTITY_MEMORY.info(EntityMemory.class);
  }

  /** Writes it. */
  public void write(DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    Wired.writeText(pool, out);
    out.writeInt(described);
    out.writeBoolean(risk != null);
    if (risk != null) {
      DecideInputFormat.writeRisk(risk, out);
    }
    out.writeBoolean(told);
    out.writeLong(untilMillis);
  }

  /** Reads what {@link #write} wrote. */
  public static EntityMemory read(DataInputView in) throws IOException {
    Wired.version(in, VERSION, "memory of a thing's place");
    return new EntityMemory(
        Wired.readText(in),
        in.readInt(),
        in.readBoolean() ? DecideInputFormat.readRisk(in) : null,
        in.readBoolean(),
        in.readLong());
  }
}
