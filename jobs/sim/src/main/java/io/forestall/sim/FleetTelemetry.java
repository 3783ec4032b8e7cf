package io.forestall.sim;

import io.forestall.decisions.FleetMember;
import io.forestall.decisions.NodeScrape;
import io.forestall.decisions.Place;
import io.forestall.decisions.Subject;
import io.forestall.risk.DiskMetric;
import io.forestall.risk.DiskSample;
import io.forestall.risk.signal.EntitySample;
import io.forestall.risk.signal.FleetMetric;
import io.forestall.risk.signal.Scope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the machines, drives and paths of a simulated fleet report, faults included. Load has a
 * season of the day and the week, moves together within a rack, and drives the rest: a drive's
 * latency follows a queue, a machine's memory and traffic follow its work. Healthy life is not
 * flat: planned reboots, upgrades of the process after which its caches fill for hours, backups at
 * night, scrubs of a node's drives, shifts of load; and short bursts of drops, errors in the log,
 * failed requests, lost probes and stalls of a drive, of the kind that pass by themselves.
 *
 * <p>Every rate, level and fault is a function of the seed and the time, so any span can be passed
 * over. Counters add up from the first scrape of this object on and begin anew with a reboot or a
 * restart of the process, as real ones do. Not safe for threads. Rows A1, A8, A11.
 */
public final class FleetTelemetry {

  private static final long MINUTE = 60_000L;
  private static final long HOUR = 60 * MINUTE;
  private static final long DAY = 24 * HOUR;
  private static final long REBOOT_EVERY = 21 * DAY;
  private static final long REBOOT_SILENCE = 3 * MINUTE;
  private static final long UPGRADE_EVERY = 12 * DAY;
  private static final double GIBIBYTE = 1L << 30;

  /** Counters of the storage process: they begin anew when it does. The others belong to the OS. */
  private static final Set<FleetMetric> OF_PROCESS =
      Set.of(
          FleetMetric.REQUESTS,
          FleetMetric.REQUESTS_FAILED,
          FleetMetric.REQUEST_SECONDS,
          FleetMetric.ERROR_LOG_LINES,
          FleetMetric.CHECKSUM_MISMATCHES,
          FleetMetric.PROCESSED);

  private static final FleetMetric[] METRICS = FleetMetric.values();

  /**
   * What stands beside the nodes.
   *
   * @param seed all randomness comes from it
   * @param processors event processors; count
   * @param heads head nodes; count
   * @param clients clients that read and write volumes; count
   * @param volumes volumes, each with three clients at most; count
   * @param peers other nodes that a node probes; count
   */
  public record Options(long seed, int processors, int heads, int clients, int volumes, int peers) {
    public Options {
      if (processors < 0 || heads < 0 || clients < 0 || volumes < 0 || peers < 0) {
        throw new IllegalArgumentException("counts of a simulated fleet are 0 or more");
      }
    }

    /** What suits a number of nodes. */
    public static Options forNodes(long seed, int nodes) {
      return new Options(
          seed,
          Math.max(4, nodes / 8),
          4,
          Math.max(3, Math.min(200, nodes / 4)),
          Math.max(4, nodes / 2),
          4);
    }
  }

  private final Options options;
  private final List<Machine> nodes = new ArrayList<>();
  private final List<Machine> machines = new ArrayList<>();
  private final Map<String, Machine> machineByEntity = new LinkedHashMap<>();
  private final Map<String, Drive> driveBySerial = new HashMap<>();
  private final List<Client> clients = new ArrayList<>();
  private final List<Path> edges = new ArrayList<>();
  private final Map<String, Fault> faults = new LinkedHashMap<>();
  private final Map<String, List<Fault>> faultsByEntity = new HashMap<>();

  /**
   * The telemetry of a fleet of these nodes; its drives come with {@link #join}.
   *
   * @param nodes places of the nodes, at least one
   */
  public FleetTelemetry(Options options, List<Place> nodes) {
    this.options = options;
    if (nodes.isEmpty()) {
      throw new IllegalArgumentException("a simulated fleet needs at least one node");
    }
    for (Place place : nodes) {
      Machine node = add("node", place.node(), place, MachineKind.NODE);
      this.nodes.add(node);
    }
    for (int i = 0; i < options.processors(); i++) {
      add("processor", "p-" + (i + 1), nodes.get(i * 5 % nodes.size()), MachineKind.PROCESSOR);
    }
    for (int i = 0; i < options.heads(); i++) {
      add("head", "h-" + (i + 1), nodes.get((i * 7 + 1) % nodes.size()), MachineKind.HEAD);
    }
    int count = this.nodes.size();
    for (int i = 0; i < count; i++) {
      // Neighbours and nodes of other racks: with both, a bad node, rack and edge look different.
      Set<Integer> to = new LinkedHashSet<>();
      for (int step : new int[] {1, 8, 3, 17, 2, 33, 5, 65}) {
        int peer = (i + step) % count;
        if (peer != i && to.size() < options.peers()) {
          to.add(peer);
        }
      }
      for (int peer : to) {
        Path edge = new Path(this.nodes.get(i), this.nodes.get(peer));
        this.nodes.get(i).edges.add(edge);
        edges.add(edge);
      }
    }
    for (int i = 0; i < options.clients(); i++) {
      clients.add(new Client("client-" + (i + 1), nodes.get(0).region()));
    }
    for (int volume = 0; volume < options.volumes() && !clients.isEmpty(); volume++) {
      Machine home = this.nodes.get((int) (Noise.uniform(key("home"), volume) * this.nodes.size()));
      for (int i = 0; i < Math.min(3, clients.size()); i++) {
        Client client = clients.get((volume + i * 2 + (i == 2 ? 1 : 0)) % clients.size());
        String entity = "pair/vol-" + (volume + 1) + "@" + client.id;
        if (client.pairs.stream().noneMatch(pair -> pair.entity.equals(entity))) {
          client.pairs.add(new Path(entity, null, home));
        }
      }
    }
  }

