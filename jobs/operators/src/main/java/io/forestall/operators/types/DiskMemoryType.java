package io.forestall.operators.types;

import io.forestall.operators.DiskInput;
import io.forestall.operators.DiskMemory;
import io.forestall.risk.DiskState;
import io.forestall.risk.symptom.Finding;
import java.io.IOException;
import java.util.ArrayDeque;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * Bytes of a {@link DiskMemory}: version, flags, timer, tier, node, then what {@link
 * DiskState#write} writes, then the parked samples, then what its node was told and a finding that
 * waits. The format only grows, by its version byte.
 */
public final class DiskMemoryType extends BinarySerializer<DiskMemory> {

  /** The one type information. */
  public static final TypeInformation<DiskMemory> INFO =
      new BinaryType<>(DiskMemory.class, new DiskMemoryType());

  private static final long serialVersionUID = 1L;
  private static final int VERSION = 2;
  private static final int KNOWN = 1;
  private static final int TIMER = 2;
  private static final int STATE = 4;
  private static final int PARKED = 8;

  // Since version 2, after all else.
  private static final int SHARE = 16;
  private static final int FINDING = 32;

  private DiskMemoryType() {}

  /** The one serializer. */
  public static DiskMemoryType serializer() {
    return new DiskMemoryType();
  }

  @Override
  public DiskMemory createInstance() {
    return new DiskMemory();
  }

  @Override
  void write(DiskMemory memory, DataOutputView out) throws IOException {
    DiskState state = memory.state();
    int parked = memory.parkedCount();
    boolean timer = memory.timerMillis() != DiskMemory.NO_TIMER;
    out.writeByte(VERSION);
    out.writeByte(
        (memory.known() ? KNOWN : 0)
            | (timer ? TIMER : 0)
            | (state != null ? STATE : 0)
            | (parked > 0 ? PARKED : 0)
            | (memory.shareNode().isEmpty() ? 0 : SHARE)
            | (memory.waitingFinding() != null ? FINDING : 0));
    if (timer) {
      out.writeLong(memory.timerMillis());
    }
    out.writeByte(memory.tier().ordinal());
    out.writeUTF(memory.node());
    if (state != null) {
      state.write(out);
    }
    if (parked > 0) {
      out.writeShort(parked);
      for (DiskInput input : memory.parked()) {
        DiskInputType.serializer().write(input, out);
      }
    }
    if (!memory.shareNode().isEmpty()) {
      out.writeUTF(memory.shareNode());
      out.writeDouble(memory.shareScore());
      out.writeByte(memory.shareTier().ordinal());
      out.writeLong(memory.shareMillis());
    }
    Finding finding = memory.waitingFinding();
    if (finding != null) {
      Wired.writeFinding(finding, out);
    }
  }

  @Override
  DiskMemory read(DataInputView in) throws IOException {
    readVersion(in, VERSION, this);
    int flags = in.readUnsignedByte();
    long timerMillis = (flags & TIMER) != 0 ? in.readLong() : DiskMemory.NO_TIMER;
    int tier = in.readUnsignedByte();
    String node = in.readUTF();
    @Nullable DiskState state = (flags & STATE) != 0 ? DiskState.read(in) : null;
    int parked = (flags & PARKED) != 0 ? in.readUnsignedShort() : 0;
    DiskMemory memory =
        new DiskMemory((flags & KNOWN) != 0, timerMillis, Wired.tier(tier), node, state);
    if (parked > 0) {
      ArrayDeque<DiskInput> inputs = memory.parked();
      for (int i = 0; i < parked; i++) {
        inputs.add(DiskInputType.serializer().read(in));
      }
    }
    if ((flags & SHARE) != 0) {
      memory.share(in.readUTF(), in.readDouble(), Wired.tier(in.readUnsignedByte()), in.readLong());
    }
    if ((flags & FINDING) != 0) {
      memory.waitingFinding(Wired.readFinding(in));
    }
    return memory;
  }

  @Override
  public TypeSerializerSnapshot<DiskMemory> snapshotConfiguration() {
    return new Snapshot();
  }

  /** Written into every savepoint; its class name is part of the format. */
  public static final class Snapshot extends SimpleTypeSerializerSnapshot<DiskMemory> {
    public Snapshot() {
      super(DiskMemoryType::serializer);
    }
  }
}
