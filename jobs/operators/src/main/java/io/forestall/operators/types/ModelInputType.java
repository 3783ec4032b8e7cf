package io.forestall.operators.types;

import io.forestall.operators.ModelInput;
import java.io.IOException;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Bytes of a {@link ModelInput}. */
public final class ModelInputType extends BinarySerializer<ModelInput> {

  /** The one type information. */
  public static final TypeInformation<ModelInput> INFO =
      new BinaryType<>(ModelInput.class, new ModelInputType());

  private static final long serialVersionUID = 1L;

  private ModelInputType() {}

  /** The one serializer. */
  public static ModelInputType serializer() {
    return new ModelInputType();
  }

  @Override
  public ModelInput createInstance() {
    return new ModelInput("", null, -1, -1);
  }

  @Override
  public boolean isImmutableType() {
    return true;
  }

  @Override
  public ModelInput copy(ModelInput from) {
    return from;
  }

  @Override
  void write(ModelInput input, DataOutputView out) throws IOException {
    out.writeUTF(input.key());
    byte[] value = input.value();
    out.writeInt(value == null ? -1 : value.length);
    if (value != null) {
      out.write(value);
    }
    out.writeInt(input.partition());
    out.writeLong(input.offset());
  }

  @Override
  ModelInput read(DataInputView in) throws IOException {
    String key = in.readUTF();
    int length = in.readInt();
    byte[] value = null;
    if (length >= 0) {
      value = new byte[length];
      in.readFully(value);
    }
    return new ModelInput(key, value, in.readInt(), in.readLong());
  }

  @Override
  public TypeSerializerSnapshot<ModelInput> snapshotConfiguration() {
    return new Snapshot();
  }

  /** Written into savepoints; its class name is part of the format. */
  public static final class Snapshot extends SimpleTypeSerializerSnapshot<ModelInput> {
    public Snapshot() {
      super(ModelInputType::serializer);
    }
  }
}