  private Machine add(String kind, String id, Place place, MachineKind what) {
    Machine machine = new Machine(kind + "/" + id, id, place, what);
    machines.add(machine);
    machineByEntity.put(machine.entity, machine);
    return machine;
  }

  private long key(String name) {
    return Noise.key(options.seed(), name);
  }

  /** Event processors and head nodes, with the nodes they stand on. */
  public List<FleetMember> members() {
    List<FleetMember> members = new ArrayList<>();
    for (Machine machine : machines) {
      if (machine.kind != MachineKind.NODE) {
        Subject.Kind kind =
            machine.kind == MachineKind.PROCESSOR ? Subject.Kind.PROCESSOR : Subject.Kind.HEAD;
        members.add(
            new FleetMember(
                new Subject(kind, machine.id), machine.place, "", machine.model(), null, true));
      }
    }
    return members;
  }

  /** Puts a disk in: from now on its node reports it. Other members are left out. */
  public void join(FleetMember member) {
    Machine node = machineByEntity.get("node/" + member.place().node());
    if (member.subject().kind() == Subject.Kind.DISK
        && node != null
        && !driveBySerial.containsKey(member.subject().id())) {
      Drive drive = new Drive(member, node);
      driveBySerial.put(drive.serial, drive);
      node.drives.add(drive);
    }
  }

  /** Takes a disk out. */
  public void leave(Subject disk) {
    Drive drive = driveBySerial.remove(disk.id());
    if (drive != null) {
      drive.node.drives.remove(drive);
    }
  }

  /** Keys of everything a fault can befall, in a fixed order. */
  public List<String> targets() {
    List<String> targets = new ArrayList<>(machineByEntity.keySet());
    machineByEntity.values().forEach(m -> m.drives.forEach(drive -> targets.add(drive.entity)));
    edges.forEach(edge -> targets.add(edge.entity));
    nodes.stream().map(node -> "rack/" + node.place.rack()).distinct().forEach(targets::add);
    return targets;
  }

  /** True when there is such a thing now. */
  public boolean has(String entity) {
    return machineByEntity.containsKey(entity)
        || (entity.startsWith("disk/") && driveBySerial.containsKey(entity.substring(5)))
        || edges.stream().anyMatch(edge -> edge.entity.equals(entity))
        || nodes.stream().anyMatch(node -> entity.equals("rack/" + node.place.rack()));
  }

  /**
   * Plants a fault, or puts another in the place of the one with its name.
   *
   * @throws IllegalArgumentException when there is no such target
   */
  public void plant(Fault fault) {
    if (!has(fault.target())) {
      throw new IllegalArgumentException(
          "there is no " + fault.target() + " in the simulated fleet");
    }
    faults.put(fault.id(), fault);
    index();
  }

  /** Ends a fault at a time; one that is not known is left out. */
  public void clear(String id, long timeMillis) {
    Fault fault = faults.get(id);
    if (fault != null) {
      faults.put(id, fault.endedAt(timeMillis));
      index();
    }
  }

  /** Every fault that was planted, in the order of planting. */
  public Collection<Fault> faults() {
    return List.copyOf(faults.values());
  }

  /**
   * Keys of the things whose metrics a fault changes, its target among them; what the fault hides
   * or sends twice belongs to it too.
   */
  public Set<String> touched(Fault fault) {
    Set<String> touched = new LinkedHashSet<>();
    touched.add(fault.target());
    Machine machine = machineByEntity.get(fault.target());
    switch (fault.kind()) {
      case SLOW_DISK, DYING_DISK -> {
        Drive drive = driveBySerial.get(fault.target().substring(5));
        if (drive != null) {
          touched.add(drive.node.entity);
        }
      }
      case DYING_NIC -> {
        for (Path edge : edges) {
          if (edge.from == machine || edge.home == machine) {
            touched.add(edge.entity);
          }
        }
        for (Client client : clients) {
          client.pairs.stream().filter(p -> p.home == machine).forEach(p -> touched.add(p.entity));
        }
      }
      case FLAPPING_LINK -> {
        for (Path edge : edges) {
          if (crosses(edge, fault.target())) {
            touched.add(edge.entity);
            touched.add(edge.home.entity);
            if (edge.from != null) {
              touched.add(edge.from.entity);
            }
          }
        }
      }
      case SILENT_NODE, HALF_SILENT, CLOCK_JUMP, DUPLICATE_FRAMES, RENAMED_EXPORTER -> {
        if (machine != null) {
          machine.drives.forEach(drive -> touched.add(drive.entity));
          machine.edges.forEach(edge -> touched.add(edge.entity));
        }
      }
      case MEMORY_LEAK, CRASH_LOOP -> {}
    }
    return touched;
  }

