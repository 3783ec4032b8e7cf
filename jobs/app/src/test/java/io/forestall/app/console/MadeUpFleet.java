package io.forestall.app.console;

import io.forestall.schemas.AnomalyRecord;
import io.forestall.schemas.BaselineRecord;
import io.forestall.schemas.DeadLetter;
import io.forestall.schemas.DeadReason;
import io.forestall.schemas.EntityKind;
import io.forestall.schemas.EntityRef;
import io.forestall.schemas.FailureMode;
import io.forestall.schemas.FleetEntry;
import io.forestall.schemas.ModeRisk;
import io.forestall.schemas.ModelRecord;
import io.forestall.schemas.Reason;
import io.forestall.schemas.Risk;
import io.forestall.schemas.SignalBaseline;
import io.forestall.schemas.Tier;
import io.forestall.wire.Keys;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A made-up fleet of any size from a seed, fed to a console's view step by step: nodes with twelve
 * disks, event processors, head nodes, volumes, links; a few of them slow, leaking, lossy, dying or
 * silent. Nothing in it is real. Not thread-safe.
 */
final class MadeUpFleet {
  static final int DISKS_PER_NODE = 12;
  static final long STEP_MILLIS = 120_000;

  private static final int NODES_PER_RACK = 20;
  private static final int RACKS_PER_ZONE = 42;
  private static final int ZONES_PER_REGION = 3;
  private static final long START_MILLIS = 1_767_225_600_000L; // 2026-01-01T00:00:00Z
  private static final long DAY_MILLIS = 86_400_000L;
  private static final double SILENT_AFTER = 0.7;

  private enum Fault {
    NONE,
    DYING,
    SLOW,
    LOSSY,
    LEAKING,
    SILENT,
    NEVER
  }

  private static final List<Fault> PLANTED =
      List.of(
          Fault.NONE,
          Fault.NONE,
          Fault.NONE,
          Fault.SILENT,
          Fault.NONE,
          Fault.LOSSY,
          Fault.NONE,
          Fault.LEAKING,
          Fault.NONE,
          Fault.NONE,
          Fault.NONE,
          Fault.NEVER);

  /** One signal of a thing: usual level, usual spread. */
  private record Usual(String signal, double level, double spread) {}

  private static final List<Usual> NODE_SIGNALS =
      List.of(
          new Usual("cpu_busy_ratio", 0.32, 0.04),
          new Usual("memory_used_ratio", 0.61, 0.015),
          new Usual("process_resident_memory_bytes", 6.4e9, 1.2e8),
          new Usual("network_bytes_per_second", 4.1e8, 3.2e7),
          new Usual("tcp_retransmit_ratio", 0.0006, 0.00015),
          new Usual("requests_per_second", 2_300, 140),
          new Usual("request_latency_seconds", 0.0042, 0.0004),
          new Usual("request_failure_ratio", 0.0002, 0.00008),
          new Usual("error_log_lines_per_second", 0.04, 0.02));

  private static final List<Usual> DISK_SIGNALS =
      List.of(
          new Usual("disk_latency_seconds", 0.0061, 0.0006),
          new Usual("disk_operations_per_second", 118, 12),
          new Usual("disk_busy_ratio", 0.41, 0.05));

  private static final List<Usual> PATH_SIGNALS =
      List.of(
          new Usual("path_latency_seconds", 0.0009, 0.0001),
          new Usual("path_loss_ratio", 0.0001, 0.00005));

  private final class Thing {
    final EntityKind kind;
    final String id;
    final @Nullable String node;
    final Fault fault;
    final double severity;
    final double scale;
    long samples;
    Tier tier = Tier.HEALTHY;
    long since = START_MILLIS;
    long anomalySince;

    Thing(EntityKind kind, String id, @Nullable String node, Fault fault, double severity) {
      this.kind = kind;
      this.id = id;
      this.node = node;
      this.fault = fault;
      // In a small fleet every fault grows to its full size.
      this.severity = small ? 1 : severity;
      this.scale = 0.8 + 0.4 * random.nextDouble();
    }

    String key() {
      return Keys.of(kind, id);
    }

    List<Usual> signals() {
      return switch (kind) {
        case DISK -> DISK_SIGNALS;
        case EDGE, PAIR -> PATH_SIGNALS;
        default -> NODE_SIGNALS;
      };
    }
  }

