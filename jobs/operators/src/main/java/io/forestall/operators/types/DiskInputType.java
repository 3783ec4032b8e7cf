package io.forestall.operators.types;

import io.forestall.operators.DiskInput;
import io.forestall.risk.DiskSample;
import io.forestall.schemas.DeadLetter;
import java.io.IOException;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * Bytes of a {@link DiskInput}. Of a sample's values only the present ones are written, after a bit
 * mask: most disks report about half of the metrics. Parked samples lie in state in this form, so
 * the format only grows, by its version byte.
 */
public final class DiskInputType extends BinarySerializer<DiskInput> {

  /** The one type information. */
  public static final TypeInformation<DiskInput> INFO =
      new BinaryType<>(DiskInput.class, new DiskInputType());

  private static final long serialVersionUID = 1L;
  private static final int VERSION = 1;

  /** Only findings have it, which never lie in state: a build before them can go back. */
  private static final int FINDING_VERSION = 2;

  private static final DiskInput.Kind[] KINDS = DiskInput.Kind.values();

  private DiskInputType() {}

  /** The one serializer. */
  public static DiskInputType serializer() {
    return new DiskInputType();
  }

  @Override
  public DiskInput createInstance() {
    return DiskInput.fleet("", "");
  }

  @Override
  public DiskInput copy(DiskInput from) {
    // Nothing ever writes to an input, thus sharing is a copy.
    return from;
  }

  @Override
  public boolean isImmutableType() {
    return true;
  }

  @Override
  void write(DiskInput input, DataOutputView out) throws IOException {
    out.writeByte(input.kind() == DiskInput.Kind.FINDING ? FINDING_VERSION : VERSION);
    out.writeByte(input.kind().ordinal());
    switch (input.kind()) {
      case SAMPLE -> writeSample(input, out);
      case FLEET -> {
        out.writeUTF(input.disk());
        out.writeUTF(input.node());
      }
      case TOMBSTONE -> out.writeUTF(input.disk());
      case DEAD -> AvroType.of(DeadLetter.class).write(input.deadLetter(), out);
      case FINDING -> {
        out.writeUTF(input.disk());
        Wired.writeFinding(input.finding(), out);
      }
    }
  }

  private static void writeSample(DiskInput input, DataOutputView out) throws IOException {
    DiskSample sample = input.sample();
    out.writeUTF(sample.disk());
    out.writeUTF(input.node());
    String model = sample.model();
    out.writeBoolean(model != null);
    if (model != null) {
      out.writeUTF(model);
    }
    out.writeLong(sample.timeMillis());
    out.writeInt(input.partition());
    out.writeLong(input.offset());
    out.writeInt(input.index());
    double[] values = sample.values();
    long present = 0;
    for (int i = 0; i < values.length; i++) {
      if (!Double.isNaN(values[i])) {
        present |= 1L << i;
      }
    }
    out.writeLong(present);
    for (double value : values) {
      if (!Double.isNaN(value)) {
        out.writeDouble(value);
      }
    }
  }

  @Override
  DiskInput read(DataInputView in) throws IOException {
    readVersion(in, FINDING_VERSION, this);
    DiskInput.Kind kind = KINDS[in.readUnsignedByte()];
    return switch (kind) {
      case SAMPLE -> readSample(in);
      case FLEET -> DiskInput.fleet(in.readUTF(), in.readUTF());
      case TOMBSTONE -> DiskInput.tombstone(in.readUTF());
      case DEAD -> DiskInput.dead(AvroType.of(DeadLetter.class).read(in));
      case FINDING -> DiskInput.finding(in.readUTF(), Wired.readFinding(in));
    };
  }

  private static DiskInput readSample(DataInputView in) throws IOException {
    String disk = in.readUTF();
    String node = in.readUTF();
    @Nullable String model = in.readBoolean() ? in.readUTF() : null;
    long timeMillis = in.readLong();
    int partition = in.readInt();
    long offset = in.readLong();
    int index = in.readInt();
    long present = in.readLong();
    double[] values = DiskSample.absentValues();
    while (present != 0) {
      int i = Long.numberOfTrailingZeros(present);
      double value = in.readDouble();
      if (i < values.length) {
        values[i] = value;
      }
      present &= present - 1;
    }
    return DiskInput.sample(
        node, new DiskSample(disk, model, timeMillis, values), partition, offset, index);
  }

  @Override
  public org.apache.flink.api.common.typeutils.TypeSerializerSnapshot<DiskInput>
      snapshotConfiguration() {
    return new Snapshot();
  }

  /** Written into every savepoint; its class name is part of the format. */
  public static final class Snapshot extends SimpleTypeSerializerSnapshot<DiskInput> {
    public Snapshot() {
      super(DiskInputType::serializer);
    }
  }
}
