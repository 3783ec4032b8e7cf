package io.forestall.operators;

import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.Wired;
import io.forestall.risk.symptom.PathGroup;
import java.io.IOException;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** What {@link PathFunction} keeps of one group of paths, its members aside. Not thread-safe. */
public final class PathMemory {

  private static final int VERSION = 1;

  final PathGroup group;

  PathMemory(PathGroup group) {
    this.group = group;
  }

  /** A serializer of its own. */
  static org.apache.flink.api.common.typeutils.TypeSerializer<PathMemory> serializer() {
    return RecordFormat.PATH_MEMORY.serializer(PathMemory.class);
  }

  /** Writes it. */
  public void write(DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    group.write(out);
  }

  /** Reads what {@link #write} wrote. */
  public static PathMemory read(DataInputView in) throws IOException {
    Wired.version(in, VERSION, "memory of a group of paths");
    return new PathMemory(PathGroup.read(in));
  }
}
