package io.forestall.sim;

import io.forestall.risk.Assessment;
import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeAssessment;
import io.forestall.risk.ModelSet;
import io.forestall.risk.ReasonPart;
import io.forestall.risk.series.SeriesDetector;
import io.forestall.risk.signal.Signal;
import io.forestall.risk.symptom.Anomaly;
import io.forestall.risk.symptom.NodeRiskEngine;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One world with planted faults, run through the pipeline, and what came of it: which faults were
 * found, when, who was blamed for them wrongly, and what was cried where nothing was. An alarm is a
 * mode's probability at or above that of tier WARNING. Pure; not safe for threads. Row A11.
 */
public final class FaultTrial {

  /** Probability of a mode at which its alarm begins; that of tier WARNING. */
  public static final double ALARM = 0.06;

  /** Probability below which an alarm ends. */
  private static final double CALM = 0.03;

  private static final long MINUTE = 60_000L;
  private static final long HOUR = 60 * MINUTE;
  private static final long DAY = 24 * HOUR;

  /** What a fault leaves behind, such as caches to fill, is not a false alarm for so long. */
  static final long AFTERMATH = 2 * HOUR;

  /**
   * What to run.
   *
   * @param seed all randomness comes from it
   * @param nodes storage nodes; count
   * @param disksPerNode disks of each; count
   * @param startMillis first time; milliseconds since 1970-01-01 UTC
   * @param days how long it lasts; days
   * @param everyMillis time between two reports; milliseconds
   * @param smartEveryMillis time between two rounds of SMART attributes; milliseconds
   * @param quietMillis time at the start without faults, in which detectors learn what is usual,
   *     and of which alarms are not counted; milliseconds
   * @param faultsPerKind faults of each kind that are planted, 0 for a healthy fleet; count
   * @param kinds kinds that are planted
   */
  public record Options(
      long seed,
      int nodes,
      int disksPerNode,
      long startMillis,
      int days,
      long everyMillis,
      long smartEveryMillis,
      long quietMillis,
      int faultsPerKind,
      Set<FaultKind> kinds) {
    public Options {
      kinds = kinds.isEmpty() ? Set.of() : Set.copyOf(kinds);
      if (nodes < 1 || disksPerNode < 1 || days < 1 || everyMillis < 1000 || faultsPerKind < 0) {
        throw new IllegalArgumentException(
            "a trial needs at least one node, one disk a node, one day and a second between"
                + " reports");
      }
      if (quietMillis < 0 || quietMillis >= days * DAY) {
        throw new IllegalArgumentException("the quiet time must be shorter than the trial");
      }
    }

    /** A world of sixteen nodes for this long. */
    public static Options of(long seed, int days, int faultsPerKind) {
      return new Options(
          seed,
          16,
          12,
          1_717_372_800_000L, // 2024-06-03, a Monday
          days,
          30_000,
          HOUR,
          DAY,
          faultsPerKind,
          EnumSet.allOf(FaultKind.class));
    }

    /** The same without faults. */
    public Options healthy() {
      return new Options(
          seed,
          nodes,
          disksPerNode,
          startMillis,
          days,
          everyMillis,
          smartEveryMillis,
          quietMillis,
          0,
          kinds);
    }
  }

  /**
   * What came of one fault.
   *
   * @param fault the fault
   * @param foundMillis when it was found after its beginning, -1 when it was not; milliseconds
   *     since 1970-01-01 UTC
   * @param wrong who or what was blamed for it wrongly, {@code entity MODE}
   */
  public record Outcome(Fault fault, long foundMillis, List<String> wrong) {
    public Outcome {
      wrong = List.copyOf(wrong);
    }

    /** Whether it was found before it was over, or soon after. */
    public boolean found() {
      return foundMillis >= 0;
    }

    /** Time from its beginning until it was found, -1 when it was not; milliseconds. */
    public long delayMillis() {
      return found() ? foundMillis - fault.startMillis() : -1;
    }
  }

