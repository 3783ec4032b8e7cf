package io.forestall.operators;

import io.forestall.operators.types.RecordFormat;
import io.forestall.operators.types.Wired;
import java.io.IOException;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * What {@link PathFunction} keeps of one path. Immutable by convention.
 *
 * @param state what the engine remembers, as its bytes
 * @param baselineMillis event time of the last baseline that was written; epoch milliseconds
 * @param blameWindowMillis end of the last window of blame that it is part of; epoch milliseconds
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier of bytes, never compared
public record PathMember(byte[] state, long baselineMillis, long blameWindowMillis) {

  private static final int VERSION = 1;

  /** A serializer of its own. */
  static org.apache.flink.api.common.typeutils.TypeSerializer<PathMember> serializer() {
    return RecordFormat.PATH_MEMBER.serializer(PathMember.class);
  }

  /** Writes it. */
  public void write(DataOutputView out) throws IOException {
    out.writeByte(VERSION);
    out.writeLong(baselineMillis);
    out.writeLong(blameWindowMillis);
    Wired.writeBytes(state, out);
  }

  /** Reads what {@link #write} wrote. */
  public static PathMember read(DataInputView in) throws IOException {
    Wired.version(in, VERSION, "memory of a path");
    long baselineMillis = in.readLong();
    long blameWindowMillis = in.readLong();
    return new PathMember(Wired.readBytes(in), baselineMillis, blameWindowMillis);
  }
}
