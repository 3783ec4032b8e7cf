package io.forestall.sim;

import io.forestall.risk.Assessment;
import io.forestall.risk.FailureMode;
import io.forestall.risk.ModeAssessment;
import io.forestall.risk.ModeModel;
import io.forestall.risk.ModeModel.Subject;
import io.forestall.risk.ModelSet;
import io.forestall.risk.series.SeriesDetector;
import io.forestall.risk.symptom.SymptomPolicy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One world with planted faults, run through the pipeline, and how much evidence the symptoms had
 * for each failure mode, of things with a fault of that mode and of things without. What a curve of
 * {@link ModeModel} is learned from. Pure; not safe for threads. Row A11.
 *
 * <p>An example is a thing at a time. It has a failure if a fault of the mode lasts then or begins
 * within the mode's horizon. Left out is what a fault of another mode rightly makes look ill, and
 * what a fault that is over has left behind, until it has faded.
 */
public final class ModeTrial {
  private static final long MINUTE = 60_000L;
  private static final long DAY = 24 * 60 * MINUTE;

  /** Time between two examples of a thing; milliseconds. */
  public static final long EXAMPLE_MILLIS = 5 * MINUTE;

  /** A fault is found so long after its end at most, as in {@link FaultTrial}. */
  private static final long LATE = 15 * MINUTE;

  /** Modes that symptoms tell of machines, drives, links and volumes. */
  private static final Set<FailureMode> MODES =
      Set.of(FailureMode.NETWORK, FailureMode.SOFTWARE, FailureMode.FAIL_SLOW);

  private final FaultTrial.Options options;
  private final SymptomPolicy policy;
  private final Map<String, Thing> things = new TreeMap<>();
  private final Map<String, EvidenceTally> tallies = new TreeMap<>();
  private final Map<String, List<Touch>> touches = new HashMap<>();
  private final List<Failure> failures = new ArrayList<>();
  private final long quietUntil;
  private long nowMillis;

  /** A fault and whether a thing is one that fails by it. */
  private record Touch(Fault fault, boolean fails, Set<String> touched) {}

  /** A thing that fails by a fault, and the most evidence that there was of it. */
  private static final class Failure {
    final Fault fault;
    final Thing thing;
    double most;

    Failure(Fault fault, Thing thing) {
      this.fault = fault;
      this.thing = thing;
    }
  }

  /** Whether an example counts, and for what. */
  private enum Label {
    FAILS,
    WELL,
    LEFT_OUT
  }

  /** What was said last of one mode of one thing. */
  private static final class Thing {
    final String entity;
    final FailureMode mode;
    final EvidenceTally tally;
    double evidence;

    /** False before anything was said, and while all that is said is that it is silent. */
    boolean known;

    /** True while evidence may be what a fault has left behind. */
    boolean scarred;

    /** The most of this day while it was well, -1 for none; nats. */
    double dayMost = -1;

    Thing(String entity, FailureMode mode, EvidenceTally tally) {
      this.entity = entity;
      this.mode = mode;
      this.tally = tally;
    }
  }

  private ModeTrial(FaultTrial.Options options, SymptomPolicy policy) {
    this.options = options;
    this.policy = policy;
    quietUntil = options.startMillis() + options.quietMillis();
  }

  /**
   * Runs a trial.
   *
   * @return one tally for each kind of thing and mode that was seen, in a fixed order
   */
  public static List<EvidenceTally> run(
      FaultTrial.Options options,
      OfflineSense.Settings settings,
      ModelSet models,
      Supplier<SeriesDetector> detectors) {
    // What is learned from is what the symptoms state, not what another model makes of it.
    OfflineSense.Settings plain = settings.withModes(ModeModel.none());
    return new ModeTrial(options, settings.symptoms()).run(plain, models, detectors);
  }

  private List<EvidenceTally> run(
      OfflineSense.Settings settings, ModelSet models, Supplier<SeriesDetector> detectors) {
    SimulatedWorld world = FaultTrial.world(options);
    OfflineSense sense = new OfflineSense(settings, models, detectors, this::assessed);
    long end = options.startMillis() + options.days() * DAY;
    long smartDue = options.startMillis();
    for (long now = options.startMillis(); now < end; now += options.everyMillis()) {
      boolean smart = now >= smartDue;
      if (smart) {
        smartDue += options.smartEveryMillis();
      }
      nowMillis = now;
      sense.take(world.step(now, smart));
      if (now == options.startMillis()) {
        plant(FaultTrial.plan(options, world.telemetry(), quietUntil, end), world.telemetry());
      }
      if (now < quietUntil) {
        continue;
      }
      failures.forEach(this::watch);
      if ((now - quietUntil) % EXAMPLE_MILLIS < options.everyMillis()) {
        things.values().forEach(this::example);
      }
      if ((now - quietUntil) % DAY >= DAY - options.everyMillis()) {
        things.values().forEach(ModeTrial::endDay);
      }
    }
    things.values().forEach(ModeTrial::endDay);
    for (Failure failure : failures) {
      failure.thing.tally.faults[EvidenceTally.step(failure.most)]++;
    }
    double weeks = options.nodes() * (end - quietUntil) / (7.0 * DAY);
    tallies.values().forEach(tally -> tally.nodeWeeks = weeks);
    return new ArrayList<>(tallies.values());
  }

