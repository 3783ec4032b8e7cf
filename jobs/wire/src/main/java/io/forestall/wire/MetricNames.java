package io.forestall.wire;

import io.forestall.risk.DiskMetric;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Finds a disk metric by the bytes of its name, without making a string of them. Immutable. */
final class MetricNames {

  private static final int SLOTS = Integer.highestOneBit(DiskMetric.COUNT * 8);
  private static final DiskMetric[] METRICS = DiskMetric.values();
  private static final byte[] @Nullable [] NAMES = new byte[SLOTS][];
  private static final int[] ORDINALS = new int[SLOTS];

  static {
    for (DiskMetric metric : METRICS) {
      byte[] name = metric.metricName().getBytes(StandardCharsets.UTF_8);
      int slot = hash(name, 0, name.length);
      while (NAMES[slot] != null) {
        slot = (slot + 1) & (SLOTS - 1);
      }
      NAMES[slot] = name;
      ORDINALS[slot] = metric.ordinal();
    }
  }

  private MetricNames() {}

  /** Ordinal of the {@link DiskMetric} with the name {@code bytes[from..from+length)}, or -1. */
  static int ordinal(byte[] bytes, int from, int length) {
    int slot = hash(bytes, from, length);
    for (byte[] name = NAMES[slot]; name != null; name = NAMES[slot]) {
      if (Arrays.equals(name, 0, name.length, bytes, from, from + length)) {
        return ORDINALS[slot];
      }
      slot = (slot + 1) & (SLOTS - 1);
    }
    return -1;
  }

  private static int hash(byte[] bytes, int from, int length) {
    int hash = length;
    for (int i = from; i < from + length; i++) {
      hash = hash * 31 + bytes[i];
    }
    return (hash ^ hash >>> 7) & (SLOTS - 1);
  }
}
