package io.forestall.operators.types;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSchemaCompatibility;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;
import org.jspecify.annotations.Nullable;

/**
 * The serializer of a {@link RecordFormat}. Stateless.
 *
 * @param <T> the format's type
 */
public final class RecordType<T> extends BinarySerializer<T> {

  private static final long serialVersionUID = 1L;

  private final RecordFormat format;

  RecordType(RecordFormat format) {
    this.format = format;
  }

  @Override
  void write(T value, DataOutputView out) throws IOException {
    format.write(value, out);
  }

  @Override
  T read(DataInputView in) throws IOException {
    return format.read(in);
  }

  @Override
  public boolean isImmutableType() {
    return format.immutable();
  }

  @Override
  public T copy(T from) {
    return format.immutable() ? from : super.copy(from);
  }

  @Override
  @SuppressWarnings("NullAway") // Flink asks for it only where it reuses objects, which we do not
  public T createInstance() {
    return null;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RecordType<?> that && that.format == format;
  }

  @Override
  public int hashCode() {
    return format.hashCode();
  }

  @Override
  public TypeSerializerSnapshot<T> snapshotConfiguration() {
    return new Snapshot<>(format);
  }

  /**
   * Names the format; versions stand with each value. The class name is part of the savepoint.
   *
   * @param <T> the format's type
   */
  public static final class Snapshot<T> implements TypeSerializerSnapshot<T> {

    private @Nullable RecordFormat format;

    /** For reading a savepoint. */
    public Snapshot() {}

    Snapshot(RecordFormat format) {
      this.format = format;
    }

    private RecordFormat format() {
      if (format == null) {
        throw new IllegalStateException("the snapshot was not read yet");
      }
      return format;
    }

    @Override
    public int getCurrentVersion() {
      return 1;
    }

    @Override
    public void writeSnapshot(DataOutputView out) throws IOException {
      out.writeUTF(format().name());
    }

    @Override
    public void readSnapshot(int version, DataInputView in, ClassLoader loader) throws IOException {
      String name = in.readUTF();
      try {
        format = RecordFormat.valueOf(name);
      } catch (IllegalArgumentException e) {
        throw new IOException(
            "the savepoint holds the format "
                + name
                + ", which this build does not know: start the release that wrote it, or a newer"
                + " one",
            e);
      }
    }

    @Override
    public TypeSerializer<T> restoreSerializer() {
      return new RecordType<>(format());
    }

    @Override
    public TypeSerializerSchemaCompatibility<T> resolveSchemaCompatibility(
        TypeSerializerSnapshot<T> old) {
      return old instanceof Snapshot<?> that && that.format() == format()
          ? TypeSerializerSchemaCompatibility.compatibleAsIs()
          : TypeSerializerSchemaCompatibility.incompatible();
    }
  }
}
