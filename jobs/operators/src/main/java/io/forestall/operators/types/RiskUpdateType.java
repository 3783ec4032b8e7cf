package io.forestall.operators.types;

import io.forestall.operators.RiskUpdate;
import io.forestall.schemas.Risk;
import java.io.IOException;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Bytes of a {@link RiskUpdate}: its key, then the record as it stands in the topic. */
public final class RiskUpdateType extends BinarySerializer<RiskUpdate> {

  /** The one type information. */
  public static final TypeInformation<RiskUpdate> INFO =
      new BinaryType<>(RiskUpdate.class, new RiskUpdateType());

  private static final long serialVersionUID = 1L;

  private final AvroType<Risk> risks = AvroType.of(Risk.class);

  private RiskUpdateType() {}

  /** A new serializer. */
  public static RiskUpdateType serializer() {
    return new RiskUpdateType();
  }

  @Override
  public RiskUpdateType duplicate() {
    return new RiskUpdateType();
  }

  @Override
  public RiskUpdate createInstance() {
    return new RiskUpdate("", null);
  }

  @Override
  void write(RiskUpdate update, DataOutputView out) throws IOException {
    out.writeUTF(update.key());
    Risk risk = update.risk();
    out.writeBoolean(risk != null);
    if (risk != null) {
      risks.write(risk, out);
    }
  }

  @Override
  RiskUpdate read(DataInputView in) throws IOException {
    return new RiskUpdate(in.readUTF(), in.readBoolean() ? risks.read(in) : null);
  }

  @Override
  public TypeSerializerSnapshot<RiskUpdate> snapshotConfiguration() {
    return new Snapshot();
  }

  /** Written into savepoints; its class name is part of the format. */
  public static final class Snapshot extends SimpleTypeSerializerSnapshot<RiskUpdate> {
    public Snapshot() {
      super(RiskUpdateType::serializer);
    }
  }
}
