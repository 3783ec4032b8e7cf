package io.forestall.wire;

import io.forestall.risk.DiskMetric;
import io.forestall.risk.signal.FleetMetric;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Finds a metric by the bytes of its name, without making a string of them: one table for SMART
 * attributes and for everything else. Immutable.
 */
final class MetricNames {

  /** Codes below it are ordinals of {@link DiskMetric}; the others, less it, of the rest. */
  static final int FLEET = DiskMetric.COUNT;

  private static final int SLOTS =
      Integer.highestOneBit((DiskMetric.COUNT + FleetMetric.COUNT) * 8);
  private static final byte[] @Nullable [] NAMES = new byte[SLOTS][];
  private static final int[] CODES = new int[SLOTS];
  private static final byte[] SMART = "smart_".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] RAW = "_raw".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] NORMALIZED = "_normalized".getBytes(StandardCharsets.US_ASCII);

  static {
    for (DiskMetric metric : DiskMetric.values()) {
      add(metric.metricName(), metric.ordinal());
    }
    for (FleetMetric metric : FleetMetric.values()) {
      add(metric.metricName(), FLEET + metric.ordinal());
    }
  }

  private MetricNames() {}

  private static void add(String metricName, int code) {
    byte[] name = metricName.getBytes(StandardCharsets.UTF_8);
    int slot = hash(name, 0, name.length);
    while (NAMES[slot] != null) {
      slot = (slot + 1) & (SLOTS - 1);
    }
    NAMES[slot] = name;
    CODES[slot] = code;
  }

  /**
   * Code of the metric with the name {@code bytes[from..from+length)}: ordinal of a {@link
   * DiskMetric}, {@link #FLEET} and the ordinal of a {@link FleetMetric}, or -1.
   */
  static int code(byte[] bytes, int from, int length) {
    int slot = hash(bytes, from, length);
    for (byte[] name = NAMES[slot]; name != null; name = NAMES[slot]) {
      if (Arrays.equals(name, 0, name.length, bytes, from, from + length)) {
        return CODES[slot];
      }
      slot = (slot + 1) & (SLOTS - 1);
    }
    return -1;
  }

  /** True for a SMART attribute under its canonical name, whether Forestall reads it or not. */
  static boolean smart(byte[] bytes, int from, int length) {
    return length > SMART.length
        && Arrays.equals(SMART, 0, SMART.length, bytes, from, from + SMART.length)
        && (ends(RAW, bytes, from, length) || ends(NORMALIZED, bytes, from, length));
  }

  private static boolean ends(byte[] end, byte[] bytes, int from, int length) {
    return length > end.length
        && Arrays.equals(end, 0, end.length, bytes, from + length - end.length, from + length);
  }

  private static int hash(byte[] bytes, int from, int length) {
    int hash = length;
    for (int i = from; i < from + length; i++) {
      hash = hash * 31 + bytes[i];
    }
    return (hash ^ hash >>> 7) & (SLOTS - 1);
  }
}
