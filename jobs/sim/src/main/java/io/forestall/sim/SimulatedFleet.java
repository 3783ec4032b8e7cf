package io.forestall.sim;

import io.forestall.decisions.DiskFailure;
import io.forestall.decisions.FleetMember;
import io.forestall.decisions.NodeScrape;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.decisions.SyntheticPlacement;
import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskSample;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A fleet of disks that decays, from one seed: the same seed gives the same fleet to the last bit.
 * It follows what published drive statistics show. Drive models fail at 1 to 4 % a year, more when
 * new and when old; about seven failures in ten announce themselves in the weeks before by growing
 * error counters (SMART 5, 187, 188, 197, 198), the others by nothing; about one healthy disk in
 * fourteen shows counters above zero that stand still; makers do not all report the same
 * attributes. A failed disk falls silent and is replaced after some days by one with another serial
 * number. The iterator never ends. Not safe for threads.
 */
public final class SimulatedFleet implements Iterator<FleetStep> {

  /** Share of failures with growing counters. */
  static final double ANNOUNCED_SHARE = 0.7;

  /** Share of healthy disks with counters that stand still above zero. */
  static final double SCARRED_SHARE = 0.07;

  private static final long DAY_MILLIS = 86_400_000L;
  private static final double DAYS_PER_YEAR = 365.25;
  private static final int MAX_AGE_DAYS = 40 * 365;
  private static final double[] CUMULATED_WEAR = cumulatedWear();

  private static final DriveModel[] MODELS = {
    new DriveModel("SIMULATED 4000-A", 4_000_787_030_016L, 0.010, true),
    new DriveModel("SIMULATED 8000-B", 8_001_563_222_016L, 0.016, false),
    new DriveModel("SIMULATED 12000-C", 12_000_138_625_024L, 0.022, true),
    new DriveModel("SIMULATED 3000-D", 3_000_592_982_016L, 0.040, true),
  };

  private final Options options;
  private final SyntheticPlacement placement;
  private final Slot[] slots;
  private long nextMillis;
  private boolean first = true;

  /**
   * What fleet to simulate.
   *
   * @param seed all randomness comes from it
   * @param nodes number of nodes, at least 1
   * @param disksPerNode disks of each node, at least 1
   * @param startMillis time of the first step; milliseconds since 1970-01-01 UTC
   * @param stepMillis time between two steps; milliseconds, at least 1
   * @param hazardFactor how many times likelier than in life a failure is; 1 is life-like, more
   *     shows failures sooner and is to be stated beside what is shown
   */
  public record Options(
      long seed,
      int nodes,
      int disksPerNode,
      long startMillis,
      long stepMillis,
      double hazardFactor) {
    public Options {
      if (nodes < 1 || disksPerNode < 1 || stepMillis < 1 || !(hazardFactor >= 0)) {
        throw new IllegalArgumentException(
            "a simulated fleet needs at least 1 node, 1 disk a node, a step of 1 ms and a hazard"
                + " factor of 0 or more");
      }
    }
  }

  private record DriveModel(
      String name, long capacityBytes, double yearlyFailureRate, boolean reportsUncorrectable) {}

  /** The fleet of these options, before its first step. */
  public SimulatedFleet(Options options) {
    this.options = options;
    this.placement = SyntheticPlacement.ofNodes(options.nodes());
    this.slots = new Slot[options.nodes() * options.disksPerNode()];
    for (int i = 0; i < slots.length; i++) {
      slots[i] = new Slot(i, placement.nodeAt(i / options.disksPerNode()));
    }
    this.nextMillis = options.startMillis();
  }

  /** A life-like fleet. */
  public SimulatedFleet(long seed, int nodes, int disksPerNode, long startMillis, long stepMillis) {
    this(new Options(seed, nodes, disksPerNode, startMillis, stepMillis, 1));
  }

  /** The options of this fleet. */
  public Options options() {
    return options;
  }

  /** Time of the next step; milliseconds since 1970-01-01 UTC. */
  public long nextMillis() {
    return nextMillis;
  }

  /** Always true: a fleet decays for ever. */
  @Override
  public boolean hasNext() {
    return true;
  }

