package io.forestall.wire;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Numbers in byte arrays, little-endian as Avro writes them. */
final class Bytes {

  private Bytes() {}

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  static long longAt(byte[] bytes, int at) {
    return (long) LONG.get(bytes, at);
  }
}
