package io.forestall.risk.signal;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Metrics that Forestall reads beside SMART attributes, under their canonical names. Base units:
 * seconds, bytes, ratios of 1. A counter only grows until its source restarts; rates are taken by
 * {@link SignalDeriver}, never by a source. The order is that of {@link EntitySample}'s values; it
 * may grow at the end, and no stored state depends on it. Row A1.
 */
public enum FleetMetric {
  CPU_BUSY_SECONDS(
      "cpu_busy_seconds_total", Scope.MACHINE, true, "CPU time in use, over all cores"),
  CPU_COUNT("cpu_count", Scope.MACHINE, false, "cores"),
  LOAD1("load1", Scope.MACHINE, false, "processes that run or wait, mean of a minute"),
  MEMORY_TOTAL_BYTES("memory_total_bytes", Scope.MACHINE, false, "memory"),
  MEMORY_AVAILABLE_BYTES("memory_available_bytes", Scope.MACHINE, false, "memory that can be had"),
  PROCESS_RESIDENT_BYTES(
      "process_resident_memory_bytes", Scope.MACHINE, false, "memory of the storage process"),
  MEMORY_PRESSURE_SECONDS(
      "memory_pressure_seconds_total", Scope.MACHINE, true, "time lost waiting for memory"),
  IO_PRESSURE_SECONDS(
      "io_pressure_seconds_total", Scope.MACHINE, true, "time lost waiting for I/O"),
  NETWORK_RECEIVED_BYTES("network_received_bytes_total", Scope.MACHINE, true, "bytes received"),
  NETWORK_SENT_BYTES("network_sent_bytes_total", Scope.MACHINE, true, "bytes sent"),
  NETWORK_PACKETS("network_packets_total", Scope.MACHINE, true, "packets received and sent"),
  NETWORK_ERRORS("network_errors_total", Scope.MACHINE, true, "packets received or sent in error"),
  NETWORK_DROPS("network_drops_total", Scope.MACHINE, true, "packets dropped"),
  NETWORK_LINK_CHANGES(
      "network_link_changes_total", Scope.MACHINE, true, "times the link went up or down"),
  TCP_SENT_SEGMENTS("tcp_sent_segments_total", Scope.MACHINE, true, "TCP segments sent"),
  TCP_RETRANSMITTED_SEGMENTS(
      "tcp_retransmitted_segments_total", Scope.MACHINE, true, "TCP segments sent again"),
  REQUESTS("requests_total", Scope.MACHINE, true, "requests served, failed ones included"),
  REQUESTS_FAILED("requests_failed_total", Scope.MACHINE, true, "requests that failed (row A2)"),
  REQUEST_SECONDS("request_seconds_total", Scope.MACHINE, true, "time spent on requests"),
  START_TIME_SECONDS(
      "start_time_seconds", Scope.MACHINE, false, "when the storage process started, since 1970"),
  BOOT_TIME_SECONDS(
      "boot_time_seconds", Scope.MACHINE, false, "when the machine started, since 1970"),
  ERROR_LOG_LINES("error_log_lines_total", Scope.MACHINE, true, "lines of level error or worse"),
  CHECKSUM_MISMATCHES(
      "checksum_mismatches_total",
      Scope.MACHINE,
      true,
      "blocks whose checksum was wrong (row A17)"),
  CLOCK_OFFSET_SECONDS("clock_offset_seconds", Scope.MACHINE, false, "offset of the clock"),
  CAPACITY_BYTES("capacity_bytes", Scope.MACHINE, false, "capacity of the storage"),
  FREE_BYTES("free_bytes", Scope.MACHINE, false, "capacity that is free"),
  RAID_DEGRADED_DISKS("raid_degraded_disks", Scope.MACHINE, false, "disks missing from RAID sets"),
  QUEUE_LENGTH("queue_length", Scope.MACHINE, false, "work that waits: records of lag, requests"),
  PROCESSED("processed_total", Scope.MACHINE, true, "work done: records, events, look-ups"),

  DISK_READS("disk_reads_total", Scope.DRIVE, true, "reads completed"),
  DISK_WRITES("disk_writes_total", Scope.DRIVE, true, "writes completed"),
  DISK_READ_BYTES("disk_read_bytes_total", Scope.DRIVE, true, "bytes read"),
  DISK_WRITTEN_BYTES("disk_written_bytes_total", Scope.DRIVE, true, "bytes written"),
  DISK_READ_SECONDS("disk_read_seconds_total", Scope.DRIVE, true, "time of all reads"),
  DISK_WRITE_SECONDS("disk_write_seconds_total", Scope.DRIVE, true, "time of all writes"),
  DISK_BUSY_SECONDS("disk_busy_seconds_total", Scope.DRIVE, true, "time with I/O under way"),
  DISK_IO_ERRORS("disk_io_errors_total", Scope.DRIVE, true, "I/O that failed or was tried again"),

  PATH_OPERATIONS("path_operations_total", Scope.PATH, true, "operations, failed ones included"),
  PATH_ERRORS("path_errors_total", Scope.PATH, true, "operations that failed"),
  PATH_BYTES("path_bytes_total", Scope.PATH, true, "bytes moved"),
  PATH_LATENCY_SECONDS(
      "path_latency_seconds", Scope.PATH, false, "mean latency since the last sample"),
  PATH_LATENCY_P99_SECONDS(
      "path_latency_p99_seconds", Scope.PATH, false, "99th percentile of the latency"),
  PATH_LOSS_RATIO("path_loss_ratio", Scope.PATH, false, "share of packets or probes lost");

  /** How many metrics there are: the length of a sample's values. */
  public static final int COUNT = values().length;

  private static final Map<String, FleetMetric> BY_NAME = new HashMap<>();

  static {
    for (FleetMetric metric : values()) {
      BY_NAME.put(metric.metricName, metric);
    }
  }

  private final String metricName;
  private final Scope scope;
  private final boolean counter;
  private final String label;

  FleetMetric(String metricName, Scope scope, boolean counter, String label) {
    this.metricName = metricName;
    this.scope = scope;
    this.counter = counter;
    this.label = label;
  }

  /** The metric of a canonical name, null when Forestall does not read it. */
  public static @Nullable FleetMetric byName(String metricName) {
    return BY_NAME.get(metricName);
  }

  /** Canonical name, for example {@code disk_reads_total}. */
  public String metricName() {
    return metricName;
  }

  /** What kind of thing has it. */
  public Scope scope() {
    return scope;
  }

  /** True for a counter, false for a gauge. */
  public boolean counter() {
    return counter;
  }

  /** What it is, for people. */
  public String label() {
    return label;
  }
}