  private void plant(List<Fault> faults, FleetTelemetry telemetry) {
    for (Fault fault : faults) {
      telemetry.plant(fault);
    }
    for (Fault fault : faults) {
      Set<String> touched = FaultTrial.consequences(telemetry, fault);
      for (String entity : touched) {
        boolean fails =
            entity.equals(fault.target())
                // A volume cannot be reached when the card of the node that holds it fails.
                || fault.kind() == FaultKind.DYING_NIC && entity.startsWith("volume/");
        touches
            .computeIfAbsent(entity, name -> new ArrayList<>())
            .add(new Touch(fault, fails, touched));
        FailureMode mode = fault.kind().mode();
        if (fails && mode != null && MODES.contains(mode)) {
          failures.add(new Failure(fault, thing(entity, mode)));
        }
      }
    }
    // Nothing is ever said of a link that nobody blames: that is no evidence, not no example.
    for (String entity : telemetry.targets()) {
      if (subject(entity) == Subject.LINK) {
        thing(entity, FailureMode.NETWORK).known = true;
      }
    }
  }

  private void assessed(String entity, Assessment assessment) {
    for (FailureMode mode : MODES) {
      ModeAssessment told = find(assessment, mode);
      Thing thing = things.get(entity + ' ' + mode);
      if (thing == null && told == null) {
        continue;
      }
      thing = thing(entity, mode);
      thing.known = !assessment.stale();
      thing.evidence =
          told == null ? 0 : ModeModel.evidence(policy.priorOf(mode), told.probability());
      if (nowMillis >= quietUntil && thing.known && label(thing) == Label.WELL) {
        thing.dayMost = Math.max(thing.dayMost, thing.evidence);
      }
    }
  }

  private static @Nullable ModeAssessment find(Assessment assessment, FailureMode mode) {
    for (ModeAssessment each : assessment.modes()) {
      if (each.mode() == mode) {
        return each;
      }
    }
    return null;
  }

  private Thing thing(String entity, FailureMode mode) {
    return things.computeIfAbsent(
        entity + ' ' + mode, name -> new Thing(entity, mode, tally(subject(entity), mode)));
  }

  private EvidenceTally tally(Subject subject, FailureMode mode) {
    return tallies.computeIfAbsent(
        subject.ordinal() + " " + mode.ordinal(), name -> new EvidenceTally(subject, mode));
  }

  private static Subject subject(String entity) {
    return switch (entity.substring(0, entity.indexOf('/'))) {
      case "disk" -> Subject.DRIVE;
      case "edge", "rack" -> Subject.LINK;
      case "volume" -> Subject.VOLUME;
      default -> Subject.MACHINE;
    };
  }

  private void watch(Failure failure) {
    Fault fault = failure.fault;
    if (failure.thing.known
        && nowMillis >= fault.startMillis()
        && nowMillis < fault.endMillis() + LATE) {
      failure.most = Math.max(failure.most, failure.thing.evidence);
    }
  }

  private void example(Thing thing) {
    if (!thing.known) {
      return;
    }
    int step = EvidenceTally.step(thing.evidence);
    switch (label(thing)) {
      case FAILS -> thing.tally.with[step]++;
      case WELL -> thing.tally.without[step]++;
      case LEFT_OUT -> {}
    }
  }

  private static void endDay(Thing thing) {
    if (thing.dayMost >= 0) {
      thing.tally.calmDays[EvidenceTally.step(thing.dayMost)]++;
    }
    thing.dayMost = -1;
  }

  private Label label(Thing thing) {
    boolean ill = false;
    boolean rightly = false;
    long horizon = policy.horizonMillisOf(thing.mode);
    for (Touch touch : touches.getOrDefault(thing.entity, List.of())) {
      Fault fault = touch.fault();
      if (touch.fails()
          && fault.kind().mode() == thing.mode
          && fault.startMillis() < nowMillis + horizon
          && nowMillis < fault.endMillis()) {
        thing.scarred |= fault.activeAt(nowMillis);
        return Label.FAILS;
      }
      if (nowMillis >= fault.startMillis()
          && nowMillis < fault.endMillis() + FaultTrial.AFTERMATH) {
        ill = true;
        rightly |=
            !fault.activeAt(nowMillis)
                || FaultTrial.rightly(fault, thing.entity, thing.mode, touch.touched());
      }
    }
    if (rightly) {
      thing.scarred = true;
      return Label.LEFT_OUT;
    }
    if (ill) { // and wrongly so, unless something else has left it behind
      return thing.scarred ? Label.LEFT_OUT : Label.WELL;
    }
    thing.scarred &= EvidenceTally.step(thing.evidence) > 0;
    return thing.scarred ? Label.LEFT_OUT : Label.WELL;
  }
}