  private final FleetView view;
  private final SplittableRandom random;
  private final List<Thing> things = new ArrayList<>();
  private final int planned;
  private final boolean small;
  private long step;
  private long letters;

  /**
   * Places the fleet.
   *
   * @param nodes storage nodes
   * @param planned steps over which the planted faults grow to their full size
   */
  MadeUpFleet(FleetView view, int nodes, int planned, long seed) {
    this(view, nodes, planned, seed, DISKS_PER_NODE);
  }

  /** Places a fleet whose nodes have so many disks. */
  MadeUpFleet(FleetView view, int nodes, int planned, long seed, int disksPerNode) {
    this.view = view;
    this.planned = planned;
    this.small = nodes < 200;
    this.random = new SplittableRandom(seed);
    int silentRack = Math.max(0, nodes / NODES_PER_RACK / 3);
    for (int i = 0; i < nodes; i++) {
      String node = String.format(Locale.ROOT, "n-%05d", i + 1);
      double draw = random.nextDouble();
      boolean silent = nodes >= 200 && i / NODES_PER_RACK == silentRack;
      Fault fault =
          silent || draw < 0.003
              ? Fault.SILENT
              : i % 20 == 7 && draw < 0.3
                  ? Fault.LEAKING
                  : draw > 0.99 ? Fault.LOSSY : draw > 0.9885 ? Fault.NEVER : Fault.NONE;
      if (nodes < 200) {
        // A small fleet has one of each, so that every sort of trouble can be looked at.
        fault = i < PLANTED.size() ? PLANTED.get(i) : Fault.NONE;
      }
      place(EntityKind.NODE, node, null, i, fault);
      for (int d = 0; d < disksPerNode; d++) {
        String serial =
            String.format(
                Locale.ROOT, "MU%08d", ((long) i * disksPerNode + d) * 7919L % 99_999_989L);
        double sick = random.nextDouble();
        Fault diskFault =
            fault == Fault.SILENT || fault == Fault.NEVER
                ? fault
                : sick > 0.994 || (i == 8 && d == 5)
                    ? Fault.DYING
                    : sick > 0.991 || (i == 9 && d == 2) ? Fault.SLOW : Fault.NONE;
        place(EntityKind.DISK, serial, node, i, diskFault);
      }
      if (i % 50 == 3) {
        place(EntityKind.PROCESSOR, "p-" + (i / 50 + 1), node, i, Fault.NONE);
        place(EntityKind.HEAD, "h-" + (i / 50 + 1), node, i, Fault.NONE);
      }
      if (i % 5 == 0 && i + 1 < nodes) {
        String next = String.format(Locale.ROOT, "n-%05d", i + 2);
        things.add(
            new Thing(
                EntityKind.EDGE,
                node + ">" + next,
                node,
                fault == Fault.LOSSY ? Fault.LOSSY : Fault.NONE,
                1));
        String client = "client-" + (i / 5 % 40 + 1);
        things.add(
            new Thing(EntityKind.PAIR, "vol-" + (i / 5 + 1) + "@" + client, client, Fault.NONE, 1));
      }
    }
    view.model(
        "disk/disk-ensemble/1",
        new ModelRecord(
            "disk-ensemble",
            1,
            FailureMode.DISK,
            START_MILLIS - 40 * DAY_MILLIS,
            Long.MIN_VALUE,
            START_MILLIS + 400 * DAY_MILLIS,
            "forestall-lstm-1",
            ByteBuffer.wrap(new byte[49_280]),
            "# disk-ensemble 1\n\n"
                + "A made-up card: this fleet is simulated.\n\n"
                + "* AUC: 0.80 within 30 days\n"
                + "* Sees SMART counters only; what shows no sign there it cannot find.\n",
            "",
            "",
            0L,
            false,
            ""));
    view.model(
        "disk/disk-ensemble/2",
        new ModelRecord(
            "disk-ensemble",
            2,
            FailureMode.DISK,
            START_MILLIS - 20 * DAY_MILLIS,
            Long.MAX_VALUE,
            Long.MIN_VALUE,
            "forestall-lstm-1",
            ByteBuffer.wrap(new byte[49_280]),
            "# disk-ensemble 2\n\nA made-up card of a model that only advises.\n",
            "mara",
            "trained on our own drives",
            START_MILLIS - 20 * DAY_MILLIS,
            false,
            ""));
  }