  /** Rack of a machine or a disk, empty for what stands in none. */
  public Optional<String> rackOf(String entity) {
    Machine machine = machineByEntity.get(entity);
    if (machine == null && entity.startsWith("disk/")) {
      Drive drive = driveBySerial.get(entity.substring(5));
      machine = drive == null ? null : drive.node;
    }
    return machine == null ? Optional.empty() : Optional.of(machine.place.rack());
  }

  private static boolean crosses(Path edge, String target) {
    Machine from = edge.from;
    if (target.startsWith("rack/") && from != null) {
      String rack = target.substring(5);
      return from.place.rack().equals(rack) != edge.home.place.rack().equals(rack);
    }
    return edge.entity.equals(target);
  }

  private void index() {
    faultsByEntity.clear();
    for (Fault fault : faults.values()) {
      for (String entity : touched(fault)) {
        faultsByEntity.computeIfAbsent(entity, name -> new ArrayList<>()).add(fault);
      }
    }
  }

  private List<Fault> faultsOf(String entity) {
    List<Fault> known = faultsByEntity.get(entity);
    return known == null ? List.of() : known;
  }

  /**
   * What every publisher says at a time, silent ones left out.
   *
   * @param timeMillis true time, not before that of the scrape before; milliseconds since
   *     1970-01-01 UTC
   * @param smart SMART attributes of the disks by node, empty between two rounds of them
   */
  public List<PublishedScrape> scrape(long timeMillis, Map<String, List<DiskSample>> smart) {
    List<PublishedScrape> all = new ArrayList<>(machines.size() + clients.size());
    for (Machine machine : machines) {
      machine.advance(timeMillis);
      if (machine.silentAt(timeMillis)) {
        continue;
      }
      all.add(machine.publish(timeMillis, smart.getOrDefault(machine.id, List.of())));
    }
    for (Client client : clients) {
      List<EntitySample> samples = new ArrayList<>(client.pairs.size());
      for (Path pair : client.pairs) {
        pair.advance(timeMillis);
        samples.add(pair.sample(timeMillis));
      }
      if (!samples.isEmpty()) {
        all.add(
            new PublishedScrape(
                new NodeScrape(client.place, timeMillis, List.of(), samples), 1, ""));
      }
    }
    return all;
  }

  /**
   * What the faults do to SMART attributes, whatever else is sent.
   *
   * @param samples by node, as the disks would report them without faults
   * @param timeMillis true time; milliseconds since 1970-01-01 UTC
   */
  public Map<String, List<DiskSample>> smart(
      Map<String, List<DiskSample>> samples, long timeMillis) {
    Map<String, List<DiskSample>> out = new TreeMap<>();
    samples.forEach(
        (node, disks) -> {
          List<DiskSample> changed = new ArrayList<>(disks.size());
          for (DiskSample disk : disks) {
            changed.add(withFaults(disk, timeMillis));
          }
          out.put(node, changed);
        });
    return out;
  }

  private DiskSample withFaults(DiskSample sample, long timeMillis) {
    DiskSample out = sample;
    for (Fault fault : faultsOf("disk/" + sample.disk())) {
      if (fault.kind() != FaultKind.DYING_DISK || timeMillis < fault.startMillis()) {
        continue;
      }
      // The scars stay when the fault is over: such counters never fall.
      double grown = fault.severity() * (0.15 + 0.85 * Math.sqrt(fault.progress(timeMillis)));
      double[] values = DiskSample.absentValues();
      for (DiskMetric metric : DiskMetric.values()) {
        values[metric.ordinal()] = out.value(metric);
      }
      grow(values, DiskMetric.PENDING_SECTORS, 8 * Math.ceil(40 * grown));
      grow(values, DiskMetric.OFFLINE_UNCORRECTABLE, 8 * Math.ceil(40 * grown));
      grow(values, DiskMetric.REPORTED_UNCORRECTABLE, Math.ceil(60 * grown));
      grow(values, DiskMetric.REALLOCATED_SECTORS, 8 * Math.ceil(50 * grown));
      grow(values, DiskMetric.COMMAND_TIMEOUTS, Math.ceil(10 * grown));
      out = new DiskSample(sample.disk(), sample.model(), sample.timeMillis(), values);
    }
    return out;
  }

  private static void grow(double[] values, DiskMetric metric, double by) {
    if (!Double.isNaN(values[metric.ordinal()])) {
      values[metric.ordinal()] += by;
    }
  }

  /** Share of full load at a time that the whole fleet has in common: day and week. */
  private static double season(long timeMillis) {
    double day = Math.floorMod(timeMillis, DAY) / (double) DAY;
    // 1970-01-01 was a Thursday, so that Saturday and Sunday are days 2 and 3 of this week.
    double week = Math.floorMod(timeMillis, 7 * DAY) / (double) DAY;
    double weekend = Math.exp(-Math.pow((week - 3) / 0.9, 4));
    return (0.72 + 0.38 * Math.sin(2 * Math.PI * (day - 0.3))) * (1 - 0.25 * weekend);
  }

