package io.forestall.operators.types;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.base.TypeSerializerSingleton;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.core.memory.DataOutputView;

/**
 * A serializer given by two methods, {@link #write} and {@link #read}.
 *
 * <p>{@code copy} is deep: a copy shares nothing mutable with its original, which is what the heap
 * backend's copy-on-write and an edge without object reuse rely on. Instances are stateless, thus
 * safe to share between threads.
 *
 * @param <T> what is serialized; never null
 */
abstract class BinarySerializer<T> extends TypeSerializerSingleton<T> {

  private static final long serialVersionUID = 1L;

  abstract void write(T value, DataOutputView out) throws IOException;

  abstract T read(DataInputView in) throws IOException;

  @Override
  public boolean isImmutableType() {
    return false;
  }

  @Override
  public T copy(T from) {
    try {
      DataOutputSerializer out = new DataOutputSerializer(512);
      write(from, out);
      return read(new DataInputDeserializer(out.getSharedBuffer(), 0, out.length()));
    } catch (IOException e) {
      throw new IllegalStateException("copying through memory cannot fail on I/O", e);
    }
  }

  @Override
  public T copy(T from, T reuse) {
    return copy(from);
  }

  @Override
  public int getLength() {
    return -1;
  }

  @Override
  public void serialize(T value, DataOutputView target) throws IOException {
    write(value, target);
  }

  @Override
  public T deserialize(DataInputView source) throws IOException {
    return read(source);
  }

  @Override
  public T deserialize(T reuse, DataInputView source) throws IOException {
    return read(source);
  }

  @Override
  public void copy(DataInputView source, DataOutputView target) throws IOException {
    write(read(source), target);
  }

  /** Reads a format version and refuses one that this build does not know. */
  static int readVersion(DataInputView in, int newest, TypeSerializer<?> serializer)
      throws IOException {
    int version = in.readUnsignedByte();
    if (version < 1 || version > newest) {
      throw new IOException(
          serializer.getClass().getSimpleName()
              + ": format "
              + version
              + " is unknown to this build (it reads 1 to "
              + newest
              + "); start the release that wrote the checkpoint, or a newer one");
    }
    return version;
  }
}