  /** Entities in all. */
  int size() {
    return things.size();
  }

  private void place(EntityKind kind, String id, @Nullable String node, int at, Fault fault) {
    int rack = at / NODES_PER_RACK;
    int zone = rack / RACKS_PER_ZONE;
    String[] regions = {"eu-north", "eu-west", "us-east", "us-west"};
    things.add(new Thing(kind, id, node, fault, 0.55 + 0.45 * random.nextDouble()));
    view.fleet(
        Keys.of(kind, id),
        new FleetEntry(
            new EntityRef(kind, id),
            START_MILLIS,
            node,
            String.format(Locale.ROOT, "r-%03d", rack + 1),
            "z-" + (zone % ZONES_PER_REGION + 1),
            regions[zone / ZONES_PER_REGION % regions.length],
            "default",
            kind == EntityKind.DISK ? "hdd" : "",
            kind == EntityKind.DISK
                ? at % 3 == 0 ? "Look-alike HD12000" : "Look-alike HD16000"
                : kind == EntityKind.NODE ? "Look-alike 2U12" : null,
            kind == EntityKind.DISK ? Long.valueOf(16_000_000_000_000L) : null,
            true,
            Map.of()));
  }

  /**
   * One step of two minutes.
   *
   * @param every disks send at every so many steps, each at its own turn; 1 for at every step
   */
  void next(int every) {
    long time = START_MILLIS + step * STEP_MILLIS;
    double grown = Math.min(1, (double) step / planned);
    long rows = 0;
    for (int i = 0; i < things.size(); i++) {
      Thing thing = things.get(i);
      if (thing.fault == Fault.NEVER
          || (thing.kind == EntityKind.DISK && (step + i) % every != 0)) {
        continue;
      }
      boolean quiet = thing.fault == Fault.SILENT && grown > SILENT_AFTER;
      if (quiet) {
        if (thing.tier != Tier.UNKNOWN && grown > SILENT_AFTER + 0.1 && i % 3 != 0) {
          thing.tier = Tier.UNKNOWN;
          thing.since = time;
          view.risk(thing.key(), risk(thing, time, 0, true));
        }
        continue;
      }
      thing.samples++;
      if (thing.kind == EntityKind.DISK) {
        rows++;
      }
      double size =
          thing.fault == Fault.NONE ? 0 : thing.severity * Math.max(0, grown - 0.25) / 0.75;
      Map<String, Double> values = new HashMap<>();
      List<SignalBaseline> usual = new ArrayList<>();
      double day = Math.sin(2 * Math.PI * time / DAY_MILLIS);
      for (Usual signal : thing.signals()) {
        double level = signal.level * thing.scale * (1 + 0.12 * day);
        double spread = signal.spread * thing.scale;
        double value =
            Math.max(0, level + spread * 0.9 * gauss() + factor(thing, signal, size) * level);
        values.put(signal.signal, value);
        usual.add(
            new SignalBaseline(
                signal.signal,
                thing.samples,
                level,
                spread,
                value,
                signal.level * (1 + 0.12 * day)));
      }
      if (thing.kind == EntityKind.DISK) {
        double worn = thing.fault == Fault.DYING ? Math.floor(90 * size * size) : 0;
        values.put("smart_5_raw", worn);
        values.put("smart_187_raw", Math.floor(worn / 6));
        values.put("smart_197_raw", Math.floor(worn / 3));
        values.put("smart_194_raw", 31 + Math.floor(3 * day + random.nextDouble()));
      }
      view.values(thing.key(), time, values);
      if (thing.samples % 5 == 1) {
        view.baseline(
            thing.key(),
            new BaselineRecord(
                new EntityRef(thing.kind, thing.id), thing.node, time, thing.samples, usual));
      }
      anomalies(thing, time, size, values, usual);
      if (thing.kind != EntityKind.EDGE && thing.kind != EntityKind.PAIR) {
        Risk risk = risk(thing, time, size, false);
        view.risk(thing.key(), risk);
        if (thing.kind == EntityKind.DISK) {
          view.lane(thing.key(), advised(risk));
        }
      }
    }
    view.telemetry("simulated", rows, time);
    if (step % 4 == 0) {
      view.deadLetter(dead(time));
    }
    step++;
  }