  private static double bounded(double value, double low, double high) {
    return Math.min(high, Math.max(low, value));
  }

  private enum MachineKind {
    NODE,
    PROCESSOR,
    HEAD
  }

  /** A storage node, event processor or head node. */
  private final class Machine {
    final String entity;
    final String id;
    final Place place;
    final MachineKind kind;
    final List<Drive> drives = new ArrayList<>();
    final List<Path> edges = new ArrayList<>();
    private final long key;
    private final long rackKey;
    private final double usualLoad;
    private final double cores;
    private final double memoryBytes;
    private final double[] counters = new double[FleetMetric.COUNT];
    private long lastMillis = Long.MIN_VALUE;
    private long lastBoot = Long.MIN_VALUE;
    private long lastStart = Long.MIN_VALUE;

    Machine(String entity, String id, Place place, MachineKind kind) {
      this.entity = entity;
      this.id = id;
      this.place = place;
      this.kind = kind;
      this.key = key(entity);
      this.rackKey = key("rack " + place.rack());
      this.usualLoad = 0.38 + 0.16 * (Noise.uniform(key, -1) - 0.5);
      this.cores = kind == MachineKind.NODE ? 32 : 16;
      this.memoryBytes = (kind == MachineKind.NODE ? 128 : 64) * GIBIBYTE;
    }

    @Nullable String model() {
      return kind == MachineKind.NODE ? null : "SIMULATED " + kind;
    }

    /** Load without what single drives add; share of full load. */
    double load(long timeMillis) {
      double together =
          0.05 * Noise.smooth(rackKey, timeMillis, 20 * MINUTE)
              + 0.07 * Noise.smooth(rackKey ^ 5, timeMillis, 3 * HOUR);
      double own =
          0.04 * Noise.smooth(key ^ 1, timeMillis, 3 * MINUTE)
              + 0.05 * Noise.smooth(key ^ 2, timeMillis, 45 * MINUTE);
      long shiftAt = timeMillis + (long) (Noise.uniform(key, -2) * 5 * DAY);
      double shift = 0.85 + 0.3 * Noise.uniform(key ^ 3, Math.floorDiv(shiftAt, 5 * DAY));
      double load = usualLoad * season(timeMillis) * shift * (1 + together + own);
      return bounded(load + 0.12 * backup(timeMillis), 0.02, 0.92);
    }

    /** 1 while the nightly backup runs, 0 else; minutes of rise and fall between. */
    double backup(long timeMillis) {
      double from = (1 + 2 * Noise.uniform(key, -3)) * HOUR;
      double length = (20 + 20 * Noise.uniform(key, -4)) * MINUTE;
      double at = Math.floorMod(timeMillis, DAY) - from;
      return bounded(Math.min(at, length - at) / (3 * MINUTE), 0, 1);
    }

    /** 1 while the drives are scrubbed, once a week for hours; 0 else. */
    double scrub(long timeMillis) {
      double from = Noise.uniform(key, -8) * 7 * DAY;
      double length = (4 + 4 * Noise.uniform(key, -9)) * HOUR;
      double at = Math.floorMod(timeMillis - (long) from, 7 * DAY);
      return bounded(Math.min(at, length - at) / (5 * MINUTE), 0, 1);
    }

    private long rebootBefore(long timeMillis) {
      long phase = (long) (Noise.uniform(key, -5) * REBOOT_EVERY);
      return Math.floorDiv(timeMillis - phase, REBOOT_EVERY) * REBOOT_EVERY + phase;
    }

    private long bootMillis(long timeMillis) {
      return rebootBefore(timeMillis) + REBOOT_SILENCE - 30_000;
    }

    private long startMillis(long timeMillis) {
      long phase = (long) (Noise.uniform(key, -6) * UPGRADE_EVERY);
      long start = Math.floorDiv(timeMillis - phase, UPGRADE_EVERY) * UPGRADE_EVERY + phase;
      start = Math.max(start, bootMillis(timeMillis) + 20_000);
      for (Fault fault : faultsOf(entity)) {
        if (!fault.target().equals(entity) || timeMillis < fault.startMillis()) {
          continue;
        }
        if (fault.kind() == FaultKind.CRASH_LOOP) {
          long cycle = crashCycleMillis(fault);
          long until = Math.min(timeMillis, fault.endMillis());
          start =
              Math.max(
                  start,
                  fault.startMillis() + Math.floorDiv(until - fault.startMillis(), cycle) * cycle);
        } else if (fault.kind() == FaultKind.MEMORY_LEAK && timeMillis >= fault.endMillis()) {
          start = Math.max(start, fault.endMillis());
        }
      }
      return start;
    }

    private long crashCycleMillis(Fault fault) {
      return (long) ((150 - 90 * fault.severity()) * 1000);
    }

    boolean silentAt(long timeMillis) {
      if (timeMillis - rebootBefore(timeMillis) < REBOOT_SILENCE) {
        return true;
      }
      for (Fault fault : faultsOf(entity)) {
        if (fault.kind() == FaultKind.SILENT_NODE
            && fault.target().equals(entity)
            && fault.activeAt(timeMillis)) {
          return true;
        }
      }
      return false;
    }

