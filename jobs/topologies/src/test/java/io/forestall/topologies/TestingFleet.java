package io.forestall.topologies;

import io.forestall.operators.DiskInput;
import io.forestall.operators.EntityInput;
import io.forestall.operators.Home;
import io.forestall.operators.SenseInput;
import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.FleetMetric;
import io.forestall.risk.signal.Scope;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A small fleet of machines, disks under load, edges from each node to each other and one pair, a
 * sample of each every 15 s for an hour; the first edge loses packets in the second half, and one
 * machine is not in the fleet topic.
 */
final class TestingFleet {

  static final int NODES = 5;
  static final int STEPS = 240;
  private static final int EDGES = NODES * (NODES - 1);
  private static final int THINGS = NODES + NODES + EDGES + 1 + 1;
  static final long SAMPLES = (long) THINGS * STEPS;
  static final long ENTRIES = 2L * NODES;

  static final long START_MILLIS = 1_704_067_200_000L;

  private TestingFleet() {}

  static String node(int number) {
    return "n-%04d".formatted(number);
  }

  static String drive(int number) {
    return "SYN%04d".formatted(number);
  }

  static String edge(int number) {
    int from = number / (NODES - 1);
    int to = number % (NODES - 1);
    return node(from) + ">" + node(to < from ? to : to + 1);
  }

  static SenseInput fleet(long index) {
    int number = (int) index / 2;
    if (index % 2 == 0) {
      return SenseInput.of(
          EntityInput.fleet("node/" + node(number), new Home("", "r-1", "node|A|p")));
    }
    return new SenseInput(
        DiskInput.fleet(drive(number), node(number)),
        EntityInput.fleet("disk/" + drive(number), new Home(node(number), "r-1", "disk|A|p")));
  }

  static SenseInput telemetry(long index) {
    int step = (int) (index / THINGS);
    int thing = (int) (index % THINGS);
    SplittableRandom random = new SplittableRandom(index);
    EntitySample sample;
    if (thing < NODES) {
      sample = machine("node/" + node(thing), step, random);
    } else if (thing < 2 * NODES) {
      sample = drive("disk/" + drive(thing - NODES), step, random);
    } else if (thing < 2 * NODES + EDGES) {
      int edge = thing - 2 * NODES;
      sample = path("edge/" + edge(edge), step, edge == 0 && step > STEPS / 2 ? 0.2 : 0, random);
    } else if (thing == THINGS - 2) {
      sample = path("pair/vol-1@c-1", step, 0, random);
    } else {
      sample = machine("node/unknown", step, random);
    }
    return SenseInput.of(EntityInput.sample(sample, 0, index, 0));
  }

  private static long timeMillis(int step) {
    return START_MILLIS + step * 15_000L;
  }

  private static EntitySample machine(String key, int step, SplittableRandom random) {
    double seconds = (1000 + step) * 15.0;
    return EntitySample.of(
        key,
        Scope.MACHINE,
        "A",
        timeMillis(step),
        Map.of(
            FleetMetric.CPU_COUNT,
            8.0,
            FleetMetric.CPU_BUSY_SECONDS,
            seconds * 2 + random.nextDouble(),
            FleetMetric.LOAD1,
            2 + random.nextDouble(),
            FleetMetric.REQUESTS,
            Math.floor(seconds * 100),
            FleetMetric.REQUESTS_FAILED,
            0.0,
            FleetMetric.REQUEST_SECONDS,
            seconds + random.nextDouble()));
  }

  private static EntitySample drive(String key, int step, SplittableRandom random) {
    double seconds = (1000 + step) * 15.0;
    double reads = Math.floor(seconds * 80) + random.nextInt(100);
    return EntitySample.of(
        key,
        Scope.DRIVE,
        "A",
        timeMillis(step),
        Map.of(
            FleetMetric.DISK_READS,
            reads,
            FleetMetric.DISK_READ_BYTES,
            reads * 65536,
            FleetMetric.DISK_READ_SECONDS,
            seconds * 0.4 + random.nextDouble(),
            FleetMetric.DISK_BUSY_SECONDS,
            seconds * 0.4));
  }

  private static EntitySample path(String key, int step, double loss, SplittableRandom random) {
    double operations = 1e5 + step * 1500.0;
    double errors = loss * 1500 * Math.max(0, step - STEPS / 2);
    return EntitySample.of(
        key,
        Scope.PATH,
        null,
        timeMillis(step),
        Map.of(
            FleetMetric.PATH_OPERATIONS,
            operations,
            FleetMetric.PATH_ERRORS,
            Math.floor(errors),
            FleetMetric.PATH_BYTES,
            operations * 4096,
            FleetMetric.PATH_LATENCY_SECONDS,
            0.001 + 0.0001 * random.nextDouble() + loss,
            FleetMetric.PATH_LOSS_RATIO,
            loss));
  }
}
