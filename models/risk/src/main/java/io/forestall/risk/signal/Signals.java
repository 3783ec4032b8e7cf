package io.forestall.risk.signal;

import org.jspecify.annotations.Nullable;

/**
 * The one {@link SignalDeriver}.
 *
 * <ul>
 *   <li>A rate is taken between two reports of the same counter, for each counter by its own times:
 *       sources that report of one thing in turns do not disturb each other. A counter that fell
 *       has been reset: no rate for that interval. After a restart of the process (of the machine)
 *       none of the process's (of the machine's) counters gives a rate, even one that has overtaken
 *       its old value meanwhile.
 *   <li>Over a gap longer than the limit no rate is taken: a mean over an hour says nothing of now.
 *       A restart or reboot within the gap is still told.
 *   <li>A ratio whose denominator did not grow is absent: no requests are neither good nor bad. Two
 *       exceptions mean something: errors without a single packet are a ratio of 1, and a disk that
 *       was busy for most of the interval without completing anything has a latency of at least the
 *       time it was busy.
 *   <li>A restart is told when the start time moved by more than {@link #CLOCK_JITTER_SECONDS} to a
 *       time after the sample before. A clock that jumps moves the boot time as well (it is
 *       computed from the clock), but not to after the sample before; so a jump is no reboot.
 *   <li>A sample that is not newer than the one before gives null. When a thing's clock jumps
 *       forward, its samples after the clock is set right are late until time has caught up; the
 *       decoder refuses what is further in the future than it allows, which bounds that time. When
 *       a clock jumps back, samples are late until it has caught up with itself.
 * </ul>
 *
 * Immutable; the state is what is not thread-safe.
 */
public final class Signals implements SignalDeriver {
  /** Longest time between two reports over which a rate is taken by default; milliseconds. */
  public static final long MAXIMUM_GAP_MILLIS = 30 * 60_000L;

  /** Start times that differ by less are the same; seconds. */
  static final double CLOCK_JITTER_SECONDS = 2;

  /** A start this long before the sample before is still after it, for clocks differ; seconds. */
  private static final double CLOCK_SLACK_SECONDS = 60;

  private static final double HOUR_SECONDS = 3600;
  private static final double STUCK_BUSY_RATIO = 0.5;

  private final long maximumGapMillis;

  /** With the default gap. */
  public Signals() {
    this(MAXIMUM_GAP_MILLIS);
  }

  /**
   * With another gap.
   *
   * @param maximumGapMillis longest time between two reports over which a rate is taken; above 0,
   *     milliseconds
   */
  public Signals(long maximumGapMillis) {
    if (maximumGapMillis <= 0) {
      throw new IllegalArgumentException("the gap must be above 0, not " + maximumGapMillis);
    }
    this.maximumGapMillis = maximumGapMillis;
  }

  @Override
  public @Nullable SignalSample derive(SignalState state, EntitySample sample, String peers) {
    long now = sample.timeMillis();
    if (state.timeMillis != SignalState.NONE && now <= state.timeMillis) {
      return null;
    }
    double[] signals = SignalSample.absentValues();
    switch (sample.scope()) {
      case MACHINE -> machine(state, sample, signals);
      case DRIVE -> drive(state, sample, signals);
      case PATH -> path(state, sample, signals);
    }
    for (int i = 0; i < signals.length; i++) {
      if (!Double.isFinite(signals[i])) {
        signals[i] = Double.NaN;
      }
    }
    for (int i = 0; i < FleetMetric.COUNT; i++) {
      FleetMetric metric = METRICS[i];
      if (sample.has(metric)) {
        state.values[i] = sample.value(metric);
        state.times[i] = now;
      }
    }
    state.timeMillis = now;
    return new SignalSample(sample.entity(), sample.scope(), peers, now, signals);
  }

  private static final FleetMetric[] METRICS = FleetMetric.values();