  /** What version 2 would say: it is more easily worried. */
  static Risk advised(Risk risk) {
    ModeRisk mode = risk.getModes().get(0);
    List<ModeRisk> modes = new ArrayList<>(risk.getModes());
    modes.set(0, ModeRisk.newBuilder(mode).setModelVersion(2).setReasons(List.of()).build());
    return Risk.newBuilder(risk)
        .setScore(Math.min(100, risk.getScore() + 25))
        .setTier(risk.getTier() == Tier.HEALTHY ? Tier.WATCH : risk.getTier())
        .setModes(modes)
        .build();
  }

  private static double factor(Thing thing, Usual signal, double size) {
    return switch (thing.fault) {
      case SLOW -> signal.signal.equals("disk_latency_seconds") ? 3 * size : 0;
      case LEAKING ->
          signal.signal.contains("memory")
              ? 0.5 * size
              : signal.signal.contains("error") ? size : 0;
      case LOSSY ->
          signal.signal.contains("retransmit") || signal.signal.contains("loss")
              ? 12 * size
              : signal.signal.contains("latency") ? 1.4 * size : 0;
      default -> 0;
    };
  }

  private void anomalies(
      Thing thing, long time, double size, Map<String, Double> values, List<SignalBaseline> usual) {
    if (thing.fault == Fault.NONE) {
      // A passing anomaly of a healthy thing, now and then, over at the next turn.
      if (thing.anomalySince != 0) {
        anomaly(thing, time, usual.get(0), values, true);
        thing.anomalySince = 0;
      } else if (random.nextDouble() < 2e-4) {
        thing.anomalySince = time;
        anomaly(thing, time, usual.get(0), values, false);
      }
      return;
    }
    if (size < 0.3) {
      return;
    }
    boolean begins = thing.anomalySince == 0;
    if (begins) {
      thing.anomalySince = time;
    }
    if (begins || thing.samples % 12 == 0) {
      for (SignalBaseline signal : usual) {
        double value = values.getOrDefault(signal.getSignal(), 0.0);
        if (value > signal.getLevel() + 5 * signal.getSpread()) {
          anomaly(thing, time, signal, values, false);
        }
      }
    }
  }

  private void anomaly(
      Thing thing, long time, SignalBaseline signal, Map<String, Double> values, boolean ended) {
    double value = values.getOrDefault(signal.getSignal(), 0.0);
    double level = signal.getLevel();
    view.anomaly(
        new AnomalyRecord(
            new EntityRef(thing.kind, thing.id),
            thing.node,
            time,
            thing.anomalySince,
            ended,
            signal.getSignal(),
            value,
            level,
            signal.getSpread(),
            Math.min(0.999, 0.6 + 0.04 * Math.abs(value - level) / signal.getSpread()),
            true,
            thing.kind == EntityKind.DISK,
            String.format(
                Locale.ROOT,
                "%s is %.3g, %.1f times what %s let expect",
                signal.getSignal(),
                value,
                value / level,
                thing.kind == EntityKind.DISK ? "its peers" : "its history")));
  }

  private Risk risk(Thing thing, long time, double size, boolean silent) {
    double hazard = Math.min(1, size * (0.75 + 0.3 * thing.severity));
    double score = silent ? 0 : Math.min(100, 100 * hazard * hazard + 2.5 * random.nextDouble());
    if (!silent) {
      Tier now =
          score >= 80
              ? Tier.CRITICAL
              : score >= 50 ? Tier.WARNING : score >= 20 ? Tier.WATCH : Tier.HEALTHY;
      if (now != thing.tier) {
        thing.tier = now;
        thing.since = time;
      }
    }
    double probability = Math.min(0.97, Math.pow(score / 100, 2.2) + 0.0004);
    FailureMode mode =
        switch (thing.fault) {
          case SLOW -> FailureMode.FAIL_SLOW;
          case LOSSY -> FailureMode.NETWORK;
          case LEAKING -> FailureMode.SOFTWARE;
          default -> thing.kind == EntityKind.DISK ? FailureMode.DISK : FailureMode.SOFTWARE;
        };
    List<Reason> reasons = score < 20 ? List.of() : reasons(thing, size);
    List<ModeRisk> modes = new ArrayList<>();
    modes.add(mode(mode, probability, reasons));
    if (thing.kind == EntityKind.DISK && mode != FailureMode.DISK) {
      modes.add(mode(FailureMode.DISK, 0.0021, List.of()));
    } else if (thing.kind == EntityKind.DISK) {
      modes.add(mode(FailureMode.FAIL_SLOW, 0.0012, List.of()));
    } else {
      for (FailureMode other :
          List.of(FailureMode.NETWORK, FailureMode.SOFTWARE, FailureMode.FAIL_SLOW)) {
        if (other != mode) {
          modes.add(mode(other, 0.0006, List.of()));
        }
      }
    }
    return new Risk(
        new EntityRef(thing.kind, thing.id),
        thing.node,
        time,
        thing.samples,
        score,
        thing.tier,
        thing.since,
        probability,
        thing.kind == EntityKind.DISK ? 30 * DAY_MILLIS : DAY_MILLIS,
        silent ? 0.2 : 0.93,
        silent,
        modes);
  }