    void advance(long now) {
      long boot = bootMillis(now);
      long start = startMillis(now);
      boolean first = lastMillis == Long.MIN_VALUE;
      double seconds = first ? 0 : (now - lastMillis) / 1000.0;
      if (boot != lastBoot && !first) {
        Arrays.fill(counters, 0);
        seconds = Math.max(0, Math.min(seconds, (now - boot) / 1000.0));
      }
      double processSeconds = seconds;
      if (start != lastStart && !first) {
        OF_PROCESS.forEach(metric -> counters[metric.ordinal()] = 0);
        processSeconds = Math.max(0, Math.min(seconds, (now - start) / 1000.0));
      }
      for (Drive drive : drives) {
        drive.advance(now, boot != lastBoot && !first, seconds);
      }
      for (Path edge : edges) {
        if (boot != lastBoot && !first) {
          edge.restart();
        }
        edge.advance(now);
      }
      if (seconds > 0) {
        count(now, seconds, processSeconds);
      }
      lastMillis = now;
      lastBoot = boot;
      lastStart = start;
    }

    private void count(long now, double seconds, double processSeconds) {
      double load = load(now);
      double busy = bounded(0.04 + 0.75 * load + 0.015 * Noise.normal(key ^ 10, now), 0.005, 1);
      double traffic =
          4.2e8
              * load
              * (kind == MachineKind.NODE ? 1 : 0.2)
              * (1 + 0.05 * Noise.normal(key ^ 11, now));
      double errorRatio = 2e-9;
      double crowded = Noise.burst(key ^ 30, now, DAY, MINUTE, HOUR);
      double dropRatio = 4e-8 + 1.5e-3 * crowded;
      double retransmitRatio = 2e-4 * (1 + load) * Math.exp(0.25 * Noise.normal(key ^ 12, now));
      retransmitRatio += 2e-3 * crowded;
      double failRatio = 1e-5 + 2e-3 * Noise.burst(key ^ 32, now, 2 * DAY, MINUTE, HOUR);
      double latency = 0.002 / (1 - 0.7 * load) * Math.exp(0.04 * Noise.normal(key ^ 13, now));
      double errorLines = 0.004 + 1.5 * Noise.burst(key ^ 31, now, 2 * DAY, MINUTE, HOUR);
      double ioPressure = 0.008 + 0.08 * load * load * Math.exp(0.2 * Noise.normal(key ^ 14, now));
      double used = 1 - available(now) / memoryBytes;
      double memoryPressure = 0.0004 + 2.5 * Math.pow(Math.max(0, used - 0.86), 1.5);
      for (Fault fault : faultsOf(entity)) {
        if (!fault.activeAt(now)) {
          continue;
        }
        double severity = fault.severity();
        switch (fault.kind()) {
          case DYING_NIC -> {
            errorRatio += 8e-4 * severity;
            dropRatio += 3e-3 * severity;
            retransmitRatio += 0.03 * severity;
            failRatio += 6e-3 * severity;
            latency *= 1 + 1.5 * severity;
            traffic *= 1 - 0.25 * severity;
          }
          case FLAPPING_LINK -> {
            // Both ends feel it a little; neither is to blame.
            if (down(fault, now)) {
              retransmitRatio += 0.004 * severity;
            }
          }
          case CRASH_LOOP -> {
            errorLines += 3 * severity;
            failRatio += 0.08 * severity;
            traffic *= 0.9;
          }
          case MEMORY_LEAK -> latency *= 1 + 0.6 * Math.max(0, used - 0.8);
          case SLOW_DISK, DYING_DISK -> ioPressure += 0.006 * severity;
          default -> {}
        }
      }
      double packets = traffic / 1400 * seconds;
      add(FleetMetric.CPU_BUSY_SECONDS, busy * cores * seconds);
      add(FleetMetric.MEMORY_PRESSURE_SECONDS, Math.min(1, memoryPressure) * seconds);
      add(FleetMetric.IO_PRESSURE_SECONDS, Math.min(1, ioPressure) * seconds);
      add(FleetMetric.NETWORK_RECEIVED_BYTES, 0.55 * traffic * seconds);
      add(FleetMetric.NETWORK_SENT_BYTES, 0.45 * traffic * seconds);
      add(FleetMetric.NETWORK_PACKETS, Math.rint(packets));
      add(FleetMetric.NETWORK_ERRORS, Noise.poisson(packets * errorRatio, key ^ 15, now));
      add(FleetMetric.NETWORK_DROPS, Noise.poisson(packets * dropRatio, key ^ 16, now));
      double segments = 0.45 * packets;
      add(FleetMetric.TCP_SENT_SEGMENTS, Math.rint(segments));
      add(
          FleetMetric.TCP_RETRANSMITTED_SEGMENTS,
          Noise.poisson(segments * retransmitRatio, key ^ 17, now));
      double requests =
          Math.rint(1800 * load * processSeconds * (1 + 0.03 * Noise.normal(key ^ 18, now)));
      add(FleetMetric.REQUESTS, requests);
      add(FleetMetric.REQUESTS_FAILED, Noise.poisson(requests * failRatio, key ^ 19, now));
      add(FleetMetric.REQUEST_SECONDS, requests * latency);
      add(FleetMetric.ERROR_LOG_LINES, Noise.poisson(errorLines * processSeconds, key ^ 20, now));
      add(FleetMetric.CHECKSUM_MISMATCHES, 0);
      add(FleetMetric.PROCESSED, Math.rint(requests * 0.98));
    }

