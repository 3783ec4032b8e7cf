package io.forestall.operators;

import io.forestall.operators.types.DiskInputType;
import io.forestall.operators.types.RecordFormat;
import java.io.IOException;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * One thing that a source of the sense job says: of a disk's SMART attributes, of anything else, or
 * of both (a fleet entry of a disk concerns both). Immutable.
 *
 * @param disk what it says of a disk and its SMART attributes, or a dead letter; null for nothing
 * @param entity what it says of a machine, a disk under load or a path; null for nothing
 */
public record SenseInput(@Nullable DiskInput disk, @Nullable EntityInput entity) {

  /** About a disk's SMART attributes, or a dead letter. */
  public static SenseInput of(DiskInput disk) {
    return new SenseInput(disk, null);
  }

  /** About anything else. */
  public static SenseInput of(EntityInput entity) {
    return new SenseInput(null, entity);
  }

  /** Event time of the sample, {@code Long.MIN_VALUE} for all others; epoch milliseconds. */
  public long timeMillis() {
    return Math.max(
        disk == null ? Long.MIN_VALUE : disk.timeMillis(),
        entity == null ? Long.MIN_VALUE : entity.timeMillis());
  }

  /** Type information with a serializer of its own. */
  public static TypeInformation<SenseInput> type() {
    return RecordFormat.SENSE_INPUT.info(SenseInput.class);
  }

  /** Writes it. */
  public void write(DataOutputView out) throws IOException {
    out.writeByte((disk != null ? 1 : 0) | (entity != null ? 2 : 0));
    if (disk != null) {
      DiskInputType.serializer().serialize(disk, out);
    }
    if (entity != null) {
      entity.write(out);
    }
  }

  /** Reads what {@link #write} wrote. */
  public static SenseInput read(DataInputView in) throws IOException {
    int parts = in.readUnsignedByte();
    return new SenseInput(
        (parts & 1) != 0 ? DiskInputType.serializer().deserialize(in) : null,
        (parts & 2) != 0 ? EntityInput.read(in) : null);
  }
}