  /**
   * Passes over the steps before a time, as if they had been taken. The next step then names the
   * whole fleet as joined, as the first one does.
   *
   * @param timeMillis earliest time of the next step; milliseconds since 1970-01-01 UTC
   */
  public void skipTo(long timeMillis) {
    while (nextMillis < timeMillis) {
      for (Slot slot : slots) {
        slot.advance(nextMillis, null, null, null);
      }
      nextMillis += options.stepMillis();
    }
    first = true;
  }

  @Override
  public FleetStep next() {
    long now = nextMillis;
    List<FleetMember> joined = new ArrayList<>();
    List<Subject> left = new ArrayList<>();
    List<DiskFailure> failures = new ArrayList<>();
    if (first) {
      joined.addAll(placement.members());
    }
    for (Slot slot : slots) {
      boolean named = slot.advance(now, joined, left, failures);
      if (first && !named && !slot.empty) {
        joined.add(slot.member());
      }
    }
    first = false;
    List<NodeScrape> scrapes = new ArrayList<>(options.nodes());
    for (int node = 0; node < options.nodes(); node++) {
      List<DiskSample> samples = new ArrayList<>(options.disksPerNode());
      for (int disk = 0; disk < options.disksPerNode(); disk++) {
        Slot slot = slots[node * options.disksPerNode() + disk];
        if (!slot.empty) {
          samples.add(slot.sample(now));
        }
      }
      scrapes.add(new NodeScrape(placement.nodeAt(node), now, samples));
    }
    nextMillis += options.stepMillis();
    return new FleetStep(now, joined, left, scrapes, failures);
  }

  /**
   * The SMART attributes at a time between two steps, of the disks that were there at the last one;
   * changes nothing.
   *
   * @param timeMillis not before the last step and before the next one; milliseconds since
   *     1970-01-01 UTC
   * @return by node name, one sample for each disk
   */
  public Map<String, List<DiskSample>> between(long timeMillis) {
    Map<String, List<DiskSample>> samples = new LinkedHashMap<>();
    for (Slot slot : slots) {
      if (!slot.empty) {
        samples
            .computeIfAbsent(slot.place.node(), node -> new ArrayList<>())
            .add(slot.sample(timeMillis));
      }
    }
    return samples;
  }

  /** Every node, and every disk that was there at the last step. */
  public List<FleetMember> members() {
    List<FleetMember> members = new ArrayList<>(placement.members());
    for (Slot slot : slots) {
      if (!slot.empty) {
        members.add(slot.member());
      }
    }
    return members;
  }

  /** Places of the nodes, in the order of their names. */
  public List<Place> nodes() {
    List<Place> places = new ArrayList<>(options.nodes());
    for (int node = 0; node < options.nodes(); node++) {
      places.add(placement.nodeAt(node));
    }
    return places;
  }

  // Relative failure rate by age: high when new, flat, rising after three years.
  private static double wear(double years) {
    double old = Math.max(0, years - 3);
    return 1 + 1.5 * Math.exp(-years / 0.25) + 0.25 * old * old;
  }

  private static double[] cumulatedWear() {
    double[] cumulated = new double[MAX_AGE_DAYS + 1];
    for (int day = 0; day < MAX_AGE_DAYS; day++) {
      cumulated[day + 1] = cumulated[day] + wear(day / DAYS_PER_YEAR) / DAYS_PER_YEAR;
    }
    return cumulated;
  }

  private static double wearUntil(double ageDays) {
    double bounded = Math.min(Math.max(ageDays, 0), MAX_AGE_DAYS - 1);
    int day = (int) bounded;
    return CUMULATED_WEAR[day] + (bounded - day) * (CUMULATED_WEAR[day + 1] - CUMULATED_WEAR[day]);
  }

  // Age at which the wear reaches a value, the inverse of wearUntil; the end of the table at most.
  private static double ageOfWear(double wear) {
    int low = 0;
    int high = MAX_AGE_DAYS;
    while (high - low > 1) {
      int middle = (low + high) >>> 1;
      if (CUMULATED_WEAR[middle] <= wear) {
        low = middle;
      } else {
        high = middle;
      }
    }
    double width = CUMULATED_WEAR[low + 1] - CUMULATED_WEAR[low];
    return low + Math.min(1, (wear - CUMULATED_WEAR[low]) / width);
  }

  // One growing counter of a disk that announces its failure.
  private record Growth(DiskMetric metric, double amount, double power) {}

