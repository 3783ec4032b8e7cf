package io.forestall.operators.types;

import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.jspecify.annotations.Nullable;

/** Type information of a type that brings its own serializer and is neither a key nor a tuple. */
final class BinaryType<T> extends TypeInformation<T> {

  private static final long serialVersionUID = 1L;

  private final NamedClass<T> typeClass;
  private final TypeSerializer<T> serializer;

  BinaryType(Class<T> typeClass, TypeSerializer<T> serializer) {
    this.typeClass = NamedClass.of(typeClass);
    this.serializer = serializer;
  }

  @Override
  public boolean isBasicType() {
    return false;
  }

  @Override
  public boolean isTupleType() {
    return false;
  }

  @Override
  public int getArity() {
    return 1;
  }

  @Override
  public int getTotalFields() {
    return 1;
  }

  @Override
  public Class<T> getTypeClass() {
    return typeClass.get();
  }

  @Override
  public boolean isKeyType() {
    return false;
  }

  @Override
  public TypeSerializer<T> createSerializer(SerializerConfig config) {
    return serializer.duplicate();
  }

  @Override
  public String toString() {
    return "BinaryType<" + typeClass + ">";
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof BinaryType<?> that && that.typeClass.equals(typeClass);
  }

  @Override
  public int hashCode() {
    return typeClass.hashCode();
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof BinaryType;
  }
}