  private static ModeRisk mode(FailureMode mode, double probability, List<Reason> reasons) {
    return new ModeRisk(
        mode,
        probability,
        mode == FailureMode.DISK ? 30 * DAY_MILLIS : DAY_MILLIS,
        mode == FailureMode.DISK ? "disk-ensemble" : "symptoms",
        1,
        reasons);
  }

  private static List<Reason> reasons(Thing thing, double size) {
    return switch (thing.fault) {
      case DYING ->
          List.of(
              reason(
                  "smart_5_raw",
                  90 * size * size,
                  2.4 * size,
                  "reallocated sectors grew by %.0f in 7 days"),
              reason(
                  "smart_197_raw",
                  30 * size * size,
                  1.5 * size,
                  "%.0f sectors wait to be reallocated"),
              reason(
                  "smart_187_raw",
                  15 * size * size,
                  0.9 * size,
                  "%.0f reads could not be corrected"));
      case SLOW ->
          List.of(
              reason(
                  "disk_latency_seconds",
                  0.0061 * (1 + 3 * size),
                  2.2 * size,
                  "latency is %.4f s, far above peers under like load"),
              reason("disk_busy_ratio", 0.62, 0.4 * size, "busy %.2f of the time"));
      case LOSSY ->
          List.of(
              reason(
                  "tcp_retransmit_ratio",
                  0.0006 * (1 + 12 * size),
                  2.6 * size,
                  "%.4f of the segments are sent again"),
              reason(
                  "path_loss_ratio",
                  0.001 * size,
                  1.1 * size,
                  "three links of this node lose packets (%.4f)"));
      case LEAKING ->
          List.of(
              reason(
                  "process_resident_memory_bytes",
                  6.4e9 * (1 + 0.5 * size),
                  1.9 * size,
                  "process memory grew to %.3g bytes without a fall"),
              reason(
                  "error_log_lines_per_second",
                  0.04 * (1 + size),
                  0.8 * size,
                  "%.3f error lines a second"));
      default -> List.of();
    };
  }

  private static Reason reason(String metric, double value, double contribution, String text) {
    return new Reason(metric, value, contribution, String.format(Locale.ROOT, text, value));
  }

  private DeadLetter dead(long time) {
    letters++;
    DeadReason[] reasons = {
      DeadReason.NOT_A_NUMBER, DeadReason.UNKNOWN_ENTITY, DeadReason.UNKNOWN_ENTITY, DeadReason.LATE
    };
    DeadReason reason = reasons[(int) (letters % reasons.length)];
    return DeadLetter.newBuilder()
        .setOrigin("forestall.telemetry.v1")
        .setPartition((int) (letters % 8))
        .setOffset(9_000 + 17 * letters)
        .setIndex(3)
        .setTimeMillis(time)
        .setReason(reason)
        .setDetail("made up: sample 3 was refused (" + reason + ")")
        .setEntity(new EntityRef(EntityKind.DISK, "MU-BAD-" + letters % 5))
        .setPayload(ByteBuffer.wrap(new byte[3]))
        .setComponent("forestall-sense")
        .build();
  }

  private double gauss() {
    return random.nextDouble() + random.nextDouble() + random.nextDouble() - 1.5;
  }
}
