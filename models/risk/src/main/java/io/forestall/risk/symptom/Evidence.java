package io.forestall.risk.symptom;

import io.forestall.risk.FailureMode;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What speaks for a failure mode. Each piece of evidence has a strength from 0 to 1 that follows
 * the signals with a half-life: it must last to count, and it fades when it is over. Its weight (in
 * {@link SymptomPolicy}) is what it adds to the mode's log-odds at full strength. Stored state
 * names it by {@link #number()}, which never changes and is never used again. Rows A11, A17.
 */
public enum Evidence {
  /** Packets in error: from one in 100,000 to one in 1,000, and more than usual here. */
  PACKET_ERRORS(1, FailureMode.NETWORK, 6.5, 5, "network_error_ratio"),
  /** Packets dropped: from one in 10,000 to one in 100, and more than usual here. */
  PACKET_DROPS(2, FailureMode.NETWORK, 3, 5, "network_drop_ratio"),
  /** Link changes beyond those of a reboot: from 2 to 8, remembered for an hour. */
  LINK_CHANGES(3, FailureMode.NETWORK, 7, 60, "link_changes"),
  /** TCP segments sent again: from one in 100 to one in 20, more than usual, not under overload. */
  RETRANSMITS(4, FailureMode.NETWORK, 3.5, 5, "tcp_retransmit_ratio"),
  /** Failed requests that no overload explains: from 1 in 200 to 1 in 10. */
  REQUESTS_UNREACHED(5, FailureMode.NETWORK, 2.5, 5, "request_failure_ratio"),
  /** Paths: operations that failed, from 1 in 200 to 1 in 10. */
  PATH_ERRORS(6, FailureMode.NETWORK, 5.5, 5, "path_error_ratio"),
  /** Paths: loss, from 1 in 1,000 to 1 in 20. */
  PATH_LOSS(7, FailureMode.NETWORK, 6, 5, "path_loss_ratio"),
  /** Edges: latency far above what is usual at this load. */
  SLOW_EDGE(8, FailureMode.NETWORK, 4, 5, "path_latency_seconds"),

  /** Restarts of the process beyond one or two: up to 5, remembered for hours. */
  RESTARTS(20, FailureMode.SOFTWARE, 6, 6 * 60, "restarts"),
  /** Restarts of the machine beyond one: up to 4, remembered for hours. */
  REBOOTS(21, FailureMode.SOFTWARE, 5, 12 * 60, "reboots"),
  /** Error-log lines: 3 to 30 times what is usual. */
  ERROR_LOGS(22, FailureMode.SOFTWARE, 3.5, 15, "error_log_lines_per_second"),
  /** Memory that grows steadily and will run out: from 48 to 6 hours ahead. */
  MEMORY_GROWTH(23, FailureMode.SOFTWARE, 7, 15, "memory_exhaustion_hours"),
  /** A queue that is far longer than usual while no more work than usual is done. */
  QUEUE_GROWTH(24, FailureMode.SOFTWARE, 5, 15, "queue_length"),
  /** Failed requests that no overload explains. */
  REQUESTS_FAILED(25, FailureMode.SOFTWARE, 2.5, 15, "request_failure_ratio"),
  /** Time lost waiting for memory: from 5 % to 40 %. */
  MEMORY_PRESSURE(26, FailureMode.SOFTWARE, 3, 15, "memory_pressure_ratio"),
  /** A clock that is off by 50 ms to 1 s. */
  CLOCK_OFFSET(27, FailureMode.SOFTWARE, 4.8, 10, "clock_offset_seconds"),

  /** Machines: requests slower than they were at this load. */
  SLOW_REQUESTS(40, FailureMode.FAIL_SLOW, 4.5, 20, "request_latency_seconds"),
  /** Machines: requests slower than those of peers at this load. */
  SLOW_REQUESTS_PEERS(41, FailureMode.FAIL_SLOW, 3.5, 20, "request_latency_against_peers"),
  /** Machines: time lost waiting for I/O, far more than usual. */
  IO_PRESSURE(42, FailureMode.FAIL_SLOW, 2, 20, "io_pressure_ratio"),
  /** Drives: I/O slower than it was at this load. */
  SLOW_IO(43, FailureMode.FAIL_SLOW, 4.5, 20, "disk_latency_seconds"),
  /** Drives: I/O slower than that of peers at this load. */
  SLOW_IO_PEERS(44, FailureMode.FAIL_SLOW, 3.5, 20, "disk_latency_against_peers"),
  /** Drives: busy for most of the time while doing less than usual. */
  BUSY_IDLE(45, FailureMode.FAIL_SLOW, 2.5, 20, "disk_busy_ratio"),
  /** Drives: I/O errors, from 1 to 10, remembered for a day. */
  IO_ERRORS(46, FailureMode.FAIL_SLOW, 3, 24 * 60, "disk_io_errors"),
  /** Paths: operations slower than they were at this load. */
  SLOW_PATH(47, FailureMode.FAIL_SLOW, 6, 20, "path_latency_seconds"),
  /** Paths: the slowest operations much slower than they were. */
  SLOW_TAIL(48, FailureMode.FAIL_SLOW, 2, 20, "path_latency_p99_seconds"),

  /** Machines: blocks whose checksum was wrong, from 1 to 10, remembered for a day. Row A17. */
  CHECKSUMS(60, FailureMode.DISK, 5.5, 24 * 60, "checksum_mismatches"),
  /** Machines: disks missing from RAID sets, 1 or more. */
  RAID_DEGRADED(61, FailureMode.DISK, 6, 5, "raid_degraded_disks");

  /** How many there are. */
  static final int COUNT = values().length;

  private static final Map<Integer, Evidence> BY_NUMBER = new HashMap<>();

  static {
    for (Evidence evidence : values()) {
      if (BY_NUMBER.put(evidence.number, evidence) != null) {
        throw new IllegalStateException("two pieces of evidence have number " + evidence.number);
      }
    }
  }

  private final int number;
  private final FailureMode mode;
  private final double defaultWeight;
  private final long halfLifeMillis;
  private final String metric;

  Evidence(
      int number, FailureMode mode, double defaultWeight, long halfLifeMinutes, String metric) {
    this.number = number;
    this.mode = mode;
    this.defaultWeight = defaultWeight;
    this.halfLifeMillis = halfLifeMinutes * 60_000L;
    this.metric = metric;
  }

  /** The evidence with a stored number, null when this version does not know it. */
  static @Nullable Evidence byNumber(int number) {
    return BY_NUMBER.get(number);
  }

  /** Number in stored state; 1 to 255. */
  public int number() {
    return number;
  }

  /** Mode it speaks for. */
  public FailureMode mode() {
    return mode;
  }

  /** Log-odds that it adds by default at full strength; nats. */
  public double defaultWeight() {
    return defaultWeight;
  }

  /** Time in which half of it is forgotten, or half of what is new has arrived; milliseconds. */
  public long halfLifeMillis() {
    return halfLifeMillis;
  }

  /** Metric that its reason names. */
  public String metric() {
    return metric;
  }
}