    private void add(FleetMetric metric, double by) {
      counters[metric.ordinal()] += by;
    }

    private double leaked(long now) {
      double leaked = 0;
      for (Fault fault : faultsOf(entity)) {
        if (fault.kind() == FaultKind.MEMORY_LEAK && fault.activeAt(now)) {
          leaked += 0.62 * memoryBytes * fault.severity() * fault.progress(now);
        }
      }
      return leaked;
    }

    private double resident(long now) {
      double usual = 0.34 + 0.015 * Noise.smooth(key ^ 21, now, 6 * HOUR) + 0.03 * load(now);
      // Caches of a process that has just started are empty.
      usual *= 1 - 0.4 * Math.exp((startMillis(now) - now) / (2.5 * HOUR));
      return Math.min(0.93 * memoryBytes, memoryBytes * usual + leaked(now));
    }

    private double available(long now) {
      double others = 0.12 + 0.01 * Noise.smooth(key ^ 22, now, 2 * HOUR);
      return Math.max(0.01, 1 - others - resident(now) / memoryBytes) * memoryBytes;
    }

    private EntitySample sample(long now, long stampMillis) {
      double[] values = EntitySample.absentValues();
      for (FleetMetric metric : METRICS) {
        if (metric.scope() == Scope.MACHINE && metric.counter()) {
          values[metric.ordinal()] = counters[metric.ordinal()];
        }
      }
      double load = load(now);
      values[FleetMetric.CPU_COUNT.ordinal()] = cores;
      values[FleetMetric.LOAD1.ordinal()] =
          cores * (0.06 + 0.8 * load) * Math.exp(0.05 * Noise.smooth(key ^ 23, now, MINUTE));
      values[FleetMetric.MEMORY_TOTAL_BYTES.ordinal()] = memoryBytes;
      values[FleetMetric.MEMORY_AVAILABLE_BYTES.ordinal()] = Math.rint(available(now));
      values[FleetMetric.PROCESS_RESIDENT_BYTES.ordinal()] = Math.rint(resident(now));
      values[FleetMetric.START_TIME_SECONDS.ordinal()] = startMillis(now) / 1000.0;
      values[FleetMetric.BOOT_TIME_SECONDS.ordinal()] = bootMillis(now) / 1000.0;
      values[FleetMetric.CLOCK_OFFSET_SECONDS.ordinal()] =
          0.0008 * Noise.smooth(key ^ 24, now, 10 * MINUTE) + (stampMillis - now) / 1000.0;
      if (kind == MachineKind.NODE) {
        double capacity = 0;
        for (Drive drive : drives) {
          capacity += drive.capacityBytes;
        }
        values[FleetMetric.CAPACITY_BYTES.ordinal()] = capacity;
        double fill = 0.55 + 0.1 * Noise.uniform(key, -7);
        fill += 0.02 * Noise.smooth(key ^ 25, now, 3 * DAY);
        values[FleetMetric.FREE_BYTES.ordinal()] = Math.rint(capacity * (1 - fill));
        values[FleetMetric.RAID_DEGRADED_DISKS.ordinal()] = 0;
        values[FleetMetric.PROCESSED.ordinal()] = Double.NaN;
      } else {
        values[FleetMetric.QUEUE_LENGTH.ordinal()] =
            Math.rint(40 * load / (1 - load) * Math.exp(0.2 * Noise.normal(key ^ 26, now)));
      }
      return new EntitySample(entity, Scope.MACHINE, model(), stampMillis, values);
    }

    PublishedScrape publish(long now, List<DiskSample> smart) {
      long stamp = now;
      int copies = 1;
      String prefix = "";
      Set<String> hidden = Set.of();
      for (Fault fault : faultsOf(entity)) {
        if (!fault.target().equals(entity) || !fault.activeAt(now)) {
          continue;
        }
        switch (fault.kind()) {
          case CLOCK_JUMP -> stamp += fault.clockJumpMillis();
          case DUPLICATE_FRAMES -> copies = 2;
          case RENAMED_EXPORTER -> prefix = "v2_";
          case HALF_SILENT -> hidden = hidden(fault);
          default -> {}
        }
      }
      List<EntitySample> samples = new ArrayList<>(1 + drives.size() + edges.size());
      samples.add(sample(now, stamp));
      for (Drive drive : drives) {
        if (!hidden.contains(drive.serial)) {
          samples.add(drive.sample(stamp));
        }
      }
      for (Path edge : edges) {
        samples.add(edge.sample(stamp));
      }
      List<DiskSample> disks = new ArrayList<>(smart.size());
      for (DiskSample disk : smart) {
        if (!hidden.contains(disk.disk())) {
          disks.add(stamp == now ? disk : stamped(disk, stamp));
        }
      }
      Place publisher = new Place(id, place.rack(), place.zone(), place.region(), place.pool());
      return new PublishedScrape(new NodeScrape(publisher, stamp, disks, samples), copies, prefix);
    }

