package io.forestall.risk;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * SMART attributes that Forestall reads, under their drive-stats names. The order is that of {@link
 * DiskSample}'s values; it may grow at the end, and no stored state depends on it.
 */
public enum DiskMetric {
  READ_ERROR_RATE(1, "read error rate"),
  REALLOCATED_SECTORS(5, "reallocated sectors"),
  SEEK_ERROR_RATE(7, "seek error rate"),
  POWER_ON_HOURS(9, "power-on hours"),
  SPIN_RETRIES(10, "spin retries"),
  POWER_CYCLES(12, "power cycles"),
  REPORTED_UNCORRECTABLE(187, "reported uncorrectable errors"),
  COMMAND_TIMEOUTS(188, "command timeouts"),
  HIGH_FLY_WRITES(189, "high fly writes"),
  AIRFLOW_TEMPERATURE(190, "airflow temperature"),
  LOAD_CYCLES(193, "load cycles"),
  TEMPERATURE(194, "temperature"),
  REALLOCATION_EVENTS(196, "reallocation events"),
  PENDING_SECTORS(197, "pending sectors"),
  OFFLINE_UNCORRECTABLE(198, "offline uncorrectable sectors"),
  INTERFACE_CRC_ERRORS(199, "interface CRC errors"),
  BLOCKS_WRITTEN(241, "blocks written"),
  BLOCKS_READ(242, "blocks read");

  /** How many metrics there are: the length of a sample's values. */
  public static final int COUNT = values().length;

  private static final Map<String, DiskMetric> BY_NAME = new HashMap<>();

  static {
    for (DiskMetric metric : values()) {
      BY_NAME.put(metric.metricName, metric);
    }
  }

  private final int attribute;
  private final String metricName;
  private final String label;

  DiskMetric(int attribute, String label) {
    this.attribute = attribute;
    this.metricName = "smart_" + attribute + "_raw";
    this.label = label;
  }

  /**
   * The metric of a canonical name such as {@code smart_5_raw}, null when Forestall does not read
   * it.
   */
  public static @Nullable DiskMetric byName(String metricName) {
    return BY_NAME.get(metricName);
  }

  /** SMART attribute number, 1 to 255. */
  public int attribute() {
    return attribute;
  }

  /** Canonical name, for example {@code smart_5_raw}. */
  public String metricName() {
    return metricName;
  }

  /** Name for people, plural where it counts something. */
  public String label() {
    return label;
  }
}
