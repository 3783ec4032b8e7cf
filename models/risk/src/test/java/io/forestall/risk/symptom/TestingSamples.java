package io.forestall.risk.symptom;

import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeAssessment;
import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.FleetMetric;
import io.forestall.risk.signal.PeerSummary;
import io.forestall.risk.signal.Scope;
import io.forestall.risk.signal.Signal;
import io.forestall.risk.signal.SignalSample;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;

/** Seeded life of one machine, drive or path: a season, noise, and whatever a test puts on top. */
final class TestingSamples {
  static final long START = 1_700_000_000_000L - 1_700_000_000_000L % 86_400_000L;
  static final long MINUTE = 60_000L;
  static final long HOUR = 60 * MINUTE;

  private final SplittableRandom random;

  TestingSamples(long seed) {
    random = new SplittableRandom(seed);
  }

  static SignalSample sample(
      String entity, Scope scope, long timeMillis, Map<Signal, Double> values) {
    double[] all = SignalSample.absentValues();
    values.forEach((signal, value) -> all[signal.ordinal()] = value);
    return new SignalSample(entity, scope, "peers", timeMillis, all);
  }

  /** The sample with some signals at other values; NaN takes one out. */
  static SignalSample with(SignalSample sample, Map<Signal, Double> changes) {
    double[] all = sample.values().clone();
    changes.forEach((signal, value) -> all[signal.ordinal()] = value);
    return new SignalSample(
        sample.entity(), sample.scope(), sample.peers(), sample.timeMillis(), all);
  }

  /** 0.6 at night to 1.4 by day. */
  static double season(long timeMillis) {
    return 1 + 0.4 * Math.sin(2 * Math.PI * (timeMillis % 86_400_000L) / 86_400_000.0);
  }

  /** A value with this relative noise, never below 0. */
  double about(double value, double noise) {
    return Math.max(0, value * (1 + noise * random.nextGaussian()));
  }

  /** Events of so many on average. */
  double poisson(double mean) {
    double limit = Math.exp(-mean);
    double product = random.nextDouble();
    int events = 0;
    while (product > limit && events < 1000) {
      product *= random.nextDouble();
      events++;
    }
    return events;
  }

  SignalSample machine(String entity, long timeMillis) {
    double load = season(timeMillis);
    return sample(
        entity,
        Scope.MACHINE,
        timeMillis,
        Map.ofEntries(
            Map.entry(Signal.CPU_BUSY, Math.min(1, about(0.35 * load, 0.08))),
            Map.entry(Signal.LOAD, about(0.4 * load, 0.2)),
            Map.entry(Signal.MEMORY_USED, Math.min(1, about(0.5 + 0.05 * load, 0.01))),
            Map.entry(Signal.PROCESS_MEMORY, about(20e9 + 2e9 * load, 0.01)),
            Map.entry(Signal.MEMORY_PRESSURE, about(0.001, 0.5)),
            Map.entry(Signal.IO_PRESSURE, about(0.02 * load, 0.3)),
            Map.entry(Signal.NETWORK_THROUGHPUT, about(1e8 * load, 0.1)),
            Map.entry(Signal.NETWORK_ERROR_RATE, poisson(0.02) * 1e-7),
            Map.entry(Signal.NETWORK_DROP_RATE, poisson(0.3) * 1e-6),
            Map.entry(Signal.LINK_CHANGES, 0.0),
            Map.entry(Signal.RETRANSMITS, about(0.0008 * load, 0.4)),
            Map.entry(Signal.REQUEST_RATE, about(900 * load, 0.05)),
            Map.entry(Signal.REQUEST_FAILURES, poisson(1) / 50_000),
            Map.entry(Signal.REQUEST_LATENCY, about(0.002 * (0.7 + 0.5 * load), 0.08)),
            Map.entry(Signal.RESTARTS, 0.0),
            Map.entry(Signal.REBOOTS, 0.0),
            Map.entry(Signal.ERROR_LOGS, poisson(0.6) / 60),
            Map.entry(Signal.CHECKSUM_MISMATCHES, 0.0),
            Map.entry(Signal.CLOCK_OFFSET, about(0.0005, 0.5)),
            Map.entry(Signal.SPACE_USED, 0.6),
            Map.entry(Signal.RAID_DEGRADED, 0.0),
            Map.entry(Signal.QUEUE, about(20 * load, 0.3)),
            Map.entry(Signal.PROCESSED_RATE, about(900 * load, 0.05))));
  }

