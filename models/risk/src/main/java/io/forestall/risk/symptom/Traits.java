package io.forestall.risk.symptom;

import io.forestall.risk.signal.Signal;

/**
 * How each signal is looked at: as a level or as rare events, on which scale, and which differences
 * are of no interest whatever the past says.
 */
final class Traits {
  private static final Traits[] ALL = new Traits[Signal.COUNT];

  static {
    for (Signal signal : Signal.values()) {
      ALL[signal.ordinal()] = of(signal);
    }
  }

  /** True for events that are 0 nearly always: they are counted and have no detector. */
  final boolean rare;

  /** True for signals that say nothing by their absence: there was nothing to take them of. */
  final boolean conditional;

  /** Added before the logarithm is taken; 0 for a signal that is looked at as it is. */
  final double logFloor;

  /** Least spread on the scale it is looked at. */
  final double leastSpread;

  /** Least spread of peers; unit of the signal. */
  final double leastPeerSpread;

  /** True when being worse than peers means something: not for sizes and loads. */
  final boolean comparable;

  private Traits(
      boolean rare,
      boolean conditional,
      double logFloor,
      double leastSpread,
      double leastPeerSpread,
      boolean comparable) {
    this.rare = rare;
    this.conditional = conditional;
    this.logFloor = logFloor;
    this.leastSpread = leastSpread;
    this.leastPeerSpread = leastPeerSpread;
    this.comparable = comparable;
  }

  static Traits get(Signal signal) {
    return ALL[signal.ordinal()];
  }

  /** The value on the scale it is looked at. */
  double scaled(double value) {
    return logFloor > 0 ? Math.log(value + logFloor) : value;
  }

  /** The value of a place on the scale. */
  double unscaled(double place) {
    return logFloor > 0 ? Math.max(0, Math.exp(place) - logFloor) : place;
  }

  private static Traits of(Signal signal) {
    return switch (signal) {
      case LINK_CHANGES, RESTARTS, REBOOTS, CHECKSUM_MISMATCHES, RAID_DEGRADED, DISK_IO_ERRORS ->
          new Traits(true, false, 0, 1, 1, false);
      case CPU_BUSY -> level(0.05, true);
      case LOAD -> level(0.2, true);
      case MEMORY_USED -> level(0.02, false);
      case MEMORY_PRESSURE -> level(0.01, true);
      case IO_PRESSURE -> level(0.02, true);
      case NETWORK_ERROR_RATE -> ratio(0.000002, 0.00001);
      case NETWORK_DROP_RATE -> ratio(0.00003, 0.0001);
      case RETRANSMITS -> ratio(0.002, 0.003);
      case REQUEST_FAILURES, PATH_ERRORS -> ratio(0.002, 0.002);
      case PATH_LOSS -> level(0.0003, true);
      case CLOCK_OFFSET -> level(0.005, true);
      case SPACE_USED -> level(0.02, false);
      case DISK_UTILISATION -> level(0.1, true);
      case REQUEST_LATENCY -> log(true, 0.0001, 0.1, 0.001, true);
      case DISK_LATENCY, PATH_LATENCY, PATH_LATENCY_P99 -> log(true, 0.0001, 0.1, 0.0005, true);
      case PROCESS_MEMORY -> log(false, 1e6, 0.05, 64e6, false);
      case ERROR_LOGS -> log(false, 0.01, 0.4, 0.02, true);
      case QUEUE -> log(false, 1, 0.4, 5, true);
      case NETWORK_THROUGHPUT, DISK_THROUGHPUT, PATH_THROUGHPUT ->
          log(false, 1000, 0.2, 100_000, false);
      case REQUEST_RATE, PROCESSED_RATE, PATH_RATE, DISK_IOPS -> log(false, 0.1, 0.2, 5, false);
    };
  }

  private static Traits level(double leastSpread, boolean comparable) {
    return new Traits(false, false, 0, leastSpread, leastSpread, comparable);
  }

  private static Traits ratio(double leastSpread, double leastPeerSpread) {
    return new Traits(false, true, 0, leastSpread, leastPeerSpread, true);
  }

  private static Traits log(
      boolean conditional,
      double floor,
      double leastSpread,
      double leastPeerSpread,
      boolean comparable) {
    return new Traits(false, conditional, floor, leastSpread, leastPeerSpread, comparable);
  }
}