  /** One bay of a node and the disk in it. */
  private final class Slot {
    private final int index;
    private final Place place;
    private int generation = -1;
    private boolean empty = true;
    private boolean dead;
    private long installMillis;

    private String serial = "";
    private DriveModel model = MODELS[0];
    private long bornMillis;
    private long failMillis = Long.MAX_VALUE;
    private long announceMillis = Long.MAX_VALUE;
    private final List<Growth> growths = new ArrayList<>();
    private double[] base = DiskSample.absentValues();
    private double temperature;
    private double dailyLoads;
    private double dailyWrites;
    private double dailyReads;
    private long noise;

    Slot(int index, Place place) {
      this.index = index;
      this.place = place;
      this.installMillis = options.startMillis();
    }

    FleetMember member() {
      return new FleetMember(
          Subject.disk(serial), place, "hdd", model.name(), model.capacityBytes(), true);
    }

    // Lets failures and replacements up to now happen. The lists are null when nobody listens.
    boolean advance(
        long now,
        @Nullable List<FleetMember> joined,
        @Nullable List<Subject> left,
        @Nullable List<DiskFailure> failures) {
      boolean named = false;
      if (!empty && now >= failMillis) {
        empty = true;
        dead = true;
        if (failures != null) {
          failures.add(new DiskFailure(serial, place.node(), now));
        }
      }
      if (empty && now >= installMillis) {
        if (dead && left != null) {
          left.add(Subject.disk(serial));
        }
        install(now);
        named = true;
        if (joined != null) {
          joined.add(member());
        }
      }
      return named;
    }

    private void install(long now) {
      generation++;
      empty = false;
      dead = false;
      SplittableRandom random =
          new SplittableRandom(
              mix(options.seed() * 31 + index) ^ mix(generation + 0x9e3779b97f4a7c15L));
      noise = random.nextLong();
      model = MODELS[random.nextInt(MODELS.length)];
      serial =
          "SIM"
              + pad(Long.toHexString(random.nextLong() & 0xffff_ffffL))
              + pad4(index)
              + "G"
              + generation;
      double ageDays = generation == 0 ? random.nextDouble() * 5 * DAYS_PER_YEAR : 0;
      bornMillis = now - (long) (ageDays * DAY_MILLIS);
      double budget = -Math.log(1 - random.nextDouble());
      double rate = model.yearlyFailureRate() * options.hazardFactor();
      double lifeDays = rate > 0 ? ageOfWear(wearUntil(ageDays) + budget / rate) : MAX_AGE_DAYS;
      failMillis =
          lifeDays >= MAX_AGE_DAYS ? Long.MAX_VALUE : bornMillis + (long) (lifeDays * DAY_MILLIS);
      base = healthy(random);
      growths.clear();
      announceMillis = Long.MAX_VALUE;
      if (failMillis != Long.MAX_VALUE) {
        installMillis = failMillis + (2 + random.nextInt(6)) * DAY_MILLIS;
        if (random.nextDouble() < ANNOUNCED_SHARE) {
          announce(random);
        }
      } else {
        installMillis = Long.MAX_VALUE;
      }
    }

    private double[] healthy(SplittableRandom random) {
      double[] values = DiskSample.absentValues();
      for (DiskMetric metric :
          List.of(
              DiskMetric.REALLOCATED_SECTORS,
              DiskMetric.SPIN_RETRIES,
              DiskMetric.PENDING_SECTORS,
              DiskMetric.OFFLINE_UNCORRECTABLE,
              DiskMetric.INTERFACE_CRC_ERRORS)) {
        values[metric.ordinal()] = 0;
      }
      values[DiskMetric.POWER_CYCLES.ordinal()] = 2 + random.nextInt(20);
      if (model.reportsUncorrectable()) {
        values[DiskMetric.REPORTED_UNCORRECTABLE.ordinal()] = 0;
        values[DiskMetric.COMMAND_TIMEOUTS.ordinal()] = 0;
        values[DiskMetric.HIGH_FLY_WRITES.ordinal()] = random.nextInt(4) == 0 ? 1 : 0;
      } else {
        values[DiskMetric.REALLOCATION_EVENTS.ordinal()] = 0;
      }
      if (random.nextDouble() < SCARRED_SHARE) {
        DiskMetric scar =
            switch (random.nextInt(4)) {
              case 0 -> DiskMetric.COMMAND_TIMEOUTS;
              case 1 -> DiskMetric.REPORTED_UNCORRECTABLE;
              default -> DiskMetric.REALLOCATED_SECTORS;
            };
        if (!Double.isNaN(values[scar.ordinal()])) {
          values[scar.ordinal()] =
              1 + random.nextInt(scar == DiskMetric.REALLOCATED_SECTORS ? 40 : 3);
        }
      }
      temperature = 26 + 8 * random.nextDouble();
      dailyLoads = 1 + 20 * random.nextDouble();
      dailyWrites = 2e7 * (0.5 + random.nextDouble());
      dailyReads = 6e7 * (0.5 + random.nextDouble());
      return values;
    }