  SignalSample drive(String entity, long timeMillis) {
    return drive(entity, timeMillis, season(timeMillis), 1);
  }

  /** A drive whose latency follows a queue: 8 ms of service, slower by a factor. */
  SignalSample drive(String entity, long timeMillis, double load, double slower) {
    double service = 0.008 * slower;
    double operations = Math.min(about(45 * load, 0.08), 0.93 / service);
    double busy = operations * service;
    return sample(
        entity,
        Scope.DRIVE,
        timeMillis,
        Map.of(
            Signal.DISK_IOPS,
            operations,
            Signal.DISK_THROUGHPUT,
            operations * about(65_536, 0.05),
            Signal.DISK_LATENCY,
            about(service / (1 - busy), 0.06),
            Signal.DISK_UTILISATION,
            busy,
            Signal.DISK_IO_ERRORS,
            0.0));
  }

  SignalSample path(String entity, long timeMillis) {
    double load = season(timeMillis);
    double latency = about(0.002 * (0.8 + 0.3 * load), 0.08);
    return sample(
        entity,
        Scope.PATH,
        timeMillis,
        Map.of(
            Signal.PATH_RATE,
            about(60 * load, 0.05),
            Signal.PATH_THROUGHPUT,
            about(60 * load * 65_536, 0.05),
            Signal.PATH_LATENCY,
            latency,
            Signal.PATH_LATENCY_P99,
            about(3 * latency, 0.15),
            Signal.PATH_ERRORS,
            poisson(0.01) / 3600,
            Signal.PATH_LOSS,
            poisson(0.01) / 3600));
  }

  /** Counters of a pair that does so many operations a second. */
  static EntitySample pair(String entity, long timeMillis, double rate, double latency) {
    double seconds = (timeMillis - START) / 1000.0;
    return EntitySample.of(
        entity,
        Scope.PATH,
        null,
        timeMillis,
        Map.of(
            FleetMetric.PATH_OPERATIONS,
            rate * seconds,
            FleetMetric.PATH_ERRORS,
            0.0,
            FleetMetric.PATH_BYTES,
            rate * seconds * 65_536,
            FleetMetric.PATH_LATENCY_SECONDS,
            latency));
  }

  /** Peers of whom only the latency under load is known. */
  static PeerSummary drivePeers(long timeMillis, double latency, double iops) {
    int[] members = new int[Signal.COUNT];
    double[] medians = SignalSample.absentValues();
    double[] spreads = SignalSample.absentValues();
    for (Signal signal : new Signal[] {Signal.DISK_LATENCY, Signal.DISK_IOPS}) {
      members[signal.ordinal()] = 12;
      medians[signal.ordinal()] = signal == Signal.DISK_LATENCY ? latency : iops;
      spreads[signal.ordinal()] = 0.1 * medians[signal.ordinal()];
    }
    return new PeerSummary(
        "peers",
        timeMillis - 10 * MINUTE,
        timeMillis - 5 * MINUTE,
        members,
        medians,
        spreads,
        latency,
        0,
        0.05 * latency);
  }

  static double probability(Finding finding, FailureMode mode) {
    return mode(finding, mode).probability();
  }

  static ModeAssessment mode(Finding finding, FailureMode mode) {
    return finding.modes().stream()
        .filter(each -> each.mode() == mode)
        .findFirst()
        .orElseThrow(() -> new AssertionError("no mode " + mode + " in " + finding));
  }

  /** Metrics of the reasons of a mode, largest first. */
  static String reasons(Finding finding, FailureMode mode) {
    return Arrays.toString(
        mode(finding, mode).reasons().stream().map(reason -> reason.metric()).toArray());
  }
}
