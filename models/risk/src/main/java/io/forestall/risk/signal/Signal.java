package io.forestall.risk.signal;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What detectors watch: a rate, a ratio or a level derived from one or more {@link FleetMetric}s of
 * two samples that follow each other. The order is that of {@link SignalSample}'s values. Stored
 * state names a signal by {@link #number()}, which never changes and is never used again.
 */
public enum Signal {
  CPU_BUSY(1, Scope.MACHINE, Worse.HIGH, "cpu_busy_ratio", "CPU in use"),
  LOAD(2, Scope.MACHINE, Worse.HIGH, "load_per_core", "load per core"),
  MEMORY_USED(3, Scope.MACHINE, Worse.HIGH, "memory_used_ratio", "memory in use"),
  PROCESS_MEMORY(4, Scope.MACHINE, Worse.HIGH, "process_resident_memory_bytes", "process memory"),
  MEMORY_PRESSURE(5, Scope.MACHINE, Worse.HIGH, "memory_pressure_ratio", "memory pressure"),
  IO_PRESSURE(6, Scope.MACHINE, Worse.HIGH, "io_pressure_ratio", "I/O pressure"),
  NETWORK_THROUGHPUT(
      7, Scope.MACHINE, Worse.BOTH, "network_bytes_per_second", "network throughput"),
  NETWORK_ERROR_RATE(8, Scope.MACHINE, Worse.HIGH, "network_error_ratio", "packets in error"),
  NETWORK_DROP_RATE(9, Scope.MACHINE, Worse.HIGH, "network_drop_ratio", "packets dropped"),
  LINK_CHANGES(10, Scope.MACHINE, Worse.HIGH, "link_changes_per_hour", "link changes"),
  RETRANSMITS(11, Scope.MACHINE, Worse.HIGH, "tcp_retransmit_ratio", "TCP retransmits"),
  REQUEST_RATE(12, Scope.MACHINE, Worse.BOTH, "requests_per_second", "request rate"),
  REQUEST_FAILURES(13, Scope.MACHINE, Worse.HIGH, "request_failure_ratio", "failed requests"),
  REQUEST_LATENCY(14, Scope.MACHINE, Worse.HIGH, "request_latency_seconds", "request latency"),
  RESTARTS(15, Scope.MACHINE, Worse.HIGH, "restarts_per_hour", "restarts of the process"),
  REBOOTS(16, Scope.MACHINE, Worse.HIGH, "reboots_per_hour", "restarts of the machine"),
  ERROR_LOGS(17, Scope.MACHINE, Worse.HIGH, "error_log_lines_per_second", "error log lines"),
  CHECKSUM_MISMATCHES(
      18, Scope.MACHINE, Worse.HIGH, "checksum_mismatches_per_hour", "checksum mismatches"),
  CLOCK_OFFSET(19, Scope.MACHINE, Worse.HIGH, "clock_offset_seconds", "offset of the clock"),
  SPACE_USED(20, Scope.MACHINE, Worse.HIGH, "space_used_ratio", "space in use"),
  RAID_DEGRADED(21, Scope.MACHINE, Worse.HIGH, "raid_degraded_disks", "disks missing from RAID"),
  QUEUE(22, Scope.MACHINE, Worse.HIGH, "queue_length", "work that waits"),
  PROCESSED_RATE(23, Scope.MACHINE, Worse.BOTH, "processed_per_second", "work done"),

  DISK_IOPS(40, Scope.DRIVE, Worse.BOTH, "disk_operations_per_second", "disk operations"),
  DISK_THROUGHPUT(41, Scope.DRIVE, Worse.BOTH, "disk_bytes_per_second", "disk throughput"),
  DISK_LATENCY(42, Scope.DRIVE, Worse.HIGH, "disk_latency_seconds", "disk latency"),
  DISK_UTILISATION(43, Scope.DRIVE, Worse.HIGH, "disk_busy_ratio", "disk utilisation"),
  DISK_IO_ERRORS(44, Scope.DRIVE, Worse.HIGH, "disk_io_errors_per_hour", "disk I/O errors"),

  PATH_RATE(60, Scope.PATH, Worse.BOTH, "path_operations_per_second", "operations"),
  PATH_THROUGHPUT(61, Scope.PATH, Worse.BOTH, "path_bytes_per_second", "throughput"),
  PATH_LATENCY(62, Scope.PATH, Worse.HIGH, "path_latency_seconds", "latency"),
  PATH_LATENCY_P99(
      63, Scope.PATH, Worse.HIGH, "path_latency_p99_seconds", "99th percentile latency"),
  PATH_ERRORS(64, Scope.PATH, Worse.HIGH, "path_error_ratio", "failed operations"),
  PATH_LOSS(65, Scope.PATH, Worse.HIGH, "path_loss_ratio", "loss");

  /** Which way a signal is worse than usual. */
  public enum Worse {
    /** Only more is worse. */
    HIGH,
    /** Either way is unusual, and neither is bad by itself. */
    BOTH
  }

  /** How many signals there are: the length of a sample's values. */
  public static final int COUNT = values().length;

  private static final Map<Integer, Signal> BY_NUMBER = new HashMap<>();

  static {
    for (Signal signal : values()) {
      if (BY_NUMBER.put(signal.number, signal) != null) {
        throw new IllegalStateException("two signals have number " + signal.number);
      }
    }
  }

  private final int number;
  private final Scope scope;
  private final Worse worse;
  private final String signalName;
  private final String label;

  Signal(int number, Scope scope, Worse worse, String signalName, String label) {
    this.number = number;
    this.scope = scope;
    this.worse = worse;
    this.signalName = signalName;
    this.label = label;
  }

  /** The signal with a stored number, null when this version does not know it. */
  public static @Nullable Signal byNumber(int number) {
    return BY_NUMBER.get(number);
  }

  /** Number in stored state; 1 to 255. */
  public int number() {
    return number;
  }

  /** What kind of thing has it. */
  public Scope scope() {
    return scope;
  }

  /** Which way it is worse. */
  public Worse worse() {
    return worse;
  }

  /** Name in records and metrics, with its unit last. */
  public String signalName() {
    return signalName;
  }

  /** Name for people. */
  public String label() {
    return label;
  }
}