    /** Serials that a half silent node leaves out: the more, the more severe. */
    private Set<String> hidden(Fault fault) {
      Set<String> hidden = new LinkedHashSet<>();
      double share = 0.3 + 0.5 * fault.severity();
      for (Drive drive : drives) {
        if (Noise.uniform(drive.key, 99) < share) {
          hidden.add(drive.serial);
        }
      }
      if (hidden.isEmpty() && !drives.isEmpty()) {
        hidden.add(drives.get(0).serial);
      }
      return hidden;
    }
  }

  private static DiskSample stamped(DiskSample disk, long stampMillis) {
    double[] values = DiskSample.absentValues();
    for (DiskMetric metric : DiskMetric.values()) {
      values[metric.ordinal()] = disk.value(metric);
    }
    return new DiskSample(disk.disk(), disk.model(), stampMillis, values);
  }

  /** Serials that a half silent node leaves out, for those who check what was found. */
  public Set<String> hiddenDisks(Fault fault) {
    Machine machine = machineByEntity.get(fault.target());
    return fault.kind() != FaultKind.HALF_SILENT || machine == null
        ? Set.of()
        : machine.hidden(fault);
  }

  /** A flapping link is down for some part of each cycle, the longer the more severe. */
  private static boolean down(Fault fault, long now) {
    long at = Math.floorMod(now - fault.startMillis(), 70_000L);
    return fault.activeAt(now) && at < 20_000 + 40_000 * fault.severity();
  }

  /** One drive under load. */
  private final class Drive {
    final String serial;
    final String entity;
    final Machine node;
    final double capacityBytes;
    private final @Nullable String model;
    private final long key;
    private final double serviceSeconds;
    private final double share;
    private final double[] counters = new double[FleetMetric.COUNT];

    Drive(FleetMember member, Machine node) {
      this.serial = member.subject().id();
      this.entity = "disk/" + serial;
      this.node = node;
      this.model = member.model();
      Long capacity = member.capacityBytes();
      this.capacityBytes = capacity == null ? 4e12 : capacity;
      this.key = key(entity);
      String name = model == null ? "" : model;
      double ofModel = 0.0055 + 0.004 * Noise.uniform(key("drive model " + name), 0);
      this.serviceSeconds = ofModel * (1 + 0.05 * Noise.normal(key, -1));
      this.share = 0.75 + 0.5 * Noise.uniform(key, -2);
    }

    void advance(long now, boolean rebooted, double seconds) {
      if (rebooted) {
        Arrays.fill(counters, 0);
      }
      if (seconds <= 0) {
        return;
      }
      double wanted = node.load(now) * share + 0.08 * node.backup(now) + 0.15 * node.scrub(now);
      wanted *=
          1 + 0.07 * Noise.normal(key ^ 1, now) + 0.06 * Noise.smooth(key ^ 2, now, 5 * MINUTE);
      double operations = bounded(wanted, 0.01, 0.82) / serviceSeconds;
      double stall = Noise.burst(key ^ 7, now, 4 * DAY, 20_000, HOUR);
      double service = serviceSeconds * (1 + 6 * stall);
      double errorsPerSecond = 2e-9;
      for (Fault fault : faultsOf(entity)) {
        if (!fault.activeAt(now)) {
          continue;
        }
        if (fault.kind() == FaultKind.SLOW_DISK) {
          double risen = bounded((now - fault.startMillis()) / (double) (2 * MINUTE), 0.2, 1);
          service *= 1 + 6 * fault.severity() * risen;
        } else if (fault.kind() == FaultKind.DYING_DISK) {
          double grown = 0.25 + 0.75 * fault.progress(now);
          boolean spike = Noise.uniform(key ^ 3, Math.floorDiv(now, 45_000L)) < 0.4 + 0.4 * grown;
          service *= 1 + (spike ? 4 : 0.5) * fault.severity() * grown;
          errorsPerSecond += 0.02 * fault.severity() * grown;
        }
      }
      operations = Math.min(operations, 0.93 / service);
      double busy = operations * service;
      double latency = service / (1 - busy) * Math.exp(0.05 * Noise.normal(key ^ 4, now));
      double reads = Math.rint(0.7 * operations * seconds);
      double writes = Math.rint(0.3 * operations * seconds);
      double bytes = 65_536 * (1 + 0.08 * Noise.normal(key ^ 5, now));
      add(FleetMetric.DISK_READS, reads);
      add(FleetMetric.DISK_WRITES, writes);
      add(FleetMetric.DISK_READ_BYTES, reads * bytes);
      add(FleetMetric.DISK_WRITTEN_BYTES, writes * bytes);
      add(FleetMetric.DISK_READ_SECONDS, reads * latency * 1.06);
      add(FleetMetric.DISK_WRITE_SECONDS, writes * latency * 0.86);
      add(FleetMetric.DISK_BUSY_SECONDS, Math.min(1, busy) * seconds);
      add(FleetMetric.DISK_IO_ERRORS, Noise.poisson(errorsPerSecond * seconds, key ^ 6, now));
    }