  private void machine(SignalState state, EntitySample sample, double[] signals) {
    boolean booted = started(state, sample, FleetMetric.BOOT_TIME_SECONDS);
    boolean restarted = booted || started(state, sample, FleetMetric.START_TIME_SECONDS);
    Rates machine = new Rates(state, sample, booted);
    Rates process = new Rates(state, sample, restarted);

    double cores = level(state, sample, FleetMetric.CPU_COUNT);
    if (cores > 0) {
      set(signals, Signal.CPU_BUSY, ratio(machine.of(FleetMetric.CPU_BUSY_SECONDS) / cores));
      set(signals, Signal.LOAD, sample.value(FleetMetric.LOAD1) / cores);
    }
    double memory = level(state, sample, FleetMetric.MEMORY_TOTAL_BYTES);
    if (memory > 0) {
      set(
          signals,
          Signal.MEMORY_USED,
          ratio(1 - sample.value(FleetMetric.MEMORY_AVAILABLE_BYTES) / memory));
    }
    set(signals, Signal.PROCESS_MEMORY, sample.value(FleetMetric.PROCESS_RESIDENT_BYTES));
    set(signals, Signal.MEMORY_PRESSURE, ratio(machine.of(FleetMetric.MEMORY_PRESSURE_SECONDS)));
    set(signals, Signal.IO_PRESSURE, ratio(machine.of(FleetMetric.IO_PRESSURE_SECONDS)));
    set(
        signals,
        Signal.NETWORK_THROUGHPUT,
        sum(
            machine.of(FleetMetric.NETWORK_RECEIVED_BYTES),
            machine.of(FleetMetric.NETWORK_SENT_BYTES)));
    double packets = machine.of(FleetMetric.NETWORK_PACKETS);
    set(
        signals,
        Signal.NETWORK_ERROR_RATE,
        errorRatio(machine.of(FleetMetric.NETWORK_ERRORS), packets));
    set(
        signals,
        Signal.NETWORK_DROP_RATE,
        errorRatio(machine.of(FleetMetric.NETWORK_DROPS), packets));
    set(signals, Signal.LINK_CHANGES, machine.of(FleetMetric.NETWORK_LINK_CHANGES) * HOUR_SECONDS);
    set(
        signals,
        Signal.RETRANSMITS,
        ratio(
            machine.of(FleetMetric.TCP_RETRANSMITTED_SEGMENTS)
                / machine.of(FleetMetric.TCP_SENT_SEGMENTS)));
    double requests = process.of(FleetMetric.REQUESTS);
    set(signals, Signal.REQUEST_RATE, requests);
    set(
        signals,
        Signal.REQUEST_FAILURES,
        ratio(process.of(FleetMetric.REQUESTS_FAILED) / requests));
    set(signals, Signal.REQUEST_LATENCY, process.of(FleetMetric.REQUEST_SECONDS) / requests);
    events(state, sample, signals, Signal.RESTARTS, FleetMetric.START_TIME_SECONDS, restarted);
    events(state, sample, signals, Signal.REBOOTS, FleetMetric.BOOT_TIME_SECONDS, booted);
    set(signals, Signal.ERROR_LOGS, process.of(FleetMetric.ERROR_LOG_LINES));
    set(
        signals,
        Signal.CHECKSUM_MISMATCHES,
        process.of(FleetMetric.CHECKSUM_MISMATCHES) * HOUR_SECONDS);
    set(signals, Signal.CLOCK_OFFSET, Math.abs(sample.value(FleetMetric.CLOCK_OFFSET_SECONDS)));
    double capacity = level(state, sample, FleetMetric.CAPACITY_BYTES);
    if (capacity > 0) {
      set(signals, Signal.SPACE_USED, ratio(1 - sample.value(FleetMetric.FREE_BYTES) / capacity));
    }
    set(signals, Signal.RAID_DEGRADED, sample.value(FleetMetric.RAID_DEGRADED_DISKS));
    set(signals, Signal.QUEUE, sample.value(FleetMetric.QUEUE_LENGTH));
    set(signals, Signal.PROCESSED_RATE, process.of(FleetMetric.PROCESSED));
  }