  /**
   * An alarm where nothing was wrong.
   *
   * @param entity key of the thing
   * @param mode what was said of it
   * @param timeMillis when it began; milliseconds since 1970-01-01 UTC
   * @param reason the largest reason that was given, empty for none
   */
  public record FalseAlarm(String entity, FailureMode mode, long timeMillis, String reason) {}

  /**
   * What came of a trial.
   *
   * @param outcomes one for each fault
   * @param falseAlarms alarms where nothing was wrong
   * @param nodeWeeks nodes times weeks in which they could have been raised
   * @param samples samples that were taken in; count
   */
  public record Result(
      List<Outcome> outcomes, List<FalseAlarm> falseAlarms, double nodeWeeks, long samples) {
    public Result {
      outcomes = List.copyOf(outcomes);
      falseAlarms = List.copyOf(falseAlarms);
    }
  }

  private record Alarm(String entity, FailureMode mode, long beganMillis, String reason) {}

  private FaultTrial() {}

  /** Runs a trial. */
  public static Result run(
      Options options,
      OfflineSense.Settings settings,
      ModelSet models,
      Supplier<SeriesDetector> detectors) {
    SimulatedWorld world = world(options);
    Heard heard = new Heard();
    OfflineSense sense = new OfflineSense(settings, models, detectors, heard);
    long end = options.startMillis() + options.days() * DAY;
    long quietUntil = options.startMillis() + options.quietMillis();
    long smartDue = options.startMillis();
    for (long now = options.startMillis(); now < end; now += options.everyMillis()) {
      boolean smart = now >= smartDue;
      if (smart) {
        smartDue += options.smartEveryMillis();
      }
      heard.nowMillis = now;
      sense.take(world.step(now, smart));
      if (now == options.startMillis()) {
        for (Fault fault : plan(options, world.telemetry(), quietUntil, end)) {
          world.telemetry().plant(fault);
        }
      }
    }
    List<Outcome> outcomes = new ArrayList<>();
    List<Blameless> spans = new ArrayList<>();
    for (Fault fault : world.faults()) {
      spans.add(new Blameless(fault, consequences(world.telemetry(), fault)));
    }
    for (Blameless span : spans) {
      outcomes.add(outcome(span.fault(), span.touched(), spans, world.telemetry(), heard));
    }
    List<FalseAlarm> falseAlarms = new ArrayList<>();
    for (Alarm alarm : heard.alarms) {
      if (alarm.beganMillis() >= quietUntil
          && spans.stream().noneMatch(span -> span.covers(alarm))) {
        falseAlarms.add(
            new FalseAlarm(alarm.entity(), alarm.mode(), alarm.beganMillis(), alarm.reason()));
      }
    }
    double weeks = (end - quietUntil) / (7.0 * DAY);
    return new Result(outcomes, falseAlarms, options.nodes() * weeks, sense.samples());
  }

  /** The world of a trial, still without faults. */
  static SimulatedWorld world(Options options) {
    return new SimulatedWorld(
        new SimulatedFleet(
            new SimulatedFleet.Options(
                options.seed(),
                options.nodes(),
                options.disksPerNode(),
                options.startMillis(),
                DAY,
                0)),
        FleetTelemetry.Options.forNodes(options.seed(), options.nodes()));
  }

  private record Blameless(Fault fault, Set<String> touched) {
    /** True when it is right to be alarmed because of this fault. */
    boolean explains(Alarm alarm) {
      return covers(alarm) && rightly(fault, alarm.entity(), alarm.mode(), touched);
    }

    boolean covers(Alarm alarm) {
      return alarm.beganMillis() >= fault.startMillis()
          && alarm.beganMillis() < fault.endMillis() + AFTERMATH
          && touched.contains(alarm.entity());
    }
  }

