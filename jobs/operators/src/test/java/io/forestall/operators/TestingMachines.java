package io.forestall.operators;

import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.FleetMetric;
import io.forestall.risk.signal.Scope;
import java.util.EnumMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Samples of made-up machines, disks under load and paths, one every {@link #STEP_MILLIS}; the same
 * thing and step always give the same values.
 */
public final class TestingMachines {

  /** 2024-01-01 UTC. */
  public static final long START_MILLIS = 1_704_067_200_000L;

  public static final long STEP_MILLIS = 15_000L;

  private static final double STEP_SECONDS = STEP_MILLIS / 1000.0;

  private TestingMachines() {}

  public static long timeMillis(int step) {
    return START_MILLIS + step * STEP_MILLIS;
  }

  public static String node(int number) {
    return "node/n-%04d".formatted(number);
  }

  public static String drive(int number) {
    return "disk/SYN%06d".formatted(number);
  }

  /** The fleet's word on a thing: rack r-01, one group of peers for each kind. */
  public static EntityInput fleet(String entity) {
    String kind = entity.substring(0, entity.indexOf('/'));
    return EntityInput.fleet(
        entity, new Home(kind.equals("node") ? "" : "n-0001", "r-01", kind + "|SYNTH A|pool"));
  }

  /** A healthy machine. */
  public static EntityInput machine(int number, int step) {
    return machine(number, step, 0);
  }

  /** A machine of which a share of requests fails. */
  public static EntityInput machine(int number, int step, double failing) {
    SplittableRandom random = random(number, step);
    Map<FleetMetric, Double> values = new EnumMap<>(FleetMetric.class);
    double seconds = 1000 * STEP_SECONDS + step * STEP_SECONDS;
    double requests = seconds * 200 + random.nextInt(300);
    values.put(FleetMetric.CPU_COUNT, 8.0);
    values.put(FleetMetric.CPU_BUSY_SECONDS, seconds * 2.4 + random.nextDouble());
    values.put(FleetMetric.LOAD1, 2 + random.nextDouble());
    values.put(FleetMetric.MEMORY_TOTAL_BYTES, 64e9);
    values.put(FleetMetric.MEMORY_AVAILABLE_BYTES, 40e9 + 1e9 * random.nextDouble());
    values.put(FleetMetric.NETWORK_PACKETS, Math.floor(seconds * 5000) + random.nextInt(1000));
    values.put(FleetMetric.NETWORK_RECEIVED_BYTES, Math.floor(seconds * 4e6));
    values.put(FleetMetric.NETWORK_SENT_BYTES, Math.floor(seconds * 3e6));
    values.put(FleetMetric.TCP_SENT_SEGMENTS, Math.floor(seconds * 4000));
    values.put(FleetMetric.TCP_RETRANSMITTED_SEGMENTS, Math.floor(seconds * 0.4));
    values.put(FleetMetric.REQUESTS, Math.floor(requests));
    values.put(
        FleetMetric.REQUESTS_FAILED, Math.floor(failing * 200 * Math.max(0, step) * STEP_SECONDS));
    values.put(FleetMetric.REQUEST_SECONDS, requests * 0.01 + random.nextDouble());
    return input(EntitySample.of(node(number), Scope.MACHINE, null, timeMillis(step), values));
  }

  /** A healthy disk under load. */
  public static EntityInput disk(int number, int step) {
    return disk(number, step, Integer.MAX_VALUE);
  }

  /** A disk that is ten times as slow from a step on. */
  public static EntityInput disk(int number, int step, int slowFrom) {
    SplittableRandom random = random(number, step);
    Map<FleetMetric, Double> values = new EnumMap<>(FleetMetric.class);
    double before = 1000 + Math.min(step, slowFrom);
    double after = Math.max(0, step - slowFrom);
    double reads = (before + after) * STEP_SECONDS * 80;
    values.put(FleetMetric.DISK_READS, Math.floor(reads) + random.nextInt(200));
    values.put(FleetMetric.DISK_WRITES, Math.floor(reads / 2));
    values.put(FleetMetric.DISK_READ_BYTES, Math.floor(reads * 65536));
    values.put(FleetMetric.DISK_WRITTEN_BYTES, Math.floor(reads * 32768));
    values.put(
        FleetMetric.DISK_READ_SECONDS,
        STEP_SECONDS * 80 * 0.006 * (before + 10 * after) + random.nextDouble());
    values.put(FleetMetric.DISK_WRITE_SECONDS, STEP_SECONDS * 40 * 0.004 * (before + 10 * after));
    values.put(FleetMetric.DISK_BUSY_SECONDS, STEP_SECONDS * (0.4 * before + 0.95 * after));
    values.put(FleetMetric.DISK_IO_ERRORS, 0.0);
    return input(EntitySample.of(drive(number), Scope.DRIVE, "SYNTH A", timeMillis(step), values));
  }

  /** A path, such as {@code edge/n-0001>n-0002} or {@code pair/vol-1@client-1}. */
  public static EntityInput path(String path, int step, double loss) {
    SplittableRandom random = random(path.hashCode(), step);
    Map<FleetMetric, Double> values = new EnumMap<>(FleetMetric.class);
    values.put(FleetMetric.PATH_OPERATIONS, 1e6 + step * 1500.0 + random.nextInt(100));
    values.put(FleetMetric.PATH_ERRORS, Math.floor(loss * 1500 * step));
    values.put(FleetMetric.PATH_BYTES, 1e9 + step * 6e6);
    values.put(FleetMetric.PATH_LATENCY_SECONDS, 0.0005 + 0.00005 * random.nextDouble() + loss);
    values.put(FleetMetric.PATH_LATENCY_P99_SECONDS, 0.002 + 0.0001 * random.nextDouble() + loss);
    values.put(FleetMetric.PATH_LOSS_RATIO, loss);
    return input(EntitySample.of(path, Scope.PATH, null, timeMillis(step), values));
  }

  private static EntityInput input(EntitySample sample) {
    return EntityInput.sample(sample, 0, sample.timeMillis() / 1000, 0);
  }

  private static SplittableRandom random(int number, int step) {
    return new SplittableRandom(number * 1_000_003L + step);
  }
}