  private void drive(SignalState state, EntitySample sample, double[] signals) {
    Rates rates = new Rates(state, sample, false);
    double reads = rates.of(FleetMetric.DISK_READS);
    double writes = rates.of(FleetMetric.DISK_WRITES);
    double busy = ratio(rates.of(FleetMetric.DISK_BUSY_SECONDS));
    double operations = sum(reads, writes);
    set(signals, Signal.DISK_IOPS, operations);
    set(
        signals,
        Signal.DISK_THROUGHPUT,
        sum(rates.of(FleetMetric.DISK_READ_BYTES), rates.of(FleetMetric.DISK_WRITTEN_BYTES)));
    double readSeconds = rates.of(FleetMetric.DISK_READ_SECONDS);
    double writeSeconds = rates.of(FleetMetric.DISK_WRITE_SECONDS);
    // Time and number of the same kind of operation only.
    double timed =
        sum(
            Double.isNaN(readSeconds) ? Double.NaN : reads,
            Double.isNaN(writeSeconds) ? Double.NaN : writes);
    if (timed > 0) {
      set(
          signals,
          Signal.DISK_LATENCY,
          sum(
                  Double.isNaN(reads) ? Double.NaN : readSeconds,
                  Double.isNaN(writes) ? Double.NaN : writeSeconds)
              / timed);
    } else if (timed == 0 && busy >= STUCK_BUSY_RATIO) {
      set(signals, Signal.DISK_LATENCY, busy * (sample.timeMillis() - state.timeMillis) / 1000.0);
    }
    set(signals, Signal.DISK_UTILISATION, busy);
    set(signals, Signal.DISK_IO_ERRORS, rates.of(FleetMetric.DISK_IO_ERRORS) * HOUR_SECONDS);
  }

  private void path(SignalState state, EntitySample sample, double[] signals) {
    Rates rates = new Rates(state, sample, false);
    double operations = rates.of(FleetMetric.PATH_OPERATIONS);
    set(signals, Signal.PATH_RATE, operations);
    set(signals, Signal.PATH_THROUGHPUT, rates.of(FleetMetric.PATH_BYTES));
    if (operations != 0) { // a mean of nothing repeats the one before
      set(signals, Signal.PATH_LATENCY, sample.value(FleetMetric.PATH_LATENCY_SECONDS));
      set(signals, Signal.PATH_LATENCY_P99, sample.value(FleetMetric.PATH_LATENCY_P99_SECONDS));
    }
    set(signals, Signal.PATH_ERRORS, ratio(rates.of(FleetMetric.PATH_ERRORS) / operations));
    set(signals, Signal.PATH_LOSS, ratio(sample.value(FleetMetric.PATH_LOSS_RATIO)));
  }

  private static void set(double[] signals, Signal signal, double value) {
    signals[signal.ordinal()] = value < 0 ? Double.NaN : value;
  }

  private static double ratio(double value) {
    return Math.max(0, Math.min(1, value)); // keeps NaN
  }

  /** Sum of what is there, NaN when nothing is. */
  private static double sum(double a, double b) {
    return Double.isNaN(a) ? b : Double.isNaN(b) ? a : a + b;
  }

  private static double errorRatio(double errors, double packets) {
    if (Double.isNaN(errors) || Double.isNaN(packets)) {
      return Double.NaN;
    }
    return errors / Math.max(errors, packets);
  }

  /** The metric now, or as last reported when that is not too long ago; else NaN. */
  private double level(SignalState state, EntitySample sample, FleetMetric metric) {
    if (sample.has(metric)) {
      return sample.value(metric);
    }
    int i = metric.ordinal();
    return sample.timeMillis() - state.times[i] <= maximumGapMillis ? state.values[i] : Double.NaN;
  }

  private static boolean started(SignalState state, EntitySample sample, FleetMetric start) {
    double before = state.values[start.ordinal()];
    double after = sample.value(start);
    return after - before > CLOCK_JITTER_SECONDS // false for NaN
        && after > state.times[start.ordinal()] / 1000.0 - CLOCK_SLACK_SECONDS;
  }

  private static void events(
      SignalState state,
      EntitySample sample,
      double[] signals,
      Signal signal,
      FleetMetric start,
      boolean happened) {
    int i = start.ordinal();
    if (sample.has(start) && !Double.isNaN(state.values[i])) {
      double hours = (sample.timeMillis() - state.times[i]) / (1000 * HOUR_SECONDS);
      set(signals, signal, happened ? 1 / hours : 0);
    }
  }

  /** Rates of counters between the state and a sample. */
  private final class Rates {
    private final SignalState state;
    private final EntitySample sample;
    private final boolean reset;

    Rates(SignalState state, EntitySample sample, boolean reset) {
      this.state = state;
      this.sample = sample;
      this.reset = reset;
    }

    /** Growth a second, NaN when there is none to be told. */
    double of(FleetMetric counter) {
      int i = counter.ordinal();
      long millis = sample.timeMillis() - state.times[i];
      double growth = sample.value(counter) - state.values[i]; // NaN unless both are there
      return reset || millis > maximumGapMillis || growth < 0
          ? Double.NaN
          : growth / (millis / 1000.0);
    }
  }
}
