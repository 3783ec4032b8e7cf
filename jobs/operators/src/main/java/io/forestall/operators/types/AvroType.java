package io.forestall.operators.types;

import io.forestall.wire.AvroCodec;
import io.forestall.wire.WireException;
import java.io.IOException;
import org.apache.avro.specific.SpecificRecordBase;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSchemaCompatibility;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.apache.flink.util.InstantiationUtil;
import org.jspecify.annotations.Nullable;

/**
 * Bytes of one of the contract's records: the very bytes that stand in its topic, after their
 * length. Not thread-safe: {@link #duplicate} gives each thread its own, as Flink does.
 *
 * @param <T> the record
 */
public final class AvroType<T extends SpecificRecordBase> extends BinarySerializer<T> {

  private static final long serialVersionUID = 1L;

  private final NamedClass<T> record;
  private transient @Nullable AvroCodec<T> codec;

  private AvroType(NamedClass<T> record) {
    this.record = record;
  }

  /** A serializer of a record. */
  public static <T extends SpecificRecordBase> AvroType<T> of(Class<T> record) {
    return new AvroType<>(NamedClass.of(record));
  }

  /** Type information of a record. */
  public static <T extends SpecificRecordBase> TypeInformation<T> info(Class<T> record) {
    return new BinaryType<>(record, new AvroType<>(NamedClass.of(record)));
  }

  private AvroCodec<T> codec() {
    AvroCodec<T> ready = codec;
    if (ready == null) {
      ready = AvroCodec.of(record.get());
      codec = ready;
    }
    return ready;
  }

  @Override
  public AvroType<T> duplicate() {
    return new AvroType<>(record);
  }

  @Override
  public T createInstance() {
    try {
      return record.get().getDeclaredConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("a generated record has an empty constructor", e);
    }
  }

  @Override
  void write(T value, DataOutputView out) throws IOException {
    byte[] bytes = codec().encode(value);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  @Override
  T read(DataInputView in) throws IOException {
    byte[] bytes = new byte[in.readInt()];
    in.readFully(bytes);
    try {
      return codec().decode(bytes);
    } catch (WireException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof AvroType<?> that && that.record.equals(record);
  }

  @Override
  public int hashCode() {
    return record.hashCode();
  }

  @Override
  public TypeSerializerSnapshot<T> snapshotConfiguration() {
    return new Snapshot<>(record.get());
  }

  /**
   * Names the record; its schema travels with each value. The class name is part of the savepoint.
   *
   * @param <T> the record
   */
  public static final class Snapshot<T extends SpecificRecordBase>
      implements TypeSerializerSnapshot<T> {

    private @Nullable Class<T> record;

    /** For reading a savepoint. */
    public Snapshot() {}

    Snapshot(Class<T> record) {
      this.record = record;
    }

    private Class<T> record() {
      if (record == null) {
        throw new IllegalStateException("the snapshot was not read yet");
      }
      return record;
    }

    @Override
    public int getCurrentVersion() {
      return 1;
    }

    @Override
    public void writeSnapshot(DataOutputView out) throws IOException {
      out.writeUTF(record().getName());
    }

    @Override
    public void readSnapshot(int version, DataInputView in, ClassLoader loader) throws IOException {
      record = InstantiationUtil.resolveClassByName(in, loader);
    }

    @Override
    public TypeSerializer<T> restoreSerializer() {
      return new AvroType<>(NamedClass.of(record()));
    }

    @Override
    public TypeSerializerSchemaCompatibility<T> resolveSchemaCompatibility(
        TypeSerializerSnapshot<T> old) {
      return old instanceof Snapshot<?> that && that.record() == record()
          ? TypeSerializerSchemaCompatibility.compatibleAsIs()
          : TypeSerializerSchemaCompatibility.incompatible();
    }
  }
}
