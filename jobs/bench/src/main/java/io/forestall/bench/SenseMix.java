package io.forestall.bench;

import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.FleetMetric;
import io.forestall.risk.signal.Scope;
import io.forestall.schemas.TelemetryFrame;
import io.forestall.wire.AvroCodec;
import io.forestall.wire.FrameEncoder;
import java.util.EnumMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Telemetry of a fleet with everything in it: each node reports every 15 s itself, its disks under
 * load, edges to other nodes and the volumes that it is a client of; SMART attributes once a day.
 *
 * @param nodes nodes; count
 * @param drives disks of a node; count
 * @param edges edges that begin at a node; count
 * @param pairs volumes that a node is a client of; count
 */
record SenseMix(int nodes, int drives, int edges, int pairs) {

  static final long STEP_MILLIS = 15_000;
  private static final double STEP_SECONDS = STEP_MILLIS / 1000.0;
  private static final int STEPS_A_DAY = (int) (86_400_000 / STEP_MILLIS);

  /** Samples of one step, SMART attributes aside; count. */
  int samplesAStep() {
    return nodes * (1 + drives + edges + pairs);
  }

  static String node(int node) {
    return "n-%05d".formatted(node);
  }

  String drive(int node, int drive) {
    return "M%08d".formatted(node * drives + drive);
  }

  /** The frame of a node at a step. */
  byte[] frame(AvroCodec<TelemetryFrame> codec, int node, int step, long startMillis) {
    SplittableRandom random = new SplittableRandom(node * 1_000_003L + step);
    long timeMillis = startMillis + step * STEP_MILLIS + node % 1000;
    FrameEncoder frame = new FrameEncoder(node(node), timeMillis, step, "simulated");
    frame.entity(machine(random, node, step, timeMillis));
    for (int drive = 0; drive < drives; drive++) {
      if (step % STEPS_A_DAY == drive) {
        frame.disk(drive(node, drive), "BENCH 1", null, smart(random, step));
      }
      frame.entity(load(random, node, drive, step, timeMillis));
    }
    for (int edge = 1; edge <= edges; edge++) {
      frame.entity(
          path(
              random,
              "edge/" + node(node) + ">" + node((node + edge * 7) % nodes),
              step,
              timeMillis));
    }
    for (int pair = 0; pair < pairs; pair++) {
      frame.entity(
          path(
              random,
              "pair/vol-" + (node / 8 * pairs + pair) + "@" + node(node),
              step,
              timeMillis));
    }
    return frame.encode(codec);
  }

  private static Map<String, Double> smart(SplittableRandom random, int step) {
    return Map.of(
        "smart_1_raw", (double) random.nextInt(200_000_000),
        "smart_5_raw", 0.0,
        "smart_9_raw", 10_000.0 + step / 240,
        "smart_187_raw", 0.0,
        "smart_194_raw", 24.0 + random.nextInt(6),
        "smart_197_raw", 0.0,
        "smart_198_raw", 0.0);
  }

  private static EntitySample machine(
      SplittableRandom random, int node, int step, long timeMillis) {
    double seconds = (1000 + step) * STEP_SECONDS;
    double requests = Math.floor(seconds * 200) + random.nextInt(300);
    Map<FleetMetric, Double> values = new EnumMap<>(FleetMetric.class);
    values.put(FleetMetric.CPU_COUNT, 16.0);
    values.put(FleetMetric.CPU_BUSY_SECONDS, seconds * 4 + random.nextDouble());
    values.put(FleetMetric.LOAD1, 4 + random.nextDouble());
    values.put(FleetMetric.MEMORY_TOTAL_BYTES, 128e9);
    values.put(FleetMetric.MEMORY_AVAILABLE_BYTES, 80e9 + 1e9 * random.nextDouble());
    values.put(FleetMetric.PROCESS_RESIDENT_BYTES, 8e9 + 1e8 * random.nextDouble());
    values.put(FleetMetric.NETWORK_RECEIVED_BYTES, Math.floor(seconds * 4e6));
    values.put(FleetMetric.NETWORK_SENT_BYTES, Math.floor(seconds * 3e6));
    values.put(FleetMetric.NETWORK_PACKETS, Math.floor(seconds * 5000));
    values.put(FleetMetric.NETWORK_ERRORS, 0.0);
    values.put(FleetMetric.NETWORK_DROPS, Math.floor(seconds * 0.1));
    values.put(FleetMetric.NETWORK_LINK_CHANGES, 2.0);
    values.put(FleetMetric.TCP_SENT_SEGMENTS, Math.floor(seconds * 4000));
    values.put(FleetMetric.TCP_RETRANSMITTED_SEGMENTS, Math.floor(seconds * 0.4));
    values.put(FleetMetric.REQUESTS, requests);
    values.put(FleetMetric.REQUESTS_FAILED, Math.floor(seconds * 0.01));
    values.put(FleetMetric.REQUEST_SECONDS, requests * 0.01 + random.nextDouble());
    values.put(FleetMetric.START_TIME_SECONDS, 1_600_000_000.0);
    values.put(FleetMetric.BOOT_TIME_SECONDS, 1_600_000_000.0);
    values.put(FleetMetric.ERROR_LOG_LINES, Math.floor(seconds * 0.02));
    values.put(FleetMetric.CLOCK_OFFSET_SECONDS, 0.001 * random.nextDouble());
    values.put(FleetMetric.CAPACITY_BYTES, 1e14);
    values.put(FleetMetric.FREE_BYTES, 4e13);
    return EntitySample.of("node/" + node(node), Scope.MACHINE, null, timeMillis, values);
  }

  private EntitySample load(
      SplittableRandom random, int node, int drive, int step, long timeMillis) {
    double seconds = (1000 + step) * STEP_SECONDS;
    double reads = Math.floor(seconds * 80) + random.nextInt(200);
    Map<FleetMetric, Double> values = new EnumMap<>(FleetMetric.class);
    values.put(FleetMetric.DISK_READS, reads);
    values.put(FleetMetric.DISK_WRITES, Math.floor(seconds * 40));
    values.put(FleetMetric.DISK_READ_BYTES, reads * 65536);
    values.put(FleetMetric.DISK_WRITTEN_BYTES, Math.floor(seconds * 40) * 65536);
    values.put(FleetMetric.DISK_READ_SECONDS, seconds * 0.5 + random.nextDouble());
    values.put(FleetMetric.DISK_WRITE_SECONDS, seconds * 0.2 + random.nextDouble());
    values.put(FleetMetric.DISK_BUSY_SECONDS, seconds * 0.5);
    values.put(FleetMetric.DISK_IO_ERRORS, 0.0);
    return EntitySample.of(
        "disk/" + drive(node, drive), Scope.DRIVE, "BENCH 1", timeMillis, values);
  }

  private static EntitySample path(
      SplittableRandom random, String path, int step, long timeMillis) {
    Map<FleetMetric, Double> values = new EnumMap<>(FleetMetric.class);
    values.put(FleetMetric.PATH_OPERATIONS, 1e6 + step * 1500.0 + random.nextInt(100));
    values.put(FleetMetric.PATH_ERRORS, 0.0);
    values.put(FleetMetric.PATH_BYTES, 1e9 + step * 6e6);
    values.put(FleetMetric.PATH_LATENCY_SECONDS, 0.0005 + 0.00005 * random.nextDouble());
    values.put(FleetMetric.PATH_LATENCY_P99_SECONDS, 0.002 + 0.0001 * random.nextDouble());
    values.put(FleetMetric.PATH_LOSS_RATIO, 0.0);
    return EntitySample.of(path, Scope.PATH, null, timeMillis, values);
  }
}