    private void add(FleetMetric metric, double by) {
      counters[metric.ordinal()] += by;
    }

    EntitySample sample(long stampMillis) {
      double[] values = EntitySample.absentValues();
      for (FleetMetric metric : METRICS) {
        if (metric.scope() == Scope.DRIVE) {
          values[metric.ordinal()] = counters[metric.ordinal()];
        }
      }
      return new EntitySample(entity, Scope.DRIVE, model, stampMillis, values);
    }
  }

  /** A client of volumes; a publisher of its own. */
  private static final class Client {
    final String id;
    final Place place;
    final List<Path> pairs = new ArrayList<>();

    Client(String id, String region) {
      this.id = id;
      this.place = new Place(id, "", "", region, "");
    }
  }

  /** What a node sees of a peer, or a client of a volume. */
  private final class Path {
    final String entity;
    final @Nullable Machine from;
    final Machine home;
    private final long key;
    private final double usualSeconds;
    private final double perSecond;
    private final double[] counters = new double[FleetMetric.COUNT];
    private long lastMillis = Long.MIN_VALUE;
    private double latency;
    private double latency99;
    private double loss;

    Path(Machine from, Machine to) {
      this("edge/" + from.id + ">" + to.id, from, to);
    }

    Path(String entity, @Nullable Machine from, Machine home) {
      this.entity = entity;
      this.from = from;
      this.home = home;
      this.key = key(entity);
      double spread = 1 + 0.15 * (Noise.uniform(key, -1) - 0.5);
      if (from == null) {
        usualSeconds = 0.0035 * spread;
        perSecond = 120 * (0.5 + Noise.uniform(key, -2));
      } else {
        boolean near = from.place.rack().equals(home.place.rack());
        usualSeconds = (near ? 0.00012 : 0.00022) * spread;
        perSecond = 20;
      }
      latency = usualSeconds;
      latency99 = 3 * usualSeconds;
    }

    void restart() {
      Arrays.fill(counters, 0);
    }

    void advance(long now) {
      double seconds = lastMillis == Long.MIN_VALUE ? 15 : (now - lastMillis) / 1000.0;
      boolean first = lastMillis == Long.MIN_VALUE;
      lastMillis = now;
      double load = home.load(now);
      Machine other = from;
      double shared = other == null ? load : 0.5 * (load + other.load(now));
      double mean = usualSeconds * (1 + (other == null ? 1.6 : 0.5) * shared * shared);
      double tail = 3.2;
      double lost = 2e-7 + 0.015 * Noise.burst(key ^ 5, now, 3 * DAY, MINUTE, HOUR);
      double failed = other == null ? 4e-7 : 1e-6;
      for (Fault fault : faultsOf(entity)) {
        if (!fault.activeAt(now)) {
          continue;
        }
        double severity = fault.severity();
        if (fault.kind() == FaultKind.DYING_NIC) {
          mean *= 1 + 1.5 * severity;
          tail += 6 * severity;
          lost += other == null ? 0.004 * severity : 0.05 * severity;
          failed += 0.01 * severity;
        } else if (fault.kind() == FaultKind.FLAPPING_LINK && down(fault, now)) {
          mean *= 1 + 3 * severity;
          tail += 10 * severity;
          lost += 0.45 * severity;
          failed += 0.3 * severity;
        }
      }
      double wanted = perSecond * (other == null ? 0.3 + 1.4 * load : 1);
      double operations = Math.max(1, Math.rint(wanted * seconds));
      latency = mean * Math.exp(0.05 * Noise.normal(key ^ 1, now));
      latency99 = latency * tail * Math.exp(0.12 * Noise.normal(key ^ 2, now));
      loss = Math.min(1, Noise.poisson(operations * lost, key ^ 3, now) / operations);
      if (!first) {
        counters[FleetMetric.PATH_OPERATIONS.ordinal()] += operations;
        counters[FleetMetric.PATH_ERRORS.ordinal()] +=
            Math.min(operations, Noise.poisson(operations * failed, key ^ 4, now));
        counters[FleetMetric.PATH_BYTES.ordinal()] +=
            operations * (other == null ? 131_072 : 1_024);
      }
    }

    EntitySample sample(long stampMillis) {
      double[] values = EntitySample.absentValues();
      for (FleetMetric metric :
          List.of(FleetMetric.PATH_OPERATIONS, FleetMetric.PATH_ERRORS, FleetMetric.PATH_BYTES)) {
        values[metric.ordinal()] = counters[metric.ordinal()];
      }
      values[FleetMetric.PATH_LATENCY_SECONDS.ordinal()] = latency;
      values[FleetMetric.PATH_LATENCY_P99_SECONDS.ordinal()] = latency99;
      values[FleetMetric.PATH_LOSS_RATIO.ordinal()] = loss;
      return new EntitySample(entity, Scope.PATH, null, stampMillis, values);
    }
  }

  /** One line about the fleet, for logs. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%d machines, %d drives, %d edges, %d clients",
        machines.size(),
        driveBySerial.size(),
        edges.size(),
        clients.size());
  }
}