  /** Faults at random times on random things, never two at a time on one thing. */
  static List<Fault> plan(
      Options options, FleetTelemetry telemetry, long fromMillis, long untilMillis) {
    SplittableRandom random = new SplittableRandom(Noise.mix(options.seed() ^ 0x7a11L));
    List<String> targets = telemetry.targets();
    List<Fault> faults = new ArrayList<>();
    Map<String, List<Fault>> byThing = new HashMap<>();
    List<FaultKind> kinds = new ArrayList<>(options.kinds());
    kinds.sort(Comparator.naturalOrder());
    for (int round = 0; round < options.faultsPerKind(); round++) {
      for (FaultKind kind : kinds) {
        List<String> fitting = targets.stream().filter(kind::befalls).toList();
        for (int attempt = 0; attempt < 200 && !fitting.isEmpty(); attempt++) {
          long length = (long) (kind.usualHours() * HOUR * (0.7 + 0.6 * random.nextDouble()));
          length = Math.min(length, (untilMillis - fromMillis) / 2);
          long room = untilMillis - fromMillis - length - HOUR;
          long start = fromMillis + (long) (random.nextDouble() * Math.max(1, room));
          String target = fitting.get(random.nextInt(fitting.size()));
          Fault fault =
              new Fault(
                  "t-" + (faults.size() + 1),
                  kind,
                  target,
                  start - Math.floorMod(start, 1000L),
                  start + length,
                  0.2 + 0.8 * random.nextDouble());
          Set<String> things = footprint(telemetry, fault);
          if (things.stream().noneMatch(thing -> overlaps(byThing.get(thing), fault))) {
            faults.add(fault);
            things.forEach(
                thing -> byThing.computeIfAbsent(thing, name -> new ArrayList<>()).add(fault));
            break;
          }
        }
      }
    }
    return faults;
  }

  private static boolean overlaps(@Nullable List<Fault> others, Fault fault) {
    return others != null
        && others.stream()
            .anyMatch(
                other ->
                    other.startMillis() < fault.endMillis() + AFTERMATH
                        && fault.startMillis() < other.endMillis() + AFTERMATH);
  }

  /** What no second fault may befall at the same time: else nobody could say who is to blame. */
  private static Set<String> footprint(FleetTelemetry telemetry, Fault fault) {
    Set<String> things = new LinkedHashSet<>(telemetry.touched(fault));
    if (fault.kind().mode() == null) {
      things.removeIf(thing -> thing.startsWith("edge/"));
    }
    return things;
  }

  /** What may rightly look ill because of a fault, or is so close that only blame can tell. */
  static Set<String> consequences(FleetTelemetry telemetry, Fault fault) {
    Set<String> all = new LinkedHashSet<>(telemetry.touched(fault));
    for (String entity : List.copyOf(all)) {
      if (entity.startsWith("pair/")) {
        all.add("volume/" + entity.substring(5, entity.lastIndexOf('@')));
      }
      if (entity.startsWith("edge/")) {
        all.add("node/" + entity.substring(5, entity.indexOf('>')));
        all.add("node/" + entity.substring(entity.indexOf('>') + 1));
      }
      telemetry.rackOf(entity).ifPresent(rack -> all.add("rack/" + rack));
    }
    return all;
  }

  private static Outcome outcome(
      Fault fault,
      Set<String> touched,
      List<Blameless> all,
      FleetTelemetry telemetry,
      Heard heard) {
    long from = fault.startMillis();
    long until = fault.endMillis() + 15 * MINUTE;
    long found = -1;
    FailureMode mode = fault.kind().mode();
    if (mode != null) {
      for (Alarm alarm : heard.alarms) {
        if (alarm.entity().equals(fault.target())
            && alarm.mode() == mode
            && alarm.beganMillis() >= from
            && alarm.beganMillis() < until) {
          found = earlier(found, alarm.beganMillis());
        }
      }
    } else {
      Set<String> things = new HashSet<>();
      things.add(fault.target());
      telemetry.hiddenDisks(fault).forEach(disk -> things.add("disk/" + disk));
      for (Sign sign : heard.signs) {
        if (sign.timeMillis() >= from
            && sign.timeMillis() < until
            && things.contains(sign.entity())
            && sign.tells(fault.kind())) {
          found = earlier(found, sign.timeMillis());
        }
      }
    }
    List<String> wrong = new ArrayList<>();
    for (Alarm alarm : heard.alarms) {
      if (alarm.beganMillis() >= from
          && alarm.beganMillis() < until
          && touched.contains(alarm.entity())
          && all.stream().noneMatch(span -> span.explains(alarm))) {
        wrong.add(alarm.entity() + " " + alarm.mode());
      }
    }
    return new Outcome(fault, found, wrong.stream().distinct().toList());
  }

