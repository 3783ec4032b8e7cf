package io.forestall.wire;

/**
 * Where a key stands: murmur2 (seed 0x9747b28c) of its UTF-8 bytes, sign bit cleared, modulo the
 * count of partitions. It is what Kafka's default partitioner does today, but stated here, because
 * the place of a unit's deltas is part of the contract and other languages must find it too.
 * Thread-safe.
 */
public final class FixedPartitioner {

  private static final int SEED = 0x9747b28c;
  private static final int M = 0x5bd1e995;
  private static final int R = 24;

  private FixedPartitioner() {}

  /**
   * The partition of a key, 0 to {@code count - 1}.
   *
   * @throws IllegalArgumentException when the count is not positive
   */
  public static int partition(String key, int count) {
    if (count <= 0) {
      throw new IllegalArgumentException("a topic has at least one partition, not " + count);
    }
    return (murmur2(Keys.bytes(key)) & 0x7fffffff) % count;
  }

  static int murmur2(byte[] data) {
    int length = data.length;
    int h = SEED ^ length;
    int whole = length / 4;
    for (int i = 0; i < whole; i++) {
      int at = i * 4;
      int k =
          (data[at] & 0xff)
              | (data[at + 1] & 0xff) << 8
              | (data[at + 2] & 0xff) << 16
              | (data[at + 3] & 0xff) << 24;
      k *= M;
      k ^= k >>> R;
      k *= M;
      h *= M;
      h ^= k;
    }
    int rest = length & ~3;
    int tail = length & 3;
    if (tail == 3) {
      h ^= (data[rest + 2] & 0xff) << 16;
    }
    if (tail >= 2) {
      h ^= (data[rest + 1] & 0xff) << 8;
    }
    if (tail >= 1) {
      h ^= data[rest] & 0xff;
      h *= M;
    }
    h ^= h >>> 13;
    h *= M;
    h ^= h >>> 15;
    return h;
  }
}