    private void announce(SplittableRandom random) {
      double leadDays = Math.min(60, Math.max(3, 14 * Math.exp(0.7 * gaussian(random))));
      announceMillis = failMillis - (long) (leadDays * DAY_MILLIS);
      while (growths.isEmpty()) {
        if (random.nextDouble() < 0.55) {
          growths.add(growth(DiskMetric.REALLOCATED_SECTORS, 120, random));
        }
        if (random.nextDouble() < 0.5) {
          Growth pending = growth(DiskMetric.PENDING_SECTORS, 48, random);
          growths.add(pending);
          growths.add(
              new Growth(DiskMetric.OFFLINE_UNCORRECTABLE, pending.amount(), pending.power()));
        }
        if (model.reportsUncorrectable()) {
          if (random.nextDouble() < 0.45) {
            growths.add(growth(DiskMetric.REPORTED_UNCORRECTABLE, 25, random));
          }
          if (random.nextDouble() < 0.25) {
            growths.add(growth(DiskMetric.COMMAND_TIMEOUTS, 8, random));
          }
        }
      }
    }

    private Growth growth(DiskMetric metric, double median, SplittableRandom random) {
      return new Growth(
          metric, median * Math.exp(1.2 * gaussian(random)), 0.7 + 1.8 * random.nextDouble());
    }

    // Everything is a function of time, so steps can be passed over.
    DiskSample sample(long now) {
      double[] values = base.clone();
      double ageDays = (now - bornMillis) / (double) DAY_MILLIS;
      SplittableRandom random = new SplittableRandom(noise ^ mix(now));
      values[DiskMetric.POWER_ON_HOURS.ordinal()] = Math.floor(ageDays * 24);
      values[DiskMetric.TEMPERATURE.ordinal()] =
          Math.rint(temperature + gaussian(random) + 1.5 * Math.sin(ageDays * 2 * Math.PI / 7));
      values[DiskMetric.LOAD_CYCLES.ordinal()] = Math.floor(ageDays * dailyLoads);
      values[DiskMetric.BLOCKS_WRITTEN.ordinal()] = Math.floor(ageDays * dailyWrites);
      values[DiskMetric.BLOCKS_READ.ordinal()] = Math.floor(ageDays * dailyReads);
      if (now >= announceMillis) {
        double part = (now - announceMillis) / (double) (failMillis - announceMillis);
        for (Growth growth : growths) {
          double grown = Math.max(1, growth.amount() * Math.pow(part, growth.power()));
          boolean sectors =
              growth.metric() == DiskMetric.PENDING_SECTORS
                  || growth.metric() == DiskMetric.OFFLINE_UNCORRECTABLE;
          values[growth.metric().ordinal()] +=
              sectors ? 8 * Math.ceil(grown / 8) : Math.floor(grown);
        }
      }
      return new DiskSample(serial, model.name(), now, values);
    }
  }

  private static double gaussian(SplittableRandom random) {
    // Box and Muller; the second value is not kept, so that the order of calls does not matter.
    double u = 1 - random.nextDouble();
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * random.nextDouble());
  }

  private static long mix(long value) {
    long z = value + 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  private static String pad(String hex) {
    return "0".repeat(8 - hex.length()) + hex.toUpperCase(Locale.ROOT);
  }

  private static String pad4(int number) {
    String digits = Integer.toString(number);
    return "0".repeat(Math.max(0, 4 - digits.length())) + digits;
  }
}