  private static long earlier(long known, long millis) {
    return known < 0 ? millis : Math.min(known, millis);
  }

  /** Whether an alarm on something that a fault touches is a fair consequence of it. */
  static boolean rightly(Fault fault, String entity, FailureMode mode, Set<String> touched) {
    boolean own = entity.equals(fault.target());
    return switch (fault.kind()) {
      // The disk, by any of its modes; and the node that holds it.
      case SLOW_DISK, DYING_DISK -> touched.contains(entity);
      case DYING_NIC -> own || entity.startsWith("volume/");
      case FLAPPING_LINK -> own;
      case MEMORY_LEAK, CRASH_LOOP -> own && mode != FailureMode.DISK;
      case SILENT_NODE, HALF_SILENT, CLOCK_JUMP, DUPLICATE_FRAMES, RENAMED_EXPORTER -> false;
    };
  }

  /** What tells a fault of the telemetry itself. */
  private record Sign(
      String entity,
      long timeMillis,
      boolean stale,
      boolean missing,
      boolean clock,
      OfflineSense.@Nullable Refused refused) {
    boolean tells(FaultKind kind) {
      return switch (kind) {
        case SILENT_NODE -> stale;
        case HALF_SILENT -> stale || missing;
        case CLOCK_JUMP -> clock || refused == OfflineSense.Refused.FUTURE;
        case DUPLICATE_FRAMES -> refused == OfflineSense.Refused.DUPLICATE;
        case RENAMED_EXPORTER -> refused == OfflineSense.Refused.UNKNOWN_NAMES;
        default -> false;
      };
    }
  }

  private static final class Heard implements OfflineSense.Listener {
    private final Map<String, Double> running = new HashMap<>();
    private final List<Alarm> alarms = new ArrayList<>();
    private final List<Sign> signs = new ArrayList<>();
    private final Map<String, Long> lastSign = new HashMap<>();

    /** True time. */
    private long nowMillis;

    @Override
    public void assessed(String entity, Assessment assessment) {
      if (assessment.stale()) {
        sign("stale", entity, new Sign(entity, nowMillis, true, false, false, null));
        return;
      }
      for (ModeAssessment mode : assessment.modes()) {
        String key = entity + ' ' + mode.mode();
        if (!running.containsKey(key) && mode.probability() >= ALARM) {
          running.put(key, mode.probability());
          alarms.add(
              new Alarm(
                  entity,
                  mode.mode(),
                  nowMillis,
                  mode.reasons().isEmpty() ? "" : mode.reasons().get(0).text()));
        } else if (mode.probability() < CALM) {
          running.remove(key);
        }
        for (ReasonPart reason : mode.reasons()) {
          if (reason.metric().equals(NodeRiskEngine.DISKS_SILENT)) {
            sign("missing", entity, new Sign(entity, nowMillis, false, true, false, null));
          }
        }
      }
    }

    @Override
    public void anomaly(String entity, long timeMillis, Anomaly anomaly) {
      if (anomaly.signal() == Signal.CLOCK_OFFSET) {
        sign("clock", entity, new Sign(entity, nowMillis, false, false, true, null));
      }
    }

    @Override
    public void refused(String entity, long timeMillis, OfflineSense.Refused why) {
      sign(why.name(), entity, new Sign(entity, nowMillis, false, false, false, why));
    }

    /** One a minute of each sort is enough. */
    private void sign(String sort, String entity, Sign sign) {
      Long last = lastSign.get(sort + entity);
      if (last == null || nowMillis - last >= MINUTE) {
        lastSign.put(sort + entity, nowMillis);
        signs.add(sign);
      }
    }
  }
}
